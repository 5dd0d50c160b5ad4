// Rows of weight 0.
#pragma once

#include <string>
#include <vector>

#include "runnel/data.h"

namespace runnel {

// Rows of weight 0 are as if they were not there: they train, choose, test and score nothing, and that is
// told. Fails where no other is left.
void leave_out_weightless(const Table& table, const std::string& weight, TargetValues& y,
                          std::vector<std::string>& warnings);

}  // namespace runnel
