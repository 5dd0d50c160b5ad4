// What stands where a model is to go.
#pragma once

#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel::cli {

// What is worth telling before a file takes the place of `path`: that a model of another target or of other
// columns stands there. Fails where another file than a model stands there, unless the user named the path.
std::vector<std::string> notes_of_replaced_model(const std::string& path, bool named, const Table& table,
                                                 const std::string& target);

}  // namespace runnel::cli
