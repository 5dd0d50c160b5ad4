// Transforms: each takes a function of trees of arrays and gives another. They compose in any order.
//
//   auto slope = grad([](const Array& x) { return sum(sin(x)); });
//   auto fast  = jit(vmap(slope));
//
// Functions must be pure: what they compute depends on their arguments (and on captured arrays, which are
// constants of the transform). Trees are described in tree.h. A function may close over values of a
// surrounding transform.
#pragma once

#include <any>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "runnel/array.h"
#include "runnel/error.h"
#include "runnel/graph.h"
#include "runnel/ops.h"
#include "runnel/tree.h"

namespace runnel {

// The axis of each argument that vmap maps over; `shared` arguments are the same for all lanes.
using Axis = std::optional<int>;
inline constexpr Axis shared = std::nullopt;

// ---- on flat lists of arrays (what the templates below are made of) --------------------------------------
namespace flat {

struct Vjp {
  std::vector<Array> outputs;
  ArrayFn pullback;  // cotangents of the outputs to cotangents of the inputs (zeros for integers)
};
Vjp vjp(const ArrayFn& f, const std::vector<Array>& primals);

struct Jvp {
  std::vector<Array> outputs;
  std::vector<Array> tangents;  // zeros for integers
};
Jvp jvp(const ArrayFn& f, const std::vector<Array>& primals, const std::vector<Array>& tangents);

std::vector<Array> vmap(const ArrayFn& f, const std::vector<Array>& arguments,
                        const std::vector<Axis>& in_axes, int out_axis);

// Carries, then stacked outputs; f maps (carries, slices) to (carries, outputs).
std::vector<Array> scan(const ArrayFn& f, const std::vector<Array>& carries,
                        const std::vector<Array>& sequences, std::int64_t length, bool reverse);

std::vector<Array> checkpoint(const ArrayFn& f, const std::vector<Array>& arguments);

// trace(), with every vmap kept as one equation for the compiler.
Traced trace_for_compiler(const ArrayFn& f, const std::vector<Type>& inputs);

// The compiled graph on arguments; recorded as one equation inside a trace.
std::vector<Array> call(const GraphPtr& graph, const std::vector<Array>& arguments);

// Throws unless a scan's carry comes out of a step with as many leaves, of the same types, as it went in.
void expect_same_leaves(const std::vector<Array>& carry, const std::vector<Array>& returned);

// Throws unless `out` is a scalar of a float dtype.
void expect_scalar(const char* transform, const Array& out);

}  // namespace flat

namespace detail {

// f as a function of flat lists: `like` gives the structure of its arguments, `out` receives that of its
// result.
template <class F, class Args, class Out>
ArrayFn flattened(const F& f, const Args& like, std::optional<Out>& out) {
  return [&f, like, &out](const std::vector<Array>& leaves) {
    out.emplace(std::apply(f, tree::unflatten(like, leaves)));
    return tree::flatten(*out);
  };
}

// A transformed function takes what f takes: asking whether it can be called answers, and does not fail.
template <class F, class... Args>
concept Takes = std::is_invocable_v<const F&, const Args&...>;

template <class F, class... Args>
using Result = std::remove_cvref_t<std::invoke_result_t<const F&, const Args&...>>;

// What a compiled function's graph depends on beside the elements: types of leaves, structure, numbers and
// strings.
class Signature {
 public:
  template <class T>
  void add(const T& t);
  friend bool operator==(const Signature&, const Signature&) = default;

