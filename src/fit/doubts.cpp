#include "fit/doubts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "core/fail.h"
#include "core/text.h"

namespace runnel {
namespace {

using search::Candidate;

double deviation(const std::vector<double>& values) {
  if (values.size() < 2) return std::nan("");
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / (n - 1));
}

std::vector<const Candidate*> finished(const models::Result& search) {
  std::vector<const Candidate*> out;
  for (const Candidate& o : search.candidates)
    if (o.status == search::Status::done) out.push_back(&o);
  return out;
}

std::vector<double> under_seeds(const models::Problem& problem, const Candidate& winner, std::int64_t seeds,
                                const search::Options& of_search) {
  std::vector<double> values{models::metric_of(winner)};
  std::vector<params::Configuration> candidates;
  for (std::int64_t i = 1; i <= seeds; ++i)
    candidates.push_back(models::with_further_seed(winner.configuration, i));
  if (candidates.empty()) return values;
  search::Options options;
  options.seed = of_search.seed;
  options.threads = of_search.threads;
  options.stop = of_search.stop;
  options.states = 0;
  const models::Result under = models::run(problem, candidates, options);
  for (const Candidate* o : finished(under)) values.push_back(models::metric_of(*o));
  return values;
}

double optimism_of(const models::Problem& problem, const models::Result& search, std::uint64_t seed) {
  const std::vector<const Candidate*> all = finished(search);
  if (problem.folds.size() > 1) {
    std::vector<std::vector<double>> by_fold;
    for (const Candidate* o : all) by_fold.push_back(o->by_fold);
    return train::selection_optimism(problem.metric, by_fold, seed);
  }
  const models::Fold& fold = problem.folds[0];
  std::vector<std::vector<double>> outputs;
  for (const Candidate* o : all)
    if (const auto network = search.networks.find(o->number); network != search.networks.end()) {
      outputs.push_back(models::predict(network->second, o->configuration, fold.x_validation).to_doubles());
      for (double& v : outputs.back()) v *= fold.unit;
    }
  if (outputs.size() < 2) return 0;
  std::vector<double> y = fold.y_validation.to_doubles();
  for (double& v : y) v *= fold.unit;
  return train::selection_optimism(problem.metric, outputs, y, seed);
}

double gain_over_median(const models::Result& search, const Candidate& winner) {
  std::vector<double> values;
  for (const Candidate* o : finished(search)) values.push_back(models::metric_of(*o));
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return std::abs(models::metric_of(winner) - (values[(n - 1) / 2] + values[n / 2]) / 2);
}

// Rows as texts of bytes: equal rows, equal texts (-0 is 0).
std::vector<std::string> as_bytes(const Array& x, const std::vector<double>& y) {
  const std::vector<double> values = x.to_doubles();
  const auto width = static_cast<std::size_t>(x.dim(1));
  std::vector<std::string> rows(y.size());
  std::vector<double> row(width + 1);
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t c = 0; c < width; ++c) row[c] = values[i * width + c] + 0.0;
    row[width] = y[i] + 0.0;
    rows[i].assign(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(double));
  }
  return rows;
}

}  // namespace

Doubts doubts_of(const models::Problem& problem, const models::Result& search, std::int64_t seeds,
                 const search::Options& options) {
  Doubts d;
  d.seed_noise = std::nan("");
  if (!search.best || search.interrupted || finished(search).size() < 2) return d;
  const Candidate& winner = search.candidates[static_cast<std::size_t>(*search.best)];
  d.under_seeds = under_seeds(problem, winner, seeds, options);
  d.seed_noise = deviation(d.under_seeds);
  const double near = std::sqrt(2.0) * d.seed_noise;
  // Copies of a network, the winner's or another's, are one.
  for (const std::int64_t i : search.ranking(std::ssize(search.candidates)))
    d.rivals +=
        i != winner.number && std::abs(models::metric_of(search.candidates[static_cast<std::size_t>(i)]) -
                                       models::metric_of(winner)) < near;
  d.optimism = optimism_of(problem, search, options.seed);
  d.gain = gain_over_median(search, winner);
  return d;
}

std::size_t copied_rows(const Array& x, const std::vector<double>& y, const Array& x_training,
                        const std::vector<double>& y_training) {
  std::unordered_map<std::string, std::size_t> seen;
  for (std::string& row : as_bytes(x_training, y_training)) ++seen[std::move(row)];
  if (seen.size() * 2 < y_training.size()) return 0;
  std::size_t copies = 0;
  for (const std::string& row : as_bytes(x, y)) copies += seen.contains(row);
  return copies;
}

std::vector<std::string> choice_warnings(const Doubts& d, const models::Result& search, models::Metric metric,
                                         std::size_t folds, std::size_t rows) {
  std::vector<std::string> out;
  const std::string_view name = models::metric_name(metric);
  if (d.rivals > 0)
    out.push_back(
        fmt::format("{} as good as the winner as far as one can tell: under {} further seeds its own {} on "
                    "validation rows "
                    "varied by {:.2g} (standard deviation)",
                    d.rivals == 1 ? "1 candidate is" : fmt::format("{} candidates are", d.rivals),
                    d.under_seeds.size() - 1, name, d.seed_noise));
  // Where all gain is luck the resamplings find about 0.7 of it (0.63 on five folds): theirs is added to it.
  constexpr std::size_t kMany = 8;  // fewer are a comparison, whose winner nobody takes for more
  if (search.candidates.size() >= kMany && d.gain > 0 && d.optimism > d.gain / 3)
    out.push_back(fmt::format(
        "{} to choose among {} candidates: about {:.2g} of the winner's {} there is the luck of being "
        "chosen, and "
        "it is only {:.2g} better than the median candidate; {}",
        folds > 0 ? fmt::format("{} in {} folds are few", counted(rows, "row"), folds)
                  : fmt::format("{} {} few", counted(rows, "validation row"), rows == 1 ? "is" : "are"),
        search.candidates.size(), d.optimism, name, d.gain,
        folds > 0 ? "try fewer candidates" : "try fewer candidates, or choose by folds (--folds 5)"));
  return out;
}

std::vector<std::string> copy_warnings(const Doubts& d, std::size_t rows) {
  // A few chance copies in a large table make no difference to a score.
  if (d.copies * 100 < rows || d.copies < 3) return {};
  return {fmt::format(
      "{} of {} test rows ({:.0f}%) repeat a training row, target and all: on these the score tells what was "
      "memorised. Rows that belong together are kept on one side of the split by --group COLUMN",
      d.copies, rows, 100.0 * static_cast<double>(d.copies) / static_cast<double>(rows))};
}

}  // namespace runnel
