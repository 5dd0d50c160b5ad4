// Finds how the columns of a text file are written, from all its cells, and reads them so.
#include <algorithm>
#include <map>

#include "core/fail.h"
#include "core/text.h"
#include "data/dates.h"
#include "data/marks.h"
#include "data/numbers.h"
#include "data/readers.h"
#include "data/truths.h"
#include "data/typed.h"
#include "data/unread.h"

namespace runnel::data {
namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What is said of a column by its name, else what is said of all.
template <class T>
std::optional<T> wish_of(const std::vector<std::pair<std::string, T>>& wishes, const std::string& name) {
  std::optional<T> out;
  for (const auto& [of, value] : wishes)
    if (of == name || (of.empty() && !out)) out = value;
  return out;
}

NumberWish number_wish(const ReadOptions& options, const std::string& name) {
  return {wish_of(options.decimal, name), wish_of(options.grouping, name)};
}

bool is_set(const NumberWish& wish) { return wish.decimal || wish.grouping; }

std::string order_name(DateFormat::Order order) {
  return order == DateFormat::Order::dmy ? "dmy" : order == DateFormat::Order::mdy ? "mdy" : "ymd";
}

// A column's format and, where it allows another reading, that one.
struct Found {
  ColumnFormat format = {};
  std::optional<NumberGuess> number = {};
  std::optional<DateGuess> date = {};
};

Found as_text() { return {.format = {.type = ColumnType::text}}; }

bool are_zero_and_one(const std::vector<std::string_view>& texts, const NumberFormat& format) {
  return std::all_of(texts.begin(), texts.end(), [&](std::string_view text) {
    const auto number = parse_number(text, format);
    return number && (*number == 0 || *number == 1);
  });
}

Found as_number(const NumberGuess& guess, const PresentTexts& texts) {
  return {.format = {.type = ColumnType::number,
                     .number = guess.format,
                     .truths = are_zero_and_one(texts.all, guess.format)},
          .number = guess};
}

Found found(const PresentTexts& texts, const NumberWish& numbers, std::optional<DateFormat::Order> dates) {
  if (texts.all.empty()) return {};
  // Days written as 20190131 are numbers too; whatever else is a date is none.
  if (const auto guess = find_date_format(texts.all, dates))
    return {.format = {.type = ColumnType::date, .date = guess->format}, .date = guess};
  // Where all are plain there is nothing to find.
  if (const auto guess = find_number_format(texts.written, texts.written.empty() ? NumberWish{} : numbers))
    return as_number(*guess, texts);
  if (are_truths(texts.all)) return {.format = {.type = ColumnType::truth}};
  return as_text();
}

std::size_t first_row_of(const Texts& texts, std::string_view text) {
  std::size_t row = 0;
  while (texts[row] != text) ++row;
  return row;
}

std::string where_of(const RawTable& raw, std::size_t row) {
  if (row < raw.lines.size()) return fmt::format("{}, line {}", raw.source, raw.lines[row]);
  return fmt::format("{}, row {}", raw.source, row);
}

// The first text that is no number in the way in which those are written that are numbers at all.
std::string_view first_no_number(const std::vector<std::string_view>& texts, const NumberWish& wish) {
  std::vector<std::string_view> numbers;
  for (const std::string_view text : texts)
    if (find_number_format({&text, 1}, wish)) numbers.push_back(text);
  const auto guess = find_number_format(numbers, wish);
  for (const std::string_view text : texts)
    if (!parse_number(text, guess ? guess->format : NumberFormat{})) return text;
  return "";
}

// Declared numeric: numbers, or an error that names the first cell that is none.
Found declared_number(const RawTable& raw, const RawColumn& column, const PresentTexts& texts,
                      const NumberWish& wish) {
  if (texts.all.empty()) return {};
  if (const auto guess = find_number_format(texts.written, wish)) return as_number(*guess, texts);
  const std::string_view odd = first_no_number(texts.written, wish);
  if (!odd.empty())
    fail(
        "{}, column '{}': '{}' is not a number, as --numeric says; correct it, or count it as missing with "
        "--missing",
        where_of(raw, first_row_of(column.texts, odd)), column.name, shortened(odd));
  fail("{}, column '{}': its numbers are not all written in one way, so that --numeric does not hold",
       raw.source, column.name);
}

// As the earlier file was read; what a flag says of numbers and dates goes before it. Cell by cell: what
// stands in this file decides nothing.
ColumnFormat as_before(const ColumnFormat& known, const NumberWish& numbers,
                       std::optional<DateFormat::Order> dates) {
  ColumnFormat out = known;
  if (known.type == ColumnType::date && known.date.order != DateFormat::Order::clock && dates)
    out.date.order = *dates;
  if (known.type != ColumnType::number) return out;
  NumberFormat& n = out.number;
  if (numbers.grouping) n.grouping = *numbers.grouping;
  if (numbers.decimal) n.decimal = *numbers.decimal;
  if (n.decimal != n.grouping && n.grouping != 0) return out;
  // The other mark follows the one that is told: thousands by comma leave a decimal point.
  const char other = numbers.decimal ? (n.decimal == ',' ? '.' : ',') : (n.grouping == ',' ? '.' : ',');
  if (numbers.decimal && !numbers.grouping) n.grouping = other;
  if (numbers.grouping && n.decimal == n.grouping) n.decimal = other;
  return out;
}

template <class T>
bool is_named(const std::vector<std::pair<std::string, T>>& wishes, const std::string& name) {
  return std::any_of(wishes.begin(), wishes.end(), [&](const auto& wish) { return wish.first == name; });
}

bool holds(const NumberFormat& format, const NumberWish& wish) {
  return (!wish.decimal || format.decimal == *wish.decimal) &&
         (!wish.grouping || format.grouping == *wish.grouping || format.grouping == 0);
}

std::string wish_name(const NumberWish& wish) {
  if (wish.decimal) return fmt::format("with a decimal {}", mark_name(*wish.decimal));
  return fmt::format("with thousands by {}", mark_name(*wish.grouping));
}

// The first text that is no number under the wish; empty when each is, if not all in one way.
std::string_view first_against(const std::vector<std::string_view>& texts, const NumberWish& wish) {
  for (const std::string_view text : texts) {
    const auto guess = find_number_format(std::span(&text, 1), wish);
    if (!guess || !holds(guess->format, wish)) return text;
  }
  return "";
}

std::string_view first_against(const std::vector<std::string_view>& texts, DateFormat::Order order) {
  for (const std::string_view text : texts)
    if (!parse_date(text, {order})) return text;
  return "";
}

// A flag for this column that does not hold is refused; one for all columns that does not hold for this one
// is told.
void expect_wishes(const RawTable& raw, const RawColumn& column, const PresentTexts& texts,
                   const ReadOptions& options, const Found& found, std::vector<std::string>& warnings) {
  const NumberWish numbers = number_wish(options, column.name);
  const bool is_number = found.format.type == ColumnType::number;
  const auto tell = [&](bool named, std::string_view odd, const std::string& what, const char* flag) {
    if (odd.empty()) return;
    if (named)
      fail("{}, column '{}': '{}' is no {}, as {} says; correct it, or leave the flag out",
           where_of(raw, first_row_of(column.texts, odd)), column.name, shortened(odd), what, flag);
    warnings.push_back(fmt::format("column '{}': '{}' is no {}: its cells are read as {}, whatever {} says",
                                   column.name, shortened(odd), what, describe(found.format), flag));
  };
  if (is_set(numbers) && !texts.written.empty()) {
    const bool named = is_named(options.decimal, column.name) || is_named(options.grouping, column.name);
    if (is_number ? !holds(found.format.number, numbers) : named)
      tell(named, first_against(texts.written, numbers), "number " + wish_name(numbers),
           numbers.decimal ? "--decimal" : "--thousands");
  }
  const auto dates = wish_of(options.dates, column.name);
  if (!dates || texts.all.empty()) return;
  const bool named = is_named(options.dates, column.name), is_date = found.format.type == ColumnType::date;
  const auto order = found.format.date.order;
  const bool other =
      is_date && order != *dates && order != DateFormat::Order::ymd && order != DateFormat::Order::clock;
  if (named ? !is_date || order != *dates : other)
    tell(named, first_against(texts.all, *dates), "date of the order " + order_name(*dates), "--dates");
}

// Flags that name a column whose type is given already, and another than theirs.
void expect_kind(const std::string& name, const ColumnFormat& format, const ReadOptions& options,
                 std::string_view who) {
  const auto refuse = [&](const char* flag) {
    fail("column '{}': {} as {}, so that {} does not hold for it; leave the flag out", name, who,
         describe(format), flag);
  };
  const bool number = format.type == ColumnType::number;
  if (!number && is_named(options.decimal, name)) refuse("--decimal");
  if (!number && is_named(options.grouping, name)) refuse("--thousands");
  if (format.type != ColumnType::date && is_named(options.dates, name)) refuse("--dates");
  if (format.type != ColumnType::text && holds(options.text, name)) refuse("--text");
}

Found found(const RawTable& raw, const RawColumn& column, const MissingWords& missing,
            const ReadOptions& options, std::vector<std::string>& warnings) {
  const NumberWish numbers = number_wish(options, column.name);
  const auto dates = wish_of(options.dates, column.name);
  if (options.reading)
    if (const ColumnFormat* known = options.reading->find(column.name)) {
      expect_kind(column.name, *known, options, "the model reads it");
      return {.format = as_before(*known, numbers, dates)};
    }
  if (holds(options.text, column.name)) return as_text();
  const PresentTexts texts = present_texts(column, missing);
  if (holds(options.numeric, column.name)) return declared_number(raw, column, texts, numbers);
  if (column.declared) {
    expect_kind(column.name, *column.declared, options, "the file declares it");
    if (is_named(options.dates, column.name) && column.declared->date.order != *dates)
      fail(
          "column '{}': the file declares it as {}, so that --dates does not hold for it; leave the flag out",
          column.name, describe(*column.declared));
    const bool truths = column.declared->type == ColumnType::text && are_truths(texts.all);
    return {.format = truths ? ColumnFormat{.type = ColumnType::truth} : *column.declared};
  }
  Found out = found(texts, numbers, dates);
  expect_wishes(raw, column, texts, options, out, warnings);
  return out;
}

// Where 1,126 may have a decimal comma or stand for 1126, the other columns of the file may know.
void decide_by_other_columns(std::vector<Found>& formats) {
  bool decimal = false, thousands = false;
  for (const Found& f : formats) {
    if (!f.number || f.number->other) continue;
    decimal = decimal || f.format.number.decimal == ',';
    thousands = thousands || f.format.number.grouping == ',';
  }
  if (!decimal || thousands) return;
  for (Found& f : formats) {
    // Not of 1.126, which has a plain reading.
    if (!f.number || !f.number->other || f.format.number.grouping != ',' || f.number->other->decimal != ',')
      continue;
    std::swap(f.number->format, *f.number->other);
    f.format.number = f.number->format;
  }
}

void warn_of_number(const std::string& name, const NumberGuess& guess, Table& table) {
  const NumberFormat& other = *guess.other;
  const std::string flag =
      other.grouping == 0 || other.grouping == guess.format.grouping
          ? "--decimal " + shell_quoted(name + "=" + std::string(mark_name(other.decimal)))
          : "--thousands " + shell_quoted(name + "=" + std::string(mark_name(other.grouping)));
  table.warnings.push_back(fmt::format("column '{}': '{}' is read as {}; if {} is meant, give {}", name,
                                       shortened(guess.example),
                                       from_number(parse_number(guess.example, guess.format).value_or(0)),
                                       from_number(parse_number(guess.example, other).value_or(0)), flag));
}

void warn_of_date(const std::string& name, const DateGuess& guess, Table& table) {
  const auto day = [&](const DateFormat& format) {
    const auto moment = parse_date(guess.example, format);
    return moment ? format_date(moment->utc, format) : std::string();
  };
  table.warnings.push_back(fmt::format("column '{}': '{}' is read as {}; if {} is meant, give --dates {}",
                                       name, shortened(guess.example), day(guess.format), day(*guess.other),
                                       shell_quoted(name + "=" + order_name(guess.other->order))));
}

std::string quoted(const std::vector<std::string>& names) {
  std::string out;
  constexpr std::size_t most = 6;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
    out += fmt::format("{}'{}'", i == 0 ? "" : ", ", shortened(names[i]));
  if (names.size() > most) out += fmt::format(" and {} more", names.size() - most);
  return out;
}

// Tells of columns whose cells are not written as a program writes them, those of one way together.
void tell_formats(const RawTable& raw, const std::vector<Found>& formats, Table& table) {
  std::map<std::string, std::vector<std::string>> of;
  for (std::size_t c = 0; c < formats.size(); ++c) {
    const ColumnFormat& f = formats[c].format;
    const bool plain_number = f.type == ColumnType::number && f.number == NumberFormat{};
    const bool told = (f.type == ColumnType::number && !plain_number) ||
                      (f.type == ColumnType::date && f.date != DateFormat{});
    if (told) of[describe(f)].push_back(raw.columns[c].name);
  }
  for (const auto& [how, names] : of)
    table.notes.push_back(
        fmt::format("{} {} read as {}", quoted(names), names.size() == 1 ? "is" : "are", how));
}

// Words of letters that are missing values among texts: None and NA are sometimes data.
void tell_missing_words(const Table& table, const MissingWords& missing, std::vector<std::string>& notes) {
  std::map<std::string, std::vector<std::string>> columns;
  for (const Column& column : table.columns) {
    if (column.type != ColumnType::text && column.type != ColumnType::truth) continue;
    std::map<std::string, std::size_t> counts;
    std::vector<std::uint8_t> is_missing_word(column.texts.count_different());
    bool any = false;
    for (std::size_t code = 0; code < is_missing_word.size(); ++code) {
      const std::string_view text = column.texts.different(code);
      is_missing_word[code] = is_word(text) && missing.contains(text);
      any = any || is_missing_word[code];
    }
    if (!any) continue;
    for (std::size_t row = 0; row < column.texts.size(); ++row)
      if (is_missing_word[column.texts.code(row)]) ++counts[std::string(column.texts[row])];
    for (const auto& [word, count] : counts)
      columns[word].push_back(
          fmt::format("{} of column '{}'", counted(count, "cell"), shortened(column.name)));
  }
  for (const auto& [word, where] : columns)
    notes.push_back(
        fmt::format("the word '{}' is taken for missing in {}; where it is a value, list the words that "
                    "are missing without it: --missing-only WORDS",
                    word, fmt::join(where, ", ")));
}

void check_names(const Table& table, const ReadOptions& options) {
  for (const auto* names : {&options.text, &options.numeric})
    for (const std::string& name : *names)
      if (!(table.block && table.block->name == name)) table.at(name);
  const auto each = [&](const auto& wishes) {
    for (const auto& wish : wishes)
      if (!wish.first.empty()) table.at(wish.first);
  };
  each(options.decimal);
  each(options.grouping);
  each(options.dates);
  for (const std::string& name : options.text)
    if (holds(options.numeric, name)) fail("column '{}' is named with both --text and --numeric", name);
}

}  // namespace

