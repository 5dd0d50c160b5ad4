#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/dot_tiles_f32.cpp"
#include <hwy/foreach_target.h>

#include "kernels/simd/dot_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
const DotTiles<float>& tiles_of_f32() { return tiles<float>(); }
}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace runnel::kernels {
const DotTiles<float>& widest_dot_tiles(float) { return RUNNEL_FOR_ISA(tiles_of_f32)(); }

const DotTiles<float>& dot_tiles(float type, std::int64_t numbers) {
  const DotTiles<float>& best = widest_dot_tiles(type);
  const DotTiles<float>& narrow = N_AVX2::tiles_of_f32();
  return numbers <= narrow.width ? narrow : best;
}
}  // namespace runnel::kernels
#endif
