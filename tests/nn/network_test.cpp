// Layer normalisation, residual blocks, embeddings, and the networks made of them.
#include <numbers>

#include "nn/support.h"

namespace runnel {
namespace {

using nn::Activation;
using nn::Body;

nn::Columns periodic_columns(std::initializer_list<std::int32_t> columns) {
  return {Array::from<std::int32_t>(std::vector<std::int32_t>(columns),
                                    {static_cast<std::int64_t>(columns.size())})};
}

// A network of every kind, and the columns that its embedding reads.
struct Kind {
  const char* name;
  nn::Architecture architecture;
  std::optional<nn::Columns> columns;
};

std::vector<Kind> kinds(const Array& x) {
  const nn::Columns pieces = nn::quantile_pieces(x, {0, 2}, 3);
  const std::int64_t c = pieces.feature.dim(0);
  std::vector<Kind> out;
  const auto add = [&](const char* name, nn::Architecture architecture,
                       const std::optional<nn::Columns>& columns = {}) {
    out.push_back({name, std::move(architecture), columns});
  };
  add("mlp", {{3, 4, 5, 2}});
  add("mlp, norm", {{3, 4, 5, 2}, Body::mlp, true});
  add("residual", {{3, 4, 5, 2}, Body::residual});
  add("residual, norm", {{3, 4, 5, 2}, Body::residual, true});
  add("pieces", {{c, 4, 2}}, pieces);
  add("waves", {{3 + 2 * 3, 4, 2}, Body::residual, true, 2, 3}, periodic_columns({0, 2}));
  add("linear, waves", {{3 + 2 * 3, 2}, Body::mlp, false, 2, 3}, periodic_columns({0, 2}));
  return out;
}

TEST(LayerNorm, OfAKnownVector) {
  // (1, 2, 3, 6): mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5.
  const nn::LayerNorm norm{vec({1, 2, 1, -1}), vec({0, 10, 0, 1})};
  const Array out = nn::forward(norm, reshape(vec({1, 2, 3, 6}), {1, 4}), 0);
  const double d = std::sqrt(3.5);
  expect_near(out, reshape(vec({-2 / d, 10 - 2 / d, 0, 1 - 3 / d}), {1, 4}), 1e-15);
  // A row whose units are equal has nothing to tell.
  expect_near(nn::forward(norm, Array::full({1, 4}, 7, DType::f64)), reshape(vec({0, 10, 0, 1}), {1, 4}), 0);
}

// Adding a number to all units of a row, or multiplying them with a positive one, changes nothing (Ba, Kiros
// and Hinton, section 5.1), but for eps.
TEST(LayerNorm, DoesNotSeeShiftAndScaleOfARow) {
  const Array x = normals({5, 6}, 1);
  const nn::LayerNorm norm{normals({6}, 2), normals({6}, 3)};
  const Array plain = nn::forward(norm, x, 0);
  expect_near(nn::forward(norm, x * 3 + reshape(vec({1, -2, 3, 4, 100}), {5, 1}), 0), plain, 1e-11);
}

// The residual block of one row, and its derivative by x: with h = sigmoid(W1 x + b1) and the cotangent
// v of y = x + W2 h + b2, that is v + W1^T (h (1 - h) W2^T v).
TEST(Residual, ValueAndDerivativeAreTheFormula) {
  const Array x = normals({1, 3}, 1);
  const nn::Dense in{normals({3, 4}, 2), normals({4}, 3)};
  const nn::Dense out{normals({4, 3}, 4), normals({3}, 5)};
  const Array v = normals({1, 3}, 6);
  const Array h = logistic(matmul(x, in.w) + in.b);
  expect_near(nn::residual(in, out, x, Activation::sigmoid), x + matmul(h, out.w) + out.b, 1e-14);
  const Array slope =
      grad([&](const Array& at) { return sum(v * nn::residual(in, out, at, Activation::sigmoid)); })(x);
  const Array back = h * (1 - h) * matmul(v, transpose(out.w));
  expect_near(slope, v + matmul(back, transpose(in.w)), 1e-14);
}

// Every case of equation 1, counted out: edges 0, 1, 3, 4.
TEST(LinearPieces, OfGivenEdgesByEnumeration) {
  const nn::Columns columns{Array::from<std::int32_t>({0, 0, 0, 1}, {4}), vec({0, 1, 3, 0}),
                            vec({1, 3, 4, 1})};
  const Array x = reshape(vec({-2, 5, 0, 6, 0.25, 7, 1, 8, 2, 9, 3.5, -1, 6, -2}), {7, 2});
  const Array expected = reshape(vec({-2,   0,   0,   5,     // below all edges: the first piece goes on
                                      0,    0,   0,   6,     //
                                      0.25, 0,   0,   7,     //
                                      1,    0,   0,   8,     //
                                      1,    0.5, 0,   9,     //
                                      1,    1,   0.5, -1,    //
                                      1,    1,   3,   -2}),  // above all edges: the last one does
                                 {7, 4});
  expect_near(nn::linear_pieces(columns, x), expected, 0);
}

TEST(LinearPieces, AreCutAtQuantiles) {
  // Quartiles of 0 … 8 are 0, 2, 4, 6, 8; of a column of two values all fall on these; a constant and a
  // column that is not named pass.
  std::vector<double> values;
  for (int i = 8; i >= 0; --i) values.insert(values.end(), {double(i), i < 4 ? 0.0 : 1.0, 5.0, double(i)});
  const Array x = Array::from(values, {9, 4});
  const nn::Columns columns = nn::quantile_pieces(x, {0, 1, 2}, 4);
  EXPECT_EQ(columns.feature.to_doubles(), (std::vector<double>{0, 0, 0, 0, 1, 2, 3}));
  EXPECT_EQ(columns.low->to_doubles(), (std::vector<double>{0, 2, 4, 6, 0, 0, 0}));
  EXPECT_EQ(columns.high->to_doubles(), (std::vector<double>{2, 4, 6, 8, 1, 1, 1}));
  // The columns that are one piece pass unchanged, outside it too.
  const Array out = nn::linear_pieces(columns, x * 3 - 1);
  for (int column : {1, 2, 3})
    expect_near(slice(out, 1, column + 3, column + 4), slice(x, 1, column, column + 1) * 3 - 1, 0);
  // Between neighbouring quantiles of a shuffled column lies a bin's share of the rows.
  const Array many = random::normal(random::key(3), {1000, 1});
  const nn::Columns tenths = nn::quantile_pieces(many, {0}, 10);
  ASSERT_EQ(tenths.feature.dim(0), 10);
  for (std::int64_t i = 0; i < 10; ++i) {
    const Array inside =
        logical_and(greater_equal(many, row(*tenths.low, i)), less(many, row(*tenths.high, i)));
    EXPECT_NEAR(sum(convert(inside, DType::f32)).item(), 100, 1.5) << i;
  }
  // Where most rows hold one value, the others have all pieces but one, with the same number of rows in each.
  std::vector<double> amounts(900, 0.0);
  for (int i = 1; i <= 101; ++i) amounts.push_back(i * i);
  const nn::Columns few = nn::quantile_pieces(Array::from(amounts, {1001, 1}), {0}, 11);
  ASSERT_EQ(few.feature.dim(0), 11);
  EXPECT_EQ(few.low->to_doubles()[0], 0);
  for (int i = 0; i <= 10; ++i)
    EXPECT_EQ((i < 10 ? few.low->to_doubles()[i + 1] : few.high->to_doubles()[10]),
              (1 + 10 * i) * (1 + 10 * i));
  EXPECT_THROW(nn::quantile_pieces(x, {4}, 4), Error);
  EXPECT_THROW(nn::quantile_pieces(x, {0}, 0), Error);
}

TEST(Periodic, IsSinesAndCosinesMixed) {
  const Array x = normals({4, 3}, 1);
  const nn::Periodic waves{normals({2 * 2}, 2), {normals({4, 5}, 3), normals({5}, 4)}};
  const Array out = nn::forward(waves, periodic_columns({2, 0}), x);
  ASSERT_EQ(out.shape(), (Shape{4, 3 + 2 * 5}));
  expect_near(slice(out, 1, 0, 3), x, 0);
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t column = 0; column < 2; ++column)
      for (std::int64_t o = 0; o < 5; ++o) {
        double z = waves.mix.b.at({o});
        for (std::int64_t k = 0; k < 2; ++k) {
          const double angle =
              2 * std::numbers::pi * waves.frequency.at({column * 2 + k}) * x.at({i, column == 0 ? 2 : 0});
          z += std::sin(angle) * waves.mix.w.at({k, o}) + std::cos(angle) * waves.mix.w.at({2 + k, o});
        }
        EXPECT_NEAR(out.at({i, 3 + column * 5 + o}), std::max(z, 0.0), 1e-13);
      }
}

TEST(Network, GradientsAgreeWithDifferences) {
  const Array x = normals({6, 3}, 1);
  const Array y = normals({6, 2}, 2);
  for (const Kind& kind : kinds(x)) {
    nn::Network network =
        nn::init_network(random::key(5), kind.architecture, Activation::tanh, 0.3, 0.5, DType::f64);
    auto loss = [&](const nn::Network& n) {
      return nn::squared_error(nn::forward(nn::with_columns(n, kind.columns), x, Activation::tanh, 1.5), y);
    };
    const std::vector<Array> slopes = tree::flatten(grad(loss)(network));
    const std::vector<Array> leaves = tree::flatten(network);
    ASSERT_EQ(slopes.size(), leaves.size());
    for (std::size_t l = 0; l < leaves.size(); ++l) {
      auto at = [&](const Array& leaf) {
        std::vector<Array> changed = leaves;
        changed[l] = leaf;
        return loss(tree::unflatten(network, changed));
      };
      SCOPED_TRACE(std::string(kind.name) + ", leaf " + std::to_string(l));
      const double largest = max(abs(slopes[l])).item();
      expect_near(slopes[l], central_differences(at, leaves[l]), 1e-7 * std::max(1.0, largest));
      EXPECT_GT(largest, 0) << "a leaf that nothing depends on";
    }
  }
}

TEST(Network, AbreastAndCompiledAreTheSameBits) {
  const Array x = convert(normals({20, 3}, 1), DType::f32);
  const Array y = convert(normals({20, 2}, 2), DType::f32);
  for (const Kind& kind : kinds(x)) {
    auto make = [&](const Array& seed) {
      return nn::init_network(random::fold_in(random::key(9), seed), kind.architecture, Activation::relu,
                              0.1);
    };
    auto slope = [&](const nn::Network& n) {
      return value_and_grad([&](const nn::Network& p) {
        return nn::squared_error(nn::forward(nn::with_columns(p, kind.columns), x, Activation::relu), y);
      })(n);
    };
    const nn::Network networks = vmap(make)(arange(5));
    const auto abreast = jit(vmap(slope))(networks);
    for (std::int64_t lane = 0; lane < 5; ++lane) {
      const nn::Network one = make(Array::scalar(static_cast<double>(lane), DType::i32));
      const auto alone = tree::flatten(slope(one));
      const auto compiled = tree::flatten(jit(slope)(one));
      const auto in_lane = tree::flatten(abreast);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        EXPECT_TRUE(same_bits(alone[i], row(in_lane[i], lane))) << kind.name << ", leaf " << i;
        EXPECT_TRUE(same_bits(alone[i], compiled[i])) << kind.name << ", leaf " << i;
      }
    }
  }
}

