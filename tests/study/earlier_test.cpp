// Studies of format 1, in which every hyperparameter had a value, and a number where it is a word today: they
// are read as those of today are, and not gone on with.
#include "study/earlier.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "core/digest.h"
#include "fit/tables.h"
#include "runnel/fit.h"
#include "runnel/tree.h"
#include "study/hyper_json.h"
#include "study/schema.h"
#include "study/support.h"

namespace runnel::study {
namespace {

using testing::HasSubstr;
using Candidates = std::vector<params::Configuration>;
using Texts = std::map<std::string, std::string>;  // by name

// A candidate as format 1 had it. `idle` are values of what takes no part in it; others are as usual.
Texts texts_of(const params::Configuration& candidate, const Texts& idle) {
  Texts out;
  for (const params::Parameter& p : candidate.schema().parameters()) {
    params::Value value = candidate[p.name];
    if (value.is_nothing()) value = *p.standard;
    if (value.is_off()) value = *p.off_at;
    if (value.is_automatic()) value = *p.automatic_at;
    const bool is_negative = p.role == params::Role::seed && value.integer() < 0;
    out[p.name] =
        is_negative ? std::to_string(static_cast<std::uint64_t>(value.integer())) : to_string(value);
    if (const auto at = idle.find(p.name); at != idle.end() && candidate[p.name].is_nothing())
      out[p.name] = at->second;
  }
  return out;
}

std::string json_of(const Texts& texts) {
  Json out = Json::object();
  for (const params::Parameter& p : models::network_schema()->parameters()) {
    const std::string& text = texts.at(p.name);
    const bool numeric = p.kind == params::Kind::real || p.kind == params::Kind::integer;
    out[p.name] = numeric && text.size() <= 15 ? Json::parse(text) : Json(text);
  }
  return dumped(out);
}

// Of settings and candidates together.
Fingerprint space_of(const std::vector<Texts>& all) {
  Json parts = {{"settings", {{"loss", "squared"}}}, {"candidates", all.size()}, {"hyper", Json::object()}};
  for (const params::Parameter& p : models::network_schema()->parameters()) {
    Digest digest;
    for (const Texts& texts : all) digest.text(texts.at(p.name));
    parts["hyper"][p.name] = digest.hex();
  }
  const std::string text = dumped(parts);
  return {Digest().text(text).hex(), text};
}

// Makes the file what format 1 would have made of it.
void make_earlier(const std::string& path, const std::vector<Texts>& all) {
  const Fingerprint space = space_of(all);
  const auto database = open_study(path, Database::Access::write);
  database->execute("BEGIN");
  Statement row(*database, "UPDATE candidates SET hyper = ? WHERE id = ?");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string json = json_of(all[i]);
    row << json << static_cast<std::int64_t>(i);
    row.run();
  }
  Statement print(*database, "UPDATE fingerprints SET digest = ?, parts = ? WHERE what = 'space'");
  print << space.digest << space.parts;
  print.run();
  database->execute("PRAGMA user_version = 1; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

std::int64_t format_of(const std::string& path) {
  return open_study(path, Database::Access::read)->integer("PRAGMA user_version");
}

// The rows as they stand in the file.
std::vector<std::string> rows_of(const std::string& path) {
  const auto database = open_study(path, Database::Access::read);
  Statement row(*database, "SELECT hyper FROM candidates ORDER BY id");
  std::vector<std::string> out;
  while (row.step()) out.push_back(row.text());
  return out;
}

class Earlier : public testing::Test {
 protected:
  // Begins a study, writes something of each candidate, and makes it one of format 1.
  void begin(const Candidates& candidates, const std::vector<Texts>& idle = {}) {
    {
      Store store = Store::create(path, some_description(), candidates);
      for (std::int64_t i = 0; i < std::ssize(candidates); ++i) {
        store.reading({i, 0, 2, 0.5, 0.25, true, {0.25, 0.5}});
        store.snapshot({Snapshot::Kind::state, i, 0, 2, {0.25, 0.5}, {1, 0.25}, {some_tensor("w", 10, 3)}});
      }
      store.snapshot({Snapshot::Kind::model, 0, 0, 2, {}, {}, {some_tensor("w", 10, 4)}});
      store.verdict({0, Status::done, 0.5, 0.25, 2});
    }
    std::vector<Texts> texts;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      texts.push_back(texts_of(candidates[i], i < idle.size() ? idle[i] : Texts()));
    make_earlier(path, texts);
    ASSERT_EQ(format_of(path), 1);
    ASSERT_EQ(rows_of(path)[0], json_of(texts[0]));
  }

  const Folder folder;
  const std::string path = folder.file("s");
};

Candidates of_many_kinds() {
  return {models::network({{"hidden", "8"}, {"optimizer", "sgd"}, {"rate", 0.01}}),
          models::network({{"hidden", "none"}, {"optimizer", "momentum"}, {"momentum", 0.5}}),
          models::network({{"hidden", "8x4"}, {"dropout", 0.25}, {"eps", 1e-6}, {"scale", 2}, {"clip", 1}}),
          models::network(
              {{"schedule", "cosine"}, {"floor", 0.1}, {"warmup", 0.2}, {"patience", 5}, {"seed", -1}}),
          models::network(
              {{"embedding", "periodic"}, {"frequencies", 3}, {"averaging", "uniform"}, {"tail", 0}})};
}

TEST_F(Earlier, ZerosAreReadAsWordsAndWhatTakesNoPartAsNothing) {
  const Candidates candidates = of_many_kinds();
  begin(candidates, {{{"momentum", "0.7"}, {"eps", "0.001"}, {"every", "3"}}, {{"dropout", "0.5"}}});
  ASSERT_THAT(rows_of(path)[0], HasSubstr(R"("dropout":0,"momentum":0.7,)"));
  const Study study = read(path);
  ASSERT_EQ(study.candidates.size(), candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = study.candidates[i];
    EXPECT_EQ(configuration_of(c), candidates[i]) << i;
    ASSERT_EQ(c.hyper.size(), candidates[i].values().size());
    for (const Candidate::Value& value : c.hyper) {
      const params::Value& wanted = candidates[i][value.name];
      EXPECT_EQ(value.active, !wanted.is_nothing()) << value.name;
      EXPECT_EQ(value.text, wanted.is_nothing() ? "" : to_string(wanted)) << value.name;
    }
  }
  EXPECT_EQ(study.candidates[0].value("dropout"), "off");
  EXPECT_EQ(study.candidates[0].value("momentum"), "");
  EXPECT_EQ(study.candidates[1].value("dropout"), "");
  EXPECT_EQ(study.candidates[2].value("eps_root"), "automatic");
  EXPECT_EQ(study.candidates[0].metric, 0.5);
  EXPECT_EQ(study.candidates[4].readings.size(), 1u);
  EXPECT_EQ(format_of(path), 1);  // whoever looks at it leaves it as it is
}

TEST_F(Earlier, IsNotGoneOnWith) {
  begin(of_many_kinds());
  const std::string before = bytes_of(path);
  const auto refusal = HasSubstr(fmt::format(
      "s: the study has format 1, of an earlier Runnel: it can be looked at and its winner refitted, but a "
      "search goes on with format {} alone; begin another study",
      kFormat));
  EXPECT_THAT(error_of([&] { Store::resume(path, some_description()); }), refusal);
  EXPECT_THAT(error_of([&] { Store::resume_grown(path, some_description()); }), refusal);
  EXPECT_EQ(bytes_of(path), before);
}

// A search and a fit that would go on with one are refused before anything is trained; its winner is trained
// again.
TEST_F(Earlier, GivesItsWinnerAgain) {
  const Table table = curved_table(200);
  FitOptions o;
  o.target.column = "y";
  o.grid = {"hidden=none,6", "dropout=0,0.25"};
  o.set["epochs"] = 3;
  o.set["batch"] = 32;
  o.folds = 0;
  o.noise_seeds = 0;
  o.study.file = path;
  const FitResult found = fit(table, o);
  std::vector<Texts> texts;
  for (const search::Candidate& c : found.search.candidates) texts.push_back(texts_of(c.configuration, {}));
  make_earlier(path, texts);
  const std::string before = bytes_of(path);
  const FitResult again = refit(table, o, read(path), false);
  EXPECT_EQ(again.model.configuration, found.model.configuration);
  EXPECT_EQ(again.test.value, found.test.value);
  const auto leaves = tree::flatten(found.model.network), made = tree::flatten(again.model.network);
  ASSERT_EQ(leaves.size(), made.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_TRUE(same_bits(leaves[i], made[i])) << i;

  o.study.resume = true;
  EXPECT_THAT(error_of([&] { fit(table, o); }), HasSubstr("the study has format 1"));
  search::Options options;
  options.study = at(path);
  const Array x = random::normal(random::key(1), {20, 2}), y = sum(x, 1);
  EXPECT_THAT(error_of([&] {
                models::run({{{x, y, x, y}}, models::Loss::squared, models::Metric::r2, 1},
                            {models::network()}, options);
              }),
              HasSubstr("the study has format 1"));
  EXPECT_EQ(bytes_of(path), before);
}

}  // namespace
}  // namespace runnel::study
