// Counter-based random bits.
#pragma once

#include "kernels/view.h"

namespace runnel::kernels {

// Philox4x32-10 words. key and stream: u32 (2,) + B; out: u32 (n,) + B, lanes (B) independent:
// word e of a lane = block({e / 4 low, e / 4 high, stream[0], stream[1]}, key)[e mod 4]. With `halves`,
// number e is the lower (e even) or upper half of word e / 2. Lanes of the output's last axis touch.
void philox(const View& key, const View& stream, const View& out, bool halves = false);

}  // namespace runnel::kernels
