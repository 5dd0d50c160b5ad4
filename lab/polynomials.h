// Bases of polynomials, and the fourteen points that fits of them are shown on.
#pragma once

#include <cstdint>
#include <string_view>

#include "runnel/array.h"

namespace runnel::lab {

enum class Basis { chebyshev, legendre };
std::string_view basis_name(Basis basis);

// The polynomials of degree 0 … `degree` at x (n,): (n, degree + 1).
Array columns(Basis basis, const Array& x, std::int64_t degree);

// Points of a public notebook for the exercise of document 1: sin 10x on [0, 1] with noise of deviation 0.1
// (NumPy's legacy generator, seed 123), and the truth on 1,000 points of a grid.
struct Polynomials {
  Array x, y, grid, truth;
};
Polynomials fourteen_points();

}  // namespace runnel::lab
