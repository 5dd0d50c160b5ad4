// NPZ: a ZIP archive of NPY files, through libzip.
#include <zip.h>

#include <algorithm>
#include <memory>

#include "core/fail.h"
#include "core/text.h"
#include "data/foreign.h"
#include "data/readers.h"
#include "data/utf8.h"

namespace runnel::data {
namespace {

using Archive = std::unique_ptr<zip_t, void (*)(zip_t*)>;

std::string text_of(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

// The bytes must outlive the archive.
Archive open_archive(const std::string& label, std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (!source) fail_run("{}: {}", label, text_of(error));
  zip_t* zip = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (!zip) {
    zip_source_free(source);
    fail("{}: not an NPZ file, or truncated: {}", label, text_of(error));
  }
  zip_error_fini(&error);
  return {zip, zip_discard};
}

std::string bytes_of(const std::string& label, zip_t* zip, zip_uint64_t index, std::size_t size) {
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen_index(zip, index, 0), zip_fclose);
  if (!file) fail("{}: cannot be read: {}", label, zip_strerror(zip));
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const zip_int64_t got = zip_fread(file.get(), bytes.data() + have, bytes.size() - have);
    if (got <= 0) fail("{}: truncated or damaged: {}", label, zip_file_strerror(file.get()));
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

// What OpenDocument files say of themselves.
std::string mimetype_of(const std::string& label, zip_t* zip) {
  constexpr std::size_t longest = 256;
  const zip_int64_t index = zip_name_locate(zip, "mimetype", 0);
  zip_stat_t stat;
  if (index < 0 || zip_stat_index(zip, static_cast<zip_uint64_t>(index), 0, &stat) != 0) return "";
  return stat.size > longest ? "" : bytes_of(label, zip, static_cast<zip_uint64_t>(index), stat.size);
}

void refuse_other_archives(const std::string& label, zip_t* zip) {
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  std::vector<std::string> members;
  for (zip_int64_t i = 0; i < count; ++i) {
    if (const char* name = zip_get_name(zip, static_cast<zip_uint64_t>(i), 0)) members.emplace_back(name);
  }
  refuse_foreign_zip(label, members, mimetype_of(label, zip));
}

struct Member {
  std::string name;  // without .npy
  ArrayFile array;
};

// The bytes of a member. The sizes that an archive states are not believed: what it can hold is bounded by
// what it is.
std::string unpacked(const std::string& label, zip_t* zip, std::size_t archive_size, zip_uint64_t index,
                     const zip_stat_t& stat) {
  constexpr zip_uint64_t most_of_byte = 1032;  // that DEFLATE can make of one (zlib, "Technical details")
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
    fail("{}: compressed by a method (number {}) that NPZ files do not use; save it with numpy.savez", label,
         stat.comp_method);
  if (stat.comp_size > archive_size || stat.size / most_of_byte > stat.comp_size)
    fail("{}: damaged: {} bytes cannot be packed into {}", label, grouped(stat.size),
         grouped(stat.comp_size));
  return bytes_of(label, zip, index, stat.size);
}

Member read_member(const std::string& path, zip_t* zip, std::size_t archive_size, zip_uint64_t index) {
  zip_stat_t stat;
  if (zip_stat_index(zip, index, 0, &stat) != 0) fail("{}: {}", path, zip_strerror(zip));
  std::string name = stat.name;
  // libzip brings other encodings to UTF-8, but takes forms for it that are longer than they need be.
  if (first_not_utf8(name) != std::string::npos)
    fail("{}: damaged: the name of array {} is not UTF-8", path, index + 1);
  const std::string label = path + ": " + name;
  if (!name.ends_with(".npy")) fail("{}: not an NPY array; an NPZ file holds only such", label);
  name.resize(name.size() - 4);
  return {name, parse_npy(label, unpacked(label, zip, archive_size, index, stat))};
}

bool one_of(const std::string& name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), lower(name)) != names.end();
}

void widen(ArrayFile& array) {
  if (array.block.empty()) return;
  array.numbers.assign(array.block.begin(), array.block.end());
  array.block.clear();
}

// x_train with x_test, y_train with y_test: one array, and where the test rows begin.
std::optional<std::size_t> join_own_test(const std::string& path, std::vector<Member>& members) {
  std::optional<std::size_t> begin;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].name.ends_with("_train")) continue;
    const std::string stem = members[i].name.substr(0, members[i].name.size() - 6);
    const auto test = std::find_if(members.begin(), members.end(),
                                   [&](const Member& m) { return m.name == stem + "_test"; });
    if (test == members.end()) continue;
    ArrayFile& a = members[i].array;
    ArrayFile& b = test->array;
    if (a.shape.size() != b.shape.size() || a.shape.empty() || a.is_text != b.is_text ||
        !std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1)) {
      fail("{}: {}_train and {}_test do not have the same shape and type beyond their rows", path, stem,
           stem);
    }
    if (begin && *begin != a.rows())
      fail("{}: the arrays named *_train differ in their numbers of rows", path);
    begin = a.rows();
    // Integers that doubles hold beside others that they do not; floats beside doubles.
    if (!a.is_text && a.texts.empty() != b.texts.empty()) {
      add_texts(a);
      add_texts(b);
    }
    if (a.block.empty() != b.block.empty()) {
      widen(a);
      widen(b);
    }
    a.shape[0] += b.shape[0];
    a.numbers.insert(a.numbers.end(), b.numbers.begin(), b.numbers.end());
    a.block.insert(a.block.end(), b.block.begin(), b.block.end());
    a.texts.insert(a.texts.end(), b.texts.begin(), b.texts.end());
    a.is_bytes = a.is_bytes && b.is_bytes;
    members[i].name = stem;
    const auto at = static_cast<std::size_t>(test - members.begin());
    members.erase(test);
    if (at < i) --i;
  }
  return begin;
}

}  // namespace

Table read_npz(const std::string& path, std::string_view bytes, const ReadOptions& options) {
  const Archive archive = open_archive(path, bytes);
  refuse_other_archives(path, archive.get());
  if (!options.labels.empty()) {
    fail("{}: an NPZ file holds its labels itself (a one-axis array such as y); {} is not read", path,
         options.labels);
  }
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count <= 0) fail("{}: the archive holds no arrays", path);
  std::vector<Member> members;
  for (zip_int64_t i = 0; i < count; ++i) {
    members.push_back(read_member(path, archive.get(), bytes.size(), static_cast<zip_uint64_t>(i)));
  }

  Table table;
  table.source = path;
  table.test_begin = join_own_test(path, members);
  for (Member& member : members) {
    ArrayFile& array = member.array;
    if (array.shape.size() == 2 && array.shape[1] == 1) array.shape.pop_back();
    if (array.shape.size() == 1 && one_of(member.name, {"y", "label", "labels", "target"})) {
      table.usual_target = member.name;
    }
    add_array(table, member.name, std::move(array));
  }
  if (table.test_begin) {
    table.notes.push_back(fmt::format("the last {} are the file's own test rows",
                                      counted(table.rows - *table.test_begin, "row")));
  }
  return table;
}

}  // namespace runnel::data
