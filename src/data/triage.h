// Triage: which part each column plays, and why, in plain words.
#pragma once

#include <string>

#include "data/facts.h"
#include "runnel/data.h"

namespace runnel::data {

// What triage says of one column. The encoding has no features when the role is dropped, target, group or
// time.
struct Verdict {
  Role role = Role::numeric;
  std::string why;
  Encoding encoding;
};

// Fails for a declared numeric column with a value that is no number, and for a kept column without values.
Verdict triage(const Table& table, const Column& column, std::span<const std::size_t> rows,
               const TriageOptions& options);

// Fails when a name in the options is no column of the table, or stands in two lists that contradict.
void check_names(const Table& table, const TriageOptions& options);

// A text column of this many distinct values is names or free text rather than a category.
bool is_free_text(const Facts& facts, std::size_t max_levels);

}  // namespace runnel::data
