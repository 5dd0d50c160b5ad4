// Saved models: they come back as they were, predict the same, and a file whose parts do not belong together
// is refused in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "artifact/output_file.h"
#include "artifact/safetensors.h"
#include "candidates.h"
#include "data/helpers.h"
#include "data/readers.h"
#include "runnel/model.h"
#include "runnel/ops.h"
#include "runnel/predictor.h"
#include "runnel/random.h"

namespace runnel {
namespace {

using test::all_rows;
using ::testing::HasSubstr;

class ModelTest : public test::DataTest {
 protected:
  // Numbers and a category, without standardising: the features are x, then one column per letter.
  Table table(const std::string& target_values) const {
    const std::string letters = "abab";
    std::string text = "x,letter,y\n";
    std::size_t begin = 0;
    for (std::size_t i = 0; i < 24; ++i) {
      const std::size_t end = target_values.find(' ', begin);
      const std::string value = target_values.substr(begin, end - begin);
      begin = end == std::string::npos ? 0 : end + 1;
      text += std::to_string(i % 5) + ".5," + letters[i % 4] + "," + value + "\n";
    }
    return csv(text);
  }

  Model model(const Table& t, std::vector<nn::Dense> layers,
              const std::vector<std::int64_t>& hidden = {}) const {
    Model out;
    std::vector<std::string> warnings;
    out.target = Target::fit(t, {.column = "y"}, warnings);
    TriageOptions triage;
    triage.target = "y";
    triage.standardize = false;
    triage.log_companions = false;
    triage.categorical = {"letter"};
    triage.keep = {"x", "letter"};
    out.preprocessor = Preprocessor::fit(t, all_rows(t), triage);
    out.network = nn::network_of(layers);
    out.configuration = models::network({{"hidden", params::list_value(hidden)}});
    if (out.target.task() != Task::regression) {
      out.metric = models::Metric::accuracy;
      out.loss = out.target.task() == Task::binary ? models::Loss::logistic : models::Loss::softmax;
    }
    out.version = "0.0.0";
    out.provenance = "{}";
    return out;
  }

  Table numbers() const { return table("0.5 1.25 2.5 3.75 5.5 7.5"); }
  Table two_classes() const { return table("no yes yes"); }
  Table three_classes() const { return table("red green blue"); }

  static Array ones(std::int64_t in, std::int64_t out, double value) { return Array::full({in, out}, value); }

  std::string saved(const Model& m, const std::string& name = "m.safetensors") const {
    m.save(path(name));
    return path(name);
  }

