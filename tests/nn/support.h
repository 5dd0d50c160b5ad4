// What the tests of models share: f64 arrays of random numbers, comparison, central differences.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "error_of.h"
#include "runnel/nn.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel {

inline Array f64(double value) { return Array::scalar(value, DType::f64); }
inline Array vec(std::initializer_list<double> values) { return Array(values, DType::f64); }
inline Array normals(const Shape& shape, std::uint64_t seed) {
  return random::normal(random::key(seed), shape, DType::f64);
}

inline void expect_near(const Array& a, const Array& b, double tolerance) {
  ASSERT_EQ(a.shape(), b.shape()) << to_string(a.shape()) << " and " << to_string(b.shape());
  const auto x = a.to_doubles();
  const auto y = b.to_doubles();
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], tolerance) << "element " << i;
}

// The Error(input) text that f throws, "" when it throws none.
// (f(x + h e) - f(x - h e)) / (2 h) for each element, f from Array to a scalar Array.
template <class F>
Array central_differences(F&& f, const Array& x, double h = 1e-5) {
  std::vector<double> slopes;
  std::vector<double> at = x.to_doubles();
  for (double& value : at) {
    const double kept = value;
    value = kept + h;
    const double above = f(Array::from(at, x.shape())).item();
    value = kept - h;
    const double below = f(Array::from(at, x.shape())).item();
    value = kept;
    slopes.push_back((above - below) / (2 * h));
  }
  return Array::from(slopes, x.shape());
}

}  // namespace runnel
