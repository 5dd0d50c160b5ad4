#include "lab/statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace runnel::lab {

Moments moments(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Moments m;
  for (const double v : values) m.mean += v / n;
  double squares = 0;
  for (const double v : values) squares += (v - m.mean) * (v - m.mean);
  m.deviation = std::sqrt(squares / (n - 1));
  m.error = m.deviation / std::sqrt(n);
  return m;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

// Abramowitz and Stegun, "Handbook of mathematical functions" (1964), 6.5.21 and 26.4.4 and 5: the tail of
// two more degrees has one term more.
double chi_squared_tail(double x, std::int64_t degrees) {
  const double y = x / 2;
  const bool odd = degrees % 2 == 1;
  double tail = odd ? std::erfc(std::sqrt(y)) : std::exp(-y);
  for (double a = odd ? 0.5 : 1; 2 * a < static_cast<double>(degrees); ++a)
    tail += std::exp(a * std::log(y) - y - std::lgamma(a + 1));
  return tail;
}

double fit_of_counts(const std::vector<double>& counts, const std::vector<double>& probabilities) {
  constexpr double least = 5;
  double all = 0;
  for (const double count : counts) all += count;
  std::vector<std::pair<double, double>> cells;  // seen, expected
  std::pair<double, double> open{0, 0};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    open.first += counts[i];
    open.second += all * probabilities[i];
    if (open.second < least) continue;
    cells.push_back(open);
    open = {0, 0};
  }
  if (cells.size() < 2) return 1;
  cells.back().first += open.first;
  cells.back().second += open.second;
  double statistic = 0;
  for (const auto& [seen, expected] : cells) statistic += (seen - expected) * (seen - expected) / expected;
  return chi_squared_tail(statistic, static_cast<std::int64_t>(cells.size()) - 1);
}

Histogram histogram(const std::vector<double>& values, double low, double high, std::int64_t bins) {
  const double width = (high - low) / static_cast<double>(bins);
  Histogram h;
  for (std::int64_t i = 0; i < bins; ++i) h.middles.push_back(low + (static_cast<double>(i) + 0.5) * width);
  h.densities.assign(static_cast<std::size_t>(bins), 0);
  for (const double v : values)
    if (v >= low && v < high)
      h.densities[std::min(static_cast<std::size_t>((v - low) / width), h.densities.size() - 1)] +=
          1 / (width * static_cast<double>(values.size()));
  return h;
}

}  // namespace runnel::lab
