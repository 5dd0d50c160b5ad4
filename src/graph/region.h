// Parts of a graph that are computed again on purpose.
#pragma once

#include <cstdint>

namespace runnel {

// What a checkpoint computes again for the way back is a region of its own: its equations stand in for those
// of the way forth, whose values need not be kept, and must not be taken for them again. 0 is everything
// else.
using Region = std::uint32_t;

// The region of equations that are made now, by this thread.
Region current_region();

// Until it ends, equations are made in this region; 0 stays in the one around it.
class RegionScope {
 public:
  explicit RegionScope(Region region);
  ~RegionScope();
  RegionScope(const RegionScope&) = delete;
  RegionScope& operator=(const RegionScope&) = delete;

 private:
  Region before_;
};

}  // namespace runnel
