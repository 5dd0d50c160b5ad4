// Random bits from counters, and the distributions built on them.
#include "runnel/random.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "core/philox.h"
#include "kernels/fast.h"
#include "kernels/reference/random.h"
#include "ops/helpers.h"
#include "ops/keys.h"

namespace runnel {
namespace {

Op philox_row() {
  return {"philox",
          "n random words of Philox4x32-10, or halves of words, a function of key and stream",
          2,
          {"n", "halves"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            for (const Type& type : in)
              if (type.dtype != DType::u32 || type.shape.rank() < 1 || type.shape[0] != 2)
                fail("[philox] key and stream are u32(2,), got {}", to_string(type));
            if (in[0].shape != in[1].shape)
              fail("[philox] {} and {}: shapes must agree", to_string(in[0]), to_string(in[1]));
            Type out = in[0];
            out.shape[0] = attrs.integer("n");
            if (out.shape[0] < 0) fail("[philox] {} words were asked for", out.shape[0]);
            return {out};
          },
          NoDerivative{},
          same_op_with_lanes("philox"),
          [](const KernelCall& c) {
            kernels::philox(c.in[0], c.in[1], c.out[0], c.attrs.integer("halves") != 0);
          },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{
                {{random::key(7), random::key(1)}, {{"n", std::int64_t{10}}, {"halves", std::int64_t{0}}}},
                {{random::key(7), random::key(1)}, {{"n", std::int64_t{11}}, {"halves", std::int64_t{1}}}}};
          },
          nullptr,
          [](const PrepareCall& c) {
            return kernels::prepare_philox(c.in[0], c.in[1], c.out[0], c.attrs.integer("halves") != 0);
          },
          {},
          true};
}

Array words(const Array& key, const Array& stream, std::int64_t n) {
  static const Op& op = find_op("philox");
  return bind_one(op, {key, stream}, {{"n", n}, {"halves", std::int64_t{0}}});
}

// Random bits of one purpose: the words of stream (0, domain).
Array bits_of(const Array& key, std::uint32_t domain, const Shape& shape) {
  const Array stream = Array::from(std::vector<std::uint32_t>{0, domain}, {2});
  return reshape(words(key, stream, shape.product()), shape);
}

// Uniform in [0, 1): 24 bits for f32, 53 for f64, so that every value is exact.
Array unit(const char* op, const Array& key, std::uint32_t domain, const Shape& shape, DType dtype) {
  if (dtype == DType::f32) return convert(bits_of(key, domain, shape) / 256, DType::f32) * 0x1p-24;
  if (dtype != DType::f64) fail("[{}] needs f32 or f64, got {}", op, name_of(dtype));
  Shape pairs = shape;
  pairs.push_back(2);
  const Array b = bits_of(key, domain, pairs);
  const int last = pairs.rank() - 1;
  const Array high = convert(squeeze(slice(b, last, 0, 1), last) / 32, DType::f64);
  const Array low = convert(squeeze(slice(b, last, 1, 2), last) / 64, DType::f64);
  return (high * 0x1p26 + low) * 0x1p-53;
}

}  // namespace

std::vector<Op> random_ops() { return {philox_row()}; }

namespace random {

Array key(std::uint64_t seed) {
  const std::vector<std::uint32_t> halves{static_cast<std::uint32_t>(seed),
                                          static_cast<std::uint32_t>(seed >> 32)};
  return Array::from(halves, {2});
}

Array child_key(const Array& key, const Operand& data, std::uint32_t domain) {
  if (data.weak() &&
      (data.value() < 0 || data.value() > 4294967295.0 || data.value() != std::floor(data.value())))
    fail("[fold_in] {} is no whole number from 0 to 2^32 - 1", data.value());
  if (data.weak()) {
    const std::vector<std::uint32_t> stream{static_cast<std::uint32_t>(data.value()), domain};
    return words(key, Array::from(stream, {2}), 2);
  }
  return words(key, stack({convert(data.array(), DType::u32), Array::scalar(domain, DType::u32)}), 2);
}

Array fold_in(const Array& key, const Operand& data) {
  if (!data.weak()) {
    const Type& type = data.array().type();
    if ((type.dtype != DType::u32 && type.dtype != DType::i32) || type.shape.rank() != 0)
      fail("[fold_in] the data are one whole number, u32 or i32, got {}; vmap folds several in",
           to_string(type));
  }
  return child_key(key, data, domain::kChildren);
}

Array bits(const Array& key, const Shape& shape) { return bits_of(key, domain::kBits, shape); }

namespace {

// u in [0, 1) moved to [low, high), both of T: rounding can reach the upper end, so the number below it is
// the most.
template <class T>
Array between(const Array& u, T low, T high) {
  if (!(low < high) || !std::isfinite(high - low))
    fail("[uniform] a range from {} to {}: two finite ends are needed, the lower one first", low, high);
  if (low == 0 && high == 1) return u;
  return minimum(double{low} + double{high - low} * u, double{std::nextafter(high, low)});
}

}  // namespace

Array uniform(const Array& key, const Shape& shape, double low, double high, DType dtype) {
  const Array u = unit("uniform", key, domain::kUniform, shape, dtype);
  return dtype == DType::f32 ? between(u, static_cast<float>(low), static_cast<float>(high))
                             : between(u, low, high);
}

// Box and Muller, "A note on the generation of random normal deviates" (1958): two uniforms make one deviate
// here.
Array normal(const Array& key, const Shape& shape, DType dtype) {
  const Array u = 1.0 - unit("normal", key, domain::kNormalRadius, shape, dtype);  // in (0, 1]
  const Array v = unit("normal", key, domain::kNormalAngle, shape, dtype);
  return sqrt(-2.0 * log(u)) * cos(2 * std::numbers::pi * v);
}

Array bernoulli(const Array& key, const Operand& p, const Shape& shape) {
  const Array probability = p.resolve(DType::f32);
  if (broadcast_shapes("bernoulli", probability.shape(), shape) != shape)
    fail("[bernoulli] probabilities {} for a draw of {}: they must fit into it",
         to_string(probability.shape()), to_string(shape));
  if (!probability.is_traced())
    for (const double v : probability.to_doubles())
      if (!(v >= 0 && v <= 1)) fail("[bernoulli] a probability of {}: it must be from 0 to 1", v);
  return less(unit("bernoulli", key, domain::kBernoulli, shape, probability.dtype()), probability);
}

Array permutation(const Array& key, std::int64_t n) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  if (n < 0 || n > most) fail("[permutation] of {} indices: from 0 to {} can be ordered", n, most);
  return sort(bits_of(key, domain::kPermutation, {n}), 0).second;
}

}  // namespace random
}  // namespace runnel
