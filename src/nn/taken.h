// The columns that an embedding takes.
#pragma once

#include "core/fail.h"
#include "nn/layer.h"

namespace runnel::nn {

inline Array taken(const char* what, const Columns& columns, const Array& x) {
  if (x.rank() != 2 || columns.feature.rank() != 1)
    fail("[{}] x {} and columns {}: a batch (n, d) and a list of its columns are needed", what,
         to_string(x.shape()), to_string(columns.feature.shape()));
  return gather(x, columns.feature, 1);
}

// Throws where rows of so many features do not have them. What a trace holds is not known.
inline void expect_taken(const char* what, const Array& feature, const Shape& in) {
  if (in.rank() != 1) fail("[{}] rows of {}: a list of features is needed", what, to_string(in));
  if (feature.is_traced()) return;
  for (const double column : feature.to_doubles())
    if (!(column >= 0 && column < static_cast<double>(in.back())))
      fail("[{}] there is no column {} in rows of {}", what, column, to_string(in));
}

}  // namespace runnel::nn
