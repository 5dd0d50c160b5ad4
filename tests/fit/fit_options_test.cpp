// The options of a fit are one list: each is told in the help, sets what it says, and a study tells of it or
// it changes no result.
#include "fit/fit_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "error_of.h"
#include "fit/fit_study.h"
#include "fit/option_texts.h"

namespace runnel {
namespace {

using fitting::FitOption;
using fitting::Told;
using testing::ElementsAre;
using testing::HasSubstr;

// A fit as its study sees it when the search begins.
struct Begun {
  Table table = {};
  FitOptions options = {};
  Target target = {};
  Split split = {};
  fitting::Searched search = {};

  Begun() {
    table.rows = 60;
    for (const char* name : {"x", "y"}) {
      Column column;
      column.name = name;
      for (int i = 0; i < 60; ++i) column.numbers.push_back(i % 3);
      column.missing.assign(60, 0);
      table.columns.push_back(std::move(column));
    }
    set("target", "y");
    set("task", "regression");
    set("scheduler", "halving");
  }

  void set(std::string_view name, const std::string& text) {
    fitting::set_option(options, fitting::fit_option(name), text);
  }

  // In the order in which a study holds them.
  std::vector<std::pair<std::string, std::string>> settings() {
    TargetOptions wanted = options.target;
    if (!wanted.positive.empty()) wanted.task = Task::binary;
    std::vector<std::string> warnings;
    target = Target::fit(table, wanted, warnings);
    const Searching searching{table,
                              nullptr,
                              options,
                              target,
                              split,
                              {},
                              options.loss.value_or(models::Loss::squared),
                              options.metric.value_or(models::Metric::r2),
                              search};
    auto placed = fitting::option_settings(searching);
    std::sort(placed.begin(), placed.end());
    std::vector<std::pair<std::string, std::string>> out;
    for (auto& [place, setting] : placed) out.push_back(std::move(setting));
    return out;
  }

  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& [name, text] : settings()) out.push_back(name);
    return out;
  }
};

TEST(FitOptionsList, EachIsWholeAndHasATextToTryItWith) {
  std::set<std::string_view> names;
  std::set<int> places;
  for (const FitOption* option : fitting::fit_options()) {
    SCOPED_TRACE(option->name);
    EXPECT_TRUE(names.insert(option->name).second);
    EXPECT_FALSE(option->group.empty());
    EXPECT_FALSE(option->what.empty());
    EXPECT_NE(option->set, nullptr);
    EXPECT_NE(option->texts, nullptr);
    EXPECT_EQ(option->told == Told::setting, option->setting.text != nullptr);
    if (option->setting.text != nullptr) {
      EXPECT_TRUE(places.insert(option->setting.place).second);
    }
    EXPECT_TRUE(fitting::option_texts().contains(option->name));
  }
  EXPECT_EQ(names.size(), fitting::option_texts().size());
  EXPECT_FALSE(places.contains(20)) << "the place of what dates become";
  EXPECT_FALSE(places.contains(21)) << "the place of how features are made";
}

TEST(FitOptionsList, WhatATextSetsIsToldAsTextsThatSetTheSame) {
  for (const FitOption* option : fitting::fit_options()) {
    SCOPED_TRACE(option->name);
    FitOptions once, again;
    fitting::set_option(once, *option, fitting::option_texts().at(option->name));
    EXPECT_NE(option->texts(once), option->texts({})) << "it sets nothing";
    for (const std::string& text : option->texts(once)) fitting::set_option(again, *option, text);
    for (const FitOption* other : fitting::fit_options()) EXPECT_EQ(other->texts(once), other->texts(again));
    EXPECT_TRUE(fitting::is_given(once, option->name));
  }
}

TEST(FitOptionsList, AStudyTellsOfWhatChangesResultsAndOfNothingElse) {
  for (const FitOption* option : fitting::fit_options()) {
    if (option->told == Told::by_others) continue;
    SCOPED_TRACE(option->name);
    Begun usual, changed;
    changed.set(option->name, fitting::option_texts().at(option->name));
    EXPECT_EQ(usual.settings() != changed.settings(), option->told == Told::setting);
  }
}

