// Ops that move or repeat elements without computing: reshape, transpose, broadcast, slice, concatenate, pad,
// reverse. All are linear.
#include <algorithm>
#include <limits>
#include <numeric>

#include "kernels/fast.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/index.h"
#include "ops/helpers.h"

namespace runnel {
namespace {

using Ins = std::span<const Array>;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

bool every(std::size_t) { return true; }

Linear linear(std::function<Array(const Array&, Ins, std::size_t, const Attrs&)> transpose_rule) {
  return {Linear::How::jointly, every, std::move(transpose_rule), {}};
}

// A batching rule that changes the attributes.
BatchRule with_attrs(const char* name, std::function<Attrs(Ins, const Attrs&, std::int64_t lanes)> change) {
  return {[=](Ins in, const std::vector<bool>& batched, const Attrs& attrs, std::int64_t lanes) {
    const Arrays operands = all_with_lanes(in, batched, lanes);
    return bind_op(find_op(name), operands, change(operands, attrs, lanes));
  }};
}

Dims appended(Dims dims, std::int64_t last) {
  dims.push_back(last);
  return dims;
}

// A kernel that copies what the view rule points at.
template <ViewRule Rule>
void copy_view(const KernelCall& c) {
  kernels::copy(*Rule(c.in[0], {c.out[0].dtype, c.out[0].shape}, c.attrs), c.out[0]);
}

std::int64_t bytes(const View& view, std::int64_t elements) {
  return elements * static_cast<std::int64_t>(size_of(view.dtype));
}

// A reshape keeps strides where each group of axes that it merges and splits lies regularly in memory; where
// one does not, the elements must be copied.
std::optional<View> view_reshape(const View& in, const Type& out, const Attrs&) {
  View view{in.data, in.dtype, out.shape, row_major(out.shape)};
  if (in.size() == 0) return view;
  std::size_t i = 0;
  std::size_t o = 0;
  const std::size_t in_rank = in.shape.size();
  const std::size_t out_rank = out.shape.size();
  while (i < in_rank || o < out_rank) {
    // The shortest runs of axes on both sides with the same number of elements.
    const std::size_t i0 = i;
    const std::size_t o0 = o;
    std::int64_t in_size = i < in_rank ? in.shape[i++] : 1;
    std::int64_t out_size = o < out_rank ? out.shape[o++] : 1;
    while (in_size != out_size) {
      if (in_size < out_size)
        in_size *= in.shape[i++];
      else
        out_size *= out.shape[o++];
    }
    std::int64_t step = 0;  // between neighbours in the run; 0 until an axis of more than one element is met
    std::int64_t next = 0;
    for (std::size_t axis = i; axis-- > i0;) {
      if (in.shape[axis] == 1) continue;
      if (next == 0)
        step = in.strides[axis];
      else if (in.strides[axis] != next)
        return {};
      next = in.strides[axis] * in.shape[axis];
      // Repeated elements: only more of the same may follow.
      if (in.strides[axis] == 0 && in_size != in.shape[axis]) {
        for (std::size_t other = i0; other < i; ++other)
          if (in.shape[other] != 1 && in.strides[other] != 0) return {};
        break;
      }
    }
    for (std::size_t axis = o; axis-- > o0;) {
      view.strides[axis] = step;
      step *= out.shape[axis];
    }
  }
  return view;
}

std::optional<View> view_transpose(const View& in, const Type& out, const Attrs& attrs) {
  const Dims& p = attrs.dims("permutation");
  View view{in.data, in.dtype, out.shape, in.strides};
  for (std::size_t i = 0; i < p.size(); ++i) view.strides[i] = in.strides[at(p[i])];
  return view;
}

std::optional<View> view_broadcast(const View& in, const Type& out, const Attrs& attrs) {
  View view{in.data, in.dtype, out.shape, out.shape};
  std::fill(view.strides.begin(), view.strides.end(), 0);
  const Dims& axes = attrs.dims("axes");
  for (std::size_t i = 0; i < axes.size(); ++i) view.strides[at(axes[i])] = in.strides[i];
  return view;
}

std::optional<View> view_slice(const View& in, const Type& out, const Attrs& attrs) {
  View view{in.data, in.dtype, out.shape, in.strides};
  if (out.shape.product() == 0) return view;
  for (std::size_t i = 0; i < in.shape.size(); ++i)
    view.data += bytes(in, attrs.dims("start")[i] * in.strides[i]);
  return view;
}

std::optional<View> view_reverse(const View& in, const Type& out, const Attrs& attrs) {
  View view{in.data, in.dtype, out.shape, in.strides};
  if (in.size() == 0) return view;
  for (std::int64_t axis : attrs.dims("axes")) {
    view.data += bytes(in, (in.shape[at(axis)] - 1) * in.strides[at(axis)]);
    view.strides[at(axis)] = -in.strides[at(axis)];
  }
  return view;
}

Op reshape_row() {
  return {
      "reshape",
      "the same elements in row-major order under another shape",
      1,
      {"shape"},
      [](std::span<const Type> in, const Attrs& attrs) -> Types {
        const Shape& shape = attrs.dims("shape");
        if (shape.product() != in[0].shape.product())
          fail("[reshape] {} has {} elements, {} needs {}", to_string(in[0].shape), in[0].shape.product(),
               to_string(shape), shape.product());
        return {{in[0].dtype, shape}};
      },
      linear([](const Array& ct, Ins in, std::size_t, const Attrs&) { return reshape(ct, in[0].shape()); }),
      with_attrs("reshape",
                 [](Ins, const Attrs& attrs, std::int64_t lanes) {
                   return attrs.with("shape", appended(attrs.dims("shape"), lanes));
                 }),
      [](const KernelCall& c) {
        // A reshaped copy is the operand read in its own order.
        kernels::copy(c.in[0], dense_view(c.out[0].data, c.out[0].dtype, c.in[0].shape));
      },
      nullptr,
      Fusion::view,
      [] {
        return std::vector<Sample>{{{sample({3, 4})}, {{"shape", Shape{2, 6}}}},
                                   {{sample({1})}, {{"shape", Shape{}}}}};
      },
      view_reshape,
      [](const PrepareCall& c) {
        return kernels::prepare_copy(c.in[0], dense_view(c.out[0].data, c.out[0].dtype, c.in[0].shape));
      }};
}

Op transpose_row() {
  return {"transpose",
          "axis i of the result is axis permutation[i] of x",
          1,
          {"permutation"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            const Dims& p = attrs.dims("permutation");
            Dims sorted = p;
            std::sort(sorted.begin(), sorted.end());
            Shape shape;
            for (std::size_t i = 0; i < p.size(); ++i) {
              if (p.rank() != in[0].shape.rank() || sorted[i] != static_cast<std::int64_t>(i)) break;
              shape.push_back(in[0].shape[at(p[i])]);
            }
            if (shape.rank() != in[0].shape.rank())
              fail("[transpose] {} is no permutation of the axes of {}", to_string(p),
                   to_string(in[0].shape));
            return {{in[0].dtype, shape}};
          },
          linear([](const Array& ct, Ins, std::size_t, const Attrs& attrs) {
            const Dims& p = attrs.dims("permutation");
            Dims inverse = p;
            for (std::size_t i = 0; i < p.size(); ++i) inverse[at(p[i])] = static_cast<std::int64_t>(i);
            return transpose(ct, inverse);
          }),
          with_attrs("transpose",
                     [](Ins, const Attrs& attrs, std::int64_t) {
                       const Dims& p = attrs.dims("permutation");
                       return attrs.with("permutation", appended(p, p.rank()));
                     }),
          copy_view<view_transpose>,
          nullptr,
          Fusion::view,
          [] {
            return std::vector<Sample>{{{sample({3, 4, 2})}, {{"permutation", Dims{2, 0, 1}}}},
                                       {{sample({3, 4})}, {{"permutation", Dims{1, 0}}}}};
          },
          view_transpose};
}

Op broadcast_row() {
  return {"broadcast",
          "x repeated: axis i of x is axis axes[i] of the result",
          1,
          {"shape", "axes"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            const Shape& shape = attrs.dims("shape");
            const Dims& axes = attrs.dims("axes");
            bool fits = axes.rank() == in[0].shape.rank();
            for (std::size_t i = 0; fits && i < axes.size(); ++i)
              fits = axes[i] >= 0 && axes[i] < shape.rank() && (i == 0 || axes[i - 1] < axes[i]) &&
                     shape[at(axes[i])] == in[0].shape[i];
            if (!fits)
              fail("[broadcast] {} does not lie in {} as axes {}", to_string(in[0].shape), to_string(shape),
                   to_string(axes));
            return {{in[0].dtype, shape}};
          },
          linear([](const Array& ct, Ins, std::size_t, const Attrs& attrs) {
            const Dims& axes = attrs.dims("axes");
            Dims repeated;
            for (int i = 0; i < ct.rank(); ++i)
              if (std::find(axes.begin(), axes.end(), i) == axes.end()) repeated.push_back(i);
            return sum(ct, repeated);
          }),
          with_attrs("broadcast",
                     [](Ins, const Attrs& attrs, std::int64_t lanes) {
                       const Shape& shape = attrs.dims("shape");
                       return attrs.with("axes", appended(attrs.dims("axes"), shape.rank()))
                           .with("shape", appended(shape, lanes));
                     }),
          copy_view<view_broadcast>,
          nullptr,
          Fusion::view,
          [] {
            return std::vector<Sample>{{{sample({3})}, {{"shape", Shape{2, 3, 4}}, {"axes", Dims{1}}}},
                                       {{sample({})}, {{"shape", Shape{2, 2}}, {"axes", Dims{}}}}};
          },
          view_broadcast};
}

Op slice_row() {
  return {"slice",
          "elements start[i] <= index < stop[i] along every axis",
          1,
          {"start", "stop"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            const Dims& start = attrs.dims("start");
            const Dims& stop = attrs.dims("stop");
            bool fits = start.rank() == in[0].shape.rank() && stop.rank() == start.rank();
            Shape shape;
            for (std::size_t i = 0; fits && i < start.size(); ++i) {
              fits = 0 <= start[i] && start[i] <= stop[i] && stop[i] <= in[0].shape[i];
              shape.push_back(stop[i] - start[i]);
            }
            if (!fits)
              fail("[slice] {} to {} of an array of shape {}", to_string(start), to_string(stop),
                   to_string(in[0].shape));
            return {{in[0].dtype, shape}};
          },
          linear([](const Array& ct, Ins in, std::size_t, const Attrs& attrs) {
            Dims high = in[0].shape();
            for (std::size_t i = 0; i < high.size(); ++i) high[i] -= attrs.dims("stop")[i];
            return pad(ct, attrs.dims("start"), high);
          }),
          with_attrs("slice",
                     [](Ins, const Attrs& attrs, std::int64_t lanes) {
                       return attrs.with("start", appended(attrs.dims("start"), 0))
                           .with("stop", appended(attrs.dims("stop"), lanes));
                     }),
          copy_view<view_slice>,
          nullptr,
          Fusion::view,
          [] {
            return std::vector<Sample>{{{sample({3, 4})}, {{"start", Dims{1, 0}}, {"stop", Dims{3, 2}}}}};
          },
          view_slice};
}

Op concatenate_row() {
  return {"concatenate",
          "arrays joined along an axis",
          -1,
          {"axis"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            if (in.empty()) fail("[concatenate] needs at least one array");
            const std::int64_t axis = attrs.integer("axis");
            expect_axis("concatenate", in[0], axis);
            Type out = in[0];
            for (const Type& type : in.subspan(1)) {
              Shape same = type.shape;
              if (same.rank() == out.shape.rank()) same[at(axis)] = in[0].shape[at(axis)];
              if (same != in[0].shape || type.dtype != out.dtype)
                fail("[concatenate] {} and {} differ off axis {}", to_string(in[0]), to_string(type), axis);
              out.shape[at(axis)] += type.shape[at(axis)];
            }
            return {out};
          },
          linear([](const Array& ct, Ins in, std::size_t operand, const Attrs& attrs) {
            const std::int64_t axis = attrs.integer("axis");
            std::int64_t start = 0;
            for (std::size_t i = 0; i < operand; ++i) start += in[i].shape()[at(axis)];
            return slice(ct, static_cast<int>(axis), start, start + in[operand].shape()[at(axis)]);
          }),
          same_op_with_lanes("concatenate"),
          [](const KernelCall& c) {
            kernels::concatenate(c.in, static_cast<int>(c.attrs.integer("axis")), c.out[0]);
          },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{
                {{sample({3, 4}), sample({3, 1}, -2, 2, 1), sample({3, 2}, -2, 2, 2)},
                 {{"axis", std::int64_t{1}}}},
                {{sample({1, 2}), sample({3, 2}, -2, 2, 1)}, {{"axis", std::int64_t{0}}}}};
          }};
}

Op pad_row() {
  return {"pad",
          "x with low[i] and high[i] copies of a scalar before and after it on axis i",
          2,
          {"low", "high"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            const Dims& low = attrs.dims("low");
            const Dims& high = attrs.dims("high");
            bool fits = low.rank() == in[0].shape.rank() && high.rank() == low.rank();
            Shape shape;
            for (std::size_t i = 0; fits && i < low.size(); ++i) {
              fits = low[i] >= 0 && high[i] >= 0;
              shape.push_back(low[i] + in[0].shape[i] + high[i]);
            }
            if (!fits)
              fail("[pad] by {} and {} of an array of shape {}", to_string(low), to_string(high),
                   to_string(in[0].shape));
            if (in[1].shape.rank() != 0 || in[1].dtype != in[0].dtype)
              fail("[pad] {} needs a scalar of its dtype to pad with, got {}", to_string(in[0]),
                   to_string(in[1]));
            return {{in[0].dtype, shape}};
          },
          linear([](const Array& ct, Ins in, std::size_t operand, const Attrs& attrs) {
            Dims stop = attrs.dims("low");
            for (std::size_t i = 0; i < stop.size(); ++i) stop[i] += in[0].shape()[i];
            if (operand == 0) return slice(ct, attrs.dims("low"), stop);
            // Summed over the padding alone: a difference of two sums would lose digits to the elements
            // inside.
            const Array inside = pad(Array::full(in[0].shape(), 1, DType::boolean), attrs.dims("low"),
                                     attrs.dims("high"), false);
            return sum(select(inside, Array::zeros({}, ct.dtype()), ct));
          }),
          BatchRule{
              [](Ins in, const std::vector<bool>& batched, const Attrs& attrs, std::int64_t lanes) -> Arrays {
                const Dims low = appended(attrs.dims("low"), 0);
                const Dims high = appended(attrs.dims("high"), 0);
                const Array x = batched[0] ? in[0] : with_lanes(in[0], lanes);
                if (!batched[1])
                  return {bind_one(find_op("pad"), {x, in[1]}, {{"low", low}, {"high", high}})};
                // Each lane pads with its own value: pad with anything, then put the value where the padding
                // lies.
                const Array inside = pad(Array::full(x.shape(), 1, DType::boolean), low, high, false);
                const Array padded = pad(x, low, high, Array::zeros({}, x.dtype()));
                return {select(inside, padded, in[1])};
              }},
          [](const KernelCall& c) { kernels::pad(c.in[0], c.attrs.dims("low"), c.in[1], c.out[0]); },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{
                {{sample({3, 4}), sample({}, 0, 1, 1)}, {{"low", Dims{1, 0}}, {"high", Dims{0, 2}}}}};
          }};
}

