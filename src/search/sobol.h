// Sobol's sequence: points that fill the unit cube more evenly than random ones.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runnel::search {

// Dimensions there are direction numbers for.
inline constexpr std::size_t kSobolDimensions = 53;

// Coordinate `dimension` (from 0) of point `index` (from 0), as a fraction of 2^32: the plain sequence, in
// the order of the binary digits of the index (Sobol, "On the distribution of points in a cube and the
// approximate evaluation of integrals", USSR Comput. Math. Math. Phys. 7, 1967).
std::uint32_t sobol(std::size_t dimension, std::uint32_t index);

// x after Owen's nested uniform scrambling (Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences", 1995,
// section 3): each bit is flipped by a coin that depends on the bits above it. The coins are Philox's, a
// function of seed and dimension. Every elementary interval in base 2 keeps its number of points.
std::uint32_t scrambled(std::uint32_t x, std::size_t dimension, std::uint64_t seed);

}  // namespace runnel::search
