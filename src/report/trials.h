// The candidates of a search as a page shows them, whether they come from a fit or from a study's file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/page.h"
#include "runnel/models.h"

namespace runnel::report {

struct Trial {
  std::int64_t index = 0;
  std::string status;  // done, retired, diverged, interrupted, waiting
  std::int64_t epochs = 0;
  double metric = 0, loss = 0;  // on validation rows; nan where there is none
  double best_epoch = 0;        // 0: after the last one
  std::vector<std::string>
      values;  // of the hyperparameters, in the order of Trials::names; "" where one takes no part
  std::vector<double> curve;  // the metric after each epoch
};

struct HyperName {
  std::string name, meaning;
  bool numeric = false;
};

struct Trials {
  std::string metric;  // its name
  bool higher_is_better = false;
  std::string loss;
  std::size_t folds = 0;  // that a trial's metric is the mean of; 0: one set of validation rows
  std::vector<HyperName> names;
  std::vector<Trial> all;
  std::vector<search::Rung> rungs;
  std::optional<std::int64_t> best;  // its index
};

// Which hyperparameters differ among the trials.
std::vector<std::size_t> varied(const Trials& trials);

// How many trials and points of curves a page holds at most: it is to open at once and to be small. The best
// trials stay, and of the others a fair share; what is left out is said in the page.
inline constexpr std::size_t kMostTrials = 3000, kMostPoints = 150'000;

// The page's part "search".
Json trials_json(const Trials& trials);

// ---- importance ----------------------------------------------------------------------------------------

// How much one hyperparameter says about a trial's metric: epsilon squared of a one-way analysis of variance
// (Kelley, "An unbiased correlation ratio measure", PNAS 21, 1935): the share of the metric's variance
// between groups of trials of one value, less what chance alone would give.
struct Importance {
  std::string name;
  double share = 0;        // in [0, 1]
  std::size_t groups = 0;  // values, or ranges of equally many trials where there are more than eight
  bool ranges = false;
  std::size_t trials = 0;  // in which it takes part
};

struct Importances {
  std::vector<Importance> of;  // the greatest first
  std::size_t trials = 0;      // that were compared
  std::int64_t epochs = 0;     // after which they were; 0: each after its own last
};

// Trials that diverged or have no reading take no part. Where some were retired, all are compared after as
// many epochs as each of them made. Empty where fewer than eight trials or no variance are left.
Importances importances(const Trials& trials);
Json importances_json(const Importances& importances);

}  // namespace runnel::report
