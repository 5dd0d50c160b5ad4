// Results of the lab as JSON: for programs, and for the page that draws their pictures.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lab/lab.h"

namespace runnel::lab {

using Json = nlohmann::ordered_json;

Json to_json(const Picture& picture);  // values that are not finite are null
Json to_json(const Table& table);
Json to_json(const Experiment& experiment);  // what is known before it runs
Json to_json(const Result& result);          // the same, and what came out

}  // namespace runnel::lab
