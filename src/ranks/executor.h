// Rank 0's executor: hands blocks to ranks that are free (itself among them) and gathers what they bring.
// What a block comes to does not depend on who trains it, so the bits of a search are those of one process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ranks/transport.h"
#include "runnel/study.h"
#include "search/executor.h"

namespace runnel::ranks {

// What a search is of, by name.
using Facts = std::vector<std::pair<std::string, study::Fingerprint>>;

class RanksExecutor : public search::Executor {
 public:
  // `threads` are those of this process. The transport outlives it.
  RanksExecutor(Transport& transport, int threads);

  // Waits until every rank has come to search `number` of its program. Throws Error(input) naming one to
  // which it is of something else, and what differs; and what a rank failed with.
  void agree(std::int64_t number, const Facts& facts);

  int threads() const override;
  void train(const search::Programs& programs, const search::BlockManner& manner, std::size_t memory,
             std::span<const search::Block> blocks, search::Coordinator& coordinator) override;

 private:
  Transport& transport_;
  std::vector<int> threads_;        // of each rank
  std::vector<std::string> names_;  // "rank 2 (node7)"
  const std::unique_ptr<search::Exchange> exchange_;
  const std::unique_ptr<search::Executor> own_;
};

}  // namespace runnel::ranks