  // A saved model with one entry of its metadata, or its tensors, changed.
  template <class Change>
  std::string changed(const Model& m, Change change) const {
    SafeTensors file = decode_safetensors("m", data::read_bytes(saved(m)));
    change(file);
    return write("changed.safetensors", encode_safetensors(file));
  }
};

TEST_F(ModelTest, ComesBackAsItWas) {
  const Table t = numbers();
  Model m = model(t, {}, {2});
  const auto inputs = static_cast<std::int64_t>(m.preprocessor.features().size());
  m.network = nn::network_of({{ones(inputs, 2, 0.1), Array({0.25, -0.5})}, {ones(2, 1, -3), Array({0.7})}});
  m.configuration = models::changed(
      m.configuration, {{"activation", "tanh"}, {"rate", 0.1 + 0.2}, {"seed", 9223372036854775806}});
  m.target_mean = 1.0 / 3;
  m.target_scale = 1e-7 / 3;
  m.seed = 18446744073709551615u;
  m.metric = models::Metric::mae;
  m.loss = models::Loss::huber;
  m.provenance = R"({"command":"runnel fit 'a b.csv'"})";
  const Model back = Model::load(saved(m));
  const std::vector<nn::Dense> layers = nn::dense_layers(back.network), made = nn::dense_layers(m.network);
  ASSERT_EQ(layers.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(same_bits(layers[i].w, made[i].w));
    EXPECT_TRUE(same_bits(layers[i].b, made[i].b));
  }
  EXPECT_EQ(back.configuration, m.configuration);
  EXPECT_EQ(back.target_mean, m.target_mean);
  EXPECT_EQ(back.target_scale, m.target_scale);
  EXPECT_EQ(back.seed, m.seed);
  EXPECT_EQ(back.metric, m.metric);
  EXPECT_EQ(back.loss, m.loss);
  EXPECT_EQ(back.version, m.version);
  EXPECT_EQ(back.provenance, m.provenance);
  EXPECT_EQ(back.target.to_json(), m.target.to_json());
  EXPECT_EQ(back.preprocessor.to_json(), m.preprocessor.to_json());
  EXPECT_EQ(Predictor(back).predict(t).values, Predictor(m).predict(t).values);
}

// A linear model by hand: the prediction is mean + scale * (w x + b), row by row.
TEST_F(ModelTest, RegressionIsTheFormula) {
  const Table t = numbers();
  Model m = model(t, {});
  const auto inputs = static_cast<std::int64_t>(m.preprocessor.features().size());
  m.network = nn::network_of({{ones(inputs, 1, 2), Array({0.5})}});
  m.target_mean = 10;
  m.target_scale = 4;
  const Matrix<float> x = m.preprocessor.transform(t);
  const Predictions out = Predictor(m).predict(t, std::vector<std::size_t>{3, 1});
  ASSERT_EQ(out.values.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    double sum = 0;
    for (const float value : x.row(i == 0 ? 3 : 1)) sum += value;
    EXPECT_NEAR(out.values[i], 10 + 4 * (2 * sum + 0.5), 1e-5);
  }
}

TEST_F(ModelTest, TwoClassesFromOneLogit) {
  const Table t = two_classes();
  Model m = model(t, {});
  const auto inputs = static_cast<std::int64_t>(m.preprocessor.features().size());
  m.network =
      nn::network_of({{ones(inputs, 1, 0), Array({std::log(3.0)})}});  // odds of 3 to 1 for "yes", always
  const Predictions out = Predictor(m).predict(t);
  ASSERT_EQ(out.probabilities.cols, 2u);
  for (std::size_t i = 0; i < t.rows; ++i) {
    EXPECT_NEAR(out.probabilities(i, 0), 0.25, 1e-7);
    EXPECT_NEAR(out.probabilities(i, 1), 0.75, 1e-7);
    EXPECT_EQ(m.target.classes()[out.labels[i]], "yes");
  }
  std::vector<std::string> warnings;
  const std::vector<double> y = m.target.read(t, warnings).y;
  EXPECT_NEAR(score(m, out, y), 2.0 / 3, 1e-12);
  EXPECT_NEAR(score(m, out, y, models::Metric::log_loss), -(2 * std::log(0.75) + std::log(0.25)) / 3, 1e-7);
}

TEST_F(ModelTest, ManyClassesFromTheirLogits) {
  const Table t = three_classes();  // sorted: blue, green, red
  Model m = model(t, {});
  const auto inputs = static_cast<std::int64_t>(m.preprocessor.features().size());
  m.network = nn::network_of(
      {{ones(inputs, 3, 0), Array({1000 + std::log(1.0), 1000 + std::log(2.0), 1000 + std::log(5.0)})}});
  const Predictions out = Predictor(m).predict(t, std::vector<std::size_t>{0, 5});
  EXPECT_NEAR(out.probabilities(1, 0), 1.0 / 8, 1e-4);  // 1000 in f32 leaves four digits
  EXPECT_NEAR(out.probabilities(1, 1), 2.0 / 8, 1e-4);
  EXPECT_NEAR(out.probabilities(1, 2), 5.0 / 8, 1e-4);
  EXPECT_EQ(m.target.classes()[out.labels[0]], "red");
}

TEST_F(ModelTest, HopelessProbabilitiesDoNotMakeTheScoreInfinite) {
  const Table t = two_classes();
  Model m = model(t, {});
  const auto inputs = static_cast<std::int64_t>(m.preprocessor.features().size());
  m.network = nn::network_of({{ones(inputs, 1, 0), Array({5000})}});
  const Predictions out = Predictor(m).predict(t, std::vector<std::size_t>{0});
  EXPECT_EQ(out.probabilities(0, 1), 1);
  EXPECT_TRUE(std::isfinite(score(m, out, {0}, models::Metric::log_loss)));
}

// Pieces are an inner matter: a long table's predictions are those of its rows one by one.
TEST_F(ModelTest, PiecesDoNotShow) {
  std::string text = "x,letter,y\n";
  for (int i = 0; i < 8200; ++i)
    text += std::to_string(i % 7) + ".5," + (i % 2 ? "a" : "b") + "," + std::to_string(i % 11) + ".5\n";
  const Table t = csv(text);
  Model m = model(t, {});
  const auto inputs = static_cast<std::int64_t>(m.preprocessor.features().size());
  m.network = nn::network_of({{ones(inputs, 1, 0.3), Array({0.1})}});
  const std::vector<double> all = Predictor(m).predict(t).values;
  ASSERT_EQ(all.size(), 8200u);
  for (const std::size_t row : {0u, 8191u, 8192u, 8199u})
    EXPECT_EQ(all[row], Predictor(m).predict(t, std::vector<std::size_t>{row}).values[0]);
}

TEST_F(ModelTest, PartsThatDoNotBelongTogether) {
  const Table t = two_classes();
  Model m = model(t, {}, {2});
  const auto inputs = static_cast<std::int64_t>(m.preprocessor.features().size());
  m.network = nn::network_of({{ones(inputs, 2, 1), Array({0, 0})}, {ones(2, 1, 1), Array({0})}});
  ASSERT_NO_THROW(Model::load(saved(m)));

  const auto refused = [&](const char* expected, auto change) {
    const std::string file = changed(m, change);
    const std::string text = error_of([&] { Model::load(file); });
    EXPECT_THAT(text, ::testing::StartsWith(file + ": "));
    EXPECT_THAT(text, HasSubstr(expected));
  };
  const auto tensor = [](SafeTensors& file, const std::string& name) -> Array& {
    for (auto& [known, array] : file.tensors) {
      if (known == name) return array;
    }
    throw std::out_of_range(name);
  };
  refused("not a Runnel model", [](SafeTensors& f) { f.metadata.clear(); });
  refused("reads formats up to 4", [](SafeTensors& f) { f.metadata["runnel_model"] = "5"; });
  for (const char* key : {"target", "preprocessor", "hyper", "metric", "loss", "target_mean", "target_scale",
                          "seed", "version", "provenance"}) {
    refused(key, [&](SafeTensors& f) { f.metadata.erase(key); });
  }
  refused("target", [](SafeTensors& f) { f.metadata["target"] = "{"; });
  refused("preprocessing", [](SafeTensors& f) { f.metadata["preprocessor"] = "[]"; });
  refused("hyperparameters", [](SafeTensors& f) { f.metadata["hyper"] = "{\"rate\": 3}"; });
  refused("hyperparameter", [](SafeTensors& f) { f.metadata["hyper"] = R"({"colour": "blue"})"; });
  refused("metric", [](SafeTensors& f) { f.metadata["metric"] = "beauty"; });
  refused("does not go with", [](SafeTensors& f) { f.metadata["metric"] = "r2"; });
  refused("target_scale", [](SafeTensors& f) { f.metadata["target_scale"] = "nan"; });
  refused("seed", [](SafeTensors& f) { f.metadata["seed"] = "-1"; });
  refused("hidden layers", [](SafeTensors& f) { f.metadata["hyper"] = R"({"hidden": "3"})"; });
  refused("layers.1.b", [](SafeTensors& f) { f.tensors.pop_back(); });
  refused("0 tensors", [](SafeTensors& f) { f.tensors.clear(); });
  refused("tensors for", [](SafeTensors& f) { f.tensors.emplace_back("layers.7.w", Array({1})); });
  refused("'layers.0.b' is f32(3,), where (2,) is needed", [&](SafeTensors& f) {
    tensor(f, "layers.0.b") = Array({0, 0, 0});
  });
  refused("dense 1: [dense] a layer of 5 inputs does not take rows of (2,)", [&](SafeTensors& f) {
    tensor(f, "layers.1.w") = Array::ones({5, 1});
  });
  refused("dtype of its own", [&](SafeTensors& f) { tensor(f, "layers.1.b") = Array({0}, DType::f64); });
  refused("not finite", [&](SafeTensors& f) { tensor(f, "layers.1.b") = Array({NAN}); });
  refused("features, the network takes", [&](SafeTensors& f) {
    tensor(f, "layers.0.w") = Array::ones({9, 2});
  });
  refused("outputs of the network", [&](SafeTensors& f) {
    tensor(f, "layers.1.w") = Array::ones({2, 4});
    tensor(f, "layers.1.b") = Array::ones({4});
  });
}

// A stored width of a block is what the preprocessing would make features of: never believed unseen.
// Networks with everything that a file can hold, for the features x, letter=a, letter=b.
std::vector<Member> networks_of_all_kinds(std::int64_t outputs) {
  const auto make = [&](const nn::Architecture& a, const char* embedding, const nn::Columns* columns) {
    Member m{nn::init_network(random::key(3), a, nn::Activation::relu, 0.1),
             models::network({{"hidden", params::list_value({a.sizes.begin() + 1, a.sizes.end() - 1})},
                              {"body", a.body == nn::Body::residual ? "residual" : "mlp"},
                              {"norm", a.norm ? "layer" : "none"},
                              {"embedding", embedding}})};
    if (columns != nullptr) m.network = nn::with_columns(m.network, *columns);
    return m;
  };
  const nn::Columns pieces = nn::quantile_pieces(Array({{0.5, 0, 1}, {2.5, 1, 0}, {4.5, 0, 1}}), {0}, 2);
  const nn::Columns waves{Array::from<std::int32_t>({0}, {1})};
  return {make({{3, 4, outputs}}, "none", nullptr),
          make({{3, 4, 5, outputs}, nn::Body::residual, true}, "none", nullptr),
          make({{pieces.feature.dim(0), 4, outputs}, nn::Body::mlp, true}, "linear-pieces", &pieces),
          make({{3 + 2, 4, outputs}, nn::Body::residual, false, 1, 2}, "periodic", &waves),
          make({{pieces.feature.dim(0), outputs}}, "linear-pieces", &pieces)};
}

TEST_F(ModelTest, EveryKindOfNetworkComesBack) {
  const Table t = two_classes();
  for (const Member& member : networks_of_all_kinds(1)) {
    Model m = model(t, {});
    m.network = member.network;
    m.configuration = member.configuration;
    const Model back = Model::load(saved(m));
    EXPECT_EQ(back.configuration, m.configuration);
    EXPECT_EQ(Predictor(back).predict(t).probabilities.values, Predictor(m).predict(t).probabilities.values);
    const auto a = tree::flatten(m.network), b = tree::flatten(back.network);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(same_bits(a[i], b[i])) << "leaf " << i;
    // Any tensor that is missing, of another shape or not finite is found out.
    const SafeTensors whole = decode_safetensors("m", data::read_bytes(saved(m)));
    for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
      const auto& [name, tensor] = whole.tensors[i];
      SafeTensors less = whole;
      less.tensors.erase(less.tensors.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_THROW(Model::load(write("less.safetensors", encode_safetensors(less))), Error) << name;
      for (const Array& other : {Array::full(tensor.shape(), NAN), concatenate({tensor, tensor})}) {
        SafeTensors bad = whole;
        bad.tensors[i].second = other;
        EXPECT_THROW(Model::load(write("bad.safetensors", encode_safetensors(bad))), Error) << name;
      }
    }
  }
}

// Formats up to 3 had a number for everything: 0 for what is off or automatic, and values also of what takes
// no part.
TEST_F(ModelTest, NumbersOfEarlierFormatsAreReadAsWords) {
  const Table t = numbers();
  Model m = model(t, {}, {2});
  m.network = nn::network_of({{ones(3, 2, 0.1), Array({0, 0})}, {ones(2, 1, 1), Array({0})}});
  const std::string earlier = changed(m, [](SafeTensors& f) {
    f.metadata["runnel_model"] = "3";
    f.metadata["hyper"] =
        R"({"hidden":"2","optimizer":"sgd","rate":"0.5","dropout":"0","momentum":"0.7","beta2":"0.9",)"
        R"("clip":"0","scale":"1","seed":"18446744073709551615","decay":"0","eps":"0","schedule":"constant",)"
        R"("warmup":"0","every":"3","factor":"0.2","embedding":"none","bins":"8","patience":"0","shards":"0"})";
  });
  const params::Configuration read = Model::load(earlier).configuration;
  EXPECT_EQ(read, models::network({{"hidden", "2"}, {"optimizer", "sgd"}, {"rate", 0.5}, {"seed", -1}}));
  for (const char* name : {"dropout", "clip", "scale", "decay", "warmup", "patience", "shards"})
    EXPECT_TRUE(read[name].is_off()) << name;
  for (const char* name : {"momentum", "beta2", "eps", "every", "factor", "bins"})
    EXPECT_TRUE(read[name].is_nothing()) << name;
}

// The mean of what the members predict one by one, and as much from the file.
TEST_F(ModelTest, AnEnsembleIsTheMeanOfItsMembers) {
  for (const auto& [t, outputs] : {std::pair(numbers(), 1), {two_classes(), 1}, {three_classes(), 3}}) {
    const std::vector<Member> members = networks_of_all_kinds(outputs);
    Model m = model(t, {});
    m.target_mean = 3;
    m.target_scale = m.target.task() == Task::regression ? 2 : 1;
    std::vector<double> values(t.rows), probabilities(t.rows * m.target.classes().size());
    for (const Member& member : members) {
      m.network = member.network;
      m.configuration = member.configuration;
      const Predictions one = Predictor(m).predict(t);
      for (std::size_t i = 0; i < one.values.size(); ++i) values[i] += one.values[i] / 5;
      for (std::size_t i = 0; i < probabilities.size(); ++i)
        probabilities[i] += one.probabilities.values[i] / 5;
    }
    m.others.assign(members.begin(), members.end() - 1);
    const Predictions mean = Predictor(m).predict(t);
    for (std::size_t i = 0; i < mean.values.size(); ++i) EXPECT_NEAR(mean.values[i], values[i], 1e-12);
    for (std::size_t i = 0; i < probabilities.size(); ++i)
      EXPECT_NEAR(mean.probabilities.values[i], probabilities[i], 1e-12);
    const Model back = Model::load(saved(m));
    ASSERT_EQ(back.others.size(), 4u);
    EXPECT_EQ(Predictor(back).predict(t).probabilities.values, mean.probabilities.values);
    EXPECT_EQ(Predictor(back).predict(t).values, mean.values);
    // A member that is missing in part, or one too many.
    const auto refused = [&](auto change) { EXPECT_THROW(Model::load(changed(m, change)), Error); };
    refused([](SafeTensors& f) { f.metadata["others"] = "[]"; });
    refused([](SafeTensors& f) { f.metadata["others"] = "{"; });
    refused([](SafeTensors& f) { f.metadata.erase("others"); });
  }
}

TEST_F(ModelTest, HugeWidthsInTheMetadataCostNothing) {
  const Table t = two_classes();
  Model m = model(t, {});
  m.network =
      nn::network_of({{ones(static_cast<std::int64_t>(m.preprocessor.features().size()), 1, 1), Array({0})}});
  const std::string file = changed(m, [](SafeTensors& f) {
    auto json = nlohmann::json::parse(f.metadata["preprocessor"]);
    json["encodings"][0]["kind"] = "block";
    json["encodings"][0]["width"] = 1'000'000'000'000u;
    json["encodings"][0]["mean"] = {0.0};
    json["encodings"][0]["deviation"] = {1.0};
    f.metadata["preprocessor"] = json.dump();
  });
  EXPECT_THAT(error_of([&] { Model::load(file); }), HasSubstr("wider than the network's inputs"));
}

// Layers are asked for by name, one after the other.
TEST_F(ModelTest, ANetworkOfManyLayersIsRead) {
  const Table t = two_classes();
  constexpr std::size_t hidden = 30'000;
  std::vector<nn::Dense> layers{{ones(3, 1, 1), Array({0})}};
  layers.resize(hidden + 1, {ones(1, 1, 1), Array({0})});
  const Model m = model(t, layers, std::vector<std::int64_t>(hidden, 1));
  EXPECT_EQ(nn::dense_layers(Model::load(saved(m)).network).size(), hidden + 1);
}

// Numbers that JSON can hold and the preprocessing cannot.
TEST_F(ModelTest, NumbersInTheMetadataAreWhatTheyCount) {
  const Table t = two_classes();
  Model m = model(t, {});
  m.network =
      nn::network_of({{ones(static_cast<std::int64_t>(m.preprocessor.features().size()), 1, 1), Array({0})}});
  const auto complaint = [&](const char* place, const nlohmann::json& value) {
    return error_of([&] {
      Model::load(changed(m, [&](SafeTensors& f) {
        auto json = nlohmann::json::parse(f.metadata["preprocessor"]);
        json[nlohmann::json::json_pointer(place)] = value;
        f.metadata["preprocessor"] = json.dump();
      }));
    });
  };
  for (const nlohmann::json& value : {nlohmann::json(1e300), nlohmann::json(-1), nlohmann::json(0.5)})
    EXPECT_THAT(complaint("/decisions/0/features", value), HasSubstr("'features' is no count"));
  EXPECT_THAT(complaint("/clip", -1), HasSubstr("it clips at -1"));
}

// Provenance is shown by writers that go as deep as its brackets do.
TEST_F(ModelTest, DeepProvenanceIsRefused) {
  const Table t = two_classes();
  Model m = model(t, {});
  m.network =
      nn::network_of({{ones(static_cast<std::int64_t>(m.preprocessor.features().size()), 1, 1), Array({0})}});
  m.provenance = R"({"a":")" + std::string(1000, '[') + R"(\"[[\\"})";  // in a text
  EXPECT_EQ(Model::load(saved(m)).provenance, m.provenance);
  m.provenance = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(Model::load(saved(m)).provenance, m.provenance);
  m.provenance = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(error_of([&] { Model::load(saved(m)); }),
              HasSubstr("more than 100 brackets within each other"));
}

