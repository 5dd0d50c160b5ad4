// The op table as the laws see it: every row with each of its samples, as a function of its float operands.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel::laws {

struct Row {
  const Op* op;
  Sample sample;
  std::size_t number;
  std::string name() const { return fmt::format("{} sample {}", op->name, number); }
};

inline std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const Op& op : op_table()) {
    const std::vector<Sample> samples = op.samples();
    for (std::size_t i = 0; i < samples.size(); ++i) rows.push_back({&op, samples[i], i});
  }
  return rows;
}

inline bool differentiable(const Op& op) { return !std::holds_alternative<Unsupported>(op.derivative); }

inline bool batchable(const Op& op) { return !std::holds_alternative<Unsupported>(op.batching); }

// Rows that take lanes.
inline std::vector<Row> batchable_rows() {
  std::vector<Row> rows;
  for (const Row& row : all_rows())
    if (batchable(*row.op) && !row.sample.operands.empty()) rows.push_back(row);
  return rows;
}

inline Arrays float_operands(const Row& row) {
  Arrays out;
  for (const Array& x : row.sample.operands)
    if (is_float(x.dtype())) out.push_back(x);
  return out;
}

// The row as a function of all its operands.
inline ArrayFn function_of(const Row& row) {
  return [row](const Arrays& operands) { return bind_op(*row.op, operands, row.sample.attrs); };
}

// The row as a function of its float operands, giving its float outputs.
inline ArrayFn float_function_of(const Row& row) {
  return [row](const Arrays& floats) {
    Arrays operands = row.sample.operands;
    std::size_t next = 0;
    for (Array& x : operands)
      if (is_float(x.dtype())) x = floats.at(next++);
    Arrays out;
    for (const Array& y : bind_op(*row.op, operands, row.sample.attrs))
      if (is_float(y.dtype())) out.push_back(y);
    return out;
  };
}

// Rows with float operands, float outputs and a derivative.
inline std::vector<Row> differentiable_rows() {
  std::vector<Row> rows;
  for (const Row& row : all_rows())
    if (differentiable(*row.op) && !float_operands(row).empty() &&
        !float_function_of(row)(float_operands(row)).empty())
      rows.push_back(row);
  return rows;
}

inline bool has_f32(const Arrays& arrays) {
  for (const Array& x : arrays)
    if (x.dtype() == DType::f32) return true;
  return false;
}

// Values in [-1, 1) like given arrays, other ones for each stream.
inline Arrays directions(const Arrays& like, std::uint32_t stream) {
  Arrays out;
  for (std::size_t i = 0; i < like.size(); ++i)
    out.push_back(convert(sample(like[i].shape(), -1, 1, 100 * stream + static_cast<std::uint32_t>(i)),
                          like[i].dtype()));
  return out;
}

inline double inner(const Arrays& a, const Arrays& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = a[i].to_doubles();
    const auto y = b[i].to_doubles();
    for (std::size_t j = 0; j < x.size(); ++j) total += x[j] * y[j];
  }
  return total;
}
inline double length(const Arrays& a) { return std::sqrt(inner(a, a)); }

inline Arrays moved(const Arrays& x, double t, const Arrays& v) {
  Arrays out;
  for (std::size_t i = 0; i < x.size(); ++i) out.push_back(x[i] + t * v[i]);
  return out;
}

// The largest difference between elements, and the largest magnitude.
struct Distance {
  double apart = 0;
  double size = 0;
};
inline Distance distance(const Arrays& a, const Arrays& b) {
  Distance d;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = a[i].to_doubles();
    const auto y = b[i].to_doubles();
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double apart = std::abs(x[j] - y[j]);
      d.apart = std::isnan(apart) ? INFINITY : std::max(d.apart, apart);
      d.size = std::max({d.size, std::abs(x[j]), std::abs(y[j])});
    }
  }
  return d;
}

// d/dt f(x + t v) at 0 by central differences with Richardson's extrapolation: (4 D(h/2) - D(h)) / 3 has
// error O(h⁴).
inline Arrays slope(const ArrayFn& f, const Arrays& x, const Arrays& v, double h = 2e-4) {
  auto central = [&](double step) {
    const Arrays up = f(moved(x, step, v));
    const Arrays down = f(moved(x, -step, v));
    Arrays out;
    for (std::size_t i = 0; i < up.size(); ++i)
      out.push_back((convert(up[i], DType::f64) - convert(down[i], DType::f64)) / (2 * step));
    return out;
  };
  const Arrays coarse = central(h);
  const Arrays fine = central(h / 2);
  Arrays out;
  for (std::size_t i = 0; i < coarse.size(); ++i) out.push_back((4 * fine[i] - coarse[i]) / 3);
  return out;
}

// A scalar that bends even where f is linear: the weighted sum of f + f².
inline ArrayFn scalar_of(const ArrayFn& f) {
  return [f](const Arrays& x) -> Arrays {
    Array total = Array::scalar(0, DType::f64);
    const Arrays y = f(x);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const Array weight = sample(y[i].shape(), 0.5, 1, 7 + static_cast<std::uint32_t>(i));
      const Array wide = convert(y[i], DType::f64);
      total = total + sum(weight * (wide + wide * wide));
    }
    return {total};
  };
}

inline ArrayFn gradient_of(const ArrayFn& scalar) {
  return [scalar](const Arrays& x) { return flat::vjp(scalar, x).pullback({Array::scalar(1, DType::f64)}); };
}

inline ArrayFn jitted(const ArrayFn& f) {
  return jit([f](const Arrays& x) { return f(x); });
}
inline ArrayFn over_lanes(const ArrayFn& f) {
  return vmap([f](const Arrays& x) { return f(x); });
}
inline ArrayFn checkpointed(const ArrayFn& f) {
  return checkpoint([f](const Arrays& x) { return f(x); });
}

inline bool all_same_bits(const Arrays& a, const Arrays& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return false;
  return true;
}

// Another operand of the same kind, still in the domain of a row that x is a sample of.
inline Array variant_of(const Array& x, std::int64_t lane) {
  if (lane == 0) return x;
  if (is_float(x.dtype())) return x * (1 + 0.1 * std::fmod(0.618 * static_cast<double>(lane), 1.0));
  if (x.dtype() == DType::u32) return x + static_cast<std::uint32_t>(lane);
  if (lane % 2 == 0 || x.size() < 2) return x;
  const Array flipped = reverse(reshape(x, {-1}), {0});
  return reshape(x.dtype() == DType::boolean && lane % 3 == 0 ? logical_not(flipped) : flipped, x.shape());
}

inline Arrays variants_of(const Arrays& x, std::int64_t lane) {
  Arrays out;
  for (const Array& a : x) out.push_back(variant_of(a, lane));
  return out;
}

// Lane i of arrays stacked along axis 0.
inline Arrays lane_of(const Arrays& stacked, std::int64_t i) {
  Arrays out;
  for (const Array& a : stacked) out.push_back(row(a, i));
  return out;
}

inline Arrays stacked_variants(const Arrays& x, std::int64_t lanes) {
  Arrays out;
  for (const Array& a : x) {
    std::vector<Array> all;
    for (std::int64_t i = 0; i < lanes; ++i) all.push_back(variant_of(a, i));
    out.push_back(stack(all));
  }
  return out;
}

}  // namespace runnel::laws
