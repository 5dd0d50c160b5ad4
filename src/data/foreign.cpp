#include "data/foreign.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "core/fail.h"
#include "core/text.h"
#include "data/utf8.h"

namespace runnel::data {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::size_t at;
  std::string_view what;  // behind "FILE: "
};

constexpr Magic magics[] = {
    // packed
    {"1AY&SY"sv, 4, "packed with bzip2; unpack it first (bunzip2)"},
    {"\xFD\x37zXZ\0"sv, 0, "packed with xz; unpack it first (unxz)"},
    {"\x28\xB5\x2F\xFD"sv, 0, "packed with Zstandard; unpack it first (unzstd)"},
    {"\x04\x22\x4D\x18"sv, 0, "packed with LZ4; unpack it first (unlz4)"},
    {"7z\xBC\xAF\x27\x1C"sv, 0, "a 7-Zip archive; unpack it first and give the table in it"},
    {"Rar!\x1A\x07"sv, 0, "a RAR archive; unpack it first and give the table in it"},
    {"ustar"sv, 257, "a tar archive; unpack it first (tar -xf) and give the table in it"},
    // tables and arrays of other programs
    {"ARROW1\0\0"sv, 0, "an Arrow file (Feather); save it as CSV"},
    {"Obj\x01"sv, 0, "an Avro file; save it as CSV"},
    {"\x89HDF\r\n\x1A\n"sv, 0, "an HDF5 file; save the array as NPY or NPZ"},
    {"CDF\x01"sv, 0, "a NetCDF file; save the array as NPY or NPZ"},
    {"CDF\x02"sv, 0, "a NetCDF file; save the array as NPY or NPZ"},
    {"MATLAB 5.0 MAT-file"sv, 0, "a MATLAB file; save the table with writetable as CSV"},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, 0, "an Office document (xls, doc); save the sheet as CSV"},
    {"$FL2@(#)"sv, 0, "an SPSS file; save it as CSV"},
    {"$FL3@(#)"sv, 0, "an SPSS file; save it as CSV"},
    {"<stata_dta>"sv, 0, "a Stata file; save it as CSV"},
    {"HEADER RECORD*******LIBRARY"sv, 0, "a SAS transport file; save it as CSV"},
    {"RDX2\nX\n"sv, 0, "an RData file; save the table in R with write.csv"},
    {"RDX3\nX\n"sv, 0, "an RData file; save the table in R with write.csv"},
    {"RDA2\nA\n"sv, 0, "an RData file; save the table in R with write.csv"},
    {"RDA3\nA\n"sv, 0, "an RData file; save the table in R with write.csv"},
    {"X\n\0\0\0"sv, 0, "an RDS file of R; save the table in R with write.csv"},
    // documents, pictures, programs
    {"%PDF-"sv, 0, "a PDF document, not a table; copy the table out of it into a CSV file"},
    {"{\\rtf"sv, 0, "an RTF document, not a table; save its table as CSV"},
    {"\x89PNG\r\n\x1A\n"sv, 0,
     "a PNG picture, not a table; many pictures are read as one NPY, NPZ or idx file"},
    {"\xFF\xD8\xFF"sv, 0, "a JPEG picture, not a table; many pictures are read as one NPY, NPZ or idx file"},
    {"GIF8"sv, 0, "a GIF picture, not a table; many pictures are read as one NPY, NPZ or idx file"},
    {"II*\0"sv, 0, "a TIFF picture, not a table; many pictures are read as one NPY, NPZ or idx file"},
    {"MM\0*"sv, 0, "a TIFF picture, not a table; many pictures are read as one NPY, NPZ or idx file"},
    {"\x7F"
     "ELF"sv,
     0, "a program, not a table"},
};

// Their first letters could be a column's name: they stand at the end too, ORC's before one last byte.
void refuse_columnar(const std::string& label, std::string_view bytes) {
  const auto framed = [&](std::string_view letters) {
    return bytes.size() > letters.size() && bytes.starts_with(letters) && bytes.ends_with(letters);
  };
  if (framed("PAR1")) fail("{}: a Parquet file; save it as CSV", label);
  if (framed("FEA1")) fail("{}: a Feather file; save it as CSV", label);
  if (bytes.starts_with("ORC") && bytes.size() > 4 && bytes.substr(bytes.size() - 4).starts_with("ORC")) {
    fail("{}: an ORC file; save it as CSV", label);
  }
}

constexpr std::size_t sqlite_application_at = 68;  // of the header, big-endian
constexpr std::string_view runnel_application = "Runl";

void refuse_sqlite(const std::string& label, std::string_view bytes) {
  if (!bytes.starts_with("SQLite format 3\0"sv)) return;
  if (bytes.substr(std::min(bytes.size(), sqlite_application_at)).starts_with(runnel_application)) {
    fail("{}: a study of `runnel fit --study`, not a table; `runnel study show` tells what it holds", label);
  }
  fail("{}: an SQLite database; write the table as CSV (sqlite3 -csv -header FILE 'select * from NAME')",
       label);
}

