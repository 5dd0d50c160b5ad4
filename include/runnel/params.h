// The hyperparameters of a training as one typed list: what each means, which values it may have, when it
// takes part, and what another value of it changes. A space says which of them a search varies, and over
// what.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace runnel::params {

enum class Kind { real, integer, choice, text };

// What another value of a parameter is. traced: another number in the same program, so that the lanes of a
// block may differ in it. fixed: another program. budget: how many epochs, another reading of the same
// trajectory. patience: when a candidate ends before its budget does. seed: of everything that a candidate
// draws.
enum class Role { traced, fixed, budget, patience, seed };

std::string_view kind_name(Kind kind);
std::string_view role_name(Role role);

// What a parameter is set to: a number, a text, or a word of its own that is neither. `off` leaves away what
// the parameter is about, `automatic` lets the training decide, and a parameter that takes no part has
// `nothing`.
class Value {
 public:
  Value() = default;                              // nothing
  Value(double number) : value_(number) {}        // NOLINT(google-explicit-constructor): as are all of these
  Value(std::int64_t number) : value_(number) {}  // NOLINT(google-explicit-constructor)
  Value(int number) : value_(std::int64_t{number}) {}     // NOLINT(google-explicit-constructor)
  Value(std::string text) : value_(std::move(text)) {}    // NOLINT(google-explicit-constructor)
  Value(const char* text) : value_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  static Value off() { return Value(Word::off); }
  static Value automatic() { return Value(Word::automatic); }

  bool is_nothing() const { return is(Word::nothing); }
  bool is_off() const { return is(Word::off); }
  bool is_automatic() const { return is(Word::automatic); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_text() const { return std::holds_alternative<std::string>(value_); }

  // These throw Error(input) for a value of another kind.
  double number() const;
  std::int64_t integer() const;
  const std::string& text() const;

  // Numbers are equal by their value: 1 and 1.0 are.
  friend bool operator==(const Value& a, const Value& b);

 private:
  enum class Word { nothing, off, automatic };
  explicit Value(Word word) : value_(word) {}
  bool is(Word word) const {
    const Word* own = std::get_if<Word>(&value_);
    return own != nullptr && *own == word;
  }
  std::variant<Word, double, std::int64_t, std::string> value_ = Word::nothing;
};

// The shortest text that reads back as the value: "0.001", "adam", "off", "automatic", and "-" for nothing.
std::string to_string(const Value& value);

// Takes part only where the parameter of this name takes part and has one of these values.
struct Condition {
  std::string name;
  std::vector<Value> values;
};

struct Limits {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();  // both ends are allowed
};

struct Parameter {
  std::string name;
  std::string meaning;  // half a sentence for help and reports
  Kind kind = Kind::real;
  Role role = Role::traced;
  Limits limits;                        // of numbers
  bool logarithmic = false;             // what matters is by which factor numbers differ
  double step = 0;                      // numbers are low + k step; 0: any number, of integers any whole one
  std::vector<std::string> words = {};  // of a choice
  // Of a text: its canonical form; throws Error(input) saying what is wrong with it.
  std::function<std::string(const std::string&)> canonical = {};
  std::optional<Value> standard = {};  // the default
  bool may_be_off = false, may_be_automatic = false;
  std::vector<Condition> when = {};  // all of them
  bool is_batch = false;             // its value is how many rows a step takes
};

// Throws Error(input) naming the parameter unless it may have this value.
void check(const Parameter& parameter, const Value& value);
// The value that a text stands for, which check has found allowed.
Value read(const Parameter& parameter, std::string_view text);

// Says more about a parameter, also after others were declared; its schema outlives it, and stays in its
// place.
class Declaration {
 public:
  // Of the last of them.
  explicit Declaration(std::vector<Parameter>& all) : all_(all), place_(all.size() - 1) {}

  Declaration& meaning(std::string text);
  Declaration& log();  // numbers above 0
  Declaration& step(double step);
  Declaration& fixed();  // another value is another program
  Declaration& standard(Value value);
  Declaration& may_be_off();
  Declaration& may_be_automatic();
  // On a parameter that was declared before.
  Declaration& when(const std::string& name, std::vector<Value> values);

