// What to say of a winner at the edge of what was tried.
#include <algorithm>
#include <set>
#include <string_view>

#include "core/fail.h"
#include "sweep/parameter.h"

namespace runnel::sweep {

std::vector<std::string> edge_warnings(const std::vector<Hyper>& candidates, const Hyper& best) {
  std::vector<std::string> warnings;
  for (const HyperField& field : hyper_fields()) {
    if (!field.numeric || std::string_view(field.name) == "seed") continue;
    std::set<double> tried;
    for (const Hyper& hyper : candidates) tried.insert(number(field.name, field.get(hyper)));
    if (tried.size() < 3) continue;  // two values are a comparison, not a range
    const double value = number(field.name, field.get(best));
    const bool least = value == *tried.begin();
    if (!least && value != *tried.rbegin()) continue;
    if (least && value == 0) continue;  // "none" is not the end of a range that could go on
    warnings.push_back(fmt::format("the best {} ({}) is the {} tried: {} values may be better still",
                                   field.name, field.get(best), least ? "smallest" : "largest",
                                   least ? "smaller" : "larger"));
  }
  return warnings;
}

}  // namespace runnel::sweep
