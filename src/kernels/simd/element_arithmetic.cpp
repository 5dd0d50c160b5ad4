// Loops of the operations that are a few instructions each: arithmetic, comparisons, choices, and pairs of
// them.
#include <cstring>

#include "kernels/reference/element.h"
#include "kernels/simd/element_loops.h"
#include "kernels/simd/element_tables.h"
#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/element_arithmetic.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/element_loops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
namespace {

constexpr std::size_t kAtOnce = 4;

struct Add {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return a + b;
  }
};
struct Sub {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return a - b;
  }
};
struct Mul {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return a * b;
  }
};
struct Div {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return a / b;
  }
};
struct Max {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    if constexpr (hwy::IsFloat<hn::TFromV<V>>())
      return hn::IfThenElse(b == b, hn::Max(b, a), b);  // maxps: b > a ? b : a
    else
      return hn::IfThenElse(b > a, b, a);
  }
};
struct Min {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    if constexpr (hwy::IsFloat<hn::TFromV<V>>())
      return hn::IfThenElse(b == b, hn::Min(b, a), b);
    else
      return hn::IfThenElse(b < a, b, a);
  }
};

struct Neg {
  template <class V>
  HWY_INLINE V operator()(V a) const {
    return hn::Neg(a);
  }
};
struct Abs {
  template <class V>
  HWY_INLINE V operator()(V a) const {
    return hn::Abs(a);
  }
};
struct Sign {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    using T = hn::TFromV<V>;
    const hn::DFromV<V> d;
    const V zero = hn::Zero(d);
    const V negative = hn::IfThenElse(x < zero, hn::Set(d, static_cast<T>(-1)), x);
    return hn::IfThenElse(x == zero, zero, hn::IfThenElse(x > zero, hn::Set(d, T{1}), negative));
  }
};
struct Floor {
  template <class V>
  HWY_INLINE V operator()(V a) const {
    return hn::Floor(a);
  }
};
struct Same {
  template <class V>
  HWY_INLINE V operator()(V a) const {
    return a;
  }
};

struct Eq {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return a == b;
  }
};
struct Ne {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Not(a == b);  // true of nan
  }
};
struct Lt {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return a < b;
  }
};
struct Le {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    if constexpr (hwy::IsFloat<hn::TFromV<V>>())
      return a <= b;
    else
      return hn::Not(b < a);
  }
};
struct Gt {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return a > b;
  }
};
struct Ge {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    if constexpr (hwy::IsFloat<hn::TFromV<V>>())
      return a >= b;
    else
      return hn::Not(a < b);
  }
};

// Two operations in one, both rounded.
template <class First, class Then, int kPlace>
struct Two {
  template <class V>
  HWY_INLINE V operator()(V a, V b, V c) const {
    if constexpr (kPlace == 0)
      return Then()(First()(a, b), c);
    else
      return Then()(c, First()(a, b));
  }
};
template <class Comparison>
struct ChosenBy {
  template <class V>
  HWY_INLINE V operator()(V a, V b, V yes, V no) const {
    return hn::IfThenElse(Comparison()(a, b), yes, no);
  }
};
struct Choose {
  template <class M, class V>
  HWY_INLINE V operator()(M m, V a, V b) const {
    return hn::IfThenElse(m, a, b);
  }
};

template <class T, class F, bool kRepeats, std::size_t... k>
HWY_INLINE void map_numbers(const ElementStep& step, std::byte* const* at, std::size_t n,
                            std::index_sequence<k...>) {
  using D = Tag<T>;
  each_register<hn::MaxLanes(D()), kAtOnce>(n, F(), NumbersOut<D>(step, at),
                                            Numbers<D, kRepeats>(step, at, k)...);
}
template <class T, class F, std::size_t kOperands, bool kRepeats>
void map(const ElementStep& step, std::byte* const* at, std::size_t n) {
  map_numbers<T, F, kRepeats>(step, at, n, std::make_index_sequence<kOperands>());
}
template <class T, class F, std::size_t kOperands>
ElementLoop mapped(bool repeats) {
  return repeats ? map<T, F, kOperands, true> : map<T, F, kOperands, false>;
}

template <class T, class F, bool kRepeats>
void comparison(const ElementStep& step, std::byte* const* at, std::size_t n) {
  using D = Tag<T>;
  each_register<hn::MaxLanes(D()), kAtOnce>(n, F(), BoolsOut<D>(step, at), Numbers<D, kRepeats>(step, at, 0),
                                            Numbers<D, kRepeats>(step, at, 1));
}
template <class T, class F>
ElementLoop compared(bool repeats) {
  return repeats ? comparison<T, F, true> : comparison<T, F, false>;
}

template <class T, bool kRepeats>
void selection(const ElementStep& step, std::byte* const* at, std::size_t n) {
  using D = Tag<T>;
  each_register<hn::MaxLanes(D()), kAtOnce>(
      n, Choose(), NumbersOut<D>(step, at), Bools<D, kRepeats>(step, at, 0),
      Numbers<D, kRepeats>(step, at, 1), Numbers<D, kRepeats>(step, at, 2));
}

template <class T>
ElementLoop binary_loop(Binary op, bool repeats) {
  switch (op) {
    case Binary::add:
      return mapped<T, Add, 2>(repeats);
    case Binary::sub:
      return mapped<T, Sub, 2>(repeats);
    case Binary::mul:
      return mapped<T, Mul, 2>(repeats);
    case Binary::max:
      return mapped<T, Max, 2>(repeats);
    case Binary::min:
      return mapped<T, Min, 2>(repeats);
    case Binary::div:
      if constexpr (std::is_floating_point_v<T>) return mapped<T, Div, 2>(repeats);
      return nullptr;
    default:
      return nullptr;
  }
}

