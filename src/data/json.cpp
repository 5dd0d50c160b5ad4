// JSON Lines (jsonlines.org) and arrays of objects (RFC 8259), by nlohmann's parser without its tree, so that
// numbers keep their digits.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "core/text.h"
#include "data/json_rows.h"
#include "data/readers.h"

namespace runnel::data {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where the parser stands in a text, and on which line.
class Position {
 public:
  Position(std::string_view text, std::size_t first_line) : text_(text), line_(first_line) {}

  void advance() { ++at_; }
  std::size_t at() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  char here() const { return text_[at_]; }
  void skip_spaces() {
    while (!at_end() && is_space(here())) advance();
  }
  // Of the next character.
  std::size_t line() {
    line_ += static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                                 text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
    counted_ = at_;
    return line_;
  }
  // Of the last character that was read, from 1.
  std::size_t column() const {
    const std::string_view before = text_.substr(0, at_ == 0 ? 0 : at_ - 1);
    const std::size_t newline = before.rfind('\n');
    return before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0, line_, counted_ = 0;
};

// Lets the parser read characters and tells how far it came.
class Reader {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  Reader(Position* position, bool end) : position_(position), end_(end) {}
  char operator*() const { return position_->here(); }
  Reader& operator++() {
    position_->advance();
    return *this;
  }
  Reader operator++(int) {
    position_->advance();
    return *this;
  }
  bool operator==(const Reader& other) const { return is_end() == other.is_end(); }
  bool operator!=(const Reader& other) const { return !(*this == other); }

 private:
  bool is_end() const { return end_ || position_->at_end(); }

  Position* position_;
  bool end_;
};

// Takes one object as a row; its members' objects are columns named with a point, as in a.b.
class ObjectToRow {
 public:
  ObjectToRow(RowsByKey& rows, Position& position)
      : rows_(rows), position_(position), begins_on_(position.line()) {}

  bool null() { return take("null", std::nullopt); }
  bool boolean(bool value) { return take("a truth value", value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return take("a number", std::to_string(value), true); }
  bool number_unsigned(std::uint64_t value) { return take("a number", std::to_string(value), true); }
  bool number_float(double, const std::string& text) { return take("a number", text, true); }
  bool string(const std::string& text) { return take("a text", text); }
  bool binary(const nlohmann::json::binary_t&) { return take("bytes", std::nullopt); }

  bool start_object(std::size_t) {
    if (prefixes_.empty()) {
      rows_.begin_row(begins_on_);
      prefixes_.push_back("");
    } else {
      prefixes_.push_back(key_ + ".");
    }
    return true;
  }
  bool key(const std::string& name) {
    if (trimmed(name).empty())
      fail("{}, line {}: an empty key; a column needs a name", rows_.path(), position_.line());
    key_ = prefixes_.back() + std::string(trimmed(name));
    return true;
  }
  bool end_object() {
    prefixes_.pop_back();
    return true;
  }
  bool start_array(std::size_t) {
    if (prefixes_.empty()) refuse("an array");
    fail(
        "{}, line {}: '{}' is an array, and a cell holds one value; give each of its elements a key of its "
        "own",
        rows_.path(), position_.line(), shortened(key_));
  }
  bool end_array() { return true; }

  bool parse_error(std::size_t, const std::string& token, const nlohmann::json::exception& e) {
    const std::string begun = begins_on_ == position_.line()
                                  ? ""
                                  : fmt::format(", in the object that begins on line {}", begins_on_);
    fail("{}, line {}: not JSON at character {}{}: {}{}", rows_.path(), position_.line(), position_.column(),
         begun, reason(e.what()),
         token.ends_with('N') || token.ends_with('I')
             ? "; a number that is missing or infinite is written null"
             : "");
  }

 private:
  bool take(std::string_view what, std::optional<std::string_view> text, bool is_number = false) {
    if (prefixes_.empty()) refuse(what);
    rows_.set(key_, text, is_number);
    return true;
  }
  [[noreturn]] void refuse(std::string_view what) {
    fail("{}, line {}: {} where an object is expected, as {{\"age\": 31, \"city\": \"Bern\"}}", rows_.path(),
         begins_on_, what);
  }
  // The parser's reason without its number and place.
  static std::string reason(std::string_view text) {
    if (const auto at = text.find("] "); at != std::string_view::npos) text.remove_prefix(at + 2);
    if (const auto at = text.find(" - "); at != std::string_view::npos) text.remove_prefix(at + 3);
    text = text.substr(0, text.find("; last read"));
    return shortened(text, 80);
  }

  RowsByKey& rows_;
  Position& position_;
  std::size_t begins_on_;
  std::vector<std::string> prefixes_;  // of the objects that are open
  std::string key_;
};

void read_object(RowsByKey& rows, Position& position) {
  ObjectToRow row(rows, position);
  nlohmann::json::sax_parse(Reader(&position, false), Reader(&position, true), &row,
                            nlohmann::json::input_format_t::json, /*strict=*/false);
}

// Python's json writes NaN, which is no JSON, for a number that is none: null does it here. Ends of lines
// stay where they are.
std::string nan_as_null(std::string_view text) {
  constexpr std::string_view nan = "NaN";
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!quoted && text.substr(i).starts_with(nan)) {
      out += "null";
      i += nan.size() - 1;
      continue;
    }
    out += text[i];
    if (quoted && text[i] == '\\' && i + 1 < text.size()) {
      out += text[++i];
    } else if (text[i] == '"') {
      quoted = !quoted;
    }
  }
  return out;
}

// The objects of an array, from behind its bracket on.
void read_array(RowsByKey& rows, Position& position) {
  position.skip_spaces();
  const bool empty = !position.at_end() && position.here() == ']';
  if (empty) {
    position.advance();
    position.skip_spaces();
  }
  while (!empty) {
    read_object(rows, position);
    position.skip_spaces();
    if (position.at_end()) {
      fail("{}, line {}: truncated: the array of objects is not closed with ]", rows.path(), position.line());
    }
    const char c = position.here();
    if (c != ',' && c != ']') {
      fail("{}, line {}: not JSON: a comma or ] is expected behind an object of an array", rows.path(),
           position.line());
    }
    position.advance();
    position.skip_spaces();
    if (c == ']') break;
  }
  if (!position.at_end()) {
    fail("{}, line {}: something stands behind the array of objects; a file holds one", rows.path(),
         position.line());
  }
}

}  // namespace

bool is_json(std::string_view text) {
  const auto next = [&] {
    text.remove_prefix(std::min(
        text.size(),
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_space) - text.begin())));
    return text.empty() ? '\0' : text[0];
  };
  const char first = next();
  if (first != '{' && first != '[') return false;
  text.remove_prefix(1);
  const char second = next();
  return first == '[' ? second == '{' || second == ']' : second == '"' || second == '}';
}

RawTable read_json(const std::string& path, std::string_view text, const ReadOptions& options) {
  const std::string without_nan =
      text.find("NaN") == std::string_view::npos ? std::string() : nan_as_null(text);
  if (!without_nan.empty()) text = without_nan;
  RowsByKey rows(path);
  Position position(text, options.skip_rows + 1);
  position.skip_spaces();
  if (position.here() == '[') {
    position.advance();
    read_array(rows, position);
  } else {
    for (; !position.at_end(); position.skip_spaces()) read_object(rows, position);
  }
  RawTable table = rows.finish();
  if (table.columns.empty() && !options.reading) fail("{}: no object of the file has a key", path);
  return table;
}

}  // namespace runnel::data
