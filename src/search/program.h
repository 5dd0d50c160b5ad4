// What the blocks of one fixed choice run: a trainable's functions as compiled programs of many lanes, and
// what they cost, read off their graphs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runnel/cost.h"
#include "runnel/graph.h"
#include "runnel/search.h"

namespace runnel::search {

// What lanes of a program differ in: arrays whose last axis is the lanes'.
struct LaneRates {
  std::vector<Array> traced;  // f64, a scalar of each traced parameter, in the order of the schema
  Array steps;                // f64, of the whole training
  Array key;                  // u32
};

class Program {
 public:
  // Traces the functions once. Throws Error(input) for what no search can train: a step that changes the
  // state's types, a loss that is no scalar, measures that do not go with rows. `trainable` outlives it.
  // `given` are the types of what it gives.
  Program(const Trainable& trainable, const Configuration& example, const std::vector<Type>& rows,
          const std::vector<Type>& given, std::int64_t batch, std::int64_t steps);
  ~Program();

  // Lets go of what was compiled, with the memory it runs in, until it is asked for again. Not while it runs.
  void drop_compiled() const;

  // Of which the functions were traced.
  const Configuration& example() const { return example_; }
  // Traces where training begins for another candidate, so that the trainable knows its state's structure.
  void trace_start(const Configuration& configuration) const;

  std::int64_t batch() const { return batch_; }
  std::int64_t steps() const { return steps_; }  // of an epoch
  DType dtype() const { return dtype_; }

  std::vector<Type> state_types() const { return state_; }
  const std::vector<MeasureKind>& measures() const { return measures_; }
  bool asks_for_steps() const { return asks_for_steps_; }
  const std::vector<bool>& asked() const { return asked_; }  // by place in the schema

  // The functions of one lane, as they were traced: init, step and evaluate.
  struct Graphs {
    GraphPtr init, step, evaluate;
  };
  const Graphs& graphs() const { return graphs_; }

  // Of one lane: a step, the measures of one row, the bytes that a state takes.
  const Cost& step_cost() const { return step_cost_; }
  const Cost& row_cost() const { return row_cost_; }
  std::size_t state_bytes() const { return state_bytes_; }

  // Of all lanes abreast; `given` is the same for all of them.
  std::vector<Array> start(const LaneRates& rates, const std::vector<Array>& given) const;
  // An epoch on batches that lie in order, leaves (steps, batch, …).
  std::vector<Array> epoch(const std::vector<Array>& state, const LaneRates& rates,
                           const std::vector<Array>& given, const std::vector<Array>& batches) const;
  // An epoch on rows that each lane takes in an order of its own, i32 (steps, batch, lanes).
  std::vector<Array> epoch_in_order(const std::vector<Array>& state, const LaneRates& rates,
                                    const std::vector<Array>& given, const std::vector<Array>& rows,
                                    const Array& order) const;
  // Of each measure what the rows say, (rows, lanes), or their mean, (lanes,); or outputs, (rows, …, lanes).
  std::vector<Array> measure(const std::vector<Array>& state, const LaneRates& rates,
                             const std::vector<Array>& given, const std::vector<Array>& rows) const;

  // Parts of a batch that processes may share out (Trainable::shards), and the gradient of one lane.
  std::int64_t shards() const { return shards_; }
  const std::vector<Type>& gradient_types() const { return gradient_; }
  // The halves of a step, of all lanes abreast: gradients of the nodes of the parts first … last - 1, and a
  // step along their sum.
  struct Halves {
    using Leaves = std::vector<Array>;
    std::function<std::vector<Leaves>(const Leaves& state, const LaneRates& rates, const Leaves& given,
                                      const Leaves& batch)>
        gradients;
    std::function<Leaves(const Leaves& state, const LaneRates& rates, const Leaves& given,
                         const Leaves& gradient)>
        step;
  };
  Halves halves(std::int64_t first, std::int64_t last) const;

 private:
  struct Compiled;
  void check(const Trainable& trainable, const std::vector<Type>& rows, const std::vector<Type>& given);
  void check_measures(const OutputMeasures* of_outputs, const std::vector<Type>& said, std::int64_t rows);

  const Configuration example_;
  const std::vector<Type> given_;
  std::int64_t batch_, steps_;
  DType dtype_ = DType::f32;
  std::vector<Type> state_;
  std::vector<MeasureKind> measures_;
  bool asks_for_steps_ = false;
  std::vector<bool> asked_;
  Graphs graphs_;
  Cost step_cost_, row_cost_;
  std::size_t state_bytes_ = 0;
  std::int64_t shards_ = 0;
  std::vector<Type> gradient_;
  mutable std::unique_ptr<const Compiled> compiled_;
};

}  // namespace runnel::search
