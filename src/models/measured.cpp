#include "models/measured.h"

#include <cmath>

namespace runnel::models {

double measured(const Problem& problem, double unit, std::span<const double> outputs,
                std::span<const double> y) {
  if (problem.metric == Metric::r2 && problem.spread) {
    const double error = unit * train::measure(Metric::rmse, outputs, y);
    if (!(*problem.spread > 0)) return error == 0 ? 1 : error - error;  // as of equal targets; nan stays
    return 1 - error * error / *problem.spread;
  }
  const bool in_units = problem.metric == Metric::rmse || problem.metric == Metric::mae;
  return (in_units ? unit : 1) * train::measure(problem.metric, outputs, y);
}

namespace {

// Shares of rows: as many rows right in other folds must be the same number, for then losses decide. Twelve
// digits tell any two shares apart and drop what adding them up left behind.
double without_rounding(double share) { return std::round(share * 1e12) / 1e12; }

}  // namespace

double over_folds(const Problem& problem, std::span<const double> values) {
  double total = 0;
  if (!problem.spread) {
    for (const double value : values) total += value;
    const double mean = total / static_cast<double>(values.size());
    return problem.metric == Metric::accuracy && values.size() > 1 ? without_rounding(mean) : mean;
  }
  const bool root = problem.metric == Metric::rmse;
  double rows = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto n = static_cast<double>(problem.folds[k].x_validation.dim(0));
    total += n * (root ? values[k] * values[k] : values[k]);
    rows += n;
  }
  if (problem.metric == Metric::accuracy) return without_rounding(total / rows);
  return root ? std::sqrt(total / rows) : total / rows;
}

}  // namespace runnel::models
