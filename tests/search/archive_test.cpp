// A search that goes on: whatever of it had been kept, it comes to what it would have come to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "memory.h"
#include "ways.h"

namespace runnel::search {
namespace {

using lines::Way;

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
  std::vector<LaneState> begin_generation(const Generation&) override { return {{1000, 0, 1}}; }
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
