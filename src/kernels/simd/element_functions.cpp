// Loops of the elementary functions.
#include <cstring>

#include "kernels/reference/math.h"
#include "kernels/simd/element_loops.h"
#include "kernels/simd/element_tables.h"
#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/element_functions.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/element_loops-inl.h"
#include "kernels/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
namespace {
namespace vm = math::HWY_NAMESPACE;

#define RUNNEL_FUNCTOR(Name, expression) \
  struct Name {                          \
    template <class V>                   \
    HWY_INLINE V operator()(V x) const { \
      return expression;                 \
    }                                    \
  }
RUNNEL_FUNCTOR(Exp, vm::exp(x));
RUNNEL_FUNCTOR(Expm1, vm::expm1(x));
RUNNEL_FUNCTOR(Log, vm::log(x));
RUNNEL_FUNCTOR(Log1p, vm::log1p(x));
RUNNEL_FUNCTOR(Sin, vm::sin(x));
RUNNEL_FUNCTOR(Cos, vm::cos(x));
RUNNEL_FUNCTOR(Tanh, vm::tanh(x));
RUNNEL_FUNCTOR(Logistic, vm::logistic(x));
RUNNEL_FUNCTOR(Erf, vm::erf(x));
RUNNEL_FUNCTOR(Sqrt, hn::Sqrt(x));
RUNNEL_FUNCTOR(Rsqrt, vm::literal<V>(1) / hn::Sqrt(x));
#undef RUNNEL_FUNCTOR

template <class T, class F>
void map1(const ElementStep& step, std::byte* const* at, std::size_t n) {
  using D = Tag<T>;
  each_register<hn::MaxLanes(D()), 1>(n, F(), NumbersOut<D>(step, at), Numbers<D, true>(step, at, 0));
}

struct Pow {
  template <class V>
  HWY_INLINE V operator()(V x, V y) const {
    return vm::pow(x, y);
  }
};
template <class T>
void map_pow(const ElementStep& step, std::byte* const* at, std::size_t n) {
  using D = Tag<T>;
  each_register<hn::MaxLanes(D()), 1>(n, Pow(), NumbersOut<D>(step, at), Numbers<D, true>(step, at, 0),
                                      Numbers<D, true>(step, at, 1));
}

template <class T>
ElementLoop unary_function(Unary op) {
  switch (op) {
    case Unary::exp:
      return map1<T, Exp>;
    case Unary::expm1:
      return map1<T, Expm1>;
    case Unary::log:
      return map1<T, Log>;
    case Unary::log1p:
      return map1<T, Log1p>;
    case Unary::sqrt:
      return map1<T, Sqrt>;
    case Unary::rsqrt:
      return map1<T, Rsqrt>;
    case Unary::sin:
      return map1<T, Sin>;
    case Unary::cos:
      return map1<T, Cos>;
    case Unary::tanh:
      return map1<T, Tanh>;
    case Unary::logistic:
      return map1<T, Logistic>;
    case Unary::erf:
      return map1<T, Erf>;
    default:
      return nullptr;
  }
}

}  // namespace

ElementLoop function_loop(const ElementOp& op) {
  const bool single = op.from == DType::f32;
  if (!single && op.from != DType::f64) return nullptr;
  if (op.what.kind == ElementCode::Kind::unary) {
    const auto which = static_cast<Unary>(op.what.code);
    return single ? unary_function<float>(which) : unary_function<double>(which);
  }
  if (op.what.kind != ElementCode::Kind::binary || static_cast<Binary>(op.what.code) != Binary::pow)
    return nullptr;
  return single ? map_pow<float> : map_pow<double>;
}

}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace runnel::kernels {

ElementLoop function_loop(const ElementOp& op) { return RUNNEL_FOR_ISA(function_loop)(op); }

}  // namespace runnel::kernels
#endif
