// What a model did on the test rows: measures beside the baselines', errors of numbers, confusion and
// calibration of classes.
#pragma once

#include "report/page.h"
#include "runnel/fit.h"

namespace runnel::report {

// The page's part "answer": every measure of the task for the model, the best linear model and the best
// constant, and a verdict: "none" (no test rows), "worse" (than the constant), "linear" (the best linear
// model does better), "unclear" (a baseline lies within the interval), "clear".
Json answer_json(const FitResult& result);

// Points of the drawing of predictions: evenly spaced among the test rows where there are more.
inline constexpr std::size_t kMostPairs = 2000;

// The page's part "errors": of numbers the pairs and the histogram of residuals, of classes the confusion and
// the calibration. null without test rows.
Json errors_json(const FitResult& result);

// ---- what it is made of --------------------------------------------------------------------------------

// Probabilities of the classes, row-major, from outputs as networks give them.
std::vector<double> probabilities(const std::vector<double>& outputs, std::size_t rows, std::size_t classes);

// confusion[true * classes + predicted], in rows.
std::vector<std::size_t> confusion(const std::vector<double>& probabilities, const std::vector<double>& y,
                                   std::size_t classes);

// Rows whose probability lies between low and high: its mean, and how often it came true.
struct CalibrationBin {
  double low = 0, high = 0, mean = 0, share = 0;
  std::size_t rows = 0;
};
// Ten bins of equal width; of two classes the second's probability, of more the likeliest's (Guo et al.,
// "On calibration of modern neural networks", ICML 2017, section 2).
std::vector<CalibrationBin> calibration(const std::vector<double>& probabilities,
                                        const std::vector<double>& y, std::size_t classes);
// The mean over rows of |mean - share| of their bins (there, equation 3).
double calibration_error(const std::vector<CalibrationBin>& bins);

// Residuals y - prediction: counts between edges that are round numbers. The outermost percent on each side
// that would make the bins wide is counted in the last ones, which then have no outer edge.
struct Histogram {
  std::vector<double> edges;        // counts.size() + 1
  std::vector<std::size_t> counts;  // of all rows
  bool open_below = false, open_above = false;
};
Histogram histogram(std::vector<double> values);

}  // namespace runnel::report
