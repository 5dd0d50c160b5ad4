// Losses and metrics of concrete outputs, in double precision: what is reported, not what is differentiated.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.h"
#include "core/philox.h"
#include "runnel/train.h"
#include "runnel/transforms.h"

namespace runnel::train {
namespace {

struct Table {
  std::span<const double> out;
  std::span<const double> y;
  std::size_t rows;
  std::size_t width;

  Table(std::span<const double> outputs, std::span<const double> targets)
      : out(outputs), y(targets), rows(targets.size()), width(rows == 0 ? 0 : outputs.size() / rows) {
    if (rows == 0) fail("[measure] there are no rows to measure");
    if (width * rows != outputs.size())
      fail("[measure] {} outputs do not go with {} targets", outputs.size(), rows);
  }

  // log(1 + eˣ)
  static double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

  double log_loss(std::size_t i) const {
    if (width == 1) return softplus(y[i] > 0.5 ? -out[i] : out[i]);
    const double* z = &out[i * width];
    double most = z[0];
    for (std::size_t k = 1; k < width; ++k) most = std::max(most, z[k]);
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) sum += std::exp(z[k] - most);
    return most + std::log(sum) - z[static_cast<std::size_t>(y[i])];
  }

  bool correct(std::size_t i) const {
    if (width == 1) return (out[i] > 0) == (y[i] > 0.5);
    const double* z = &out[i * width];
    std::size_t best = 0;
    for (std::size_t k = 1; k < width; ++k)
      if (z[k] > z[best]) best = k;
    return best == static_cast<std::size_t>(y[i]);
  }

  // The loss of a row.
  double error(Loss loss, std::size_t i) const {
    const double r = out[i] - y[i];
    switch (loss) {
      case Loss::squared:
        return r * r;
      case Loss::half_squared:
        return r * r / 2;
      case Loss::absolute:
        return std::abs(r);
      case Loss::huber:
        return std::abs(r) <= 1 ? r * r / 2 : std::abs(r) - 0.5;
      case Loss::logistic:
      case Loss::softmax:
        return log_loss(i);
    }
    fail("unknown loss");
  }

  // What a metric averages over rows.
  double term(Metric metric, std::size_t i) const {
    switch (metric) {
      case Metric::r2:
      case Metric::rmse:
        return error(Loss::squared, i);
      case Metric::mae:
        return error(Loss::absolute, i);
      // A row of nan is right about nothing; comparing would call the first class its answer.
      case Metric::accuracy:
        return std::isfinite(out[i * width]) && correct(i) ? 1 : 0;
      case Metric::log_loss:
        return log_loss(i);
    }
    fail("unknown metric");
  }
};

// 1 less the mean error over the variance of the rows' targets.
template <class Row>
double explained(double mean, std::span<const double> y, Row row) {
  const std::size_t n = y.size();
  if (n < 2) return std::numeric_limits<double>::quiet_NaN();  // one row has no spread to compare with
  double origin = 0;                                           // keeps the variance from cancelling
  for (std::size_t i = 0; i < n; ++i) origin += y[row(i)] / static_cast<double>(n);
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double from_origin = y[row(i)] - origin;
    sum += from_origin;
    squares += from_origin * from_origin;
  }
  const double centre = sum / static_cast<double>(n);
  const double variance = squares / static_cast<double>(n) - centre * centre;
  // Equal targets leave nothing to explain: 1 without error, else 0, and searches go on to compare losses.
  if (!(variance > 0)) return mean == 0 ? 1 : std::isfinite(mean) ? 0 : mean;
  return 1 - mean / variance;
}

// The metric of rows that are given one by one: row(0) … row(n - 1).
template <class Row>
double combine(Metric metric, std::span<const double> terms, std::span<const double> y, Row row) {
  const std::size_t n = terms.size();
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += terms[row(i)];
  const double mean = total / static_cast<double>(n);
  if (metric == Metric::r2) return explained(mean, y, row);
  return metric == Metric::rmse ? std::sqrt(mean) : mean;
}

// log_loss of every row whose output is one number, in vectors.
std::vector<double> logistic_losses(const Table& t) {
  static const auto losses =
      jit([](const Array& out, const Array& y) { return softplus(select(y > 0.5, neg(out), out)); });
  const auto n = static_cast<std::int64_t>(t.rows);
  return losses(Array::from(t.out, {n}), Array::from(t.y, {n})).to_doubles();
}

