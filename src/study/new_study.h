// The file of a study that is begun.
#pragma once

#include <string>
#include <vector>

#include "runnel/study.h"
#include "study/sqlite.h"

namespace runnel::study {

// Whole or not there: made under another name and brought to the disk once, before it gets its own.
// Afterwards the file keeps a log (WAL), so that readers and the writer do not wait for each other.
void make_file(const std::string& path, const Description& description,
               const std::vector<std::string>& candidates);

// Behind those that are there.
void write_candidates(const Database& database, const std::vector<std::string>& candidates);

}  // namespace runnel::study
