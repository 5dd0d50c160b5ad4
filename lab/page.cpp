#include "lab/page.h"

#include <algorithm>

#include "report/page.h"
#include "runnel/version.h"

namespace runnel::lab {
namespace {

// The numbers of pictures need no more digits than can be seen.
void round_all(Json& json) {
  if (json.is_number_float())
    json = report::rounded(json.get<double>());
  else if (json.is_structured())
    for (Json& element : json) round_all(element);
}

}  // namespace

Json page(const std::vector<Result>& results, const std::string& command) {
  Json out = {{"page", 1}, {"kind", "lab"}, {"version", RUNNEL_VERSION}, {"title", "Runnel lab"}};
  out["command"] = command;
  out["passed"] = std::all_of(results.begin(), results.end(), [](const Result& r) { return r.passed(); });
  out["experiments"] = Json::array();
  for (const Result& result : results) {
    Json one = to_json(result);
    round_all(one["picture"]);
    one["seconds"] = report::rounded(result.seconds);
    out["experiments"].push_back(std::move(one));
  }
  out["planned"] = Json::array();
  for (const Experiment& experiment : experiments())
    if (experiment.run == nullptr)
      out["planned"].push_back({{"name", experiment.name}, {"number", experiment.number}});
  return out;
}

}  // namespace runnel::lab
