// A study of a search of any training that grows comes to what one larger search comes to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <random>
#include <thread>

#include "../search/ways.h"
#include "support.h"

namespace runnel::study {
namespace {

using search::Configuration;
using search::Options;
using search::Result;
using search::Value;
using search::lines::Way;
using testing::HasSubstr;

search::SamplerPtr resized(const search::Sampler& sampler, std::int64_t n) {
  if (sampler.name() == "random") return search::random(n);
  if (sampler.name() == "sobol") return search::sobol(n);
  return search::tpe(n);
}

// A way with fewer draws.
Way smaller(Way way, std::int64_t n) {
  way.sampler = resized(*way.sampler, n);
  return way;
}

Result kept(const Way& way, const std::string& path, int threads = 1) {
  Options options = way.options;
  options.study = at(path);
  options.threads = threads;
  return search::lines::run(way, options);
}

// The message of an error, "" for none.
std::string error_of_or_none(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

bool begins_with(const std::vector<double>& all, const std::vector<double>& first) {
  return all.size() >= first.size() &&
         search::lines::same({all.begin(), all.begin() + std::ssize(first)}, first);
}

// The grown search is the larger one made at once. Where one search's candidates are judged at rungs, those
// that the smaller one had trained further than the larger one would stay as far as they were.
void expect_grown(const Result& whole, const Result& grown, const Result& small) {
  if (small.rungs.empty() || whole.generations > 1) return search::lines::expect_same(whole, grown);
  ASSERT_EQ(whole.candidates.size(), grown.candidates.size());
  EXPECT_EQ(whole.rungs, grown.rungs);
  std::size_t further = 0;
  for (std::size_t i = 0; i < whole.candidates.size(); ++i) {
    const search::Candidate &x = whole.candidates[i], &y = grown.candidates[i];
    EXPECT_EQ(x.configuration, y.configuration) << i;
    EXPECT_TRUE(begins_with(y.curve, x.curve)) << i;
    if (y.epochs == x.epochs) {
      EXPECT_EQ(x.status, y.status) << i;
      EXPECT_TRUE(search::lines::same(x.measures, y.measures)) << i;
      continue;
    }
    ++further;
    ASSERT_LT(i, small.candidates.size());
    EXPECT_TRUE(y.status == small.candidates[i].status || y.status == search::Status::retired) << i;
    EXPECT_EQ(y.epochs, small.candidates[i].epochs) << i;
    EXPECT_TRUE(search::lines::same(y.measures, small.candidates[i].measures)) << i;
  }
  EXPECT_LT(further, small.candidates.size());
}

class Grown : public testing::TestWithParam<Way> {};

TEST_P(Grown, IsTheLargerSearchMadeAtOnce) {
  const Way& way = GetParam();
  const Result whole = search::lines::run(way, 1);
  for (const int threads : {1, 2}) {
    SCOPED_TRACE(testing::Message() << threads << " threads");
    const Folder folder;
    const std::string path = folder.file("s.study");
    // Sixteen draws are two generations; those of twenty are cut in the middle of the third one.
    const std::int64_t first = way.options.scheduling.scheduler == search::Scheduler::full ? 20 : 16;
    const Result small = kept(smaller(way, first), path, threads);
    const Result grown = kept(way, path, threads);
    expect_grown(whole, grown, small);
    const Study study = read(path);
    EXPECT_EQ(study.state, State::finished);
    EXPECT_EQ(study.best, grown.best);
    ASSERT_EQ(study.candidates.size(), grown.candidates.size());
    for (std::size_t i = 0; i < grown.candidates.size(); ++i)
      EXPECT_EQ(study.candidates[i].epochs, grown.candidates[i].epochs) << i;
    search::lines::expect_same(grown, kept(way, path, 3 - threads));  // and once more
  }
}

TEST_P(Grown, IsTheSameHoweverOftenItIsKilled) {
  const Way& way = GetParam();
  const Folder folder;
  const std::string path = folder.file("s.study");
  const Result small = kept(smaller(way, 16), path);
  std::mt19937 random(7);
  std::int64_t window = 2'000;  // microseconds
  bool has_ended = false;
  for (int life = 0; life < 60 && !has_ended; ++life) {
    const ::pid_t child = ::fork();
    if (child == 0) {
      try {
        kept(way, path, 1 + life % 2);
        ::_exit(0);
      } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
      }
      ::_exit(1);
    }
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<std::uint64_t>(window)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    has_ended = WIFEXITED(status);
    ASSERT_TRUE(!has_ended || WEXITSTATUS(status) == 0);
    window = window * 5 / 4;
  }
  expect_grown(search::lines::run(way, 1), kept(way, path), small);
}

INSTANTIATE_TEST_SUITE_P(Search, Grown, testing::ValuesIn(search::lines::ways()),
                         [](const auto& p) { return std::string(p.param.name); });

// ---- more epochs ---------------------------------------------------------------------------------------

// Half of its candidates know how long they train.
Way of_epochs(const search::SamplerPtr& sampler, std::int64_t epochs, Options options = {}) {
  return {"epochs", sampler,
          [=](search::Space& s) {
            s.vary("rule", {"plain", "falling"}).set("epochs", epochs);
          },
          std::move(options)};
}

TEST(GrownSearch, TrainsLonger) {
  for (const Options& options :
       {Options{}, Options{.scheduling = search::halving()}, Options{.patience = 2, .states = 3}}) {
    for (const bool draws_more : {false, true}) {
      const Folder folder;
      const std::string path = folder.file("s.study");
      const Result small = kept(of_epochs(search::random(20), 3, options), path);
      const Way longer = of_epochs(search::random(draws_more ? 30 : 20), 9, options);
      const Result grown = kept(longer, path, 2);
      expect_grown(search::lines::run(longer, 1), grown, small);
      search::lines::expect_same(grown, kept(longer, path));
      EXPECT_EQ(read(path).candidates[7].value("epochs"), "9");
    }
  }
}

// States that a stopped search kept are gone on from, unless the training knows how long it will be.
TEST(GrownSearch, TrainsLongerFromWhereItStood) {
  const Folder folder;
  const std::string path = folder.file("s.study");
  Way way = of_epochs(search::random(20), 6, {.until = 4});
  EXPECT_TRUE(kept(way, path).interrupted);
  std::int64_t begun = 0;  // training runs whose state is there
  for (std::int64_t i = 0; i < 20; ++i)
    if (const auto state = read_snapshot(path, Snapshot::Kind::state, i, 0)) begun += !state->tensors.empty();
  EXPECT_EQ(begun, 20);
  Way longer = of_epochs(search::random(20), 9);
  longer.space = [](search::Space& s) { s.vary("rule", {"plain", "falling"}).set("epochs", 9); };
  search::lines::expect_same(search::lines::run(longer, 1), kept(longer, path));
}

// What later generations had been made of stays: they are not asked for again.
TEST(GrownSearch, KeepsTheCandidatesOfASamplerThatReadResults) {
  const Folder folder;
  const std::string path = folder.file("s.study");
  const Options options{.generation = 8};
  const Result small = kept(of_epochs(search::tpe(20), 3, options), path);
  const Way longer = of_epochs(search::tpe(32), 9, options);
  const Result grown = kept(longer, path);
  ASSERT_EQ(grown.candidates.size(), 32u);
  std::vector<Configuration> all;
  for (std::size_t i = 0; i < 32; ++i) {
    all.push_back(grown.candidates[i].configuration);
    EXPECT_EQ(all[i]["epochs"], Value(9)) << i;
    if (i < 20) {
      EXPECT_EQ(all[i]["rate"], small.candidates[i].configuration["rate"]) << i;
    }
  }
  Way same = longer;
  same.sampler = search::these(all);
  const Result listed = search::lines::run(same, 1);
  for (std::size_t i = 0; i < 32; ++i)
    EXPECT_TRUE(search::lines::same(listed.candidates[i].curve, grown.candidates[i].curve)) << i;
  search::lines::expect_same(grown, kept(longer, path));
  EXPECT_THAT(error_of([&] { kept(of_epochs(search::tpe(32), 6, options), path); }),
              HasSubstr("the study was begun with another space: epochs 9 -> 6"));
}

// ---- a wider space -------------------------------------------------------------------------------------

Way of_rates(const search::SamplerPtr& sampler, double high, std::vector<Value> rules = {"plain"},
             Options options = {}) {
  return {"rates", sampler, [=](search::Space& s) { s.range("rate", 0.001, high).vary("rule", rules); },
          std::move(options)};
}

TEST(GrownSearch, DrawsFromAWiderSpaceBehindWhatItHas) {
  for (const auto make : {search::random, search::sobol}) {
    const Folder folder;
    const std::string path = folder.file("s.study");
    const Result small = kept(of_rates(make(12), 0.1), path);
    EXPECT_THAT(error_of([&] { kept(of_rates(make(12), 0.5), path); }),
                HasSubstr("another space: rate 0.001..0.1 -> 0.001..0.5 is wider, and the sampler's 12 "
                          "candidates were chosen already: ask for more"));
    const Way wide = of_rates(make(20), 0.5), wider = of_rates(make(30), 0.5, {"plain", "falling"});
    kept(wide, path);
    const Result grown = kept(wider, path);
    const Result of_wide = search::lines::run(wide, 1), of_wider = search::lines::run(wider, 1);
    ASSERT_EQ(grown.candidates.size(), 30u);
    for (std::size_t i = 0; i < 30; ++i) {
      const search::Candidate& made = (i < 12 ? small : i < 20 ? of_wide : of_wider).candidates[i];
      EXPECT_EQ(grown.candidates[i].configuration, made.configuration) << i;
      EXPECT_TRUE(search::lines::same(grown.candidates[i].curve, made.curve)) << i;
    }
    search::lines::expect_same(grown, kept(wider, path));
    EXPECT_THAT(error_of([&] {
                  kept(of_rates(make(40), 0.2, {"plain", "falling"}), path);
                }),
                HasSubstr("another space: rate 0.001..0.5 -> 0.001..0.2, which does not hold all of it"));
  }
}

TEST(GrownSearch, TellsTheParzenEstimatorOfTheNarrowerSpace) {
  const Folder folder;
  const std::string path = folder.file("s.study");
  const Result small = kept(of_rates(search::tpe(20), 0.1, {"plain"}, {.generation = 8}), path);
  const Way wider = of_rates(search::tpe(40), 0.5, {"plain"}, {.generation = 8});
  const Result grown = kept(wider, path);
  ASSERT_EQ(grown.candidates.size(), 40u);
  double most = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    if (i < 20) {
      EXPECT_EQ(grown.candidates[i].configuration, small.candidates[i].configuration) << i;
    }
    most = std::max(most, grown.candidates[i].configuration["rate"].number());
  }
  EXPECT_GT(most, 0.1);
  search::lines::expect_same(grown, kept(wider, path));
}

TEST(GrownSearch, AddsWhatAGridHasMore) {
  const Folder folder;
  const std::string path = folder.file("s.study");
  const auto of = [](std::vector<Value> rates) {
    return Way{"grid", search::grid(), [=](search::Space& s) {
                 s.vary("rate", rates).vary("rule", {"plain", "falling"});
               }};
  };
  const Result small = kept(of({0.01, 0.1}), path);
  const Way more = of({0.003, 0.01, 0.1, 0.3});
  const Result grown = kept(more, path);
  const Result whole = search::lines::run(more, 1);
  ASSERT_EQ(grown.candidates.size(), whole.candidates.size());
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(grown.candidates[i].configuration, small.candidates[i].configuration);
  for (const search::Candidate& c : whole.candidates)
    EXPECT_EQ(1, std::count_if(grown.candidates.begin(), grown.candidates.end(), [&](const auto& other) {
                return other.configuration == c.configuration && search::lines::same(other.curve, c.curve);
              }));
  search::lines::expect_same(grown, kept(more, path));
  EXPECT_THAT(error_of([&] { kept(of({0.01, 0.1}), path); }), HasSubstr("which does not hold all of it"));
}

// The range of a parameter that nobody has narrowed is that of the schema.
TEST(GrownSearch, MayHaveASchemaOfWiderLimits) {
  const Folder folder;
  Options options;
  options.study = at(folder.file("s.study"));
  const auto run = [&](double high, std::int64_t n, const char* more = nullptr) {
    search::Schema schema;
    schema.real("rate", {0.001, high});
    schema.real("penalty", {0, 1}).may_be_off().standard(Value::off());
    schema.real("noise", {0, 1}).standard(0);
    schema.integer("degree", {1, 3}).fixed().standard(1);
    schema.choice("rule", {"plain", "falling"}).standard("plain");
    if (more != nullptr) schema.real(more, {0, 1}).standard(0);
    schema.batch("batch", 8);
    schema.budget("epochs", 3);
    schema.seed("seed");
    return search::run(search::lines::trainable({}, schema), search::split(search::lines::points(50)),
                       search::random(n), options);
  };
  run(0.1, 5);
  const Result grown = run(0.5, 9);
  EXPECT_EQ(grown.candidates.size(), 9u);
  EXPECT_THAT(error_of([&] { run(0.2, 12); }),
              HasSubstr("another schema: rate 0.001..0.5 -> 0.001..0.2, which does not hold all of it"));
  EXPECT_THAT(error_of([&] { run(0.5, 12, "more"); }), HasSubstr("another schema: more is new"));
}

// ---- known points --------------------------------------------------------------------------------------

Way trying(const search::SamplerPtr& sampler, std::vector<search::Try> tries, Options options = {}) {
  options.tries = std::move(tries);
  return {"tries", sampler, [](search::Space&) {}, std::move(options)};
}

TEST(GrownSearch, TriesWhatIsKnown) {
  for (const auto& sampler : {search::random(20), search::tpe(20)}) {
    const Folder folder;
    const std::string path = folder.file("s.study");
    const Options options{.generation = 8};
    const Result small = kept(trying(search::random(0 + 20), {}, options), folder.file("other.study"));
    const Way first = trying(sampler, {"rate=0.003,rule=falling"}, options);
    const Result fresh = kept(first, path);
    ASSERT_EQ(fresh.candidates.size(), 21u);
    EXPECT_EQ(to_string(fresh.candidates[0].configuration["rate"]), "0.003");
    EXPECT_EQ(to_string(fresh.candidates[0].configuration["rule"]), "falling");
    // The same point is there already; another one comes behind.
    const Way second =
        trying(sampler, {fresh.candidates[0].configuration, "rate=0.05", "rate=0.05,epochs=6"}, options);
    const Result grown = kept(second, path);
    ASSERT_EQ(grown.candidates.size(), 22u);
    EXPECT_EQ(to_string(grown.candidates[21].configuration["rate"]), "0.05");
    std::vector<Configuration> all;
    for (const search::Candidate& c : grown.candidates) all.push_back(c.configuration);
    const Result listed = search::lines::run(trying(search::these(all), {}), 1);
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_TRUE(search::lines::same(listed.candidates[i].curve, grown.candidates[i].curve)) << i;
      if (i < 21) {
        EXPECT_EQ(all[i], fresh.candidates[i].configuration) << i;
      }
    }
    search::lines::expect_same(grown, kept(second, path));
    // Nor do they keep the sampler from drawing on.
    const Way more = trying(resized(*sampler, 40), {}, options);
    const Result last = kept(more, path);
    ASSERT_EQ(last.candidates.size(), 42u);
    if (sampler->name() == "random") {
      const Result draws = search::lines::run(more, 1);
      for (std::size_t draw = 0; draw < 40; ++draw)
        EXPECT_EQ(last.candidates[draw < 20 ? draw + 1 : draw + 2].configuration,
                  draws.candidates[draw].configuration)
            << draw;
    }
    EXPECT_EQ(small.candidates.size(), 20u);
    search::lines::expect_same(last, kept(more, path));
  }
}

