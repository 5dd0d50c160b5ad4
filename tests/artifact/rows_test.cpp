// A row is itself: what a model says of it depends on its own cells alone, in whatever file they stand.
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "data/random.h"
#include "fit/tables.h"
#include "runnel/fit.h"
#include "runnel/predictor.h"

namespace runnel {
namespace {

using Rows = std::vector<std::size_t>;

// A kind of column, by its i-th cell.
struct Kind {
  const char* name;
  std::string (*cell)(std::size_t i);
};

std::string padded(std::size_t n, int width) { return fmt::format("{:0{}}", n, width); }

// Each kind misleads somebody who looks at some of its cells only: codes that are numbers but for one, dates
// whose days are all below 13, truths of which one word occurs, numbers that could have another mark.
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"number",
       [](std::size_t i) -> std::string { return fmt::format("{}", static_cast<double>(i % 37) / 8 - 1); }},
      {"comma",
       [](std::size_t i) -> std::string {
         return i % 5 == 0 ? "7" : fmt::format("{},{}", i % 90, 125 * (i % 8));
       }},
      {"thousands",
       [](std::size_t i) -> std::string {
         return fmt::format("{}.{},{}", 1 + i % 9, padded(i % 1000, 3), i % 7);
       }},
      {"money",
       [](std::size_t i) -> std::string {
         return (i % 3 == 0 ? "($" : "$") + std::to_string(i % 50) + (i % 3 == 0 ? ")" : "");
       }},
      {"percent", [](std::size_t i) -> std::string { return fmt::format("{} %", i % 40); }},
      {"code", [](std::size_t i) -> std::string { return i % 11 == 0 ? "2A" : padded(i % 6, 3); }},
      {"version",
       [](std::size_t i) -> std::string {
         return std::vector{"1.1", "1.10", "1.9", "2.0-rc"}[i % 4];
       }},
      {"declared",
       [](std::size_t i) -> std::string {
         return std::vector{"01", "1", "2", "2.0", "3"}[i % 5];
       }},
      {"account", [](std::size_t i) -> std::string { return std::to_string(9007199254740993 + i % 4); }},
      {"truth",
       [](std::size_t i) -> std::string {
         return std::vector{"TRUE", "false", "yes", "0", "1", "No"}[i % 6];
       }},
      {"flag", [](std::size_t i) -> std::string { return std::to_string(i % 2); }},
      {"day",
       [](std::size_t i) -> std::string { return fmt::format("{:02}.{:02}.2021", 1 + i % 28, 1 + i % 12); }},
      {"us", [](std::size_t i) -> std::string { return fmt::format("{}/{}/19", 1 + i % 12, 1 + i % 25); }},
      {"instant",
       [](std::size_t i) -> std::string {
         return fmt::format("2020-03-{:02}T{:02}:30:00{}", 1 + i % 30, i % 24, i % 2 ? "+02:00" : "Z");
       }},
      {"compact",
       [](std::size_t i) -> std::string { return fmt::format("2019{:02}{:02}", 1 + i % 12, 1 + i % 28); }},
      {"clock", [](std::size_t i) -> std::string { return fmt::format("{}:{:02}", i % 24, i % 60); }},
      {"town",
       [](std::size_t i) -> std::string { return fmt::format("town {}", i % 3 == 0 ? i % 60 : i % 4); }},
      {"gap", [](std::size_t i) -> std::string {
         return std::vector{"NA", "3", "", "4.5", "-999.0"}[i % 5];
       }}};
  return all;
}

class RowIsItself : public ::testing::Test {
 protected:
  RowIsItself()
      : path_(std::filesystem::temp_directory_path() / fmt::format("runnel-rows-{}.csv", ::getpid())) {}
  ~RowIsItself() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  // The rows of the file of all kinds, in this order, with a target.
  Table file(const Rows& rows, const ReadOptions& options, const std::vector<Kind>& columns = kinds()) const {
    std::ofstream out(path_);
    for (const Kind& kind : columns) out << kind.name << ';';
    out << "y\n";
    for (const std::size_t row : rows) {
      for (const Kind& kind : columns) out << kind.cell(row) << ';';
      out << fmt::format("{}\n", static_cast<double>((row * 7) % 23) / 4);
    }
    out.close();
    return read_table(path_.string(), options);
  }

