// For the tests of passes: graphs with arguments to run them on, numbers of every kind, and what a graph
// holds.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "ops/control.h"
#include "ops/helpers.h"
#include "runnel/random.h"
#include "runnel/transforms.h"

namespace runnel::testing {

inline Types types_of(const Arrays& arrays) {
  Types out;
  for (const Array& a : arrays) out.push_back(a.type());
  return out;
}

// f as the compiler is given it: each vmap is one equation.
inline GraphPtr graph_of(const ArrayFn& f, const Types& types) {
  const Traced traced = flat::trace_for_compiler(f, types);
  EXPECT_TRUE(traced.captured.empty());
  return traced.graph;
}

// Equations of a name, in the graph and in all graphs within.
inline std::size_t count(const Graph& graph, std::string_view name) {
  std::size_t n = 0;
  for (const Equation& eq : graph.equations()) {
    n += is_op(eq, name);
    for (const auto& [key, value] : eq.attrs.entries()) {
      const GraphPtr* inner = std::get_if<GraphPtr>(&value);
      // A strip without a tail holds its body twice.
      if (inner != nullptr && !(key == "tail" && *inner == eq.attrs.graph("body"))) n += count(**inner, name);
    }
  }
  return n;
}

// The first equation of a name; the test ends where there is none.
inline const Equation& first(const Graph& graph, std::string_view name) {
  for (const Equation& eq : graph.equations())
    if (is_op(eq, name)) return eq;
  throw std::runtime_error(fmt::format("no {} in\n{}", name, to_string(graph)));
}

// The same bits, but that two nans are the same: which of two nans a sum passes on is nobody's promise.
inline bool same_numbers(const Array& a, const Array& b) {
  if (a.type() != b.type()) return false;
  if (!is_float(a.dtype())) return same_bits(a, b);
  const std::vector<double> x = a.to_doubles();
  const std::vector<double> y = b.to_doubles();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool same = x[i] == y[i] && std::signbit(x[i]) == std::signbit(y[i]);
    if (!same && !(std::isnan(x[i]) && std::isnan(y[i]))) return false;
  }
  return true;
}

inline void expect_same_numbers(const Arrays& got, const Arrays& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(same_numbers(got[i], want[i])) << what << ", output " << i << ":\n"
                                               << to_string(got[i]) << "\nexpected\n"
                                               << to_string(want[i]);
}

// The array with some of its floats made huge, tiny, infinite, nan or a zero of either sign.
inline Array made_wild(const Array& x, std::uint64_t seed) {
  if (!is_float(x.dtype())) return x;
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double special[] = {0.0, -0.0, 1.0, kInf, -kInf, std::nan(""), 1e30, -1e-30, 1e-41, 88.5};
  std::mt19937_64 random(seed);
  std::vector<double> values = x.to_doubles();
  for (double& v : values)
    if (random() % 3 == 0) v = special[random() % std::size(special)];
  if (x.dtype() == DType::f64) return Array::from(values, x.shape());
  return Array::from(std::vector<float>(values.begin(), values.end()), x.shape());
}

inline Arrays made_wild(const Arrays& arrays, std::uint64_t seed) {
  Arrays out;
  for (const Array& x : arrays) out.push_back(made_wild(x, seed + out.size()));
  return out;
}

// A loop whose body is traced with its constants as inputs: values of a surrounding trace would not enter it.
// Such bodies come from derivatives and lanes of loops.
inline Arrays loop(const ArrayFn& body, const Arrays& operands, std::int64_t length, std::int64_t constants,
                   std::int64_t carries) {
  Types types = types_of(operands);
  for (std::size_t i = static_cast<std::size_t>(constants + carries); i < types.size(); ++i)
    types[i].shape.erase(0);
  return bind_op(find_op("scan"), operands,
                 scan_attrs({graph_of(body, types), length, constants, carries, false}));
}

// Normal numbers, different for each stream.
inline Array numbers(const Shape& shape, std::uint64_t stream = 0, DType dtype = DType::f32) {
  return random::normal(random::key(77 + stream), shape, dtype);
}

}  // namespace runnel::testing
