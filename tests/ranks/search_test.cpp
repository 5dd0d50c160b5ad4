// A search of any training over ranks is the search of one process. Here the ranks are threads, and messages
// lie in queues.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/fail.h"
#include "error_of.h"
#include "ranks/counted.h"
#include "ranks/queue_transport.h"
#include "ranks/rank.h"
#include "ranks/search_message.h"
#include "runnel/random.h"
#include "runnel/study.h"
#include "runnel/transforms.h"
#include "search/memory.h"
#include "search/ways.h"

namespace runnel::ranks {
namespace {

using search::Options;
using search::Result;
using search::lines::Way;
using search::lines::ways;
using testing::HasSubstr;
using testing::StartsWith;

// act(rank, number) on each of so many ranks, and what each returned or the text of what it threw.
template <class Out>
struct Came {
  std::vector<Out> out;
  std::vector<std::string> thrown;
  std::vector<std::int64_t> gathered;  // how often all gave something to all
};
template <class Act>
auto over(int ranks, const Act& act) {
  using Out = decltype(act(std::declval<Rank&>(), 0));
  Hub hub(ranks);
  Came<Out> came{std::vector<Out>(static_cast<std::size_t>(ranks)),
                 std::vector<std::string>(static_cast<std::size_t>(ranks)),
                 std::vector<std::int64_t>(static_cast<std::size_t>(ranks))};
  std::vector<std::thread> threads;
  for (int number = 0; number < ranks; ++number)
    threads.emplace_back([&, number] {
      const auto place = static_cast<std::size_t>(number);
      CountedTransport transport(std::make_unique<QueueTransport>(hub, number));
      Rank rank(transport);
      try {
        came.out[place] = act(rank, number);
      } catch (const std::exception& e) {
        came.thrown[place] = e.what();
      }
      came.gathered[place] = transport.traffic().gathered;
    });
  for (std::thread& thread : threads) thread.join();
  return came;
}

template <class Init, class Step, class Evaluate, class Batch>
auto flat_of(const search::Functions<Init, Step, Evaluate>& functions, const search::Data<Batch>& data) {
  return search::typed::Flat<Init, Step, Evaluate, Batch>(functions, search::typed::first_rows(data));
}

// As lines::run, of a rank. Every rank can make its own types of the states.
Result run(Rank& rank, const Way& way, const Options& options, std::int64_t rows = 50) {
  search::Space space(search::lines::schema());
  way.space(space);
  const auto data = search::split(search::lines::points(rows), way.split);
  const auto flat = flat_of(search::lines::trainable(way.manner), data);
  const Result result =
      rank.run(options.threads, flat, search::typed::flat_folds(data), space, way.sampler, options);
  for (const std::int64_t number : result.ranking(options.states)) {
    const search::Candidate& c = result.candidates[static_cast<std::size_t>(number)];
    for (const std::vector<Array>& leaves : c.states)
      EXPECT_EQ(std::ssize(flat.unflatten(search::typed::settings_of(c.configuration), leaves).terms),
                c.configuration["degree"].integer());
  }
  return result;
}

Options with_threads(Options options, int threads) {
  options.threads = threads;
  return options;
}

class RanksOf : public testing::TestWithParam<Way> {};

TEST_P(RanksOf, HaveTheBitsOfOneProcess) {
  const Way& way = GetParam();
  const Result alone = search::lines::run(way, 1);
  ASSERT_TRUE(alone.best);
  ASSERT_FALSE(alone.candidates[static_cast<std::size_t>(*alone.best)].states.empty());
  for (const int ranks : {1, 2, 3}) {
    const auto came = over(ranks, [&](Rank& rank, int number) {
      return run(rank, way, with_threads(way.options, 1 + number % 2));
    });
    for (std::size_t i = 0; i < came.out.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "rank " << i << " of " << ranks);
      EXPECT_EQ(came.thrown[i], "");
      search::lines::expect_same(alone, came.out[i]);
      EXPECT_EQ(alone.warnings, came.out[i].warnings);
      EXPECT_EQ(alone.measures, came.out[i].measures);
      EXPECT_EQ(alone.generations, came.out[i].generations);
      EXPECT_EQ(alone.trajectories, came.out[i].trajectories);
      EXPECT_FALSE(came.out[i].interrupted);
    }
  }
}

// An archive that no one but rank 0 may touch.
class Forbidden : public search::Archive {
 public:
  search::Earlier begin(const search::Beginning&) override {
    ADD_FAILURE() << "another rank opened the study";
    return {};
  }
  std::vector<search::LaneState> begin_generation(const search::Generation&) override { return {}; }
  bool wants_states() override { return false; }
  void keep(const search::LaneState&, bool, bool) override {}
  void end_generation(std::span<const search::Candidate>) override {}
  void finish(const Result&) override {}
};

// Stopped again and again, on other numbers of ranks, with a study that has lost this and that.
TEST_P(RanksOf, GoOnToTheSameBits) {
  const Way& way = GetParam();
  const Result alone = search::lines::run(way, 1);
  for (const std::uint32_t seed : {1u, 2u}) {
    const auto memory = std::make_shared<search::Memory>(seed, static_cast<int>(30 * seed));
    bool interrupted = true;
    for (int life = 0; life < 30; ++life) {
      memory->stop = false;
      const bool last = !interrupted || life == 29;
      const int ranks = 1 + (life + static_cast<int>(seed)) % 3;
      const auto came = over(ranks, [&](Rank& rank, int number) {
        Options options = with_threads(way.options, 1);
        options.study = memory;
        if (number != 0) options.study = std::make_shared<Forbidden>();
        if (number == 0 && !last) options.stop = &memory->stop;
        return run(rank, way, options);
      });
      for (std::size_t i = 0; i < came.out.size(); ++i) {
        ASSERT_EQ(came.thrown[i], "");
        EXPECT_EQ(came.out[i].interrupted, came.out[0].interrupted);
        search::lines::expect_same(came.out[0], came.out[i]);
      }
      interrupted = came.out[0].interrupted;
      if (last) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        search::lines::expect_same(alone, came.out[0]);
        break;
      }
    }
  }
}

