// How a model reads the columns of later tables.
#pragma once

#include "runnel/data.h"

namespace runnel {

// That of the table it was trained on; but what is a category or a class to the model is read as text, so
// that a cell that is no number is unseen rather than missing.
Reading kept_reading(const Table& table, const Preprocessor& preprocessor, const Target& target);

}  // namespace runnel
