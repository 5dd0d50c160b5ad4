#include "report/lab_page.h"

#include <algorithm>

#include "lab/json.h"
#include "runnel/version.h"

namespace runnel::report {
namespace {

// The numbers of pictures need no more digits than can be seen.
void round_all(Json& json) {
  if (json.is_number_float())
    json = rounded(json.get<double>());
  else if (json.is_structured())
    for (Json& element : json) round_all(element);
}

}  // namespace

Json lab_page(const std::vector<lab::Result>& results, const std::string& command) {
  Json out = {{"page", 1}, {"kind", "lab"}, {"version", RUNNEL_VERSION}, {"title", "Runnel lab"}};
  out["command"] = command;
  out["passed"] =
      std::all_of(results.begin(), results.end(), [](const lab::Result& r) { return r.passed(); });
  out["experiments"] = Json::array();
  for (const lab::Result& result : results) {
    Json one = lab::to_json(result);
    round_all(one["picture"]);
    one["seconds"] = rounded(result.seconds);
    out["experiments"].push_back(std::move(one));
  }
  out["planned"] = Json::array();
  for (const lab::Experiment& experiment : lab::experiments())
    if (experiment.run == nullptr)
      out["planned"].push_back({{"name", experiment.name}, {"number", experiment.number}});
  return out;
}

}  // namespace runnel::report
