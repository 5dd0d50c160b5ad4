// Which options of reading mean something for which kind of file.
#pragma once

#include "cli/options.h"

namespace runnel::cli {

// Fails for an option of reading that was given and says nothing of a table of this format.
void refuse_idle_reading(const ReadArguments& read, const Table& table);
// The same for a file that is no table at all, such as a model.
void refuse_reading(const ReadArguments& read, const std::string& file, const std::string& what);

}  // namespace runnel::cli
