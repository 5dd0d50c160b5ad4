// Philox4x32-10 against the published vectors, and the kernel against its own definition element by element.
#include "kernels/reference/random.h"

#include "core/philox.h"
#include "kernels/support.h"

namespace runnel::testing {
namespace {

// The known-answer vectors that its authors publish with the Random123 library.
TEST(PhiloxWords, MatchThePublishedVectors) {
  EXPECT_EQ(Philox::block({0, 0, 0, 0}, {0, 0}),
            (Philox::Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(Philox::block({ones, ones, ones, ones}, {ones, ones}),
            (Philox::Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Philox::Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PhiloxWords, KernelStartsWithThePublishedWords) {
  const Held key = dense(DType::u32, {2});
  const Held stream = dense(DType::u32, {2});
  for (std::int64_t i = 0; i < 2; ++i)
    element<std::uint32_t>(key, {i}) = element<std::uint32_t>(stream, {i}) = 0;
  const Held out = dense(DType::u32, {4});
  kernels::philox(key, stream, out);
  const std::uint32_t want[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(element<std::uint32_t>(out, {i}), want[i]);
}

TEST(PhiloxWords, EveryNumberIsItsCountersInAnyLayout) {
  Random random(51);
  for (int round = 0; round < 150; ++round) {
    Shape lanes = random_shape(random, 2, round % 3 == 0 ? 40 : 6);
    Shape pair = lanes;
    pair.insert(0, 2);
    Shape shape = lanes;
    shape.insert(0, uniform(random, 0, round % 2 == 0 ? 150 : 9));
    const bool halves = round % 5 < 2;
    const Held key = strided(DType::u32, pair, random, round % 4 == 0);
    const Held stream = strided(DType::u32, pair, random, round % 4 == 1);
    each_index(pair, [&](const Index& at) {
      element<std::uint32_t>(key, at) = static_cast<std::uint32_t>(random());
      element<std::uint32_t>(stream, at) = static_cast<std::uint32_t>(random());
    });
    const Held out = dense(DType::u32, shape);
    kernels::philox(key, stream, out, halves);
    expect_same<std::uint32_t>(
        out,
        [&](const Index& at) {
          Index first = at;
          Index second = at;
          first[0] = 0;
          second[0] = 1;
          const auto number = static_cast<std::uint32_t>(at[0]);
          const std::uint32_t e = halves ? number / 2 : number;
          const Philox::Counter word = Philox::block(
              {e / 4, 0, element<std::uint32_t>(stream, first), element<std::uint32_t>(stream, second)},
              {element<std::uint32_t>(key, first), element<std::uint32_t>(key, second)});
          if (halves) return number % 2 == 0 ? word[e % 4] & 0xffff : word[e % 4] >> 16;
          return word[e % 4];
        },
        fmt::format("philox {}{}", to_string(shape), halves ? ", halves" : ""));
  }
}

}  // namespace
}  // namespace runnel::testing
