// ARFF, as Weka describes it (waikato.github.io/weka-wiki/formats_and_processing/arff_stable).
#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "core/fail.h"
#include "core/text.h"
#include "data/arff_tokens.h"
#include "data/numbers.h"
#include "data/readers.h"

namespace runnel::data {
namespace {

struct Attribute {
  enum class Kind { number, text, nominal, date };
  Kind kind = Kind::text;
  std::string name;
  DateFormat date = {};                        // of kind date
  std::vector<std::string> values = {};        // of kind nominal
  std::unordered_set<std::string> known = {};  // the same

  // What a sparse row leaves out: 0, which of nominal values is the first and of dates the first second of
  // 1970.
  std::optional<std::string_view> left_out() const {
    if (kind == Kind::number) return "0";
    if (kind == Kind::nominal) return values[0];
    if (kind == Kind::date) return "1970-01-01T00:00:00";
    return std::nullopt;
  }
};

ColumnFormat format_of(const Attribute& attribute) {
  switch (attribute.kind) {
    case Attribute::Kind::number:
      return {.type = ColumnType::number};
    case Attribute::Kind::date:
      return {.type = ColumnType::date, .date = attribute.date};
    default:
      return {.type = ColumnType::text};
  }
}

// The lines of a text that hold more than a comment.
class Lines {
 public:
  Lines(std::string_view text, std::size_t first) : text_(text), number_(first - 1) {}

  // False at the end.
  bool next() {
    while (!text_.empty()) {
      const std::size_t end = std::min(text_.find('\n'), text_.size());
      line_ = without_comment(text_.substr(0, end));
      text_.remove_prefix(std::min(end + 1, text_.size()));
      ++number_;
      if (!line_.empty()) return true;
    }
    return false;
  }
  std::string_view line() const { return line_; }
  std::size_t number() const { return number_; }

 private:
  std::string_view text_, line_;
  std::size_t number_;
};

// The order in which a format of Java's SimpleDateFormat names day, month and year.
DateFormat date_format(const ArffPlace& place, const std::string& name, const std::string& pattern) {
  std::string letters;  // y, M, d, each once, outside the quoted parts
  bool quoted = false;
  for (const char c : pattern) {
    if (c == '\'') quoted = !quoted;
    const bool counts = !quoted && (c == 'y' || c == 'M' || c == 'd');
    if (counts && letters.find(c) == std::string::npos) letters += c;
  }
  using Order = DateFormat::Order;
  if (letters.empty()) return {.order = Order::clock};
  if (letters == "y" || letters == "yM" || letters == "yMd") return {.order = Order::ymd};
  if (letters == "My" || letters == "dMy" || letters == "dM") return {.order = Order::dmy};
  if (letters == "Mdy" || letters == "Md") return {.order = Order::mdy};
  fail(
      "{}, line {}: the attribute '{}' has dates as \"{}\"; read are year, month, day in this order, turned "
      "round, or month first",
      place.path, place.line, shortened(name), pattern);
}

// The values of {a,'b c',d}, of which `rest` is what follows the opening bracket.
void take_nominal(const ArffPlace& place, std::string_view rest, Attribute& out) {
  const std::size_t close = rest.rfind('}');
  if (close == std::string_view::npos) {
    fail("{}, line {}: the values of the attribute '{}' are not closed with }} on the line", place.path,
         place.line, shortened(out.name));
  }
  if (!trimmed(rest.substr(close + 1)).empty()) {
    fail("{}, line {}: something stands behind the values of the attribute '{}'", place.path, place.line,
         shortened(out.name));
  }
  const std::string_view list = trimmed(rest.substr(0, close));
  if (list.empty())
    fail("{}, line {}: the attribute '{}' has no values", place.path, place.line, shortened(out.name));
  out.kind = Attribute::Kind::nominal;
  for (ArffWord& word : split_values(place, list)) {
    if (!out.known.insert(word.text).second) {
      fail("{}, line {}: the value '{}' of the attribute '{}' stands twice", place.path, place.line,
           shortened(word.text), shortened(out.name));
    }
    out.values.push_back(std::move(word.text));
  }
}

// What follows @attribute.
Attribute take_attribute(const ArffPlace& place, std::string_view rest) {
  Attribute out;
  out.name = take_word(place, rest, "{").text;
  if (out.name.empty()) fail("{}, line {}: @attribute without a name", place.path, place.line);
  rest = trimmed(rest);
  if (rest.starts_with('{')) {
    take_nominal(place, rest.substr(1), out);
    return out;
  }
  const std::string type = take_word(place, rest, "").text;
  const std::string kind = lower(type);
  if (kind == "numeric" || kind == "real" || kind == "integer") {
    out.kind = Attribute::Kind::number;
  } else if (kind == "date") {
    out.kind = Attribute::Kind::date;
    const std::string pattern = take_word(place, rest, "").text;
    if (!pattern.empty()) out.date = date_format(place, out.name, pattern);
  } else if (kind == "relational") {
    fail("{}, line {}: the attribute '{}' is relational: each of its cells is a table, which is not read",
         place.path, place.line, shortened(out.name));
  } else if (kind != "string") {
    fail("{}, line {}: the attribute '{}' has the type '{}'{}", place.path, place.line, shortened(out.name),
         shortened(type),
         suggestion(kind, {"numeric", "real", "integer", "string", "date", "{nominal, values}"}));
  }
  if (!trimmed(rest).empty()) {
    fail("{}, line {}: '{}' stands behind the type of the attribute '{}'", place.path, place.line,
         shortened(trimmed(rest)), shortened(out.name));
  }
  return out;
}

std::vector<Attribute> read_header(const std::string& path, Lines& lines) {
  std::vector<Attribute> out;
  std::unordered_map<std::string, std::size_t> line_of;
  while (lines.next()) {
    const ArffPlace place{path, lines.number()};
    std::string_view rest = lines.line();
    const std::string keyword = lower(take_word(place, rest, "").text);
    if (keyword == "@relation") continue;
    if (keyword == "@data") {
      if (out.empty()) fail("{}, line {}: @data before any @attribute", path, place.line);
      return out;
    }
    if (keyword != "@attribute") {
      fail("{}, line {}: '{}' where @attribute or @data is expected", path, place.line,
           shortened(lines.line()));
    }
    out.push_back(take_attribute(place, rest));
    const auto [it, fresh] = line_of.emplace(out.back().name, place.line);
    if (!fresh) {
      fail("{}, line {}: the attribute '{}' stands on line {} already; rename one", path, place.line,
           shortened(out.back().name), it->second);
    }
  }
  fail("{}: truncated: the file ends before @data", path);
}

class Rows {
 public:
  Rows(const std::string& path, std::vector<Attribute> attributes) : attributes_(std::move(attributes)) {
    table_.source = path;
    for (const Attribute& attribute : attributes_) {
      table_.columns.push_back({.name = attribute.name, .texts = {}, .declared = format_of(attribute)});
    }
  }

