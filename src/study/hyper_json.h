// Hyperparameters as JSON and back, and JSON as this room writes it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runnel/study.h"

namespace runnel::study {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json);  // on one line; text that is no UTF-8 is replaced

// {"hidden": "64x64", …, "rate": 0.001, "dropout": "off", "seed": "9007199254740993", "bins": null}: numbers
// as JSON's numbers where these hold them (other programs read JSON's whole numbers as doubles), null for
// what takes no part.
std::string hyper_json(const params::Configuration& configuration);
// Throws nlohmann::json::exception for text that is no object of numbers, texts and nulls.
std::vector<Candidate::Value> hyper_values(const std::string& json);

}  // namespace runnel::study
