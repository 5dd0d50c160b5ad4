// What a fit has to tell, as text for people and as JSON for programs. report_text.cpp, report_plan.cpp and
// report_json.cpp are the only places that put results into words and keys.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runnel/compiled.h"
#include "runnel/data.h"
#include "runnel/fit.h"
#include "runnel/model.h"

namespace runnel::cli {

using Json = nlohmann::ordered_json;

inline constexpr int json_schema = 1;

// The tables of a fit, and what their readers had to say.
struct FitData {
  const Table& table;
  const Table* test;  // nullptr: the test rows are the table's own
  std::vector<std::string> notes;
};

// Where the time of `runnel fit` went, in seconds on the clock; compiling is a part of the fit's phases.
struct Timings {
  double reading = 0;
  FitTimings fit;
  double saving = 0;
  double total = 0;
  CompileStatistics compiling;
};

// The phases by name, in their order, and the total.
std::vector<std::pair<std::string, double>> phases_of(const Timings& timings);

// A finished fit with what surrounds it.
struct FitReport {
  const FitResult& result;
  const FitData& data;
  const FitOptions& options;
  std::string model_path;               // empty: it could not be saved
  std::string kept_model = {};          // that was there, and stays: of a search that was stopped
  std::optional<Timings> timings = {};  // where they are wanted
  std::string page = {};                // the HTML file; empty: none
};

struct ScoreReport {
  const Model& model;
  std::string model_path, data;
  Score score;
  std::vector<std::pair<std::string, double>> also;
  std::vector<std::string> notes;
};

// "stopped: 12 of 32 candidates finished, 20 were judged on their way; the model is the best of these";
// empty for a search that ended as it was to.
std::string stopped_text(const FitResult& result);
// "candidate 7 was on its way, after 12 of 20 epochs"; empty when the winner had come to its end.
std::string on_its_way_text(const FitResult& result);
std::string number_text(models::Metric metric, double value);
std::string number_text(std::string_view metric, double value);  // by its name, whoever measures it
std::string interval_text(models::Metric metric, const Score& score);

// What stands before the search: the data, the target, the columns, the split.
std::string fit_plan_text(const FitPlan& plan, const FitData& data);
// The search: its best candidates. Of a result whose test rows need not have been read yet.
std::string fit_search_text(const FitResult& result);
// What stands behind it.
std::string fit_text(const FitReport& report, bool quiet);
std::string timings_text(const Timings& timings);
// What --plan says; and for programs, with the space and all that makes the search what it is.
std::string forecast_text(const Forecast& forecast, const FitOptions& options);
Json forecast_json(const Forecast& forecast, const FitData& data, const FitOptions& options);
// The rungs of a search: "81, 27 after 1 epoch, 9 after 3", one line for each bracket of the
// trajectories.
std::vector<std::string> rung_lines(const std::vector<search::Rung>& rungs, std::int64_t trajectories);
// The first of a plan's rungs that retires anybody; nullptr where there is none.
const search::Rung* first_rung(const std::vector<search::Rung>& rungs);
// The programs of a plan, those of its folds as one.
std::vector<search::PlannedProgram> shapes_of(const search::Plan& plan);
Json fit_json(const FitReport& report);
// What the model file keeps of its making: all that is a function of the data, the options and the seed.
Json provenance_json(const FitReport& report, const std::string& command, const ReadOptions& read);

std::string score_text(const ScoreReport& report, bool quiet);
Json score_json(const ScoreReport& report);

std::string predictions_header(const Model& model);  // a line
std::string predictions_lines(const Model& model, const Predictions& predictions);
Json predictions_json(const Model& model, const Predictions& predictions);

std::string table_text(const Table& table, const std::vector<ColumnSummary>& columns);
Json table_json(const Table& table, const std::vector<ColumnSummary>& columns);
std::string model_text(const Model& model, const std::string& path);
Json model_json(const Model& model, const std::string& path);

std::string dumped(const Json& json);  // with a final newline; text that is no UTF-8 is replaced

}  // namespace runnel::cli
