// Trainings whose outputs are measured as a whole, that know of a fold beside its rows, and keep a part of
// their state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "error_of.h"
#include "runnel/ops.h"
#include "runnel/random.h"
#include "runnel/search.h"
#include "runnel/transforms.h"

namespace runnel::search {
namespace {

using testing::HasSubstr;
using Leaves = std::vector<Array>;

// y = w (x - centre) + b by gradient descent; the centre is the mean of the training rows. Measured by the
// median of the absolute errors, which is no mean over rows, and by their mean.
class Centred : public Trainable {
 public:
  explicit Centred(Schema schema) : schema_(std::move(schema)) {}

  const Schema& schema() const override { return schema_; }
  Manner manner() const override { return {.measured_rows = 7}; }
  Leaves init(const Settings& h, const Array& key) const override {
    const std::int64_t columns = h.rows()[0].shape[1];
    return {random::normal(key, {columns}, DType::f64), Array::scalar(0, DType::f64),
            Array::scalar(0, DType::i32)};
  }
  std::pair<Leaves, Array> step(const Settings& h, const Leaves& s, const Leaves& rows) const override {
    const auto loss = [&](const Leaves& wb) -> Array {
      return mean(square(outputs(h, wb, rows[0]) - rows[1]));
    };
    const auto [value, slope] = value_and_grad(loss)(Leaves{s[0], s[1]});
    return {{s[0] - h["rate"] * slope[0], s[1] - h["rate"] * slope[1], s[2] + 1}, value};
  }
  search::Measures evaluate(const Settings& h, const Leaves& s, const Leaves& rows) const override {
    return {{"outputs", stack({outputs(h, s, rows[0]), rows[1]}, 1)}};
  }
  Leaves given(const Configuration&, const Fold& fold) const override { return {mean(fold.train[0], {0})}; }
  Leaves learnt(const Settings&, const Leaves& s) const override { return {s[0], s[1]}; }
  const OutputMeasures* output_measures() const override { return &measures_; }

 private:
  struct Median : OutputMeasures {
    std::vector<MeasureKind> kinds() const override { return {{"median"}, {"mae"}}; }
    std::vector<double> measure(std::size_t, std::span<const double> outputs, bool judged) const override {
      std::vector<double> errors;
      double sum = 0;
      for (std::size_t i = 0; i < outputs.size(); i += 2) {
        errors.push_back(std::abs(outputs[i] - outputs[i + 1]));
        sum += errors.back();
      }
      std::sort(errors.begin(), errors.end());
      return {errors[errors.size() / 2], judged ? sum / static_cast<double>(errors.size()) : std::nan("")};
    }
    // Not the mean: the worst of the folds.
    double over_folds(std::size_t, std::span<const double> by_fold) const override {
      return *std::max_element(by_fold.begin(), by_fold.end());
    }
  };

  static Array outputs(const Settings& h, const Leaves& wb, const Array& x) {
    return sum((x - h.given().at(0)) * wb[0], {1}) + wb[1];
  }

