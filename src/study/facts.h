// What a search is of, for those who must have the same one: a study that is gone on with, or another
// process.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runnel/study.h"
#include "search/archive.h"

namespace runnel::study {

// By name: schema, data, space. Not what its functions do: that is seen of each program (graph/digest.h).
std::vector<std::pair<std::string, Fingerprint>> facts_of(const search::Beginning& beginning);

}  // namespace runnel::study
