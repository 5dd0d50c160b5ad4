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
#include <utility>
#include <variant>
#include <vector>

namespace runnel::params {

// list: whole numbers joined by x, as 64x32; none is the empty one.
enum class Kind { real, integer, choice, text, list };

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

// The numbers of a list: "64x32" is {64, 32}, "none" is {}. Throws Error(input) for other texts.
std::vector<std::int64_t> list_of(const Value& value);
Value list_value(const std::vector<std::int64_t>& numbers);

// Takes part only where the parameter of this name takes part and has one of these values, or with `is_not`
// none of them.
struct Condition {
  std::string name;
  std::vector<Value> values;
  bool is_not = false;
};

struct Limits {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;  // whether an end itself is not allowed
};

// How a list can be varied: its length (0 to 1000) by one name, its elements (some least one) by another.
struct ListParts {
  std::string length, element;  // "layers", "width"
  Limits lengths, elements;
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
  // Numbers that are read as these words: whoever writes a dropout of 0 wants none.
  std::optional<double> off_at = {}, automatic_at = {};
  std::vector<Condition> when = {};  // all of them
  ListParts parts = {};              // of a list
  std::vector<std::string> aliases = {};
  bool is_rare = false;   // few ask for it: tables tell it only where it is not as usual
  bool is_batch = false;  // its value is how many rows a step takes
};

// Throws Error(input) naming the parameter unless it may have this value.
void check(const Parameter& parameter, const Value& value);
// Numbers that stand for a word of the parameter as that word; other values as they are.
Value as_word(const Parameter& parameter, Value value);
// The value that a text stands for, which check has found allowed.
Value read(const Parameter& parameter, std::string_view text);

// "momentum takes part where optimizer is momentum or nesterov"; empty where it always does.
std::string when_it_takes_part(const Parameter& parameter);

// Says more about a parameter, also after others were declared; its schema outlives it, and stays in its
// place.
class Declaration {
 public:
  Declaration(std::vector<Parameter>& all, std::size_t place) : all_(all), place_(place) {}

  Declaration& meaning(std::string text);
  Declaration& log();  // numbers above 0
  Declaration& step(double step);
  Declaration& fixed();  // another value is another program
  Declaration& standard(Value value);
  // Also the number that is read as this word, if there is one.
  Declaration& may_be_off(std::optional<double> read_from = {});
  Declaration& may_be_automatic(std::optional<double> read_from = {});
  // On a parameter that was declared before: where it has one of these values, or none of them.
  Declaration& when(const std::string& name, std::vector<Value> values);
  Declaration& unless(const std::string& name, std::vector<Value> values);
  Declaration& alias(std::string name);  // another name that is understood
  Declaration& rare();

 private:
  Parameter& own() { return all_[place_]; }
  Declaration& add(Condition condition);
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
  // Whole numbers, fixed. A space varies it as one of several lists, or by the names of its length and of its
  // elements, both of them.
  Declaration list(const std::string& name, ListParts parts);
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
  // The place of a parameter in the list, by its name or an alias, with - for _ too; throws Error(input)
  // naming the nearest.
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

// Whether tables tell it of a candidate: it takes part, and is as usual only where many ask for it.
bool is_worth_telling(const Parameter& parameter, const Value& value);

// "rate=0.003 rank=8": those that take part.
std::string to_string(const Configuration& configuration);

// An axis of a space: a parameter that a search varies, over values, or over the numbers of a range. Of a
// list also its length, or one of its elements, which takes part where the list is as long.
struct Varied {
  enum class Part { whole, length, element };

  std::string name;  // of the parameter; of a part of a list as its ListParts call it: "layers", "width2"
  std::size_t place = 0;  // of the parameter in the schema
  std::vector<Value> values = {};
  Limits range = {};
  bool logarithmic = false;
  bool integer = false;
  double step = 0;
  std::int64_t points = 0;  // that a grid takes of a range, the ends among them; 0: all of an integer's
  Part part = Part::whole;
  std::int64_t element = 0;  // from 1
  // Varied only where it holds, of another axis or parameter; else the base's value.
  std::optional<Condition> when = {};
  std::string where = {};  // "space.toml:3:1", for messages

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
  explicit Space(std::shared_ptr<const Schema> schema);

  // These throw Error(input) for values that the parameter cannot have, for ranges that are empty, and for
  // what is varied already. A name may be that of a part of a list.
  Space& set(const std::string& name, Value value);  // not varied any more
  Space& vary(const std::string& name, std::vector<Value> values);
  Space& range(const std::string& name, double low, double high, std::int64_t points = 0);
  // "rate=0.001,0.01", "rate=1e-4..1e-1", on a log scale where the parameter is or where both ends are
  // positive and a factor of 20 or more apart; "rate=1e-4..1e-1:7" with the points of a grid.
  Space& vary(std::string_view text);
  // Of what is varied.
  Space& scale(const std::string& name, bool logarithmic);
  Space& when(const std::string& name, Condition condition);
  Space& told_at(const std::string& name, std::string where);

  // Throws Error(input) for a length without elements and the other way round, for a list that is varied by
  // its parts and as a whole, and for conditions that never hold or lead in a circle.
  void expect_sound() const;

  const Schema& schema() const { return *schema_; }
  const std::shared_ptr<const Schema>& shared_schema() const { return schema_; }
  // In the order in which they were named, what has no default before; an axis for each element of a list.
  const std::vector<Varied>& varied() const { return varied_; }
  // Values of those that are not varied.
  const Configuration& base() const { return base_; }
  // What an axis of this name can be: the parameter itself, or for a part of a list a parameter of its own.
  Parameter axis(std::string_view name) const;
  // A candidate's value on an axis; nothing where it takes no part.
  Value value_of(const Configuration& candidate, const Varied& axis) const;

  // The candidate at a point of the unit cube, one coordinate in [0, 1) for each axis.
  Configuration at(std::span<const double> point) const;
  // Every combination, the last axis varying fastest, one that takes no part counted once. Throws
  // Error(input) for a range without points and above a million candidates, before any is made.
  std::vector<Configuration> grid() const;
  // Throws Error(input) unless a candidate has an allowed value for all that takes part in it, and none for
  // the rest. It may lie outside what is varied.
  void check(const Configuration& candidate) const;

 private:
  class Making;
  Varied& declared(std::string_view name);
  Varied& fresh(std::string_view name);
  void expand();
  std::shared_ptr<const Schema> schema_;
  std::vector<Varied> declared_;  // elements of a list as one
  std::vector<bool> by_default_;  // of declared_
  std::vector<Varied> varied_;
  Configuration base_;
};

// "rate=0.003,hidden=64" as a candidate: `base` with these values, settled. Throws Error(input) for what is
// no value of a parameter, and for one that is named twice.
Configuration read_point(const Configuration& base, std::string_view text);

// Varies what a TOML file says. A key is a parameter's name, its value
//   a number or a text, which all candidates share; a text "low..high"; an array of values; or a table with
//   `values`, or `low` and `high` and, if wanted, `scale` ("linear", "log") and `points`; and `when`, a table
//   of one name and its value or array of values.
// Errors begin with `path`, line and column. Returns the parameters that the file names, in order.
std::vector<std::string> read_space(Space& space, const std::string& path, std::string_view text);

// A space as a JSON object: "parameters", an array of axes in order, and "base", the values of what nobody
// varies.
std::string to_json(const Space& space);

}  // namespace runnel::params