TEST(Network, WithoutExtrasIsThePerceptron) {
  const Array x = convert(normals({7, 3}, 1), DType::f32);
  const nn::Mlp mlp = nn::init_mlp(random::key(3), {3, 8, 4, 2}, Activation::relu, 0.2);
  const nn::Network network = nn::init_network(random::key(3), {{3, 8, 4, 2}}, Activation::relu, 0.2);
  EXPECT_TRUE(same_bits(nn::forward(mlp, x, Activation::relu), nn::forward(network, x, Activation::relu)));
  EXPECT_EQ(nn::parameter_count(network), nn::parameter_count(mlp));
}

// Of pre-activations that a normalisation follows, the scale does not matter: a layer without biases may be
// multiplied with any positive number.
TEST(Network, NormalisationHidesTheScaleOfALayer) {
  const Array x = normals({6, 3}, 1);
  nn::Network network =
      nn::init_network(random::key(5), {{3, 8, 2}, Body::mlp, true}, Activation::tanh, 0, 1, DType::f64);
  const Array before = nn::forward(network, x, Activation::tanh);
  Array& w = network.layers.at(0).learnt.at(0);
  w = w * 1000;
  expect_near(nn::forward(network, x, Activation::tanh), before, 1e-3);
  std::erase_if(network.layers, [](const nn::Layer& layer) { return layer.kind == "layer norm"; });
  EXPECT_GT(max(abs(nn::forward(network, x, Activation::tanh) - before)).item(), 0.1);
}

