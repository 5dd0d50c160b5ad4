// Reductions and running sums along axes.
#include "kernels/fast.h"
#include "kernels/reference/reduce.h"

#include <algorithm>

#include "ops/helpers.h"

namespace runnel {
namespace {

// The shape without the axes, which must be sorted, distinct and in range.
Shape without(const char* name, const Shape& shape, const Dims& axes) {
  Shape out;
  std::size_t next = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    if (next < axes.size() && axes[next] == i)
      ++next;
    else
      out.push_back(shape[static_cast<std::size_t>(i)]);
  }
  if (next != axes.size())
    fail("[{}] axes {} of an array of shape {}", name, to_string(axes), to_string(shape));
  return out;
}

// The inverse of a reduction's shape rule: x, lacking `axes` of `shape`, repeated along them.
Array spread(const Array& x, const Shape& shape, const Dims& axes) {
  Dims kept;
  for (int i = 0; i < shape.rank(); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) kept.push_back(i);
  return bind_one(find_op("broadcast"), {x}, {{"shape", shape}, {"axes", kept}});
}

std::vector<Sample> reduction_samples() {
  return {{{sample({3, 4, 2})}, {{"axes", Dims{1}}}},
          {{sample({3, 4})}, {{"axes", Dims{0, 1}}}},
          {{sample({5, 40})}, {{"axes", Dims{1}}}},
          {{sample({3, 2})}, {{"axes", Dims{}}}}};
}

template <auto Prepare>
kernels::PreparedPtr prepare_reduction(const PrepareCall& c) {
  return Prepare(c.in[0], c.attrs.dims("axes"), c.out[0]);
}

Op sum_row() {
  return {"reduce_sum",
          "the sum over axes, in an order that depends on the number of terms alone",
          1,
          {"axes"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            if (in[0].dtype == DType::boolean)
              fail("[reduce_sum] needs a numeric dtype, got {}", to_string(in[0]));
            return {{in[0].dtype, without("reduce_sum", in[0].shape, attrs.dims("axes"))}};
          },
          Linear{Linear::How::jointly,
                 [](std::size_t) { return true; },
                 [](const Array& ct, std::span<const Array> in, std::size_t, const Attrs& attrs) {
                   return spread(ct, in[0].shape(), attrs.dims("axes"));
                 },
                 {}},
          same_op_with_lanes("reduce_sum"),
          [](const KernelCall& c) { kernels::reduce_sum(c.in[0], c.attrs.dims("axes"), c.out[0]); },
          nullptr,
          Fusion::reduction,
          reduction_samples,
          nullptr,
          prepare_reduction<kernels::prepare_sum>};
}

// reduce_max and reduce_min: the tangent is the mean of those of the extreme elements.
template <void (*K)(const View&, const Dims&, const View&), auto Prepare>
Op extreme_row(const char* name, const char* meaning) {
  return {
      name,
      meaning,
      1,
      {"axes"},
      [name](std::span<const Type> in, const Attrs& attrs) -> Types {
        if (in[0].dtype == DType::boolean) fail("[{}] needs a numeric dtype, got {}", name, to_string(in[0]));
        const Shape out = without(name, in[0].shape, attrs.dims("axes"));
        if (in[0].shape.product() == 0 && out.product() != 0)
          fail("[{}] of no elements: shape {} over axes {}", name, to_string(in[0].shape),
               to_string(attrs.dims("axes")));
        return {{in[0].dtype, out}};
      },
      ForwardRule{[](std::span<const Array> in, std::span<const Array> out,
                     std::span<const MaybeArray> tangents, const Attrs& attrs) -> std::vector<MaybeArray> {
        const Dims& axes = attrs.dims("axes");
        const Shape& shape = in[0].shape();
        const Array chosen = convert(equal(in[0], spread(out[0], shape, axes)), in[0].dtype());
        const Array share = chosen / spread(sum(chosen, axes), shape, axes);
        return {sum(share * *tangents[0], axes)};
      }},
      same_op_with_lanes(name),
      [](const KernelCall& c) { K(c.in[0], c.attrs.dims("axes"), c.out[0]); },
      nullptr,
      Fusion::reduction,
      reduction_samples,
      nullptr,
      prepare_reduction<Prepare>};
}

Op argmax_row() {
  return {"argmax",
          "the index of the first largest element along an axis",
          1,
          {"axis"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            const std::int64_t axis = attrs.integer("axis");
            expect_axis("argmax", in[0], axis);
            if (in[0].shape[static_cast<std::size_t>(axis)] == 0)
              fail("[argmax] of no elements: shape {}", to_string(in[0].shape));
            return {{DType::i32, without("argmax", in[0].shape, {axis})}};
          },
          NoDerivative{},
          same_op_with_lanes("argmax"),
          [](const KernelCall& c) {
            kernels::argmax(c.in[0], static_cast<int>(c.attrs.integer("axis")), c.out[0]);
          },
          nullptr,
          Fusion::reduction,
          [] {
            return std::vector<Sample>{{{sample({3, 4})}, {{"axis", std::int64_t{1}}}},
                                       {{sample({3, 4})}, {{"axis", std::int64_t{0}}}}};
          }};
}

Op cumsum_row() {
  return {"cumsum",
          "running sums along an axis, added in order",
          1,
          {"axis", "reverse"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            if (in[0].dtype == DType::boolean)
              fail("[cumsum] needs a numeric dtype, got {}", to_string(in[0]));
            expect_axis("cumsum", in[0], attrs.integer("axis"));
            return {in[0]};
          },
          Linear{Linear::How::jointly,
                 [](std::size_t) { return true; },
                 [](const Array& ct, std::span<const Array>, std::size_t, const Attrs& attrs) {
                   return cumsum(ct, static_cast<int>(attrs.integer("axis")), !attrs.get<bool>("reverse"));
                 },
                 {}},
          same_op_with_lanes("cumsum"),
          [](const KernelCall& c) {
            kernels::cumsum(c.in[0], static_cast<int>(c.attrs.integer("axis")), c.attrs.get<bool>("reverse"),
                            c.out[0]);
          },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{{{sample({3, 4})}, {{"axis", std::int64_t{1}}, {"reverse", false}}},
                                       {{sample({3, 4})}, {{"axis", std::int64_t{0}}, {"reverse", true}}}};
          }};
}

