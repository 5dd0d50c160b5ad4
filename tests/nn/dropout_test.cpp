// Dropout: its expectation, and what its masks do not depend on.
#include "nn/support.h"

namespace runnel {
namespace {

using nn::Activation;
using nn::Dropout;

TEST(Dropout, ARateOfZeroChangesNoBit) {
  const Array x = convert(normals({9, 7}, 1), DType::f32);
  const Dropout none{random::key(1), Array::scalar(0), Array::scalar(0, DType::i32)};
  EXPECT_TRUE(same_bits(nn::drop(x, none), x));
  const nn::Mlp mlp = nn::init_mlp(random::key(2), {7, 6, 5, 1}, Activation::relu);
  EXPECT_TRUE(
      same_bits(nn::forward(mlp, x, Activation::relu, 1, none), nn::forward(mlp, x, Activation::relu)));
}

TEST(Dropout, UnitsFallAtTheRateAndTheRestAreScaled) {
  const Array out = nn::drop(Array::ones({400, 250}, DType::f64), {random::key(3), f64(0.3), f64(0)});
  std::int64_t fallen = 0;
  for (double value : out.to_doubles()) {
    if (value == 0)
      ++fallen;
    else
      EXPECT_DOUBLE_EQ(value, 1 / 0.7);
  }
  // Binomial(100000, 0.3): five standard deviations are 725.
  EXPECT_NEAR(static_cast<double>(fallen), 30000, 725);
}

// An example's mask follows from its number, whatever batch it stands in.
TEST(Dropout, MasksDoNotDependOnBatches) {
  const Array x = Array::ones({6, 33}, DType::f64);
  const Array key = random::key(4);
  const Array all = nn::drop(x, {key, f64(0.5), f64(0)});
  const Array ids = Array::from(std::vector<std::int32_t>{4, 1}, {2});
  const Array picked = nn::drop(slice(x, 0, 0, 2), {key, f64(0.5), ids});
  EXPECT_TRUE(same_bits(row(picked, 0), row(all, 4)));
  EXPECT_TRUE(same_bits(row(picked, 1), row(all, 1)));
  const Array tail = nn::drop(slice(x, 0, 0, 3), {key, f64(0.5), f64(3)});
  EXPECT_TRUE(same_bits(tail, slice(all, 0, 3, 6)));
}

TEST(Dropout, ExamplesLayersKeysHaveMasksOfTheirOwn) {
  const Array x = Array::ones({2, 64}, DType::f64);
  const Dropout dropout{random::key(5), f64(0.5), f64(0)};
  const Array first = nn::drop(x, dropout, 0);
  EXPECT_FALSE(same_bits(row(first, 0), row(first, 1)));
  EXPECT_FALSE(same_bits(first, nn::drop(x, dropout, 1)));
  EXPECT_FALSE(same_bits(first, nn::drop(x, {random::fold_in(dropout.key, 1), f64(0.5), f64(0)}, 0)));
  EXPECT_TRUE(same_bits(first, nn::drop(x, dropout, 0)));
}

TEST(Dropout, ACandidateHasItsMasksAloneAndAbreast) {
  const Array x = convert(normals({10, 12}, 6), DType::f32);
  const nn::Mlp mlp = nn::init_mlp(random::key(7), {12, 16, 8, 1}, Activation::relu);
  auto run = [&](const Array& seed, const Array& rate) {
    const Dropout dropout{random::fold_in(random::key(8), seed), rate, arange(10)};
    return nn::forward(mlp, x, Activation::relu, 1, dropout);
  };
  const Array rates{0.0, 0.2, 0.5, 0.9};
  const Array abreast = jit(vmap(run))(arange(4), rates);
  for (std::int64_t k = 0; k < 4; ++k)
    EXPECT_TRUE(
        same_bits(row(abreast, k), run(Array::scalar(static_cast<double>(k), DType::i32), row(rates, k))));
}

// E |y - drop(X) w|² = |y - X w|² + (p / (1 - p)) sum_j |X_j|² w_j²: dropout on the inputs of a linear model
// is ridge in expectation (Wager, Wang and Liang, "Dropout training as adaptive regularization", NeurIPS
// 2013). With p = 1/2 all 2^6 masks of a 3 x 2 batch are as likely. They are enumerated here from the masks
// that keys give: every mask occurs, and the mean over one of each is the ridge loss.
TEST(Dropout, ExpectedLossIsRidgeByEnumeration) {
  const Array x = normals({3, 2}, 9);
  const Array w = vec({0.7, -1.3});
  const Array y = vec({1, 2, -0.5});
  std::map<std::vector<double>, double> loss_of;
  for (std::uint64_t seed = 0; seed < 2000 && loss_of.size() < 64; ++seed) {
    const Dropout dropout{random::key(seed), f64(0.5), f64(0)};
    const Array mask = nn::drop(Array::ones({3, 2}, DType::f64), dropout);
    loss_of[mask.to_doubles()] = sum(square(matmul(nn::drop(x, dropout), w) - y)).item();
  }
  ASSERT_EQ(loss_of.size(), 64U);
  double expected = 0;
  for (const auto& [mask, loss] : loss_of) expected += loss / 64;
  const double ridge = sum(square(matmul(x, w) - y)).item() + sum(sum(square(x), 0) * square(w)).item();
  EXPECT_NEAR(expected, ridge, 1e-13);
}

TEST(Dropout, BadArgumentsAreNamed) {
  const Array x = Array::ones({4, 2});
  EXPECT_NE(error_of([&] {
              nn::drop(x, {random::key(1), Array::scalar(1), Array::scalar(0)});
            }).find("a rate of 1"),
            std::string::npos);
  EXPECT_THROW(nn::drop(x, {random::key(1), Array::scalar(-0.1), Array::scalar(0)}), Error);
  EXPECT_THROW(nn::drop(x, {random::key(1), Array({0.1, 0.2}), Array::scalar(0)}), Error);
  EXPECT_THROW(nn::drop(x, {random::key(1), Array::scalar(0.1), arange(3)}), Error);
  EXPECT_THROW(nn::drop(x, {Array({1, 2}), Array::scalar(0.1), arange(4)}), Error);
}

}  // namespace
}  // namespace runnel
