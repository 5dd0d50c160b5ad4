// Between logits and probabilities of classes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace runnel {

inline double logistic(double z) { return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z)); }

// The probabilities of the classes from one row of logits: one logit for two classes, else one for each.
inline void to_probabilities(const double* logits, std::size_t width, double* out) {
  if (width == 1) {
    out[0] = logistic(-logits[0]);
    out[1] = logistic(logits[0]);
    return;
  }
  const double most = *std::max_element(logits, logits + width);
  double sum = 0;
  for (std::size_t c = 0; c < width; ++c) sum += out[c] = std::exp(logits[c] - most);
  for (std::size_t c = 0; c < width; ++c) out[c] /= sum;
}

// The logarithms of probabilities are logits of the same classes; a probability of 0 counts as the least
// number above it, so that one hopeless row does not make the score infinite. What is no number stays none.
inline double logit_of(double p) { return std::log(p == 0 ? std::numeric_limits<double>::min() : p); }

}  // namespace runnel
