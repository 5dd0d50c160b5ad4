// Networks as tensors of a model file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "artifact/safetensors.h"
#include "runnel/model.h"

namespace runnel {

// Adds nn::named_parts, each name behind the prefix. Column numbers become floats, as all tensors are.
void write_network(const nn::Network& network, const std::string& prefix, SafeTensors& file);

// A file's tensors by their names: networks of many layers ask for many.
using TensorsByName = std::map<std::string_view, const Array*>;
TensorsByName by_name(const SafeTensors& file);

// Reads what write_network wrote, and checks that its parts go together: shapes, one dtype, finite values.
// `damaged` is called with what is wrong, and throws. Adds the number of its tensors to `tensors`.
nn::Network read_network(const TensorsByName& file, const std::string& prefix,
                         const params::Configuration& configuration,
                         const std::function<void(const std::string&)>& damaged, std::size_t& tensors);

// The widths that a candidate's `hidden` names: of layers that an activation follows.
std::vector<std::int64_t> hidden_widths(const nn::Network& network);

}  // namespace runnel
