// Columns that give the target away: a score with them is one that no new row will see again.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runnel/array.h"
#include "runnel/data.h"

namespace runnel {

// A sentence for each column in use that determines the target, as `summarize` finds it in the table, or that
// alone tells the classes of all training rows apart: as a number by thresholds, as a category by its levels,
// or by whether its value is missing. Of the latter only what chance hardly brings about; nothing is said of
// blocks. `x` (rows, features) and `y` are the training rows as the preprocessor gives them.
std::vector<std::string> giveaway_warnings(const Table& table, const Target& target,
                                           const Preprocessor& preprocessor, const Array& x,
                                           const std::vector<double>& y);

// Whether each class has a stretch of these values to itself, and there are at least two classes: thresholds
// tell them apart.
bool apart_by_thresholds(std::span<const double> values, std::span<const std::size_t> classes);

// How likely values in random order are to do so, given how many rows each class has: k! n₁! … n_k! / n!.
double chance_of_thresholds(std::span<const std::size_t> classes);

// Whether every level goes with one class, of which there are at least two, and has two rows on average.
bool apart_by_levels(std::span<const std::size_t> levels, std::span<const std::size_t> classes);

// How likely levels of these sizes are to do so where classes are drawn by their shares: the product over
// levels of the sum over classes of share^rows.
double chance_of_levels(std::span<const std::size_t> levels, std::span<const std::size_t> classes);

}  // namespace runnel
