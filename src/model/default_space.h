// What `fit` searches when it is not told.
#pragma once

#include <vector>

#include "runnel/sweep.h"

namespace runnel {

// Choices for a table of `rows` training rows and `features` columns; fields named in `fixed` stay as they
// are.
std::vector<sweep::Choice> default_space(std::size_t rows, std::size_t features,
                                         const std::vector<std::string>& fixed);

}  // namespace runnel
