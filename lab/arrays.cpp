#include "lab/arrays.h"

#include <cmath>

namespace runnel::lab {

std::vector<double> evenly(double low, double high, std::int64_t count) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < count; ++i)
    out.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1));
  return out;
}

std::vector<double> by_ratio(double low, double high, std::int64_t count) {
  std::vector<double> out = evenly(std::log(low), std::log(high), count);
  for (double& value : out) value = std::exp(value);
  return out;
}

}  // namespace runnel::lab
