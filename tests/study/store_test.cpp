// What is written into a study is what is read from it; and what may not be opened is refused with a reason.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "candidates.h"
#include "study/hyper_json.h"
#include "study/support.h"

namespace runnel::study {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Store, WhatIsWrittenIsRead) {
  const Folder folder;
  const std::string path = folder.file("a study #1?%20.study");  // characters that mean something in a URI
  const Description description = some_description();
  const Reading odd{3, 1, 7, kNan, kInf, false, {0.1, kNan, -kInf, -0.0, 5e-324}};
  {
    Store store = Store::create(path, description, some_candidates(4));
    store.reading({0, 0, 2, 0.1, 0.3, true, {0.05, 0.1}});
    store.reading({0, 1, 2, 1.0 / 3, 0.2, true, {0.2, 1.0 / 3}});
    store.reading(odd);
    store.verdict({0, Status::done, 0.2, 0.25, 2});
    store.verdict({3, Status::diverged, kNan, kNan, 7});
    store.rung({1, 3, 9, 3});
    store.rung({0, 3, 27, 8});
    store.rung({0, 3, 27, 9});
    store.warning("mind the gap");
    store.warning("mind the gap");
    store.timing("searching", 1.5);
    store.timing("searching", 2.5);
    store.finish(State::finished, 0);
  }
  const Study study = read(path);
  EXPECT_EQ(study.state, State::finished);
  EXPECT_EQ(study.best, 0);
  const Description& d = study.description;
  EXPECT_EQ(d.source, description.source);
  EXPECT_EQ(d.command, description.command);
  EXPECT_EQ(d.configuration, description.configuration);
  EXPECT_EQ(d.seed, description.seed);
  EXPECT_EQ(d.metric, "r2");
  EXPECT_EQ(d.folds, 2);
  EXPECT_EQ(d.version, "1.2.3");
  EXPECT_EQ(d.data.digest, description.data.digest);
  EXPECT_EQ(d.split.parts, description.split.parts);
  EXPECT_EQ(d.space.parts, description.space.parts);
  ASSERT_EQ(study.candidates.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(configuration_of(study.candidates[i]), some_candidates(4)[i]);
  ASSERT_EQ(study.candidates[0].readings.size(), 2u);
  EXPECT_EQ(study.candidates[0].readings[1], (Reading{0, 1, 2, 1.0 / 3, 0.2, true, {0.2, 1.0 / 3}}));
  EXPECT_EQ(study.candidates[0].status, Status::done);
  EXPECT_EQ(study.candidates[1].status, Status::waiting);
  ASSERT_EQ(study.candidates[3].readings.size(), 1u);
  const Reading& back = study.candidates[3].readings[0];
  EXPECT_TRUE(std::isnan(back.metric));
  EXPECT_EQ(back.loss, kInf);
  EXPECT_FALSE(back.finite);
  ASSERT_EQ(back.curve.size(), odd.curve.size());
  for (std::size_t i = 0; i < odd.curve.size(); ++i) EXPECT_TRUE(same(back.curve[i], odd.curve[i])) << i;
  ASSERT_EQ(study.rungs.size(), 2u);
  EXPECT_EQ(study.rungs[0], (Rung{0, 3, 27, 9}));
  EXPECT_EQ(study.rungs[1], (Rung{1, 3, 9, 3}));
  EXPECT_EQ(study.warnings, std::vector<std::string>{"mind the gap"});
  EXPECT_EQ(study.timings, (std::vector<std::pair<std::string, double>>{{"searching", 2.5}}));
  ASSERT_EQ(study.runs.size(), 1u);
  EXPECT_EQ(study.runs[0].version, "1.2.3");
  EXPECT_EQ(study.count(Status::waiting), 2);
  // A study that was closed is one file.
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(path + "-lock"));
}