// Studies of earlier versions are resumed: their digests are of these names, in this order.
TEST(FitOptionsList, SettingsStandInTheOrderOfEarlierStudies) {
  Begun begun;
  begun.set("scheduler", "full");
  EXPECT_THAT(begun.names(),
              ElementsAre("target", "task", "positive", "loss", "metric", "seed", "dtype", "keep", "drop",
                          "numeric", "categorical", "max-levels", "standardize", "feature-clip",
                          "log-companions", "scale-target", "scheduler"));
  begun.set("scheduler", "hyperband");
  for (const char* name : {"weight", "class-weight", "ensemble", "ensemble-of"})
    begun.set(name, fitting::option_texts().at(name));
  EXPECT_THAT(begun.names(),
              ElementsAre("target", "task", "positive", "loss", "metric", "seed", "dtype", "keep", "drop",
                          "numeric", "categorical", "max-levels", "standardize", "feature-clip",
                          "log-companions", "scale-target", "scheduler", "eta", "min-epochs", "weight",
                          "class-weight", "ensemble", "ensemble-of"));
}

TEST(FitOptionsList, SettingsReadAsTheyDidInEarlierStudies) {
  Begun begun;
  begun.set("keep", "x,\"low, cheap\"");
  begun.set("raw", "");
  begun.set("f64", "");
  begun.set("class-weight", "\"a, b\"=2,c=0.5");
  std::map<std::string, std::string> told;
  for (const auto& [name, text] : begun.settings()) told[name] = text;
  const std::map<std::string, std::string> expected{
      {"target", "y"},          {"task", "regression"},
      {"positive", ""},         {"loss", "squared"},
      {"metric", "r2"},         {"seed", "0"},
      {"dtype", "f64"},         {"keep", "x,\"low, cheap\""},
      {"drop", "none"},         {"numeric", "none"},
      {"categorical", "none"},  {"max-levels", "32"},
      {"standardize", "no"},    {"feature-clip", "10"},
      {"log-companions", "no"}, {"scale-target", "no"},
      {"scheduler", "halving"}, {"eta", "3"},
      {"min-epochs", "1"},      {"class-weight", "\"a, b\"=2,c=0.5"}};
  EXPECT_EQ(told, expected);
}

TEST(FitOptionsList, AnUnknownNameAndAWrongTextAreRefused) {
  EXPECT_THAT(error_of([] { fitting::fit_option("max-level"); }), HasSubstr("did you mean 'max-levels'?"));
  FitOptions options;
  EXPECT_THAT(error_of([&] { fitting::set_option(options, fitting::fit_option("eta"), "1"); }),
              HasSubstr("--eta: '1' is not a whole number of at least 2"));
}

TEST(FitOptionsList, OnlyWhatWasGivenIsRefusedAsIdle) {
  FitOptions options;
  options.folds = 5;
  options.split.validation = 0.3;  // set by a program, which gave no flag
  EXPECT_NO_THROW(fitting::refuse_idle({options}));
  fitting::set_option(options, fitting::fit_option("validation"), "0.3");
  EXPECT_THAT(error_of([&] { fitting::refuse_idle({options}); }), HasSubstr("--validation"));
}

TEST(FitOptionsList, TimesAreSumsOfUnitsInOrder) {
  EXPECT_EQ(fitting::seconds_from("1h30m"), 5400);
  EXPECT_EQ(fitting::seconds_from("1.5h"), 5400);
  EXPECT_EQ(fitting::seconds_from("2d"), 172800);
  for (const char* text : {"", "0s", "30m1h", "5", "m", "1.2.3s"})
    EXPECT_FALSE(fitting::seconds_from(text)) << text;
}

}  // namespace
}  // namespace runnel
