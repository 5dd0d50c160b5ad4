// Counting what compiling costs.
#pragma once

#include "compile/pipeline.h"

namespace runnel {

// compile(), counted in compile_statistics(). Whoever makes a program to run it takes this.
std::shared_ptr<const Program> compile_counted(const GraphPtr& graph);

}  // namespace runnel