Dims all_axes(const Array& x) {
  Dims axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  return axes;
}

Dims normal_axes(const char* name, const Array& x, const Dims& axes) {
  Dims out;
  for (std::int64_t axis : axes) out.push_back(normal_axis(name, axis, x.rank()));
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end())
    fail("[{}] axes {} name one axis twice", name, to_string(axes));
  return out;
}

Array reduce(const char* name, const Array& x, const Dims& given, bool keep) {
  const Dims axes = normal_axes(name, x, given);
  const Array out = bind_one(find_op(name), {x}, {{"axes", axes}});
  if (!keep) return out;
  Shape shape = x.shape();
  for (std::int64_t axis : axes) shape[static_cast<std::size_t>(axis)] = 1;
  return reshape(out, shape);
}

double count(const Array& x, const Dims& axes) {
  double n = 1;
  for (std::int64_t axis : normal_axes("mean", x, axes))
    n *= static_cast<double>(x.shape()[static_cast<std::size_t>(axis)]);
  return n;
}

}  // namespace

std::vector<Op> reduction_ops() {
  return {
      sum_row(),
      extreme_row<kernels::reduce_max, kernels::prepare_max>("reduce_max", "the largest element over axes"),
      extreme_row<kernels::reduce_min, kernels::prepare_min>("reduce_min", "the smallest element over axes"),
      argmax_row(), cumsum_row()};
}

Array sum(const Array& x, const Dims& axes, bool keep) { return reduce("reduce_sum", x, axes, keep); }
Array sum(const Array& x, int axis, bool keep) { return sum(x, Dims{axis}, keep); }
Array sum(const Array& x) { return sum(x, all_axes(x)); }
Array max(const Array& x, const Dims& axes, bool keep) { return reduce("reduce_max", x, axes, keep); }
Array max(const Array& x, int axis, bool keep) { return max(x, Dims{axis}, keep); }
Array max(const Array& x) { return max(x, all_axes(x)); }
Array min(const Array& x, const Dims& axes, bool keep) { return reduce("reduce_min", x, axes, keep); }
Array min(const Array& x, int axis, bool keep) { return min(x, Dims{axis}, keep); }
Array min(const Array& x) { return min(x, all_axes(x)); }

Array mean(const Array& x, const Dims& axes, bool keep) {
  const Array terms = is_float(x.dtype()) ? x : convert(x, DType::f32);
  return sum(terms, axes, keep) / count(x, axes);
}
Array mean(const Array& x, int axis, bool keep) { return mean(x, Dims{axis}, keep); }
Array mean(const Array& x) { return mean(x, all_axes(x)); }

Array variance(const Array& x, int axis, int ddof, bool keep) {
  const double n = count(x, Dims{axis});
  if (ddof < 0 || (ddof > 0 && ddof >= n))
    fail("[variance] ddof {} of {} elements: it is taken off their number, and something must be left", ddof,
         n);
  const Array centred = x - mean(x, axis, true);
  return sum(centred * centred, axis, keep) / (n - ddof);
}
Array variance(const Array& x) { return variance(reshape(x, {-1}), 0); }

Array argmax(const Array& x, int axis) {
  return bind_one(find_op("argmax"), {x}, {{"axis", std::int64_t{normal_axis("argmax", axis, x.rank())}}});
}
Array cumsum(const Array& x, int axis, bool reverse) {
  return bind_one(find_op("cumsum"), {x},
                  {{"axis", std::int64_t{normal_axis("cumsum", axis, x.rank())}}, {"reverse", reverse}});
}

}  // namespace runnel
