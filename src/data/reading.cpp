// How a file was read: from a table, as JSON, and another table brought to it.
#include "runnel/reading.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "data/numbers.h"
#include "data/typed.h"
#include "runnel/data.h"

namespace runnel {
namespace {

using Json = nlohmann::ordered_json;
using Order = DateFormat::Order;

constexpr std::array<std::pair<ColumnType, const char*>, 4> types = {{{ColumnType::number, "number"},
                                                                      {ColumnType::text, "text"},
                                                                      {ColumnType::truth, "truth"},
                                                                      {ColumnType::date, "date"}}};
constexpr std::array<std::pair<Order, const char*>, 4> orders = {
    {{Order::ymd, "ymd"}, {Order::dmy, "dmy"}, {Order::mdy, "mdy"}, {Order::clock, "clock"}}};

template <class T, std::size_t N>
const char* name_of(const std::array<std::pair<T, const char*>, N>& names, T value) {
  for (const auto& [v, name] : names)
    if (v == value) return name;
  return "";
}

template <class T, std::size_t N>
T from_name(const std::array<std::pair<T, const char*>, N>& names, const std::string& name) {
  for (const auto& [value, known] : names)
    if (name == known) return value;
  fail("the stored reading of columns has a '{}', which this version does not know", name);
}

char mark_from(const Json& json, std::string_view marks) {
  const auto text = json.get<std::string>();
  if (text.size() == 1 && marks.find(text[0]) != std::string_view::npos) return text[0];
  fail("the stored reading of columns has the mark '{}', which this version does not know", text);
}

char separator_from(const Json& json) {
  const auto text = json.get<std::string>();
  if (text.size() == 1) return text[0];
  fail("the stored reading of columns has the separator '{}', which is no single character", text);
}

// What is as usual is left out.
Json format_json(const std::string& name, const ColumnFormat& format) {
  Json out = {{"name", name}, {"type", name_of(types, format.type)}};
  if (format.type == ColumnType::date) out["order"] = name_of(orders, format.date.order);
  if (format.type != ColumnType::number && format.type != ColumnType::text) return out;
  const NumberFormat& n = format.number;
  if (n.decimal != '.') out["decimal"] = std::string(1, n.decimal);
  if (n.grouping != 0) out["grouping"] = std::string(1, n.grouping);
  if (!n.currency.empty()) out["currency"] = n.currency;
  if (n.percent) out["percent"] = true;
  if (n.brackets) out["brackets"] = true;
  if (format.truths) out["truths"] = true;
  return out;
}

ColumnFormat format_from(const Json& json) {
  ColumnFormat out;
  out.type = from_name(types, json.at("type").get<std::string>());
  if (out.type == ColumnType::date) out.date.order = from_name(orders, json.at("order").get<std::string>());
  // Texts may be levels that were numbers, and are then compared by value as these are written.
  if (out.type != ColumnType::number && out.type != ColumnType::text) return out;
  if (json.contains("decimal")) out.number.decimal = mark_from(json["decimal"], ".,");
  if (json.contains("grouping")) out.number.grouping = mark_from(json["grouping"], ",. '");
  out.number.currency = json.value("currency", "");
  out.number.percent = json.value("percent", false);
  out.number.brackets = json.value("brackets", false);
  out.truths = json.value("truths", false);
  return out;
}

// A column of numbers that never were texts, as texts.
Texts texts_of(const Column& column) {
  Texts out;
  out.reserve(column.size());
  for (std::size_t row = 0; row < column.size(); ++row) out.push_back(column.text(row));
  return out;
}

Column reread(const Column& column, const ColumnFormat& format, const data::MissingWords& missing) {
  data::RawColumn raw{.name = column.name, .texts = column.texts, .plain = column.plain};
  if (column.texts.empty() || column.type == ColumnType::text) {
    raw.absent.resize(column.size());
    for (std::size_t row = 0; row < raw.absent.size(); ++row) raw.absent[row] = column.is_missing(row);
  }
  if (column.texts.empty()) {
    raw.texts = texts_of(column);
    raw.plain.assign(column.size(), 1);
  }
  return data::read_as(std::move(raw), format, missing);
}

// Numbers of an array are numbers, whatever way of writing a file of texts had; a date is none.
bool is_read_so(const Column& column, const ColumnFormat& format) {
  if (column.texts.empty() && column.type == ColumnType::number) return format.type == ColumnType::number;
  return (column.told && column.type == format.type) || column.format() == format;
}

}  // namespace

const ColumnFormat* Reading::find(std::string_view name) const {
  const auto at =
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.first == name; });
  return at == columns.end() ? nullptr : &at->second;
}

std::string Reading::to_json() const {
  Json out = {{"columns", Json::array()}, {"missing", missing}};
  for (const auto& [name, format] : columns) out["columns"].push_back(format_json(name, format));
  if (header) out["header"] = *header;
  if (separator != 0) out["separator"] = std::string(1, separator);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Reading Reading::from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Reading out;
    for (const Json& column : json.at("columns"))
      out.columns.emplace_back(column.at("name").get<std::string>(), format_from(column));
    json.at("missing").get_to(out.missing);
    if (json.contains("header")) out.header = json["header"].get<bool>();
    if (json.contains("separator")) out.separator = separator_from(json["separator"]);
    return out;
  } catch (const nlohmann::json::exception& e) {
    fail("the stored reading of columns cannot be read: {}", e.what());
  }
}

std::string describe(const ColumnFormat& format) {
  switch (format.type) {
    case ColumnType::text:
      return "texts";
    case ColumnType::truth:
      return "truth values";
    case ColumnType::date:
      switch (format.date.order) {
        case Order::ymd:
          return "dates";
        case Order::dmy:
          return "dates, day first";
        case Order::mdy:
          return "dates, month first";
        case Order::clock:
          return "times of day";
      }
      return "";
    case ColumnType::number:
      const std::string how = data::describe(format.number);
      return how.empty() ? "numbers" : "numbers " + how;
  }
  return "";
}

Reading reading_of(const Table& table) {
  Reading out;
  for (const Column& column : table.columns) out.columns.emplace_back(column.name, column.format());
  out.missing = table.missing_words;
  out.header = table.header;
  out.separator = table.separator;
  return out;
}

std::optional<Table> reread(const Table& table, const Reading& reading) {
  const auto other = [&](const Column& column) {
    const ColumnFormat* format = reading.find(column.name);
    return format != nullptr && !is_read_so(column, *format);
  };
  if (std::none_of(table.columns.begin(), table.columns.end(), other)) return std::nullopt;
  const data::MissingWords missing(reading.missing);
  std::optional<Table> out = table;
  for (Column& column : out->columns)
    if (other(column)) column = reread(column, *reading.find(column.name), missing);
  return out;
}

}  // namespace runnel
