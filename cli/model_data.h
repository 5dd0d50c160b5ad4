// What predict and score share: a model and the data it is applied to.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "runnel/model.h"

namespace runnel::cli {

struct ModelDataArguments {
  std::string model, data;
  ReadArguments read;
};
void add_model_and_data(CLI::App& app, ModelDataArguments& arguments);

// A model, and how tables for it are read: what it remembers of its own data's reading (no header, the words
// for missing values) holds unless the arguments say otherwise.
struct ModelAndReading {
  Model model;
  ReadOptions options;
};
ModelAndReading read_model(const ModelDataArguments& arguments);

struct ModelData {
  Model model;
  Table table;
  std::vector<std::string> notes;  // of the reader, and on what the model had not seen
};

// Reads both, the data as a whole.
ModelData read_model_and_data(const ModelDataArguments& arguments);

}  // namespace runnel::cli
