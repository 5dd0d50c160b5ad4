// Fingerprints of data, splits and spaces, and what to say where two of them differ.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/digest.h"
#include "core/fail.h"
#include "core/text.h"
#include "runnel/study.h"
#include "study/hyper_json.h"

namespace runnel::study {
namespace {

// Of one part of a thing, whose name stands beside it.
std::string digest_of(const Column& column) {
  Digest digest;
  if (column.type == Column::Type::number) return digest.values(std::span(column.numbers)).hex();
  digest.number(column.size());
  // One digest of the lengths and one of the texts end to end: a call for each text would take longer.
  std::string all;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_missing(row)) {
      digest.number(~std::uint64_t{0});  // no text is as long as this
      continue;
    }
    digest.number(column.texts[row].size());
    all += column.texts[row];
  }
  return digest.text(all).hex();
}

// Whether numbers are written in several ways (1.1 and 1.10), so that their texts say more than they do.
bool texts_say_more(const Column& column) {
  if (column.type != Column::Type::number || column.texts.empty()) return false;
  std::unordered_map<double, std::uint32_t> text_of;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_missing(row)) continue;
    const auto [at, fresh] = text_of.emplace(column.numbers[row], column.texts.code(row));
    if (!fresh && at->second != column.texts.code(row)) return true;
  }
  return false;
}

std::string digest_of_texts(const Column& column) {
  Digest digest;
  for (const std::string_view text : column.texts) digest.number(text.size()).text(text);
  return digest.hex();
}

std::string digest_of(const Block& block) {
  Digest digest;
  for (const std::size_t extent : block.shape) digest.number(extent);
  if (!block.doubles.empty()) return digest.values(std::span(block.doubles)).hex();
  return digest.values(std::span(block.values)).hex();
}

std::string digest_of(const std::vector<std::size_t>& rows) {
  Digest digest;
  digest.number(rows.size());
  for (const std::size_t row : rows) digest.number(row);
  return digest.hex();
}

// Truths and dates of the plainest form were texts to earlier versions, and their digest is that of texts.
std::string type_of(const Column& column) {
  const bool plain = column.type == Column::Type::number && column.number == NumberFormat{};
  if (plain) return "numbers";
  const bool texts = column.type != Column::Type::number &&
                     !(column.type == Column::Type::date && column.date != DateFormat{});
  return texts ? "texts" : describe(column.format());
}

Json table_parts(const Table& table) {
  Json parts = {{"rows", table.rows}, {"columns", Json::array()}};
  for (const Column& column : table.columns) {
    Json part = {{"name", column.name}, {"type", type_of(column)}, {"digest", digest_of(column)}};
    if (texts_say_more(column)) part["texts"] = digest_of_texts(column);
    parts["columns"].push_back(std::move(part));
  }
  if (table.block)
    parts["columns"].push_back({{"name", table.block->name},
                                {"type", fmt::format("a block of {}", fmt::join(table.block->shape, " x "))},
                                {"digest", digest_of(*table.block)}});
  // Where the table's own test rows begin decides which rows are which.
  if (table.test_begin) parts["test_begin"] = *table.test_begin;
  return parts;
}

Json rows_part(const std::string& name, const std::vector<std::size_t>& rows) {
  return {{"name", name}, {"rows", rows.size()}, {"digest", digest_of(rows)}};
}

Fingerprint fingerprint_of(const Json& parts) {
  std::string text = dumped(parts);
  std::string digest = Digest().text(text).hex();
  return {std::move(digest), std::move(text)};
}

// ---- differences ---------------------------------------------------------------------------------------

// The first few of a list, and how many there are besides.
std::string listed(const std::vector<std::string>& items, std::size_t most = 3) {
  std::string out;
  for (std::size_t i = 0; i < std::min(most, items.size()); ++i) out += (i == 0 ? "" : "; ") + items[i];
  if (items.size() > most) out += fmt::format("; and {} more", items.size() - most);
  return out;
}

const Json* named(const Json& list, const Json& name) {
  for (const Json& item : list)
    if (item.at("name") == name) return &item;
  return nullptr;
}

std::string shown(const Json& value) {
  return shortened(value.is_string() ? value.get<std::string>() : dumped(value));
}

void changed(const Json& before, const Json& now, const char* key, const std::string& what,
             std::vector<std::string>& out) {
  const Json was = before.contains(key) ? before[key] : Json("none"),
             is = now.contains(key) ? now[key] : Json("none");
  if (was != is) out.push_back(fmt::format("{} {} -> {}", what, shown(was), shown(is)));
}

