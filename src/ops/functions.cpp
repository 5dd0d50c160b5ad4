// Functions built from ops, written so that they stay finite at large arguments.
#include <numeric>

#include "graph/node.h"
#include "ops/helpers.h"

namespace runnel {

Array square(const Array& x) { return x * x; }

// select rather than max, so that the derivative at 0 is 0; asked this way round, nan stays nan.
Array relu(const Array& x) { return select(x <= 0, 0, x); }

// log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|), where -|x| is written as a choice that is smooth from the left
// at 0: with abs, whose derivative at 0 is 0, all derivatives of the whole would be wrong there.
Array softplus(const Array& x) { return relu(x) + log1p(exp(select(x > 0, neg(x), x))); }

namespace {
// The largest element along the axis, as a constant: shifting by it changes no value and no derivative. Where
// it is infinite the shift would give inf - inf, so 0 stands in.
Array shift_of(const Array& x, int axis) {
  const Array m = stop_gradient(max(x, axis, true));
  return select(equal(m - m, 0), m, 0);
}
}  // namespace

Array logsumexp(const Array& x, int axis, bool keep) {
  const Array m = shift_of(x, axis);
  const Array total = log(sum(exp(x - m), axis, true)) + m;
  return keep ? total : squeeze(total, axis);
}

Array softmax(const Array& x, int axis) {
  const Array e = exp(x - shift_of(x, axis));
  return e / sum(e, axis, true);
}

Array log_softmax(const Array& x, int axis) {
  const Array shifted = x - shift_of(x, axis);
  return shifted - log(sum(exp(shifted), axis, true));
}

// The derivative at 0 is 0, not 0/0. Its square is smooth there all the same (elementwise.cpp, mul).
Array norm(const Array& x) {
  const Array squares = sum(x * x);
  const Array zero = equal(squares, 0);
  const Array root = select(zero, 0, sqrt(select(zero, 1, squares)));
  return root.is_traced() ? detail::ArrayAccess::root_of(squares, root) : root;
}

}  // namespace runnel
