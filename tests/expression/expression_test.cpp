// Expressions: what they mean, that both modes of differentiation agree with each other and with differences,
// and that mistakes are shown where they are.
#include "runnel/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "error_of.h"

namespace runnel {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Point = std::map<std::string, double>;

double value_of(const std::string& text, const Point& at = {}) {
  return differentiate(Expression::parse(text), at).values.back();
}

TEST(Expression, BindsAsPeopleReadIt) {
  EXPECT_EQ(value_of("1 + 2 * 3"), 7);
  EXPECT_EQ(value_of("(1 + 2) * 3"), 9);
  EXPECT_EQ(value_of("10 - 3 - 2"), 5);
  EXPECT_EQ(value_of("16 / 4 / 2"), 2);
  EXPECT_EQ(value_of("2 ^ 3 ^ 2"), 512);
  EXPECT_EQ(value_of("2 ** 3"), 8);
  EXPECT_EQ(value_of("-x^2", {{"x", 3}}), -9);
  EXPECT_EQ(value_of("(-x)^2", {{"x", 3}}), 9);
  EXPECT_EQ(value_of("2^-1"), 0.5);
  EXPECT_EQ(value_of("- -3"), 3);
  EXPECT_EQ(value_of("+3 - +1"), 2);
  EXPECT_EQ(value_of("1.5e3 + .5 + 2."), 1502.5);
  EXPECT_EQ(value_of("s = x + 1; t = s * s; s + t;", {{"x", 2}}), 12);
  EXPECT_EQ(value_of("y = x * 2", {{"x", 2}}), 4);
  EXPECT_NEAR(value_of("ln(e^2) + cos(pi)"), 1, 1e-15);
}

TEST(Expression, FunctionsAreThoseOfTheirNames) {
  const std::map<std::string, double (*)(double)> known = {
      {"exp", std::exp},
      {"expm1", std::expm1},
      {"log", std::log},
      {"log1p", std::log1p},
      {"log2", std::log2},
      {"log10", std::log10},
      {"sqrt", std::sqrt},
      {"sin", std::sin},
      {"cos", std::cos},
      {"tan", std::tan},
      {"tanh", std::tanh},
      {"erf", std::erf},
      {"abs", std::fabs},
      {"floor", std::floor},
      {"ln", std::log},
      {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"softplus", [](double x) { return std::log1p(std::exp(x)); }},
      {"relu", [](double x) { return x > 0 ? x : 0; }},
      {"square", [](double x) { return x * x; }},
      {"rsqrt", [](double x) { return 1 / std::sqrt(x); }},
      {"sign", [](double x) { return x > 0   ? 1.0
                                     : x < 0 ? -1.0
                                             : 0.0; }}};
  for (const auto& [name, f] : known)
    EXPECT_NEAR(value_of(name + "(x)", {{"x", 0.7}}), f(0.7), 1e-15) << name;
  for (const ExpressionFunction& f : expression_functions()) {
    EXPECT_FALSE(f.meaning.empty()) << f.name;
    const bool tested = known.contains(f.name) || f.operands == 2 || f.name == "neg" || f.name == "logistic";
    EXPECT_TRUE(tested) << f.name;
  }
  EXPECT_EQ(value_of("max(x, 2) + min(x, 2) + pow(x, 2)", {{"x", 3}}), 3 + 2 + 9);
}

// The computation graph of an exam question, worked by hand.
TEST(Expression, ADocumentsGraph) {
  const Expression e = Expression::parse("log((x1+x2)*(2*x1+x2))");
  EXPECT_EQ(e.inputs(), (std::vector<std::string>{"x1", "x2"}));
  const NodeDerivatives d = differentiate(e, {{"x1", 1}, {"x2", 0}});
  std::map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < e.nodes().size(); ++i) at[e.nodes()[i].name] = i;
  EXPECT_NEAR(d.values.back(), std::log(2), 1e-15);
  EXPECT_DOUBLE_EQ(d.reverse[at["x1"]], 2);
  EXPECT_DOUBLE_EQ(d.reverse[at["x2"]], 1.5);
  EXPECT_DOUBLE_EQ(d.reverse.back(), 1);
  EXPECT_EQ(e.nodes()[at["v1"]].text, "x1 + x2");
  EXPECT_DOUBLE_EQ(d.reverse[at["v1"]], 1);    // (2 x1 + x2) / product
  EXPECT_DOUBLE_EQ(d.reverse[at["v3"]], 0.5);  // (x1 + x2) / product
  EXPECT_DOUBLE_EQ(d.forward[0][at["v3"]], 2);
  EXPECT_DOUBLE_EQ(d.forward[1][at["v4"]], 3);
}

// At the result both modes say the same, for every input, and so do differences; a chain of any node's two
// derivatives is the part of the gradient that goes through it.
TEST(Expression, BothModesAgreeWithDifferences) {
  for (const char* text : {"exp(-x^2) * sin(3*y) + x/y", "s = x*y; tanh(s) + s^3 - log1p(s*s) + max(x, y)",
                           "softplus(x - y) ^ (1/3) + logistic(x) * erf(y)", "sqrt(x^2 + y^2) - atan"}) {
    const std::string all = std::string(text).ends_with("atan") ? "sqrt(x^2 + y^2) - 2*log10(y)" : text;
    const Expression e = Expression::parse(all);
    const Point at{{"x", 0.8}, {"y", 1.7}};
    const NodeDerivatives d = differentiate(e, at);
    const std::vector<std::string> inputs = e.inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      Point up = at, down = at;
      up[inputs[i]] += 1e-6;
      down[inputs[i]] -= 1e-6;
      const double difference = (value_of(all, up) - value_of(all, down)) / 2e-6;
      std::size_t node = 0;
      while (e.nodes()[node].name != inputs[i]) ++node;
      EXPECT_NEAR(d.forward[i].back(), difference, 1e-8) << all;
      EXPECT_NEAR(d.reverse[node], d.forward[i].back(), 1e-14) << all;
    }
  }
}