template <class T>
ElementLoop unary_loop(Unary op, bool repeats) {
  if constexpr (std::is_signed_v<T> || std::is_floating_point_v<T>) {
    if (op == Unary::neg) return mapped<T, Neg, 1>(repeats);
    if (op == Unary::abs) return mapped<T, Abs, 1>(repeats);
    if (op == Unary::sign) return mapped<T, Sign, 1>(repeats);
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (op == Unary::floor) return mapped<T, Floor, 1>(repeats);
  }
  return nullptr;
}

template <class T>
ElementLoop compare_loop(Compare op, bool repeats) {
  switch (op) {
    case Compare::eq:
      return compared<T, Eq>(repeats);
    case Compare::ne:
      return compared<T, Ne>(repeats);
    case Compare::lt:
      return compared<T, Lt>(repeats);
    case Compare::le:
      return compared<T, Le>(repeats);
    case Compare::gt:
      return compared<T, Gt>(repeats);
    case Compare::ge:
      return compared<T, Ge>(repeats);
  }
  return nullptr;
}

template <class T>
ElementLoop numeric_loop(const ElementOp& op, bool repeats) {
  using Kind = ElementCode::Kind;
  switch (op.what.kind) {
    case Kind::unary:
      return unary_loop<T>(static_cast<Unary>(op.what.code), repeats);
    case Kind::binary:
      return binary_loop<T>(static_cast<Binary>(op.what.code), repeats);
    case Kind::compare:
      return compare_loop<T>(static_cast<Compare>(op.what.code), repeats);
    case Kind::select:
      return repeats ? selection<T, true> : selection<T, false>;
    case Kind::convert:
      return op.from == op.to ? mapped<T, Same, 1>(repeats) : nullptr;
  }
  return nullptr;
}

template <class T, class First, class Then>
ElementLoop placed(int place, bool repeats) {
  return place == 0 ? mapped<T, Two<First, Then, 0>, 3>(repeats) : mapped<T, Two<First, Then, 1>, 3>(repeats);
}
template <class T, class First>
ElementLoop followed(const ElementPair& pair, bool repeats) {
  switch (static_cast<Binary>(pair.then.code)) {
    case Binary::add:
      return placed<T, First, Add>(0, repeats);  // a + b is b + a
    case Binary::sub:
      return placed<T, First, Sub>(pair.place, repeats);
    case Binary::mul:
      return placed<T, First, Mul>(0, repeats);
    default:
      return nullptr;
  }
}
template <class T>
ElementLoop arithmetic_pair(const ElementPair& pair, bool repeats) {
  switch (static_cast<Binary>(pair.first.code)) {
    case Binary::add:
      return followed<T, Add>(pair, repeats);
    case Binary::sub:
      return followed<T, Sub>(pair, repeats);
    case Binary::mul:
      return followed<T, Mul>(pair, repeats);
    default:
      return nullptr;
  }
}

template <class T>
ElementLoop pair_loop(const ElementPair& pair, bool repeats) {
  using Kind = ElementCode::Kind;
  if (pair.first.kind == Kind::binary && pair.then.kind == Kind::binary)
    return arithmetic_pair<T>(pair, repeats);
  if (pair.first.kind != Kind::compare || pair.then.kind != Kind::select || pair.place != 0) return nullptr;
  switch (static_cast<Compare>(pair.first.code)) {
    case Compare::eq:
      return mapped<T, ChosenBy<Eq>, 4>(repeats);
    case Compare::ne:
      return mapped<T, ChosenBy<Ne>, 4>(repeats);
    case Compare::lt:
      return mapped<T, ChosenBy<Lt>, 4>(repeats);
    case Compare::le:
      return mapped<T, ChosenBy<Le>, 4>(repeats);
    case Compare::gt:
      return mapped<T, ChosenBy<Gt>, 4>(repeats);
    case Compare::ge:
      return mapped<T, ChosenBy<Ge>, 4>(repeats);
  }
  return nullptr;
}

}  // namespace

ElementLoop arithmetic_loop(const ElementOp& op, bool repeats) {
  switch (op.from) {
    case DType::f32:
      return numeric_loop<float>(op, repeats);
    case DType::f64:
      return numeric_loop<double>(op, repeats);
    case DType::i32:
      return numeric_loop<std::int32_t>(op, repeats);
    case DType::u32:
      return numeric_loop<std::uint32_t>(op, repeats);
    case DType::boolean:
      break;
  }
  return nullptr;
}

ElementLoop arithmetic_pair_loop(const ElementPair& pair, DType dtype, bool repeats) {
  if (dtype == DType::f32) return pair_loop<float>(pair, repeats);
  if (dtype == DType::f64) return pair_loop<double>(pair, repeats);
  return nullptr;
}

}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace runnel::kernels {

ElementLoop arithmetic_loop(const ElementOp& op, bool repeats) {
  return RUNNEL_FOR_ISA(arithmetic_loop)(op, repeats);
}
ElementLoop element_pair_loop(const ElementPair& pair, DType dtype, bool repeats) {
  return RUNNEL_FOR_ISA(arithmetic_pair_loop)(pair, dtype, repeats);
}

}  // namespace runnel::kernels
#endif
