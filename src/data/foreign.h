// Files that are no table, or a table that is not read: each is told what it is and what to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace runnel::data {

// Fails for a known format that is not read, told by its first bytes.
void refuse_foreign(const std::string& label, std::string_view bytes);

// The same for a ZIP archive that is no NPZ, told by the names of its members; `mimetype` is what its member
// of that name holds (OpenDocument), or empty.
void refuse_foreign_zip(const std::string& label, const std::vector<std::string>& members,
                        std::string_view mimetype);

// The same for texts: web pages, XML, and what is none: it has zero bytes, or many control characters.
void refuse_foreign_text(const std::string& label, std::string_view text);

// Of these alone the zero bytes, wherever in the file they stand.
void refuse_zero_bytes(const std::string& label, std::string_view text);

}  // namespace runnel::data
