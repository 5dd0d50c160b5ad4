// What some flags of a search take: times, and known points with the files that hold them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runnel/sweep.h"

namespace runnel::cli {

// Seconds of "90s", "5m", "1h30m", "1.5h", "2d"; none for other texts, and for no time at all.
std::optional<double> seconds_from(const std::string& text);

// The points of --try: "rate=0.003,hidden=64", or a file with one on each line and remarks behind #. Fails,
// naming the flag and of a file the line, for what is no point.
struct Points {
  std::vector<std::string> points, files;
};
Points points_from(const std::vector<std::string>& texts, const params::Configuration& base);

}  // namespace runnel::cli
