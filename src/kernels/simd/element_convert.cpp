// Loops between dtypes, of bools, and of integers that are divided.
#include <bit>
#include <cstring>

#include "kernels/reference/element.h"
#include "kernels/simd/element_loops.h"
#include "kernels/simd/element_tables.h"
#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/element_convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/element_loops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
namespace {

using Doubles = Tag<double>;
template <class T>
using Half = hn::Rebind<T, Doubles>;  // as many numbers of four bytes as there are doubles in a register

// Exact: the integer as the low bits of 2^52 (i32: of 2^52 + 2^51, the sign bit turned).
HWY_INLINE hn::Vec<Doubles> to_double(hn::Vec<Half<std::uint32_t>> v) {
#if HWY_TARGET == HWY_AVX2
  const Doubles d;
  const hn::Repartition<std::uint64_t, Doubles> du;
  const auto bits = hn::Or(hn::PromoteTo(du, v), hn::Set(du, 0x4330000000000000u));
  return hn::BitCast(d, bits) - hn::Set(d, 0x1p52);
#else
  return hn::Vec<Doubles>{_mm512_cvtepu32_pd(v.raw)};
#endif
}
HWY_INLINE hn::Vec<Doubles> to_double(hn::Vec<Half<std::int32_t>> v) { return hn::PromoteTo(Doubles(), v); }

// The low 32 bits of an integer within ±2^51.
template <class T>
HWY_INLINE hn::Vec<Half<T>> low_word(hn::Vec<Doubles> integer) {
  const Doubles d;
  const hn::Repartition<std::uint64_t, Doubles> du;
  const auto bits = hn::BitCast(du, integer + hn::Set(d, 0x1.8p52));
  return hn::BitCast(Half<T>(), hn::TruncateTo(Half<std::uint32_t>(), bits));
}

// One correctly rounded conversion; without AVX-512 the upper and the lower sixteen bits, both exact, whose
// sum rounds once.
HWY_INLINE hn::Vec<Tag<float>> to_float(hn::Vec<Tag<std::uint32_t>> v) {
#if HWY_TARGET == HWY_AVX2
  const Tag<float> d;
  const Tag<std::uint32_t> du;
  const Tag<std::int32_t> di;
  const auto high = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<16>(v)));
  const auto low = hn::ConvertTo(d, hn::BitCast(di, v & hn::Set(du, 0xFFFFu)));
  return high * hn::Set(d, 65536.0F) + low;
#else
  return hn::Vec<Tag<float>>{_mm512_cvtepu32_ps(v.raw)};
#endif
}

struct FromMask {
  template <class T>
  struct To {
    HWY_INLINE hn::Vec<Tag<T>> operator()(hn::Mask<Tag<T>> m) const {
      return hn::IfThenElseZero(m, hn::Set(Tag<T>(), T{1}));
    }
  };
};
struct NotZero {
  template <class V>
  HWY_INLINE auto operator()(V v) const {
    return hn::Not(v == hn::Zero(hn::DFromV<V>()));
  }
};
struct U32ToF32 {
  HWY_INLINE auto operator()(hn::Vec<Tag<std::uint32_t>> v) const { return to_float(v); }
};
struct I32ToF32 {
  HWY_INLINE auto operator()(hn::Vec<Tag<std::int32_t>> v) const { return hn::ConvertTo(Tag<float>(), v); }
};
template <class T>
struct ToF64 {
  HWY_INLINE auto operator()(hn::Vec<Half<T>> v) const { return to_double(v); }
};
struct F32ToF64 {
  HWY_INLINE auto operator()(hn::Vec<Half<float>> v) const { return hn::PromoteTo(Doubles(), v); }
};
struct F64ToF32 {
  HWY_INLINE auto operator()(hn::Vec<Doubles> v) const { return hn::DemoteTo(Half<float>(), v); }
};
// Truncated, kept within the range of To; nan is 0.
template <class To>
struct F64ToInt {
  HWY_INLINE auto operator()(hn::Vec<Doubles> v) const {
    const Doubles d;
    const auto least = hn::Set(d, static_cast<double>(std::numeric_limits<To>::min()));
    const auto most = hn::Set(d, static_cast<double>(std::numeric_limits<To>::max()));
    auto x = hn::IfThenElseZero(v == v, v);
    x = hn::IfThenElse(x > most, most, hn::IfThenElse(x < least, least, x));
    return low_word<To>(hn::Trunc(x));
  }
};
template <class To>
struct F32ToInt {
  HWY_INLINE auto operator()(hn::Vec<Half<float>> v) const {
    return F64ToInt<To>()(hn::PromoteTo(Doubles(), v));
  }
};

