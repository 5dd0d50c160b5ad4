// A program outside Runnel's tree: a derivative, a decomposition, a table; 0 when all are as they must be.
#include <cmath>
#include <iostream>

#include "runnel/data.h"
#include "runnel/linalg.h"
#include "runnel/transforms.h"
#include "runnel/version.h"

int main() {
  using namespace runnel;
  // d/dx x³ = 3 x².
  auto slope = jit(vmap(grad([](const Array& x) { return x * x * x; })));
  const Array slopes = slope(Array{1, 2, -3});
  // [[4, 2], [2, 5]] = l lᵀ with l = [[2, 0], [1, 2]].
  const Array l = cholesky(Array{{4, 2}, {2, 5}});
  const Table table = read_table("demo:moons");
  std::cout << "Runnel " << RUNNEL_VERSION << ": " << slopes << ", " << l << ", " << table.rows << " rows\n";
  const bool right = slopes.to_doubles() == std::vector<double>{3, 12, 27} &&
                     std::abs(l.at({1, 0}) - 1) < 1e-6 && std::abs(l.at({1, 1}) - 2) < 1e-6 && table.rows > 0;
  return right ? 0 : 1;
}
