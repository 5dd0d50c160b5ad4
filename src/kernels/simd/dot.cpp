// Preparing a contraction: which letters become rows, columns, vectors and loops outside.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "kernels/fast.h"
#include "kernels/isa.h"
#include "kernels/reference/elementwise.h"
#include "kernels/simd/dot_plan.h"

namespace runnel::kernels {
namespace {

// Letters by what the strides say, not by where they stand: an operand that repeats along a batch letter is
// read once for all of it.
struct Groups {
  Nest<3> batch, m, n, k;

  Groups(const DotSpec& spec, const View& a, const View& b, const View& out) {
    for (std::size_t i = 0; i < spec.out.size(); ++i) {
      const std::size_t in_a = spec.a.find(spec.out[i]);
      const std::size_t in_b = spec.b.find(spec.out[i]);
      const std::int64_t step_a = in_a == spec.a.npos ? 0 : a.strides[in_a];
      const std::int64_t step_b = in_b == spec.b.npos ? 0 : b.strides[in_b];
      Nest<3>& group = step_b == 0 ? m : (step_a == 0 ? n : batch);
      group.add(out.shape[i], {step_a, step_b, out.strides[i]});
    }
    for (std::size_t i = 0; i < spec.a.size(); ++i)
      if (spec.contracted(spec.a[i])) k.add(a.shape[i], {a.strides[i], b.strides[spec.b.find(spec.a[i])], 0});
  }
};

void trade(Nest<3>& nest) {
  Nest<3> traded;
  for (std::size_t i = 0; i < nest.rank(); ++i)
    traded.add(nest.size(i), {nest.stride(i)[1], nest.stride(i)[0], nest.stride(i)[2]});
  nest = traded;
}

// The axis along which out is contiguous, if it is here.
bool take_contiguous(Nest<3>& nest, DotAxis& axis) {
  for (std::size_t i = 0; i < nest.rank(); ++i) {
    if (nest.stride(i)[2] != 1) continue;
    axis = axis_of(nest, i);
    nest.remove(i);
    return true;
  }
  return false;
}

DotAxis take_longest(Nest<3>& nest) {
  if (nest.rank() == 0) return {};
  std::size_t best = 0;
  for (std::size_t i = 1; i < nest.rank(); ++i)
    if (nest.size(i) > nest.size(best)) best = i;
  const DotAxis axis = axis_of(nest, best);
  nest.remove(best);
  return axis;
}

// `g.k` is of one axis.
PreparedPtr prepare_groups(Groups g, DType dtype) {
  VectorPlan plan;
  plan.k = axis_of(g.k, 0);
  if (g.k.rank() == 0) plan.k.size = 1;
  bool columns = false;  // a further axis of b beside the vectors
  if (take_contiguous(g.batch, plan.v)) {
    plan.lanes = true;
    plan.n = take_longest(g.n);
  } else {
    if (take_contiguous(g.m, plan.v)) {
      plan.traded = true;
      for (Nest<3>* nest : {&g.batch, &g.m, &g.n, &g.k}) trade(*nest);
      std::swap(g.m, g.n);
      std::swap(plan.v.a, plan.v.b);
      std::swap(plan.k.a, plan.k.b);
    } else if (!take_contiguous(g.n, plan.v)) {
      plan.v = {1, 0, 1, 1};  // a single number
    }
    // Where the vectors are few, another axis fills the tile.
    const std::int64_t few = 4 * 64 / static_cast<std::int64_t>(size_of(dtype));
    columns = g.n.rank() > 0 && plan.v.b == 1 && plan.v.size < few;
    if (columns) plan.n = take_longest(g.n);
  }
  plan.m = take_longest(g.m);
  for (const Nest<3>* rest : {&g.batch, &g.m, &g.n})
    for (std::size_t i = 0; i < rest->rank(); ++i) plan.outer.add(rest->size(i), rest->stride(i));
  return plan.lanes || columns ? prepare_lane_product(plan, dtype) : prepare_row_product(plan, dtype);
}

// ---- several contracted letters that do not merge ----

std::size_t round_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

// An operand as it will lie in a dense copy with its letters in the order: those of the output but its last,
// the contracted ones in a's order, the output's last.
struct Mended {
  View from, to;  // the same axes in the new order
  View view;      // the copy, with its axes in the operand's order

  Mended(const DotSpec& spec, std::string_view letters, const View& x) {
    std::string order;
    const auto append = [&](char c) {
      if (DotSpec::has(letters, c)) order += c;
    };
    for (std::size_t i = 0; i + 1 < spec.out.size(); ++i) append(spec.out[i]);
    for (char c : spec.a)
      if (spec.contracted(c)) append(c);
    if (!spec.out.empty()) append(spec.out.back());
    from = x;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::size_t at = letters.find(order[i]);
      from.shape[i] = x.shape[at];
      from.strides[i] = x.strides[at];
    }
    to = dense_view(nullptr, x.dtype, from.shape);
    view = x;
    for (std::size_t i = 0; i < order.size(); ++i) view.strides[letters.find(order[i])] = to.strides[i];
  }
  std::size_t bytes() const { return round_up(static_cast<std::size_t>(to.size()) * size_of(to.dtype)); }
};

// Copies an operand or both, then multiplies.
class MendedProduct final : public Prepared {
 public:
  MendedProduct(const Mended* a, const Mended* b, PreparedPtr product) : product_(std::move(product)) {
    if (a != nullptr) copies_.push_back({0, *a});
    if (b != nullptr) copies_.push_back({1, *b});
    for (const Copy& c : copies_) bytes_ += c.operand.bytes();
  }
  std::size_t scratch_bytes() const override { return bytes_ + product_->scratch_bytes(); }
  void run(std::byte* const* data, std::byte* scratch) const override {
    std::array<std::byte*, 3> places{data[0], data[1], data[2]};
    for (const Copy& c : copies_) {
      View from = c.operand.from;
      View to = c.operand.to;
      from.data = data[c.input];
      to.data = places[c.input] = scratch;
      copy(from, to);
      scratch += c.operand.bytes();
    }
    product_->run(places.data(), scratch);
  }

 private:
  struct Copy {
    std::size_t input;
    Mended operand;
  };
  std::vector<Copy> copies_;
  std::size_t bytes_ = 0;
  PreparedPtr product_;
};

}  // namespace

PreparedPtr prepare_dot(std::string_view text, const View& a, const View& b, const View& out) {
  if (isa() == Isa::reference || !is_float(out.dtype) || out.size() == 0) return nullptr;
  const DotSpec spec(text);
  const Groups groups(spec, a, b, out);
  if (groups.k.empty()) return nullptr;
  if (groups.k.rank() <= 1) return prepare_groups(groups, out.dtype);
  const Mended new_a(spec, spec.a, a);
  const Mended new_b(spec, spec.b, b);
  const auto mended = [&](const Mended* x, const Mended* y) -> PreparedPtr {
    const Groups after(spec, x != nullptr ? x->view : a, y != nullptr ? y->view : b, out);
    if (after.k.rank() > 1) return nullptr;
    return std::make_shared<MendedProduct>(x, y, prepare_groups(after, out.dtype));
  };
  if (PreparedPtr product = mended(&new_a, nullptr)) return product;
  if (PreparedPtr product = mended(nullptr, &new_b)) return product;
  return mended(&new_a, &new_b);
}

}  // namespace runnel::kernels
