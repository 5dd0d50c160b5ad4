// From text to nodes: recursive descent, one function for each level of binding.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <numbers>
#include <set>

#include "core/fail.h"
#include "core/text.h"
#include "data/utf8.h"
#include "expression/functions.h"
#include "runnel/expression.h"

namespace runnel {
namespace {

constexpr std::size_t kMostNodes = 10000;
constexpr int kDeepest = 500;  // brackets within brackets: the parser goes as deep as they do

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
// A byte that is not the first of a character of UTF-8.
bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

}  // namespace

class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) {}

  Expression parse() {
    skip_spaces();
    if (at_ == text_.size()) fail("the expression is empty: give one like 'log(x1 + x2) * x1'");
    for (;;) {
      const auto [name, place] = definition();
      const std::size_t value = sum();
      if (!name.empty()) define(name, place, value);
      const bool more = take(';') && at_ < text_.size();
      if (more && name.empty())
        wrong(place, "only the last value goes without a name: write name = in front of it");
      if (more) continue;
      if (at_ < text_.size()) wrong_here();
      expect_used(value);
      return std::move(expression_);
    }
  }

 private:
  // ---- text --------------------------------------------------------------------------------------------

  [[noreturn]] void wrong(std::size_t place, const std::string& what) const {
    const auto characters = [&](std::size_t bytes) {
      return std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(bytes),
                           [](char c) { return !continues(c); });
    };
    std::string line(text_);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    const auto column = characters(place);
    // Of a long text, what stands around the place.
    constexpr std::size_t around = 60;
    std::size_t begin = place > around ? place - around : 0, end = std::min(text_.size(), place + around);
    while (begin > 0 && continues(line[begin])) --begin;
    while (end < line.size() && continues(line[end])) ++end;
    fail("character {} of the expression: {}\n  {}\n  {:>{}}", column + 1, what,
         line.substr(begin, end - begin), "^", column - characters(begin) + 1);
  }

  [[noreturn]] void wrong_here() const {
    if (at_ == text_.size()) wrong(at_, "something is missing at the end");
    std::size_t end = at_ + 1;
    while (end < text_.size() && continues(text_[end])) ++end;
    const std::string found(text_.substr(at_, end - at_));
    if (found == ")") wrong(at_, "this ')' closes nothing");
    if (found == "=")
      wrong(at_,
            "a name is given by name = value; in front of the expression, which it ends with a semicolon");
    if (is_letter(found[0]) || is_digit(found[0]) || found == "(")
      wrong(at_, "an operator is missing before this: 2 x is written 2*x");
    wrong(at_,
          fmt::format("'{}' has no meaning here; there are + - * / ^ ( ) , ; = numbers and names", found));
  }

  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    skip_spaces();
    return true;
  }

  std::string_view name_here() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    skip_spaces();
    return name;
  }

  // ---- nodes -------------------------------------------------------------------------------------------

  std::size_t add(Expression::Node node, std::size_t place) {
    if (expression_.nodes_.size() == kMostNodes)
      wrong(place, fmt::format("more than {} nodes are too many to look at", kMostNodes));
    expression_.nodes_.push_back(std::move(node));
    return expression_.nodes_.size() - 1;
  }

  std::size_t number(double value, std::string text, std::size_t place) {
    return add({Expression::Kind::constant, std::move(text), "", value, {}, ""}, place);
  }

  std::size_t input(const std::string& name, std::size_t place) {
    const auto at = names_.find(name);
    if (at != names_.end()) return at->second;
    const std::size_t node = add({Expression::Kind::input, name, "", 0, {}, "input"}, place);
    names_.emplace(name, node);
    return node;
  }

  std::size_t call(const std::string& function, std::vector<std::size_t> operands, std::size_t place) {
    return add({Expression::Kind::call, "", function, 0, std::move(operands), ""}, place);
  }

  void define(const std::string& name, std::size_t place, std::size_t value) {
    if (expression::find_function(name) != nullptr || name == "pi" || name == "e" || names_.contains(name))
      wrong(place, fmt::format("'{}' has a meaning already", name));
    names_.emplace(name, value);
    Expression::Node& node = expression_.nodes_[value];
    if (node.kind == Expression::Kind::call && node.name.empty()) node.name = name;
    defined_.emplace_back(name, place);
  }

  // Every name that was given a value leads to the result; others are slips of the pen.
  void expect_used(std::size_t result) const {
    std::vector<bool> used(expression_.nodes_.size(), false);
    used[result] = true;
    for (std::size_t i = expression_.nodes_.size(); i-- > 0;)
      if (used[i])
        for (const std::size_t operand : expression_.nodes_[i].operands) used[operand] = true;
    for (const auto& [name, place] : defined_)
      if (!used[names_.at(name)]) wrong(place, fmt::format("'{}' is given a value that nothing uses", name));
  }

  // ---- levels ------------------------------------------------------------------------------------------

  // "name =" in front of a value; nothing where there is none.
  std::pair<std::string, std::size_t> definition() {
    const std::size_t before = at_;
    if (at_ < text_.size() && is_letter(text_[at_])) {
      const std::string name(name_here());
      if (take('=')) return {name, before};
    }
    at_ = before;
    return {"", before};
  }

  std::size_t sum() {
    std::size_t left = product();
    for (;;) {
      const std::size_t place = at_;
      const bool plus = next_is('+');
      if (!plus && !next_is('-')) return left;
      take(text_[at_]);
      const std::size_t right = product();
      left = call(plus ? "add" : "sub", {left, right}, place);
    }
  }

  std::size_t product() {
    std::size_t left = signed_power();
    for (;;) {
      const std::size_t place = at_;
      const bool times = next_is('*');
      if (!times && !next_is('/')) return left;
      take(text_[at_]);
      const std::size_t right = signed_power();
      left = call(times ? "mul" : "div", {left, right}, place);
    }
  }

  std::size_t signed_power() {
    const std::size_t place = at_;
    const Deeper deeper(*this);
    if (take('-')) {
      const std::size_t of = signed_power();
      Expression::Node& node = expression_.nodes_[of];
      if (node.kind == Expression::Kind::constant && of + 1 == expression_.nodes_.size() &&
          node.name[0] != '-') {
        node.constant = -node.constant;
        node.name = "-" + node.name;
        return of;
      }
      return call("neg", {of}, place);
    }
    if (take('+')) return signed_power();
    return power();
  }

  std::size_t power() {
    const std::size_t base = primary();
    const std::size_t place = at_;
    const bool stars = text_.substr(at_).starts_with("**");
    if (!stars && !next_is('^')) return base;
    if (stars) ++at_;
    take(text_[at_]);
    const std::size_t exponent = signed_power();
    return call("pow", {base, exponent}, place);
  }

  std::size_t primary() {
    const std::size_t place = at_;
    if (at_ == text_.size()) wrong(at_, "a number, a name or a bracket is missing at the end");
    const char c = text_[at_];
    if (is_digit(c) || c == '.') return literal();
    if (is_letter(c)) return named();
    if (c != '(') {
      if (c == '*' || c == '/' || c == '^' || c == ')' || c == ',' || c == ';')
        wrong(at_, fmt::format("a number, a name or a bracket is missing before this '{}'", c));
      wrong_here();
    }
    take('(');
    const Deeper deeper(*this);
    const std::size_t inner = sum();
    close(place);
    return inner;
  }

  std::size_t literal() {
    const std::size_t place = at_;
    const auto digits = [&] {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    digits();
    if (next_is('.')) ++at_;
    digits();
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      const std::size_t before = at_++;
      if (next_is('+') || next_is('-')) ++at_;
      if (at_ < text_.size() && is_digit(text_[at_]))
        digits();
      else
        at_ = before;
    }
    const std::string text(text_.substr(place, at_ - place));
    const std::optional<double> value = to_number(text);
    if (!value || !std::isfinite(*value)) wrong(place, fmt::format("'{}' is no number", text));
    skip_spaces();
    return number(*value, text, place);
  }

  std::size_t named() {
    const std::size_t place = at_;
    const std::string name(name_here());
    const expression::Function* function = expression::find_function(name);
    if (!next_is('(')) {
      if (name == "pi") return number(std::numbers::pi, name, place);
      if (name == "e") return number(std::numbers::e, name, place);
      if (function != nullptr)
        wrong(place, fmt::format("'{}' is a function: write {}({})", name, name,
                                 function->operands == 1 ? "x" : "x, y"));
      return input(name, place);
    }
    if (function == nullptr) {
      if (names_.contains(name))
        wrong(at_,
              fmt::format("an operator is missing before this: {} times a bracket is {}*(...)", name, name));
      std::vector<std::string> all;
      for (const ExpressionFunction& f : expression_functions()) all.push_back(f.name);
      wrong(place, fmt::format("there is no function '{}'{}", name, suggestion(name, all)));
    }
    const std::size_t bracket = at_;
    take('(');
    const Deeper deeper(*this);
    std::vector<std::size_t> operands;
    if (!next_is(')')) {
      do operands.push_back(sum());
      while (take(','));
    }
    close(bracket);
    if (operands.size() != function->operands)
      wrong(place, fmt::format("{} takes {}, not {}", name, counted(function->operands, "operand"),
                               operands.size()));
    return call(function->name, std::move(operands), place);
  }

  void close(std::size_t bracket) {
    if (take(')')) return;
    if (at_ < text_.size() && !next_is(';')) wrong_here();
    wrong(bracket, "this '(' is never closed");
  }

  class Deeper {
   public:
    explicit Deeper(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > kDeepest)
        parser_.wrong(parser_.at_, fmt::format("more than {} brackets or signs within each other", kDeepest));
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    ExpressionParser& parser_;
  };

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::map<std::string, std::size_t> names_;
  std::vector<std::pair<std::string, std::size_t>> defined_;  // and their places
  Expression expression_;
};