// Nor many widths that are each in order, nor what is no width.
TEST_F(ModelTest, WidthsInTheMetadataAreOfTheNetwork) {
  const Table t = two_classes();
  Model m = model(t, {});
  m.network =
      nn::network_of({{ones(static_cast<std::int64_t>(m.preprocessor.features().size()), 1, 1), Array({0})}});
  const auto with_widths = [&](const std::vector<nlohmann::json>& widths) {
    return changed(m, [&](SafeTensors& f) {
      auto json = nlohmann::json::parse(f.metadata["preprocessor"]);
      const nlohmann::json first = json["encodings"][0];
      for (const nlohmann::json& width : widths) {
        json["encodings"].push_back(first);
        json["encodings"].back()["width"] = width;
      }
      f.metadata["preprocessor"] = json.dump();
    });
  };
  for (const auto& widths : std::vector<std::vector<nlohmann::json>>{{2u, 2u}, {-1}, {1e300}, {0.5}})
    EXPECT_THAT(error_of([&] { Model::load(with_widths(widths)); }),
                HasSubstr("wider than the network's inputs"));
}

TEST_F(ModelTest, IsModelFile) {
  const Table t = two_classes();
  Model m = model(t, {});
  m.network =
      nn::network_of({{ones(static_cast<std::int64_t>(m.preprocessor.features().size()), 1, 1), Array({0})}});
  EXPECT_TRUE(is_model_file(saved(m)));
  EXPECT_FALSE(is_model_file(write("t.csv", "name,{,}\n1,2,3\n")));
  EXPECT_FALSE(is_model_file(path("nothing")));
}

