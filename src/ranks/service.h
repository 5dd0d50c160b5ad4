// Every rank but 0: trains what it is handed, until the search is over.
#pragma once

#include <cstdint>

#include "ranks/executor.h"
#include "runnel/search.h"

namespace runnel::ranks {

struct Served {
  const search::Trainable& trainable;
  const std::vector<search::Fold>& folds;
  const search::Space& space;
};

// Tells rank 0 what the search is of, and serves it. Returns rank 0's last message of the search: `over`, or
// `goodbye` where its program has ended.
Bytes serve(Transport& transport, int threads, std::int64_t number, const Facts& facts, const Served& search);

}  // namespace runnel::ranks
