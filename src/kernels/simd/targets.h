// Included first by every source of this folder: which instruction sets its code is compiled for, and how the
// one that isa() names is chosen. (A source that Highway's foreach_target.h includes once for each set puts
// its code into a namespace of that set's name; Highway's own choice at run time is not used.)
#pragma once

// The sources' floor, x86-64-v3, has everything of Highway's AVX2 but these two, which no kernel uses.
#define HWY_DISABLE_PCLMUL_AES 1
#define HWY_DISABLED_TARGETS (~(HWY_AVX2 | HWY_AVX3))

#include "kernels/isa.h"

namespace runnel::kernels {

// Of one function compiled for both sets, that of isa(), which is not Isa::reference. RUNNEL_FOR_ISA(f) finds
// the two by their namespaces.
template <class Function>
Function* for_isa(Function* avx2, Function* avx512) {
  return isa() == Isa::avx512 ? avx512 : avx2;
}
#define RUNNEL_FOR_ISA(function) ::runnel::kernels::for_isa(&N_AVX2::function, &N_AVX3::function)

}  // namespace runnel::kernels