std::vector<double> terms_of(Metric metric, const Table& t) {
  if (metric == Metric::log_loss && t.width == 1) return logistic_losses(t);
  std::vector<double> terms(t.rows);
  for (std::size_t i = 0; i < t.rows; ++i) terms[i] = t.term(metric, i);
  return terms;
}

}  // namespace

double mean_loss(Loss loss, std::span<const double> outputs, std::span<const double> y) {
  const Table t(outputs, y);
  double total = 0;
  if (loss == Loss::logistic && t.width == 1)
    for (double term : logistic_losses(t)) total += term;
  else
    for (std::size_t i = 0; i < t.rows; ++i) total += t.error(loss, i);
  return total / static_cast<double>(t.rows);
}

double measure(Metric metric, std::span<const double> outputs, std::span<const double> y) {
  return combine(metric, terms_of(metric, Table(outputs, y)), y, [](std::size_t i) { return i; });
}

namespace {

// Rows that are drawn with replacement: a function of seed, stream and the number of the draw.
void draw_rows(std::uint64_t seed, std::uint32_t stream, std::uint32_t draw, std::vector<std::size_t>& rows) {
  const Philox::Key key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  for (std::size_t i = 0; i < rows.size(); i += 4) {
    const auto words = Philox::block({static_cast<std::uint32_t>(i / 4), draw, 0, stream}, key);
    for (std::size_t k = 0; k < 4 && i + k < rows.size(); ++k)
      rows[i + k] = static_cast<std::size_t>((std::uint64_t{words[k]} * rows.size()) >> 32);
  }
}

}  // namespace

Interval bootstrap(Metric metric, std::span<const double> outputs, std::span<const double> y,
                   std::uint64_t seed) {
  constexpr std::uint32_t kDraws = 1000;
  const std::vector<double> terms = terms_of(metric, Table(outputs, y));
  std::vector<std::size_t> rows(terms.size());
  std::vector<double> values;
  for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
    draw_rows(seed, domain::kBootstrap, draw, rows);
    values.push_back(combine(metric, terms, y, [&](std::size_t i) { return rows[i]; }));
  }
  std::sort(values.begin(), values.end());
  return {values[kDraws / 40], values[kDraws - 1 - kDraws / 40]};
}

namespace {

// value(k, row) is what predictor k is worth on rows row(0), …, row(n - 1).
template <class Value>
double optimism(std::size_t predictors, std::size_t n, bool higher, std::uint64_t seed, Value value) {
  constexpr std::uint32_t kDraws = 200;
  const double sign = higher ? 1 : -1;
  std::vector<double> on_all(predictors);
  for (std::size_t k = 0; k < predictors; ++k) on_all[k] = value(k, [](std::size_t i) { return i; });
  std::vector<std::size_t> rows(n);
  double total = 0;
  for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
    draw_rows(seed, domain::kOptimism, draw, rows);
    double best = -std::numeric_limits<double>::infinity(), excess = 0, usual = 0;
    for (std::size_t k = 0; k < predictors; ++k) {
      const double here = value(k, [&](std::size_t i) { return rows[i]; });
      const double gained = sign * (here - on_all[k]);
      usual += gained / static_cast<double>(predictors);
      if (sign * here > best) {
        best = sign * here;
        excess = gained;
      }
    }
    total += excess - usual;  // rows that are easy for everybody are no merit of the best
  }
  return std::max(0.0, total / kDraws);
}

}  // namespace

double selection_optimism(Metric metric, const std::vector<std::vector<double>>& outputs,
                          std::span<const double> y, std::uint64_t seed) {
  std::vector<std::vector<double>> terms;
  for (const std::vector<double>& of : outputs) terms.push_back(terms_of(metric, Table(of, y)));
  return optimism(outputs.size(), y.size(), higher_is_better(metric), seed,
                  [&](std::size_t k, auto row) { return combine(metric, terms[k], y, row); });
}

double selection_optimism(Metric metric, const std::vector<std::vector<double>>& by_fold,
                          std::uint64_t seed) {
  const std::size_t folds = by_fold.empty() ? 0 : by_fold[0].size();
  return optimism(by_fold.size(), folds, higher_is_better(metric), seed, [&](std::size_t k, auto row) {
    double sum = 0;
    for (std::size_t i = 0; i < folds; ++i) sum += by_fold[k][row(i)];
    return sum / static_cast<double>(folds);
  });
}

}  // namespace runnel::train
