// idx, the format of the MNIST files: two zero bytes, a type, the number of axes, the extents as big-endian
// 32-bit numbers, the values in big-endian order.
#include <bit>
#include <cstring>
#include <filesystem>
#include <limits>

#include "core/fail.h"
#include "core/text.h"
#include "data/input.h"
#include "data/readers.h"

namespace runnel::data {
namespace {

template <class T>
T big_endian(const char* p) {
  std::array<char, sizeof(T)> swapped;
  for (std::size_t i = 0; i < sizeof(T); ++i) swapped[i] = p[sizeof(T) - 1 - i];
  return std::bit_cast<T>(swapped);
}

template <class T>
void take_values(const char* p, std::size_t count, ArrayFile& out) {
  take_numbers<T>(
      count, [&](std::size_t i) { return big_endian<T>(p + i * sizeof(T)); }, out);
}

std::size_t type_size(unsigned char type) {
  switch (type) {
    case 0x08:
    case 0x09:
      return 1;
    case 0x0B:
      return 2;
    case 0x0C:
    case 0x0D:
      return 4;
    case 0x0E:
      return 8;
    default:
      return 0;
  }
}

// train-images-idx3-ubyte -> train-labels-idx1-ubyte, as the files come, both with or without .gz; "" when
// the name has no such parts.
std::string labels_beside(const std::string& path) {
  constexpr std::string_view packed = ".gz";
  const std::filesystem::path whole(path);
  std::string name = whole.filename().string();
  const auto replace = [&](std::string_view from, std::string_view to) {
    const auto at = name.rfind(from);
    if (at == std::string::npos) return false;
    name.replace(at, from.size(), to);
    return true;
  };
  if (!replace("images", "labels")) return "";
  replace("idx3", "idx1");
  const bool is_packed = name.ends_with(packed);
  const std::string plain = is_packed ? name.substr(0, name.size() - packed.size()) : name;
  for (const std::string& candidate : {name, is_packed ? plain : plain + std::string(packed)}) {
    const auto beside = whole.parent_path() / candidate;
    std::error_code error;
    if (std::filesystem::exists(beside, error)) return beside.string();
  }
  return "";
}

}  // namespace

ArrayFile parse_idx(const std::string& label, std::span<const char> bytes) {
  const auto type = static_cast<unsigned char>(bytes.size() > 2 ? bytes[2] : 0);
  const std::size_t size = type_size(type);
  if (size == 0) {
    fail("{}: idx type 0x{:02X} is unknown; known are 08 09 0B 0C 0D 0E (bytes, integers, floats)", label,
         type);
  }
  const std::size_t axes = bytes.size() > 3 ? static_cast<unsigned char>(bytes[3]) : 0;
  if (bytes.size() < 4 + 4 * axes)
    fail("{}: truncated: the idx header of {} axes is not complete", label, axes);
  ArrayFile out;
  std::size_t count = 1;
  for (std::size_t a = 0; a < axes; ++a) {
    const std::size_t extent = big_endian<std::uint32_t>(bytes.data() + 4 + 4 * a);
    if (extent > 0 && count > std::numeric_limits<std::size_t>::max() / 16 / extent) {
      fail("{}: the extents in the idx header are too large to be true", label);
    }
    out.shape.push_back(extent);
    count *= extent;
  }
  const std::size_t have = bytes.size() - (4 + 4 * axes);
  if (have < count * size) {
    fail("{}: truncated: the header promises {} bytes of values, the file holds {}", label,
         grouped(count * size), grouped(have));
  }
  const char* p = bytes.data() + 4 + 4 * axes;
  switch (type) {
    case 0x08:
      take_values<std::uint8_t>(p, count, out);
      break;
    case 0x09:
      take_values<std::int8_t>(p, count, out);
      break;
    case 0x0B:
      take_values<std::int16_t>(p, count, out);
      break;
    case 0x0C:
      take_values<std::int32_t>(p, count, out);
      break;
    case 0x0D:
      take_values<float>(p, count, out);
      break;
    default:
      take_values<double>(p, count, out);
      break;
  }
  out.is_bytes = type == 0x08;
  return out;
}

Table read_idx(const std::string& path, const std::string& bytes, const ReadOptions& options) {
  Table table;
  table.source = path;
  ArrayFile array = parse_idx(path, bytes);
  const bool images = array.shape.size() > 1;
  add_array(table, images ? "pixels" : "label", std::move(array));
  const std::string labels = !options.labels.empty() ? options.labels : images ? labels_beside(path) : "";
  if (labels.empty()) {
    if (images) table.notes.push_back("no labels file was given or found beside the images");
    return table;
  }
  const WholeInput label_input = read_input(labels);
  ArrayFile label_array = parse_idx(label_input.label, label_input.bytes);
  if (label_array.rows() != table.rows) {
    fail("{}: {} for {} in {}", label_input.label, counted(label_array.rows(), "label"),
         counted(table.rows, "image"), path);
  }
  add_array(table, "label", std::move(label_array));
  table.usual_target = "label";
  table.notes.push_back(fmt::format("the column 'label' comes from {}", label_input.label));
  return table;
}

}  // namespace runnel::data
