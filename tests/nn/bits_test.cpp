// The bits of networks: initial weights, outputs and gradients, as digests that stay what they are. Studies
// and saved models rely on them: a candidate that is trained again comes to the network it came to before.
#include <map>

#include "core/digest.h"
#include "nn/support.h"

namespace runnel {
namespace {

using nn::Activation;
using nn::Body;

struct Case {
  std::string name;
  nn::Architecture architecture;
  std::optional<nn::Columns> columns;
};

// Both bodies with and without normalisation under every embedding, and linear models.
std::vector<Case> cases(const Array& x) {
  const nn::Columns pieces = nn::quantile_pieces(x, {0, 2}, 3);
  const nn::Columns waves{Array::from<std::int32_t>({0, 2}, {2})};
  std::vector<Case> out;
  for (const auto& [body, norm] :
       {std::pair(Body::mlp, false), {Body::mlp, true}, {Body::residual, false}, {Body::residual, true}})
    for (const std::vector<std::int64_t>& hidden : {std::vector<std::int64_t>{}, {4}, {4, 5}}) {
      const auto add = [&](const char* embedding, std::int64_t inputs, std::int64_t embedded,
                           const std::optional<nn::Columns>& columns) {
        nn::Architecture a{{inputs}, body, norm, embedded, embedded > 0 ? 3 : 0};
        a.sizes.insert(a.sizes.end(), hidden.begin(), hidden.end());
        a.sizes.push_back(2);
        out.push_back({std::string(body == Body::mlp ? "mlp" : "residual") + (norm ? ", norm, " : ", ") +
                           std::to_string(hidden.size()) + " hidden, " + embedding,
                       a, columns});
      };
      add("plain", 3, 0, std::nullopt);
      add("pieces", pieces.feature.dim(0), 0, pieces);
      add("waves", 3 + 2 * 3, 2, waves);
    }
  return out;
}

void add_bits(Digest& digest, const std::vector<Array>& arrays) {
  for (const Array& array : arrays) {
    digest.text(to_string(array.type()));
    digest.values(array.to_doubles());
  }
}

// Weights, outputs and gradients of one network: plain, scaled, and with dropout.
void add_network(Digest& digest, const Case& c, const Array& x, Activation activation) {
  const DType dtype = x.dtype();
  const Array y = convert(normals({7, 2}, 2), dtype);
  const nn::Network network = nn::init_network(random::key(5), c.architecture, activation, 0.3, 0.5, dtype);
  add_bits(digest, tree::flatten(network));
  const nn::Dropout dropout{random::key(8), Array::scalar(0.4, dtype), arange(7, DType::i32) * 3};
  const auto add = [&](auto forward) {
    add_bits(digest, {forward(network)});
    add_bits(
        digest,
        tree::flatten(grad([&](const nn::Network& n) { return nn::squared_error(forward(n), y); })(network)));
  };
  add([&](const nn::Network& n) { return nn::forward(nn::with_columns(n, c.columns), x, activation); });
  add([&](const nn::Network& n) { return nn::forward(nn::with_columns(n, c.columns), x, activation, 1.5); });
  add([&](const nn::Network& n) {
    return nn::forward(nn::with_columns(n, c.columns), x, activation, 1.5, dropout);
  });
}

// Of f32 under relu and the sigmoid, and of f64 under tanh.
std::map<std::string, std::string> digests() {
  std::map<std::string, std::string> out;
  std::map<std::string, Digest> all;
  for (const auto& [activation, dtype] : {std::pair(Activation::relu, DType::f32),
                                          {Activation::sigmoid, DType::f32},
                                          {Activation::tanh, DType::f64}}) {
    const Array x = convert(normals({7, 3}, 1), dtype);
    for (const Case& c : cases(x)) add_network(all[c.name], c, x, activation);
  }
  for (const auto& [name, digest] : all) out[name] = digest.hex();
  return out;
}

TEST(Bits, OfNetworksStayWhatTheyAre) {
  const std::map<std::string, std::string> known{
      {"mlp, 0 hidden, pieces", "f062217e5cae29a123d7bfe8a64fa49d"},
      {"mlp, 0 hidden, plain", "32ce583ae1966619efa9b5b2a4e3c095"},
      {"mlp, 0 hidden, waves", "9d657004663d83463be63abd4e034486"},
      {"mlp, 1 hidden, pieces", "16377f2ac87a03f08d794cf4a192f0d5"},
      {"mlp, 1 hidden, plain", "422499b42dd0307d4a97d5e4c4449e08"},
      {"mlp, 1 hidden, waves", "683d367250d742ca149d2ff44fd9a19f"},
      {"mlp, 2 hidden, pieces", "d53b757c30f7d62e98e15eb1f760920c"},
      {"mlp, 2 hidden, plain", "6c55231810caf270955447aa7b0b1a61"},
      {"mlp, 2 hidden, waves", "f076860978802ffad621224e2a3e21f4"},
      {"mlp, norm, 0 hidden, pieces", "f062217e5cae29a123d7bfe8a64fa49d"},
      {"mlp, norm, 0 hidden, plain", "32ce583ae1966619efa9b5b2a4e3c095"},
      {"mlp, norm, 0 hidden, waves", "9d657004663d83463be63abd4e034486"},
      {"mlp, norm, 1 hidden, pieces", "a5db01ee23d6b4c04bece5b54ed718ec"},
      {"mlp, norm, 1 hidden, plain", "2d30e8636ea8399d8a91211a10bcb38d"},
      {"mlp, norm, 1 hidden, waves", "c8b025c52aa84fb0dc574dfbf712fe69"},
      {"mlp, norm, 2 hidden, pieces", "dcd4e5884d2d9a9821e13530fe6632d3"},
      {"mlp, norm, 2 hidden, plain", "1c9bed1d902456e81d1e52e1996f13c8"},
      {"mlp, norm, 2 hidden, waves", "4cbdf150221d5b7be1f5634d97e89e3b"},
      {"residual, 0 hidden, pieces", "f062217e5cae29a123d7bfe8a64fa49d"},
      {"residual, 0 hidden, plain", "32ce583ae1966619efa9b5b2a4e3c095"},
      {"residual, 0 hidden, waves", "9d657004663d83463be63abd4e034486"},
      {"residual, 1 hidden, pieces", "bd106438f45922a8ef7008bf20a5ecc0"},
      {"residual, 1 hidden, plain", "fe1890cf6f576113d801911a5f201455"},
      {"residual, 1 hidden, waves", "df027f14ec12789e7fdf545d44d3c8ab"},
      {"residual, 2 hidden, pieces", "018b89308418a78d5155aff0b349dccc"},
      {"residual, 2 hidden, plain", "afd484e62ce900caea05cfa5fc7e3c1a"},
      {"residual, 2 hidden, waves", "31c5592cc84d40c7c9b8bb59bd1b823c"},
      {"residual, norm, 0 hidden, pieces", "f062217e5cae29a123d7bfe8a64fa49d"},
      {"residual, norm, 0 hidden, plain", "32ce583ae1966619efa9b5b2a4e3c095"},
      {"residual, norm, 0 hidden, waves", "9d657004663d83463be63abd4e034486"},
      {"residual, norm, 1 hidden, pieces", "234a9b1a92ea3406a4d536282c5847cf"},
      {"residual, norm, 1 hidden, plain", "9b661890664a10d7a42b5cddf1da4930"},
      {"residual, norm, 1 hidden, waves", "9b844c640cd9e79657db403828dac427"},
      {"residual, norm, 2 hidden, pieces", "ee3514b042cfff785fc48c9d8230c0e6"},
      {"residual, norm, 2 hidden, plain", "337d621837d58bbf1dac2af32c80e3f6"},
      {"residual, norm, 2 hidden, waves", "f6d6f07e30efcb0127d8f185a2b4c883"},
  };
  const std::map<std::string, std::string> found = digests();
  EXPECT_EQ(found.size(), known.size());
  for (const auto& [name, digest] : found)
    EXPECT_EQ(digest, known.contains(name) ? known.at(name) : "") << name;
}

}  // namespace
}  // namespace runnel
