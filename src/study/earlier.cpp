#include "study/earlier.h"

#include <set>

#include "core/fail.h"
#include "study/contents.h"
#include "study/hyper_json.h"
#include "study/schema.h"

namespace runnel::study {
namespace {

// How many candidates differ, with their epochs and without.
std::pair<std::size_t, std::size_t> different(const Study& study) {
  std::set<std::string> candidates, trajectories;
  for (const Candidate& c : study.candidates) {
    std::string all, epochs;
    for (const Candidate::Value& v : c.hyper) (v.name == "epochs" ? epochs : all) += v.text + '\n';
    candidates.insert(all + epochs);
    trajectories.insert(std::move(all));
  }
  return {candidates.size(), trajectories.size()};
}

std::vector<std::pair<std::string, std::string>> settings_in(const Fingerprint& space) {
  std::vector<std::pair<std::string, std::string>> out;
  const Json parts = Json::parse(space.parts);
  for (const auto& [name, text] : parts.at("settings").items()) out.emplace_back(name, text);
  return out;
}

void rewrite(const Database& database, const Study& study, const Study& was) {
  if (!study.description.more.empty()) return;
  Statement row(database, "UPDATE candidates SET hyper = ? WHERE id = ?");
  for (const Candidate& c : study.candidates) {
    const std::string json = hyper_json(configuration_of(c));
    row << json << c.index;
    row.run();
  }
  Statement print(database, "UPDATE fingerprints SET digest = ?, parts = ? WHERE what = 'space'");
  print << study.description.space.digest << study.description.space.parts;
  print.run();
  // Trajectories are numbered as candidates differ.
  if (different(study) != different(was))
    database.execute(
        "DELETE FROM tensors WHERE snapshot IN (SELECT id FROM snapshots WHERE kind = 'state');"
        "DELETE FROM snapshots WHERE kind = 'state'");
}

}  // namespace

bool is_earlier(const Database& database) { return database.integer("PRAGMA user_version") < kFormat; }

void bring_up(Study& study) {
  if (!study.description.more.empty()) return;  // of a search of any training, whose format is as it was
  try {
    std::vector<params::Configuration> all;
    for (const Candidate& c : study.candidates) all.push_back(configuration_of(c));
    for (std::size_t i = 0; i < all.size(); ++i) study.candidates[i].hyper = hyper_values(hyper_json(all[i]));
    if (!study.description.space.parts.empty())
      study.description.space = space_fingerprint(settings_in(study.description.space), all);
  } catch (const Error&) {  // a hyperparameter that this version does not know
  } catch (const nlohmann::json::exception&) {
  }
}

void bring_up(const Database& database) {
  if (!is_earlier(database)) return;
  Study study = contents_of(database);  // as it is to be
  Statement texts(database, "SELECT hyper FROM candidates ORDER BY id");
  Study was;
  while (texts.step()) was.candidates.emplace_back().hyper = hyper_values(texts.text());
  if (!database.begin(std::chrono::seconds(10))) database.raise_locked();
  try {
    rewrite(database, study, was);
  } catch (...) {
    database.execute("ROLLBACK");
    throw;
  }
  database.execute(fmt::format("PRAGMA user_version = {}; COMMIT", kFormat).c_str());
}

}  // namespace runnel::study
