// Indexing: gather, scatter_add, iota, sort.
#include "kernels/reference/index.h"
#include "kernels/fast.h"

#include <algorithm>

#include "ops/helpers.h"

namespace runnel {
namespace {

using Ins = std::span<const Array>;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// The shape of gather's output; the last `batch` axes of x and index are matched one to one.
Shape gathered(const char* name, const Type& x, const Type& index, std::int64_t axis, std::int64_t batch) {
  const int inner = x.shape.rank() - static_cast<int>(batch);
  if (index.dtype != DType::i32) fail("[{}] the index must be i32, got {}", name, to_string(index));
  if (axis < 0 || axis >= inner || index.shape.rank() < batch)
    fail("[{}] axis {} of shape {} with an index of shape {}", name, axis, to_string(x.shape),
         to_string(index.shape));
  for (std::int64_t i = 1; i <= batch; ++i)
    if (x.shape[at(x.shape.rank() - i)] != index.shape[at(index.shape.rank() - i)])
      fail("[{}] the last {} axes of {} and {} must agree", name, batch, to_string(x.shape),
           to_string(index.shape));
  Shape out;
  for (int i = 0; i < axis; ++i) out.push_back(x.shape[at(i)]);
  for (int i = 0; i < index.shape.rank() - batch; ++i) out.push_back(index.shape[at(i)]);
  for (int i = static_cast<int>(axis) + 1; i < x.shape.rank(); ++i) out.push_back(x.shape[at(i)]);
  return out;
}

Attrs more_lanes(const Attrs& attrs) { return attrs.with("batch", attrs.integer("batch") + 1); }

std::vector<Attrs> index_attrs() {
  return {{{"axis", std::int64_t{0}}, {"batch", std::int64_t{0}}},
          {{"axis", std::int64_t{1}}, {"batch", std::int64_t{0}}},
          {{"axis", std::int64_t{0}}, {"batch", std::int64_t{1}}}};
}

Op gather_row() {
  return {"gather",
          "elements of x picked by index along an axis",
          2,
          {"axis", "batch"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            return {{in[0].dtype,
                     gathered("gather", in[0], in[1], attrs.integer("axis"), attrs.integer("batch"))}};
          },
          Linear{Linear::How::jointly,
                 [](std::size_t i) { return i == 0; },
                 [](const Array& ct, Ins in, std::size_t, const Attrs& attrs) {
                   return bind_one(find_op("scatter_add"),
                                   {Array::zeros(in[0].shape(), ct.dtype()), in[1], ct}, attrs);
                 },
                 {}},
          BatchRule{[](Ins in, const std::vector<bool>& batched, const Attrs& attrs, std::int64_t lanes) {
            // Lanes of x alone are one more trailing axis that the index does not touch.
            if (!batched[1] && attrs.integer("batch") == 0) return bind_op(find_op("gather"), in, attrs);
            return bind_op(find_op("gather"), all_with_lanes(in, batched, lanes), more_lanes(attrs));
          }},
          [](const KernelCall& c) {
            kernels::gather(c.in[0], c.in[1], static_cast<int>(c.attrs.integer("axis")),
                            static_cast<int>(c.attrs.integer("batch")), c.out[0]);
          },
          nullptr,
          Fusion::opaque,
          [] {
            const auto attrs = index_attrs();
            return std::vector<Sample>{{{sample({5, 4}), sample_indices({3}, 5)}, attrs[0]},
                                       {{sample({5, 4}), sample_indices({2, 3}, 4)}, attrs[1]},
                                       {{sample({5, 4, 3}), sample_indices({2, 3}, 5)}, attrs[2]}};
          },
          nullptr,
          [](const PrepareCall& c) {
            return kernels::prepare_gather(c.in[0], c.in[1], static_cast<int>(c.attrs.integer("axis")),
                                           static_cast<int>(c.attrs.integer("batch")), c.out[0]);
          }};
}

Op scatter_add_row() {
  return {"scatter_add",
          "x with updates added where index points along an axis",
          3,
          {"axis", "batch"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            const Shape expected =
                gathered("scatter_add", in[0], in[1], attrs.integer("axis"), attrs.integer("batch"));
            if (in[2] != Type{in[0].dtype, expected} || in[0].dtype == DType::boolean)
              fail("[scatter_add] the updates must be {}, got {}", to_string(Type{in[0].dtype, expected}),
                   to_string(in[2]));
            return {in[0]};
          },
          Linear{Linear::How::jointly,
                 [](std::size_t i) { return i != 1; },
                 [](const Array& ct, Ins in, std::size_t operand, const Attrs& attrs) {
                   return operand == 0 ? ct : bind_one(find_op("gather"), {ct, in[1]}, attrs);
                 },
                 {}},
          BatchRule{[](Ins in, const std::vector<bool>& batched, const Attrs& attrs, std::int64_t lanes) {
            Arrays operands = all_with_lanes(in, batched, lanes);
            if (batched[1] || attrs.integer("batch") > 0)
              return bind_op(find_op("scatter_add"), operands, more_lanes(attrs));
            operands[1] = in[1];
            return bind_op(find_op("scatter_add"), operands, attrs);
          }},
          [](const KernelCall& c) {
            kernels::scatter_add(c.in[0], c.in[1], c.in[2], static_cast<int>(c.attrs.integer("axis")),
                                 static_cast<int>(c.attrs.integer("batch")), c.out[0]);
          },
          nullptr,
          Fusion::opaque,
          [] {
            const auto attrs = index_attrs();
            return std::vector<Sample>{
                {{sample({5, 4}), sample_indices({6}, 5), sample({6, 4}, -2, 2, 1)}, attrs[0]},
                {{sample({5, 4}), sample_indices({2, 3}, 4), sample({5, 2, 3}, -2, 2, 1)}, attrs[1]},
                {{sample({5, 4, 3}), sample_indices({2, 3}, 5), sample({2, 4, 3}, -2, 2, 1)}, attrs[2]}};
          },
          nullptr,
          [](const PrepareCall& c) {
            return kernels::prepare_scatter_add(c.in[0], c.in[1], c.in[2],
                                                static_cast<int>(c.attrs.integer("axis")),
                                                static_cast<int>(c.attrs.integer("batch")), c.out[0]);
          }};
}

Op iota_row() {
  return {"iota",
          "the index along an axis",
          0,
          {"shape", "axis", "dtype"},
          [](std::span<const Type>, const Attrs& attrs) -> Types {
            const Type out{attrs.get<DType>("dtype"), attrs.dims("shape")};
            if (out.dtype == DType::boolean) fail("[iota] needs a numeric dtype, got bool");
            for (std::int64_t size : out.shape)
              if (size < 0) fail("[iota] an array cannot have the shape {}", to_string(out.shape));
            expect_axis("iota", out, attrs.integer("axis"));
            return {out};
          },
          NoDerivative{},
          NeverBatched{},
          [](const KernelCall& c) { kernels::iota(static_cast<int>(c.attrs.integer("axis")), c.out[0]); },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{
                {{}, {{"shape", Shape{3, 4}}, {"axis", std::int64_t{1}}, {"dtype", DType::i32}}}};
          }};
}

// values[..., permutation[i], ...] along `axis`, element by element (what sort did to its operand).
Array permuted(const Array& values, const Array& permutation, int axis) {
  const Array front = move_axis(values, axis, 0);
  const Array index = move_axis(permutation, axis, 0);
  const Array picked = bind_one(find_op("gather"), {front, index},
                                {{"axis", std::int64_t{0}}, {"batch", std::int64_t{values.rank() - 1}}});
  return move_axis(picked, 0, axis);
}

Op sort_row() {
  return {"sort",
          "ascending stable sort along an axis, nan last, and where each element came from",
          1,
          {"axis"},
          [](std::span<const Type> in, const Attrs& attrs) -> Types {
            if (in[0].dtype == DType::boolean) fail("[sort] needs a numeric dtype, got {}", to_string(in[0]));
            expect_axis("sort", in[0], attrs.integer("axis"));
            return {in[0], {DType::i32, in[0].shape}};
          },
          ForwardRule{[](Ins, Ins out, std::span<const MaybeArray> tangents,
                         const Attrs& attrs) -> std::vector<MaybeArray> {
            return {permuted(*tangents[0], out[1], static_cast<int>(attrs.integer("axis"))), {}};
          }},
          same_op_with_lanes("sort"),
          [](const KernelCall& c) {
            kernels::sort(c.in[0], static_cast<int>(c.attrs.integer("axis")), c.out[0], c.out[1]);
          },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{{{sample({4, 5})}, {{"axis", std::int64_t{1}}}},
                                       {{sample({4, 3})}, {{"axis", std::int64_t{0}}}}};
          }};
}

}  // namespace