  static std::vector<double> predictions(const Model& model, const Table& table) {
    return Predictor(model).predict(table).values;
  }

  static ReadOptions as_in_training() {
    ReadOptions options;
    options.missing.emplace_back("-999");
    return options;
  }

  std::filesystem::path path_;
};

constexpr std::size_t kRows = 240;

Rows all_of(std::size_t n) {
  Rows rows(n);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

FitOptions quick(DType dtype) {
  FitOptions o;
  o.target.column = "y";
  o.triage.categorical = {"declared", "account"};
  o.triage.keep = {"number"};
  o.set["hidden"] = "4";
  o.set["activation"] = "tanh";  // every unit answers to every column
  o.set["epochs"] = 2;
  o.grid = {"rate=0.01"};
  o.threads = 1;
  o.folds = 0;
  o.f64 = dtype == DType::f64;
  return o;
}

TEST_F(RowIsItself, InAnySubsetAndOrderOfAFile) {
  const Table table = file(all_of(kRows), as_in_training());
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Model model = fit(table, quick(dtype)).model;
    EXPECT_EQ(model.preprocessor.needed_columns().size(), kinds().size());
    const std::vector<double> whole = predictions(model, table);
    ReadOptions known = as_in_training();
    known.reading = model.reading;
    std::vector<Rows> subsets;
    for (std::size_t row = 0; row < 30; ++row) subsets.push_back({row});
    for (const std::size_t step : {2u, 3u, 5u, 6u, 11u}) {
      Rows some;
      for (std::size_t row = kRows - kRows % step; row >= step; row -= step) some.push_back(row - step);
      subsets.push_back(some);
    }
    subsets.push_back({7, 7, 3});
    for (const Rows& rows : subsets) {
      for (const ReadOptions& options : {known, as_in_training()}) {  // of the second the model reads anew
        const std::vector<double> some = predictions(model, file(rows, options));
        for (std::size_t i = 0; i < rows.size(); ++i)
          ASSERT_EQ(some[i], whole[rows[i]]) << "row " << rows[i] << " of " << rows.size();
      }
    }
  }
}

// Alone, as cells without a file.
TEST_F(RowIsItself, ByTheDoorOfSingleRows) {
  const Table table = file(all_of(kRows), as_in_training());
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Predictor predictor(fit(table, quick(dtype)).model);
    const std::vector<double> whole = predictions(predictor.model(), table);
    ASSERT_EQ(predictor.columns().size(), kinds().size());
    for (std::size_t row = 0; row < kRows; ++row) {
      std::vector<std::string> cells;
      for (const Kind& kind : kinds()) cells.push_back(kind.cell(row));
      const std::vector<std::string_view> views(cells.begin(), cells.end());
      ASSERT_EQ(predictor.predict_row(views).value, whole[row]) << "row " << row;
    }
  }
}

// A cell that means nothing to its column changes the prediction of its own row alone.
TEST_F(RowIsItself, BesideCellsThatCannotBeRead) {
  const Model model = fit(file(all_of(kRows), as_in_training()), quick(DType::f32)).model;
  ReadOptions known = as_in_training();
  known.reading = model.reading;
  const std::vector<double> whole = predictions(model, file(all_of(kRows), known));
  for (std::size_t c = 0; c < kinds().size(); ++c) {
    std::vector<Kind> columns = kinds();
    static std::string (*original)(std::size_t);
    original = columns[c].cell;
    columns[c].cell = [](std::size_t i) -> std::string {
      return i == 5 ? std::string("K1A 0B1") : original(i);
    };
    const std::vector<double> now = predictions(model, file(all_of(20), known, columns));
    for (std::size_t row = 0; row < 20; ++row)
      ASSERT_TRUE(row == 5 || now[row] == whole[row]) << columns[c].name << ", row " << row;
  }
}

