#include "report/test_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace runnel::report {
namespace {

using train::Metric;

bool of_classes(Metric metric) { return metric == Metric::accuracy || metric == Metric::log_loss; }

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The 95% interval of a mean by its standard error: cheap, and what the bootstrap would find of many rows.
std::pair<double, double> interval_of_mean(const std::vector<double>& values) {
  const double m = mean(values), n = static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - m) * (value - m);
  const double half = n > 1 ? 1.96 * std::sqrt(squares / (n - 1) / n) : 0;
  return {m - half, m + half};
}

// The measure's interval: the chosen metric's bootstrap, that of other means by their standard error.
std::pair<double, double> interval(const FitResult& result, Metric metric) {
  const TestRead& test = result.test_read;
  if (metric == result.metric) return {result.test.low, result.test.high};
  std::vector<double> of_rows;
  if (metric == Metric::mae || metric == Metric::rmse) {
    for (std::size_t i = 0; i < test.y.size(); ++i) {
      const double error = test.model[i] - test.y[i];
      of_rows.push_back(metric == Metric::mae ? std::abs(error) : error * error);
    }
    const auto [low, high] = interval_of_mean(of_rows);
    return metric == Metric::mae ? std::pair(low, high)
                                 : std::pair(std::sqrt(std::max(0.0, low)), std::sqrt(high));
  }
  const double none = std::numeric_limits<double>::quiet_NaN();
  return {none, none};
}

Json measure_json(const FitResult& result, Metric metric) {
  const TestRead& test = result.test_read;
  const auto of = [&](const std::vector<double>& outputs) {
    return outputs.empty() ? Json(nullptr) : exact(train::measure(metric, outputs, test.y));
  };
  const auto [low, high] = interval(result, metric);
  return {{"name", train::metric_name(metric)},
          {"higher", train::higher_is_better(metric)},
          {"chosen", metric == result.metric},
          {"model", of(test.model)},
          {"low", exact(low)},
          {"high", exact(high)},
          {"linear", of(test.linear)},
          {"constant", of(test.constant)}};
}

std::string verdict(const FitResult& result) {
  if (result.test.rows == 0) return "none";
  const double sign = train::higher_is_better(result.metric) ? 1 : -1;
  const double value = sign * result.test.value;
  const double worst = std::min(sign * result.test.low, sign * result.test.high);
  const double constant = sign * result.constant_baseline, linear = sign * result.linear_baseline;
  if (!(value > constant)) return "worse";
  const bool is_linear = models::hidden_of(result.model.configuration).empty();
  if (std::isfinite(linear) && linear > value && !is_linear) return "linear";
  if (!(worst > constant) || (std::isfinite(linear) && !is_linear && !(worst > linear))) return "unclear";
  return "clear";
}

// 1, 2 or 5 times a power of ten.
double round_step(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double times : {1.0, 2.0, 5.0})
    if (step <= times * power * (1 + 1e-9)) return times * power;
  return 10 * power;
}

Json regression_json(const TestRead& test) {
  std::vector<double> residuals;
  for (std::size_t i = 0; i < test.y.size(); ++i) residuals.push_back(test.y[i] - test.model[i]);
  Json pairs = Json::array();
  const std::size_t n = test.y.size(), most = std::min(n, kMostPairs);
  for (std::size_t k = 0; k < most; ++k) {
    const std::size_t i = k * n / most;
    pairs.push_back(Json::array({rounded(test.y[i]), rounded(test.model[i])}));
  }
  const double bias = mean(residuals);
  const Histogram h = histogram(residuals);
  std::vector<double> sizes;
  for (const double r : residuals) sizes.push_back(std::abs(r));
  std::sort(sizes.begin(), sizes.end());
  const auto within = [&](double share) {
    return rounded(sizes[std::min(n - 1, static_cast<std::size_t>(share * static_cast<double>(n)))]);
  };
  return {{"kind", "numbers"},
          {"rows", n},
          {"pairs", std::move(pairs)},
          {"bias", rounded(bias)},
          {"half_within", within(0.5)},
          {"most_within", within(0.9)},
          {"histogram",
           {{"edges", rounded(h.edges)},
            {"counts", h.counts},
            {"open_below", h.open_below},
            {"open_above", h.open_above}}}};
}

Json classes_json(const TestRead& test, const std::vector<std::string>& classes) {
  const std::size_t k = classes.size();
  const std::vector<double> p = probabilities(test.model, test.y.size(), k);
  const std::vector<std::size_t> counts = confusion(p, test.y, k);
  Json rows = Json::array(), bins = Json::array();
  for (std::size_t i = 0; i < k; ++i)
    rows.push_back(std::vector<std::size_t>(counts.begin() + static_cast<std::ptrdiff_t>(i * k),
                                            counts.begin() + static_cast<std::ptrdiff_t>((i + 1) * k)));
  const std::vector<CalibrationBin> calibrated = calibration(p, test.y, k);
  for (const CalibrationBin& bin : calibrated)
    bins.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"mean", rounded(bin.mean)},
                    {"share", rounded(bin.share)},
                    {"rows", bin.rows}});
  return {{"kind", "classes"},
          {"rows", test.y.size()},
          {"classes", classes},
          {"confusion", std::move(rows)},
          {"calibration", std::move(bins)},
          {"calibration_error", rounded(calibration_error(calibrated))}};
}

}  // namespace

