// P13: a saved model at work, through the library. One network 12-128-64-1: one row at a time, as numbers and
// as the texts of cells, and a table of 100,000 rows; beside them the program alone, without the making of
// features.
#include <cstdint>
#include <string>
#include <vector>

#include "rows.h"
#include "runnel/compiled.h"
#include "runnel/fit.h"
#include "runnel/nn.h"
#include "runnel/predictor.h"
#include "runnel/random.h"

namespace runnel::bench {
namespace {

constexpr std::size_t kColumns = 12;

Table table_of(std::size_t rows) {
  Table t;
  t.source = "normal numbers";
  t.rows = rows;
  for (std::size_t c = 0; c <= kColumns; ++c) {
    Column& column = t.columns.emplace_back();
    column.name = c == kColumns ? "y" : "x" + std::to_string(c);
    column.numbers =
        random::normal(random::key(c), {static_cast<std::int64_t>(rows)}, DType::f64).to_vector<double>();
  }
  return t;
}

Model model_of() {
  FitOptions options;
  options.target.column = "y";
  options.triage.log_companions = false;
  options.set["hidden"] = "128x64";
  options.set["epochs"] = 1;
  options.grid = {"rate=0.001"};
  options.folds = 0;
  return fit(table_of(2000), options).model;
}

}  // namespace

void predictions(const Report& report) {
  const Predictor predictor(model_of());
  const Table table = table_of(100'000);
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (std::size_t c = 0; c < kColumns; ++c) {
    numbers.push_back(table.columns[c].numbers[0]);
    texts.push_back(table.columns[c].text(0));
  }
  const std::vector<std::string_view> cells(texts.begin(), texts.end());
  report.time("a row of numbers", "runnel", measure([&] { keep(predictor.predict_row(numbers)); }));
  report.time("a row of texts", "runnel", measure([&] { keep(predictor.predict_row(cells)); }));

  const Model& model = predictor.model();
  Compiled program(
      [&](const std::vector<Array>& x) {
        return std::vector<Array>{
            nn::forward(model.network, x[0], models::activation_of(model.configuration))};
      },
      {{DType::f32, {1, static_cast<std::int64_t>(kColumns)}}});
  const std::vector<float> x(numbers.begin(), numbers.end());
  float out = 0;
  const void* const in[] = {x.data()};
  void* const to[] = {&out};
  report.time("the program of a row", "runnel", measure([&] { program.run(in, to); }));

  report.time("100,000 rows, each", "runnel",
              measure([&] { keep(predictor.predict(table)); }).per(static_cast<double>(table.rows)));
}

}  // namespace runnel::bench
