#include "artifact/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "core/fail.h"

namespace runnel {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian numbers");

constexpr std::size_t prefix = 8;                    // bytes of the header's length
constexpr std::size_t longest_header = 100'000'000;  // as in the format's reference implementation
constexpr const char* metadata_key = "__metadata__";

// ---- writing ---------------------------------------------------------------------------------------------

const char* dtype_text(const std::string& name, DType dtype) {
  if (dtype == DType::f32) return "F32";
  if (dtype == DType::f64) return "F64";
  fail("tensor '{}': {} is not stored in a model file; f32 and f64 are", name, name_of(dtype));
}

std::string_view bytes_of(const Array& array) {
  const void* data = array.dtype() == DType::f32 ? static_cast<const void*>(array.data<float>().data())
                                                 : static_cast<const void*>(array.data<double>().data());
  return {static_cast<const char*>(data), static_cast<std::size_t>(array.size()) * size_of(array.dtype())};
}

std::string length_prefix(std::uint64_t length) {
  std::string out(prefix, '\0');
  std::memcpy(out.data(), &length, prefix);
  return out;
}

// ---- reading ---------------------------------------------------------------------------------------------

struct Entry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::size_t begin = 0, end = 0;
};

// Fails at a name that stands twice in an object: it would let one tensor hide another.
class RepeatedNames : public nlohmann::json_sax<json> {
 public:
  explicit RepeatedNames(const std::string& file) : file_(file) {}

  bool start_object(std::size_t) override {
    names_.emplace_back();
    return true;
  }
  bool end_object() override {
    names_.pop_back();
    return true;
  }
  bool key(std::string& name) override {
    if (names_.back().insert(name).second) return true;
    fail("{}: damaged: '{}' stands twice in the safetensors header", file_, name);
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(json::binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  const std::string& file_;
  std::vector<std::set<std::string>> names_;  // of the objects that we are in
};

// The JSON of the header. Names are looked at beforehand: nlohmann's parser that calls back on its way goes
// through the whole header again after each tensor.
json parse_header(const std::string& file, std::string_view text) {
  RepeatedNames repeated(file);
  json::sax_parse(text, &repeated);
  try {
    return json::parse(text);
  } catch (const json::exception& e) {
    fail("{}: damaged: the safetensors header is not JSON ({})", file, e.what());
  }
}

DType dtype_from(const std::string& file, const std::string& tensor, const std::string& text) {
  if (text == "F32") return DType::f32;
  if (text == "F64") return DType::f64;
  fail("{}: tensor '{}' is of dtype {}; F32 and F64 are read", file, tensor, text);
}

// The bytes a tensor of this type takes, or nothing when no file could be so large.
std::optional<std::size_t> bytes_needed(const Entry& entry, std::size_t most) {
  std::size_t count = size_of(entry.dtype);
  if (std::count(entry.shape.begin(), entry.shape.end(), 0) > 0) return 0;
  for (const std::int64_t size : entry.shape) {
    if (static_cast<std::size_t>(size) > most / count) return std::nullopt;
    count *= static_cast<std::size_t>(size);
  }
  return count;
}

Entry entry_from(const std::string& file, const std::string& name, const json& value) {
  Entry entry;
  entry.name = name;
  const auto damaged = [&](std::string_view what) {
    fail("{}: damaged: tensor '{}' in the safetensors header {}", file, name, what);
  };
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets")) {
    damaged("lacks one of dtype, shape and data_offsets");
  }
  const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
  const auto is_count = [](const json& number) {
    return number.is_number_unsigned() &&
           number.get<std::uint64_t>() <=
               static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  };
  if (!dtype.is_string()) damaged("has a dtype that is no text");
  if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), is_count)) {
    damaged("has a shape that is no list of sizes");
  }
  if (shape.size() > static_cast<std::size_t>(kMaxRank)) {
    damaged(fmt::format("has {} axes; at most {} are read", shape.size(), kMaxRank));
  }
  if (!offsets.is_array() || offsets.size() != 2 || !is_count(offsets[0]) || !is_count(offsets[1])) {
    damaged("has data_offsets that are not two places");
  }
  entry.dtype = dtype_from(file, name, dtype.get<std::string>());
  shape.get_to(entry.shape);
  offsets[0].get_to(entry.begin);
  offsets[1].get_to(entry.end);
  return entry;
}

