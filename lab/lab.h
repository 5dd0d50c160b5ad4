// The lab: experiments on what course documents say of gradients, optimisers, noise and generalisation. Each
// runs, checks itself against formulas, and says of every claim whether it holds. The documents are numbered
// 0 to 4; "S4.7" is the seventh claim of document 4.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/picture.h"

namespace runnel::lab {

// asked: the document asks and does not answer, so there is nothing to be right or wrong.
enum class Verdict { right, wrong, ambiguous, incomplete, asked };
std::string_view verdict_name(Verdict verdict);

struct Claim {
  std::string id;  // "S4.7"
  Verdict verdict = Verdict::right;
  std::string said;  // what the document says or asks, in a sentence
  std::string so;    // what is so, in a sentence that a student understands
};

// A size or rate that a user may set.
struct Parameter {
  std::string name, meaning;
  double full = 0, reduced = 0;  // its value, and that of the reduced size
  double least = 0, most = 0;    // what it may be set to
  bool whole = true;             // a whole number
};

using Settings = std::map<std::string, double>;

class Context;  // what an experiment runs in: lab/context.h

struct Experiment {
  std::string name;                                               // "not-rmsprop"
  std::string number;                                             // "L05", by which it is found as well
  std::string title;                                              // what it asks, in a line
  std::string claim = {}, source = {}, protocol = {}, pass = {};  // sentences; the source by document
  std::vector<Claim> claims = {};
  std::vector<Parameter> parameters = {};
  std::vector<Settings> also = {};  // other sizes at which the tests run it
  void (*run)(Context&) = nullptr;  // none: planned
  std::uint64_t seed() const;       // that it runs with unless another is given: its number
};

// All of them, in the order of their numbers.
const std::vector<Experiment>& experiments();
// By name or number; throws Error(input) naming the nearest.
const Experiment& find(std::string_view name);

// What the documents are, by number.
const std::vector<std::string>& documents();
// The number of the document of a claim: 4 of "S4.7"; none for what is no claim's name.
std::optional<std::size_t> document_of(std::string_view claim);
// Where a claim stands: "document 4: a student's answers: …".
std::string place_of(std::string_view claim);
// What experiments say of a claim, in their order; throws Error(input) where none says anything.
std::vector<std::pair<const Experiment*, const Claim*>> claims_named(std::string_view id);

// How a measured value stands to an expected one.
enum class Kind {
  absolute,         // |measured - expected| <= tolerance
  relative,         // ... <= tolerance |expected|
  exact,            // equal
  standard_errors,  // |measured - expected| <= tolerance times the standard error of the measurement
  at_most,          // measured <= expected
  at_least,         // measured >= expected
  holds,            // a statement, true if measured is 1
  reported          // measured and told, with nothing to compare it with
};
std::string_view kind_name(Kind kind);

struct Check {
  std::string what;
  Kind kind = Kind::exact;
  double measured = 0, expected = 0;
  double tolerance = 0;
  double standard_error = 0;  // of standard_errors, and of what is reported with one
  // A value that is not a number passes nothing.
  bool passed() const;
};

// Checks of one piece of the protocol, and the claims they bear on.
struct Part {
  std::string title;
  std::vector<std::string> claims = {};
  std::vector<Check> checks = {};
  std::vector<std::string> notes = {};  // what else was found, in sentences
  bool passed() const;
};

struct Table {
  std::string title = {};
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> rows = {};
};

struct Result {
  const Experiment* experiment = nullptr;
  std::uint64_t seed = 0;
  Settings settings = {};  // the value of every parameter
  std::vector<Part> parts = {};
  std::vector<Table> tables = {};
  Picture picture = {};
  std::optional<std::string> failure = {};  // the run ended early: why
  double seconds = 0;

  bool passed() const;
  std::int64_t checks() const;  // how many there are
  std::int64_t failed() const;
  // The checks that bear on a claim: those that passed, and all. What is only reported does not count.
  std::pair<std::int64_t, std::int64_t> checks_of(std::string_view claim) const;
};

struct Options {
  std::optional<std::uint64_t> seed = {};       // else each experiment's own
  std::map<std::string, std::string> set = {};  // parameters by name, as text
  bool reduced = false;
};

// Throws Error(input) unless each setting is a parameter of at least one of the experiments and a value that
// it may have, and for experiments that are planned.
void check_options(const std::vector<const Experiment*>& chosen, const Options& options);

// Runs one. Settings it has no parameter for are passed over. What goes wrong in the run is its result's
// failure; input at fault throws.
Result run(const Experiment& experiment, const Options& options = {});

// docs/lab.md: every experiment and every claim, what the document said and what is so.
std::string markdown();

}  // namespace runnel::lab
