#include "graph/region.h"

namespace runnel {
namespace {

Region& region_of_thread() {
  thread_local Region region = 0;
  return region;
}

}  // namespace

Region current_region() { return region_of_thread(); }

RegionScope::RegionScope(Region region) : before_(region_of_thread()) {
  if (region != 0) region_of_thread() = region;
}
RegionScope::~RegionScope() { region_of_thread() = before_; }

}  // namespace runnel
