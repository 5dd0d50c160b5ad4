// NPY, versions 1 to 3: NumPy's "The NPY format" (numpy.lib.format).
#include <bit>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <limits>

#include "core/fail.h"
#include "core/text.h"
#include "data/input.h"
#include "data/readers.h"

namespace runnel::data {
namespace {

constexpr std::size_t most_axes = 64;  // NumPy's own limit

struct Header {
  std::string descr;
  bool fortran = false;
  std::vector<std::size_t> shape;
  std::size_t data_begin = 0;
};

// What stands behind 'key': in the header, a Python literal of a fixed form.
std::string_view value_of(const std::string& label, std::string_view header, std::string_view key) {
  const auto at = header.find(fmt::format("'{}'", key));
  const auto colon = at == std::string_view::npos ? at : header.find(':', at);
  if (colon == std::string_view::npos) fail("{}: the NPY header has no '{}'", label, key);
  std::string_view rest = header.substr(colon + 1);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  return rest;
}

std::vector<std::size_t> parse_shape(const std::string& label, std::string_view text) {
  const auto end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) fail("{}: the NPY header has no shape", label);
  std::vector<std::size_t> shape;
  std::size_t value = 0, product = 1;
  bool any = false;
  for (const char c : text.substr(1, end)) {
    if (std::isdigit(static_cast<unsigned char>(c))) {
      value = value * 10 + static_cast<std::size_t>(c - '0');
      any = true;
      if (value > std::size_t{1} << 40)
        fail("{}: the shape in the NPY header is too large to be true", label);
    } else if (c == ',' || c == ')') {
      if (any) {
        if (value > 0 && product > (std::size_t{1} << 48) / value) {
          fail("{}: the shape in the NPY header is too large to be true", label);
        }
        product *= value;
        shape.push_back(value);
        if (shape.size() > most_axes)
          fail("{}: the NPY header's shape has more than {} axes", label, most_axes);
      }
      value = 0;
      any = false;
    } else if (c != ' ' && c != 'L') {
      fail("{}: the NPY header's shape is not a tuple of numbers", label);
    }
  }
  return shape;
}

Header parse_header(const std::string& label, std::span<const char> bytes) {
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) {
    fail("{}: not an NPY file, or truncated (no NPY header)", label);
  }
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(bytes[i])}; };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) fail("{}: NPY version {} is unknown; 1 to 3 are read", label, version);
  const std::size_t begin = version == 1 ? 10 : 12;
  if (bytes.size() < begin) fail("{}: truncated in the NPY header", label);
  const std::size_t length =
      version == 1 ? byte(8) | byte(9) << 8 : byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24;
  if (bytes.size() < begin + length) fail("{}: truncated in the NPY header", label);
  const std::string_view text(bytes.data() + begin, length);
  Header header;
  header.data_begin = begin + length;
  const std::string_view descr = value_of(label, text, "descr");
  if (!descr.starts_with('\'') || descr.find('\'', 1) == std::string_view::npos) {
    fail("{}: a structured NPY dtype is not read; save each field as an array of its own (NPZ)", label);
  }
  header.descr = std::string(descr.substr(1, descr.find('\'', 1) - 1));
  header.fortran = value_of(label, text, "fortran_order").starts_with("True");
  header.shape = parse_shape(label, value_of(label, text, "shape"));
  return header;
}

// For the i-th value in row-major order, where the file has it.
class Order {
 public:
  explicit Order(const Header& header) : fortran_(header.fortran), shape_(header.shape) {}
  std::size_t operator()(std::size_t i) const {
    if (!fortran_) return i;
    std::size_t at = 0, stride_rest = 1;
    for (const std::size_t extent : shape_) stride_rest *= extent;
    for (std::size_t a = shape_.size(); a-- > 0;) {
      stride_rest /= shape_[a];
      at += (i % shape_[a]) * stride_rest;
      i /= shape_[a];
    }
    return at;
  }

 private:
  bool fortran_;
  const std::vector<std::size_t>& shape_;
};

template <class T>
void take_values(const char* p, std::size_t count, const Order& order, ArrayFile& out) {
  const auto value = [&](std::size_t i) {
    T v;
    std::memcpy(&v, p + order(i) * sizeof(T), sizeof(T));
    return v;
  };
  take_numbers<T>(count, value, out);
}