Op reverse_row() {
  return {"reverse",
          "the order of elements reversed along axes",
          1,
          {"axes"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            const Dims& axes = attrs.dims("axes");
            for (std::size_t i = 0; i < axes.size(); ++i) {
              expect_axis("reverse", in[0], axes[i]);
              if (std::find(axes.begin(), axes.begin() + i, axes[i]) != axes.begin() + i)
                fail("[reverse] axes {} name one axis twice", to_string(axes));
            }
            return {in[0]};
          },
          linear([](const Array& ct, Ins, std::size_t, const Attrs& attrs) {
            return reverse(ct, attrs.dims("axes"));
          }),
          same_op_with_lanes("reverse"),
          copy_view<view_reverse>,
          nullptr,
          Fusion::view,
          [] {
            return std::vector<Sample>{{{sample({3, 4})}, {{"axes", Dims{1}}}},
                                       {{sample({3, 4})}, {{"axes", Dims{0, 1}}}}};
          },
          view_reverse};
}

}  // namespace

std::vector<Op> shape_ops() {
  return {reshape_row(),     transpose_row(), broadcast_row(), slice_row(),
          concatenate_row(), pad_row(),       reverse_row()};
}

Array reshape(const Array& x, const Shape& given) {
  Shape shape = given;
  std::int64_t known = 1;
  std::int64_t* unknown = nullptr;
  for (std::int64_t& size : shape) {
    if (size >= 0)
      known *= size;
    else if (size == -1 && unknown == nullptr)
      unknown = &size;
    else
      fail("[reshape] {} to {}: only one size may be -1", to_string(x.shape()), to_string(given));
  }
  if (unknown != nullptr) {
    if (known == 0 || x.size() % known != 0)
      fail("[reshape] the {} elements of {} do not divide into {}", x.size(), to_string(x.shape()),
           to_string(given));
    *unknown = x.size() / known;
  }
  if (shape == x.shape()) return x;
  return bind_one(find_op("reshape"), {x}, {{"shape", shape}});
}

