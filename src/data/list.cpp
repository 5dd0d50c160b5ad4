#include "data/list.h"

#include "core/fail.h"
#include "core/text.h"

namespace runnel::data {
namespace {

[[noreturn]] void fail_unclosed(std::string_view list, std::string_view field) {
  fail("'{}': the double quote before {} is not closed", list, shortened(field.substr(1)));
}

// Where the field that begins at `begin` ends: at a comma outside quotes, or with the text.
std::size_t end_of_field(std::string_view text, std::size_t begin) {
  const std::size_t first = text.find_first_not_of(" \t", begin);
  std::size_t at = begin;
  if (first != std::string_view::npos && text[first] == '"') {
    at = first + 1;
    while (true) {  // a doubled quote closes and opens again
      at = text.find('"', at);
      if (at == std::string_view::npos) fail_unclosed(text, text.substr(first));
      ++at;
      if (at == text.size() || text[at] != '"') break;
      ++at;
    }
  }
  return std::min(text.find(',', at), text.size());
}

std::vector<std::string_view> fields(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = end_of_field(text, begin);
    out.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

// A field without its quotes.
std::string unquoted(std::string_view field, std::string_view list) {
  if (!field.starts_with('"')) return std::string(field);
  std::string out;
  std::size_t i = 1;
  for (; i < field.size(); ++i) {
    if (field[i] == '"' && !field.substr(i).starts_with("\"\"")) break;
    if (field[i] == '"') ++i;
    out += field[i];
  }
  if (i == field.size()) fail_unclosed(list, field);
  if (const std::string_view rest = field.substr(i + 1); !rest.empty())
    fail("'{}': after the closing double quote of '{}' comes a comma or the end, not '{}'", list, out, rest);
  return out;
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view field : fields(text)) out.push_back(unquoted(field, text));
  return out;
}

std::vector<std::string> names_in(const std::string& flag, const std::string& argument) {
  std::vector<std::string> names;
  try {
    names = split_list(argument);
  } catch (const Error& e) {
    fail("{} {}", flag, e.what());
  }
  for (const std::string& name : names)
    if (name.empty()) fail("{} '{}': a name in the list is empty", flag, argument);
  return names;
}

std::vector<NamedText> split_named_list(std::string_view text) {
  std::vector<NamedText> out;
  for (const std::string_view field : fields(text)) {
    const std::size_t equals = field.rfind('=');
    if (equals == std::string_view::npos) fail("'{}': '{}' is not a name, '=' and a value", text, field);
    out.push_back(
        {unquoted(trimmed(field.substr(0, equals)), text), std::string(trimmed(field.substr(equals + 1)))});
  }
  return out;
}

std::string in_list(std::string_view name) {
  const bool plain =
      name == trimmed(name) && !name.starts_with('"') && name.find(',') == std::string_view::npos;
  if (plain) return std::string(name);
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string joined_list(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : ",") + in_list(names[i]);
  return out;
}

}  // namespace runnel::data
