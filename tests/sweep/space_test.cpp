// Spaces of hyperparameters, and their texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "error_of.h"
#include "runnel/space.h"
#include "runnel/sweep.h"

namespace runnel::sweep {
namespace {

using testing::HasSubstr;

TEST(Space, GridIsEveryCombinationLastFastest) {
  const auto all = grid(Hyper(), {parse_choice("rate=0.1,0.2"), parse_choice("hidden=none,8x4,16")});
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0].rate, 0.1);
  EXPECT_TRUE(all[0].hidden.empty());
  EXPECT_EQ(all[1].hidden, (std::vector<std::int64_t>{8, 4}));
  EXPECT_EQ(all[5].rate, 0.2);
  EXPECT_EQ(all[5].hidden, (std::vector<std::int64_t>{16}));
}

TEST(Space, EveryFieldReadsWhatItWrites) {
  Hyper h;
  h.hidden = {3, 5};
  h.activation = nn::Activation::sigmoid;
  h.optimizer = "rmsprop";
  h.rate = 0.1 + 0.2;
  h.seed = 18446744073709551615u;
  h.decay = 0.01;
  h.eps = 1e-6;
  h.eps_root = 1e-9;
  h.accumulator = 0.1;
  h.clip_value = 2;
  h.clip_example = 3;
  h.schedule = "one-cycle";
  h.warmup = 0.3;
  h.every = 2.5;
  h.factor = 0.7;
  h.floor = 0.01;
  h.averaging = "uniform";
  h.average_decay = 0.9;
  h.tail = 0.25;
  Hyper copy;
  for (const HyperField& field : hyper_fields()) field.set(copy, field.get(h));
  EXPECT_EQ(copy, h);
}

TEST(Space, RandomDrawsAreAFunctionOfTheSeedAndStayInside) {
  const std::vector<Range> ranges{parse_range("rate=1e-4..1e-1"), parse_range("batch=16..64"),
                                  parse_range("dropout=0..0.5")};
  EXPECT_TRUE(ranges[0].logarithmic);
  EXPECT_FALSE(ranges[2].logarithmic);
  const auto a = random(Hyper(), {parse_choice("hidden=8,16")}, ranges, 400, 7);
  EXPECT_EQ(a, random(Hyper(), {parse_choice("hidden=8,16")}, ranges, 400, 7));
  EXPECT_NE(a, random(Hyper(), {parse_choice("hidden=8,16")}, ranges, 400, 8));
  double log_mean = 0;
  int small = 0;
  for (const Hyper& h : a) {
    EXPECT_GE(h.rate, 1e-4 * 0.999999);
    EXPECT_LE(h.rate, 1e-1);
    EXPECT_GE(h.batch, 16);
    EXPECT_LE(h.batch, 64);
    log_mean += std::log10(h.rate) / 400;
    small += h.hidden[0] == 8;
  }
  EXPECT_NEAR(log_mean, -2.5, 4 * 3 / std::sqrt(12.0 * 400));
  EXPECT_NEAR(small, 200, 4 * 10);
  // The first draws of a longer search are those of a shorter one.
  const auto longer = random(Hyper(), {parse_choice("hidden=8,16")}, ranges, 500, 7);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), longer.begin()));
}

TEST(Space, ErrorsSayWhatAndWhere) {
  EXPECT_THAT(error_of([] { parse_choice("rte=1"); }),
              HasSubstr("there is no hyperparameter \"rte\"; did you mean 'rate'"));
  EXPECT_THAT(error_of([] { parse_choice("rate=fast"); }), HasSubstr("rate: \"fast\" is not a number"));
  EXPECT_THAT(error_of([] { parse_choice("dropout=1"); }), HasSubstr("does not lie from 0 to below 1"));
  EXPECT_THAT(error_of([] { parse_choice("batch=0"); }), HasSubstr("at least 1"));
  EXPECT_THAT(error_of([] { parse_choice("rate"); }), HasSubstr("is not of the form name=value"));
  EXPECT_THAT(error_of([] { parse_choice("optimizer=adm"); }), HasSubstr("did you mean 'adam'"));
  EXPECT_THAT(error_of([] { parse_range("hidden=1..2"); }), HasSubstr("takes values, not a range"));
  EXPECT_THAT(error_of([] { parse_range("rate=2..1"); }), HasSubstr("the range is empty"));
  EXPECT_THAT(error_of([] {
                grid(Hyper(), {parse_choice("lr=1"), parse_choice("rate=2")});
              }),
              HasSubstr("names rate twice"));
}

TEST(Space, WinnersAtTheEdgeAreSaid) {
  const auto all = grid(
      Hyper(), {parse_choice("rate=0.1,0.2,0.3"), parse_choice("l2=0,0.1,1"), parse_choice("epochs=5,10")});
  const auto warnings = [&](double rate, double l2, bool rate_matters) {
    Hyper best = all[0];
    best.rate = rate;
    best.l2 = l2;
    std::vector<Outcome> outcomes;
    for (const Hyper& hyper : all) {
      Outcome out;
      out.hyper = hyper;
      out.status = Status::done;
      out.validation = -(rate_matters ? std::abs(hyper.rate - rate) : 0) - std::abs(hyper.l2 - l2);
      outcomes.push_back(out);
    }
    return edge_warnings(outcomes, Metric::r2, best);
  };
  EXPECT_THAT(warnings(0.1, 0, true), testing::ElementsAre(HasSubstr("rate (0.1) is the smallest tried")));
  EXPECT_THAT(warnings(0.2, 1, true), testing::ElementsAre(HasSubstr("l2 (1) is the largest tried")));
  EXPECT_THAT(warnings(0.1, 0.1, false), testing::IsEmpty());  // all rates come to the same
}

// An edge is one of a parameter that was searched, among the candidates in which it took part.
TEST(Space, EdgesAreOfWhatWasSearchedAndInUse) {
  Parameter momentum = parse_parameter("momentum=0.5,0.8,0.95");
  momentum.when = Condition{"optimizer", {"momentum"}};
  const Space space = make_space(Hyper(), {parse_parameter("optimizer=adam,momentum"), momentum});
  std::vector<Outcome> outcomes;
  for (const Hyper& hyper : grid(space)) {
    Outcome out;
    out.hyper = hyper;
    out.status = Status::done;
    out.validation = hyper.momentum;
    outcomes.push_back(out);
  }
  ASSERT_EQ(outcomes.size(), 4u);
  const auto best_where = [&](auto is) {
    const auto at =
        std::find_if(outcomes.begin(), outcomes.end(), [&](const Outcome& o) { return is(o.hyper); });
    return edge_warnings(outcomes, Metric::r2, at->hyper, &space);
  };
  EXPECT_THAT(best_where([](const Hyper& h) { return h.momentum == 0.95; }),
              testing::ElementsAre(HasSubstr("momentum (0.95) is the largest tried")));
  // 0.9, which adam does not use, is at no end of what was tried.
  EXPECT_THAT(best_where([](const Hyper& h) { return h.momentum == 0.9; }), testing::IsEmpty());
  const Space nothing = make_space(Hyper(), {});
  EXPECT_THAT(edge_warnings(outcomes, Metric::r2, outcomes[3].hyper, &nothing), testing::IsEmpty());
}

}  // namespace
}  // namespace runnel::sweep
