// From the texts of a column to what they mean.
#pragma once

#include <string>
#include <vector>

#include "data/missing_words.h"
#include "runnel/data.h"

namespace runnel::data {

// The column of these cells read by a format, cell by cell. A cell that is none of the format's type is
// missing, and counted in `unread`. `absent` may be empty.
Column read_as(std::string name, Texts texts, const std::vector<std::uint8_t>& absent,
               const ColumnFormat& format, const MissingWords& missing);

// The different texts that stand in a row and are no missing word.
std::vector<std::string_view> present_texts(const Texts& texts, const std::vector<std::uint8_t>& absent,
                                            const MissingWords& missing);

}  // namespace runnel::data