TEST(Network, PartsThatDoNotGoTogetherAreRefused) {
  const Array x = normals({6, 3}, 1);
  const nn::Network network =
      nn::init_network(random::key(5), {{3, 4, 2}, Body::residual, true}, Activation::tanh, 0, 1, DType::f64);
  nn::Network less = network;
  less.layers.erase(less.layers.begin());  // the entry, which makes a stream of 4 numbers
  EXPECT_NE(error_of([&] { nn::forward(less, x, Activation::tanh); }).find("(6, 3)"), std::string::npos);
  EXPECT_THROW(nn::forward(nn::Network{}, x, Activation::tanh), Error);
  nn::Network unknown{{{"reservoir"}}};
  EXPECT_NE(error_of([&] { nn::forward(unknown, x, Activation::tanh); }).find("\"reservoir\""),
            std::string::npos);
  const nn::Network waves = nn::init_network(random::key(5), {{3 + 3, 4, 2}, Body::mlp, false, 1, 3},
                                             Activation::tanh, 0, 1, DType::f64);
  EXPECT_NE(error_of([&] { nn::forward(waves, x, Activation::tanh); }).find("columns"), std::string::npos);
  const nn::Network other = nn::with_columns(waves, periodic_columns({0, 1}));
  EXPECT_NE(error_of([&] { nn::forward(other, x, Activation::tanh); }).find("frequencies"),
            std::string::npos);
  // Waves take no pieces, and without waves there is nothing that columns alone could do.
  EXPECT_THROW(nn::with_columns(waves, nn::quantile_pieces(x, {0}, 2)), Error);
  EXPECT_THROW(nn::with_columns(network, periodic_columns({0, 1})), Error);
}

