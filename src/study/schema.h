// The tables of a study file.
#pragma once

#include <memory>
#include <string>

#include "runnel/study.h"
#include "study/sqlite.h"

namespace runnel::study {

// Kept in the file's header. A change of the tables that an older Runnel would misread makes the version one
// more.
inline constexpr std::int64_t kFormat = 2;

void create_tables(const Database& database);

// Opens a study. Fails for a file that is not there, that is no study, or whose format is newer.
std::unique_ptr<Database> open_study(const std::string& path, Database::Access access);

// A blob's digest is kept beside it: SQLite notices a damaged page's form, not a changed byte within a blob.
std::string_view kind_name(Snapshot::Kind kind);
std::string digest_of(const Snapshot& snapshot);

}  // namespace runnel::study