TEST(GrownSearch, RefusesPointsThatAreNone) {
  const auto message = [](const char* text) {
    return error_of([&] { search::lines::run(trying(search::random(2), {text}), 1); });
  };
  EXPECT_THAT(message("rate"), HasSubstr("\"rate\" is not of the form name=value"));
  EXPECT_THAT(message("rule=plain"), HasSubstr("\"rule=plain\" says nothing of rate, which has no default"));
  EXPECT_THAT(message("rat=1"), HasSubstr("rate"));
  EXPECT_THAT(message("rate=1e9"), HasSubstr("rate is 1"));
}

// ---- what goes on, and what does not -------------------------------------------------------------------

// A study that grows and is stopped at once knows what it knew: all are judged as before, the ranked ones
// have their states, and the study has not become poorer.
TEST(GrownSearch, StoppedAtOnceLosesNothing) {
  for (const search::Scheduling& scheduling : {search::Scheduling{}, search::halving()})
    for (const std::int64_t patience : {0, 1}) {
      const Folder folder;
      const std::string path = folder.file("s.study");
      Way way = of_rates(search::sobol(17), 0.1);
      way.options.scheduling = scheduling;
      way.options.patience = patience;
      way.options.states = 3;
      const Result small = kept(way, path);
      Way longer = of_rates(search::sobol(40), 0.1);
      longer.options = way.options;
      const auto narrow = longer.space;
      longer.space = [=](search::Space& s) {
        narrow(s);
        s.set("epochs", 60);
      };
      std::atomic<bool> stop = false;
      longer.options.stop = &stop;
      longer.options.progress = [&](const search::Progress& p) {
        stop = true;
        EXPECT_LE(p.done, p.total);
      };
      const Result stopped = kept(longer, path);
      ASSERT_TRUE(stopped.interrupted && stopped.best && small.best);
      const auto value = [](const Result& r) {
        return r.candidates[static_cast<std::size_t>(*r.best)].measures.at(0);
      };
      EXPECT_LE(value(stopped), value(small));
      for (const std::int64_t number : stopped.ranking(3))
        EXPECT_FALSE(stopped.candidates[static_cast<std::size_t>(number)].states.empty()) << number;
      const Study study = read(path);
      for (const search::Candidate& c : small.candidates) {
        const Candidate& now = study.candidates[static_cast<std::size_t>(c.number)];
        ASSERT_FALSE(now.readings.empty()) << c.number;
        EXPECT_GE(now.readings[0].epochs, c.epochs) << c.number;
        EXPECT_TRUE(begins_with(now.readings[0].curve, c.curve)) << c.number;
      }
      // And it comes to what an undisturbed search would have come to.
      longer.options.stop = nullptr;
      longer.options.progress = nullptr;
      expect_grown(search::lines::run(longer, 1), kept(longer, path), small);
    }
}