TEST(Store, HyperparametersComeBackExactly) {
  std::vector<params::Configuration> candidates = some_candidates(3);
  candidates[0] = models::changed(candidates[0], {{"rate", 1.0 / 3}, {"l2", 1e-300}, {"bias", -0.0}});
  candidates[1] = models::changed(candidates[1], {{"epochs", 999'999'999}, {"hidden", "none"}});
  candidates[2] = models::changed(
      candidates[2], {{"clip", 5e-324}, {"scale", -1e300}, {"momentum", std::nextafter(1.0, 0.0)}});
  const Folder folder;
  Store::create(folder.file("s"), some_description(), candidates);
  const Study study = read(folder.file("s"));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const params::Configuration back = configuration_of(study.candidates[i]);
    EXPECT_EQ(back, candidates[i]) << i;
    EXPECT_EQ(std::signbit(back["bias"].number()), std::signbit(candidates[i]["bias"].number())) << i;
  }
}

// Words are texts, and what takes no part has no value.
TEST(Store, WordsAndNothingsComeBack) {
  const Folder folder;
  const auto linear = models::network({{"hidden", "none"}, {"optimizer", "sgd"}});
  const auto deep = models::network({{"hidden", "4"}, {"eps", 1e-6}});
  const auto json = [](const params::Configuration& c) { return Json::parse(hyper_json(c)); };
  for (const char* name : {"activation", "dropout", "momentum", "eps", "bins"})
    EXPECT_TRUE(json(linear)[name].is_null()) << name;
  EXPECT_EQ(json(deep)["dropout"], "off");
  EXPECT_EQ(json(deep)["accumulator"], nullptr);
  EXPECT_EQ(json(deep)["eps_root"], "automatic");
  EXPECT_EQ(json(deep)["eps"], 1e-6);
  Store::create(folder.file("s"), some_description(), {linear, deep});
  const Study study = read(folder.file("s"));
  EXPECT_EQ(configuration_of(study.candidates[0]), linear);
  EXPECT_EQ(configuration_of(study.candidates[1]), deep);
  EXPECT_EQ(study.candidates[0].value("momentum"), "");
  EXPECT_EQ(study.candidates[1].value("momentum"), "0.9");
  EXPECT_EQ(study.candidates[1].value("dropout"), "off");
  for (const Candidate::Value& value : study.candidates[0].hyper)
    EXPECT_EQ(value.active, !linear[value.name].is_nothing()) << value.name;
}

TEST(Store, SnapshotsTakeTheirPredecessorsPlace) {
  const Folder folder;
  const std::string path = folder.file("s");
  using Kind = Snapshot::Kind;
  const Snapshot first{
      Kind::state, 2, 1, 3, {0.1, 0.2, 0.3}, {3, 2, 1}, {some_tensor("w", 100, 1), some_tensor("m", 7, 2)}};
  Snapshot second = first;
  second.epochs = 4;
  second.curve.push_back(0.4);
  second.tensors = {some_tensor("w", 100, 3)};
  const Tensor empty{"nothing", DType::i32, {0, 3}, {}};
  const Tensor scalar{"step", DType::u32, {}, std::vector<std::byte>(4, std::byte{9})};
  const Snapshot model{Kind::model, 2, 1, 4, {}, {}, {empty, scalar}};
  const Snapshot other{Kind::state, 0, 0, 1, {}, {}, {}};
  {
    Store store = Store::create(path, some_description(), some_candidates(4));
    store.snapshot(first);
    EXPECT_EQ(store.snapshots(Kind::state), std::vector<Snapshot>{first});
    store.snapshot(second);
    store.snapshot(model);
    store.snapshot(other);
  }
  EXPECT_EQ(read_snapshot(path, Kind::state, 2, 1), second);
  EXPECT_EQ(read_snapshot(path, Kind::model, 2, 1), model);
  EXPECT_EQ(read_snapshot(path, Kind::state, 2, 0), std::nullopt);
  Store store = Store::resume(path, some_description());
  EXPECT_EQ(store.snapshots(Kind::state), (std::vector<Snapshot>{other, second}));
  store.drop_snapshot(Kind::state, 2, 1);
  store.drop_snapshot(Kind::state, 3, 0);  // was never there
  EXPECT_EQ(store.snapshots(Kind::state), std::vector<Snapshot>{other});
  EXPECT_EQ(store.snapshots(Kind::model), std::vector<Snapshot>{model});
}

