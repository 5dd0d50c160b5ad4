// Things that are worked on by several threads are used in the order in which they were made.
#include "core/in_order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace runnel {
namespace {

struct Trial {
  int things = 200, bad_make = -1, bad_work = -1, bad_use = -1;
  std::vector<int> used = {};
  std::string failed = {};
  int most = 0;  // things that were there at a time

  void operator()(int threads) {
    int next = 0;
    std::atomic<int> there{0};
    std::atomic<int> top{0};
    try {
      in_order(
          threads,
          [&]() -> std::optional<int> {
            if (next == bad_make) throw std::runtime_error("make " + std::to_string(next));
            if (next == things) return std::nullopt;
            const int now = ++there;
            for (int old = top; now > old && !top.compare_exchange_weak(old, now);) {
            }
            return next++;
          },
          [&](int i) {
            if (i == bad_work) throw std::runtime_error("work " + std::to_string(i));
            return i * i;
          },
          [&](int i, int square) {
            --there;
            if (i == bad_use) throw std::runtime_error("use " + std::to_string(i));
            EXPECT_EQ(square, i * i);
            used.push_back(i);
          });
    } catch (const std::runtime_error& e) {
      failed = e.what();
    }
    most = top;
  }
};

std::vector<int> up_to(int n) {
  std::vector<int> out;
  for (int i = 0; i < n; ++i) out.push_back(i);
  return out;
}

TEST(InOrder, UsesAllInTheOrderTheyWereMade) {
  set_threads(4);
  for (const int threads : {1, 2, 4}) {
    Trial trial;
    trial(threads);
    EXPECT_EQ(trial.used, up_to(200));
    EXPECT_EQ(trial.failed, "");
    EXPECT_LE(trial.most, threads);
  }
  set_threads(0);
}

TEST(InOrder, ThrowsTheFirstFailureAndUsesWhatIsBefore) {
  set_threads(4);
  for (const int threads : {1, 2, 4}) {
    Trial make, work, use, two, empty;
    make.bad_make = 50;
    work.bad_work = 60;
    use.bad_use = 70;
    two.bad_make = 33;
    two.bad_work = 31;
    empty.things = 0;
    for (Trial* trial : {&make, &work, &use, &two, &empty}) (*trial)(threads);
    EXPECT_EQ(make.failed, "make 50");
    EXPECT_EQ(make.used, up_to(50));
    EXPECT_EQ(work.failed, "work 60");
    EXPECT_EQ(work.used, up_to(60));
    EXPECT_EQ(use.failed, "use 70");
    EXPECT_EQ(use.used, up_to(70));
    EXPECT_EQ(two.failed, "work 31");
    EXPECT_EQ(two.used, up_to(31));
    EXPECT_EQ(empty.used, up_to(0));
    EXPECT_EQ(empty.failed, "");
  }
  set_threads(0);
}

}  // namespace
}  // namespace runnel
