// What to say of a winner at the edge of what was tried.
#include <algorithm>
#include <limits>
#include <set>
#include <string_view>

#include "core/fail.h"
#include "runnel/space.h"
#include "sweep/parameter.h"

namespace runnel::sweep {

namespace {

// Outcomes in which a field was in use and varied by whoever searched.
std::vector<const Outcome*> in_use(const std::vector<Outcome>& outcomes, const HyperField& field,
                                   const Space* space) {
  std::vector<const Outcome*> out;
  const Parameter* parameter = nullptr;
  if (space != nullptr) {
    const auto& all = space->parameters;
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Parameter& p) { return p.name == field.name; });
    if (at == all.end()) return out;
    parameter = &*at;
  }
  for (const Outcome& outcome : outcomes)
    if (parameter == nullptr || takes_part(*space, *parameter, outcome.hyper)) out.push_back(&outcome);
  return out;
}

// Whether the best candidate with this value of a field is better than the best with another: where they are
// equal, the field may not even be in use.
bool is_better_there(const std::vector<const Outcome*>& outcomes, Metric metric, const HyperField& field,
                     const std::string& value) {
  const double sign = higher_is_better(metric) ? 1 : -1;
  double there = -std::numeric_limits<double>::infinity(), elsewhere = there;
  for (const Outcome* out : outcomes)
    if (out->status == Status::done) {
      double& best = field.get(out->hyper) == value ? there : elsewhere;
      best = std::max(best, sign * out->validation);
    }
  return there > elsewhere;
}

// Whether the winner's patience ended it on every fold before its epochs were over: more would change
// nothing.
bool stopped_early(const std::vector<const Outcome*>& outcomes, const Hyper& best) {
  return best.patience > 0 && std::any_of(outcomes.begin(), outcomes.end(), [&](const Outcome* out) {
           return out->hyper == best && out->epochs < best.epochs;
         });
}

}  // namespace

std::vector<std::string> edge_warnings(const std::vector<Outcome>& outcomes, Metric metric, const Hyper& best,
                                       const Space* space) {
  std::vector<std::string> warnings;
  for (const HyperField& field : hyper_fields()) {
    if (!field.numeric || std::string_view(field.name) == "seed") continue;
    const std::vector<const Outcome*> used = in_use(outcomes, field, space);
    std::set<double> tried;
    for (const Outcome* out : used) tried.insert(number(field.name, field.get(out->hyper)));
    if (tried.size() < 3) continue;  // two values are a comparison, not a range
    if (std::none_of(used.begin(), used.end(), [&](const Outcome* out) { return out->hyper == best; }))
      continue;
    if (std::string_view(field.name) == "epochs" && stopped_early(used, best)) continue;
    const double value = number(field.name, field.get(best));
    const bool least = value == *tried.begin();
    if (!least && value != *tried.rbegin()) continue;
    if (least && value == 0) continue;  // "none" is not the end of a range that could go on
    if (!is_better_there(used, metric, field, field.get(best))) continue;
    warnings.push_back(fmt::format("the best {} ({}) is the {} tried: {} values may be better still",
                                   field.name, field.get(best), least ? "smallest" : "largest",
                                   least ? "smaller" : "larger"));
  }
  return warnings;
}

}  // namespace runnel::sweep
