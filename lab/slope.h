// The gradient of a loss in the form that optim::descend takes.
#pragma once

#include "runnel/transforms.h"

namespace runnel::lab {

// (`grad` itself takes further arguments too, so descend would hand it the number of steps.)
template <class Loss>
auto slope_of(Loss loss) {
  return [loss](const Array& at) -> Array { return grad(loss)(at); };
}

}  // namespace runnel::lab
