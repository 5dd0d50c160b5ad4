#include "lab/images.h"

#include <cmath>
#include <numbers>

#include "runnel/ops.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

constexpr std::int64_t waves = 8;

// (waves, side * side): products of cosines, each with mean 0.
Array patterns(std::int64_t side) {
  std::vector<double> values;
  for (std::int64_t k = 1; k <= waves; ++k)
    for (std::int64_t i = 0; i < side; ++i)
      for (std::int64_t j = 0; j < side; ++j) {
        const double u = (static_cast<double>(i) + 0.5) / static_cast<double>(side);
        const double v = (static_cast<double>(j) + 0.5) / static_cast<double>(side);
        values.push_back(std::cos(std::numbers::pi * static_cast<double>(k % 3) * u) *
                         std::cos(std::numbers::pi * static_cast<double>(k / 3) * v));
      }
  return Array::from(values, {waves, side * side});
}

}  // namespace

Images stand_in_images(const Array& key, std::int64_t n, std::int64_t side) {
  auto drawn = [&](int stream, const Shape& shape) { return normals(random::fold_in(key, stream), shape); };
  auto make = [&](const Array& pattern) {
    const Array heights = drawn(1, {n, waves});
    const Array pixels = logistic(0.35 * matmul(heights, pattern) + 0.3 * drawn(2, {n, side * side}));
    auto height = [&](std::int64_t k) { return squeeze(slice(heights, 1, k, k + 1), 1); };
    const Array age =
        45 + 6 * height(0) - 5 * height(1) + 4 * height(2) + 3 * height(3) * height(4) + 10 * drawn(3, {n});
    return Images{pixels, minimum(maximum(floor(age + 0.5), 1), 90)};
  };
  return jit(make)(patterns(side));
}

}  // namespace runnel::lab
