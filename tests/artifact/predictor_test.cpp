// A predictor says of a row what the network's definition says, to the last bit, whatever the batch, the door
// and the threads.
#include "runnel/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>

#include "counting_new.h"
#include "data/helpers.h"
#include "fit/tables.h"
#include "models/schema.h"
#include "runnel/fit.h"
#include "runnel/nn.h"
#include "runnel/ops.h"

namespace runnel {
namespace {

using ::testing::HasSubstr;

// A model with trained statistics of columns and networks as they start.
class PredictorTest : public test::DataTest {
 protected:
  struct Kind {
    const char* name;
    bool classes = false;
    bool f64 = false;
    std::int64_t ensemble = 1;
    const char* embedding = "none";
    const char* body = "mlp";
  };
  static std::vector<Kind> kinds() {
    return {{.name = "numbers"},
            {.name = "f64", .f64 = true},
            {.name = "classes", .classes = true},
            {.name = "ensemble of numbers", .ensemble = 3},
            {.name = "ensemble of classes", .classes = true, .ensemble = 3},
            {.name = "pieces", .classes = true, .ensemble = 2, .embedding = "linear-pieces"},
            {.name = "waves, residual", .embedding = "periodic", .body = "residual"}};
  }

  static std::string line(std::size_t i, bool classes) {
    const std::string b = i % 7 == 0 ? "" : std::to_string(static_cast<double>(i % 29) / 4);
    const char* letter = i % 3 == 0 ? "red" : i % 3 == 1 ? "green" : "a, b";
    return std::to_string(static_cast<double>((i * 37) % 101) / 8 - 3) + "," + b + ",\"" + letter +
           "\",2021-0" + std::to_string(1 + i % 9) + "-1" + std::to_string(i % 10) + "," +
           (classes ? std::string(1, "xyz"[i % 3]) : std::to_string(static_cast<double>(i % 23) / 4)) + "\n";
  }
  Table table(std::size_t rows, bool classes) const {
    std::string text = "a,b,letter,day,y\n";
    for (std::size_t i = 0; i < rows; ++i) text += line(i, classes);
    return csv(text);
  }

  static Model model_of(const Table& t, const Kind& kind) {
    FitOptions o;
    o.target.column = "y";
    o.triage.keep = {"a", "b", "letter", "day"};
    o.set["hidden"] = "9x5";
    o.set["body"] = kind.body;
    o.set["norm"] = "layer";
    o.set["embedding"] = kind.embedding;
    o.set["epochs"] = 1;
    o.grid = {"rate=0.01,0.02,0.03"};
    o.ensemble = kind.ensemble;
    o.threads = 1;
    o.folds = 0;
    o.f64 = kind.f64;
    return fit(t, o).model;
  }

  // By the definition, op after op, all rows at once.
  static Array by_definition(const nn::Network& network, const params::Configuration& configuration,
                             const Array& x) {
    return nn::forward(network, x, models::activation_of(configuration), models::scale_of(configuration));
  }
  static Array features(const Model& model, const Table& t) {
    const auto shape = [&](std::size_t cols) {
      return Shape{static_cast<std::int64_t>(t.rows), static_cast<std::int64_t>(cols)};
    };
    if (nn::dtype_of(model.network) == DType::f64) {
      const auto m = model.preprocessor.transform_doubles(t, test::all_rows(t));
      return Array::from(m.values, shape(m.cols));
    }
    const auto m = model.preprocessor.transform(t);
    return Array::from(m.values, shape(m.cols));
  }