// What is the same number or truth in another spelling finds its level; what is ambiguous finds none.
TEST_F(RowIsItself, ByTextThenByValue) {
  const Model model = fit(file(all_of(kRows), as_in_training()), quick(DType::f32)).model;
  ReadOptions known = as_in_training();
  known.reading = model.reading;
  // The first row's prediction, with another text in one column.
  const auto with = [&](const char* column, const char* text) {
    static const char* cell;
    cell = text;
    std::vector<Kind> columns = kinds();
    for (Kind& kind : columns)
      if (kind.name == std::string_view(column)) kind.cell = [](std::size_t) { return std::string(cell); };
    return predictions(model, file({1}, known, columns))[0];
  };
  EXPECT_EQ(with("declared", "3.0"), with("declared", "3"));
  EXPECT_NE(with("declared", "2"), with("declared", "2.0"));
  EXPECT_NE(with("declared", "01"), with("declared", "1"));
  EXPECT_EQ(with("declared", "2.00"), with("declared", "nobody knows"));  // 2 and 2.0 both could be meant
  EXPECT_NE(with("version", "1.1"), with("version", "1.10"));
  EXPECT_NE(with("account", "9007199254740993"), with("account", "9007199254740994"));
  for (const char* yes : {"true", "True", "YES", "yes", "1", "on"})
    EXPECT_EQ(with("truth", yes), with("truth", "TRUE"));
  for (const char* no : {"FALSE", "no", "0"}) EXPECT_EQ(with("truth", no), with("truth", "false"));
  EXPECT_NE(with("truth", "no"), with("truth", "yes"));
  EXPECT_EQ(with("flag", "TRUE"), with("flag", "1"));
  EXPECT_EQ(with("gap", "-999"), with("gap", "NA"));
  EXPECT_EQ(with("day", "1.2.2021"), with("day", "01.02.2021"));
}

// Reading as JSON comes back; a damaged one is refused.
TEST_F(RowIsItself, AReadingComesBack) {
  const Reading reading = reading_of(file(all_of(40), as_in_training()));
  EXPECT_EQ(Reading::from_json(reading.to_json()), reading);
  const Model model = fit(file(all_of(kRows), as_in_training()), quick(DType::f32)).model;
  EXPECT_EQ(Reading::from_json(model.reading.to_json()), model.reading);
  EXPECT_EQ(model.reading.find("declared")->type, ColumnType::text);
  EXPECT_EQ(reading.columns.size(), kinds().size() + 1);
  EXPECT_EQ(reading.find("comma")->number.decimal, ',');
  EXPECT_EQ(reading.find("thousands")->number.grouping, '.');
  EXPECT_EQ(reading.find("day")->date.order, DateFormat::Order::dmy);
  EXPECT_EQ(reading.find("us")->date.order, DateFormat::Order::mdy);
  EXPECT_EQ(reading.find("clock")->date.order, DateFormat::Order::clock);
  EXPECT_EQ(reading.find("compact")->type, ColumnType::date);
  EXPECT_EQ(reading.find("truth")->type, ColumnType::truth);
  EXPECT_EQ(reading.find("code")->type, ColumnType::text);
  EXPECT_TRUE(reading.find("flag")->truths);
  EXPECT_THROW(Reading::from_json("{}"), Error);
  EXPECT_THROW(Reading::from_json(R"({"columns":[{"name":"a","type":"number","decimal":"x"}],"missing":[]})"),
               Error);
  EXPECT_THROW(Reading::from_json(R"({"columns":[{"name":"a","type":"colour"}],"missing":[]})"), Error);
}

}  // namespace
}  // namespace runnel
