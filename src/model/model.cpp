// Predictions of a saved model, and their scores.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.h"
#include "model/weights.h"
#include "runnel/model.h"
#include "runnel/ops.h"
#include "runnel/train.h"

namespace runnel {
namespace {

// Rows are preprocessed and predicted in pieces, so that a long table needs no matrix of its own.
constexpr std::size_t rows_per_piece = 8192;

template <class T>
Array as_array(const Matrix<T>& x) {
  return Array::from(x.values, {static_cast<std::int64_t>(x.rows), static_cast<std::int64_t>(x.cols)});
}

Array features_of(const Model& model, const Table& table, std::span<const std::size_t> rows) {
  const bool doubles = nn::dtype_of(model.network) == DType::f64;
  if (!doubles) return as_array(model.preprocessor.transform(table, rows));
  if (model.narrow_features) return convert(as_array(model.preprocessor.transform(table, rows)), DType::f64);
  return as_array(model.preprocessor.transform_doubles(table, rows));
}

double logistic(double z) { return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z)); }

// The probabilities of the classes from one row of logits: one logit for two classes, else one for each.
void to_probabilities(const double* logits, std::size_t width, double* out) {
  if (width == 1) {
    out[0] = logistic(-logits[0]);
    out[1] = logistic(logits[0]);
    return;
  }
  const double most = *std::max_element(logits, logits + width);
  double sum = 0;
  for (std::size_t c = 0; c < width; ++c) sum += out[c] = std::exp(logits[c] - most);
  for (std::size_t c = 0; c < width; ++c) out[c] /= sum;
}

// The logarithms of probabilities are logits of the same classes; a probability of 0 counts as the least
// number above it, so that one hopeless row does not make the score infinite. What is no number stays none.
double logit_of(double p) { return std::log(p == 0 ? std::numeric_limits<double>::min() : p); }

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

std::vector<double> Model::outputs(const Array& features) const {
  std::vector<double> mean = sweep::predict(network, hyper, features).to_doubles();
  if (others.empty()) return mean;
  const auto rows = static_cast<std::size_t>(features.dim(0));
  const std::size_t classes = target.classes().size();
  const auto add = [&](const std::vector<double>& outputs, std::vector<double>& sum) {
    if (classes == 0) {
      for (std::size_t i = 0; i < rows; ++i) sum[i] += outputs[i];
      return;
    }
    const std::size_t width = outputs.size() / rows;
    std::vector<double> p(classes);
    for (std::size_t i = 0; i < rows; ++i) {
      to_probabilities(outputs.data() + i * width, width, p.data());
      for (std::size_t c = 0; c < classes; ++c) sum[i * classes + c] += p[c];
    }
  };
  std::vector<double> sum(rows * std::max<std::size_t>(classes, 1), 0.0);
  if (rows > 0) {
    add(mean, sum);
    for (const Member& m : others) add(sweep::predict(m.network, m.hyper, features).to_doubles(), sum);
  }
  for (double& value : sum) {
    value /= static_cast<double>(1 + others.size());
    if (classes > 0) value = logit_of(value);
  }
  return sum;
}

TargetValues Model::targets(const Table& table, std::vector<std::string>& warnings) const {
  const std::optional<Table> other = reread(table, reading);
  const Table& read = other ? *other : table;
  TargetValues out = target.read(read, warnings);
  for (const ColumnDecision& decision : preprocessor.decisions())
    if (decision.role == Role::weight && read.find(decision.name) != nullptr)
      leave_out_weightless(read, decision.name, out, warnings);
  return out;
}

Predictions Model::predict(const Table& as_given, const std::vector<std::size_t>& rows) const {
  if (network.layers.empty()) fail("[predict] the model has no layers");
  const std::optional<Table> other = reread(as_given, reading);
  const Table& table = other ? *other : as_given;
  const std::size_t classes = target.classes().size();
  Predictions out;
  if (classes > 0) out.probabilities = {rows.size(), classes, std::vector<double>(rows.size() * classes)};
  for (std::size_t begin = 0; begin < rows.size(); begin += rows_per_piece) {
    const std::size_t count = std::min(rows_per_piece, rows.size() - begin);
    const std::vector<double> values =
        outputs(features_of(*this, table, std::span(rows).subspan(begin, count)));
    const std::size_t width = values.size() / count;
    for (std::size_t i = 0; i < count; ++i) {
      const double* row = values.data() + i * width;
      if (classes == 0) {
        out.values.push_back(target_mean + target_scale * row[0]);
        continue;
      }
      double* p = out.probabilities.values.data() + (begin + i) * classes;
      to_probabilities(row, width, p);
      out.labels.push_back(static_cast<std::size_t>(std::max_element(p, p + classes) - p));
    }
  }
  return out;
}

double score(const Model& model, const Predictions& predictions, const std::vector<double>& y) {
  return score(model, predictions, y, model.metric);
}

double score(const Model& model, const Predictions& predictions, const std::vector<double>& y,
             sweep::Metric metric) {
  if (y.empty()) fail("[score] there are no rows to score");
  return train::measure(metric, outputs_of(model, predictions), y);
}

train::Interval score_interval(const Model& model, const Predictions& predictions,
                               const std::vector<double>& y) {
  if (y.empty()) fail("[score] there are no rows to score");
  return train::bootstrap(model.metric, outputs_of(model, predictions), y, model.seed);
}

std::vector<sweep::Metric> metrics_of(Task task) {
  if (task == Task::regression) return {sweep::Metric::r2, sweep::Metric::rmse, sweep::Metric::mae};
  return {sweep::Metric::accuracy, sweep::Metric::log_loss};
}

}  // namespace runnel
