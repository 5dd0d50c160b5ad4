// From the texts of a column to what they mean.
#pragma once

#include <string>
#include <vector>

#include "data/missing_words.h"
#include "data/readers.h"
#include "runnel/data.h"

namespace runnel::data {

// What a cell comes to.
struct Meaning {
  double value, local;   // NaN where it has none; of dates the second is on the clock of the cell's own place
  bool missing = false;  // a missing word
  bool unread = false;   // none of the format's type
};
Meaning meaning_of(std::string_view text, const ColumnFormat& format, const MissingWords& missing);

// The column of these cells read by a format, cell by cell. A cell that is none of the format's type is
// missing, and counted in `unread`.
Column read_as(RawColumn column, const ColumnFormat& format, const MissingWords& missing);

// The different texts that stand in a row and are no missing word.
struct PresentTexts {
  std::vector<std::string_view> all;
  std::vector<std::string_view> written;  // in rows that are not plain: whose way of writing is to be found
};
PresentTexts present_texts(const RawColumn& column, const MissingWords& missing);

}  // namespace runnel::data
