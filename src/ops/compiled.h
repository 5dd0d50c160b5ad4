// Ops that the compiler makes of others, after all transforms: they have no derivatives and no lanes of their
// own.
#pragma once

#include "graph/op.h"

namespace runnel {

// strip: a graph run for one range of an axis after another. Operand i is cut along in_axes[i], or given
// whole to each run where that is -1; output o is put together along out_axes[o]. Ranges are `chunk` long,
// the last one size % chunk if that is not 0: `tail` is the graph for it (null where there is none).
struct StripSpec {
  GraphPtr body;
  GraphPtr tail;
  std::int64_t size = 0;
  std::int64_t chunk = 0;
  std::vector<std::int64_t> in_axes;
  std::vector<std::int64_t> out_axes;
};
StripSpec strip_spec(const Attrs& attrs);
Attrs strip_attrs(const StripSpec& spec);

}  // namespace runnel
