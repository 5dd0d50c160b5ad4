// Data-parallel training: the steps of a block by several processes, each of which computes the gradients of
// some parts of every batch. All of them hold the whole state and make the same step.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "runnel/train.h"
#include "sweep/block.h"

namespace runnel::sweep {

class Together {
 public:
  // `batch` rows make a step.
  Together(const train::Recipe& recipe, Exchange& exchange, std::int64_t batch);

  // The steps of an epoch: x (steps, batch, features), y (steps, batch), rows (steps, batch), weights of
  // `further` (steps, batch); states and rates with the lanes last. The bits are those of
  // train::steps_in_order.
  train::State epoch(train::State state, const train::Rates& rates, const Array& x, const Array& y,
                     const Array& rows, const train::Further& further);

 private:
  nn::Network sum_of_all(const std::vector<nn::Network>& mine, const nn::Network& like);

  using Gradients =
      std::function<std::vector<nn::Network>(const train::State&, const train::Rates&, const Array&,
                                             const Array&, const Array&, const train::Further&)>;
  Exchange& exchange_;
  std::int64_t shards_;
  Gradients gradients_;  // of this process's parts
  std::function<train::State(const train::State&, const train::Rates&, const nn::Network&)> step_;
};

}  // namespace runnel::sweep