Json answer_json(const FitResult& result) {
  const Target& target = result.model.target;
  const bool classes = target.task() != Task::regression;
  Json measures = Json::array();
  if (result.test.rows > 0)
    for (const Metric metric : {Metric::r2, Metric::rmse, Metric::mae, Metric::accuracy, Metric::log_loss})
      if (of_classes(metric) == classes) measures.push_back(measure_json(result, metric));
  Json out = {{"target", target.column()},
              {"task", task_name(target.task())},
              {"why", target.why()},
              {"classes", target.classes()},
              {"metric", train::metric_name(result.metric)},
              {"rows", result.test.rows},
              {"verdict", verdict(result)},
              {"linear_winner", models::hidden_of(result.model.configuration).empty()},
              {"networks", 1 + result.model.others.size()},
              {"measures", std::move(measures)}};
  if (!result.model.others.empty())
    out["single"] = {{"value", exact(result.single.value)},
                     {"low", exact(result.single.low)},
                     {"high", exact(result.single.high)}};
  return out;
}

Json errors_json(const FitResult& result) {
  if (result.test_read.y.empty()) return nullptr;
  const Target& target = result.model.target;
  return target.task() == Task::regression ? regression_json(result.test_read)
                                           : classes_json(result.test_read, target.classes());
}

std::vector<double> probabilities(const std::vector<double>& outputs, std::size_t rows, std::size_t classes) {
  std::vector<double> out(rows * classes);
  const std::size_t width = outputs.size() / rows;
  for (std::size_t i = 0; i < rows; ++i) {
    double* p = out.data() + i * classes;
    if (width == 1) {  // of the second class
      p[1] = 1 / (1 + std::exp(-outputs[i]));
      p[0] = 1 / (1 + std::exp(outputs[i]));
      continue;
    }
    const double* logits = outputs.data() + i * width;
    const double most = *std::max_element(logits, logits + classes);
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) sum += p[c] = std::exp(logits[c] - most);
    for (std::size_t c = 0; c < classes; ++c) p[c] /= sum;
  }
  return out;
}

std::vector<std::size_t> confusion(const std::vector<double>& p, const std::vector<double>& y,
                                   std::size_t classes) {
  std::vector<std::size_t> out(classes * classes, 0);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double* row = p.data() + i * classes;
    const auto predicted = static_cast<std::size_t>(std::max_element(row, row + classes) - row);
    out[static_cast<std::size_t>(y[i]) * classes + predicted] += 1;
  }
  return out;
}

std::vector<CalibrationBin> calibration(const std::vector<double>& p, const std::vector<double>& y,
                                        std::size_t classes) {
  constexpr std::size_t kBins = 10;
  std::vector<CalibrationBin> bins(kBins);
  for (std::size_t b = 0; b < kBins; ++b) {
    bins[b].low = static_cast<double>(b) / kBins;
    bins[b].high = static_cast<double>(b + 1) / kBins;
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double* row = p.data() + i * classes;
    const std::size_t c =
        classes == 2 ? 1 : static_cast<std::size_t>(std::max_element(row, row + classes) - row);
    CalibrationBin& bin = bins[std::min(kBins - 1, static_cast<std::size_t>(row[c] * kBins))];
    bin.mean += row[c];
    bin.share += static_cast<std::size_t>(y[i]) == c ? 1 : 0;
    bin.rows += 1;
  }
  for (CalibrationBin& bin : bins) {
    if (bin.rows == 0) continue;
    bin.mean /= static_cast<double>(bin.rows);
    bin.share /= static_cast<double>(bin.rows);
  }
  std::erase_if(bins, [](const CalibrationBin& bin) { return bin.rows == 0; });
  return bins;
}

double calibration_error(const std::vector<CalibrationBin>& bins) {
  double sum = 0, rows = 0;
  for (const CalibrationBin& bin : bins) {
    sum += static_cast<double>(bin.rows) * std::abs(bin.mean - bin.share);
    rows += static_cast<double>(bin.rows);
  }
  return rows > 0 ? sum / rows : 0;
}

Histogram histogram(std::vector<double> values) {
  constexpr double kBins = 24;
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  Histogram h;
  if (values.empty()) return h;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  double low = values.front(), high = values.back();
  const double low_core = at(0.01), high_core = at(0.99), core = high_core - low_core;
  if (core > 0 && low < low_core - core / 2) low = low_core - core / 4;
  if (core > 0 && high > high_core + core / 2) high = high_core + core / 4;
  const double span = high > low ? high - low : std::max(std::abs(high), 1.0) * 1e-3;
  const double step = round_step(span / kBins);
  const double first = std::floor(low / step);
  const auto bins = static_cast<std::size_t>(std::max(1.0, std::floor(high / step) - first + 1));
  for (std::size_t b = 0; b <= bins; ++b) h.edges.push_back((first + static_cast<double>(b)) * step);
  h.counts.assign(bins, 0);
  for (const double value : values) {
    const double bin = std::floor(value / step) - first;
    h.open_below = h.open_below || bin < 0;
    h.open_above = h.open_above || bin >= static_cast<double>(bins);
    h.counts[static_cast<std::size_t>(std::clamp(bin, 0.0, static_cast<double>(bins - 1)))] += 1;
  }
  return h;
}

}  // namespace runnel::report
