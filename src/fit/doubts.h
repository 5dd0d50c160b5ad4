// What speaks against trusting the choice and the score of a fit.
#pragma once

#include <string>
#include <vector>

#include "runnel/fit.h"
#include "runnel/models.h"

namespace runnel {

// Of how many of the best candidates of one validation split the networks are looked at.
inline constexpr std::int64_t kDoubted = 8;

// Trains the winner under `seeds` further seeds, and weighs what choosing is worth. Of a search of one fold
// the networks of the kDoubted best candidates are used, where they are kept. Nothing of this where the
// search had one candidate or was stopped; less where it is stopped now.
Doubts doubts_of(const models::Problem& problem, const models::Result& search, std::int64_t seeds,
                 const search::Options& options);

// The rows of `x` and `y` (test) that are rows of `x_training` and `y_training`, target and all. None where
// training rows themselves often repeat, as rows of few categories do.
std::size_t copied_rows(const Array& x, const std::vector<double>& y, const Array& x_training,
                        const std::vector<double>& y_training);

// The doubts that are worth a sentence.
std::vector<std::string> choice_warnings(const Doubts& doubts, const models::Result& search,
                                         models::Metric metric, std::size_t folds, std::size_t rows);
std::vector<std::string> copy_warnings(const Doubts& doubts, std::size_t rows);

}  // namespace runnel
