// Optimisers as init/update pairs that chain, schedules, clipping, averages of the weights. Rates live in the
// state as scalar arrays, so a search can give each lane its own and a derivative can be taken with respect
// to them; the state is a tree, so it passes through scan, vmap, grad and jit. A candidate's steps are the
// same alone and abreast: everything is elementwise but the norms of clip_by_global_norm and adagrad_norm
// and the product of gradients in hypergradient_descent, whose sums have a fixed order, and adagrad_full.
//
//   auto optimizer = optim::chain({optim::clip_by_global_norm(1), optim::adam(),
//   optim::scheduled(optim::inverse_sqrt(100))}); auto state = optim::init(optimizer, params,
//   {{"learning_rate", rate}}); auto [updates, next] = optim::update(optimizer, gradients, state, params);
//   params = optim::apply(params, updates);
//
// Notation: w parameter, g gradient, u the update that is added to w, t steps taken (1 in the first), eta the
// learning rate.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runnel/array.h"
#include "runnel/ops.h"
#include "runnel/transforms.h"
#include "runnel/tree.h"

namespace runnel::optim {

using Leaves = std::vector<Array>;
using Rates = std::map<std::string, Array>;  // each a scalar

struct State {
  Rates rates;                          // in the parameters' dtype
  std::map<std::string, Leaves> slots;  // "velocity", "mean", ...: one array like each parameter
                                        // (or one for all: adagrad_norm, adagrad_full, a rate)
  Array count;                          // i32, steps taken
};

// A rule, or a chain of rules. A rule turns what comes in (gradients, or the updates of the rule before it)
// into what goes out; `change` may write its slots and reads its rates from the state.
struct Optimizer {
  Rates rates;  // its rates' names and their values where init is given none
  std::function<void(const Leaves& params, State& state)> prepare;  // makes its slots
  std::function<Leaves(const Leaves& in, State& state, const Leaves& params)> change;
};

// ---- rules: the last to chain is the one that makes steps of gradients, weight decay and schedules follow
// it -------

// u = -eta g. Rates: learning_rate (0.01).
Optimizer sgd(const Rates& rates = {});

// v = mu v + g, u = -eta v: Polyak's heavy ball, "Some methods of speeding up the convergence of iteration
// methods" (1964). Nesterov's form, u = -eta (g + mu v): Sutskever, Martens, Dahl and Hinton, "On the
// importance of initialization and momentum in deep learning" (ICML 2013), section 2. Rates: learning_rate
// (0.01), momentum (0.9).
enum class Momentum { heavy_ball, nesterov };
Optimizer momentum(Momentum form = Momentum::heavy_ball, const Rates& rates = {});

// u = -eta sign(g): Bernstein, Wang, Azizzadenesheli and Anandkumar, "signSGD: compressed optimisation for
// non-convex problems" (ICML 2018), algorithm 1. Only under a rate that falls does it settle. Rates:
// learning_rate (0.001).
Optimizer sign_descent(const Rates& rates = {});

// eta = eta + beta g g', u = -eta g, with g' the gradient of the step before (0 in the first): a rate that
// grows while successive gradients agree and falls when they oppose each other. Baydin, Cornish, Martinez
// Rubio, Schmidt and Wood, "Online learning rate adaptation with hypergradient descent" (ICLR 2018),
// algorithm 4. One eta for all parameters, in the slot "rate". Rates: learning_rate (eta at the start, 0.01),
// hyper_rate (beta, 0.0001).
Optimizer hypergradient_descent(const Rates& rates = {});

// u = -eta sign(b1 m + (1 - b1) g), then m = b2 m + (1 - b2) g: Chen et al., "Symbolic discovery of
// optimization algorithms" (NeurIPS 2023), program 1; its decay is decay_weights behind it. Rates:
// learning_rate (0.0001), beta1 (0.9), beta2 (0.99).
Optimizer lion(const Rates& rates = {});

// Whether a step is divided by squares that hold this step's gradient, or only those before it (Li and
// Orabona, "On the convergence of stochastic gradient descent with adaptive stepsizes" (AISTATS 2019)), which
// wants an initial_accumulator above 0.
enum class Accumulator { current, lagged };

// AdaGrad: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
// optimization" (JMLR 12, 2011), figure 1. eps stands where the paper's delta does. Rates of all three:
// learning_rate (0.01; 0.1 of the latter two), initial_accumulator (0), eps (1e-10 but of the last), eps_root
// (0).
//
// Diagonal: v = v + g², u = -eta g / (sqrt(v + eps_root) + eps). v starts at initial_accumulator.
Optimizer adagrad(const Rates& rates = {}, Accumulator which = Accumulator::current);
// Scalar, one v for all parameters: v = v + |g|², u as above: Ward, Wu and Bottou, "AdaGrad stepsizes: sharp
// convergence over nonconvex landscapes" (ICML 2019), algorithm 1.
Optimizer adagrad_norm(const Rates& rates = {}, Accumulator which = Accumulator::current);
// Full matrix: G = G + g gᵀ, u = -eta ((G + eps_root I)^(1/2) + eps I)^-1 g, with g all parameters as one
// vector; G starts at initial_accumulator I. Its eps is 1e-4: along directions that no gradient had, G is 0
// but for rounding, and rounding of g is divided by eps there. For small models: init throws above
// kMostOfFullMatrix parameters. Through LAPACK, so its bits may differ from one instruction set to another.
// Where G is singular derivatives want an eps_root above 0.
Optimizer adagrad_full(const Rates& rates = {});
constexpr std::int64_t kMostOfFullMatrix = 256;

// v = rho v + (1 - rho) g², u = -eta g / (sqrt(v + eps_root) + eps): Tieleman and Hinton, "Lecture 6.5:
// rmsprop" (2012). Rates: learning_rate (0.001), decay (rho, 0.9), initial_accumulator (0), eps (1e-8),
// eps_root (0).
Optimizer rmsprop(const Rates& rates = {});

// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g²,
// u = -eta (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t) + eps_root) + eps): Kingma and Ba, "Adam: a method for
// stochastic optimization" (ICLR 2015), algorithm 1. A positive eps_root keeps derivatives through the root
// finite at g = 0. Rates: learning_rate (0.001), beta1 (0.9), beta2 (0.999), eps (1e-8), eps_root (0).
Optimizer adam(const Rates& rates = {});

// Adam's m and v, V = max(V, v), u = -eta m / (sqrt(V + eps_root) + eps): Reddi, Kale and Kumar, "On the
// convergence of Adam and beyond" (ICLR 2018), algorithm 2. As there, nothing is corrected for bias: first
// steps are (1 - b1) / sqrt(1 - b2) times Adam's, 3.2 with the usual rates. Rates: adam's.
Optimizer amsgrad(const Rates& rates = {});

// Adam with m / (1 - b1^t) replaced by b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t): Dozat, "Incorporating
// Nesterov momentum into Adam" (ICLR workshop 2016), algorithm 2 with a constant momentum. Rates: adam's.
Optimizer nadam(const Rates& rates = {});

// Which leaves are weights, to be decayed or penalised: by default those of rank 2 and more, so that biases
// are not.
using IsWeight = std::function<bool(std::size_t index, const Array& leaf)>;
bool rank_two_or_more(std::size_t index, const Array& leaf);

// u = u - weight_decay w on weights: decoupled decay as Loshchilov and Hutter define it, "Decoupled weight
// decay regularization" (ICLR 2019), algorithm 2: a step shrinks w by the factor 1 - weight_decay, NOT times
// the learning rate (a schedule that follows in the chain scales both, as in the paper). After sgd it equals
// L2 with l2 = weight_decay / eta; after other rules no L2 equals it. Rates: weight_decay (0).
Optimizer decay_weights(const IsWeight& is_weight = rank_two_or_more, const Rates& rates = {});

// g = g + l2 w on weights: the gradient of (l2 / 2) |w|². Stands before the rule that makes steps. Rates: l2
// (0).
Optimizer add_l2(const IsWeight& is_weight = rank_two_or_more, const Rates& rates = {});

// chain({adam, decay_weights}). Rates: adam's and weight_decay (0).
Optimizer adamw(const IsWeight& is_weight = rank_two_or_more, const Rates& rates = {});

// ---- clipping
// ----------------------------------------------------------------------------------------------

// All gradients times min(1, clip_norm / |g|), with |g| over all leaves: Pascanu, Mikolov and Bengio, "On the
// difficulty of training recurrent neural networks" (ICML 2013), algorithm 1. The direction stays; below the
// threshold no bit changes. (A rule that clips when |g|² > G has clip_norm = sqrt(G).) Rates: clip_norm (the
// threshold).
Optimizer clip_by_global_norm(const Operand& threshold);
// Each element limited to [-clip_value, clip_value]. Rates: clip_value (the threshold).
Optimizer clip_by_value(const Operand& threshold);

namespace flat {
// The leaves times min(1, clip_norm / |leaves|), as clip_by_global_norm.
Leaves clipped(const Leaves& gradients, const Array& clip_norm);
}  // namespace flat

// The mean loss of examples, and the mean of their gradients, each clipped to clip_norm by itself before: one
// example cannot pull further than that. Abadi et al., "Deep learning with differential privacy" (CCS 2016),
// algorithm 1, without its noise. (It moves the optimum: of squared errors about a mean, towards the median.)
// loss(params, example) is the loss of one example; the examples are the slices of a tree's leaves along
// their first axis. Every example's gradient exists at once.
template <class Loss, class Params, class Examples>
std::pair<Array, Params> value_and_clipped_grad(const Loss& loss, const Params& params,
                                                const Examples& examples, const Array& clip_norm) {
  auto of_one = [&](const Examples& example) {
    auto [value, gradient] =
        value_and_grad([&](const Params& p) -> Array { return loss(p, example); })(params);
    return std::pair(value, tree::unflatten(gradient, flat::clipped(tree::flatten(gradient), clip_norm)));
  };
  const auto [values, gradients] = vmap(of_one)(examples);
  return {mean(values), tree::map([](const Array& leaf) { return mean(leaf, 0); }, gradients)};
}

// ---- schedules: steps taken so far (0 at the first update) to a factor on the updates
// ------------------------

using Schedule = std::function<Array(const Array& count)>;                // i32 scalar to f64 scalar
Schedule constant();                                                      // 1
Schedule step_decay(const Operand& every, const Operand& factor);         // factor^floor(count / every)
Schedule exponential_decay(const Operand& steps, const Operand& factor);  // factor^(count / steps)
// (count + 1) / warmup while count < warmup, then half a cosine from 1 to `floor` at `total` steps, and
// `floor` from there on: Loshchilov and Hutter, "SGDR" (ICLR 2017), equation 5, one period.
Schedule cosine(const Operand& warmup, const Operand& total, const Operand& floor = 0);
// min((count + 1) / warmup, sqrt(warmup / (count + 1))): Vaswani et al., "Attention is all you need" (NeurIPS
// 2017), equation 3, scaled to 1 at its peak.
Schedule inverse_sqrt(const Operand& warmup);
// One cycle and an end: from `start` in `rise` steps to 1, in as many back to `start`, then in a line to
// `floor` at `total` steps: Smith and Topin, "Super-convergence: very fast training of neural networks using
// large learning rates" (2017), the "1cycle" policy, of the rate alone (theirs turns the momentum the other
// way).
Schedule one_cycle(const Operand& rise, const Operand& total, const Operand& start = 0.04,
                   const Operand& floor = 0);
// (count + 1) / steps while count < steps, then `then` as if it began there.
Schedule warm_up(const Operand& steps, const Schedule& then);

// u = schedule(count) u.
Optimizer scheduled(const Schedule& schedule);

// ---- averages of the weights
// --------------------------------------------------------------------------------------

// The share of the newest weights in their average, given how many steps' weights came before them (i32
// scalar to f64 scalar): average = (1 - share) average + share w. The first share is 1, so what an average
// starts from does not matter.
using Averaging = std::function<Array(const Array& before)>;
// Weights of k steps ago count decay^k, over the sum of these: (1 - decay) / (1 - decay^(before + 1)), Adam's
// corrected average (its section 7.2).
Averaging exponential_average(const Operand& decay);
// All weights after the first `skipped` steps count alike: Polyak and Juditsky, "Acceleration of stochastic
// approximation by averaging" (SIAM J. Control 30, 1992), from a tail (Jain et al.,
// "Parallelizing stochastic gradient descent for least squares regression" (JMLR 18, 2018)). Until then it is
// the newest weights.
Averaging uniform_average(const Operand& skipped = 0);

// ---- using them
// ----------------------------------------------------------------------------------------------

// The rules in order, each on what the one before gave. Two rules with a rate of the same name are refused.
Optimizer chain(const std::vector<Optimizer>& rules);

namespace flat {
State init(const Optimizer& optimizer, const Leaves& params, const Rates& rates);
std::pair<Leaves, State> update(const Optimizer& optimizer, const Leaves& gradients, const State& state,
                                const Leaves& params);
Leaves apply(const Leaves& params, const Leaves& updates);
Leaves averaged(const Averaging& averaging, const Leaves& average, const Leaves& params, const Array& before);
}  // namespace flat

// The state before the first step. `rates` overrule the optimiser's own; an unknown name throws.
template <class Params>
State init(const Optimizer& optimizer, const Params& params, const Rates& rates = {}) {
  return flat::init(optimizer, tree::flatten(params), rates);
}

// What to add to the parameters, and the next state. Pure: `state` is left as it was.
template <class Params>
std::pair<Params, State> update(const Optimizer& optimizer, const Params& gradients, const State& state,
                                const Params& params) {
  auto [updates, next] = flat::update(optimizer, tree::flatten(gradients), state, tree::flatten(params));
  return {tree::unflatten(params, updates), std::move(next)};
}

// params + updates, leaf by leaf.
template <class Params>
Params apply(const Params& params, const Params& updates) {
  return tree::unflatten(params, flat::apply(tree::flatten(params), tree::flatten(updates)));
}

// The average that takes up the weights after a step; `before` (i32 scalar) steps' weights are in it already.
template <class Params>
Params averaged(const Averaging& averaging, const Params& average, const Params& params,
                const Array& before) {
  return tree::unflatten(params,
                         flat::averaged(averaging, tree::flatten(average), tree::flatten(params), before));
}

// ---- descents: many steps along a gradient ------------------------------------------------------------

template <class Params>
struct Descent {
  Params params;
  State state;
};

template <class Params>
Descent<Params> start(const Optimizer& optimizer, const Params& params, const Rates& rates = {}) {
  return {params, optim::init(optimizer, params, rates)};
}

// One step along gradient(params), or gradient(params, count) with the steps taken so far (i32 scalar): what
// is random in a step takes its key from it, fold_in(key, count).
template <class Gradient, class Params>
Descent<Params> step(const Optimizer& optimizer, const Gradient& gradient, const Descent<Params>& from) {
  auto at = [&]() -> Params {
    if constexpr (std::is_invocable_v<const Gradient&, const Params&, const Array&>)
      return gradient(from.params, from.state.count);
    else
      return gradient(from.params);
  };
  auto [updates, next] = optim::update(optimizer, at(), from.state, from.params);
  return {optim::apply(from.params, updates), std::move(next)};
}

// `steps` of them, as a scan: what it is differentiated, vmapped and compiled with. (A descent of many steps
// wants jit around it.)
template <class Gradient, class Params>
Descent<Params> descend(const Optimizer& optimizer, const Gradient& gradient, const Descent<Params>& from,
                        std::int64_t steps) {
  auto one = [&](const Descent<Params>& at, const Array&) {
    return std::pair(optim::step(optimizer, gradient, at), std::tuple<>());
  };
  return scan_n(one, from, steps).first;
}

// `records` times `every` steps, and what see(descent) gives after each of these, stacked along a first axis.
template <class Gradient, class See, class Params>
auto watch(const Optimizer& optimizer, const Gradient& gradient, const See& see, const Descent<Params>& from,
           std::int64_t records, std::int64_t every = 1) {
  auto some = [&](const Descent<Params>& at, const Array&) {
    const Descent<Params> next =
        every == 1 ? optim::step(optimizer, gradient, at) : optim::descend(optimizer, gradient, at, every);
    return std::pair(next, see(next));
  };
  return scan_n(some, from, records);
}

}  // namespace runnel::optim