  void add(std::size_t line, std::string_view row) {
    const ArffPlace place{table_.source, line};
    const std::optional<std::string> weight = take_weight(place, row);
    if (row.starts_with('{')) {
      add_sparse(place, row);
    } else {
      add_dense(place, row);
    }
    if (weight && weights_.empty()) weights_.assign(table_.rows, "1");
    if (weight || !weights_.empty()) weights_.push_back(weight.value_or("1"));
    table_.lines.push_back(static_cast<std::uint32_t>(line));
    ++table_.rows;
  }

  RawTable finish() {
    if (!weights_.empty()) add_weights();
    if (table_.rows == 0) table_.notes.push_back("only a header, no rows: nothing stands behind @data");
    for (RawColumn& column : table_.columns) {
      column.texts.settle();
      if (column.declared && column.declared->type == ColumnType::number) column.plain.assign(table_.rows, 1);
      if (std::find(column.absent.begin(), column.absent.end(), 1) == column.absent.end()) column.absent = {};
    }
    return std::move(table_);
  }

 private:
  // "..., {5}": what the row weighs. Takes it off the row.
  std::optional<std::string> take_weight(const ArffPlace& place, std::string_view& row) {
    if (!row.ends_with('}')) return std::nullopt;
    const std::size_t open = row.rfind('{');
    if (open == 0 || open == std::string_view::npos) return std::nullopt;
    const std::string_view before = trimmed(row.substr(0, open));
    const std::string_view text = trimmed(row.substr(open + 1, row.size() - open - 2));
    if (!before.ends_with(',') || text.find_first_of("'\"") != std::string_view::npos) return std::nullopt;
    if (!parse_number(text, {})) {
      fail("{}, line {}: {{{}}} at the row's end is no weight: a number is expected", place.path, place.line,
           shortened(text));
    }
    row = trimmed(before.substr(0, before.size() - 1));
    return std::string(text);
  }