// A study that one process began grows over ranks, and the other way round: rank 0 decides what is new.
TEST(SearchOverRanks, GrowAStudy) {
  const std::string path = testing::TempDir() + "runnel-ranks-grown.study";
  std::remove(path.c_str());
  const Result whole = search::lines::run(ways()[1], 1);
  for (const auto& [ranks, draws] : {std::pair(1, 20), std::pair(3, 40), std::pair(2, 60)}) {
    Way way = ways()[1];
    way.sampler = search::random(draws);
    const auto came = over(ranks, [&](Rank& rank, int number) {
      Options options = with_threads(way.options, 1);
      options.study = study::at(number == 0 ? path : path + ".others");
      return run(rank, way, options);
    });
    for (std::size_t i = 0; i < came.out.size(); ++i) {
      EXPECT_EQ(came.thrown[i], "");
      if (draws == 60) search::lines::expect_same(whole, came.out[i]);
    }
  }
  EXPECT_EQ(study::read(path).candidates.size(), 60u);
  std::remove(path.c_str());
}

INSTANTIATE_TEST_SUITE_P(Search, RanksOf, testing::ValuesIn(ways()),
                         [](const auto& p) { return std::string(p.param.name); });

TEST(SearchOverRanks, StopsOnceRankZeroSaysSo) {
  const Way wide = ways()[1];
  const auto came = over(3, [&](Rank& rank, int number) {
    std::atomic<bool> stop = number != 0;  // what the others are told is for nobody
    Options options = with_threads(wide.options, 1);
    options.stop = &stop;
    options.states = 2;
    options.progress = [&](const search::Progress& p) {
      EXPECT_EQ(number, 0);
      stop = p.done > 3;
    };
    return run(rank, wide, options);
  });
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(came.thrown[i], "");
    EXPECT_TRUE(came.out[i].interrupted);
    search::lines::expect_same(came.out[0], came.out[i]);
  }
  ASSERT_TRUE(came.out[0].best);
  for (const std::int64_t number : came.out[0].ranking(2))
    EXPECT_FALSE(came.out[0].candidates[static_cast<std::size_t>(number)].states.empty());
}

