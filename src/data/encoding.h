// The encodings of text files: everything behind this is UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::data {

// One byte of Windows-1252 as UTF-8. The five that it leaves undefined are the C1 controls of Latin-1.
std::string from_windows1252(unsigned char byte);

struct Decoded {
  std::string text;                // without a byte order mark
  bool utf8 = true;                // false: no encoding is known of the whole, and decode_cells is to follow
  std::vector<std::string> notes;  // what was decided
};

// The text of a file. A byte order mark says what it is (UTF-8, UTF-16 or UTF-32), then `encoding` if it is
// not empty (a name that iconv knows), then the zero bytes of UTF-16. Bytes that are UTF-8 are moved, not
// copied. Fails for an unknown name, and with the line where bytes are not what the encoding allows.
Decoded decode(std::string bytes, const std::string& encoding, const std::string& label);

// Cells that were not UTF-8.
struct OtherCells {
  std::size_t count = 0, first_line = 0;

  std::string note() const;  // that they were read as Windows-1252
};

// A text of no known encoding, cell by cell: one that is UTF-8 stays, and every other is read as
// Windows-1252. A cell reaches from one of `separators`, a quote or the end of a line to the next, in quotes
// and out of them, so that a byte changes nothing beyond its own cell whatever else the file holds.
OtherCells decode_cells(std::string& text, std::string_view separators);

}  // namespace runnel::data
