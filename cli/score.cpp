// runnel score: how good a saved model is on a table that holds the target.
#include <memory>

#include "cli/model_data.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/report.h"
#include "runnel/predictor.h"

namespace runnel::cli {
namespace {

constexpr const char* examples = R"(Examples:
  runnel score songs.runnel.safetensors more.csv
  runnel score songs.runnel.safetensors more.csv --json
  runnel score songs.runnel.safetensors demo:songs --data-seed 1)";

struct Arguments {
  ModelDataArguments in;
  Manner manner;
};

int act(const Arguments& arguments) {
  ModelData in = read_model_and_data(arguments.in);
  const Predictor predictor(std::move(in.model));
  const Model& model = predictor.model();
  const TargetValues target = model.targets(in.table, in.notes);
  write_notes(in.notes, arguments.manner.quiet || arguments.manner.json);
  std::vector<double> y;
  for (const std::size_t row : target.rows) y.push_back(target.y[row]);
  const Predictions predictions = predictor.predict(in.table, target.rows);

  const train::Interval interval = score_interval(model, predictions, y);
  ScoreReport report{model,
                     arguments.in.model,
                     in.table.source,
                     {score(model, predictions, y), interval.low, interval.high, y.size()},
                     {},
                     in.notes};
  for (const models::Metric metric : metrics_of(model.target.task())) {
    if (metric == model.metric) continue;
    report.also.emplace_back(models::metric_name(metric), score(model, predictions, y, metric));
  }
  write_stdout(arguments.manner.json ? dumped(score_json(report))
                                     : score_text(report, arguments.manner.quiet));
  return 0;
}

}  // namespace

Action add_score(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("score", "Score a saved model on a table that holds the target");
  auto arguments = std::make_shared<Arguments>();
  add_model_and_data(app, arguments->in);
  add_manner(app, arguments->manner);
  app.footer(examples);
  return [arguments] { return act(*arguments); };
}

}  // namespace runnel::cli