// What every rank was handed is on record while it has it.
TEST(SearchOverRanks, SayWhoTrainsWhat) {
  class Record : public search::Memory {
   public:
    Record() : Memory(1, 1'000'000) {}
    void under_way(int rank, const std::vector<std::int64_t>& candidates) override {
      now[rank] = candidates;
      for (const std::int64_t c : candidates) seen.insert(c);
    }
    std::map<int, std::vector<std::int64_t>> now;
    std::set<std::int64_t> seen;
  };
  const auto record = std::make_shared<Record>();
  over(3, [&](Rank& rank, int number) {
    Options options = with_threads({}, 1);
    if (number == 0) options.study = record;
    return run(rank, ways()[1], options);
  });
  EXPECT_EQ(record->seen.size(), 60u);
  EXPECT_EQ(record->now.size(), 3u);
  for (const auto& [rank, candidates] : record->now) EXPECT_TRUE(candidates.empty()) << rank;
}

// A sampler is asked on rank 0 alone.
class Counted : public search::Sampler {
 public:
  std::int64_t size(const search::Space&) const override { return 9; }
  std::string name() const override { return "counted"; }
  std::vector<search::Configuration> ask(const search::Space& space, std::uint64_t seed, std::int64_t first,
                                         std::int64_t n, std::span<const search::Told> told) const override {
    ++asked;
    return search::random(9)->ask(space, seed, first, n, told);
  }
  mutable int asked = 0;
};

TEST(SearchOverRanks, AskRankZerosSampler) {
  std::vector<std::shared_ptr<Counted>> samplers;
  for (int i = 0; i < 3; ++i) samplers.push_back(std::make_shared<Counted>());
  const auto came = over(3, [&](Rank& rank, int number) {
    return run(rank, {"counted", samplers[static_cast<std::size_t>(number)]}, with_threads({}, 1));
  });
  EXPECT_EQ(came.out[2].candidates.size(), 9u);
  EXPECT_EQ(samplers[0]->asked, 1);
  EXPECT_EQ(samplers[1]->asked + samplers[2]->asked, 0);
}

// Plans time programs, and no two clocks agree: all have rank 0's.
TEST(SearchOverRanks, PlanAlike) {
  const auto data = search::split(search::lines::points(50));
  const auto flat = flat_of(search::lines::trainable(), data);
  search::Space space(search::lines::schema());
  ways()[1].space(space);
  const auto came = over(3, [&](Rank& rank, int number) {
    return rank.plan(1 + number, flat, search::typed::flat_folds(data), space, search::random(20), {});
  });
  for (const search::Plan& plan : came.out) {
    EXPECT_EQ(plan.threads, 1 + 2 + 3);
    EXPECT_EQ(plan.candidates, 20);
    EXPECT_EQ(plan.seconds, came.out[0].seconds);
    EXPECT_GT(plan.seconds, 0);
    ASSERT_EQ(plan.programs.size(), came.out[0].programs.size());
    for (std::size_t i = 0; i < plan.programs.size(); ++i) {
      EXPECT_EQ(plan.programs[i].example, came.out[0].programs[i].example);
      EXPECT_EQ(plan.programs[i].seconds, came.out[0].programs[i].seconds);
    }
    ASSERT_EQ(plan.stretches.size(), 1u);
    EXPECT_EQ(plan.stretches[0].seconds, came.out[0].stretches[0].seconds);
  }
}

// ---- one candidate by all ranks ------------------------------------------------------------------------

struct Plane {
  Array w, b, steps;
};
struct Rows {
  Array x, y;
};

