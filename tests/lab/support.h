// Experiments as test parameters: all that can be run, by name.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lab/lab.h"

namespace runnel::lab {

inline std::vector<std::string> runnable() {
  std::vector<std::string> names;
  for (const Experiment& experiment : experiments())
    if (experiment.run != nullptr) names.push_back(experiment.name);
  return names;
}

// GoogleTest's names have no dashes.
inline std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

// What failed, for a message.
inline std::string failures(const Result& result) {
  std::string out = result.failure.value_or("");
  for (const Part& part : result.parts)
    for (const Check& check : part.checks)
      if (!check.passed())
        out += part.title + ": " + check.what + ": measured " + std::to_string(check.measured) +
               ", expected " + std::to_string(check.expected) + " (" + std::string(kind_name(check.kind)) +
               ")\n";
  return out;
}

}  // namespace runnel::lab
