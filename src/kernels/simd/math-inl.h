// The elementary functions of reference/math.h for registers, one time for each instruction set: the same
// formulas, so the same bits. (Include reference/math.h before Highway's foreach_target.h.)
#if defined(RUNNEL_KERNELS_SIMD_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef RUNNEL_KERNELS_SIMD_MATH_INL_H
#undef RUNNEL_KERNELS_SIMD_MATH_INL_H
#else
#define RUNNEL_KERNELS_SIMD_MATH_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::math::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V>
using Element = hn::TFromV<V>;
template <class V>
using BitVector = hn::Vec<hn::RebindToUnsigned<hn::DFromV<V>>>;

template <class V>
HWY_INLINE V literal(Element<V> x) {
  return hn::Set(hn::DFromV<V>(), x);
}
template <class V>
HWY_INLINE BitVector<V> bit_literal(typename Format<Element<V>>::Bits x) {
  return hn::Set(hn::RebindToUnsigned<hn::DFromV<V>>(), x);
}
template <class V>
HWY_INLINE BitVector<V> as_bits(V x) {
  return hn::BitCast(hn::RebindToUnsigned<hn::DFromV<V>>(), x);
}
template <class V>
HWY_INLINE V as_number(BitVector<V> x) {
  return hn::BitCast(hn::DFromV<V>(), x);
}
template <int K, class B>
HWY_INLINE B shift_left(B x) {
  return hn::ShiftLeft<K>(x);
}
template <int K, class B>
HWY_INLINE B shift_right(B x) {
  return hn::ShiftRight<K>(x);
}
template <class V>
HWY_INLINE V fused(V a, V b, V c) {
  return hn::MulAdd(a, b, c);
}
template <class V>
HWY_INLINE V fused_minus(V a, V b, V c) {
  return hn::NegMulAdd(a, b, c);
}
template <class M, class V>
HWY_INLINE V choose(M condition, V a, V b) {
  return hn::IfThenElse(condition, a, b);
}
// The instructions minps and maxps, which return their second operand where one is a nan.
template <class V>
HWY_INLINE V at_most(V x, Element<V> limit) {
  return hn::Min(literal<V>(limit), x);
}
template <class V>
HWY_INLINE V at_least(V x, Element<V> limit) {
  return hn::Max(literal<V>(limit), x);
}
template <class M>
HWY_INLINE M both(M a, M b) {
  return hn::And(a, b);
}
template <class V>
HWY_INLINE auto not_equal(V a, V b) {  // true of nan, as in C++
  return hn::Not(a == b);
}
template <class V>
HWY_INLINE auto is_zero(BitVector<V> x) {
  return hn::RebindMask(hn::DFromV<V>(), x == hn::Zero(hn::RebindToUnsigned<hn::DFromV<V>>()));
}
template <class V>
HWY_INLINE V floor(V x) {
  return hn::Floor(x);
}

template <class Far, class M, class V>
HWY_INLINE V where_far(M near_enough, V near, V x, Far f) {
  const hn::DFromV<V> d;
  if (HWY_LIKELY(hn::AllTrue(d, near_enough))) return near;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  Element<V> result[kLanes];
  Element<V> argument[kLanes];
  Element<V> inside[kLanes];
  hn::StoreU(near, d, result);
  hn::StoreU(x, d, argument);
  hn::StoreU(hn::IfThenElseZero(near_enough, hn::Set(d, Element<V>{1})), d, inside);
  for (std::size_t i = 0; i < kLanes; ++i)
    if (inside[i] == Element<V>{0}) result[i] = f(argument[i]);
  return hn::LoadU(d, result);
}

template <class V>
HWY_INLINE V positive_power(V a, V y);

#include "kernels/reference/formulas_exp.h"

#include "kernels/reference/formulas_circle.h"

template <class V>
HWY_INLINE V positive_power(V a, V y) {
  if constexpr (sizeof(Element<V>) == 8) {
    return power_of_positive(a, y);
  } else {
    const hn::DFromV<V> d;
    const hn::Half<decltype(d)> half;
    const hn::RepartitionToWide<decltype(d)> wide;
    const auto low =
        exp(hn::PromoteTo(wide, hn::LowerHalf(half, y)) * log(hn::PromoteTo(wide, hn::LowerHalf(half, a))));
    const auto high =
        exp(hn::PromoteTo(wide, hn::UpperHalf(half, y)) * log(hn::PromoteTo(wide, hn::UpperHalf(half, a))));
    return hn::Combine(d, hn::DemoteTo(half, high), hn::DemoteTo(half, low));
  }
}

}  // namespace runnel::kernels::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
