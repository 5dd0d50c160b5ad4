// What a search trains, as functions on trees of arrays: where training begins, one step, and what is
// measured. The search turns them into programs in which many candidates train abreast; here nothing is known
// of that.
#pragma once

#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "runnel/array.h"
#include "runnel/error.h"
#include "runnel/params.h"
#include "runnel/tree.h"

namespace runnel::search {

using params::Configuration;
using params::Limits;
using params::Schema;
using params::Space;
using params::Value;

// The hyperparameters of a candidate, as its functions see them. What is traced is a scalar array, which
// differs from lane to lane; all else is the same for the whole program. All of these throw Error(input) for
// a name that is not in the schema, and for a value of another kind, saying what to ask instead.
class Settings {
 public:
  // A number as a scalar, of the data's float dtype: traced, or a constant where it is fixed.
  Array operator[](std::string_view name) const;
  // The same in f64, whatever the data's dtype: what counts steps needs it, for a float has 24 bits.
  Array exact(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;  // these three of what is fixed
  double number(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  // Of any parameter: whether it is off, or takes no part here. Where a traced parameter is off or automatic
  // the program is another one, so that it need not compute what is left away.
  bool is_off(std::string_view name) const;
  bool is_automatic(std::string_view name) const;

  std::int64_t steps_per_epoch() const;
  // Steps that the whole training makes, a scalar of the data's float dtype. A candidate whose functions ask
  // for it shares no trajectory with those that train longer.
  Array steps() const;
  Array exact_steps() const;  // in f64

  // The candidate's key, u32 (2,), which init is given too.
  const Array& key() const;
  // Types of the arrays that are trained on: how many columns there are, say. All rows of a fold.
  const std::vector<Type>& rows() const;
  // What Trainable::given found for these rows.
  const std::vector<Array>& given() const;

  // The candidate, whose traced values no function should look at: they are those of one lane. Whoever asks
  // for it is taken to have asked for all that is fixed.
  const Configuration& configuration() const;

  struct Impl;
  explicit Settings(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }  // src/search/settings.h

 private:
  std::shared_ptr<const Impl> impl_;
};

// A number that is told of the rows of a candidate: the mean of what `rows` says of each, or its root.
struct Measure {
  std::string name;
  Array rows;  // (rows,), or a scalar: the mean of these rows already; float
  bool higher_is_better = false;
  bool root = false;
};
// The first decides which candidate is better, the next where the first is the same.
using Measures = std::vector<Measure>;

inline Measure mean(std::string name, Array rows) { return {std::move(name), std::move(rows)}; }
inline Measure root_mean(std::string name, Array squares) {
  return {std::move(name), std::move(squares), false, true};
}
inline Measure highest(std::string name, Array rows) { return {std::move(name), std::move(rows), true}; }

// A measure without its numbers.
struct MeasureKind {
  std::string name;
  bool higher_is_better = false;
  bool root = false;
  friend bool operator==(const MeasureKind&, const MeasureKind&) = default;
};

// What outputs on all validation rows come to, for measures that are no means over rows, or that want double
// precision. Called from several threads at a time.
class OutputMeasures {
 public:
  virtual ~OutputMeasures() = default;
  // In the order of what `measure` returns; the first decides, the next where the first is the same.
  virtual std::vector<MeasureKind> kinds() const = 0;
  // Of one candidate's outputs on a fold, rows one after another. Unless it is `judged` only the first is
  // asked for after this epoch, and the others may be nan. One that is not finite says that it diverged.
  virtual std::vector<double> measure(std::size_t fold, std::span<const double> outputs,
                                      bool judged) const = 0;
  // The measure number `measure` of all folds.
  virtual double over_folds(std::size_t measure, std::span<const double> by_fold) const;
};

// How the rows come to a step and to a measurement.
struct Manner {
  // A step and a measurement see all rows at once, in their order: rows that are one series, or one system.
  bool whole = false;
  // Each candidate has an order of rows of its own, drawn from its seed; else all see the same.
  bool own_order = false;
  // Rows that are measured at a time; fewer take less memory.
  std::int64_t measured_rows = 512;
};

struct Fold;

// What a search trains, on flat lists of arrays. The functions are pure, and are called while they are
// traced: what they do depends on their arguments, and no array among these has a value yet.
class Trainable {
 public:
  virtual ~Trainable() = default;
  virtual const Schema& schema() const = 0;
  // Throws Error(input) for values that do not go together. Asked of every candidate before it is trained.
  virtual void check(const Configuration&) const {}
  virtual Manner manner() const { return {}; }
  // The state that training begins with, a function of the candidate's key, u32 (2,). What changes from step
  // to step is in it: counts of steps, keys to draw from, averages.
  virtual std::vector<Array> init(const Settings& h, const Array& key) const = 0;
  // The state after a step on a batch, leaves of the same types, and the loss, a float scalar.
  virtual std::pair<std::vector<Array>, Array> step(const Settings& h, const std::vector<Array>& state,
                                                    const std::vector<Array>& batch) const = 0;
  virtual Measures evaluate(const Settings& h, const std::vector<Array>& state,
                            const std::vector<Array>& rows) const = 0;

  // What the functions may know of a fold beside its rows, the same for all rows and lanes, such as quantiles
  // of its training rows; Settings has it. A function of what is fixed.
  virtual std::vector<Array> given(const Configuration&, const Fold&) const { return {}; }
  // What of a lane's state was learnt: it is looked at for numbers that are not finite, kept with patience,
  // and is what the search returns. Called with leaves that have values.
  virtual std::vector<Array> learnt(const Settings&, const std::vector<Array>& state) const { return state; }
  // A step in two halves, for processes that share one: the rows of a step are cut into so many parts (0:
  // they are not), whose gradients are added as a tree, and the state steps along their sum, to the bits of
  // `step`. Whoever cuts them has the other two functions as well: as they are here they throw Error(input).
  virtual std::int64_t shards(const Settings&, std::int64_t) const { return 0; }
  // Of a batch the gradients, as leaves, of the largest nodes of that tree that hold none but the parts first
  // … last - 1 (src/search/shards.h).
  virtual std::vector<std::vector<Array>> shard_gradients(const Settings& h, const std::vector<Array>& state,
                                                          const std::vector<Array>& batch, std::int64_t first,
                                                          std::int64_t last) const;
  virtual std::vector<Array> step_along(const Settings& h, const std::vector<Array>& state,
                                        const std::vector<Array>& gradient) const;

  // Where it has some, evaluate returns one Measure whose rows are outputs, (rows, …): they are measured so.
  virtual const OutputMeasures* output_measures() const { return nullptr; }
};

// ---- rows ----------------------------------------------------------------------------------------------

// Rows to train on and rows to measure on, flat: every leaf has as many rows as the others of its list, along
// its first axis, and any rank and dtype beside it.
struct Fold {
  std::vector<Array> train, validation;
};

struct Split {
  double validation = 0.2;  // share of the rows
  std::int64_t folds = 0;   // above 1: so many folds instead, each row in the validation of one
  std::uint64_t seed = 0;
};
// Folds of rows that are drawn, a function of the seed. Throws Error(input) for leaves whose first axes
// differ, and for fewer rows than that takes.
std::vector<Fold> split_rows(const std::vector<Array>& rows, const Split& split);

// The same as trees of a user's own.
template <class Tree>
struct Data {
  struct Fold {
    Tree train, validation;
  };
  std::vector<Fold> folds;
};

template <class Tree>
Data<Tree> split(const Tree& rows, const Split& how = {}) {
  Data<Tree> out;
  for (const Fold& fold : split_rows(tree::flatten(rows), how))
    out.folds.push_back({tree::unflatten(rows, fold.train), tree::unflatten(rows, fold.validation)});
  return out;
}

// Trains and measures on the same rows: for fits of a model to measurements, where nothing is held back.
template <class Tree>
Data<Tree> all_rows(const Tree& rows) {
  return {{{rows, rows}}};
}

// ---- functions on trees of a user's own ----------------------------------------------------------------

// init(h, key) -> State; step(h, state, batch) -> pair(State, loss); evaluate(h, state, rows) -> Measures.
template <class Init, class Step, class Evaluate>
struct Functions {
  Schema schema;
  Init init;
  Step step;
  Evaluate evaluate;
  Manner manner = {};

  using State = std::remove_cvref_t<std::invoke_result_t<const Init&, const Settings&, const Array&>>;
};

template <class Init, class Step, class Evaluate>
Functions<Init, Step, Evaluate> trainable(Schema schema, Init init, Step step, Evaluate evaluate,
                                          Manner manner = {}) {
  return {std::move(schema), std::move(init), std::move(step), std::move(evaluate), manner};
}

// ---- a step in two halves ------------------------------------------------------------------------------

// What may be done with the gradient of a batch, by the names of parameters of the schema that say how; none:
// it is not done. A parameter that is off or takes no part leaves it out.
struct GradientParts {
  std::string clip = {};  // traced: each example's gradient is clipped to this norm before the mean is taken
  std::string accumulate =
      {};                   // fixed: so many equal parts of the batch one after another, in the memory of one
  std::string shards = {};  // fixed: so many parts whose gradients are added as a tree, for several processes
};

namespace typed {

// The loss, and the leaves of the gradient, of a batch's leaves.
using GradientFn = std::function<std::vector<Array>(const std::vector<Array>& batch)>;
std::vector<Array> gradient_in_parts(const Settings& h, const GradientParts& parts,
                                     const GradientFn& gradient, const std::vector<Array>& batch);
// As Trainable's, of losses and gradients.
std::int64_t shards_of(const Settings& h, const GradientParts& parts, std::int64_t rows);
std::vector<std::vector<Array>> gradients_of_shards(const Settings& h, const GradientParts& parts,
                                                    const GradientFn& gradient,
                                                    const std::vector<Array>& batch, std::int64_t first,
                                                    std::int64_t last);

template <class Gradient, class Update>
struct ByGradient {
  Gradient gradient;
  Update update;
  GradientParts parts;

  template <class State, class Batch>
  requires std::is_invocable_v<const Gradient&, const Settings&, const State&, const Batch&>
      std::pair<State, Array>
  operator()(const Settings& h, const State& state, const Batch& batch) const {
    std::optional<Slope<State, Batch>> like;
    const std::vector<Array> all =
        gradient_in_parts(h, parts, flat(h, state, batch, like), tree::flatten(batch));
    std::size_t offset = 1;
    const auto slope = tree::unflatten(*like, all, offset);
    return {update(h, state, slope), all[0]};
  }

  template <class State, class Batch>
  using Slope = typename std::invoke_result_t<const Gradient&, const Settings&, const State&,
                                              const Batch&>::second_type;

  // The gradient on leaves; `like` is given its structure once it has been called.
  template <class State, class Batch>
  GradientFn flat(const Settings& h, const State& state, const Batch& batch,
                  std::optional<Slope<State, Batch>>& like) const {
    return [&, this](const std::vector<Array>& rows) {
      const auto [loss, slope] = gradient(h, state, tree::unflatten(batch, rows));
      like.emplace(slope);
      std::vector<Array> out{loss};
      for (const Array& leaf : tree::flatten(slope)) out.push_back(leaf);
      return out;
    };
  }
};

template <class T>
struct is_by_gradient : std::false_type {};
template <class Gradient, class Update>
struct is_by_gradient<ByGradient<Gradient, Update>> : std::true_type {};

}  // namespace typed

// A step made of gradient(h, state, batch) -> pair(mean loss of the rows, its gradient), as value_and_grad
// returns it, and update(h, state, gradient) -> State.
template <class Gradient, class Update>
typed::ByGradient<Gradient, Update> by_gradient(Gradient gradient, Update update, GradientParts parts = {}) {
  return {std::move(gradient), std::move(update), std::move(parts)};
}

namespace typed {

// The structure of a state may depend on what is fixed: one is known for each choice of it.
std::string structure_key(const Settings& h);

template <class Init, class Step, class Evaluate, class Batch>
class Flat : public Trainable {
 public:
  using F = Functions<Init, Step, Evaluate>;
  using State = typename F::State;
  static_assert(std::is_invocable_v<const Step&, const Settings&, const State&, const Batch&>,
                "a step takes (h, state, batch), of the types that init returns and the data has");
  static_assert(std::is_invocable_r_v<Measures, const Evaluate&, const Settings&, const State&, const Batch&>,
                "evaluate takes (h, state, rows) and returns Measures");

  Flat(F functions, Batch rows) : f_(std::move(functions)), rows_(structure_of(rows)) {}

  const Schema& schema() const override { return f_.schema; }
  Manner manner() const override { return f_.manner; }

  std::vector<Array> init(const Settings& h, const Array& key) const override {
    const State state = f_.init(h, key);
    const std::lock_guard lock(mutex_);
    structures_.insert_or_assign(structure_key(h), structure_of(state));
    return tree::flatten(state);
  }

  std::pair<std::vector<Array>, Array> step(const Settings& h, const std::vector<Array>& state,
                                            const std::vector<Array>& batch) const override {
    const auto out = f_.step(h, unflatten(h, state), tree::unflatten(rows_, batch));
    return {tree::flatten(out.first), out.second};
  }

  Measures evaluate(const Settings& h, const std::vector<Array>& state,
                    const std::vector<Array>& rows) const override {
    return f_.evaluate(h, unflatten(h, state), tree::unflatten(rows_, rows));
  }

  std::int64_t shards(const Settings& h, std::int64_t rows) const override {
    if constexpr (is_by_gradient<Step>::value) {
      const std::string& accumulate = f_.step.parts.accumulate;
      if (accumulate.empty() || h.is_off(accumulate)) return shards_of(h, f_.step.parts, rows);
    }
    return 0;
  }

  std::vector<std::vector<Array>> shard_gradients(const Settings& h, const std::vector<Array>& state,
                                                  const std::vector<Array>& batch, std::int64_t first,
                                                  std::int64_t last) const override {
    if constexpr (is_by_gradient<Step>::value) {
      const State own = unflatten(h, state);
      const Batch rows = tree::unflatten(rows_, batch);
      std::optional<typename Step::template Slope<State, Batch>> like;
      auto out = gradients_of_shards(h, f_.step.parts, f_.step.flat(h, own, rows, like), batch, first, last);
      for (std::vector<Array>& node : out) node.erase(node.begin());  // the loss
      const std::lock_guard lock(mutex_);
      slopes_.insert_or_assign(structure_key(h), std::any(structure_of(*like)));
      return out;
    } else {
      return Trainable::shard_gradients(h, state, batch, first, last);
    }
  }

  std::vector<Array> step_along(const Settings& h, const std::vector<Array>& state,
                                const std::vector<Array>& gradient) const override {
    if constexpr (is_by_gradient<Step>::value) {
      using Slope = typename Step::template Slope<State, Batch>;
      std::optional<Slope> slope;
      {
        const std::lock_guard lock(mutex_);
        slope = tree::unflatten(std::any_cast<const Slope&>(slopes_.at(structure_key(h))), gradient);
      }
      return tree::flatten(f_.step.update(h, unflatten(h, state), *slope));
    } else {
      return Trainable::step_along(h, state, gradient);
    }
  }

  // A state of a user's own again. Its structure is known once init has been traced.
  State unflatten(const Settings& h, const std::vector<Array>& leaves) const {
    const std::lock_guard lock(mutex_);
    return tree::unflatten(structures_.at(structure_key(h)), leaves);
  }

 private:
  // Without the arrays, which would hold memory.
  template <class Tree>
  static Tree structure_of(const Tree& tree) {
    return tree::map([](const Array&) { return Array(); }, tree);
  }

  const F f_;
  const Batch rows_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, State> structures_;
  mutable std::map<std::string, std::any> slopes_;  // structures of gradients
};

}  // namespace typed

}  // namespace runnel::search
