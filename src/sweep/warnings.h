// What a search tells of how it was set up: rows left out, repeats, schedulers without work.
#pragma once

#include <string>
#include <vector>

#include "runnel/sweep.h"
#include "search/schedule.h"

namespace runnel::sweep {

using search::Bracket;

// Batches larger than the training rows, and those that leave more than a tenth of the rows out.
std::vector<std::string> batch_warnings(const std::vector<Hyper>& candidates, std::int64_t rows);

// Candidates that repeat others, which a space of few points draws.
std::vector<std::string> repeat_warnings(const std::vector<Hyper>& candidates);

// A scheduler that retires nobody, since every candidate ends before it looks.
std::vector<std::string> scheduler_warnings(const Scheduling& scheduling,
                                            const std::vector<Bracket>& brackets,
                                            const std::vector<Hyper>& candidates);

}  // namespace runnel::sweep