// Columns by name: gone, new, of another type; and, where the rows are as many, of other values.
void table_differences(const Json& before, const Json& now, const std::string& of,
                       std::vector<std::string>& out) {
  changed(before, now, "rows", of + "rows", out);
  changed(before, now, "test_begin", of + "test rows from", out);
  const Json &was = before.at("columns"), &is = now.at("columns");
  std::vector<std::string> names_were, names_are;
  for (const Json& column : was) {
    const std::string name = column.at("name");
    names_were.push_back(name);
    const Json* other = named(is, column["name"]);
    if (other == nullptr)
      out.push_back(fmt::format("{}column '{}' is gone", of, shortened(name)));
    else if ((*other)["type"] != column["type"])
      out.push_back(fmt::format("{}column '{}' was {} and is {}", of, shortened(name), shown(column["type"]),
                                shown((*other)["type"])));
    else if (before["rows"] == now["rows"] && ((*other)["digest"] != column["digest"] ||
                                               other->value("texts", "") != column.value("texts", "")))
      out.push_back(fmt::format("{}column '{}' has other values", of, shortened(name)));
  }
  for (const Json& column : is) {
    names_are.push_back(column.at("name"));
    if (named(was, column["name"]) == nullptr)
      out.push_back(fmt::format("{}column '{}' is new", of, shortened(names_are.back())));
  }
  if (out.empty() && names_were != names_are) out.push_back(of + "the columns stand in another order");
}

void data_differences(const Json& before, const Json& now, std::vector<std::string>& out) {
  table_differences(before, now, "", out);
  if (before.contains("test") != now.contains("test"))
    out.push_back(now.contains("test") ? "there is now a file of test rows"
                                       : "the file of test rows is gone");
  else if (now.contains("test"))
    table_differences(before["test"], now["test"], "of the test file: ", out);
}

void split_differences(const Json& before, const Json& now, std::vector<std::string>& out) {
  const Json &was = before.at("sets"), &is = now.at("sets");
  for (const Json& set : is) {
    const Json* other = named(was, set.at("name"));
    const std::string name = set["name"];
    if (other == nullptr) {
      out.push_back(name + " is new");
      continue;
    }
    changed(*other, set, "rows", name + " rows", out);
    if ((*other)["rows"] == set["rows"] && (*other)["digest"] != set["digest"])
      out.push_back(name + " rows are others, as many as before");
  }
  for (const Json& set : was)
    if (named(is, set.at("name")) == nullptr) out.push_back(set["name"].get<std::string>() + " is gone");
}

void space_differences(const Json& before, const Json& now, std::vector<std::string>& out) {
  const Json &was = before.at("settings"), &is = now.at("settings");
  for (const auto& [name, value] : was.items()) changed(was, is, name.c_str(), name, out);
  for (const auto& [name, value] : is.items())
    if (!was.contains(name)) changed(was, is, name.c_str(), name, out);
}

}  // namespace

Fingerprint data_fingerprint(const Table& table, const Table* test) {
  Json parts = table_parts(table);
  if (test != nullptr) parts["test"] = table_parts(*test);
  return fingerprint_of(parts);
}

Fingerprint split_fingerprint(const Split& split, std::span<const runnel::Fold> folds) {
  Json sets = Json::array({rows_part("training", split.train), rows_part("validation", split.validation),
                           rows_part("test", split.test)});
  for (std::size_t i = 0; i < folds.size(); ++i) {
    sets.push_back(rows_part(fmt::format("fold {}'s training", i + 1), folds[i].train));
    sets.push_back(rows_part(fmt::format("fold {}'s validation", i + 1), folds[i].validation));
  }
  return fingerprint_of({{"sets", sets}});
}

Fingerprint settings_fingerprint(const std::vector<std::pair<std::string, std::string>>& settings) {
  Json parts = {{"settings", Json::object()}};
  for (const auto& [name, text] : settings) parts["settings"][name] = text;
  return fingerprint_of(parts);
}

std::string difference(const Fingerprint& before, const Fingerprint& now) {
  if (before.digest == now.digest) return "";
  const Json was = Json::parse(before.parts, nullptr, false), is = Json::parse(now.parts, nullptr, false);
  std::vector<std::string> out;
  try {
    if (is.contains("columns"))
      data_differences(was, is, out);
    else if (is.contains("sets"))
      split_differences(was, is, out);
    else
      space_differences(was, is, out);
  } catch (const nlohmann::json::exception&) {
    out.clear();  // parts of another version: the digests alone speak
  }
  return out.empty() ? "their fingerprints" : listed(out);
}

}  // namespace runnel::study
