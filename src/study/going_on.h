// What a study must be to be gone on with.
#pragma once

#include <string>

#include "runnel/study.h"
#include "study/sqlite.h"

namespace runnel::study {

// Throws Error(input) for a damaged file.
void check_whole(const Database& database);
// Throws Error(input), naming what differs, unless data, split, space and settings are those that it was
// begun with.
void check_same(const std::string& path, const Description& before, const Description& now);
// A warning where another version goes on with it; empty else.
std::string other_version(const Description& before, const Description& now);

}  // namespace runnel::study
