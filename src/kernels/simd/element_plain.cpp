// Every operation, one element at a time through the functions that the reference kernels call: what programs
// of one element run, and what has no loop of registers.
#include "core/dispatch.h"
#include "kernels/reference/element.h"
#include "kernels/simd/element_tables.h"

namespace runnel::kernels {
namespace {

template <class T>
const T& operand(const ElementStep& step, std::byte* const* at, std::size_t k, std::size_t i) {
  return reinterpret_cast<const T*>(at[step.in[k]])[i & step.mask[k]];
}

// F is a captureless lambda, so that each instance is a function with the signature of a loop.
template <class In, class Out, class F>
ElementLoop plain1(F) {
  return [](const ElementStep& step, std::byte* const* at, std::size_t n) {
    Out* out = reinterpret_cast<Out*>(at[step.out]);
    for (std::size_t i = 0; i < n; ++i) out[i] = F()(operand<In>(step, at, 0, i));
  };
}

template <class In, class Out, class F>
ElementLoop plain2(F) {
  return [](const ElementStep& step, std::byte* const* at, std::size_t n) {
    Out* out = reinterpret_cast<Out*>(at[step.out]);
    for (std::size_t i = 0; i < n; ++i)
      out[i] = F()(operand<In>(step, at, 0, i), operand<In>(step, at, 1, i));
  };
}

template <class T>
ElementLoop plain_float(Unary op) {
  switch (op) {
    case Unary::exp:
      return plain1<T, T>([](T x) { return math::exp(x); });
    case Unary::expm1:
      return plain1<T, T>([](T x) { return math::expm1(x); });
    case Unary::log:
      return plain1<T, T>([](T x) { return math::log(x); });
    case Unary::log1p:
      return plain1<T, T>([](T x) { return math::log1p(x); });
    case Unary::sqrt:
      return plain1<T, T>([](T x) { return std::sqrt(x); });
    case Unary::rsqrt:
      return plain1<T, T>([](T x) { return T{1} / std::sqrt(x); });
    case Unary::sin:
      return plain1<T, T>([](T x) { return math::sin(x); });
    case Unary::cos:
      return plain1<T, T>([](T x) { return math::cos(x); });
    case Unary::tanh:
      return plain1<T, T>([](T x) { return math::tanh(x); });
    case Unary::logistic:
      return plain1<T, T>([](T x) { return math::logistic(x); });
    case Unary::erf:
      return plain1<T, T>([](T x) { return math::erf(x); });
    case Unary::floor:
      return plain1<T, T>([](T x) { return std::floor(x); });
    default:
      return nullptr;
  }
}

template <class T>
ElementLoop plain_unary(Unary op) {
  if constexpr (std::is_same_v<T, bool>) {
    return op == Unary::logical_not ? plain1<bool, bool>([](bool x) { return !x; }) : nullptr;
  } else if constexpr (std::is_signed_v<T>) {
    if (op == Unary::neg) return plain1<T, T>([](T x) { return negative(x); });
    if (op == Unary::abs) return plain1<T, T>([](T x) { return magnitude(x); });
    if (op == Unary::sign) return plain1<T, T>([](T x) { return sign(x); });
  }
  if constexpr (std::is_floating_point_v<T>) return plain_float<T>(op);
  return nullptr;
}

template <class T>
ElementLoop plain_binary(Binary op) {
  if constexpr (std::is_same_v<T, bool>) {
    if (op == Binary::logical_and) return plain2<bool, bool>([](bool x, bool y) { return x && y; });
    if (op == Binary::logical_or) return plain2<bool, bool>([](bool x, bool y) { return x || y; });
    if (op == Binary::logical_xor) return plain2<bool, bool>([](bool x, bool y) { return x != y; });
  } else {
    if (op == Binary::add) return plain2<T, T>([](T x, T y) { return add(x, y); });
    if (op == Binary::sub) return plain2<T, T>([](T x, T y) { return subtract(x, y); });
    if (op == Binary::mul) return plain2<T, T>([](T x, T y) { return multiply(x, y); });
    if (op == Binary::div) return plain2<T, T>([](T x, T y) { return divide(x, y); });
    if (op == Binary::pow) return plain2<T, T>([](T x, T y) { return power(x, y); });
    if (op == Binary::max) return plain2<T, T>([](T x, T y) { return larger(x, y); });
    if (op == Binary::min) return plain2<T, T>([](T x, T y) { return smaller(x, y); });
  }
  return nullptr;
}

template <class T>
ElementLoop plain_compare(Compare op) {
  switch (op) {
    case Compare::eq:
      return plain2<T, bool>([](T x, T y) { return x == y; });
    case Compare::ne:
      return plain2<T, bool>([](T x, T y) { return x != y; });
    case Compare::lt:
      return plain2<T, bool>([](T x, T y) { return x < y; });
    case Compare::le:
      return plain2<T, bool>([](T x, T y) { return x <= y; });
    case Compare::gt:
      return plain2<T, bool>([](T x, T y) { return x > y; });
    case Compare::ge:
      return plain2<T, bool>([](T x, T y) { return x >= y; });
  }
  return nullptr;
}

template <class T>
void plain_select(const ElementStep& step, std::byte* const* at, std::size_t n) {
  T* out = reinterpret_cast<T*>(at[step.out]);
  for (std::size_t i = 0; i < n; ++i)
    out[i] = operand<bool>(step, at, 0, i) ? operand<T>(step, at, 1, i) : operand<T>(step, at, 2, i);
}

template <class T>
ElementLoop plain_convert(DType to) {
  return dispatch(to, [](auto tag) {
    using To = typename decltype(tag)::type;
    return plain1<T, To>([](T x) { return convert_one<To, T>(x); });
  });
}

}  // namespace

ElementLoop plain_loop(const ElementOp& op) {
  using Kind = ElementCode::Kind;
  return dispatch(op.from, [&](auto tag) -> ElementLoop {
    using T = typename decltype(tag)::type;
    switch (op.what.kind) {
      case Kind::unary:
        return plain_unary<T>(static_cast<Unary>(op.what.code));
      case Kind::binary:
        return plain_binary<T>(static_cast<Binary>(op.what.code));
      case Kind::compare:
        return plain_compare<T>(static_cast<Compare>(op.what.code));
      case Kind::select:
        return plain_select<T>;
      case Kind::convert:
        return plain_convert<T>(op.to);
    }
    return nullptr;
  });
}

ElementLoop element_loop(const ElementOp& op, bool repeats) {
  if (const ElementLoop loop = arithmetic_loop(op, repeats)) return loop;
  if (const ElementLoop loop = function_loop(op)) return loop;
  if (const ElementLoop loop = convert_loop(op)) return loop;
  return plain_loop(op);
}

}  // namespace runnel::kernels