TEST(Store, ThreadsWriteSideBySide) {
  const Folder folder;
  {
    Store store = Store::create(folder.file("s"), some_description(), some_candidates(64));
    std::vector<std::thread> threads;
    for (std::int64_t t = 0; t < 4; ++t)
      threads.emplace_back([&store, t] {
        for (std::int64_t c = t; c < 64; c += 4) {
          store.reading({c, 0, c, 0.5 * static_cast<double>(c), 0, true, {1, 2}});
          store.snapshot(
              {Snapshot::Kind::state, c, 0, c, {}, {}, {some_tensor("w", 50, static_cast<int>(c))}});
          if (c % 8 == t) store.commit();
        }
      });
    for (std::thread& thread : threads) thread.join();
  }
  const Study study = read(folder.file("s"));
  for (std::int64_t c = 0; c < 64; ++c) {
    const Candidate& candidate = study.candidates[static_cast<std::size_t>(c)];
    ASSERT_EQ(candidate.readings.size(), 1u);
    EXPECT_EQ(candidate.readings[0].metric, 0.5 * static_cast<double>(c));
    const auto snapshot = read_snapshot(folder.file("s"), Snapshot::Kind::state, c, 0);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->tensors[0], some_tensor("w", 50, static_cast<int>(c)));
  }
}

TEST(Store, IsReadWhileItIsWritten) {
  const Folder folder;
  Store store = Store::create(folder.file("s"), some_description(), some_candidates(4));
  store.timing("t", 1);
  store.commit();
  store.timing("t", 2);  // not committed
  const Study study = read(folder.file("s"));
  EXPECT_EQ(study.state, State::running);
  EXPECT_EQ(study.timings[0].second, 1);
}

// A read-only place: looked at as a user who may not write (root may write anywhere).
TEST(Store, IsReadWhereNothingMayBeWritten) {
  const Folder folder;
  const std::string path = folder.file("s");
  Store::create(path, some_description(), some_candidates(4));
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const ::pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);
    try {
      const bool right = read(path).candidates.size() == 4;
      std::string refused;
      try {
        Store::resume(path, some_description());
      } catch (const Error& e) {
        refused = e.what();
      }
      ::_exit(!right                                                                           ? 1
              : refused.find("cannot be written, because no file can be made") == refused.npos ? 2
                                                                                               : 0);
    } catch (const std::exception&) {
      ::_exit(4);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
}

TEST(Store, RanksByMetricThenLossThenIndex) {
  const Folder folder;
  for (const auto& [metric, expected] :
       {std::pair<std::string, std::vector<std::int64_t>>{"r2", {3, 4, 0, 5, 1}},
        {"rmse", {1, 0, 5, 3, 4}}}) {
    Description d = some_description();
    d.metric = metric;
    const std::string path = folder.file(metric);
    {
      Store store = Store::create(path, d, some_candidates(8));
      store.verdict({0, Status::done, 0.5, 0.1, 1});
      store.verdict({1, Status::done, 0.4, 0.1, 1});
      store.verdict({2, Status::diverged, kNan, kNan, 1});
      store.verdict({3, Status::done, 0.9, 0.2, 1});
      store.verdict({4, Status::done, 0.9, 0.3, 1});
      store.verdict({5, Status::done, 0.5, 0.1, 1});
      store.verdict({6, Status::done, kNan, 0.1, 1});      // no number is no rank
      store.verdict({7, Status::retired, 0.99, 0.01, 1});  // it was judged at fewer epochs
    }
    EXPECT_EQ(read(path).ranked(), expected) << metric;
  }
}

// ---- what is refused -----------------------------------------------------------------------------------

TEST(Store, ASecondWriterIsRefused) {
  const Folder folder;
  const std::string path = folder.file("s");
  {
    const Store store = Store::create(path, some_description(), some_candidates(4));
    EXPECT_THAT(error_of([&] { Store::resume(path, some_description()); }),
                MatchesRegex(".*/s: another program is writing to it \\(process [0-9]+\\).*"));
    EXPECT_THAT(error_of([&] { Store::create(path, some_description(), some_candidates(4)); }),
                HasSubstr("another program is writing to it"));
    // By another name too.
    std::filesystem::create_symlink(path, folder.file("link"));
    EXPECT_THAT(error_of([&] { Store::resume(folder.file("link"), some_description()); }),
                HasSubstr("another program is writing to it"));
  }
  EXPECT_NO_THROW(Store::resume(path, some_description()));
}

