// What the blocks of one fixed choice run: a trainable's functions as compiled programs of many lanes, and
// what they cost, read off their graphs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runnel/cost.h"
#include "runnel/graph.h"
#include "runnel/search.h"
#include "search/shards.h"

namespace runnel::search {

// What lanes of a program differ in: arrays whose last axis is the lanes'.
struct LaneRates {
  std::vector<Array> traced;  // a scalar of each traced parameter, in the order of the schema
  Array steps;                // of the whole training
  Array key;                  // u32
};

class Program {
 public:
  // Traces the functions once. Throws Error(input) for what no search can train: a step that changes the
  // state's types, a loss that is no scalar, measures that do not go with rows. `trainable` outlives it.
  Program(const Trainable& trainable, const Configuration& example, const std::vector<Type>& rows,
          std::int64_t batch, std::int64_t steps);
  ~Program();

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

  // Of all lanes abreast.
  std::vector<Array> start(const LaneRates& rates) const;
  // An epoch on batches that lie in order, leaves (steps, batch, …).
  std::vector<Array> epoch(const std::vector<Array>& state, const LaneRates& rates,
                           const std::vector<Array>& batches) const;
  // An epoch on rows that each lane takes in an order of its own, i32 (steps, batch, lanes).
  std::vector<Array> epoch_in_order(const std::vector<Array>& state, const LaneRates& rates,
                                    const std::vector<Array>& rows, const Array& order) const;
  // Parts of a batch whose gradients several processes can compute together; 0: one process makes its steps.
  std::int64_t shards() const { return shards_; }
  // As `epoch`, to the last bit, by several processes, all of which call it. Not of rows in lanes' own
  // orders.
  std::vector<Array> epoch_together(std::vector<Array> state, const LaneRates& rates,
                                    const std::vector<Array>& batches, Exchange& exchange) const;
  // Of each measure what the rows say, (rows, lanes), or their mean, (lanes,).
  std::vector<Array> measure(const std::vector<Array>& state, const LaneRates& rates,
                             const std::vector<Array>& rows) const;

 private:
  struct Compiled;
  void check(const Trainable& trainable, const std::vector<Type>& rows);

  const Configuration example_;
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
  std::vector<Type> gradient_;  // with shards: the loss and the gradient, of one lane
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace runnel::search