  const Schema schema_;
  const Median measures_;
};

Schema schema() {
  Schema s;
  s.real("rate", {1e-4, 1e3}).log();
  s.batch("batch", 10);
  s.budget("epochs", 8);
  s.patience("patience");
  s.seed("seed");
  return s;
}

// Folds of 3 and of 2 columns.
std::vector<Fold> folds() {
  std::vector<Fold> out;
  for (const std::int64_t columns : {3, 2}) {
    const Array key = random::key(static_cast<std::uint64_t>(columns));
    const Array x = 2 + random::normal(random::fold_in(key, 0), {40, columns}, DType::f64);
    const Array y = sum(x, {1}) + 0.1 * random::normal(random::fold_in(key, 1), {40}, DType::f64);
    const auto rows = [&](std::int64_t begin, std::int64_t end) {
      return Leaves{slice(x, 0, begin, end), slice(y, 0, begin, end)};
    };
    out.push_back({rows(0, 30), rows(30, 40)});
  }
  return out;
}

// The median error of w and b on the validation rows of a fold, by loops.
double median_of(const Fold& fold, const Leaves& learnt) {
  const Array x = fold.validation[0], y = fold.validation[1];
  std::vector<double> errors;
  for (std::int64_t i = 0; i < x.dim(0); ++i) {
    double out = learnt[1].item();
    for (std::int64_t k = 0; k < x.dim(1); ++k) {
      double centre = 0;
      for (std::int64_t r = 0; r < fold.train[0].dim(0); ++r) centre += fold.train[0].at({r, k});
      centre /= static_cast<double>(fold.train[0].dim(0));
      out += learnt[0].at({k}) * (x.at({i, k}) - centre);
    }
    errors.push_back(std::abs(out - y.at({i})));
  }
  std::sort(errors.begin(), errors.end());
  return errors[errors.size() / 2];
}

TEST(Outputs, AreMeasuredAsAWhole) {
  const std::vector<Fold> all = folds();
  const Centred training(schema());
  Space space(schema());
  space.vary("rate=0.001..0.3").vary("seed", {0, 1, 2});
  const Result found = run(training, all, space, random(12), {.states = 12});
  ASSERT_TRUE(found.best);
  EXPECT_EQ(found.measures[0].name, "median");
  for (const Candidate& c : found.candidates) {
    ASSERT_EQ(c.states.size(), 2u);
    ASSERT_EQ(c.states[0].size(), 2u) << "the count of steps is not learnt";
    const double first = median_of(all[0], c.states[0]), second = median_of(all[1], c.states[1]);
    EXPECT_NEAR(c.by_fold[0], first, 1e-12);
    EXPECT_NEAR(c.by_fold[1], second, 1e-12);
    EXPECT_EQ(c.measures[0], std::max(c.by_fold[0], c.by_fold[1]));
    EXPECT_TRUE(std::isfinite(c.measures[1]));
    EXPECT_LE(found.candidates[static_cast<std::size_t>(*found.best)].measures[0], c.measures[0]);
  }
}

TEST(Outputs, GiveTheSameBitsAloneAndAbreast) {
  const std::vector<Fold> all = folds();
  const Centred training(schema());
  Space space(schema());
  space.vary("rate=0.001..0.3").vary("seed", {0, 1, 2}).vary("patience", {Value::off(), 1, 3});
  const Result abreast = run(training, all, space, random(20), {.threads = 2, .states = 20});
  for (const Candidate& c : abreast.candidates) {
    const Result alone = run(training, all, space, these({c.configuration}), {.threads = 1});
    EXPECT_EQ(alone.candidates[0].measures, c.measures);
    EXPECT_EQ(alone.candidates[0].curve.size(), c.curve.size());
    if (c.states.empty()) continue;  // a twin
    for (std::size_t fold = 0; fold < 2; ++fold)
      for (std::size_t i = 0; i < 2; ++i)
        EXPECT_TRUE(same_bits(alone.candidates[0].states[fold][i], c.states[fold][i]));
  }
}

// What a candidate with patience comes to follows from the curve of the same candidate without.
TEST(Patience, IsEachCandidatesOwn) {
  const std::vector<Fold> all{folds()[0]};
  const Centred training(schema());
  Space space(schema());
  space.set("epochs", 30).vary("rate=0.05..0.6").vary("seed", {0, 1, 2, 3});
  const Result whole = run(training, all, space, random(30));
  int stopped = 0;
  for (const std::int64_t patience : {1, 2, 5}) {
    Space patient = space;
    patient.set("patience", patience);
    const Result found = run(training, all, patient, random(30));
    for (std::size_t i = 0; i < found.candidates.size(); ++i) {
      const std::vector<double>& curve = whole.candidates[i].curve;
      std::size_t best = 0, end = 1;
      for (; end < curve.size() && end - best <= static_cast<std::size_t>(patience); ++end)
        if (curve[end] < curve[best]) best = end;
      if (end - best > static_cast<std::size_t>(patience))
        end = best + static_cast<std::size_t>(patience) + 1;
      EXPECT_EQ(found.candidates[i].measures[0], curve[best]) << i;
      EXPECT_EQ(found.candidates[i].best_epoch, static_cast<double>(best + 1)) << i;
      EXPECT_EQ(found.candidates[i].epochs, static_cast<std::int64_t>(end)) << i;
      stopped += end < curve.size();
    }
  }
  EXPECT_GT(stopped, 10);
}

TEST(Patience, IsSaidOnce) {
  const Centred training(schema());
  Space space(schema());
  space.vary("rate=0.001..0.3");
  EXPECT_THAT(error_of([&] { run(training, folds(), space, random(2), {.patience = 2}); }),
              HasSubstr("where each candidate has its own: set patience"));
}

// v grows by the given number in every step, and nothing but `given` asks for q.
class Growing : public Trainable {
 public:
  const Schema& schema() const override { return schema_; }
  Leaves init(const Settings&, const Array&) const override { return {Array::scalar(0, DType::f64)}; }
  std::pair<Leaves, Array> step(const Settings& h, const Leaves& s, const Leaves&) const override {
    const Array next = s[0] + h.given().at(0);
    return {{next}, next};
  }
  search::Measures evaluate(const Settings&, const Leaves& s, const Leaves&) const override {
    return {mean("v", s[0])};
  }
  Leaves given(const Configuration& c, const Fold&) const override {
    return {Array::scalar(static_cast<double>(c["q"].integer()), DType::f64)};
  }

