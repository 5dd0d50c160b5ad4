// What the rules share: rates as defaults, slots, leaf-wise loops.
#pragma once

#include <string>

#include "nn/operand.h"
#include "runnel/ops.h"
#include "runnel/optim.h"

namespace runnel::optim {

// `defaults` overruled by `given`; a name that `defaults` does not have throws, offering those it has.
Rates with_rates(const char* rule, Rates defaults, const Rates& given);

// A default, kept in f64 so that no digit is lost for f64 models.
inline Array rate(double value) { return Array::scalar(value, DType::f64); }

// A rate of the state in the dtype of the leaf it is used on.
inline Array rate_for(const Array& leaf, const State& state, const std::string& name) {
  return nn::in_dtype(state.rates.at(name), leaf.dtype());
}

// A slot that starts as zeros, or as the rate `start` everywhere.
Leaves zeros_like(const Leaves& params);
Leaves filled_like(const Leaves& params, const State& state, const std::string& start);

// Sum of the squares of all elements of all leaves: a scalar.
Array sum_of_squares(const Leaves& leaves);

// For rules that keep nothing.
inline void no_slots(const Leaves&, State&) {}

// -eta g / (sqrt(v + eps_root) + eps)
inline Array scaled_step(const Array& g, const Array& v, const State& state) {
  const Array root = sqrt(v + rate_for(g, state, "eps_root"));
  return -rate_for(g, state, "learning_rate") * (g / (root + rate_for(g, state, "eps")));
}

inline Array running_average(const Array& old, const Array& fresh, const Array& keep) {
  return keep * old + (1 - keep) * fresh;
}

// f(leaf index) for each leaf.
template <class F>
Leaves for_leaves(const Leaves& leaves, F&& f) {
  Leaves out;
  out.reserve(leaves.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) out.push_back(f(i));
  return out;
}

}  // namespace runnel::optim
