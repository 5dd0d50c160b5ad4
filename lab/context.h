// What an experiment runs in: it reads its parameters here and leaves its checks, tables and picture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/lab.h"
#include "runnel/array.h"

namespace runnel::lab {

class Context {
 public:
  // `result` has its experiment, seed and settings.
  explicit Context(Result& result) : result_(result) {}

  double number(std::string_view parameter) const;
  std::int64_t whole(std::string_view parameter) const;
  bool as_usual(std::string_view parameter) const;  // whether it has the value of the full size
  std::uint64_t seed() const { return result_.seed; }
  Array key(std::uint32_t stream) const;  // random numbers of one use: a function of the seed and `stream`

  // Checks that follow belong to this piece of the protocol and bear on these claims ("S4.7").
  void part(std::string title, std::vector<std::string> claims);

  // Each gives whether it passed. See Kind.
  bool absolute(std::string what, double measured, double expected, double tolerance);
  bool relative(std::string what, double measured, double expected, double tolerance);
  bool exact(std::string what, double measured, double expected);
  bool within(std::string what, double measured, double expected, double standard_error, double multiple = 4);
  bool at_most(std::string what, double measured, double bound);
  bool at_least(std::string what, double measured, double bound);
  bool holds(std::string what, bool true_or_not);
  void report(std::string what, double measured, double standard_error = 0);
  // A sentence on what was found.
  void note(std::string sentence);

  void table(Table table) { result_.tables.push_back(std::move(table)); }
  void caption(std::string sentence) { result_.picture.caption = std::move(sentence); }
  void panel(Panel panel) { result_.picture.panels.push_back(std::move(panel)); }

 private:
  const Parameter& parameter(std::string_view name) const;
  Part& current();
  bool add(Check check);

  Result& result_;
};

}  // namespace runnel::lab
