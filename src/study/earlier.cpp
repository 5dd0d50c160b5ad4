#include "study/earlier.h"

#include "core/fail.h"
#include "study/hyper_json.h"
#include "study/schema.h"

namespace runnel::study {
namespace {

std::int64_t format_of(const Database& database) { return database.integer("PRAGMA user_version"); }

}  // namespace

bool is_earlier(const Database& database) { return format_of(database) < kFormat; }

void bring_up(Study& study) {
  if (!study.description.more.empty())
    return;  // of a search of any training, whose candidates are as they were
  try {
    std::vector<std::vector<Candidate::Value>> all;
    for (const Candidate& c : study.candidates) all.push_back(hyper_values(hyper_json(configuration_of(c))));
    for (std::size_t i = 0; i < all.size(); ++i) study.candidates[i].hyper = std::move(all[i]);
  } catch (const Error&) {  // a hyperparameter that this version does not know
  }
}

void expect_present_format(const Database& database) {
  if (!is_earlier(database)) return;
  fail(
      "{}: the study has format {}, of an earlier Runnel: it can be looked at and its winner refitted, but a "
      "search goes on with format {} alone; begin another study",
      database.name(), format_of(database), kFormat);
}

}  // namespace runnel::study
