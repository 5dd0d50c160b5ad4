// The op table: the only list of ops. Each family of ops is one file of this folder.
#pragma once

#include <span>
#include <string_view>

#include "graph/op.h"

namespace runnel {

std::span<const Op> op_table();
const Op& find_op(std::string_view name);  // throws for an unknown name

// The families, as src/ops/<family>.cpp define them.
std::vector<Op> elementwise_ops();
std::vector<Op> reduction_ops();
std::vector<Op> shape_ops();
std::vector<Op> index_ops();
std::vector<Op> contraction_ops();
std::vector<Op> random_ops();
std::vector<Op> linalg_ops();
std::vector<Op> control_ops();
std::vector<Op> compiled_ops();

}  // namespace runnel