auto planes(search::Manner manner = {}) {
  search::Schema schema;
  schema.real("rate", {1e-3, 0.2}).log();
  schema.real("clip", {1e-3, 1e6}).log().may_be_off().standard(search::Value::off());
  schema.integer("accumulate", {1, 64}).fixed().may_be_off().standard(search::Value::off());
  schema.integer("shards", {1, 64}).fixed().may_be_off().standard(search::Value::off());
  schema.batch("batch", 13);
  schema.budget("epochs", 4);
  return search::trainable(
      schema,
      [](const search::Settings&, const Array& key) {
        return Plane{random::normal(key, {3}), Array::scalar(0.5), Array::scalar(0)};
      },
      search::by_gradient(
          [](const search::Settings&, const Plane& p, const Rows& rows) {
            const Array steps = p.steps;
            const auto of = [&](const Array& w, const Array& b) -> Array {
              return mean(square(sum(rows.x * w, {1}) + b - rows.y)) / (1 + steps);
            };
            const auto [value, w] = value_and_grad([&](const Array& x) { return of(x, p.b); })(p.w);
            const auto b = grad([&](const Array& x) { return of(p.w, x); })(p.b);
            return std::pair(value, std::pair(w, b));
          },
          [](const search::Settings& h, const Plane& p, const std::pair<Array, Array>& slope) {
            return Plane{p.w - h["rate"] * slope.first, p.b - h["rate"] * slope.second, p.steps + 1};
          },
          {.clip = "clip", .accumulate = "accumulate", .shards = "shards"}),
      [](const search::Settings&, const Plane& p, const Rows& rows) {
        return search::Measures{search::mean("error", square(sum(rows.x * p.w, {1}) + p.b - rows.y))};
      },
      manner);
}

struct Shared {
  const char* name;
  std::function<void(search::Space&)> space;
  Options options = {};
  search::Manner manner = {};
  bool is_shared = true;
};

// The bits are those of one process, whoever computes which parts; and it is shared where it can be.
TEST(SearchOverRanks, ShareTheGradientOfACandidate) {
  const Rows rows{random::normal(random::key(3), {70, 3}), random::normal(random::key(4), {70})};
  const auto shards = [](search::Space& s) { s.vary("shards", {2, 5, 13, 64}); };
  const Shared all[] = {
      {"plain", shards, {.states = 8}},
      {"clip",
       [](search::Space& s) {
         s.vary("shards", {3, 8}).set("clip", 0.1);
       }},
      {"some",
       [](search::Space& s) {
         s.vary("shards", {search::Value::off(), 4});
       },
       {.states = 8}},
      {"halving", shards, {.scheduling = search::halving(2)}},
      {"patience", shards, {.patience = 1, .states = 3}},
      {"whole", shards, {}, {.whole = true}},
      {"off", [](search::Space&) {}, {}, {}, false},
      {"one part", [](search::Space& s) { s.set("shards", 1); }, {}, {}, false},
      {"own order", shards, {}, {.own_order = true}, false},
      // Each part of a batch by itself, one after another: that is one process's.
      {"accumulate",
       [](search::Space& s) { s.set("shards", 3).set("accumulate", 2).set("batch", 12); },
       {},
       {},
       false},
  };
  for (const Shared& way : all)
    for (const std::int64_t folds : {0, 3}) {
      SCOPED_TRACE(way.name);
      const auto functions = planes(way.manner);
      search::Space space(functions.schema);
      way.space(space);
      const auto data = search::split(rows, {.folds = folds});
      Options options = with_threads(way.options, 1);
      const Result alone = search::run(functions, data, space, search::random(16), options);
      ASSERT_TRUE(alone.best);
      for (const int ranks : {1, 2, 3, 4, 7}) {
        const auto came = over(ranks, [&](Rank& rank, int) {
          return rank.run(1, flat_of(functions, data), search::typed::flat_folds(data), space,
                          search::random(16), options);
        });
        for (std::size_t i = 0; i < came.out.size(); ++i) {
          SCOPED_TRACE(testing::Message() << "rank " << i << " of " << ranks);
          EXPECT_EQ(came.thrown[i], "");
          search::lines::expect_same(alone, came.out[i]);
          EXPECT_EQ(came.gathered[i] > 0, way.is_shared);
        }
      }
    }
}

