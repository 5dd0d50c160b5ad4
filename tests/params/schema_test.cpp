// The typed list of hyperparameters: what it takes, what it refuses and with which words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "error_of.h"
#include "runnel/params.h"

namespace runnel::params {
namespace {

using testing::HasSubstr;

Schema network() {
  Schema s;
  s.choice("optimizer", {"sgd", "adam", "momentum"}).standard("adam");
  s.real("rate", {1e-5, 10}).log().standard(1e-3);
  s.real("momentum", {0, 0.999}).standard(0.9).when("optimizer", {"momentum"});
  s.real("clip", {1e-6, 1e6}).log().may_be_off().standard(Value::off());
  s.integer("layers", {0, 4}).fixed().standard(1);
  s.integer("width", {1, 256}).log().fixed().standard(16).when("layers", {1, 2, 3, 4});
  s.real("share", {0, 1}).step(0.25).standard(0.5);
  s.batch("batch", 32);
  s.budget("epochs", 10);
  s.seed("seed");
  return s;
}

TEST(Value, IsOneOfItsKinds) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_NE(Value(1), Value("1"));
  EXPECT_NE(Value::off(), Value::automatic());
  EXPECT_NE(Value::off(), Value());
  EXPECT_NE(Value::off(), Value(0));
  EXPECT_EQ(Value(3.0).integer(), 3);
  EXPECT_THAT(error_of([] { (void)Value(3.5).integer(); }), HasSubstr("3.5 is not a whole number"));
  EXPECT_THAT(error_of([] { (void)Value("adam").number(); }), HasSubstr("\"adam\" is not a number"));
  EXPECT_THAT(error_of([] { (void)Value(2).text(); }), HasSubstr("2 is not a text"));
}

TEST(Value, IsShownAsItIsRead) {
  const Schema s = network();
  const std::pair<const char*, std::vector<const char*>> shown[] = {
      {"rate", {"0.001", "1e-05", "0.3333333333333333", "10"}},
      {"clip", {"off", "2.5"}},
      {"layers", {"0", "4"}},
      {"optimizer", {"sgd"}}};
  for (const auto& [name, texts] : shown)
    for (const char* text : texts) EXPECT_EQ(to_string(read(s[name], text)), text);
  EXPECT_TRUE(read(s["layers"], "3").is_integer());
  EXPECT_EQ(read(s["rate"], "1e-3"), Value(0.001));
}

// A declaration is of its own parameter, whatever else is declared meanwhile.
TEST(Schema, LetsDeclarationsBeKept) {
  Schema s;
  Declaration rate = s.real("rate", {0.001, 1});
  for (int i = 0; i < 40; ++i) s.integer("n" + std::to_string(i), {0, 9});  // the list has moved
  rate.log().standard(0.5).meaning("of a step");
  EXPECT_TRUE(s["rate"].logarithmic);
  EXPECT_EQ(s["rate"].standard, Value(0.5));
  EXPECT_EQ(s["rate"].meaning, "of a step");
  EXPECT_FALSE(s["n39"].logarithmic);
  EXPECT_FALSE(s["n39"].standard.has_value());
  EXPECT_THAT(error_of([&] { rate.when("n0", {1}); }),
              HasSubstr("rate depends on n0, which is not declared before it"));
}

TEST(Schema, RefusesValues) {
  const Schema s = network();
  const std::tuple<const char*, const char*, const char*> refused[] = {
      {"rate", "11", "rate is 11: it is from 1e-05 to 10"},
      {"rate", "nan", "rate is nan: it is a finite number"},
      {"rate", "fast", "rate is \"fast\": it is a number, from 1e-05 to 10"},
      {"rate", "off", "rate is \"off\": it is a number"},
      {"layers", "1.5", "layers is 1.5: it is a whole number"},
      {"share", "0.3", "share is 0.3: it goes from 0 in steps of 0.25"},
      {"optimizer", "adamm", "optimizer is \"adamm\"; did you mean 'adam'?"},
      {"batch", "0", "batch is 0: it is from 1 to 1000000000"},
  };
  for (const auto& [name, text, message] : refused)
    EXPECT_THAT(error_of([&] { read(s[name], text); }), HasSubstr(message));
  EXPECT_THAT(error_of([&] { s.place("rat"); }), HasSubstr("there is no hyperparameter \"rat\""));
  EXPECT_THAT(error_of([&] { s.place("rat"); }), HasSubstr("rate"));
}

TEST(Schema, RefusesDeclarations) {
  const std::pair<std::function<void(Schema&)>, const char*> refused[] = {
      {[](Schema& s) {
         s.real("rate", {0, 1});
       },
       "the schema has rate twice"},
      {[](Schema& s) {
         s.real("a rate", {0, 1});
       },
       "\"a rate\" is no name"},
      {[](Schema& s) {
         s.real("x", {1, 0});
       },
       "x goes from 1 to 0: there is no number between"},
      {[](Schema& s) {
         s.real("x", {0, 1}).log();
       },
       "x is on a log scale, which is for numbers above 0"},
      {[](Schema& s) {
         s.real("x", {0, 1}).standard(2);
       },
       "x is 2: it is from 0 to 1"},
      {[](Schema& s) {
         s.real("x", {0, 1}).when("rate", {0.1});
       },
       "whether it takes part would differ"},
      {[](Schema& s) {
         s.real("x", {0, 1}).when("y", {1});
       },
       "x depends on y, which is not declared before it"},
      {[](Schema& s) {
         s.choice("x", {"a", "b", "a"});
       },
       "x has the choice \"a\" twice"},
      {[](Schema& s) {
         s.choice("x", {"on", "off"});
       },
       "which is a word for every parameter"},
      {[](Schema& s) { s.choice("x", {""}); }, "a word is not empty"},
      {[](Schema& s) { s.choice("x", {"a,b"}); }, "no comma"},
      {[](Schema& s) {
         s.real("x", {0, 10}).standard(0.55).step(1);
       },
       "x is 0.55: it goes from 0 in steps of 1"},
      {[](Schema&) { Configuration(nullptr); }, "a configuration needs a schema"},
      {[](Schema& s) { s.budget("rounds", 3); }, "two budgets, epochs and rounds"},
      {[](Schema& s) {
         s.real("x", {0, 1}).step(1e-300);
       },
       "more steps than can be counted"},
      {[](Schema& s) {
         s.integer("x", {0.5, 3});
       },
       "x is a whole number and goes from 0.5 to 3"},
      {[](Schema& s) {
         s.real("x", {-1e308, 1e308});
       },
       "x goes from -1e+308 to 1e+308, which is wider than any number"},
      {[](Schema& s) {
         s.list("x", {"many", "each", {0, 1e9}, {1, 8}});
       },
       "many goes from 0 to 1000000000: a list of a space has from 0 to 1000 numbers"},
      {[](Schema& s) {
         s.list("x", {"many", "each", {-1, 4}, {1, 8}});
       },
       "many goes from -1 to 4: a list of a space has from 0"},
      {[](Schema& s) {
         s.list("x", {"many", "each", {0, 2.5}, {1, 8}});
       },
       "many is a whole number and goes from 0 to 2.5"},
      {[](Schema& s) {
         s.list("x", {"many", "each", {0, 4}, {}});
       },
       "each has no least number"},
      {[](Schema& s) { s.seed("again"); }, "two seeds, seed and again"},
      {[](Schema& s) {
         s.patience("patience");
         s.patience("again");
       },
       "two patiences, patience and again"},
  };
  for (const auto& [declare, message] : refused) {
    Schema s = network();
    EXPECT_THAT(error_of([&] { declare(s); }), HasSubstr(message));
  }
}

TEST(Schema, HasABudgetABatchAndASeedAlways) {
  Schema s;
  s.choice("way", {"left", "right"});
  EXPECT_THAT(error_of([&] { s.budget("epochs", 3).when("way", {"left"}); }),
              HasSubstr("epochs is the budget, which cannot depend on another"));
  EXPECT_THAT(error_of([&] { s.batch("batch", 3).may_be_off(); }),
              HasSubstr("batch is the batch size, which cannot be off"));
  EXPECT_THAT(error_of([&] { s.seed("seed").may_be_automatic(); }),
              HasSubstr("seed is the seed, which cannot be automatic"));
}

// A double has 53 bits.
TEST(Schema, ReadsWholeNumbersToTheLastDigit) {
  Schema s;
  s.seed("seed");
  for (const std::int64_t seed : {std::int64_t{9007199254740993}, std::int64_t{-9007199254740993}})
    EXPECT_EQ(read(s["seed"], std::to_string(seed)).integer(), seed);
}

TEST(Configuration, LeavesOutWhatTakesNoPart) {
  Configuration c(std::make_shared<const Schema>(network()));
  c.set("layers", 0);
  c.settle();
  EXPECT_TRUE(c["momentum"].is_nothing());  // of adam
  EXPECT_TRUE(c["width"].is_nothing());
  EXPECT_EQ(to_string(c), "optimizer=adam rate=0.001 clip=off layers=0 share=0.5 batch=32 epochs=10 seed=0");
  EXPECT_THAT(error_of([&] { c.set("rate", 100); }), HasSubstr("rate is 100"));
}

TEST(Configuration, ChainsOfConditionsEndWithTheFirst) {
  Schema s;
  s.choice("a", {"yes", "no"}).standard("yes");
  s.choice("b", {"yes", "no"}).standard("yes").when("a", {"yes"});
  s.real("c", {0, 1}).standard(0.5).when("b", {"yes"});
  Configuration c(std::make_shared<const Schema>(s));
  c.set("a", "no");
  c.settle();
  EXPECT_TRUE(c["b"].is_nothing());
  EXPECT_TRUE(c["c"].is_nothing());
}

}  // namespace
}  // namespace runnel::params