std::vector<Op> index_ops() { return {gather_row(), scatter_add_row(), iota_row(), sort_row()}; }

Array gather(const Array& x, const Array& index, int axis) {
  const std::int64_t a = normal_axis("gather", axis, x.rank());
  return bind_one(find_op("gather"), {x, index}, {{"axis", a}, {"batch", std::int64_t{0}}});
}

Array scatter_add(const Array& x, const Array& index, const Array& updates, int axis) {
  const std::int64_t a = normal_axis("scatter_add", axis, x.rank());
  return bind_one(find_op("scatter_add"), {x, index, updates}, {{"axis", a}, {"batch", std::int64_t{0}}});
}

Array iota(const Shape& shape, int axis, DType dtype) {
  const std::int64_t a = normal_axis("iota", axis, shape.rank());
  return bind_one(find_op("iota"), {}, {{"shape", shape}, {"axis", a}, {"dtype", dtype}});
}

Array arange(std::int64_t n, DType dtype) { return iota({n}, 0, dtype); }

Array eye(std::int64_t n, DType dtype) { return convert(equal(iota({n, n}, 0), iota({n, n}, 1)), dtype); }

Array one_hot(const Array& labels, std::int64_t classes, DType dtype) {
  Shape shape = labels.shape();
  shape.push_back(classes);
  return convert(equal(expand_dims(labels, -1), iota(shape, shape.rank() - 1)), dtype);
}

std::pair<Array, Array> sort(const Array& x, int axis) {
  Arrays out = bind_op(find_op("sort"), std::span(&x, 1),
                       {{"axis", std::int64_t{normal_axis("sort", axis, x.rank())}}});
  return {out[0], out[1]};
}

}  // namespace runnel