// Files, studies and optimisers' states hold leaves in this order, whatever the order of the layers.
TEST(Network, LeavesComeKindByKind) {
  const nn::Network network = nn::with_columns(
      nn::init_network(random::key(5), {{3 + 2 * 3, 4, 5, 2}, Body::residual, true, 2, 3}, Activation::relu),
      periodic_columns({0, 2}));
  std::vector<std::string> names;
  for (const auto& [name, array] : nn::named_parts(network)) names.push_back(name);
  std::vector<std::string> expected;
  for (int l = 0; l < 6; ++l)
    for (const char* part : {"w", "b"}) expected.push_back("layers." + std::to_string(l) + "." + part);
  for (int l = 0; l < 3; ++l)
    for (const char* part : {"gain", "bias"}) expected.push_back("norms." + std::to_string(l) + "." + part);
  for (const char* name : {"periodic.frequency", "periodic.w", "periodic.b", "columns.feature"})
    expected.push_back(name);
  EXPECT_EQ(names, expected);
  const std::vector<Array> leaves = tree::flatten(network);
  ASSERT_EQ(leaves.size(), expected.size());
  for (std::size_t i = 0; i < leaves.size(); ++i)
    EXPECT_TRUE(same_bits(leaves[i], nn::named_parts(network)[i].second)) << names[i];
}

}  // namespace
}  // namespace runnel
