// Arrays as a study keeps them, and back.
#pragma once

#include <string>

#include "runnel/array.h"
#include "runnel/study.h"

namespace runnel::study {

Tensor tensor_of(const Array& array, std::string name);
Array array_of(const Tensor& tensor);  // its bytes are as many as its shape needs

}  // namespace runnel::study
