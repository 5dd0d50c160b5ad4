// SQLite as this room uses it: a connection and its statements, whose failures are Errors that name the file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace runnel::study {

class Database;

// A prepared statement. Parameters are bound in order and columns read in order; both begin anew with
// reset().
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  Statement& operator<<(std::int64_t value);
  Statement& operator<<(int value) { return *this << std::int64_t{value}; }
  Statement& operator<<(double value);  // NaN as NULL
  Statement& operator<<(std::string_view text);
  Statement& operator<<(const char* text) { return *this << std::string_view(text); }
  Statement& operator<<(std::span<const std::byte> bytes);
  Statement& operator<<(std::optional<std::int64_t> value);  // none as NULL
  // A view must outlive run() or the last step().

  bool step();  // whether there is a row
  void run();   // to its end; ready to be bound again
  void reset();

  std::int64_t integer();
  std::optional<std::int64_t> maybe_integer();
  double number();  // NULL as NaN
  std::string text();
  std::vector<std::byte> bytes();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void check(int code) const;

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0, column_ = 0;
};

class Database {
 public:
  enum class Access { read, write };
  // `name` is what errors call the file. Opening reads nothing yet.
  Database(const std::string& path, std::string name, Access access);
  Database(const Database&) = delete;  // statements point to it
  Database& operator=(const Database&) = delete;

  void execute(const char* sql) const;  // statements without results
  std::int64_t integer(const char* sql) const;
  std::string text(const char* sql) const;
  bool in_transaction() const;
  // Begins a transaction that writes; whether it could within so long, which others that write prevent.
  bool begin(std::chrono::milliseconds patience) const;
  std::int64_t last_id() const;  // of the row that was inserted last
  std::int64_t changes() const;  // rows that the last statement changed

  const std::string& name() const { return name_; }
  // Raises what an SQLite code means for the user of this file.
  [[noreturn]] void raise(int code) const;
  [[noreturn]] void raise_locked() const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::string name_;
  Access access_;
  std::unique_ptr<sqlite3, Close> connection_;
};

// Doubles as a blob of their bytes, the lowest first.
std::vector<std::byte> as_bytes(const std::vector<double>& values);
std::vector<double> as_doubles(const std::vector<std::byte>& bytes);

}  // namespace runnel::study
