// Classes that a model never answers with.
#pragma once

#include <string>
#include <vector>

namespace runnel {

// What is worth a sentence about a model's answers to rows, given its logits (row-major; one a row for two
// classes), the classes of the rows and of those that trained it, by number, and the names of the classes.
struct Answers {
  bool one_for_all = false;           // though the rows are of more than one class
  std::vector<std::string> warnings;  // with what can be done, if the classes are not weighed yet
};
Answers answers_of(const std::vector<double>& logits, const std::vector<double>& y,
                   const std::vector<double>& y_training, const std::vector<std::string>& classes,
                   const std::string& rows, bool weighed);

}  // namespace runnel
