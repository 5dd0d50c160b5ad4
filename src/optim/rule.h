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

// f(leaf index) for each leaf.
template <class F>
Leaves for_leaves(const Leaves& leaves, F&& f) {
  Leaves out;
  out.reserve(leaves.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) out.push_back(f(i));
  return out;
}

}  // namespace runnel::optim
