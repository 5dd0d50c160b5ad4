// A block whose program can be shared (search/shards.h), trained by all ranks in step.
#pragma once

#include <memory>
#include <vector>

#include "ranks/transport.h"
#include "search/executor.h"

namespace runnel::ranks {

std::unique_ptr<search::Exchange> search_exchange_over(Transport& transport);

// Every rank calls it with the same block and states; `own` has the transport's exchange. The coordinator is
// rank 0's, and null elsewhere. A rank that fails here ends all, for the others wait for what it cannot give.
void train_data_parallel(Transport& transport, search::Executor& own, const search::Programs& programs,
                         const search::BlockManner& manner, std::size_t memory, const search::Block& block,
                         search::Coordinator* coordinator, std::vector<search::LaneState> states);

}  // namespace runnel::ranks
