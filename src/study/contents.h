// What stands in an open study.
#pragma once

#include <vector>

#include "runnel/study.h"
#include "study/sqlite.h"

namespace runnel::study {

Study contents_of(const Database& database);
std::vector<Snapshot> snapshots_of(const Database& database, Snapshot::Kind kind);  // by owner and fold

}  // namespace runnel::study
