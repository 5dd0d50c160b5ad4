#include "study/sqlite.h"

#include <sqlite3.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/fail.h"

namespace runnel::study {
namespace {

constexpr int kPatience = 10'000;  // milliseconds to wait for another connection's lock

// A path as SQLite's URI, in which ? # and % mean something.
std::string uri_of(const std::string& path, const char* query) {
  std::string out = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '?' || c == '#' || c == '%')
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + query;
}

struct Opening {
  int flags;
  const char* query;  // of the URI
};

// Whoever is the last to close a study tidies up its log, readers too; that takes a connection that may
// write, though it changes nothing of what the study says. Where nothing may be written, a study that was
// closed in order (it has no log) is taken as it lies.
Opening opening_of(const std::string& path, Database::Access access) {
  std::error_code error;
  std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) real = std::filesystem::absolute(path);
  const bool may_write = ::access(real.parent_path().c_str(), W_OK) == 0 && ::access(real.c_str(), W_OK) == 0;
  if (access == Database::Access::write || may_write) return {SQLITE_OPEN_READWRITE, ""};
  const bool has_log = std::filesystem::exists(real.string() + "-wal", error);
  return {SQLITE_OPEN_READONLY, has_log ? "" : "?immutable=1"};
}

}  // namespace

// ---- the connection ------------------------------------------------------------------------------------

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Database::Database(const std::string& path, std::string name, Access access)
    : name_(std::move(name)), access_(access) {
  const Opening opening = opening_of(path, access);
  const int flags = opening.flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const std::string uri = uri_of(path, opening.query);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &connection, flags, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) raise(code);
  sqlite3_busy_timeout(connection, kPatience);
  if (access == Access::read) execute("PRAGMA query_only = 1");
}

void Database::raise(int code) const {
  const char* text = connection_ ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code);
  const bool read = access_ == Access::read;
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:  // a table or a column that ought to be there is not
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
      fail("{}: the study is damaged ({}); restore a copy of it, or begin another one", name_, text);
    case SQLITE_FULL:
      fail_run("{}: cannot be written: the disk is full; free some space, and go on with --resume", name_);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      raise_locked();
    case SQLITE_NOMEM:
      fail_run("{}: out of memory", name_);
    default:
      fail_run("{}: cannot be {}: {}", name_, read ? "read" : "written", text);
  }
}

void Database::raise_locked() const {
  fail_run("{}: another program keeps it locked; end that one first", name_);
}

void Database::execute(const char* sql) const {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(code);
}

std::int64_t Database::integer(const char* sql) const {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer() : 0;
}

std::string Database::text(const char* sql) const {
  Statement statement(*this, sql);
  return statement.step() ? statement.text() : "";
}

bool Database::begin(std::chrono::milliseconds patience) const {
  sqlite3_busy_timeout(connection_.get(), static_cast<int>(patience.count()));
  const int code = sqlite3_exec(connection_.get(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  sqlite3_busy_timeout(connection_.get(), kPatience);
  if (const int kind = code & 0xff; kind == SQLITE_BUSY || kind == SQLITE_LOCKED) return false;
  if (code != SQLITE_OK) raise(code);
  return true;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(connection_.get()); }

std::int64_t Database::changes() const { return sqlite3_changes64(connection_.get()); }

// ---- statements ----------------------------------------------------------------------------------------

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(const Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v3(database.connection_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  statement_.reset(statement);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_->raise(code);
}

Statement& Statement::operator<<(std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::operator<<(double value) {
  check(sqlite3_bind_double(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::operator<<(std::string_view text) {
  check(
      sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::operator<<(std::span<const std::byte> bytes) {
  // A null pointer would bind NULL, not an empty blob.
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  check(sqlite3_bind_blob64(statement_.get(), ++bound_, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::operator<<(std::optional<std::int64_t> value) {
  if (value) return *this << *value;
  check(sqlite3_bind_null(statement_.get(), ++bound_));
  return *this;
}

bool Statement::step() {
  column_ = 0;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3_reset(statement_.get());
  bound_ = 0;
  database_->raise(code);
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  check(sqlite3_reset(statement_.get()));
  bound_ = 0;
}

std::int64_t Statement::integer() { return sqlite3_column_int64(statement_.get(), column_++); }

std::optional<std::int64_t> Statement::maybe_integer() {
  if (sqlite3_column_type(statement_.get(), column_) == SQLITE_NULL) {
    ++column_;
    return std::nullopt;
  }
  return integer();
}

double Statement::number() {
  const bool none = sqlite3_column_type(statement_.get(), column_) == SQLITE_NULL;
  const double value = sqlite3_column_double(statement_.get(), column_++);
  return none ? std::nan("") : value;
}

std::string Statement::text() {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column_++));
  return data == nullptr ? std::string() : std::string(data, size);
}

std::vector<std::byte> Statement::bytes() {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column_++));
  return data == nullptr ? std::vector<std::byte>() : std::vector<std::byte>(data, data + size);
}

// ---- blobs of doubles ----------------------------------------------------------------------------------

static_assert(std::endian::native == std::endian::little, "a study's blobs have the lowest byte first");

std::vector<std::byte> as_bytes(const std::vector<double>& values) {
  std::vector<std::byte> out(values.size() * sizeof(double));
  if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

std::vector<double> as_doubles(const std::vector<std::byte>& bytes) {
  std::vector<double> out(bytes.size() / sizeof(double));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size() * sizeof(double));
  return out;
}

}  // namespace runnel::study
