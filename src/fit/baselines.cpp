#include "fit/baselines.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "fit/winner.h"
#include "runnel/ops.h"

namespace runnel::fitting {
namespace {

using models::Loss;
using models::Metric;

double mean_of(const std::vector<double>& y) {
  double mean = 0;
  for (double value : y) mean += value / static_cast<double>(y.size());
  return mean;
}

models::Problem without_weights(models::Problem problem) {
  for (models::Fold& fold : problem.folds) fold.weights.reset();
  return problem;
}

Linear linear_regression(const Work& w, const models::Problem& problem, const models::Fold& all) {
  const std::vector<double> alphas{1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0};
  const params::Configuration linear = models::network({{"hidden", "none"}});
  std::vector<double> losses(alphas.size(), 0.0);
  std::vector<nn::Dense> path;
  for (const models::Fold& fold : problem.folds) {
    path = nn::ridge_path(fold.x, expand_dims(fold.y, 1), alphas);
    for (std::size_t i = 0; i < alphas.size(); ++i)
      losses[i] += train::mean_loss(
          Loss::squared, models::predict(nn::network_of({path[i]}), linear, fold.x_validation).to_doubles(),
          fold.y_validation.to_doubles());
  }
  const auto best = static_cast<std::size_t>(std::min_element(losses.begin(), losses.end()) - losses.begin());
  if (!w.retrains) return {nn::network_of({path[best]}), linear};  // it was trained on all already
  return {nn::network_of(nn::ridge_path(all.x, expand_dims(all.y, 1), {alphas[best]})), linear};
}

Linear linear_classifier(const Work& w, const models::Problem& problem, const models::Fold& all) {
  constexpr std::int64_t kSteps =
      3000;  // enough for Adam to settle on a convex problem of standardised columns
  const std::int64_t rows = all.x.dim(0);
  const std::int64_t batch = std::clamp<std::int64_t>(rows / 16, 1, 256);
  const std::int64_t epochs = std::clamp<std::int64_t>(kSteps * batch / rows, 8, 200);
  params::Space space(models::network_schema());
  space.set("hidden", "none").set("batch", batch);
  space.vary("rate", {0.003, 0.01})
      .vary("l2", {0, 0.001, 0.01})
      .vary("epochs", {epochs / 4, epochs / 2, epochs});
  Found s = search_winner(problem, w.retrains ? &all : nullptr, space.grid(), search_options(w));
  // One that was stopped half-way would not be the best.
  if (s.members.empty() || s.result.interrupted) return {};
  return {s.members[0].network, s.members[0].configuration};
}

}  // namespace

std::vector<double> constant_outputs(const Work& w, std::vector<double> y, std::size_t n) {
  std::vector<double> one;
  if (w.target.task() == Task::regression) {
    double value = mean_of(y);
    if (w.metric == Metric::mae) {
      std::nth_element(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(y.size() / 2), y.end());
      value = y[y.size() / 2];
    }
    one = {value};
  } else {
    std::vector<double> share(w.target.classes().size(), 0.0);
    for (double label : y) share[static_cast<std::size_t>(label)] += 1;
    for (double s : share) one.push_back(std::log(std::max(s, 0.5)));
    if (w.outputs() == 1) one = {one[1] - one[0]};
  }
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) out.insert(out.end(), one.begin(), one.end());
  return out;
}

Linear best_linear(const Prepared& p) {
  models::Fold all = p.all;
  all.weights.reset();
  const models::Problem plain = without_weights(p.problem);
  return p.w.target.task() == Task::regression ? linear_regression(p.w, plain, all)
                                               : linear_classifier(p.w, plain, all);
}

}  // namespace runnel::fitting
