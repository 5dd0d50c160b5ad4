// Dropout of hidden units.
#include "core/fail.h"
#include "core/philox.h"
#include "nn/layer.h"
#include "nn/operand.h"
#include "ops/table.h"

namespace runnel::nn {
namespace {

void expect_rate(const Array& rate) {
  if (rate.rank() != 0 || !is_float(rate.dtype()))
    fail("[dropout] the rate is one number, f32 or f64, got {}; lanes of rates come from vmap",
         to_string(rate.type()));
  if (!rate.is_traced() && !(rate.item() >= 0 && rate.item() < 1))
    fail("[dropout] a rate of {}: it must be at least 0 and below 1", rate.item());
}

// The number of each of n examples, u32.
Array example_numbers(const Array& rows, std::int64_t n) {
  if (rows.rank() > 1 || (rows.rank() == 1 && rows.dim(0) != n))
    fail("[dropout] rows {} for a batch of {}: one number per example, or a scalar for the first",
         to_string(rows.type()), n);
  if (rows.rank() == 1) return convert(rows, DType::u32);
  return convert(rows, DType::u32) + arange(n, DType::u32);
}

// A unit falls when its 16 random bits are below this: rate 2^16, rounded up. 16 bits are exact in both float
// types, so a mask does not depend on the model's dtype.
Array bound_of(const Array& rate) { return convert(neg(floor(neg(rate * 0x1p16))), DType::u32); }

// (n, units), true where the unit falls. Every example is a lane of one Philox call, keyed by its own number.
Array falls(const Array& x, const Dropout& dropout, std::uint32_t layer) {
  static const Op& philox = find_op("philox");
  const std::int64_t n = x.dim(0);
  if (dropout.key.dtype() != DType::u32 || dropout.key.shape() != Shape{2})
    fail("[dropout] the key is u32(2,) as random::key gives it, got {}", to_string(dropout.key.type()));
  const Array keys = broadcast_to(expand_dims(dropout.key, 1), {2, n});
  const Array layers = Array::full({n}, domain::kFirstMask + layer, DType::u32);
  const Array streams = stack({example_numbers(dropout.rows, n), layers});
  const Array bits = bind_op(philox, {keys, streams}, {{"n", x.dim(1)}, {"halves", std::int64_t{1}}})[0];
  return less(transpose(bits), bound_of(dropout.rate));
}

Array apply(const Layer& layer, const Array& x, const Pass& pass) {
  if (pass.dropout == nullptr) return x;
  return drop(x, *pass.dropout, static_cast<std::uint32_t>(attribute(layer, "number")));
}

}  // namespace

// The place where units may fall: whether they do, a forward pass says.
LayerKind dropout_kind() {
  return {.name = "dropout",
          .meaning = "units that fall at random in training, and nothing after it",
          .attributes = {"number"},  // tells its masks from those of others
          .gives = [](const Layer&, const Shape& in) { return in; },
          .reads = [](const Layer&, std::int64_t gives) { return gives; },
          .apply = apply,
          .draw = [](const Layer&, Steps&) {},
          .text = [](const Layer&, Activation) { return std::string(); },
          .samples =
              [] {
                return std::vector<LayerSample>{{{"dropout", {{"number", 1}}}, {4}}};
              }};
}

Array drop(const Array& x, const Dropout& dropout, std::uint32_t layer) {
  if (x.rank() != 2) fail("[dropout] {}: a batch (n, units) is needed", to_string(x.type()));
  expect_rate(dropout.rate);
  const Array kept = x * in_dtype(1 / (1 - dropout.rate), x.dtype());
  return select(falls(x, dropout, layer), 0, kept);
}

}  // namespace runnel::nn