 private:
  void put(std::int64_t word) { words_.push_back(word); }
  std::vector<std::int64_t> words_;
  std::string text_;
};

template <class T>
void Signature::add(const T& t) {
  if constexpr (std::is_same_v<T, Array>) {
    put(static_cast<std::int64_t>(t.dtype()) + 16 * (t.rank() + 1));
    for (std::int64_t size : t.shape()) put(size);
  } else if constexpr (std::is_same_v<T, std::string>) {
    put(static_cast<std::int64_t>(t.size()));
    text_ += t;
  } else if constexpr (std::is_empty_v<T>) {
    // nothing to tell apart
  } else if constexpr (tree::detail::Static<T>) {
    text_.append(reinterpret_cast<const char*>(&t), sizeof(t));
  } else if constexpr (tree::detail::is_sequence<T>::value) {
    put(static_cast<std::int64_t>(t.size()));
    for (const auto& item : t) add(item);
  } else if constexpr (tree::detail::is_map<T>::value) {
    put(static_cast<std::int64_t>(t.size()));
    for (const auto& [key, value] : t) {
      add(key);
      add(value);
    }
  } else if constexpr (tree::detail::is_optional<T>::value) {
    put(t.has_value() ? 1 : 0);
    if (t.has_value()) add(*t);
  } else if constexpr (tree::detail::is_tuple<T>::value) {
    std::apply([&](const auto&... items) { (add(items), ...); }, t);
  } else {
    tree::detail::for_each_field(t, [&](const auto& field) { add(field); });
  }
}

}  // namespace detail

namespace detail {
template <class T>
struct is_std_tuple : std::false_type {};
template <class... Ts>
struct is_std_tuple<std::tuple<Ts...>> : std::true_type {};
}  // namespace detail

// ---- derivatives ---------------------------------------------------------------------------------------

// The outputs of f and the pull-back: the function from cotangents of the outputs (a tree like them) to
// cotangents of the arguments (a tuple of trees like them; the tree itself when there is one argument).
template <class F, class... Args>
requires detail::Takes<F, Args...>
auto vjp(const F& f, const Args&... args) {
  using Out = detail::Result<F, Args...>;
  const std::tuple<Args...> all(args...);
  std::optional<Out> out;
  flat::Vjp result = flat::vjp(detail::flattened(f, all, out), tree::flatten(all));
  const Out outputs = tree::unflatten(*out, result.outputs);
  auto pullback = [all, back = std::move(result.pullback)](const Out& cotangents) {
    auto pulled = tree::unflatten(all, back(tree::flatten(cotangents)));
    if constexpr (sizeof...(Args) == 1)
      return std::get<0>(pulled);
    else
      return pulled;
  };
  return std::pair(outputs, pullback);
}

// The outputs of f and their tangents, given the arguments and theirs (two tuples, or two trees for one
// argument).
template <class F, class... Args>
auto jvp(const F& f, const std::tuple<Args...>& primals, const std::tuple<Args...>& tangents) {
  using Out = detail::Result<F, Args...>;
  std::optional<Out> out;
  flat::Jvp result =
      flat::jvp(detail::flattened(f, primals, out), tree::flatten(primals), tree::flatten(tangents));
  return std::pair(tree::unflatten(*out, result.outputs), tree::unflatten(*out, result.tangents));
}
template <class F, class Arg>
requires(!detail::is_std_tuple<Arg>::value) auto jvp(const F& f, const Arg& primal, const Arg& tangent) {
  return jvp(f, std::tuple<Arg>(primal), std::tuple<Arg>(tangent));
}

// (f, gradient of f with respect to its first argument); f must return a float scalar. Further arguments are
// held.
template <class F>
auto value_and_grad(F f) {
  return [f]<class First, class... Rest>(const First& first,
                                         const Rest&... rest) requires detail::Takes<F, First, Rest...> {
    auto of_first = [&](const First& x) -> Array { return f(x, rest...); };
    auto [value, pullback] = vjp(of_first, first);
    flat::expect_scalar("grad", value);
    return std::pair<Array, First>(value, pullback(Array::ones({}, value.dtype())));
  };
}

template <class F>
auto grad(F f) {
  return [f]<class... Args>(const Args&... args) requires detail::Takes<F, Args...> {
    return value_and_grad(f)(args...).second;
  };
}

// ---- lanes ---------------------------------------------------------------------------------------------

// f on every lane at once. `in_axes`: one per argument (all 0 when empty), counted from the end when
// negative; all leaves of an argument share it. Results get their lanes as axis `out_axis`.
template <class F>
auto vmap(F f, std::vector<Axis> in_axes = {}, int out_axis = 0) {
  return [ f, in_axes, out_axis ]<class... Args>(const Args&... args) requires detail::Takes<F, Args...> {
    using Out = detail::Result<F, Args...>;
    const std::tuple<Args...> all(args...);
    std::vector<Axis> axes;
    std::size_t argument = 0;
    auto spread = [&](const auto& arg) {
      const Axis axis = in_axes.empty() ? Axis(0) : in_axes.at(argument);
      tree::for_each_leaf(arg, [&](const Array&) { axes.push_back(axis); });
      ++argument;
    };
    if (!in_axes.empty() && in_axes.size() != sizeof...(Args))
      throw Error(ErrorKind::input, "[vmap] in_axes must name one axis for each argument");
    (spread(args), ...);
    std::optional<Out> out;
    const std::vector<Array> leaves =
        flat::vmap(detail::flattened(f, all, out), tree::flatten(all), axes, out_axis);
    return tree::unflatten(*out, leaves);
  };
}

// ---- derivatives of arrays by arrays -------------------------------------------------------------------

// J of f: Array to Array at x: shape of f(x), then shape of x. Row by row (reverse mode), or column by column
// (forward mode).
template <class F>
auto jacobian(F f) {
  return [f]<class... Rest>(const Array& x, const Rest&... rest) requires detail::Takes<F, Array, Rest...> {
    auto [y, pullback] = vjp([&](const Array& v) -> Array { return f(v, rest...); }, x);
    Shape basis_shape = y.shape();
    basis_shape.push_back(y.size());
    Shape shape = y.shape();
    for (std::int64_t size : x.shape()) shape.push_back(size);
    const Array basis = reshape(eye(y.size(), y.dtype()), basis_shape);
    return reshape(vmap(pullback, {Axis(-1)}, 0)(basis), shape);
  };
}
template <class F>
auto jacobian_forward(F f) {
  return [f]<class... Rest>(const Array& x, const Rest&... rest) requires detail::Takes<F, Array, Rest...> {
    auto of_x = [&](const Array& v) -> Array { return f(v, rest...); };
    auto push = [&](const Array& v) { return jvp(of_x, x, v).second; };
    Shape basis_shape = x.shape();
    basis_shape.push_back(x.size());
    const Array columns = vmap(push, {Axis(-1)}, -1)(reshape(eye(x.size(), x.dtype()), basis_shape));
    Shape shape(std::span(columns.shape().begin(), columns.shape().size() - 1));
    for (std::int64_t size : x.shape()) shape.push_back(size);
    return reshape(columns, shape);
  };
}

// Second derivatives of a scalar function of one array: shape of x twice. Forward over reverse.
template <class F>
auto hessian(F f) {
  return jacobian_forward(grad(f));
}

// The Hessian times v, without forming the Hessian. x and v are trees of one structure.
template <class F, class Tree>
Tree hvp(const F& f, const Tree& x, const Tree& v) {
  return jvp(grad(f), std::tuple<Tree>(x), std::tuple<Tree>(v)).second;
}

// ---- loops, memory, compilation ------------------------------------------------------------------------

// Steps along the leading axis of all leaves of `sequences`: f maps (carry, slice) to (carry, output). Gives
// the last carry and the stacked outputs. The carry keeps its structure, dtypes and shapes.
template <class F, class Carry, class Sequences>
auto scan(const F& f, const Carry& carry, const Sequences& sequences, bool reverse = false) {
  static_assert(detail::Takes<F, Carry, Sequences>, "a step of scan takes (carry, slice of the sequences)");
  using StepResult = detail::Result<F, Carry, Sequences>;
  static_assert(
      tree::detail::is_tuple<StepResult>::value && requires { typename StepResult::second_type; },
      "a step of scan returns std::pair(carry, output); where there is no output, std::pair(carry, "
      "std::tuple<>())");
  using Output = typename StepResult::second_type;
  const std::vector<Array> slices = tree::flatten(sequences);
  if (slices.empty() || slices[0].rank() == 0)
    throw Error(ErrorKind::input, "[scan] needs a sequence to step along: an array with a leading axis");
  std::optional<Output> output;
  const ArrayFn step = [&](const std::vector<Array>& leaves) {
    std::size_t offset = 0;
    const Carry c = tree::unflatten(carry, leaves, offset);
    const Sequences s = tree::unflatten(sequences, leaves, offset);
    StepResult out = f(c, s);
    std::vector<Array> flat_out = tree::flatten(out.first);
    flat::expect_same_leaves(tree::flatten(carry), flat_out);
    output.emplace(out.second);
    for (const Array& leaf : tree::flatten(out.second)) flat_out.push_back(leaf);
    return flat_out;
  };
  const std::vector<Array> out = flat::scan(step, tree::flatten(carry), slices, slices[0].dim(0), reverse);
  std::size_t offset = 0;
  Carry last = tree::unflatten(carry, out, offset);
  return std::pair<Carry, Output>(std::move(last), tree::unflatten(*output, out, offset));
}

// f(carry, i) for i = 0 … length - 1 (i is an i32 scalar).
template <class F, class Carry>
auto scan_n(const F& f, const Carry& carry, std::int64_t length) {
  if (length < 0)
    throw Error(ErrorKind::input, "[scan_n] " + std::to_string(length) + " steps: none or more");
  return scan(f, carry, arange(length));
}

// f, whose inner values are computed again on the way back instead of being kept.
template <class F>
auto checkpoint(F f) {
  return [f]<class... Args>(const Args&... args) requires detail::Takes<F, Args...> {
    using Out = detail::Result<F, Args...>;
    const std::tuple<Args...> all(args...);
    std::optional<Out> out;
    const std::vector<Array> leaves = flat::checkpoint(detail::flattened(f, all, out), tree::flatten(all));
    return tree::unflatten(*out, leaves);
  };
}

// f compiled: traced once per signature of its arguments (dtypes, shapes, structure, and the values of
// numbers and strings among them), planned, and run without allocating. Copies share the cache, which keeps
// the latest kMostGraphs graphs. Concrete arrays that f closes over are frozen at the first trace. f, its
// derivative and its lanes have the same bits with jit and without; only inside a derivative of a derivative
// may a jit change the last bit, since it parts the graph and so the order in which cotangents add up.
// Outermost it never does.
template <class F>
class Jit {
 public:
  static constexpr std::size_t kMostGraphs = 64;