 private:
  Parameter& own() { return all_[place_]; }
  std::vector<Parameter>& all_;
  std::size_t place_;
};

// The list. A parameter without a default is one that a search varies unless it is told a value. All of these
// throw Error(input) for a name that is taken or is no name, and for limits that leave no value.
class Schema {
 public:
  Declaration real(const std::string& name, Limits limits);     // traced
  Declaration integer(const std::string& name, Limits limits);  // traced
  Declaration choice(const std::string& name, std::vector<std::string> words);
  // `canonical` as in Parameter; none: every text is its own.
  Declaration text(const std::string& name, std::function<std::string(const std::string&)> canonical = {});
  // How many epochs a candidate trains. A schema has one at most; without one it is 1.
  Declaration budget(const std::string& name, std::int64_t standard);
  // How many rows a step takes, fixed. A schema has one at most; without one a step takes all rows.
  Declaration batch(const std::string& name, std::int64_t standard);
  // After how many epochs without a better one a candidate ends, and is what it was after its best; or off. A
  // schema has one at most.
  Declaration patience(const std::string& name, Value standard = Value::off());
  // What a candidate's key is made of. A schema has one at most; without one it is the search's own seed.
  Declaration seed(const std::string& name, std::int64_t standard = 0);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  // The place of a parameter in the list; throws Error(input) naming the nearest.
  std::size_t place(std::string_view name) const;
  const Parameter& operator[](std::string_view name) const { return parameters_[place(name)]; }
  std::optional<std::size_t> place_of(Role role) const;  // of the budget, of the patience, of the seed
  std::optional<std::size_t> place_of_batch() const;

 private:
  Declaration add(Parameter parameter);
  std::vector<Parameter> parameters_;
};

// Throws Error(input) unless two schemas declare the same parameters; `what` has the first one.
void expect_same_schema(const Schema& has, const Schema& wanted, const std::string& what);

// A value for each parameter of a schema.
class Configuration {
 public:
  // Defaults, and nothing where there is none.
  explicit Configuration(std::shared_ptr<const Schema> schema);
  Configuration(std::shared_ptr<const Schema> schema, std::vector<Value> values);

  const Schema& schema() const { return *schema_; }
  const std::vector<Value>& values() const { return *values_; }
  const Value& operator[](std::string_view name) const { return (*values_)[schema_->place(name)]; }
  void set(std::string_view name, Value value);  // checked, as in `check`

  // Sets those that take no part to nothing. Throws Error(input) for one that takes part and has no value.
  void settle();
  bool takes_part(std::size_t place) const;

  friend bool operator==(const Configuration& a, const Configuration& b) {
    return a.values_ == b.values_ || *a.values_ == *b.values_;
  }

 private:
  std::vector<Value>& own_values();
  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<std::vector<Value>> values_;  // shared by copies until one of them changes
};

// "rate=0.003 rank=8": those that take part.
std::string to_string(const Configuration& configuration);

// A parameter that a search varies: over values, or over the numbers of a range.
struct Varied {
  std::size_t place = 0;  // in the schema
  std::vector<Value> values = {};
  Limits range = {};
  bool logarithmic = false;
  bool integer = false;
  double step = 0;
  std::int64_t points = 0;  // that a grid takes of a range, the ends among them; 0: all of an integer's

  // The value at u in [0, 1), and the other way round the middle of the u that lead to a value. Real numbers
  // have six significant digits, so that what is shown can be run again.
  Value at(double u) const;
  double place_in_unit(const Value& value) const;
  bool contains(const Value& value) const;
};

// What a search varies, and the values of all else.
class Space {
 public:
  // Varies what has no default, over all that is allowed.
  Space(Schema schema);  // NOLINT(google-explicit-constructor): a schema is a space already

  // These throw Error(input) for values that the parameter cannot have and for ranges that are empty.
  Space& set(const std::string& name, Value value);  // not varied any more
  Space& vary(const std::string& name, std::vector<Value> values);
  Space& range(const std::string& name, double low, double high, std::int64_t points = 0);
  // "rate=0.001,0.01", "rate=1e-4..1e-1", on a log scale where the parameter is or where both ends are
  // positive and a factor of 20 or more apart; "rate=1e-4..1e-1:7" with the points of a grid.
  Space& vary(std::string_view text);

  const Schema& schema() const { return *schema_; }
  const std::vector<Varied>& varied() const { return varied_; }
  // Values of those that are not varied.
  const Configuration& base() const { return base_; }

  // The candidate at a point of the unit cube, one coordinate in [0, 1) for each varied parameter.
  Configuration at(std::span<const double> point) const;
  // Every combination, the last parameter varying fastest, one that takes no part counted once. Throws
  // Error(input) for a range without points and above a million candidates, before any is made.
  std::vector<Configuration> grid() const;
  // Throws Error(input) unless a candidate has an allowed value for all that takes part in it, and none for
  // the rest. It may lie outside what is varied.
  void check(const Configuration& candidate) const;

 private:
  Varied& varied(const std::string& name);
  std::shared_ptr<const Schema> schema_;
  std::vector<Varied> varied_;  // in the schema's order
  Configuration base_;
};

}  // namespace runnel::params