Array transpose(const Array& x, const Dims& permutation) {
  bool identity = permutation.rank() == x.rank();
  for (std::size_t i = 0; identity && i < permutation.size(); ++i)
    identity = permutation[i] == static_cast<std::int64_t>(i);
  if (identity) return x;
  return bind_one(find_op("transpose"), {x}, {{"permutation", permutation}});
}

Array transpose(const Array& x) {
  Dims reversed;
  for (int i = x.rank(); i-- > 0;) reversed.push_back(i);
  return transpose(x, reversed);
}

Array move_axis(const Array& x, int from, int to) {
  const int f = normal_axis("move_axis", from, x.rank());
  const int t = normal_axis("move_axis", to, x.rank());
  Dims permutation;
  for (int i = 0; i < x.rank(); ++i)
    if (i != f) permutation.push_back(i);
  permutation.insert(t, f);
  return transpose(x, permutation);
}

Array expand_dims(const Array& x, int axis) {
  Shape shape = x.shape();
  shape.insert(normal_axis("expand_dims", axis, x.rank() + 1), 1);
  return reshape(x, shape);
}

Array squeeze(const Array& x, int axis) {
  const int a = normal_axis("squeeze", axis, x.rank());
  if (x.shape()[at(a)] != 1)
    fail("[squeeze] axis {} of shape {} has size {}, not 1", a, to_string(x.shape()), x.shape()[at(a)]);
  Shape shape = x.shape();
  shape.erase(a);
  return reshape(x, shape);
}

