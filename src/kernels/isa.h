// Which instruction set the fast kernels use. Every set gives the same bits.
#pragma once

#include <string_view>
#include <vector>

namespace runnel::kernels {

// `reference` stands for the plain loops of reference/, the definition of every op.
enum class Isa { reference, avx2, avx512 };

// The best that this machine has, or the one that RUNNEL_ISA names ("reference", "avx2", "avx512"). Throws
// Error(input) for another name and for a set that the machine lacks. Read once, at the first call.
Isa isa();
std::string_view name_of(Isa isa);
std::vector<Isa> isas_here();  // those that this machine can run

// For tests and benchmarks: kernels prepared from now on use this set.
void force_isa(Isa isa);

// What a fast kernel says of itself when it is run: the set that its code was compiled for.
Isa isa_that_runs();

}  // namespace runnel::kernels
