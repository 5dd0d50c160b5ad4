// Searches over a training that the house does not know: what candidates come to depends on nothing but
// themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <map>

#include "error_of.h"
#include "ways.h"

namespace runnel::search {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using lines::expect_same;
using lines::same;
using lines::same_states;
using lines::Way;
using lines::ways;

class Ways : public testing::TestWithParam<Way> {};

TEST_P(Ways, HaveTheSameBitsOnAnyThreads) {
  const Result one = lines::run(GetParam(), 1);
  ASSERT_TRUE(one.best);
  EXPECT_FALSE(one.candidates[static_cast<std::size_t>(*one.best)].states.empty());
  for (const int threads : {2, 3}) expect_same(one, lines::run(GetParam(), threads));
}

// Whatever company a candidate has been in, by itself it comes to the same.
TEST_P(Ways, HaveTheSameBitsAlone) {
  const Way& way = GetParam();
  const auto all = lines::run(way, 2);
  Options alone = way.options;
  alone.scheduling = {};
  for (const Candidate& c : all.candidates) {
    if (c.number % 3 != 0 && c.states.empty()) continue;
    const auto one = search::run(lines::trainable(way.manner), split(lines::points(50), way.split),
                                 Space(lines::schema()), these({c.configuration}), alone);
    const Candidate& x = one.candidates[0];
    const auto n = std::min(x.curve.size(), c.curve.size());
    EXPECT_GE(x.curve.size(), n) << c.number;
    EXPECT_TRUE(same({x.curve.begin(), x.curve.begin() + static_cast<std::ptrdiff_t>(n)},
                     {c.curve.begin(), c.curve.begin() + static_cast<std::ptrdiff_t>(n)}))
        << c.number;
    if (c.status != Status::done) continue;
    EXPECT_TRUE(same(x.measures, c.measures)) << c.number;
    EXPECT_TRUE(c.states.empty() || same_states(x.states, c.states)) << c.number;
  }
}

INSTANTIATE_TEST_SUITE_P(Search, Ways, testing::ValuesIn(ways()),
                         [](const auto& p) { return std::string(p.param.name); });

// ---- truths of other origin ----------------------------------------------------------------------------

struct Pair {
  Array x, y;
};

// Descent on a parabola in f64, written out.
TEST(Search, TrainsAsAPlainLoopDoes) {
  Schema schema;
  schema.real("rate", {0, 1});
  schema.real("momentum", {0, 1});
  schema.budget("epochs", 20);
  struct State {
    Array w, v;
  };
  const auto line = trainable(
      schema,
      [](const Settings&, const Array&) {
        return State{Array::scalar(0, DType::f64), Array::scalar(0, DType::f64)};
      },
      [](const Settings& h, const State& s, const Pair& rows) {
        const auto loss = [&](const Array& w) -> Array { return mean(square(w * rows.x - rows.y)); };
        const auto [value, slope] = value_and_grad(loss)(s.w);
        const Array v = h["momentum"] * s.v + slope;
        return std::pair(State{s.w - h["rate"] * v, v}, value);
      },
      [](const Settings&, const State& s, const Pair& rows) {
        return Measures{root_mean("rmse", square(s.w * rows.x - rows.y))};
      },
      {.whole = true});
  const std::vector<double> x{-1, 0.5, 2, 3}, y{1, 1, 4, 7};
  const Pair rows{Array::from(x, {4}), Array::from(y, {4})};
  Space space(schema);
  space.vary("rate=0.01..0.1:4").vary("momentum=0..0.9:3");
  const auto found = run(line, all_rows(rows), space, grid(), {.states = 12});
  ASSERT_EQ(found.kept.size(), 12u);
  for (const auto& kept : found.kept) {
    const Candidate& c = found.candidates[static_cast<std::size_t>(kept.number)];
    double w = 0, v = 0;
    for (int step = 0; step < 20; ++step) {
      double slope = 0;
      for (std::size_t i = 0; i < 4; ++i) slope += 2 * (w * x[i] - y[i]) * x[i] / 4;
      v = c.configuration["momentum"].number() * v + slope;
      w -= c.configuration["rate"].number() * v;
    }
    EXPECT_NEAR(kept.by_fold[0].w.item(), w, 1e-12 * (1 + std::abs(w)));
    double squares = 0;
    for (std::size_t i = 0; i < 4; ++i) squares += (w * x[i] - y[i]) * (w * x[i] - y[i]) / 4;
    EXPECT_NEAR(c.measures[0], std::sqrt(squares), 1e-12);
  }
}

TEST(Search, ReadsCandidatesOfOtherBudgetsOffOneTrajectory) {
  Space space(lines::schema());
  space.set("rate", 0.1).vary("epochs", {1, 4, 9});
  const auto data = split(lines::points(40));
  const auto plain = run(lines::trainable(), data, space, grid());
  EXPECT_EQ(plain.trajectories, 1);
  EXPECT_EQ(plain.epochs, 9);
  const auto& longest = plain.candidates[2].curve;
  for (const std::size_t i : {0u, 1u}) {
    const Candidate& c = plain.candidates[i];
    EXPECT_EQ(c.measures[0], longest[static_cast<std::size_t>(c.epochs - 1)]);
  }
  // A rule that knows how many steps there will be takes another way from the first step on.
  space.set("rule", "falling");
  const auto falling = run(lines::trainable(), data, space, grid());
  EXPECT_EQ(falling.trajectories, 3);
  EXPECT_NE(falling.candidates[0].curve[0], falling.candidates[1].curve[0]);
}

TEST(Search, MeasuresFoldsByTheirMean) {
  Space space(lines::schema());
  space.set("rate", 0.1);
  const auto data = split(lines::points(41), {.folds = 4, .seed = 3});
  std::int64_t rows = 0;
  for (const auto& fold : data.folds) {
    EXPECT_EQ(fold.train.x.dim(0) + fold.validation.x.dim(0), 41);
    rows += fold.validation.x.dim(0);
  }
  EXPECT_EQ(rows, 41);
  const auto all = run(lines::trainable(), data, space, grid());
  ASSERT_EQ(all.candidates[0].by_fold.size(), 4u);
  EXPECT_EQ(all.kept[0].by_fold.size(), 4u);
  double mean = 0;
  for (const double value : all.candidates[0].by_fold) mean += value / 4;
  EXPECT_NEAR(all.candidates[0].measures[0], mean, 1e-15);
}

TEST(Search, GivesStatesInTheTypesOfTheirOwner) {
  Space space(lines::schema());
  space.vary("rate", {0.05, 0.2}).vary("degree", {1, 2, 3});
  const auto found = run(lines::trainable(), split(lines::points(60)), space, grid(), {.states = 6});
  ASSERT_EQ(found.kept.size(), 6u);
  for (const auto& kept : found.kept) {
    const Candidate& c = found.candidates[static_cast<std::size_t>(kept.number)];
    EXPECT_EQ(std::ssize(kept.by_fold[0].terms), c.configuration["degree"].integer());
  }
  EXPECT_EQ(found.winner().number, found.kept[0].number);
}

// ---- what is told --------------------------------------------------------------------------------------

TEST(Search, TellsAndNeverChoosesWhatDiverges) {
  Space space(lines::schema());
  space.vary("rate", {0.1, 900.0}).set("epochs", 40);
  const auto found = run(lines::trainable(), split(lines::points(60)), space, grid());
  EXPECT_EQ(found.candidates[1].status, Status::diverged);
  EXPECT_TRUE(std::isnan(found.candidates[1].measures[0]));
  EXPECT_EQ(found.best, 0);
  EXPECT_THAT(found.warnings, Contains(HasSubstr("1 of 2 candidates diverged")));
  space.set("rate", 900.0);
  const auto none = run(lines::trainable(), split(lines::points(60)), space, grid());
  EXPECT_FALSE(none.best);
  EXPECT_THAT(error_of([&] { none.state(); }, ErrorKind::run), HasSubstr("no best candidate"));
}

TEST(Search, TellsOfWhatItSaw) {
  Schema schema = lines::schema();
  schema.real("unused", {0, 1});
  Space space(schema);
  space.vary("rate", {0.0001, 0.001, 0.002}).vary("unused", {0.0, 1.0}).set("batch", 21);
  const auto found = run(lines::trainable({}, schema), split(lines::points(50)), space, grid());
  EXPECT_THAT(found.warnings,
              Contains("nothing asks for unused: candidates that differ in it alone are the same"));
  EXPECT_THAT(found.warnings, Contains(HasSubstr("the best rate (0.002) is the largest tried")));
  EXPECT_THAT(found.warnings, Contains(HasSubstr("a batch of 21 leaves 19 of the 40 training rows out")));
  const auto idle = run(lines::trainable(), split(lines::points(50)), Space(lines::schema()).set("epochs", 2),
                        random(5), {.scheduling = halving()});
  EXPECT_THAT(idle.warnings, Contains(HasSubstr("the scheduler halving stops nobody early")));
}

TEST(Search, HalvesAtRungs) {
  const auto found = run(lines::trainable(), split(lines::points(50)),
                         Space(lines::schema()).set("epochs", 9), random(27), {.scheduling = halving()});
  EXPECT_THAT(found.rungs, ElementsAre(Rung{0, 1, 27, 9}, Rung{0, 3, 9, 3}));
  EXPECT_EQ(found.epochs, 27 + 9 * 2 + 3 * 6);
  const auto retired = std::count_if(
      found.candidates.begin(), found.candidates.end(),
      [](const Candidate& c) { return c.status == Status::retired || c.status == Status::diverged; });
  EXPECT_EQ(retired, 24);
}

TEST(Search, StopsOnceSaidAndHasABestCandidate) {
  std::atomic<bool> stop = false;
  std::vector<std::optional<double>> best;
  Options options;
  options.threads = 1;
  options.stop = &stop;
  options.progress = [&](const Progress& p) {
    best.push_back(p.best);
    if (best.size() == 3) stop = true;
  };
  Space space(lines::schema());
  space.set("epochs", 1000);
  const auto found = run(lines::trainable(), split(lines::points(50)), space, random(6), options);
  EXPECT_TRUE(found.interrupted);
  ASSERT_TRUE(found.best);
  EXPECT_TRUE(best[0].has_value());  // from the first epoch on
  const Candidate& winner = found.winner();
  EXPECT_EQ(winner.status, Status::interrupted);
  EXPECT_EQ(winner.epochs, 3);
  EXPECT_EQ(winner.measures[0], winner.curve[2]);
  // The state is that of a training of so many epochs.
  Space again(lines::schema());
  Configuration c = winner.configuration;
  c.set("epochs", 3);
  const auto one = run(lines::trainable(), split(lines::points(50)), again, these({c}));
  EXPECT_TRUE(same_states(one.candidates[0].states, winner.states));
}

// What progress tells as the best is what the search comes to where it is stopped then: without patience a
// candidate is judged by its latest reading, not by its best one.
TEST(Search, TellsTheBestThatItWouldPick) {
  for (Way way : ways()) {
    SCOPED_TRACE(way.name);
    for (const int calls : {1, 2, 3, 5, 8, 13, 21, 34, 1'000'000}) {
      std::atomic<bool> stop = false;
      std::optional<double> best;
      int n = 0;
      Options options = way.options;
      options.threads = 1;
      options.stop = &stop;
      options.progress = [&](const Progress& p) {
        best = p.best;
        stop = ++n == calls;
      };
      const Result found = lines::run(way, options);
      ASSERT_EQ(best.has_value(), found.best.has_value()) << calls;
      if (best) {
        EXPECT_EQ(*best, found.candidates[static_cast<std::size_t>(*found.best)].measures[0]) << calls;
      }
    }
  }
}

TEST(Search, EndsWhenItsTimeIsOver) {
  Space space(lines::schema());
  space.set("epochs", 1'000'000'000);
  const auto found = run(lines::trainable(), split(lines::points(50)), space, tpe(1000), {.seconds = 0.2});
  EXPECT_TRUE(found.interrupted);
  EXPECT_TRUE(found.best);
  EXPECT_LT(found.seconds, 20);
}

// ---- samplers of a user --------------------------------------------------------------------------------

// Halves the rate from candidate to candidate, and writes down what it was told.
class Halver : public Sampler {
 public:
  bool reads_results() const override { return true; }
  std::int64_t size(const Space&) const override { return 10; }
  std::string name() const override { return "halver"; }
  std::vector<Configuration> ask(const Space& space, std::uint64_t, std::int64_t first, std::int64_t n,
                                 std::span<const Told> earlier) const override {
    told.emplace_back(earlier.begin(), earlier.end());
    std::vector<Configuration> out;
    for (std::int64_t i = first; i < first + n; ++i) {
      out.push_back(space.base());
      out.back().set("rate", std::ldexp(0.5, -static_cast<int>(i)));
      out.back().settle();
    }
    return out;
  }
  mutable std::vector<std::vector<Told>> told;
};

TEST(Search, AsksInGenerationsAndTellsInOrder) {
  const auto sampler = std::make_shared<Halver>();
  const auto found = run(lines::trainable(), split(lines::points(50)), Space(lines::schema()).set("rate", 1),
                         sampler, {.generation = 4});
  ASSERT_EQ(sampler->told.size(), 3u);
  EXPECT_EQ(found.generations, 3);
  EXPECT_THAT(sampler->told[0], IsEmpty());
  EXPECT_EQ(sampler->told[1].size(), 4u);
  ASSERT_EQ(sampler->told[2].size(), 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(sampler->told[2][i].value, found.candidates[i].measures[0]);
    EXPECT_EQ(sampler->told[2][i].configuration, found.candidates[i].configuration);
  }
  ASSERT_EQ(found.candidates.size(), 10u);
  EXPECT_EQ(found.candidates[9].configuration["rate"], Value(std::ldexp(0.5, -9)));
}

// ---- what is refused -----------------------------------------------------------------------------------

template <class Step, class Evaluate>
std::string refused(Step step, Evaluate evaluate, Pair rows = {Array::ones({4}), Array::ones({4})}) {
  Schema schema;
  schema.real("rate", {0, 1}).standard(0.5);
  const auto t = trainable(
      schema, [](const Settings&, const Array&) { return Array::zeros({3}); }, step, evaluate);
  return error_of([&] { run(t, all_rows(rows), grid()); });
}

TEST(Search, RefusesWhatCannotBeTrained) {
  const auto step = [](const Settings&, const Array& s, const Pair& rows) {
    return std::pair(s, mean(rows.x));
  };
  const auto evaluate = [](const Settings&, const Array&, const Pair& rows) {
    return Measures{mean("error", rows.x)};
  };
  EXPECT_THAT(refused([](const Settings&, const Array& s,
                         const Pair& rows) { return std::pair(convert(s, DType::f64), mean(rows.x)); },
                      evaluate),
              HasSubstr("a step changes array 1 of the state from f32(3,), as init makes it, to f64(3,)"));
  EXPECT_THAT(refused([](const Settings&, const Array& s, const Pair& rows) { return std::pair(s, rows.x); },
                      evaluate),
              HasSubstr("a step returns the loss f32(4,): it is a scalar"));
  EXPECT_THAT(refused(step, [](const Settings&, const Array&, const Pair&) { return Measures{}; }),
              HasSubstr("evaluate returns no measure"));
  EXPECT_THAT(
      refused(step, [](const Settings&, const Array& s, const Pair&) { return Measures{mean("error", s)}; }),
      HasSubstr("the measure error of 4 rows is f32(3,)"));
  EXPECT_THAT(refused(step, [](const Settings& h, const Array&,
                               const Pair& rows) { return Measures{mean("error", h["rat"] * rows.x)}; }),
              HasSubstr("there is no hyperparameter \"rat\""));
  EXPECT_THAT(refused([](const Settings& h, const Array& s,
                         const Pair& rows) { return std::pair(s * h.number("rate"), mean(rows.x)); },
                      evaluate),
              HasSubstr("rate is traced and differs from lane to lane"));
  EXPECT_THAT(refused(step, evaluate, {Array::ones({4}), Array::ones({5})}),
              HasSubstr("array 2 of fold 1 has 5 rows to train on, array 1 has 4"));
  EXPECT_THAT(refused(step, evaluate, {Array::ones({0}), Array::ones({0})}),
              HasSubstr("fold 1 has no row to train on"));
  EXPECT_THAT(refused(step, evaluate, {Array::ones({4}), Array::scalar(1)}), HasSubstr("is a single number"));
}

// Says that its steps are cut into parts, and has none, or but one, of the two halves.
class Cut : public Trainable {
 public:
  explicit Cut(bool has_gradients) : has_gradients_(has_gradients) {
    schema_.real("rate", {0, 1}).standard(0.5);
  }
  const Schema& schema() const override { return schema_; }
  std::vector<Array> init(const Settings&, const Array&) const override { return {Array::scalar(1)}; }
  std::pair<std::vector<Array>, Array> step(const Settings& h, const std::vector<Array>& state,
                                            const std::vector<Array>&) const override {
    return {{state[0] - h["rate"] * state[0]}, square(state[0])};
  }
  Measures evaluate(const Settings&, const std::vector<Array>& state,
                    const std::vector<Array>& rows) const override {
    return {mean("error", square(state[0] - rows[0]))};
  }
  std::int64_t shards(const Settings&, std::int64_t) const override { return 2; }
  std::vector<std::vector<Array>> shard_gradients(const Settings& h, const std::vector<Array>& state,
                                                  const std::vector<Array>& batch, std::int64_t first,
                                                  std::int64_t last) const override {
    if (!has_gradients_) return Trainable::shard_gradients(h, state, batch, first, last);
    return {{state[0]}};
  }

 private:
  bool has_gradients_;
  Schema schema_;
};

TEST(Search, RefusesShardsWithoutHalves) {
  const auto refused_of = [](bool has_gradients) {
    const Cut cut(has_gradients);
    const std::vector<Fold> folds{{{Array::ones({4})}, {Array::ones({4})}}};
    return error_of([&] { run(cut, folds, Space(cut.schema()), grid()); });
  };
  EXPECT_THAT(refused_of(false), HasSubstr("there is no shard_gradients: override it, or let shards say 0"));
  EXPECT_THAT(refused_of(true), HasSubstr("there is no step_along: override it, or let shards say 0"));
}

// A sampler that leaves its schema.
class Stranger : public Halver {
 public:
  std::vector<Configuration> ask(const Space& space, std::uint64_t, std::int64_t, std::int64_t n,
                                 std::span<const Told>) const override {
    std::vector<Value> values = space.base().values();
    values[0] = 0.1;
    values[3] = Value();  // the degree
    return std::vector<Configuration>(static_cast<std::size_t>(n),
                                      Configuration(std::make_shared<const Schema>(space.schema()), values));
  }
};

TEST(Search, RefusesCandidatesOutsideTheSchema) {
  const auto data = split(lines::points(50));
  EXPECT_THAT(error_of([&] {
                run(lines::trainable(), data, Space(lines::schema()).set("rate", 1),
                    std::make_shared<Stranger>());
              }),
              HasSubstr("degree has no value"));
  EXPECT_THAT(error_of([&] { Space(lines::schema()).set("rate", std::nan("")); }), HasSubstr("rate is nan"));
  Schema other;
  other.real("rate", {0, 1});
  EXPECT_THAT(error_of([&] { run(lines::trainable(), data, Space(other), random(5)); }),
              HasSubstr("the space is of another schema, which has no penalty"));
  EXPECT_THAT(error_of([&] {
                Configuration c(std::make_shared<const Schema>(other));
                c.set("rate", 0.5);
                run(lines::trainable(), data, these({c}));
              }),
              HasSubstr("a candidate is of another schema"));
  EXPECT_THAT(error_of([&] { run(lines::trainable(), data, random(5), {.generation = 0}); }),
              HasSubstr("a generation of 0 candidates"));
  EXPECT_THAT(error_of([&] { split(lines::points(1)); }), HasSubstr("1 row cannot be split"));
  EXPECT_THAT(error_of([&] { random(0); }), HasSubstr("from 1 to 1,000,000 candidates, not 0"));
}

}  // namespace
}  // namespace runnel::search