TEST(Store, PathsThatCannotBe) {
  const Folder folder;
  const auto create = [](const std::string& path) {
    Store::create(path, some_description(), some_candidates(4));
  };
  EXPECT_THAT(error_of([&] { create(folder.file("none/s")); }), HasSubstr("there is no folder"));
  EXPECT_THAT(error_of([&] { create(""); }), HasSubstr("empty name"));
  create(folder.file("s"));
  EXPECT_THAT(error_of([&] { create(folder.file("s")); }),
              HasSubstr("is there already; go on with it by --resume"));
  EXPECT_THAT(error_of([&] { Store::resume(folder.file("t"), some_description()); }),
              HasSubstr("no such file; without --resume it is begun"));
  EXPECT_THAT(error_of([&] { read(folder.file("t")); }), HasSubstr("no such file"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("t-lock")));
}

TEST(Store, GrowsByCandidatesBehindItsOwn) {
  const Folder folder;
  const std::string path = folder.file("s");
  {
    Store store = Store::create(path, some_description(), some_candidates(3));
    store.reading({1, 0, 2, 0.1, 0.3, true, {0.05, 0.1}});
    store.verdict({0, Status::done, 0.2, 0.3, 2});
    store.verdict({1, Status::done, 0.1, 0.3, 2});
    store.rung({0, 1, 3, 1});
    store.warning("of the three");
    store.finish(State::finished, 1);
  }
  Description larger = some_description();
  larger.configuration = R"({"target":"hit","draws":5})";
  std::vector<params::Configuration> all = some_candidates(5);
  all[0].set("epochs", 77);
  {
    Store store = Store::resume_grown(path, larger);
    store.replace(0, hyper_json(all[0]));
    store.add({hyper_json(all[3]), hyper_json(all[4])});
  }
  const Study study = read(path);
  ASSERT_EQ(study.candidates.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(configuration_of(study.candidates[i]), all[i]);
  EXPECT_EQ(study.candidates[1].metric, 0.1);
  EXPECT_EQ(study.candidates[1].readings.size(), 1u);
  EXPECT_EQ(study.candidates[0].status, Status::waiting);  // it is another one now
  EXPECT_EQ(study.count(Status::waiting), 4);
  EXPECT_EQ(study.description.configuration, larger.configuration);
  EXPECT_TRUE(study.rungs.empty());
  EXPECT_TRUE(study.warnings.empty());
  EXPECT_EQ(study.state, State::running);

  Description settings = larger;
  settings.space = settings_fingerprint({{"loss", "huber"}});
  EXPECT_THAT(error_of([&] { Store::resume_grown(path, settings); }), HasSubstr("loss squared -> huber"));
  EXPECT_EQ(read(path).runs.size(), 2u);
}

// Those on their way when a search was stopped are ranked among those that are done.
TEST(Store, RanksWhatASearchWasStoppedAt) {
  const Folder folder;
  const std::string path = folder.file("s");
  Store store = Store::create(path, some_description(), some_candidates(4));
  store.verdict({0, Status::done, 0.1, 0.3, 2});
  store.verdict({1, Status::interrupted, 0.2, 0.3, 1});
  store.verdict({2, Status::interrupted, kNan, kNan, 0});
  store.verdict({3, Status::retired, 0.9, 0.3, 1});
  store.finish(State::interrupted, 1);
  EXPECT_EQ(read(path).ranked(), (std::vector<std::int64_t>{1, 0}));
}

TEST(Store, ChangesAreNamed) {
  const Folder folder;
  const std::string path = folder.file("s");
  Store::create(path, some_description(), some_candidates(4));
  const auto refused = [&](const Description& d) { return error_of([&] { Store::resume(path, d); }); };
  Description d = some_description();
  Table table;
  table.rows = 2;
  table.columns.push_back({.name = "x", .numbers = {1, 2}});
  d.data = data_fingerprint(table);
  EXPECT_THAT(refused(d), HasSubstr("the study was begun with another data (songs.csv): rows 3 -> 2;"));
  d = some_description();
  d.split = split_fingerprint({.train = {0, 2}, .validation = {1}}, {});
  EXPECT_THAT(refused(d), HasSubstr("another split of the rows: training rows 1 -> 2; test rows 1 -> 0;"));
  d = some_description();
  d.space = settings_fingerprint({{"loss", "huber"}});
  EXPECT_THAT(refused(d), HasSubstr("another space: loss squared -> huber;"));
  d = some_description();
  d.seed = 3;
  EXPECT_THAT(refused(d), HasSubstr("seed 18446744073709551615; now 2, r2, 3"));
  // Refused changes leave the study as it was.
  EXPECT_EQ(read(path).runs.size(), 1u);
  d = some_description();
  d.version = "1.2.4";
  Store::resume(path, d);
  const Study study = read(path);
  EXPECT_EQ(study.runs.size(), 2u);
  ASSERT_EQ(study.warnings.size(), 1u);
  EXPECT_THAT(study.warnings[0], HasSubstr("begun by Runnel 1.2.3 and resumed by 1.2.4"));
}

std::string patched(std::string bytes, std::size_t at, const std::string& with) {
  return bytes.replace(at, with.size(), with);
}

TEST(Store, WhatIsNoStudyIsToldApart) {
  const Folder folder;
  const std::string path = folder.file("s"), other = folder.file("t");
  Store::create(path, some_description(), some_candidates(4));
  EXPECT_TRUE(is_study_file(path));
  const std::string whole = bytes_of(path);
  ASSERT_GT(whole.size(), 8192u);
  const auto read_as = [&](const std::string& bytes) {
    write_bytes(other, bytes);
    return error_of([&] { read(other); });
  };
  EXPECT_THAT(read_as(""), HasSubstr("not a study (a file as `runnel fit --study` writes it)"));
  EXPECT_THAT(read_as("a,b\n1,2\n"), HasSubstr("not a study"));
  EXPECT_FALSE(is_study_file(other));
  EXPECT_THAT(read_as(patched(whole, 68, std::string(4, '\0'))),
              HasSubstr("an SQLite database, but not a study"));
  EXPECT_FALSE(is_study_file(other));
  EXPECT_THAT(read_as(patched(whole, 60, std::string("\0\0\0\x63", 4))),
              HasSubstr("written by a newer Runnel (its format is 99; this Runnel knows formats up to 2)"));
  EXPECT_THAT(read_as(whole.substr(0, 60)), HasSubstr("damaged (only 60 bytes are left of it)"));
  EXPECT_THAT(read_as(whole.substr(0, whole.size() / 2)), HasSubstr("damaged"));
  EXPECT_THAT(error_of([&] { read(folder.path()); }), HasSubstr("not a study"));
}

TEST(Store, DamageIsFoundOrHarmless) {
  const Folder folder;
  const std::string path = folder.file("s"), other = folder.file("t");
  {
    Store store = Store::create(path, some_description(), some_candidates(4));
    for (std::int64_t c = 0; c < 4; ++c)
      store.snapshot(
          {Snapshot::Kind::state, c, 0, c, {1, 2}, {3, 4}, {some_tensor("w", 3000, static_cast<int>(c))}});
    store.finish(State::interrupted, {});
  }
  const std::string whole = bytes_of(path);
  int found = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    std::string bytes = whole;
    const std::size_t at = i * 7919 * 31 % bytes.size();
    for (std::size_t k = 0; k <= i % 4; ++k)
      bytes[(at + k) % bytes.size()] =
          static_cast<char>(bytes[(at + k) % bytes.size()] ^ static_cast<char>(1 + i));
    write_bytes(other, bytes);
    try {
      read(other);
      for (std::int64_t c = 0; c < 4; ++c) {
        const auto snapshot = read_snapshot(other, Snapshot::Kind::state, c, 0);
        // Whatever was damaged: a state that is handed out is the state that was written.
        if (!snapshot) continue;
        EXPECT_EQ(snapshot->tensors.at(0), some_tensor("w", 3000, static_cast<int>(snapshot->owner))) << i;
      }
    } catch (const Error& e) {
      ++found;
      EXPECT_THAT(e.what(), HasSubstr(other));
    }
  }
  EXPECT_GT(found, 50);  // most of the file is states
}

}  // namespace
}  // namespace runnel::study