namespace {

// Names for what has none, and each call in terms of its operands' names.
void name_nodes(std::vector<Expression::Node>& nodes) {
  std::size_t count = 0;
  std::set<std::string> taken;
  for (const Expression::Node& node : nodes) taken.insert(node.name);
  for (Expression::Node& node : nodes) {
    if (node.kind != Expression::Kind::call) continue;
    while (node.name.empty()) {
      const std::string name = fmt::format("v{}", ++count);
      if (!taken.contains(name)) node.name = name;
    }
    const expression::Function& f = *expression::find_function(node.function);
    std::vector<std::string> operands;
    for (const std::size_t operand : node.operands) {
      const std::string& name = nodes[operand].name;  // a negative constant is one operand
      operands.push_back(name.starts_with('-') && f.sign != nullptr ? "(" + name + ")" : name);
    }
    if (f.sign == nullptr)
      node.text = fmt::format("{}({})", f.name, fmt::join(operands, ", "));
    else if (operands.size() == 1)
      node.text = f.sign + operands[0];
    else
      node.text = fmt::format("{} {} {}", operands[0], f.sign, operands[1]);
  }
}

}  // namespace

Expression Expression::parse(std::string_view text) {
  if (data::first_not_utf8(text) != std::string_view::npos) fail("the expression is not text (UTF-8)");
  Expression expression = ExpressionParser(text).parse();
  name_nodes(expression.nodes_);
  return expression;
}

}  // namespace runnel