// What is known is not trained again: a draw more is one block of six epochs.
TEST(GrownSearch, TrainsNothingThatItKnows) {
  const Folder folder;
  std::int64_t trained = 0;  // epochs of blocks
  Options options{.states = 0};
  options.threads = 1;
  options.study = at(folder.file("s.study"));
  options.progress = [&](const search::Progress&) { ++trained; };
  const auto epochs_of = [&](std::int64_t n) {
    trained = 0;
    search::lines::run(Way{"plain", search::random(n)}, options);
    return trained;
  };
  EXPECT_GT(epochs_of(20), 0);
  EXPECT_EQ(epochs_of(20), 0);
  EXPECT_EQ(epochs_of(21), 6);
}

// Wider is what holds all it held before: fixed values, conditions and the points of grids too.
TEST(GrownSearch, HoldsWhatItHeld) {
  const auto grown = [&](const std::function<void(search::Space&)>& was,
                         const std::function<void(search::Space&)>& is, bool of_grid = false) {
    const Folder folder;
    const std::string path = folder.file("s.study");
    Way way{"held", of_grid ? search::grid() : search::random(4), was};
    kept(way, path);
    way.space = is;
    if (!of_grid) way.sampler = search::random(8);
    return error_of_or_none([&] { kept(way, path); });
  };
  const auto space = [](const char* more, const Value& noise, const char* condition = nullptr) {
    return [=](search::Space& s) {
      s.range("rate", 0.001, 0.1, 3).vary("rule", {"plain", "falling"}).set("noise", noise);
      if (*more != 0) s.vary(more);
      if (condition != nullptr) s.when("noise", {"rule", {condition}});
    };
  };
  EXPECT_THAT(grown(space("", 0.5), space("noise=0.1,0.2", 0.5)),
              HasSubstr("another space: noise 0.5 -> 0.1,0.2, which does not hold it"));
  EXPECT_EQ(grown(space("", 0.5), space("noise=0.2,0.5", 0.5)), "");
  EXPECT_THAT(grown(space("noise=0.2,0.5", 0.0), space("noise=0.2,0.5", 0.0, "plain")),
              HasSubstr("another space: noise where always -> rule is plain"));
  EXPECT_EQ(grown(space("noise=0.2,0.5", 0.0, "plain"), space("noise=0.2,0.5", 0.0)), "");
  const auto scaled = [](bool logarithmic) {
    return [=](search::Space& s) {
      s.range("rate", 0.001, 0.1, 3).scale("rate", logarithmic).vary("rule", {"plain"});
    };
  };
  EXPECT_THAT(grown(scaled(false), scaled(true), /*of_grid=*/true),
              HasSubstr("another space: the points of rate on a linear scale -> log"));
}

