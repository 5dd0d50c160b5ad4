#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/dot_tiles_f64.cpp"
#include <hwy/foreach_target.h>

#include "kernels/simd/dot_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
const DotTiles<double>& tiles_of_f64() { return tiles<double>(); }
}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace runnel::kernels {
const DotTiles<double>& widest_dot_tiles(double) { return RUNNEL_FOR_ISA(tiles_of_f64)(); }

const DotTiles<double>& dot_tiles(double type, std::int64_t numbers) {
  const DotTiles<double>& best = widest_dot_tiles(type);
  const DotTiles<double>& narrow = N_AVX2::tiles_of_f64();
  return numbers <= narrow.width ? narrow : best;
}
}  // namespace runnel::kernels
#endif
