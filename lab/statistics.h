// What samples say: moments with their standard errors, and how well counts fit probabilities.
#pragma once

#include <cstdint>
#include <vector>

namespace runnel::lab {

struct Moments {
  double mean = 0, deviation = 0;  // the deviation by n - 1
  double error = 0;                // standard error of the mean
};
Moments moments(const std::vector<double>& values);  // of two or more
double median(std::vector<double> values);           // the mean of the middle two of an even number

// The probability that a chi-squared variable of so many degrees of freedom exceeds x.
double chi_squared_tail(double x, std::int64_t degrees);

// Pearson's test of counts against probabilities (both by cell): the probability of a worse fit. Neighbours
// are joined until each cell expects five or more.
double fit_of_counts(const std::vector<double>& counts, const std::vector<double>& probabilities);

// Where values lie between low and high: the share in each of `bins` over its width, and the bins' middles.
struct Histogram {
  std::vector<double> middles, densities;
};
Histogram histogram(const std::vector<double>& values, double low, double high, std::int64_t bins);

}  // namespace runnel::lab
