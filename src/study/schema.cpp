#include "study/schema.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/digest.h"
#include "core/fail.h"

namespace runnel::study {
namespace {

constexpr std::int64_t kApplication = 0x52756e6c;  // "Runl"

// Numbers that may be no numbers (NaN) are NULL. A seed has 64 bits without a sign and stands as text. Curves
// are blobs of doubles, tensors blobs of their elements, the lowest byte first.
constexpr const char* kTables = R"(
CREATE TABLE study (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  state TEXT NOT NULL, best INTEGER,
  source TEXT NOT NULL, command TEXT NOT NULL, configuration TEXT NOT NULL, seed TEXT NOT NULL,
  metric TEXT NOT NULL, loss TEXT NOT NULL, folds INTEGER NOT NULL, version TEXT NOT NULL);
CREATE TABLE fingerprints (what TEXT PRIMARY KEY, digest TEXT NOT NULL, parts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, began REAL NOT NULL, seconds REAL NOT NULL,
  command TEXT NOT NULL, version TEXT NOT NULL, threads INTEGER NOT NULL);
CREATE TABLE candidates (
  id INTEGER PRIMARY KEY, hyper TEXT NOT NULL, status TEXT NOT NULL,
  metric REAL, loss REAL, epochs INTEGER NOT NULL);
CREATE TABLE readings (
  candidate INTEGER NOT NULL, fold INTEGER NOT NULL, epochs INTEGER NOT NULL,
  metric REAL, loss REAL, finite INTEGER NOT NULL, curve BLOB NOT NULL,
  PRIMARY KEY (candidate, fold));
CREATE TABLE rungs (
  bracket INTEGER NOT NULL, epochs INTEGER NOT NULL, entered INTEGER NOT NULL, kept INTEGER NOT NULL,
  PRIMARY KEY (bracket, epochs)) WITHOUT ROWID;
CREATE TABLE under_way (
  candidate INTEGER NOT NULL, rank INTEGER NOT NULL, PRIMARY KEY (candidate, rank)) WITHOUT ROWID;
CREATE TABLE timings (name TEXT PRIMARY KEY, seconds REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE warnings (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, owner INTEGER NOT NULL, fold INTEGER NOT NULL,
  epochs INTEGER NOT NULL, curve BLOB NOT NULL, losses BLOB NOT NULL, digest TEXT NOT NULL,
  UNIQUE (kind, owner, fold));
CREATE TABLE tensors (
  snapshot INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL,
  shape TEXT NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (snapshot, place));
)";

using Header = std::array<unsigned char, 100>;  // sqlite.org/fileformat2.html, section 1.3

std::int64_t big_endian(const Header& header, std::size_t at) {
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | header[i];
  return value;
}

// How many bytes were there; -1 for a file that cannot be opened.
std::ptrdiff_t read_header(const std::string& path, Header& header) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return -1;
  file.read(reinterpret_cast<char*>(header.data()), static_cast<std::streamsize>(header.size()));
  return file.gcount();
}

bool is_sqlite(const Header& header, std::ptrdiff_t size) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  return size >= static_cast<std::ptrdiff_t>(kMagic.size()) &&
         std::memcmp(header.data(), kMagic.data(), kMagic.size()) == 0;
}

void check_header(const std::string& path) {
  Header header{};
  const std::ptrdiff_t size = read_header(path, header);
  if (size < 0 && errno == ENOENT) fail("{}: no such file", path);
  if (size < 0) fail("{}: cannot be read: {}", path, std::strerror(errno));
  if (!is_sqlite(header, size)) fail("{}: not a study (a file as `runnel fit --study` writes it)", path);
  if (size < static_cast<std::ptrdiff_t>(header.size()))
    fail("{}: the study is damaged (only {} bytes are left of it)", path, size);
  if (big_endian(header, 68) != kApplication)
    fail("{}: an SQLite database, but not a study (as `runnel fit --study` writes it)", path);
  const std::int64_t format = big_endian(header, 60);
  if (format > kFormat)
    fail(
        "{}: was written by a newer Runnel (its format is {}; this Runnel knows formats up to {}); update "
        "this one",
        path, format, kFormat);
  if (format < 1) fail("{}: the study is damaged (it has no format number)", path);
}

}  // namespace

void create_tables(const Database& database) {
  database.execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplication, kFormat).c_str());
  database.execute(kTables);
}

std::unique_ptr<Database> open_study(const std::string& path, Database::Access access) {
  check_header(path);
  return std::make_unique<Database>(path, path, access);
}

bool is_study_file(const std::string& path) {
  Header header{};
  const std::ptrdiff_t size = read_header(path, header);
  return is_sqlite(header, size) && size == static_cast<std::ptrdiff_t>(header.size()) &&
         big_endian(header, 68) == kApplication;
}

std::string_view kind_name(Snapshot::Kind kind) { return kind == Snapshot::Kind::state ? "state" : "model"; }

std::string digest_of(const Snapshot& snapshot) {
  Digest digest;
  digest.text(kind_name(snapshot.kind));
  for (const std::int64_t number : {snapshot.owner, snapshot.fold, snapshot.epochs})
    digest.number(static_cast<std::uint64_t>(number));
  for (const std::vector<double>* values : {&snapshot.curve, &snapshot.losses}) {
    const std::vector<std::byte> bytes = as_bytes(*values);
    digest.number(bytes.size()).bytes(bytes.data(), bytes.size());
  }
  for (const Tensor& tensor : snapshot.tensors) {
    digest.text(tensor.name).text(name_of(tensor.dtype)).number(tensor.shape.size());
    for (const std::int64_t size : tensor.shape) digest.number(static_cast<std::uint64_t>(size));
    digest.number(tensor.bytes.size()).bytes(tensor.bytes.data(), tensor.bytes.size());
  }
  return digest.hex();
}

}  // namespace runnel::study
