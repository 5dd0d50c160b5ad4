// Which hyperparameters of a candidate take part, as the conditions of the searched space have it.
#pragma once

#include <string>
#include <vector>

#include "runnel/study.h"

namespace runnel::study {

// Marks the values that a condition leaves out. `configuration` is the study's own (to_json of its space in
// "space"); where it has none, or one of another version, every value takes part.
void mark_active(const std::string& configuration, std::vector<Candidate>& candidates);

}  // namespace runnel::study