// Each tensor lies within the file and is as long as its shape says; together they cover the data, without
// gaps and without overlap.
void check_places(const std::string& file, std::vector<Entry>& entries, std::size_t available) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  std::size_t reached = 0;
  for (const Entry& entry : entries) {
    const std::string where =
        fmt::format("{}: damaged: tensor '{}' at bytes {} to {}", file, entry.name, entry.begin, entry.end);
    if (entry.end < entry.begin) fail("{} ends before it begins", where);
    if (entry.end > available) {
      fail("{}: truncated: tensor '{}' ends at byte {} of the data, of which the file holds {}", file,
           entry.name, entry.end, available);
    }
    if (bytes_needed(entry, available) != entry.end - entry.begin) {
      fail("{} has the shape {} of {}, which takes another number of bytes", where,
           to_string(Shape(entry.shape)), name_of(entry.dtype));
    }
    if (entry.begin < reached) fail("{} overlaps another tensor", where);
    if (entry.begin > reached)
      fail("{}: the {} bytes before it belong to no tensor", where, entry.begin - reached);
    reached = entry.end;
  }
  if (reached != available) {
    fail("{}: damaged: {} bytes at the end belong to no tensor", file, available - reached);
  }
}

template <class T>
Array array_from(std::string_view bytes, const std::vector<std::int64_t>& shape) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return Array::from<T>(values, Shape(shape));
}

std::map<std::string, std::string> metadata_from(const std::string& file, const json& value) {
  if (!value.is_object()) fail("{}: damaged: {} in the safetensors header is no object", file, metadata_key);
  std::map<std::string, std::string> out;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) fail("{}: damaged: '{}' in {} is not a text", file, key, metadata_key);
    out[key] = text.get<std::string>();
  }
  return out;
}

std::size_t header_length(const std::string& file, std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < prefix) {
    fail("{}: not a safetensors file: it has {} bytes, fewer than the header's length takes", file,
         bytes.size());
  }
  std::memcpy(&length, bytes.data(), prefix);
  if (bytes.size() > prefix && bytes[prefix] != '{') {
    fail("{}: not a safetensors file (a model as `runnel fit` writes it)", file);
  }
  if (length > longest_header) {
    fail("{}: not a safetensors file, or damaged: a header of {} bytes (at most {} are read)", file, length,
         longest_header);
  }
  if (length > bytes.size() - prefix) {
    fail("{}: truncated: the safetensors header takes {} bytes, the file holds {} of them", file, length,
         bytes.size() - prefix);
  }
  if (length == 0) fail("{}: not a safetensors file: its header is empty", file);
  return static_cast<std::size_t>(length);
}

}  // namespace

const Array* SafeTensors::find(std::string_view name) const {
  for (const auto& [known, array] : tensors) {
    if (known == name) return &array;
  }
  return nullptr;
}

std::string encode_safetensors(const SafeTensors& file) {
  std::vector<const std::pair<std::string, Array>*> order;
  for (const auto& tensor : file.tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.dtype()) > size_of(b->second.dtype());
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header[metadata_key] = file.metadata;
  // An ordered object looks for a key through all of them, so entries are put behind each other without.
  auto& entries = header.get_ref<nlohmann::ordered_json::object_t&>();
  std::set<std::string_view> names;
  std::size_t place = 0;
  for (const auto* tensor : order) {
    const auto& [name, array] = *tensor;
    if (name == metadata_key || !names.insert(name).second)
      fail("tensor '{}' would stand twice in a safetensors file", name);
    const char* dtype = dtype_text(name, array.dtype());
    const std::size_t end = place + bytes_of(array).size();
    entries.push_back(
        {name, {{"dtype", dtype}, {"shape", array.shape().to_vector()}, {"data_offsets", {place, end}}}});
    place = end;
  }
  // Texts come from users' files; what is no UTF-8 is replaced, not an error.
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');

  std::string out = length_prefix(text.size()) + text;
  out.reserve(out.size() + place);
  for (const auto* tensor : order) out += bytes_of(tensor->second);
  return out;
}

SafeTensors decode_safetensors(const std::string& name, std::string_view bytes) {
  const std::size_t length = header_length(name, bytes);
  const json header = parse_header(name, bytes.substr(prefix, length));
  const std::string_view data = bytes.substr(prefix + length);
  if (!header.is_object()) fail("{}: damaged: the safetensors header is no object", name);

  SafeTensors out;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key == metadata_key) {
      out.metadata = metadata_from(name, value);
    } else {
      entries.push_back(entry_from(name, key, value));
    }
  }
  check_places(name, entries, data.size());
  for (const Entry& entry : entries) {
    const std::string_view values = data.substr(entry.begin, entry.end - entry.begin);
    out.tensors.emplace_back(entry.name, entry.dtype == DType::f32 ? array_from<float>(values, entry.shape)
                                                                   : array_from<double>(values, entry.shape));
  }
  return out;
}

bool looks_like_safetensors(std::string_view first_bytes) {
  if (first_bytes.size() <= prefix || first_bytes[prefix] != '{') return false;
  std::uint64_t length = 0;
  std::memcpy(&length, first_bytes.data(), prefix);
  return length > 0 && length <= longest_header;
}

}  // namespace runnel