Array broadcast_to(const Array& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (broadcast_shapes("broadcast_to", x.shape(), shape) != shape)
    fail("[broadcast_to] {} does not broadcast to {}", to_string(x.shape()), to_string(shape));
  // Axes of size 1 that grow are dropped first: the op repeats along axes that x lacks.
  Shape kept;
  Dims axes;
  const int offset = shape.rank() - x.rank();
  for (int i = 0; i < x.rank(); ++i)
    if (x.shape()[at(i)] == shape[at(i + offset)]) {
      kept.push_back(x.shape()[at(i)]);
      axes.push_back(i + offset);
    }
  return bind_one(find_op("broadcast"), {reshape(x, kept)}, {{"shape", shape}, {"axes", axes}});
}

Array slice(const Array& x, const Dims& start, const Dims& stop) {
  if (stop == x.shape() && std::all_of(start.begin(), start.end(), [](std::int64_t s) { return s == 0; }))
    return x;
  return bind_one(find_op("slice"), {x}, {{"start", start}, {"stop", stop}});
}

Array slice(const Array& x, int axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  const int a = normal_axis("slice", axis, x.rank());
  if (step < 1 || step > std::numeric_limits<std::int32_t>::max())
    fail("[slice] a step of {}: it must lie from 1 to 2^31 - 1", step);
  if (step != 1) {
    if (start < 0 || start > stop || stop > x.shape()[at(a)])
      fail("[slice] {} to {} of axis {} with size {}", start, stop, a, x.shape()[at(a)]);
    return gather(x,
                  arange((stop - start + step - 1) / step) * static_cast<std::int32_t>(step) +
                      static_cast<std::int32_t>(start),
                  a);
  }
  Dims low = x.shape();
  std::fill(low.begin(), low.end(), 0);
  Dims high = x.shape();
  low[at(a)] = start;
  high[at(a)] = stop;
  return slice(x, low, high);
}

