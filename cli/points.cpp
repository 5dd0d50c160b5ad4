#include "cli/points.h"

#include <sstream>
#include <string_view>

#include "core/fail.h"
#include "core/text.h"
#include "data/readers.h"
#include "runnel/models.h"

namespace runnel::cli {

namespace {

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

}  // namespace

Points points_from(const std::vector<std::string>& texts, const params::Configuration& base) {
  Points out;
  const auto take = [&](const std::string& where, const std::string& point) {
    try {
      models::check(params::read_point(base, point));
    } catch (const Error& e) {
      fail("--try {}: {}", where, e.what());
    }
    out.points.push_back(point);
  };
  for (const std::string& text : texts) {
    if (text.find('=') != std::string::npos) {
      take(text, text);
      continue;
    }
    if (text.empty()) fail("--try '': a point is given as name=value,name=value, or as a file of points");
    std::istringstream lines;
    try {
      std::string bytes = data::read_bytes(text);
      if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);  // UTF-8 says so
      lines.str(std::move(bytes));
    } catch (const Error& e) {
      fail("--try {} (a point is given as name=value,name=value)", e.what());
    }
    out.files.push_back(text);
    const std::size_t before = out.points.size();
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      const std::string point = trimmed(line.substr(0, line.find('#')));
      if (!point.empty()) take(fmt::format("{}:{}", text, number), point);
    }
    if (out.points.size() == before) fail("--try {}: there is no point in this file", text);
  }
  return out;
}

}  // namespace runnel::cli