  explicit Jit(F f) : f_(std::move(f)) {}

  template <class... Args>
  requires detail::Takes<F, Args...>
  auto operator()(const Args&... args) const {
    using Out = detail::Result<F, Args...>;
    const std::tuple<Args...> all(args...);
    std::vector<Array> leaves = tree::flatten(all);
    const Entry entry = find<Out>(all, leaves);
    leaves.insert(leaves.end(), entry.captured.begin(), entry.captured.end());
    return tree::unflatten(std::any_cast<const Out&>(entry.like), flat::call(entry.graph, leaves));
  }

  std::size_t cached_graphs() const {
    const std::lock_guard lock(cache_->mutex);
    return cache_->entries.size();
  }
  std::size_t traces() const {  // how often f has been traced so far
    const std::lock_guard lock(cache_->mutex);
    return cache_->traces;
  }

 private:
  struct Entry {
    detail::Signature signature;
    GraphPtr graph;
    std::vector<Array> captured;
    std::any like;
    std::type_index arguments = typeid(void);  // trees of other types may have the same leaves
  };
  struct Cache {
    std::mutex mutex;
    std::list<Entry> entries;
    std::size_t traces = 0;
  };

  template <class Out, class All>
  Entry find(const All& all, const std::vector<Array>& leaves) const {
    detail::Signature signature;
    signature.add(all);
    {
      const std::lock_guard lock(cache_->mutex);
      for (auto it = cache_->entries.begin(); it != cache_->entries.end(); ++it)
        if (it->signature == signature && it->arguments == typeid(All) && it->like.type() == typeid(Out)) {
          cache_->entries.splice(cache_->entries.begin(), cache_->entries, it);
          return *it;
        }
    }
    std::vector<Type> types;
    for (const Array& leaf : leaves) types.push_back(leaf.type());
    std::optional<Out> out;
    Traced traced = flat::trace_for_compiler(detail::flattened(f_, all, out), types);
    Entry entry{std::move(signature), traced.graph, traced.captured, std::any(*out), typeid(All)};
    const std::lock_guard lock(cache_->mutex);
    ++cache_->traces;
    // A graph that captured values of a surrounding trace serves this call alone.
    if (!entry.captured.empty()) return entry;
    cache_->entries.push_front(entry);
    if (cache_->entries.size() > kMostGraphs) cache_->entries.pop_back();
    return entry;
  }

  F f_;
  std::shared_ptr<Cache> cache_ = std::make_shared<Cache>();
};

template <class F>
Jit<F> jit(F f) {
  return Jit<F>(std::move(f));
}

}  // namespace runnel
