// The metric on one fold, and what the folds come to together.
#pragma once

#include <span>

#include "runnel/models.h"

namespace runnel::models {

// Of a fold's validation rows, in the unit of its targets. Outputs and targets are as networks see them.
double measured(const Problem& problem, double unit, std::span<const double> outputs,
                std::span<const double> y);

// Of all folds: the mean of `values`, one of each fold. Where folds are measured together (Problem::spread),
// what the rows of all folds would give at once.
double over_folds(const Problem& problem, std::span<const double> values);

}  // namespace runnel::models