// Stopped on the way, by rank 0, and gone on with over others.
TEST(SearchOverRanks, ShareAndGoOn) {
  const Rows rows{random::normal(random::key(3), {70, 3}), random::normal(random::key(4), {70})};
  const auto functions = planes();
  search::Space space(functions.schema);
  space.vary("shards", {4, 5}).vary("epochs", {3, 9});
  const auto data = search::split(rows);
  const auto memory = std::make_shared<search::Memory>(7, 12);
  const Result alone = search::run(functions, data, space, search::random(12), {.threads = 1});
  for (const int ranks : {3, 2, 2}) {
    memory->stop = false;
    const bool last = ranks == 2;
    const auto came = over(ranks, [&](Rank& rank, int number) {
      Options options = with_threads({}, 1);
      if (number == 0) options.study = memory;
      if (number == 0 && !last) options.stop = &memory->stop;
      return rank.run(1, flat_of(functions, data), search::typed::flat_folds(data), space, search::random(12),
                      options);
    });
    for (const Result& result : came.out) {
      EXPECT_EQ(result.interrupted, !last);
      search::lines::expect_same(last ? alone : came.out[0], result);
    }
  }
}

// ---- what fails ----------------------------------------------------------------------------------------

void expect_all(const std::vector<std::string>& thrown, const testing::Matcher<std::string>& text) {
  for (std::size_t i = 0; i < thrown.size(); ++i) EXPECT_THAT(thrown[i], text) << "rank " << i;
}

TEST(SearchOverRanks, NameOneThatSearchesSomethingElse) {
  const Way plain = ways()[0];
  expect_all(over(3, [&](Rank& rank,
                         int number) { return run(rank, plain, with_threads({}, 1), number == 2 ? 48 : 50); })
                 .thrown,
             StartsWith("on rank 2 (here) the data is not that of rank 0: number of fold 1's training rows "
                        "40 -> 38"));
  expect_all(over(2,
                  [&](Rank& rank, int number) {
                    Options options = with_threads({}, 1);
                    options.seed = static_cast<std::uint64_t>(number);
                    return run(rank, plain, options);
                  })
                 .thrown,
             StartsWith("on rank 1 (here) the call is not that of rank 0: seed 0 -> 1; every rank must"));
  expect_all(over(2,
                  [&](Rank& rank, int number) {
                    Options options = with_threads({}, 1);
                    options.tries = {number == 0 ? "rate=0.01" : "rate=0.02"};
                    return run(rank, plain, options);
                  })
                 .thrown,
             StartsWith("on rank 1 (here) the call is not that of rank 0: tries rate=0.01"));
  expect_all(over(2,
                  [&](Rank& rank, int number) {
                    return run(rank, {"n", search::random(number == 0 ? 4 : 5)}, with_threads({}, 1));
                  })
                 .thrown,
             StartsWith("on rank 1 (here) the call is not that of rank 0: candidates 4 -> 5"));
  expect_all(over(2,
                  [&](Rank& rank, int number) {
                    const Way of_schema{"schema", search::random(4), [&](search::Space& s) {
                                          if (number == 1) s.set("rate", 0.5);
                                        }};
                    return run(rank, of_schema, with_threads({}, 1));
                  })
                 .thrown,
             StartsWith("on rank 1 (here) the space is not that of rank 0: rate "));
}

struct Number {
  Array w;
};

// A search whose step adds `shift`, and fails where `what` throws.
Result number_search(
    Rank& rank, double shift, const std::function<void()>& what = [] {}) {
  search::Schema schema;
  schema.real("rate", {0, 1});
  const auto training = search::trainable(
      schema, [](const search::Settings&, const Array&) { return Number{Array::scalar(0)}; },
      [=](const search::Settings& h, const Number& s, const Number& batch) {
        what();
        const Array error = s.w - mean(batch.w) + shift;
        return std::pair(Number{s.w - h["rate"] * error}, square(error));
      },
      [](const search::Settings&, const Number& s, const Number& rows) {
        return search::Measures{search::mean("error", square(s.w - rows.w))};
      });
  const auto data = search::split(Number{random::normal(random::key(1), {20})});
  return rank.run(1, flat_of(training, data), search::typed::flat_folds(data), schema, search::random(200),
                  {});
}