 private:
  const Schema schema_ = [] {
    Schema s;
    s.integer("q", {1, 9}).fixed();
    s.budget("epochs", 3);
    return s;
  }();
};

TEST(Given, DependsOnWhatIsFixed) {
  const Growing training;
  const Fold fold{{Array::zeros({4}, DType::f64)}, {Array::zeros({2}, DType::f64)}};
  const Result found = run(training, {fold}, training.schema(), grid());
  ASSERT_EQ(found.candidates.size(), 9u);
  for (const Candidate& c : found.candidates)
    EXPECT_EQ(c.measures[0], 3.0 * static_cast<double>(c.configuration["q"].integer()));
  for (const std::string& text : found.warnings) EXPECT_THAT(text, testing::Not(HasSubstr("nothing asks")));
}

// Candidates whose values read alike when they are written one after another.
TEST(Keys, TellValuesApart) {
  Schema s;
  s.text("a").standard("");
  s.text("b").standard("");
  const auto length = [](const Settings& h, const char* name) {
    return static_cast<double>(h.text(name).size());
  };
  const auto training = search::trainable(
      s, [](const Settings&, const Array&) { return Array::scalar(0, DType::f64); },
      [&](const Settings& h, const Array& v, const Array&) {
        return std::pair(v + 100 * length(h, "a") + length(h, "b"), v);
      },
      [](const Settings&, const Array& v, const Array&) { return search::Measures{mean("v", v)}; });
  const auto schema = std::make_shared<const Schema>(s);
  const auto found = run(training, all_rows(Array::zeros({2}, DType::f64)), Space(s),
                         these({Configuration(schema, {"a\nb", "c"}), Configuration(schema, {"a", "b\nc"})}));
  EXPECT_EQ(found.candidates[0].measures[0], 301);
  EXPECT_EQ(found.candidates[1].measures[0], 103);
  EXPECT_TRUE(found.warnings.empty());
}

TEST(Searches, RefuseWhatTheyCannotCount) {
  const Growing training;
  const Fold fold{{Array::zeros({4}, DType::f64)}, {Array::zeros({2}, DType::f64)}};
  EXPECT_THAT(error_of([&] { run(training, {fold}, training.schema(), grid(), {.threads = -1}); }),
              HasSubstr("-1 threads"));
  EXPECT_THAT(error_of([] { tpe(1'000'000'000); }), HasSubstr("from 1 to 1,000,000 candidates"));
}

class Flawed : public Centred {
 public:
  using Centred::Centred;
  search::Measures evaluate(const Settings& h, const Leaves& s, const Leaves& rows) const override {
    search::Measures out = Centred::evaluate(h, s, rows);
    out.push_back(out[0]);
    return out;
  }
};

TEST(Outputs, AreOneArray) {
  const Flawed training(schema());
  Space space(schema());
  space.vary("rate=0.001..0.3");
  EXPECT_THAT(error_of([&] { run(training, folds(), space, random(2)); }),
              HasSubstr("it is one array, a row of each"));
}

}  // namespace
}  // namespace runnel::search