// ---- files that are whole or not there
// -------------------------------------------------------------------------

std::size_t files_in(const std::string& folder) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++n;
  return n;
}

class OutputFile : public test::DataTest {};

TEST_F(OutputFile, ReplacesAndLeavesNothingElse) {
  write_file(path("f"), "one");
  write_file(path("f"), "two");
  EXPECT_EQ(data::read_bytes(path("f")), "two");
  check_writable(path("f"));
  check_writable(path("new"));
  EXPECT_EQ(files_in(path("")), 1u);
}

TEST_F(OutputFile, FollowsLinksAndKeepsTheMode) {
  write("real", "old");
  ::chmod(path("real").c_str(), 0640);
  std::filesystem::create_symlink(path("real"), path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(data::read_bytes(path("real")), "new");
  struct stat status = {};
  ASSERT_EQ(::stat(path("real").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0640u);
}

TEST_F(OutputFile, SaysWhereItCannotWrite) {
  EXPECT_THAT(error_of([&] { check_writable(path("none/f")); }), HasSubstr("no folder"));
  EXPECT_THAT(error_of([&] { check_writable(path("")); }), HasSubstr("a folder, not a file"));
  EXPECT_THAT(error_of([&] { check_writable(""); }), HasSubstr("empty name"));
  EXPECT_THROW(write_file(path("none/f"), "x"), Error);
}

TEST_F(OutputFile, AFullDiskIsARunThatFailed) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "there is no /dev/full here";
  check_writable("/dev/full");
  try {
    write_file("/dev/full", "x");
    FAIL() << "no error was raised";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::run);
    EXPECT_THAT(e.what(), HasSubstr("No space left"));
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

}  // namespace
}  // namespace runnel
