#include "sweep/measured.h"

#include <cmath>

namespace runnel::sweep {

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

double over_folds(const Problem& problem, std::span<const double> values) {
  double total = 0;
  if (!problem.spread) {
    for (const double value : values) total += value;
    return total / static_cast<double>(values.size());
  }
  const bool root = problem.metric == Metric::rmse;
  double rows = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto n = static_cast<double>(problem.folds[k].x_validation.dim(0));
    total += n * (root ? values[k] * values[k] : values[k]);
    rows += n;
  }
  return root ? std::sqrt(total / rows) : total / rows;
}

}  // namespace runnel::sweep
