#include "lab/polynomials.h"

#include <vector>

#include "lab/arrays.h"
#include "runnel/ops.h"

namespace runnel::lab {

std::string_view basis_name(Basis basis) { return basis == Basis::chebyshev ? "Chebyshev" : "Legendre"; }

// T_(k+1) = 2 x T_k - T_(k-1); (k + 1) P_(k+1) = (2k + 1) x P_k - k P_(k-1).
Array columns(Basis basis, const Array& x, std::int64_t degree) {
  std::vector<Array> all{Array::ones(x.shape(), x.dtype()), x};
  for (std::int64_t i = 1; i < degree; ++i) {
    const auto k = static_cast<double>(i);
    const Array &now = all.back(), &before = all[all.size() - 2];
    all.push_back(basis == Basis::chebyshev ? 2 * x * now - before
                                            : ((2 * k + 1) * x * now - k * before) / (k + 1));
  }
  all.resize(static_cast<std::size_t>(degree) + 1);
  return stack(all, 1);
}

Polynomials fourteen_points() {
  const Array grid = vec(evenly(0, 1, 1000));
  return {vec({0.69646919, 0.28613933, 0.22685145, 0.55131477, 0.71946897, 0.42310646, 0.9807642, 0.68482974,
               0.4809319, 0.39211752, 0.34317802, 0.72904971, 0.43857224, 0.0596779}),
          vec({0.77910272, 0.21265699, 0.72191197, -0.73959737, 1.01101917, -0.66770397, -0.27317327,
               0.57412911, -0.9215691, -0.55390937, -0.37971529, 0.96298193, -1.07250534, 0.49820596}),
          grid, sin(10 * grid)};
}

}  // namespace runnel::lab
