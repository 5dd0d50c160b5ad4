// Stand-ins for the document's photographs of faces with ages: the same sizes, the same range of pixels, the
// same largest eigenvalue. Nothing of them is copied.
#pragma once

#include "lab/arrays.h"

namespace runnel::lab {

struct Images {
  Array x, y;  // (n, side * side) in [0, 1], (n,) whole numbers from 1 to 90; f64
};

// Pixels are waves whose heights differ from image to image, with noise, about a mean of 1/2; ages follow the
// waves' heights, with noise. Functions of the key.
Images stand_in_images(const Array& key, std::int64_t n, std::int64_t side);

}  // namespace runnel::lab