Table typed_untold(RawTable raw, const ReadOptions& options) {
  Table table;
  table.source = raw.source;
  table.rows = raw.rows;
  table.lines = std::move(raw.lines);
  table.notes = std::move(raw.notes);
  table.header = options.header;
  table.separator = raw.separator;
  table.missing_words = options.missing;
  const MissingWords missing(options.missing);
  for (const RawColumn& column : raw.columns) table.columns.push_back({.name = column.name});
  check_names(table, options);
  raw.lines = table.lines;

  std::vector<Found> formats;
  for (const RawColumn& column : raw.columns)
    formats.push_back(found(raw, column, missing, options, table.warnings));
  decide_by_other_columns(formats);
  if (!options.reading) tell_formats(raw, formats, table);
  for (std::size_t c = 0; c < formats.size(); ++c) {
    const std::string name = raw.columns[c].name;
    if (formats[c].number && formats[c].number->other) warn_of_number(name, *formats[c].number, table);
    if (formats[c].date && formats[c].date->other) warn_of_date(name, *formats[c].date, table);
    raw.columns[c].texts.settle();
    table.columns[c] = read_as(std::move(raw.columns[c]), formats[c].format, missing);
    table.columns[c].told =
        holds(options.text, name) || (options.reading && options.reading->find(name) != nullptr);
  }
  if (!options.reading) tell_missing_words(table, missing, table.notes);
  return table;
}

Table typed(RawTable raw, const ReadOptions& options) {
  Table table = typed_untold(std::move(raw), options);
  Unread unread;
  unread.add(table);
  for (std::string& text : unread.texts()) table.notes.push_back(std::move(text));
  return table;
}

}  // namespace runnel::data