TEST(Expression, MistakesAreShownWhereTheyAre) {
  const auto error = [](const std::string& text) { return error_of([&] { Expression::parse(text); }); };
  EXPECT_THAT(error(""), HasSubstr("the expression is empty"));
  EXPECT_THAT(error("log((x1+x2)"),
              AllOf(HasSubstr("character 4 of the expression: this '(' is never closed"),
                    HasSubstr("\n  log((x1+x2)\n     ^")));
  EXPECT_THAT(error("x + 2)"), AllOf(HasSubstr("character 6"), HasSubstr("this ')' closes nothing")));
  EXPECT_THAT(error("2x"), AllOf(HasSubstr("character 2"), HasSubstr("2 x is written 2*x")));
  EXPECT_THAT(error("x * * y"), AllOf(HasSubstr("character 5"), HasSubstr("missing before this '*'")));
  EXPECT_THAT(error("x +"), HasSubstr("missing at the end"));
  EXPECT_THAT(error("sqr(x)"), HasSubstr("there is no function 'sqr'; did you mean 'sqrt'?"));
  EXPECT_THAT(error("x(3)"), HasSubstr("there is no function 'x'"));
  EXPECT_THAT(error("x + x(3)"), HasSubstr("x times a bracket is x*(...)"));
  EXPECT_THAT(error("max(x)"), HasSubstr("max takes 2 operands, not 1"));
  EXPECT_THAT(error("sin()"), HasSubstr("sin takes 1 operand, not 0"));
  EXPECT_THAT(error("log + 1"), HasSubstr("'log' is a function: write log(x)"));
  EXPECT_THAT(error("x = 1; 2"), HasSubstr("'x' is given a value that nothing uses"));
  EXPECT_THAT(error("y = 1; y = 2; y"), HasSubstr("'y' has a meaning already"));
  EXPECT_THAT(error("sin = 3; sin"), HasSubstr("'sin' has a meaning already"));
  EXPECT_THAT(error("x; y"), HasSubstr("only the last value goes without a name"));
  EXPECT_THAT(error("x = = 2"), HasSubstr("character 5"));
  EXPECT_THAT(error("x $ y"), HasSubstr("'$' has no meaning here"));
  EXPECT_THAT(error("1e999"), HasSubstr("'1e999' is no number"));
  EXPECT_THAT(error("1..2"), HasSubstr("character"));
  EXPECT_THAT(error("über + 1"), AllOf(HasSubstr("character 1"), HasSubstr("'ü'")));
  EXPECT_THAT(error("x + ä"), HasSubstr("\n  x + ä\n      ^"));
  EXPECT_THAT(error("\xff"), HasSubstr("not text"));
  EXPECT_THAT(error(std::string(100000, '(')), HasSubstr("brackets or signs within each other"));
  EXPECT_THAT(error(std::string(100000, '-')), HasSubstr("brackets or signs within each other"));
  std::string powers = "x";
  for (int i = 0; i < 5000; ++i) powers += "^x";
  EXPECT_THAT(error(powers), HasSubstr("within each other"));
  std::string many = "x";
  for (int i = 0; i < 20000; ++i) many += "+x";
  EXPECT_THAT(error(many), HasSubstr("too many to look at"));
}

TEST(Expression, InputsNeedTheirValues) {
  const Expression e = Expression::parse("x1 * x2 + alpha");
  const auto error = [&](const Point& at) { return error_of([&] { differentiate(e, at); }); };
  EXPECT_THAT(error({{"x1", 1}}),
              HasSubstr("no value for x2, alpha: give it as --at x2=NUMBER,alpha=NUMBER"));
  EXPECT_THAT(error({{"x1", 1}, {"x2", 1}, {"alpha", 0}, {"alfa", 1}}), HasSubstr("did you mean 'alpha'?"));
  EXPECT_THAT(error_of([&] { e({}); }), HasSubstr("0 values"));
}

TEST(Expression, IsDrawnWithItsNumbers) {
  const Expression e = Expression::parse("s = x + 1; s * log(s)");
  const NodeDerivatives d = differentiate(e, {{"x", 1}});
  const Drawing drawing = drawing_of(e, &d);
  EXPECT_EQ(drawing.boxes.size(), e.nodes().size());
  EXPECT_EQ(drawing.arrows.size(), 5u);  // two operands each, one of log
  const std::string dot = to_dot(drawing);
  EXPECT_THAT(dot, AllOf(HasSubstr("s = x + 1 = 2"), HasSubstr("by x 1"), HasSubstr("digraph")));
  EXPECT_THAT(to_dot({{{Drawing::Kind::step, {"a \"b\" \\", "c\nd"}}}, {}}),
              HasSubstr("a \\\"b\\\" \\\\\\nc d"));
}

}  // namespace
}  // namespace runnel
