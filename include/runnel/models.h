// Networks of tables, as a search trains them (runnel/search.h): their hyperparameters, the rows, the metric.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runnel/array.h"
#include "runnel/error.h"
#include "runnel/nn.h"
#include "runnel/params.h"
#include "runnel/search.h"
#include "runnel/train.h"

namespace runnel::models {

using search::hyperband_size;
using search::Rung;
using search::Scheduler;
using search::scheduler_from_name;
using search::scheduler_name;
using search::Scheduling;
using train::higher_is_better;
using train::Loss;
using train::loss_from_name;
using train::loss_name;
using train::Metric;
using train::metric_from_name;
using train::metric_name;

// ---- hyperparameters -----------------------------------------------------------------------------------

using params::Configuration;
using params::Space;

// The hyperparameters of networks of tables.
const std::shared_ptr<const params::Schema>& network_schema();
// A candidate: these values, and defaults for all else, settled. A number that stands for a word (a dropout
// of 0) is that word. Throws Error(input) as Configuration::set does.
Configuration network(const std::vector<std::pair<std::string, params::Value>>& values = {});

std::vector<std::int64_t> hidden_of(const Configuration& configuration);
nn::Activation activation_of(const Configuration& configuration);  // relu where there are no hidden layers
std::int64_t epochs_of(const Configuration& configuration);
// The same under its seed + i.
Configuration with_further_seed(const Configuration& configuration, std::int64_t i);
std::int64_t patience_of(const Configuration& configuration);  // 0: off

// Whether what a candidate comes to after n epochs depends on how many it will make: schedules and tail
// averages that are laid out over all steps. Candidates that differ in epochs alone are readings of one
// trajectory where not.
bool depends_on_total(const Configuration& configuration);
// Fails for values that do not go together (a one-cycle schedule without a rise), saying what would.
void check(const Configuration& configuration);

// "grid", "random", "sobol", "tpe": by name, with a number of candidates for all but the grid. Throws
// Error(input) naming the nearest.
const std::vector<std::string>& sampler_names();
search::SamplerPtr sampler_from_name(std::string_view name, std::int64_t n);

// ---- the work ------------------------------------------------------------------------------------------

// Training and validation rows of one fold. x: (n, d) f32 or f64; y: (n,) of x's dtype for regression
// (standardised by the caller if wanted) and binary targets (0 or 1), (n,) i32 class numbers for softmax.
struct Fold {
  Array x, y;
  Array x_validation, y_validation;
  double unit = 1;                         // one of y in the unit that rmse and mae are to be told in
  std::optional<Array> weights = {};       // (n,) of x's dtype, see train::Further; of training alone
  std::vector<std::int64_t> numeric = {};  // the columns that embeddings take; others pass as they are
};

struct Problem {
  std::vector<Fold> folds;  // one: a plain validation split
  Loss loss = Loss::squared;
  Metric metric = Metric::r2;
  std::int64_t outputs = 1;  // of the network: classes for softmax, else 1
  // Where folds have so few rows that each alone says little: the variance of the targets of all validation
  // rows, in the unit of rmse. The metric is then that of the rows of all folds together, and r2 on a fold
  // compares with this variance. Else the metric is the mean of the folds'.
  std::optional<double> spread = {};
};

// ---- searches ------------------------------------------------------------------------------------------

// What a search found. Its measures are the problem's metric and the loss on validation rows, without the L2
// term.
struct Result : search::Result {
  // Of a search with one fold: the best candidates' networks, as many as Options::states, by number.
  std::map<std::int64_t, nn::Network> networks;
};

// These of a candidate; nan where it has no reading.
double metric_of(const search::Candidate& candidate);
double loss_of(const search::Candidate& candidate);

// Searches over networks (runnel/search.h). The second form trains these candidates and tells of what differs
// among them. Throw Error(input) for candidates or data that cannot be trained (a batch larger than a fold is
// cut to it, and said).
Result run(const Problem& problem, const Space& space, const search::SamplerPtr& sampler,
           const search::Options& options = {});
Result run(const Problem& problem, const std::vector<Configuration>& candidates,
           const search::Options& options = {});

// What `run` would do. Trains nothing but a few steps of the costliest programs, to time them. Throws as
// `run` does.
search::Plan plan(const Problem& problem, const Space& space, const search::SamplerPtr& sampler,
                  const search::Options& options = {});
search::Plan plan(const Problem& problem, const std::vector<Configuration>& candidates,
                  const search::Options& options = {});

// The network's outputs (n, outputs) for rows of x, computed in pieces.
Array predict(const nn::Network& network, const Configuration& configuration, const Array& x);

}  // namespace runnel::models
