#include "report/page.h"

#include <cmath>
#include <cstdlib>

#include "core/fail.h"

namespace runnel::report {

std::string filled(std::string_view page, const Json& data) {
  const std::size_t at = page.find(kDataMark);
  if (at == std::string_view::npos)
    fail_run("the page that was built into this program has no place for data");
  const std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(page.size() + text.size() + text.size() / 16);
  out += page.substr(0, at);
  for (const char c : text) {
    // These three stand in JSON inside of texts alone, where an escape means the same.
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  out += page.substr(at + kDataMark.size());
  return out;
}

Json rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::strtod(fmt::format("{:.5g}", value).c_str(), nullptr);
}

Json rounded(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(rounded(value));
  return out;
}

Json exact(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace runnel::report
