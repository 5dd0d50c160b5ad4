#include "cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/ranks.h"
#include "core/fail.h"

namespace runnel::cli {
namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ::ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Characters as a terminal shows them: UTF-8's continuation bytes take no place.
std::size_t shown_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

void write_stdout(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return;
  if (errno == EPIPE) throw ReaderGone();
  fail_run("the standard output cannot be written: {}", std::strerror(errno));
}

void write_stderr(std::string_view text) noexcept { write_all(STDERR_FILENO, text); }

// mpirun gives its processes a terminal of its own, whatever it makes of what they write there.
bool is_terminal(int descriptor) { return !is_rank() && ::isatty(descriptor) == 1; }

Style::Style(int descriptor) {
  const char *no_color = std::getenv("NO_COLOR"), *terminal = std::getenv("TERM");
  const bool refused = no_color != nullptr && *no_color != '\0';
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  on_ = is_terminal(descriptor) && !refused && !dumb;
}

std::string Style::wrapped(const char* code, std::string_view text) const {
  return on_ ? fmt::format("\x1B[{}m{}\x1B[0m", code, text) : std::string(text);
}

std::string part(const Style& style, std::string_view name) {
  return style.strong(fmt::format("{:<{}}", name, margin.size()));
}

std::string warnings_part(const Style& style, const std::vector<std::string>& warnings) {
  std::string out;
  for (const std::string& warning : warnings)
    out += style.warning(fmt::format("{:<{}}", "warning", margin.size())) + warning + "\n";
  return out;
}

void complain(std::string_view text) {
  // One line, but for what shows a place: indented lines below it.
  std::string line(text);
  for (std::size_t i = 0; i < line.size(); ++i)
    if (line[i] == '\n' && line.compare(i + 1, 2, "  ") != 0) line[i] = ' ';
  const Style style(STDERR_FILENO);
  write_stderr(fmt::format("runnel: {} {}\n", style.error("error:"), line));
}

void write_notes(const std::vector<std::string>& notes, bool quiet) {
  if (quiet) return;
  const Style style(STDERR_FILENO);
  for (const std::string& note : notes)
    write_stderr(fmt::format("runnel: {} {}\n", style.faint("note:"), note));
}

void refuse_to_overwrite(const std::string& output, const std::vector<std::string>& inputs,
                         std::string_view option) {
  std::error_code error;
  for (const std::string& input : inputs) {
    std::vector<std::string> files{input};
    if (const auto comma = input.find(','); comma != std::string::npos)
      files = {input, input.substr(0, comma), input.substr(comma + 1)};
    for (const std::string& file : files)
      if (!file.empty() && std::filesystem::equivalent(output, file, error))
        fail("{}: this would take the place of {}; choose another name with {}", output, file, option);
  }
}

void expect_apart(const std::vector<Place>& outputs, const std::vector<std::string>& inputs) {
  std::error_code error;
  const auto whole = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Place& place = outputs[i];
    if (place.path.empty()) continue;
    refuse_to_overwrite(place.path, inputs, place.option);
    for (std::size_t j = 0; j < i; ++j)
      if (!outputs[j].path.empty() && whole(place.path) == whole(outputs[j].path))
        fail("{} {}: that is where {} goes", place.option, place.path, outputs[j].what);
  }
}

void Columns::align_right(std::size_t column) {
  if (right_.size() <= column) right_.resize(column + 1);
  right_[column] = true;
}

std::string Columns::text(std::string_view indent) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], shown_width(row[c]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent);
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string space(widths[c] - shown_width(row[c]), ' ');
      const bool right = c < right_.size() && right_[c];
      line += (c == 0 ? "" : "  ") + (right ? space + row[c] : row[c] + space);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace runnel::cli
