// Classes that a model never answers with.
#include "fit/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runnel {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Logits of three classes that answer with these.
std::vector<double> answering(const std::vector<std::size_t>& classes) {
  std::vector<double> out;
  for (const std::size_t c : classes)
    for (std::size_t k = 0; k < 3; ++k) out.push_back(k == c ? 1.5 : -0.5);
  return out;
}

TEST(Answers, OneForAllHasLearntNothing) {
  const Answers a = answers_of({-1, -2, 0, -1e9}, {0, 1, 0, 0}, {0, 1}, {"ok", "fraud"}, "test", false);
  EXPECT_TRUE(a.one_for_all);
  EXPECT_THAT(a.warnings, ElementsAre(AllOf(
                              HasSubstr("has learnt nothing: it answers 'ok' for all 4 test rows"),
                              HasSubstr("never 'fraud' (1 of them)"), HasSubstr("--class-weight balanced"))));
  EXPECT_THAT(answers_of({-1, -2, 0, -1e9}, {0, 1, 0, 0}, {0, 1}, {"ok", "fraud"}, "test", true).warnings,
              ElementsAre(Not(HasSubstr("--class-weight"))));
}

TEST(Answers, ClassesThatAreNeverAnsweredAreNamed) {
  const std::vector<double> y{0, 0, 1, 2, 2, 0};
  const Answers a =
      answers_of(answering({0, 0, 0, 0, 1, 0}), y, {0, 1, 2}, {"a", "b", "c"}, "validation", false);
  EXPECT_FALSE(a.one_for_all);
  EXPECT_THAT(a.warnings, ElementsAre(HasSubstr("never answers 'c' (2 of the 6 validation rows)")));
  const Answers two = answers_of(answering({0, 0, 0, 0, 0, 0}), y, {0, 1, 2}, {"a", "b", "c"}, "test", false);
  EXPECT_TRUE(two.one_for_all);
  EXPECT_THAT(two.warnings, ElementsAre(HasSubstr("never 'b' and 'c' (1 and 2 of them)")));
}

// A class that is not there need not be answered, and one answer that is right everywhere has not failed.
TEST(Answers, WhatIsNotThereIsNotMissed) {
  EXPECT_THAT(answers_of(answering({0, 1, 0}), {0, 1, 1}, {0, 1, 2}, {"a", "b", "c"}, "test", false).warnings,
              IsEmpty());
  const Answers right = answers_of({1, 2}, {1, 1}, {0, 1}, {"no", "yes"}, "test", false);
  EXPECT_FALSE(right.one_for_all);
  EXPECT_THAT(right.warnings, IsEmpty());
  EXPECT_THAT(answers_of({}, {}, {0, 1}, {"no", "yes"}, "test", false).warnings, IsEmpty());
}

// What no row has taught cannot be learnt, and weights of classes do not help.
TEST(Answers, UnknownClassesAreNotTheModelsFault) {
  const Answers a = answers_of(answering({0, 1, 0, 1}), {0, 1, 2, 2}, {0, 1}, {"a", "b", "c"}, "test", false);
  EXPECT_THAT(a.warnings, ElementsAre(AllOf(HasSubstr("no training row has 'c' (2 of the 4 test rows)"),
                                            Not(HasSubstr("--class-weight")))));
  EXPECT_THAT(answers_of(answering({0, 1}), {2, 2}, {0, 1}, {"a", "b", "c"}, "test", false).warnings,
              IsEmpty());
}

TEST(Answers, ManyAreCounted) {
  std::vector<std::string> names;
  std::vector<double> y, logits(9 * 9, 0.0);
  for (std::size_t c = 0; c < 9; ++c) {
    names.push_back("c" + std::to_string(c));
    y.push_back(static_cast<double>(c));
    logits[c * 9] = 1;
  }
  EXPECT_THAT(
      answers_of(logits, y, y, names, "test", false).warnings,
      ElementsAre(HasSubstr("never 'c1', 'c2', 'c3', 'c4', 'c5' and 3 more (1, 1, 1, 1, 1 and 3 more")));
}

}  // namespace
}  // namespace runnel
