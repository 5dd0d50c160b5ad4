// AdaGrad in its three forms, and RMSProp: steps divided by the root of gathered squares.
#include "core/fail.h"
#include "optim/rule.h"
#include "runnel/linalg.h"

namespace runnel::optim {
namespace {

Rates adagrads_rates(double learning_rate, double eps = 1e-10) {
  return {{"learning_rate", rate(learning_rate)},
          {"initial_accumulator", rate(0)},
          {"eps", rate(eps)},
          {"eps_root", rate(0)}};
}

// AdaGrad and RMSProp differ in how the accumulator takes up g² alone.
template <class Accumulate>
Optimizer by_accumulated_square(Rates rates, Accumulator which, Accumulate accumulate) {
  auto prepare = [](const Leaves& params, State& state) {
    state.slots["square"] = filled_like(params, state, "initial_accumulator");
  };
  auto change = [which, accumulate](const Leaves& in, State& state, const Leaves&) {
    Leaves& square_sum = state.slots.at("square");
    return for_leaves(in, [&](std::size_t i) {
      const Array before = square_sum[i];
      square_sum[i] = accumulate(before, square(in[i]), state);
      return scaled_step(in[i], which == Accumulator::lagged ? before : square_sum[i], state);
    });
  };
  return {std::move(rates), prepare, change};
}

// All leaves behind one another, in the dtype of the first.
Array as_one_vector(const Leaves& leaves) {
  std::vector<Array> parts;
  for (const Array& leaf : leaves) parts.push_back(convert(reshape(leaf, {leaf.size()}), leaves[0].dtype()));
  return parts.size() == 1 ? parts[0] : concatenate(parts);
}

// Its inverse: `like` gives shapes and dtypes.
Leaves as_leaves(const Array& vector, const Leaves& like) {
  std::int64_t begin = 0;
  return for_leaves(like, [&](std::size_t i) {
    const std::int64_t end = begin + like[i].size();
    const Array part = slice(vector, 0, begin, end);
    begin = end;
    return convert(reshape(part, like[i].shape()), like[i].dtype());
  });
}

std::int64_t parameters_of_full_matrix(const Leaves& params) {
  std::int64_t count = 0;
  for (const Array& leaf : params) count += leaf.size();
  if (count > kMostOfFullMatrix)
    fail(
        "[adagrad_full] {} parameters: a step decomposes a matrix with a row and a column for each, so at "
        "most {} are taken; take adagrad, which keeps its diagonal",
        count, kMostOfFullMatrix);
  return count;
}

}  // namespace

Optimizer adagrad(const Rates& rates, Accumulator which) {
  return by_accumulated_square(with_rates("adagrad", adagrads_rates(0.01), rates), which,
                               [](const Array& v, const Array& g2, const State&) { return v + g2; });
}

Optimizer adagrad_norm(const Rates& rates, Accumulator which) {
  auto prepare = [](const Leaves& params, State& state) {
    state.slots["square"] = {rate_for(params[0], state, "initial_accumulator")};
  };
  auto change = [which](const Leaves& in, State& state, const Leaves&) {
    Array& gathered = state.slots.at("square")[0];
    const Array before = gathered;
    gathered = before + convert(sum_of_squares(in), before.dtype());
    const Array& divisor = which == Accumulator::lagged ? before : gathered;
    return for_leaves(
        in, [&](std::size_t i) { return scaled_step(in[i], convert(divisor, in[i].dtype()), state); });
  };
  return {with_rates("adagrad_norm", adagrads_rates(0.1), rates), prepare, change};
}

Optimizer adagrad_full(const Rates& rates) {
  auto prepare = [](const Leaves& params, State& state) {
    const Array unit = eye(parameters_of_full_matrix(params), params[0].dtype());
    state.slots["products"] = {rate_for(unit, state, "initial_accumulator") * unit};
  };
  auto change = [](const Leaves& in, State& state, const Leaves&) {
    const Array g = as_one_vector(in);
    const Array unit = eye(g.size(), g.dtype());
    Array& gathered = state.slots.at("products")[0];
    gathered = gathered + expand_dims(g, 1) * expand_dims(g, 0);
    const Array root = symmetric_root(gathered + rate_for(g, state, "eps_root") * unit);
    const Array inverse = lyapunov(root + rate_for(g, state, "eps") * unit, 2 * unit);
    return as_leaves(-rate_for(g, state, "learning_rate") * dot_general("ij,j->i", inverse, g), in);
  };
  return {with_rates("adagrad_full", adagrads_rates(0.1, 1e-4), rates), prepare, change};
}

Optimizer rmsprop(const Rates& rates) {
  const Rates defaults{{"learning_rate", rate(0.001)},
                       {"decay", rate(0.9)},
                       {"initial_accumulator", rate(0)},
                       {"eps", rate(1e-8)},
                       {"eps_root", rate(0)}};
  return by_accumulated_square(with_rates("rmsprop", defaults, rates), Accumulator::current,
                               [](const Array& v, const Array& g2, const State& state) {
                                 return running_average(v, g2, rate_for(v, state, "decay"));
                               });
}

}  // namespace runnel::optim
