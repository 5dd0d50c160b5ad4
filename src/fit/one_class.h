// Parts of a split that hold rows of one class only.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel {

// What a fit of classes trains, chooses and tests with. Class numbers by row of the table are `y`; those of
// the test rows, which may be of a table of their own, are `y_test`.
struct ClassParts {
  const Target& target;
  const std::vector<double>& y;
  const std::vector<std::size_t>& training;    // of the final model
  const std::vector<std::size_t>& validation;  // that choose; empty where folds do
  std::span<const Fold> folds;
  const std::vector<double>& y_test;
  bool separate_test;  // the test rows are of a table of their own
  const SplitOptions& options;
  bool together = false;  // the folds have a row or two and are measured together
};

// A sentence for each part of one class, with what can be done. Fails where the training rows are of one
// class: there is nothing to learn from them. Nothing for targets without classes.
std::vector<std::string> one_class_warnings(const ClassParts& parts);

}  // namespace runnel
