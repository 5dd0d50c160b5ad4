// Short names for the f64 arrays that experiments are made of.
#pragma once

#include <cstdint>
#include <vector>

#include "runnel/array.h"
#include "runnel/random.h"

namespace runnel::lab {

inline Array f64(double value) { return Array::scalar(value, DType::f64); }
inline Array vec(const std::vector<double>& values) {
  return Array::from(values, {static_cast<std::int64_t>(values.size())});
}
inline Array zeros(const Shape& shape) { return Array::zeros(shape, DType::f64); }
inline Array normals(const Array& key, const Shape& shape) { return random::normal(key, shape, DType::f64); }

// `count` values from low to high, evenly spaced, or in even ratios.
std::vector<double> evenly(double low, double high, std::int64_t count);
std::vector<double> by_ratio(double low, double high, std::int64_t count);

}  // namespace runnel::lab