  static std::vector<double> numbers_of(const Predictions& p, std::size_t row) {
    if (!p.values.empty()) return {p.values[row]};
    std::vector<double> out(p.probabilities.row(row).begin(), p.probabilities.row(row).end());
    out.push_back(static_cast<double>(p.labels[row]));
    return out;
  }
  static std::vector<double> numbers_of(const Prediction& p) {
    if (p.probabilities.empty()) return {p.value};
    std::vector<double> out = p.probabilities;
    out.push_back(static_cast<double>(p.label));
    return out;
  }
};

std::vector<std::string_view> cells_of(const Table& t, const Predictor& predictor, std::size_t row) {
  std::vector<std::string_view> out;
  for (const std::string& name : predictor.columns()) out.push_back(t.at(name).texts[row]);
  return out;
}

// Outputs are those of the definition for one network; of several the mean, worked out here.
TEST_F(PredictorTest, SaysWhatTheDefinitionSays) {
  for (const Kind& kind : kinds()) {
    const Table t = table(1100, kind.classes);
    const Model model = model_of(t, kind);
    ASSERT_EQ(model.others.size() + 1, static_cast<std::size_t>(kind.ensemble)) << kind.name;
    const Array x = features(model, t);
    std::vector<std::vector<double>> each = {
        by_definition(model.network, model.configuration, x).to_doubles()};
    for (const Member& m : model.others)
      each.push_back(by_definition(m.network, m.configuration, x).to_doubles());
    const std::vector<double> outputs = Predictor(model).outputs(x);
    if (each.size() == 1) {
      EXPECT_EQ(outputs, each[0]) << kind.name;
      continue;
    }
    const std::size_t width = kind.classes ? 3 : 1;
    ASSERT_EQ(outputs.size(), t.rows * width);
    for (std::size_t i = 0; i < t.rows; ++i) {
      std::vector<double> mean(width);
      for (const auto& of : each) {
        double sum = 0;
        for (std::size_t c = 0; c < width; ++c) sum += std::exp(of[i * width + c]);
        for (std::size_t c = 0; c < width; ++c)
          mean[c] +=
              (kind.classes ? std::exp(of[i * width + c]) / sum : of[i]) / static_cast<double>(each.size());
      }
      for (std::size_t c = 0; c < width; ++c)
        ASSERT_NEAR(outputs[i * width + c], kind.classes ? std::log(mean[c]) : mean[c], 1e-12) << kind.name;
    }
  }
}

// The programs are of 1, 32 and 1024 rows: numbers of rows around these, and rows that come alone as cells.
TEST_F(PredictorTest, ARowIsItselfInEveryBatchAndByEveryDoor) {
  for (const Kind& kind : kinds()) {
    const Table t = table(2100, kind.classes);
    const Predictor predictor(model_of(t, kind));
    EXPECT_EQ(predictor.columns(), (std::vector<std::string>{"a", "b", "letter", "day"}));
    const Predictions whole = predictor.predict(t);
    for (const std::size_t n : {0u, 1u, 2u, 31u, 32u, 33u, 256u, 257u, 1023u, 1024u, 1025u}) {
      std::vector<std::size_t> rows(n);
      for (std::size_t i = 0; i < n; ++i) rows[i] = (i * 997 + n) % t.rows;
      const Predictions some = predictor.predict(t, rows);
      ASSERT_EQ(some.values.size() + some.labels.size(), n);
      for (std::size_t i = 0; i < n; ++i)
        ASSERT_EQ(numbers_of(some, i), numbers_of(whole, rows[i])) << kind.name << ", " << n << " rows";
    }
    for (std::size_t row = 0; row < 50; ++row)
      ASSERT_EQ(numbers_of(predictor.predict_row(cells_of(t, predictor, row))), numbers_of(whole, row))
          << kind.name << ", row " << row;
  }
}

// Threads that come at once, before anything is compiled, by all doors.
TEST_F(PredictorTest, ServesManyThreads) {
  const Table t = table(1500, true);
  const Model model = model_of(t, kinds()[4]);
  const Predictions whole = Predictor(model).predict(t);
  const Predictor predictor(model);
  std::vector<std::size_t> wrong(8);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < wrong.size(); ++k)
    threads.emplace_back([&, k] {
      for (std::size_t i = 0; i < 60; ++i) {
        const std::size_t row = (k * 61 + i * 7) % t.rows;
        wrong[k] += numbers_of(predictor.predict_row(cells_of(t, predictor, row))) != numbers_of(whole, row);
      }
      std::vector<std::size_t> rows(100 + 300 * k);
      std::iota(rows.begin(), rows.end(), std::size_t{0});
      for (std::size_t& row : rows) row %= t.rows;
      const Predictions some = predictor.predict(t, rows);
      for (std::size_t i = 0; i < rows.size(); ++i)
        wrong[k] += numbers_of(some, i) != numbers_of(whole, rows[i]);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<std::size_t>(8));
}

// Numbers by the door of numbers; what a cell of text says as a number is the same row.
TEST_F(PredictorTest, ARowOfNumbers) {
  std::string text = "x,flag,when,y\n";
  for (int i = 0; i < 60; ++i)
    text += std::to_string(i % 11) + ".25," + (i % 2 ? "TRUE" : "FALSE") + ",2020-01-" +
            (i % 28 < 9 ? "0" : "") + std::to_string(1 + i % 28) + "," + std::to_string(i % 13) + ".5\n";
  const Table t = csv(text);
  FitOptions o;
  o.target.column = "y";
  o.triage.keep = {"x", "flag", "when"};
  o.set["hidden"] = "4";
  o.set["epochs"] = 1;
  o.grid = {"rate=0.01"};
  o.folds = 0;
  o.threads = 1;
  const Predictor predictor(fit(t, o).model);
  const double day = 86400, first = 18262 * day;  // 2020-01-01 is the 18,262nd day of Unix time
  for (const auto& [x, flag, when, cells] :
       {std::tuple(3.25, 1.0, first + 4 * day, std::vector<std::string_view>{"3.25", "TRUE", "2020-01-05"}),
        {-2.0, 0.0, first + 27 * day, {" -2 ", "no", "2020-01-28"}},
        {std::nan(""), 1.0, first, {"", "yes", "2020-01-01"}}}) {
    const std::vector<double> numbers = {x, flag, when};
    EXPECT_EQ(predictor.predict_row(numbers).value, predictor.predict_row(cells).value);
  }
  EXPECT_NE(predictor.predict_row({"3", "TRUE", "2020-01-05"}).value,
            predictor.predict_row({"9", "TRUE", "2020-01-05"}).value);
}

// After the first row a number costs no memory, and classes nothing but their probabilities.
TEST_F(PredictorTest, ARowAllocatesNothing) {
  for (const Kind& kind : kinds()) {
    const Table t = table(300, kind.classes);
    const Predictor predictor(model_of(t, kind));
    const std::vector<std::string_view> cells = cells_of(t, predictor, 5);
    predictor.predict_row(cells);
    const std::size_t before = allocations_so_far();
    for (int i = 0; i < 10; ++i) predictor.predict_row(cells);
    EXPECT_EQ(allocations_so_far() - before, kind.classes ? 10u : 0u) << kind.name;
  }
}

TEST_F(PredictorTest, SaysWhatIsWrongWithARow) {
  const Table t = table(300, true);
  const Predictor predictor(model_of(t, kinds()[2]));
  const auto said = [&](std::vector<std::string_view> cells) {
    return error_of([&] { predictor.predict_row(cells); });
  };
  EXPECT_EQ(said({"1", "2", "red", "2021-01-01", "x"}),
            "[predict] a row of 5 cells where the model reads 4: a, b, letter, day");
  EXPECT_EQ(
      said({"1", "much", "red", "2021-01-01"}),
      "[predict] column 'b': 'much' cannot be read as numbers, as the column's values were in training; "
      "an empty cell is a missing value");
  EXPECT_THAT(said({"1", "2", "red", "soon"}), HasSubstr("column 'day': 'soon' cannot be read as dates"));
  EXPECT_THAT(said({"inf", "2", "red", "2021-01-01"}), HasSubstr("column 'a': an infinite value"));
  const std::vector<double> numbers = {1, 2, 3, 0};
  EXPECT_THAT(error_of([&] { predictor.predict_row(numbers); }), HasSubstr("column 'letter' holds words"));
  EXPECT_EQ(error_of([] { Predictor{Model{}}; }), "[predict] the model has no layers");
  // Of a table the first row at fault is told, however many threads look.
  Table bad = table(4000, true);
  Column& a = bad.columns[0];
  for (const std::size_t row : {3900u, 2500u, 1500u}) a.numbers[row] = INFINITY;
  EXPECT_THAT(error_of([&] { predictor.predict(bad); }),
              HasSubstr("line 1502, column 'a': an infinite value"));
}

}  // namespace
}  // namespace runnel
