// From what a cell means to the features that a network reads: one way for the cells of tables and of single
// rows.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

#include "data/date_features.h"
#include "runnel/data.h"

namespace runnel::data {

// How many features an encoding gives.
std::size_t feature_count(const Encoding& e);

// Writes the features of one cell to `out`, where there are zeros before.
template <class T>
class Features {
 public:
  Features(bool standardize, double clip) : standardize_(standardize), clip_(clip) {}

  // Of all kinds, where the encoding says nothing but whether a value is there.
  void indicator(bool missing, T* out) const { *out = missing ? 1 : 0; }

  // A number, or a date's trend and what its own clock shows; NaN when missing.
  void number(const Encoding& e, double value, double local, T* out) const {
    const bool missing = std::isnan(value);
    const double v = missing ? e.fill : value;
    *out++ = scaled(v, e, 0);
    if (const std::size_t n = e.waves.features(); n > 0) {
      std::array<double, 6 * most_waves> waves;
      write_waves(local, e.waves, waves.data());
      for (std::size_t i = 0; i < n; ++i) *out++ = static_cast<T>(waves[i]);
    }
    if (e.log_scale > 0) *out++ = scaled(std::asinh(v / e.log_scale), e, 1);
    if (e.indicator) *out = missing ? 1 : 0;
  }

  // A value that is neither of the two counts as missing.
  void boolean_text(const Encoding& e, std::optional<std::size_t> level, T* out) const {
    out[0] = static_cast<T>(level ? static_cast<double>(*level) : e.fill);
    if (e.indicator) out[1] = level ? 0 : 1;
  }

  void levels(const Encoding& e, std::optional<std::size_t> level, bool missing, T* out) const {
    const std::size_t other = e.levels.size();
    if (level) {
      out[*level] = 1;
    } else if (missing) {
      if (e.indicator) out[other + (e.other ? 1 : 0)] = 1;
    } else if (e.other) {
      out[other] = 1;
    }
  }

  // The numbers of a wide array; NaN where one is missing.
  template <class Value>
  void block(const Encoding& e, const Value* values, T* out) const {
    const bool shared = e.mean.size() == 1;
    for (std::size_t j = 0; j < e.width; ++j) {
      const std::size_t which = shared ? 0 : j;
      out[j] = scaled(std::isnan(values[j]) ? e.mean[which] : double{values[j]}, e, which);
    }
  }

 private:
  T scaled(double v, const Encoding& e, std::size_t which) const {
    if (!standardize_) return static_cast<T>(v);
    return static_cast<T>(std::clamp((v - e.mean[which]) / e.deviation[which], -clip_, clip_));
  }

  bool standardize_;
  double clip_;
};

}  // namespace runnel::data
