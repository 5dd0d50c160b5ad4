// What the program writes: results to the standard output, everything else to the standard error, colour to
// terminals alone.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::cli {

// The other end of a pipe was closed: no failure of ours.
struct ReaderGone : std::exception {};

void write_stdout(std::string_view text);  // raises Error(run) when it cannot all be written, or ReaderGone
void write_stderr(std::string_view text) noexcept;  // there is nobody left to tell of a failure
bool is_terminal(int descriptor);

// Modest colour: on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb.
class Style {
 public:
  explicit Style(int descriptor);
  std::string strong(std::string_view text) const { return wrapped("1", text); }
  std::string faint(std::string_view text) const { return wrapped("2", text); }
  std::string warning(std::string_view text) const { return wrapped("33", text); }
  std::string error(std::string_view text) const { return wrapped("31", text); }

 private:
  std::string wrapped(const char* code, std::string_view text) const;
  bool on_;
};

// A report has a left margin: each part begins with its name there, and goes on behind the margin.
constexpr std::string_view margin = "           ";
std::string part(const Style& style, std::string_view name);
std::string warnings_part(const Style& style, const std::vector<std::string>& warnings);  // one a line

// Fails where an output would take the place of one of the files that it is made from, by whatever name.
// Inputs may be empty, demo:NAME, or a pair "images,labels".
void refuse_to_overwrite(const std::string& output, const std::vector<std::string>& inputs,
                         std::string_view option = "-o");

// Where something is written to: "--report", "the report", its place; empty places are none.
struct Place {
  std::string option, what, path;
};
// Fails where two of them are one, or one an input. They need not be there yet.
void expect_apart(const std::vector<Place>& outputs, const std::vector<std::string>& inputs);

// "runnel: error: ..." on the standard error.
void complain(std::string_view text);
// "runnel: note: ..." lines on the standard error, unless quiet.
void write_notes(const std::vector<std::string>& notes, bool quiet);

// Rows of cells in aligned columns.
class Columns {
 public:
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void align_right(std::size_t column);
  // Each line begins with `indent`; nothing trails.
  std::string text(std::string_view indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
};

}  // namespace runnel::cli
