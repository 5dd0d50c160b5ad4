// What training rows weigh.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runnel/array.h"
#include "runnel/fit.h"

namespace runnel {

// Fails for a target without classes, and for classes that it does not have.
void expect_classes(const ClassWeights& weights, const Target& target);

struct Weighing {
  const Table& table;
  const Target& target;
  const TargetValues& y;
  const std::string& column;  // empty: none
  const ClassWeights& classes;
};
// (rows,), of mean 1; none where nothing is weighed. Balanced classes are counted among these rows.
std::optional<Array> training_weights(const Weighing& w, std::span<const std::size_t> rows, DType dtype);

}  // namespace runnel
