// A search that goes on: whatever of it had been kept, it comes to what it would have come to.
#include "search/archive.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>

#include "error_of.h"
#include "ways.h"

namespace runnel::search {
namespace {

using lines::Way;

// Keeps a part of what it is given, at the whim of `random`, and says after so many lanes that the search was
// killed.
class Memory : public Archive {
 public:
  using Place = std::pair<std::int64_t, std::size_t>;  // trajectory, fold

  Memory(std::uint32_t seed, int lanes) : random_(seed), left_(lanes) {}

  void begin(const Beginning&) override {}
  std::vector<LaneState> begin_generation(std::int64_t first, std::span<const Configuration>) override {
    first_ = first;
    std::vector<LaneState> out;
    for (const auto& [place, lane] : lanes_[first]) out.push_back(lane);
    return out;
  }
  bool wants_states() override { return random_() % 2 == 0; }
  void keep(const LaneState& lane, bool has_ended, bool) override {
    if (--left_ <= 0) stop = true;
    if (random_() % 8 == 0) return;
    LaneState kept = lane;
    if (has_ended) kept.leaves.clear();
    if (random_() % 4 == 0) {  // a study that was too late with the states
      kept.leaves.clear();
      kept.best.clear();
    }
    lanes_[first_][{lane.trajectory, lane.fold}] = std::move(kept);
  }
  void end_generation(std::span<const Candidate>) override {}
  void finish(const Result&) override {}

  std::atomic<bool> stop = false;

 private:
  std::minstd_rand random_;
  int left_;
  std::int64_t first_ = 0;
  std::map<std::int64_t, std::map<Place, LaneState>> lanes_;  // of each generation
};

class Archives : public testing::TestWithParam<Way> {};

TEST_P(Archives, LetASearchGoOnToTheSameBits) {
  const auto whole = lines::run(GetParam(), 1);
  for (const std::uint32_t seed : {1u, 2u, 3u, 4u}) {
    const auto memory = std::make_shared<Memory>(seed, static_cast<int>(20 * seed));
    Options options = GetParam().options;
    options.study = memory;
    options.stop = &memory->stop;
    options.threads = static_cast<int>(seed % 3 + 1);
    int runs = 0;
    for (; runs < 20; ++runs) {
      memory->stop = false;
      const auto now = lines::run(GetParam(), options);
      if (!now.interrupted) break;
    }
    options.stop = nullptr;
    const auto last = lines::run(GetParam(), options);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " after " << runs << " runs");
    lines::expect_same(whole, last);
  }
}

INSTANTIATE_TEST_SUITE_P(Search, Archives, testing::ValuesIn(lines::ways()),
                         [](const auto& p) { return std::string(p.param.name); });

// Tells of a lane that the search does not have.
class Stranger : public Memory {
 public:
  Stranger() : Memory(1, 1000) {}
  std::vector<LaneState> begin_generation(std::int64_t, std::span<const Configuration>) override {
    return {{1000, 0, 1}};
  }
};

TEST(Archive, MustHoldTheSameSearch) {
  Options options;
  options.study = std::make_shared<Stranger>();
  EXPECT_THAT(
      error_of([&] { lines::run(lines::ways()[0], options); }),
      testing::HasSubstr("a kept state, of trajectory 1000 on fold 0 after 1 epochs, is not of this search"));
}

}  // namespace
}  // namespace runnel::search
