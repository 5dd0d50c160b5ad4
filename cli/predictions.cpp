// Predictions as CSV.
#include "cli/report.h"
#include "core/fail.h"

namespace runnel::cli {
namespace {

// RFC 4180: quotes around what holds a separator, a quote or a line's end; a quote inside is doubled.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos && !text.starts_with(' ') && !text.ends_with(' '))
    return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::string predictions_header(const Model& model) {
  std::string out = "prediction";
  for (const std::string& name : model.target.classes()) out += "," + cell("p_" + name);
  return out + "\n";
}

std::string predictions_lines(const Model& model, const Predictions& predictions) {
  // The shortest text that reads back as the number.
  const auto append = [](std::string& to, double value) {
    fmt::format_to(std::back_inserter(to), "{}", value);
  };
  std::vector<std::string> classes;
  for (const std::string& name : model.target.classes()) classes.push_back(cell(name));
  std::string out;
  for (const double value : predictions.values) {
    append(out, value);
    out += "\n";
  }
  for (std::size_t i = 0; i < predictions.labels.size(); ++i) {
    out += classes.at(predictions.labels[i]);
    for (const double p : predictions.probabilities.row(i)) {
      out += ",";
      append(out, p);
    }
    out += "\n";
  }
  return out;
}

}  // namespace runnel::cli
