// Models as the bytes of a safetensors file.
#pragma once

#include <string>
#include <string_view>

#include "runnel/model.h"

namespace runnel {

// What Model::save writes and Model::load reads; errors call the file `path`.
std::string encode_model(const Model& model);
Model decode_model(const std::string& path, std::string_view bytes);

}  // namespace runnel
