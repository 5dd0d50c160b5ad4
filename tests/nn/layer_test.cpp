// Laws of the table of layers, over every kind and all of its samples.
#include "nn/layer.h"

#include <set>

#include "nn/support.h"

namespace runnel {
namespace {

using nn::Activation;
using nn::Layer;
using nn::LayerKind;

// visit(kind, a sample of it with initial arrays, the shape of the rows it reads).
template <class Visit>
void for_each_sample(Visit visit) {
  for (const LayerKind& kind : nn::layer_table())
    for (const nn::LayerSample& sample : kind.samples()) {
      SCOPED_TRACE(kind.name);
      Layer layer = sample.layer;
      std::vector<Layer> alone{layer};
      std::map<std::string, std::size_t> numbers;
      nn::walk(alone, sample.in, [&](Layer& at, const Shape& in) {
        const LayerKind& row = nn::kind_of(at);
        if (row.init != nullptr)
          at.learnt =
              row.init(at, in, {random::key(5), numbers[at.kind]++, Activation::tanh, 0.25, 0.5, DType::f64});
      });
      visit(kind, alone[0], sample.in);
    }
}

Array rows_of(const Shape& in, std::int64_t n = 6) {
  Shape all = in;
  all.insert(0, n);
  return normals(all, 11);
}

Array apply(const Layer& layer, const Array& x, const nn::Dropout* dropout = nullptr) {
  return nn::kind_of(layer).apply(layer, x, {Activation::tanh, 1.5, dropout});
}

TEST(Layers, EveryRowIsWhole) {
  std::set<std::string> names, files;
  for (const LayerKind& kind : nn::layer_table()) {
    SCOPED_TRACE(kind.name);
    EXPECT_TRUE(names.insert(kind.name).second) << "two kinds of one name";
    EXPECT_GT(std::string(kind.meaning).size(), 10u);
    EXPECT_FALSE(kind.samples().empty());
    EXPECT_TRUE(kind.gives && kind.reads && kind.apply && kind.draw && kind.text);
    EXPECT_EQ(kind.shapes != nullptr, !kind.learnt.empty() || !kind.given.empty());
    EXPECT_EQ(kind.init != nullptr, !kind.learnt.empty());
    // A layer's number tells its arrays from those of others of its kind, the name those of other kinds.
    for (const nn::Part& part : kind.learnt) EXPECT_TRUE(files.insert(part.name).second) << part.name;
    for (const nn::Part& part : kind.given) EXPECT_FALSE(files.contains(part.name)) << part.name;
  }
}

TEST(Layers, GiveRowsOfTheShapeTheySay) {
  for_each_sample([](const LayerKind& kind, const Layer& layer, const Shape& in) {
    Shape expected = kind.gives(layer, in);
    if (in.rank() == 1) {
      EXPECT_EQ(kind.reads(layer, expected.back()), in.back());
    }
    expected.insert(0, 6);
    EXPECT_EQ(apply(layer, rows_of(in)).shape(), expected);
    if (in.rank() != 1) return;
    const nn::Dropout dropout{random::key(8), f64(0.5), arange(6, DType::i32)};
    EXPECT_EQ(apply(layer, rows_of(in), &dropout).shape(), expected);
  });
}

TEST(Layers, CountWhatTheyLearn) {
  for_each_sample([](const LayerKind& kind, const Layer& layer, const Shape& in) {
    std::int64_t numbers = 0;
    const std::vector<Layer> alone{layer};
    nn::walk(alone, in, [&](const Layer& at, const Shape&) {
      for (const Array& array : at.learnt) numbers += array.size();
    });
    EXPECT_EQ(nn::parameter_count({alone}), numbers);
    if (in.rank() == 1) {
      // What follows fixes how wide rows are where the layer does not say it.
      const std::int64_t width = kind.gives(layer, in).back();
      const Layer next{"dense", {{"inputs", width}, {"units", 1}}};
      EXPECT_EQ(nn::counts_of({layer, next}).parameters, numbers + width + 1);
    }
    if (kind.shapes == nullptr) return;
    const nn::PartShapes shapes = kind.shapes(layer, in);
    ASSERT_EQ(shapes.learnt.size(), kind.learnt.size());
    ASSERT_EQ(layer.learnt.size(), kind.learnt.size());
    for (std::size_t i = 0; i < shapes.learnt.size(); ++i)
      EXPECT_EQ(layer.learnt[i].shape(), shapes.learnt[i]) << kind.learnt[i].name;
    ASSERT_EQ(shapes.given.size(), kind.given.size());
    ASSERT_EQ(layer.given.size(), kind.given.size());
    for (std::size_t i = 0; i < shapes.given.size(); ++i)
      EXPECT_EQ(layer.given[i].shape(), shapes.given[i]) << kind.given[i].name;
  });
}

// A network of other sizes may lend its attributes: arrays that are there tell their own.
TEST(Layers, SizesAreThoseOfTheirArrays) {
  for_each_sample([](const LayerKind& kind, const Layer& layer, const Shape& in) {
    if (kind.shapes == nullptr) return;
    Layer other = layer;
    for (auto& [name, value] : other.attributes) value += 2;
    EXPECT_EQ(kind.gives(other, in), kind.gives(layer, in));
    EXPECT_EQ(kind.reads(other, kind.gives(layer, in).back()), in.back());
    EXPECT_EQ(kind.shapes(other, in).learnt, kind.shapes(layer, in).learnt);
    EXPECT_EQ(kind.shapes(other, in).given, kind.shapes(layer, in).given);
  });
}

TEST(Layers, NameTheirAttributes) {
  for_each_sample([](const LayerKind& kind, const Layer& layer, const Shape&) {
    for (const auto& [name, value] : layer.attributes)
      EXPECT_NE(std::find(kind.attributes.begin(), kind.attributes.end(), name), kind.attributes.end())
          << name;
  });
}

// Lanes of a layer's arrays and of dropout's rates: each is what it would be alone.
TEST(Layers, AbreastAreTheLoop) {
  for_each_sample([](const LayerKind&, const Layer& layer, const Shape& in) {
    const nn::Network one{{layer}};
    const std::vector<Array> leaves = tree::flatten(one);
    constexpr std::int64_t lanes = 3;
    const Array x = rows_of(in), rates = vec({0.1, 0.5, 0.9});
    std::vector<Array> all;
    for (const Array& leaf : leaves) {
      std::vector<Array> of_lanes;
      for (std::int64_t lane = 0; lane < lanes; ++lane)
        of_lanes.push_back(is_float(leaf.dtype()) ? leaf * (1 + 0.25 * static_cast<double>(lane)) : leaf);
      all.push_back(stack(of_lanes));
    }
    const auto run = [&](const std::vector<Array>& at, const Array& rate) {
      const nn::Dropout dropout{random::key(8), rate, arange(6, DType::i32)};
      const nn::Network network = tree::unflatten(one, at);
      return apply(network.layers[0], x, in.rank() == 1 ? &dropout : nullptr);
    };
    const Array abreast = vmap(run)(all, rates);
    const Array compiled = jit(vmap(run))(all, rates);
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      std::vector<Array> alone;
      for (const Array& leaf : all) alone.push_back(squeeze(slice(leaf, 0, lane, lane + 1), 0));
      const Array expected = run(alone, squeeze(slice(rates, 0, lane, lane + 1), 0));
      EXPECT_TRUE(same_bits(expected, squeeze(slice(abreast, 0, lane, lane + 1), 0))) << "lane " << lane;
      EXPECT_TRUE(same_bits(expected, squeeze(slice(compiled, 0, lane, lane + 1), 0))) << "lane " << lane;
    }
  });
}

// A drawn layer ends in what it gives, and has all that it learnt in some step.
TEST(Layers, AreDrawnWhole) {
  for_each_sample([](const LayerKind& kind, const Layer& layer, const Shape& in) {
    nn::Steps drawn(in, Activation::tanh);
    kind.draw(layer, drawn);
    EXPECT_EQ(drawn.gives(), kind.gives(layer, in));
    std::int64_t parameters = 0;
    const std::vector<nn::Step> steps = drawn.take();
    for (std::size_t i = 1; i < steps.size(); ++i) {
      parameters += steps[i].parameters;
      EXPECT_FALSE(steps[i].from.empty());
      for (const std::size_t from : steps[i].from) EXPECT_LT(from, i);
    }
    EXPECT_EQ(parameters, nn::parameter_count(nn::Network{{layer}}));
  });
}

TEST(Layers, KeysAreApart) {
  std::set<std::vector<double>> keys;
  const Array key = random::key(3);
  const Operand zero = 0;
  for (const LayerKind& kind : nn::layer_table())
    for (const std::size_t number : {0u, 1u, 2u})
      keys.insert(nn::key_of(kind, {key, number, Activation::relu, zero, zero, DType::f32}).to_doubles());
  EXPECT_EQ(keys.size(), 3 * nn::layer_table().size());
}

TEST(Layers, OfAnUnknownKindAreRefused) {
  EXPECT_NE(error_of([] { nn::kind_of(Layer{"reservoir"}); }).find("\"reservoir\""), std::string::npos);
  EXPECT_NE(error_of([] { nn::attribute(Layer{"dense"}, "units"); }).find("units"), std::string::npos);
}

// The counts of architectures, by hand.
TEST(Counts, OfArchitectures) {
  const auto counts = [](const nn::Architecture& a) { return nn::counts_of(nn::layers_of(a)); };
  EXPECT_EQ(counts({{3, 8, 2}}).parameters, 3 * 8 + 8 + 8 * 2 + 2);
  EXPECT_EQ(counts({{3, 8, 2}}).multiplications, 3 * 8 + 8 * 2);
  EXPECT_EQ(counts({{3, 8, 2}}).made, 8 + 2);
  // A residual network: 3 -> 8, a block 8 -> 5 -> 8 behind a norm, a norm, 8 -> 2.
  const nn::Architecture residual{{3, 8, 5, 2}, nn::Body::residual, true};
  EXPECT_EQ(counts(residual).parameters, 3 * 8 + 8 + (2 * 8 + 8 * 8 + 8 + 8 * 8 + 8) +
                                             (2 * 8 + 8 * 5 + 5 + 5 * 8 + 8) + 2 * 8 + 8 * 2 + 2);
  EXPECT_EQ(counts(residual).multiplications, 3 * 8 + 2 * 8 * 8 + 2 * 8 * 5 + 8 * 2);
  // Two columns as waves of 4 frequencies each, mixed 8 -> 4 for each, beside 3 features.
  const nn::Architecture waves{{3 + 2 * 4, 2}, nn::Body::mlp, false, 2, 4};
  EXPECT_EQ(counts(waves).parameters, 2 * 4 + 8 * 4 + 4 + 11 * 2 + 2);
  EXPECT_EQ(counts(waves).multiplications, 2 * 8 * 4 + 11 * 2);
  for (const nn::Architecture& a : {residual, waves})
    EXPECT_EQ(counts(a).parameters,
              nn::parameter_count(nn::init_network(random::key(1), a, Activation::relu)));
}

TEST(Lines, TellANetwork) {
  const nn::Network network =
      nn::init_network(random::key(1), {{3, 8, 5, 2}, nn::Body::residual, true}, Activation::relu);
  EXPECT_EQ(nn::lines_of(network, Activation::relu),
            (std::vector<std::string>{"3 -> 8", "block (layer norm, 8 -> 8, relu, 8 -> 8)",
                                      "block (layer norm, 8 -> 5, relu, 5 -> 8), layer norm", "8 -> 2"}));
  EXPECT_EQ(nn::lines_of(nn::init_network(random::key(1), {{3, 8, 2}}, Activation::tanh), Activation::tanh),
            (std::vector<std::string>{"3 -> 8, tanh", "8 -> 2"}));
}

}  // namespace
}  // namespace runnel
