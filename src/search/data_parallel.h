// Data-parallel training: the steps of a block by several processes, each of which computes the gradients of
// some parts of every batch. All of them hold the whole state and make the same step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "search/program.h"

namespace runnel::search {

// Processes that find the gradients of a batch together, all in step with each other.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual std::int64_t parties() const = 0;
  virtual std::int64_t place() const = 0;  // of this one among them
  // What every party gives, in their order.
  virtual std::vector<std::vector<std::byte>> all_gather(const std::vector<std::byte>& mine) = 0;
};

class DataParallel {
 public:
  // Both outlive it. The program has shards.
  DataParallel(const Program& program, Exchange& exchange);

  // An epoch on batches that lie in order, as Program::epoch and with its bits.
  std::vector<Array> epoch(std::vector<Array> state, const LaneRates& rates, const std::vector<Array>& given,
                           const std::vector<Array>& batches) const;

 private:
  std::vector<Array> sum_of_all(const std::vector<std::vector<Array>>& mine, std::int64_t lanes) const;

  const Program& program_;
  Exchange& exchange_;
  const std::int64_t first_, last_;  // the parts that are this process's
  const Program::Halves halves_;
};

}  // namespace runnel::search