void append_utf8(std::string& s, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { s.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

void take_texts(const std::string& label, const char* p, std::size_t count, std::size_t characters,
                const Order& order, ArrayFile& out) {
  out.is_text = true;
  out.texts.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* at = p + order(i) * characters * 4;
    for (std::size_t k = 0; k < characters; ++k) {
      std::uint32_t c;
      std::memcpy(&c, at + 4 * k, 4);
      if (c == 0) break;
      if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        fail("{}: damaged: 0x{:X} in the text of item {} is no character", label, c, i);
      append_utf8(out.texts[i], c);
    }
  }
}

[[noreturn]] void unsupported(const std::string& label, const std::string& descr) {
  const std::string_view hint =
      descr.find('>') != std::string::npos   ? "big-endian values; save little-endian ones"
      : descr.find('O') != std::string::npos ? "Python objects; save numbers or fixed-width strings (<U)"
                                             : "save it as one of these";
  fail("{}: NPY dtype '{}' is not supported (f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 and <U strings are): {}", label,
       descr, hint);
}

}  // namespace

ArrayFile parse_npy(const std::string& label, std::span<const char> bytes) {
  static_assert(std::endian::native == std::endian::little);
  const Header header = parse_header(label, bytes);
  const std::string& d = header.descr;
  if (d.size() < 3 || (d[0] != '<' && d[0] != '|' && d[0] != '=')) unsupported(label, d);
  std::size_t digits = 0;
  for (const char c : d.substr(2)) {
    if (!std::isdigit(static_cast<unsigned char>(c)) || digits > (1u << 24)) unsupported(label, d);
    digits = digits * 10 + static_cast<std::size_t>(c - '0');
  }
  const std::size_t size = d[1] == 'U' ? 4 * digits : digits;
  std::size_t count = 1;
  for (const std::size_t extent : header.shape) count *= extent;

  ArrayFile out;
  out.shape = header.shape;
  const std::string kind = d.substr(1);
  const std::size_t have = bytes.size() - header.data_begin;
  const Order order(header);
  const char* p = bytes.data() + header.data_begin;
  const auto numbers = [&]<class T>(T) {
    if (have < count * sizeof(T)) {
      fail("{}: truncated: the header promises {} bytes of values, the file holds {}", label,
           grouped(count * sizeof(T)), grouped(have));
    }
    take_values<T>(p, count, order, out);
  };
  if (d[1] == 'U') {
    if (size == 0) fail("{}: texts of no characters ('{}') say nothing; leave the array out", label, d);
    if (have / size < count) {
      fail("{}: truncated: the header promises {} strings of {} bytes, the file holds {} bytes", label,
           grouped(count), size, grouped(have));
    }
    take_texts(label, p, count, digits, order, out);
  } else if (kind == "f4") {
    numbers(float{});
  } else if (kind == "f8") {
    numbers(double{});
  } else if (kind == "i1") {
    numbers(std::int8_t{});
  } else if (kind == "i2") {
    numbers(std::int16_t{});
  } else if (kind == "i4") {
    numbers(std::int32_t{});
  } else if (kind == "i8") {
    numbers(std::int64_t{});
  } else if (kind == "u1" || kind == "b1") {
    numbers(std::uint8_t{});
    out.is_bytes = kind == "u1";
  } else if (kind == "u2") {
    numbers(std::uint16_t{});
  } else if (kind == "u4") {
    numbers(std::uint32_t{});
  } else if (kind == "u8") {
    numbers(std::uint64_t{});
  } else {
    unsupported(label, d);
  }
  return out;
}

Table read_npy(const std::string& path, const std::string& bytes, const ReadOptions& options) {
  Table table;
  table.source = path;
  add_array(table, "x", parse_npy(path, bytes));
  if (!options.labels.empty()) {
    const WholeInput input = read_input(options.labels);
    ArrayFile labels = parse_npy(input.label, input.bytes);
    if (labels.shape.size() == 2 && labels.shape[1] == 1) labels.shape.pop_back();
    if (labels.shape.size() != 1) {
      fail("{}: labels must be an array of one axis, this one has {}", input.label, labels.shape.size());
    }
    if (labels.rows() != table.rows) {
      fail("{}: {} for {} in {}", input.label, counted(labels.rows(), "label"), counted(table.rows, "row"),
           path);
    }
    add_array(table, "label", std::move(labels));
    table.usual_target = "label";
  }
  return table;
}

}  // namespace runnel::data