// The length of a JSON header in eight bytes, then the header.
void refuse_safetensors(const std::string& label, std::string_view bytes) {
  constexpr std::size_t prefix = 8;
  if (bytes.size() <= prefix || bytes[prefix] != '{') return;
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), prefix);
  if (length == 0 || length > bytes.size() - prefix) return;
  if (bytes.substr(prefix, length).find("\"runnel_model\"") != std::string_view::npos) {
    fail("{}: a model that `runnel fit` saved, not a table; `runnel predict MODEL DATA` takes it first",
         label);
  }
  fail("{}: a safetensors file (a model's weights), not a table", label);
}

// Protocols 2 to 5 begin with their number, and all end with a stop.
void refuse_pickle(const std::string& label, std::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != '\x80' || bytes[1] < 2 || bytes[1] > 5 || bytes.back() != '.') return;
  fail("{}: a pickle of Python; save the table with to_csv, or the array with numpy.save", label);
}

// Characters that no text has but by mistake: neither blanks nor ends of lines and pages, nor the end of a
// file in DOS.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && (byte < '\t' || byte > '\r') && byte != 0x1A;
}

}  // namespace

void refuse_foreign(const std::string& label, std::string_view bytes) {
  for (const Magic& magic : magics) {
    if (bytes.size() > magic.at && bytes.substr(magic.at).starts_with(magic.bytes)) {
      fail("{}: {}", label, magic.what);
    }
  }
  refuse_columnar(label, bytes);
  refuse_sqlite(label, bytes);
  refuse_safetensors(label, bytes);
  refuse_pickle(label, bytes);
}

void refuse_foreign_zip(const std::string& label, const std::vector<std::string>& members,
                        std::string_view mimetype) {
  const auto any = [&](auto test) { return std::any_of(members.begin(), members.end(), test); };
  const auto any_begins = [&](std::string_view with) {
    return any([&](const std::string& m) { return m.starts_with(with); });
  };
  const auto any_ends = [&](std::string_view with) {
    return any([&](const std::string& m) { return m.ends_with(with); });
  };
  if (any_begins("[Content_Types].xml")) {
    if (any_begins("xl/")) fail("{}: an Excel workbook; save the sheet as CSV", label);
    fail("{}: an Office document, not a table; save its table as CSV", label);
  }
  if (mimetype.find("opendocument.spreadsheet") != std::string_view::npos) {
    fail("{}: an OpenDocument spreadsheet; save the sheet as CSV", label);
  }
  if (mimetype.find("opendocument") != std::string_view::npos) {
    fail("{}: an OpenDocument file, not a table; save its table as CSV", label);
  }
  if (any_begins("Index/")) fail("{}: a Numbers spreadsheet; export the sheet as CSV", label);
  if (any_ends("data.pkl")) {
    fail("{}: a file of PyTorch's torch.save; save the array with numpy.save or numpy.savez", label);
  }
  if (any_ends(".npy")) return;
  for (const std::string& member : members) {
    if (member.ends_with("/")) continue;
    const bool told = first_not_utf8(member) == std::string_view::npos;  // a name may be any bytes
    fail("{}: a ZIP archive{} and no NPZ; unpack it first (unzip) and give the table in it", label,
         told ? fmt::format(" ({}{})", shortened(member, 60), members.size() > 1 ? ", ..." : "") : "");
  }
}

namespace {

[[noreturn]] void fail_no_text(const std::string& label) {
  fail("{}: not a text file, and none of the others that are read: NPY, NPZ and idx", label);
}

}  // namespace

void refuse_zero_bytes(const std::string& label, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) fail_no_text(label);
}

void refuse_foreign_text(const std::string& label, std::string_view text) {
  constexpr std::size_t first_bytes = 1 << 16, most_controls = 50;  // one of so many bytes
  std::string_view top = text.substr(0, first_bytes);
  const auto controls = static_cast<std::size_t>(std::count_if(top.begin(), top.end(), is_control));
  refuse_zero_bytes(label, text);
  if (controls * most_controls > top.size()) fail_no_text(label);
  top.remove_prefix(std::min(top.find_first_not_of(" \t\r\n"), top.size()));
  const std::string begin = lower(top.substr(0, 16));
  if (begin.starts_with("<!doctype html") || begin.starts_with("<html")) {
    fail("{}: an HTML page, not a table; where it was downloaded, download the file itself (on GitHub: Raw)",
         label);
  }
  if (begin.starts_with("<?xml")) fail("{}: an XML document; save its table as CSV", label);
}

}  // namespace runnel::data