// The quotient of two integers below 2^32 in doubles: it lies at least 2^-32 from an integer that it does not
// reach, far more than its rounding error, so that truncation is right. By 0 it is 0; -2^31 by -1 wraps.
template <class T>
struct Divide {
  HWY_INLINE auto operator()(hn::Vec<Half<T>> a, hn::Vec<Half<T>> b) const {
    const Doubles d;
    const auto divisor = to_double(b);
    const auto none = divisor == hn::Zero(d);
    const auto q = to_double(a) / hn::IfThenElse(none, hn::Set(d, 1.0), divisor);
    return low_word<T>(hn::IfThenElse(none, hn::Zero(d), hn::Trunc(q)));
  }
};

struct ShiftRight {
  int count;
  HWY_INLINE auto operator()(hn::Vec<Tag<std::uint32_t>> v) const { return hn::ShiftRightSame(v, count); }
};

// From and to numbers of D1 and D2, equally many in a register.
template <class D1, class D2, class F>
void convert(const ElementStep& step, std::byte* const* at, std::size_t n) {
  each_register<hn::MaxLanes(D1()), 4>(n, F(), NumbersOut<D2>(step, at), Numbers<D1, true>(step, at, 0));
}
template <class T>
void from_bool(const ElementStep& step, std::byte* const* at, std::size_t n) {
  using D = Tag<T>;
  each_register<hn::MaxLanes(D()), 4>(n, FromMask::To<T>(), NumbersOut<D>(step, at),
                                      Bools<D, true>(step, at, 0));
}
template <class T>
void to_bool(const ElementStep& step, std::byte* const* at, std::size_t n) {
  using D = Tag<T>;
  each_register<hn::MaxLanes(D()), 4>(n, NotZero(), BoolsOut<D>(step, at), Numbers<D, true>(step, at, 0));
}

template <class T>
void divide_integers(const ElementStep& step, std::byte* const* at, std::size_t n) {
  if constexpr (std::is_same_v<T, std::uint32_t>) {
    // A repeated power of two, as where random words become shorter ones: a shift.
    if (step.mask[1] == 15) {
      const T* divisor = reinterpret_cast<const T*>(at[step.in[1]]);
      bool same = std::has_single_bit(divisor[0]);
      for (std::size_t i = 1; i < 16; ++i) same &= divisor[i] == divisor[0];
      if (same) {
        using D = Tag<std::uint32_t>;
        return each_register<hn::MaxLanes(D()), 4>(n, ShiftRight{std::countr_zero(divisor[0])},
                                                   NumbersOut<D>(step, at), Numbers<D, true>(step, at, 0));
      }
    }
  }
  using D = Half<T>;
  each_register<hn::MaxLanes(D()), 2>(n, Divide<T>(), NumbersOut<D>(step, at), Numbers<D, true>(step, at, 0),
                                      Numbers<D, true>(step, at, 1));
}

// Bools are bytes, sixteen at a time whatever the register (operands may repeat every sixteen elements).
using Bytes = hn::FixedTag<std::uint8_t, 16>;
struct And {
  HWY_INLINE auto operator()(hn::Vec<Bytes> a, hn::Vec<Bytes> b) const { return a & b; }
};
struct Or {
  HWY_INLINE auto operator()(hn::Vec<Bytes> a, hn::Vec<Bytes> b) const { return a | b; }
};
struct Xor {
  HWY_INLINE auto operator()(hn::Vec<Bytes> a, hn::Vec<Bytes> b) const { return a ^ b; }
};
struct Not {
  HWY_INLINE auto operator()(hn::Vec<Bytes> a) const { return a ^ hn::Set(Bytes(), std::uint8_t{1}); }
};
struct Keep {
  HWY_INLINE auto operator()(hn::Vec<Bytes> a) const { return a; }
};
struct ChooseByte {
  HWY_INLINE auto operator()(hn::Vec<Bytes> c, hn::Vec<Bytes> a, hn::Vec<Bytes> b) const {
    return b ^ (c & (a ^ b));
  }
};
template <class F, std::size_t... k>
HWY_INLINE void logic_of(const ElementStep& step, std::byte* const* at, std::size_t n,
                         std::index_sequence<k...>) {
  each_register<16, 4>(n, F(), NumbersOut<Bytes>(step, at), Numbers<Bytes, true>(step, at, k)...);
}
template <class F, std::size_t kOperands>
void logic(const ElementStep& step, std::byte* const* at, std::size_t n) {
  logic_of<F>(step, at, n, std::make_index_sequence<kOperands>());
}

