#include "ops/helpers.h"

#include "core/philox.h"

namespace runnel {

Array with_lanes(const Array& x, std::int64_t lanes) {
  static const Op& broadcast = find_op("broadcast");
  Shape shape = x.shape();
  Dims axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  shape.push_back(lanes);
  return bind_one(broadcast, {x}, {{"shape", shape}, {"axes", axes}});
}

Arrays all_with_lanes(std::span<const Array> in, const std::vector<bool>& batched, std::int64_t lanes) {
  Arrays out;
  for (std::size_t i = 0; i < in.size(); ++i) out.push_back(batched[i] ? in[i] : with_lanes(in[i], lanes));
  return out;
}

BatchRule same_op_with_lanes(const char* name) {
  return {[name](std::span<const Array> in, const std::vector<bool>& batched, const Attrs& attrs,
                 std::int64_t lanes) {
    return bind_op(find_op(name), all_with_lanes(in, batched, lanes), attrs);
  }};
}

void expect_float(const char* op, const Type& type) {
  if (!is_float(type.dtype)) fail("[{}] needs f32 or f64, got {}", op, to_string(type));
}

void expect_rank_at_least(const char* op, const Type& type, int rank) {
  if (type.shape.rank() < rank)
    fail("[{}] needs at least {} axes, got shape {}", op, rank, to_string(type.shape));
}

void expect_axis(const char* op, const Type& type, std::int64_t axis) {
  if (axis < 0 || axis >= type.shape.rank())
    fail("[{}] axis {} of an array of shape {}", op, axis, to_string(type.shape));
}

void expect_alike(const char* op, std::span<const Type> in) {
  for (const Type& type : in)
    if (type != in[0])
      fail("[{}] {} and {}: dtypes and shapes must agree", op, to_string(in[0]), to_string(type));
}

namespace {
std::uint32_t sample_word(std::uint32_t i, std::uint32_t stream) {
  return Philox::block({i, 0, 0, 0}, {stream, 0x5a6d706cu})[0];
}
}  // namespace

Array sample(const Shape& shape, double low, double high, std::uint32_t stream) {
  std::vector<double> values(static_cast<std::size_t>(shape.product()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] =
        low + (high - low) * (sample_word(static_cast<std::uint32_t>(i), stream) + 0.5) / 4294967296.0;
  return Array::from(values, shape);
}

Array sample_indices(const Shape& shape, std::int32_t n, std::uint32_t stream) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(shape.product()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::int32_t>(sample_word(static_cast<std::uint32_t>(i), stream) %
                                          static_cast<std::uint32_t>(n));
  return Array::from(values, shape);
}

}  // namespace runnel
