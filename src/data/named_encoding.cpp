#include "data/named_encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "core/fail.h"
#include "core/text.h"
#include "data/utf8.h"

namespace runnel::data {
namespace {

// Whose mark ㎡, say, is only in what Windows calls so.
bool is_shift_jis(const std::string& name) {
  const std::string small = lower(name);
  return small.starts_with("shift") || small == "sjis";
}

// Those that tables are found in; iconv knows many more (iconv --list).
const std::vector<std::string>& usual_names() {
  static const std::vector<std::string> names = {
      "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255",
      "windows-1256", "windows-1257", "windows-1258", "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",
      "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",   "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",
      "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",  "ISO-8859-16",  "latin1",
      "UTF-8",        "UTF-16",       "UTF-16LE",     "UTF-16BE",     "UTF-32",       "Shift_JIS",
      "EUC-JP",       "ISO-2022-JP",  "GB18030",      "GBK",          "GB2312",       "Big5",
      "EUC-KR",       "KOI8-R",       "KOI8-U",       "CP437",        "CP850",        "CP852",
      "CP866",        "CP932",        "CP949",        "macintosh",    "TIS-620",      "ASCII"};
  return names;
}

class Converter {
 public:
  explicit Converter(const std::string& encoding) : handle_(iconv_open("UTF-8", encoding.c_str())) {}
  ~Converter() {
    if (known()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool known() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  iconv_t handle() const { return handle_; }

 private:
  iconv_t handle_;
};

// "latin-1" and "mac_roman" are names elsewhere: tried with - and _ taken out where iconv does not know one.
std::unique_ptr<Converter> open(const std::string& encoding) {
  std::string plain = encoding;
  std::erase_if(plain, [](char c) { return c == '-' || c == '_'; });
  for (const std::string& name : {encoding, plain}) {
    // What follows a slash would tell iconv to skip what it cannot read.
    if (name.empty() || name.find('/') != std::string::npos) continue;
    auto converter = std::make_unique<Converter>(name);
    if (converter->known()) return converter;
  }
  const std::string near = nearest(encoding, usual_names());
  fail(
      "--encoding '{}': no encoding of this name is known; names look like windows-1252, ISO-8859-15 or "
      "Shift_JIS{}",
      encoding, near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near));
}

}  // namespace

std::string from_named(std::string_view bytes, const std::string& encoding, const std::string& label) {
  const auto converter = open(encoding);
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  std::array<char, 1 << 16> buffer;
  char* in = const_cast<char*>(bytes.data());
  std::size_t left = bytes.size();
  bool at_end = false;
  while (!at_end) {
    at_end = left == 0;  // then once more, for what the encoding keeps back
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const std::size_t code = iconv(converter->handle(), at_end ? nullptr : &in, &left, &to, &room);
    const int error = errno;
    out.append(buffer.data(), buffer.size() - room);
    if (code != static_cast<std::size_t>(-1)) continue;
    if (error == E2BIG) {
      at_end = false;
      continue;
    }
    fail("{}, line {}: the byte 0x{:02X} is not {} here; give another encoding with --encoding{}", label,
         line_of(out, out.size()), left > 0 ? static_cast<unsigned char>(*in) : 0u, encoding,
         is_shift_jis(encoding) ? " (from Windows: cp932)" : "");
  }
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (out.starts_with(mark)) out.erase(0, mark.size());
  return out;
}

}  // namespace runnel::data
