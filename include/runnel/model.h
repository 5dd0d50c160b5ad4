// The saved model: preprocessing, target and network in one file. predictor.h is what predicts with it.
#pragma once

#include <string>
#include <vector>

#include "runnel/data.h"
#include "runnel/models.h"
#include "runnel/nn.h"
#include "runnel/train.h"

namespace runnel {

// For each row: a value (regression), or probabilities of the classes in the order of Target::classes().
struct Predictions {
  std::vector<double> values;       // regression
  Matrix<double> probabilities;     // classes
  std::vector<std::size_t> labels;  // the likeliest class
};

// A network with what it was trained by.
struct Member {
  nn::Network network;
  params::Configuration configuration{models::network_schema()};
  // The epochs that it was trained for, where a search was stopped before it had made those of
  // `configuration`; else 0.
  std::int64_t stopped_after = 0;
};

// One network, or an ensemble: several whose outputs are averaged, as numbers, or as probabilities of
// classes.
struct Model {
  Target target;
  Preprocessor preprocessor;
  Reading reading;  // of the columns it was trained on; tables are read so, whatever else stands in them
  models::Metric metric = models::Metric::r2;
  models::Loss loss = models::Loss::squared;
  params::Configuration configuration{models::network_schema()};  // of the network
  nn::Network network;
  std::int64_t stopped_after = 0;            // as Member::stopped_after
  std::vector<Member> others = {};           // the ensemble's further members
  double target_mean = 0, target_scale = 1;  // regression: a prediction is mean + scale * output
  std::uint64_t seed = 0;                    // of the run that made it
  std::string version;                       // of Runnel
  std::string provenance;                    // JSON: data, rows, scores, command, as `fit` wrote them
  bool narrow_features = false;  // of a network in doubles: its features are floats (models of formats 1, 2)

  // The targets of a table that holds them, read as in training.
  TargetValues targets(const Table& table, std::vector<std::string>& warnings) const;

  // One safetensors file: tensors "layers.0.w", "layers.0.b", …, of an ensemble's further networks
  // "others.0.layers.0.w", …; everything else as text in its metadata.
  // Written under a temporary name and renamed. Errors name the file: not safetensors, truncated, not a
  // Runnel model, parts that do not fit together, unwritable.
  void save(const std::string& path) const;
  static Model load(const std::string& path);
};

// A metric of predictions against a target's values on the same rows: the model's own, or another of its
// task.
double score(const Model& model, const Predictions& predictions, const std::vector<double>& y);
double score(const Model& model, const Predictions& predictions, const std::vector<double>& y,
             models::Metric metric);

// The 95% bootstrap interval of that score over the rows, a function of the model's seed.
train::Interval score_interval(const Model& model, const Predictions& predictions,
                               const std::vector<double>& y);

// The metrics that a task is measured by: r2, rmse and mae of numbers, accuracy and log_loss of classes.
std::vector<models::Metric> metrics_of(Task task);

// Whether a file begins as a saved model does; false for what cannot be read.
bool is_model_file(const std::string& path);

}  // namespace runnel
