// Known points, and the files that hold them.
#pragma once

#include <string>
#include <vector>

#include "runnel/models.h"

namespace runnel::cli {

// The points of --try: "rate=0.003,hidden=64", or a file with one on each line and remarks behind #. Fails,
// naming the flag and of a file the line, for what is no point.
struct Points {
  std::vector<std::string> points, files;
};
Points points_from(const std::vector<std::string>& texts, const params::Configuration& base);

}  // namespace runnel::cli