Array row(const Array& x, std::int64_t i) { return squeeze(slice(x, 0, i, i + 1), 0); }

Array concatenate(const std::vector<Array>& parts, int axis) {
  if (parts.empty()) fail("[concatenate] needs at least one array");
  if (parts.size() == 1) return parts[0];
  return bind_op(find_op("concatenate"), parts,
                 {{"axis", std::int64_t{normal_axis("concatenate", axis, parts[0].rank())}}})[0];
}

Array stack(const std::vector<Array>& parts, int axis) {
  std::vector<Array> expanded;
  for (const Array& part : parts) {
    if (part.shape() != parts[0].shape())
      fail("[stack] {} and {}: shapes must agree", to_string(parts[0].shape()), to_string(part.shape()));
    expanded.push_back(expand_dims(part, axis));
  }
  return concatenate(expanded, axis);
}

Array pad(const Array& x, const Dims& low, const Dims& high, const Operand& value) {
  const auto is_zero = [](std::int64_t width) { return width == 0; };
  const bool nothing =
      std::all_of(low.begin(), low.end(), is_zero) && std::all_of(high.begin(), high.end(), is_zero);
  if (nothing && low.rank() == x.rank() && high.rank() == x.rank()) return x;
  const Array with = value.weak() ? Array::scalar(value.value(), x.dtype()) : value.array();
  return bind_one(find_op("pad"), {x, with}, {{"low", low}, {"high", high}});
}

Array reverse(const Array& x, const Dims& axes) {
  Dims normal;
  for (std::int64_t axis : axes) normal.push_back(normal_axis("reverse", axis, x.rank()));
  return bind_one(find_op("reverse"), {x}, {{"axes", normal}});
}

}  // namespace runnel
