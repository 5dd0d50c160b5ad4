// Targets of a saved model, and scores of its predictions.
#include "runnel/model.h"
#include "artifact/probabilities.h"
#include "artifact/weightless.h"
#include "core/fail.h"
#include "runnel/train.h"

namespace runnel {
namespace {

// Predictions as the outputs of a network.
std::vector<double> outputs_of(const Model& model, const Predictions& predictions) {
  if (model.target.task() == Task::regression) return predictions.values;
  std::vector<double> logits;
  logits.reserve(predictions.probabilities.values.size());
  for (const double p : predictions.probabilities.values) {
    logits.push_back(logit_of(p));
  }
  return logits;
}

}  // namespace

TargetValues Model::targets(const Table& table, std::vector<std::string>& warnings) const {
  const std::optional<Table> other = reread(table, reading);
  const Table& read = other ? *other : table;
  TargetValues out = target.read(read, warnings);
  for (const ColumnDecision& decision : preprocessor.decisions())
    if (decision.role == Role::weight && read.find(decision.name) != nullptr)
      leave_out_weightless(read, decision.name, out, warnings);
  return out;
}

double score(const Model& model, const Predictions& predictions, const std::vector<double>& y) {
  return score(model, predictions, y, model.metric);
}

double score(const Model& model, const Predictions& predictions, const std::vector<double>& y,
             models::Metric metric) {
  if (y.empty()) fail("[score] there are no rows to score");
  return train::measure(metric, outputs_of(model, predictions), y);
}

train::Interval score_interval(const Model& model, const Predictions& predictions,
                               const std::vector<double>& y) {
  if (y.empty()) fail("[score] there are no rows to score");
  return train::bootstrap(model.metric, outputs_of(model, predictions), y, model.seed);
}

std::vector<models::Metric> metrics_of(Task task) {
  if (task == Task::regression) return {models::Metric::r2, models::Metric::rmse, models::Metric::mae};
  return {models::Metric::accuracy, models::Metric::log_loss};
}

}  // namespace runnel
