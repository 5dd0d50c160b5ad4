// Models that were saved before networks were lists of layers (version 0.1.0, format 3): a residual network
// of waves and one of pieces, both with norms, a perceptron with norms, an ensemble and a network in doubles.
// The program that wrote them also wrote predictions.csv, and what it predicted is what they predict.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/helpers.h"
#include "runnel/predictor.h"

namespace runnel {
namespace {

TEST(KeptModels, PredictWhatTheyPredicted) {
  const auto folder = std::filesystem::path(RUNNEL_EXAMPLES).parent_path() / "tests" / "artifact" / "kept";
  const Table table = read_table((folder / "predictions.csv").string());
  for (const char* name : {"waves", "pieces", "mlp", "two", "f64"}) {
    const std::string path = (folder / (std::string(name) + ".safetensors")).string();
    const Predictions found = Predictor(Model::load(path)).predict(table);
    const Column* expected = table.find(name);
    ASSERT_NE(expected, nullptr);
    EXPECT_EQ(found.values, expected->numbers) << name;
  }
}

}  // namespace
}  // namespace runnel