  void add_dense(const ArffPlace& place, std::string_view row) {
    const std::vector<ArffWord> words = split_values(place, row);
    if (words.size() != attributes_.size()) {
      fail("{}, line {}: {} for {}; correct the line (a value with a comma stands in quotes)", place.path,
           place.line, counted(words.size(), "value"), counted(attributes_.size(), "attribute"));
    }
    for (std::size_t c = 0; c < words.size(); ++c) add_cell(place, c, words[c]);
  }

  // {1 X, 3 Y}: the attributes are counted from 0.
  void add_sparse(const ArffPlace& place, std::string_view row) {
    if (!row.ends_with('}')) fail("{}, line {}: a sparse row is not closed with }}", place.path, place.line);
    std::string_view rest = trimmed(row.substr(1, row.size() - 2));
    std::vector<std::optional<ArffWord>> words(attributes_.size());
    while (!rest.empty()) {
      const std::string index = take_word(place, rest, ",").text;
      ArffWord& word = words[index_of(place, index, words)].emplace(take_word(place, rest, ","));
      if (word.text.empty() && !word.quoted) {
        fail("{}, line {}: attribute {} of a sparse row has no value; a missing one is written ?", place.path,
             place.line, index);
      }
      rest = trimmed(rest);
      if (rest.empty()) break;
      if (rest[0] != ',') {
        fail("{}, line {}: a comma is expected behind attribute {} of a sparse row", place.path, place.line,
             index);
      }
      rest.remove_prefix(1);
      rest = trimmed(rest);
    }
    for (std::size_t c = 0; c < words.size(); ++c) {
      if (words[c]) {
        add_cell(place, c, *words[c]);
      } else {
        push(c, attributes_[c].left_out());
      }
    }
  }

  std::size_t index_of(const ArffPlace& place, const std::string& text,
                       const std::vector<std::optional<ArffWord>>& words) const {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size() || index >= words.size()) {
      fail("{}, line {}: '{}' where a sparse row names an attribute by its number, 0 to {}", place.path,
           place.line, shortened(text), words.size() - 1);
    }
    if (words[index]) {
      fail("{}, line {}: attribute {} stands twice in a sparse row", place.path, place.line, index);
    }
    return index;
  }

  void add_cell(const ArffPlace& place, std::size_t c, const ArffWord& word) {
    const Attribute& attribute = attributes_[c];
    if (!word.quoted && word.text == "?") {
      push(c, std::nullopt);
      return;
    }
    if (attribute.kind == Attribute::Kind::number && !parse_number(word.text, {})) {
      fail("{}, line {}: '{}' is no number, which the attribute '{}' is declared to be", place.path,
           place.line, shortened(word.text), shortened(attribute.name));
    }
    if (attribute.kind == Attribute::Kind::nominal && !attribute.known.contains(word.text)) {
      fail("{}, line {}: '{}' is not among the values of the attribute '{}'{}", place.path, place.line,
           shortened(word.text), shortened(attribute.name), suggestion(word.text, attribute.values));
    }
    push(c, word.text);
  }

  void push(std::size_t c, std::optional<std::string_view> text) {
    table_.columns[c].texts.push_back(trimmed(text.value_or("")));
    table_.columns[c].absent.push_back(text ? 0 : 1);
  }

  void add_weights() {
    const std::string name = "weight";
    if (std::any_of(attributes_.begin(), attributes_.end(),
                    [&](const Attribute& a) { return a.name == name; })) {
      fail(
          "{}: its rows have weights ({{5}} at their ends), which become a column '{}', but there is one of "
          "this "
          "name; rename the attribute",
          table_.source, name);
    }
    table_.columns.push_back(
        {.name = name, .texts = Texts(weights_), .declared = ColumnFormat{.type = ColumnType::number}});
    table_.notes.push_back(fmt::format(
        "the rows' weights are the column '{}'; give --weight {} to train with them, or --drop {}", name,
        name, name));
  }

  RawTable table_;
  std::vector<Attribute> attributes_;
  std::vector<std::string> weights_;  // empty where no row has one
};

}  // namespace

bool is_arff(std::string_view text) {
  Lines lines(text, 1);
  if (!lines.next()) return false;
  const std::string keyword = lower(lines.line().substr(0, lines.line().find_first_of(" \t")));
  return keyword == "@relation" || keyword == "@attribute";
}

RawTable read_arff(const std::string& path, std::string_view text, const ReadOptions& options) {
  Lines lines(text, options.skip_rows + 1);
  Rows rows(path, read_header(path, lines));
  while (lines.next()) rows.add(lines.number(), lines.line());
  return rows.finish();
}

}  // namespace runnel::data