TEST(SearchOverRanks, NameOneOfOtherFunctions) {
  expect_all(
      over(2, [&](Rank& rank, int number) { return number_search(rank, number); }).thrown,
      StartsWith("rank 1 (here): the graph of step is not that of rank 0; every rank must run the same"));
}

// And the next search of the same ranks is none the worse.
TEST(SearchOverRanks, TellWhoFailedAndGoOn) {
  const auto came = over(3, [&](Rank& rank, int number) {
    const std::string thrown = error_of(
        [&] {
          number_search(rank, 0, [&] {
            if (number == 2) throw std::runtime_error("out of luck");
          });
        },
        ErrorKind::run);
    EXPECT_EQ(thrown, "rank 2 (here): out of luck");
    return number_search(rank, 0);
  });
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(came.thrown[i], "");
    EXPECT_EQ(came.out[i].candidates.size(), 200u);
    search::lines::expect_same(came.out[0], came.out[i]);
  }
}

TEST(SearchOverRanks, ThrowAlikeWhereRankZeroFails) {
  const auto came = over(3, [&](Rank& rank, int number) {
    EXPECT_THAT(error_of([&] {
                  Options options = with_threads({}, 1);
                  options.progress = [](const search::Progress&) { fail("no more of this"); };
                  run(rank, ways()[0], options);
                }),
                HasSubstr("no more of this"));
    // What is refused before anything is said to others is refused by all.
    EXPECT_THAT(error_of([&] {
                  Options options = with_threads({}, 1);
                  options.generation = number == 0 ? 0 : 1;
                  run(rank, ways()[0], options);
                }),
                HasSubstr("a generation of 0 candidates"));
    return run(rank, ways()[0], with_threads({}, 1));
  });
  search::lines::expect_same(search::lines::run(ways()[0], 1), came.out[2]);
}

TEST(SearchOverRanks, AreMadeOneAfterAnother) {
  const auto came = over(2, [&](Rank& rank, int) {
    Options options = with_threads({}, 1);
    options.progress = [&](const search::Progress&) { run(rank, ways()[0], with_threads({}, 1)); };
    return run(rank, ways()[0], options);
  });
  expect_all(came.thrown, StartsWith("a search over ranks is under way"));
}

TEST(SearchOverRanks, EndWhereARankMakesNoSearch) {
  auto came = over(2, [&](Rank& rank, int number) {
    return number == 0 ? run(rank, ways()[0], with_threads({}, 1)) : Result();
  });
  EXPECT_THAT(came.thrown[0], StartsWith("rank 1 has ended its program, and rank 0 is in a search"));
  came = over(2, [&](Rank& rank, int number) {
    return number == 1 ? run(rank, ways()[0], with_threads({}, 1)) : Result();
  });
  EXPECT_THAT(came.thrown[1], StartsWith("rank 0 has ended its program, and rank 1 is in a search"));
}

// ---- messages ------------------------------------------------------------------------------------------

TEST(SearchMessages, ValuesArriveAsTheyWereSent) {
  search::Schema schema;
  schema.real("rate", {0, 1}).fixed().may_be_off().may_be_automatic();
  schema.integer("degree", {1, 3}).standard(1);
  schema.choice("rule", {"plain", "falling"}).standard("plain");
  const auto shared = std::make_shared<const search::Schema>(schema);
  for (const search::Value& rate : {search::Value(), search::Value::off(), search::Value::automatic(),
                                    search::Value(0.1), search::Value(1)}) {
    const search::Configuration sent(shared, {rate, 2, "falling"});
    Writer writer(Kind::work);
    put(writer, sent);
    const Bytes bytes = writer.take();
    Reader message(bytes);
    message.get<Kind>();
    const search::Configuration back = SearchReader(message, shared).configuration();
    EXPECT_EQ(back, sent);
    EXPECT_EQ(back.values()[0].is_integer(), rate.is_integer());
  }
}

}  // namespace
}  // namespace runnel::ranks