ElementLoop logic_loop(const ElementOp& op) {
  using Kind = ElementCode::Kind;
  if (op.what.kind == Kind::select) return logic<ChooseByte, 3>;
  if (op.what.kind == Kind::convert && op.to == DType::boolean) return logic<Keep, 1>;
  if (op.what.kind == Kind::unary && static_cast<Unary>(op.what.code) == Unary::logical_not)
    return logic<Not, 1>;
  if (op.what.kind == Kind::compare) {
    if (static_cast<Compare>(op.what.code) == Compare::ne) return logic<Xor, 2>;
    return nullptr;
  }
  if (op.what.kind != Kind::binary) return nullptr;
  switch (static_cast<Binary>(op.what.code)) {
    case Binary::logical_and:
      return logic<And, 2>;
    case Binary::logical_or:
      return logic<Or, 2>;
    case Binary::logical_xor:
      return logic<Xor, 2>;
    default:
      return nullptr;
  }
}

ElementLoop bool_to(DType to) {
  switch (to) {
    case DType::i32:
      return from_bool<std::int32_t>;
    case DType::u32:
      return from_bool<std::uint32_t>;
    case DType::f32:
      return from_bool<float>;
    case DType::f64:
      return from_bool<double>;
    case DType::boolean:
      break;
  }
  return nullptr;
}

template <class T, class Same>
ElementLoop integer_to(DType to) {
  if (to == DType::boolean) return to_bool<T>;
  if (to == DType::f64) return convert<Half<T>, Doubles, ToF64<T>>;
  if (to == DType::f32) return convert<Tag<T>, Tag<float>, Same>;
  return nullptr;
}

struct Reinterpret {
  HWY_INLINE auto operator()(hn::Vec<Tag<std::uint32_t>> v) const { return v; }
};

ElementLoop conversion(DType from, DType to) {
  if (from == DType::boolean) return bool_to(to);
  if (is_integer(from) && is_integer(to)) return convert<Tag<std::uint32_t>, Tag<std::uint32_t>, Reinterpret>;
  if (from == DType::i32) return integer_to<std::int32_t, I32ToF32>(to);
  if (from == DType::u32) return integer_to<std::uint32_t, U32ToF32>(to);
  const bool single = from == DType::f32;
  switch (to) {
    case DType::boolean:
      return single ? to_bool<float> : to_bool<double>;
    case DType::i32:
      return single ? convert<Half<float>, Half<std::int32_t>, F32ToInt<std::int32_t>>
                    : convert<Doubles, Half<std::int32_t>, F64ToInt<std::int32_t>>;
    case DType::u32:
      return single ? convert<Half<float>, Half<std::uint32_t>, F32ToInt<std::uint32_t>>
                    : convert<Doubles, Half<std::uint32_t>, F64ToInt<std::uint32_t>>;
    case DType::f32:
      return convert<Doubles, Half<float>, F64ToF32>;
    case DType::f64:
      return convert<Half<float>, Doubles, F32ToF64>;
  }
  return nullptr;
}

}  // namespace

ElementLoop convert_loop(const ElementOp& op) {
  using Kind = ElementCode::Kind;
  if (op.from == DType::boolean && !(op.what.kind == Kind::convert && op.to != DType::boolean))
    return logic_loop(op);
  if (op.what.kind == Kind::convert) return conversion(op.from, op.to);
  if (op.what.kind == Kind::binary && static_cast<Binary>(op.what.code) == Binary::div) {
    if (op.from == DType::i32) return divide_integers<std::int32_t>;
    if (op.from == DType::u32) return divide_integers<std::uint32_t>;
  }
  return nullptr;
}

}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace runnel::kernels {

ElementLoop convert_loop(const ElementOp& op) { return RUNNEL_FOR_ISA(convert_loop)(op); }

}  // namespace runnel::kernels
#endif