TEST(GrownSearch, IsRefusedWhereItIsAnother) {
  const Folder folder;
  const std::string path = folder.file("s.study");
  kept(of_rates(search::random(12), 0.1), path);
  EXPECT_THAT(
      error_of([&] { kept(of_rates(search::random(8), 0.1), path); }),
      HasSubstr("the sampler random has 8 candidates, and 12 were chosen already; ask for as many or more"));
  const auto set = [&](const char* name, const Value& value) {
    Way way = of_rates(search::random(20), 0.1);
    way.space = [=](search::Space& s) {
      s.range("rate", 0.001, 0.1).vary("rule", {"plain"}).set(name, value);
    };
    return error_of([&] { kept(way, path); });
  };
  EXPECT_THAT(set("noise", 0.5), HasSubstr("another space: noise 0 -> 0.5"));
  EXPECT_THAT(set("epochs", 5), HasSubstr("another space: epochs 6 -> 5"));
  EXPECT_THAT(set("rate", 0.01), HasSubstr("another space: rate was varied and is not any more"));
  const std::string listed = folder.file("listed.study");
  const Result draws = search::lines::run(of_rates(search::random(4), 0.1), 1);
  std::vector<Configuration> all;
  for (const search::Candidate& c : draws.candidates) all.push_back(c.configuration);
  kept(of_rates(search::these({all[0], all[1]}), 0.1), listed);
  kept(of_rates(search::these(all), 0.5), listed);
  std::swap(all[1], all[2]);
  EXPECT_THAT(error_of([&] { kept(of_rates(search::these(all), 0.5), listed); }),
              HasSubstr("listed.study: candidate 1 of the study is rate="));
}

}  // namespace
}  // namespace runnel::study
