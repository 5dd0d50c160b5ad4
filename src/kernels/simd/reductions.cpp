// Sums, maxima and minima along axes, in the order that reference/reduce.h fixes: element i joins partial
// result i mod 16, and the sixteen meet in a tree. Where lanes lie side by side the sixteen are registers of
// lanes; where the elements of one lane do, they are the lanes of one register (or of a few).
#include <algorithm>
#include <array>
#include <cstring>

#include "core/dispatch.h"
#include "kernels/fast.h"
#include "kernels/isa.h"
#include "kernels/reference/loops.h"
#include "kernels/simd/targets.h"

#ifndef RUNNEL_KERNELS_SIMD_REDUCTIONS_ONCE
#define RUNNEL_KERNELS_SIMD_REDUCTIONS_ONCE
namespace runnel::kernels {
namespace {

enum class Fold { sum, max, min };

struct Reduction {
  Nest<2> kept;  // of input and output
  Nest<1> reduced;
  std::int64_t n = 0;  // elements of one lane
};

using RunFold = void (*)(const Reduction&, const std::byte* in, std::byte* out);

}  // namespace
}  // namespace runnel::kernels
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/reductions.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::int64_t kPartials = 16;

struct Sum {
  template <class T>
  static constexpr T start() {
    return T{0};
  }
  template <class V>
  HWY_INLINE static V join(V a, V b) {
    return a + b;
  }
};
// The larger (smaller) one; b where equal or where it is a nan, as larger() of reference/arithmetic.h.
struct Max {
  template <class T>
  static constexpr T start() {
    using L = std::numeric_limits<T>;
    return L::has_infinity ? -L::infinity() : L::lowest();
  }
  template <class V>
  HWY_INLINE static V join(V a, V b) {
    if constexpr (hwy::IsFloat<hn::TFromV<V>>())
      return hn::IfThenElse(b == b, hn::Max(b, a), b);  // maxps: b > a ? b : a
    else
      return hn::IfThenElse(b > a, b, a);
  }
};
struct Min {
  template <class T>
  static constexpr T start() {
    using L = std::numeric_limits<T>;
    return L::has_infinity ? L::infinity() : L::max();
  }
  template <class V>
  HWY_INLINE static V join(V a, V b) {
    if constexpr (hwy::IsFloat<hn::TFromV<V>>())
      return hn::IfThenElse(b == b, hn::Min(b, a), b);
    else
      return hn::IfThenElse(b < a, b, a);
  }
};

// The first `left` lanes of a register, the others as the fold starts.
template <class Op, class D>
HWY_INLINE hn::Vec<D> load_part(D d, const hn::TFromD<D>* p, std::size_t left) {
  const auto m = hn::FirstN(d, left);
  const auto v = hn::MaskedLoad(m, d, p);
  if constexpr (std::is_same_v<Op, Sum>)
    return v;
  else
    return hn::IfThenElse(m, v, hn::Set(d, Op::template start<hn::TFromD<D>>()));
}

// f(offset of the input, offset of the output) for every row of lanes; one axis of rows, as most have, is a
// plain loop.
template <class F>
HWY_INLINE void each_row(const Nest<2>& kept, const F& f) {
  if (kept.empty()) return;
  if (kept.rank() > 2) return kept.rows([&](const auto& at) HWY_ATTR { f(at[0], at[1]); });
  const std::int64_t rows = kept.rank() == 2 ? kept.size(0) : 1;
  const auto step = kept.rank() == 2 ? kept.stride(0) : Nest<2>::Offsets{};
  for (std::int64_t r = 0; r < rows; ++r) f(r * step[0], r * step[1]);
}

// --- lanes side by side ---

// One register of lanes, `width` of them: rows of it `step` apart, the partial results in registers. kUsed:
// those that receive elements, rounded up to a power of two (the others would change nothing).
template <class Op, bool kPart, std::int64_t kUsed, class D>
HWY_INLINE hn::Vec<D> fold_column(D d, const hn::TFromD<D>* x, std::int64_t n, std::int64_t step,
                                  std::size_t width) {
  using T = hn::TFromD<D>;
  const auto row = [&](std::int64_t i) HWY_ATTR {
    if constexpr (kPart)
      return hn::MaskedLoad(hn::FirstN(d, width), d, x + i * step);
    else
      return hn::LoadU(d, x + i * step);
  };
  const auto start = hn::Set(d, Op::template start<T>());
  hn::Vec<D> p[kUsed];
#pragma GCC unroll 16
  for (std::int64_t j = 0; j < kUsed; ++j) p[j] = start;
  std::int64_t i = 0;
  for (; i + kUsed <= n; i += kUsed)
#pragma GCC unroll 16
    for (std::int64_t j = 0; j < kUsed; ++j) p[j] = Op::join(p[j], row(i + j));
#pragma GCC unroll 16
  for (std::int64_t j = 0; j < kUsed; ++j)
    if (i + j < n) p[j] = Op::join(p[j], row(i + j));
#pragma GCC unroll 4
  for (std::int64_t h = kUsed / 2; h > 0; h /= 2)
#pragma GCC unroll 8
    for (std::int64_t j = 0; j < h; ++j) p[j] = Op::join(p[j], p[j + h]);
  return p[0];
}

// Many rows, too far apart to be read again and again: kWide registers of each, the partial results in
// memory.
constexpr std::size_t kWide = 8;
template <class Op, class D>
HWY_INLINE void fold_wide(D d, const hn::TFromD<D>* x, std::int64_t n, std::int64_t step,
                          hn::TFromD<D>* out) {
  using T = hn::TFromD<D>;
  constexpr std::size_t kLanes = hn::MaxLanes(D());
  constexpr std::size_t kRow = kWide * kLanes;
  alignas(64) T p[kPartials * kRow];
  const auto start = hn::Set(d, Op::template start<T>());
  for (std::size_t k = 0; k < kPartials * kRow; k += kLanes) hn::Store(start, d, p + k);
  for (std::int64_t i = 0; i < n; ++i) {
    T* part = p + static_cast<std::size_t>(i % kPartials) * kRow;
    const T* row = x + i * step;
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kRow; k += kLanes)
      hn::Store(Op::join(hn::Load(d, part + k), hn::LoadU(d, row + k)), d, part + k);
  }
  for (std::size_t h = kPartials / 2; h > 1; h /= 2)
    for (std::size_t k = 0; k < h * kRow; k += kLanes)
      hn::Store(Op::join(hn::Load(d, p + k), hn::Load(d, p + k + h * kRow)), d, p + k);
  for (std::size_t k = 0; k < kRow; k += kLanes)
    hn::StoreU(Op::join(hn::Load(d, p + k), hn::Load(d, p + k + kRow)), d, out + k);
}

// The same where the reduced elements lie on several axes: the partial results stand in memory.
template <class Op, class D>
HWY_INLINE hn::Vec<D> fold_column_of(D d, const hn::TFromD<D>* x, const Nest<1>& reduced, std::size_t width) {
  using T = hn::TFromD<D>;
  constexpr std::size_t kLanes = hn::MaxLanes(D());
  alignas(64) T p[kPartials * kLanes];
  for (std::int64_t j = 0; j < kPartials; ++j)
    hn::Store(hn::Set(d, Op::template start<T>()), d, p + static_cast<std::size_t>(j) * kLanes);
  const auto mask = hn::FirstN(d, width);
  const std::int64_t run = reduced.row_size();
  const std::int64_t step = reduced.row_stride()[0];
  std::size_t i = 0;
  reduced.rows([&](const auto& at) HWY_ATTR {
    const T* row = x + at[0];
    for (std::int64_t r = 0; r < run; ++r, ++i, row += step) {
      T* part = p + i % kPartials * kLanes;
      hn::Store(Op::join(hn::Load(d, part), hn::MaskedLoad(mask, d, row)), d, part);
    }
  });
  for (std::size_t h = kPartials / 2; h > 0; h /= 2)
    for (std::size_t j = 0; j < h; ++j)
      hn::Store(Op::join(hn::Load(d, p + j * kLanes), hn::Load(d, p + (j + h) * kLanes)), d, p + j * kLanes);
  return hn::Load(d, p);
}

template <class Op, std::int64_t kUsed, class D>
HWY_INLINE void fold_columns(D d, const hn::TFromD<D>* x, std::int64_t n, std::int64_t step,
                             std::int64_t lanes, hn::TFromD<D>* out) {
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(D()));
  std::int64_t c = 0;
  for (; c + kLanes <= lanes; c += kLanes)
    hn::StoreU(fold_column<Op, false, kUsed>(d, x + c, n, step, 0), d, out + c);
  if (c == lanes) return;
  const auto left = static_cast<std::size_t>(lanes - c);
  hn::BlendedStore(fold_column<Op, true, kUsed>(d, x + c, n, step, left), hn::FirstN(d, left), d, out + c);
}

template <class Op, class T>
void fold_lanes(const Reduction& what, const std::byte* in, std::byte* out) {
  const hn::ScalableTag<T> d;
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  constexpr std::int64_t kFirstCache = 32768;
  const std::int64_t lanes = what.kept.row_size();
  const std::int64_t step = what.reduced.row_stride()[0];
  const std::int64_t n = what.n;
  const bool plain = what.reduced.rank() <= 1;
  const bool wide = n * step * static_cast<std::int64_t>(sizeof(T)) > kFirstCache;
  each_row(what.kept, [&](std::int64_t from, std::int64_t to) HWY_ATTR {
    const T* x = reinterpret_cast<const T*>(in) + from;
    T* o = reinterpret_cast<T*>(out) + to;
    std::int64_t c = 0;
    constexpr std::int64_t kRow = static_cast<std::int64_t>(kWide) * kLanes;
    if (plain && wide)
      for (; c + kRow <= lanes; c += kRow) fold_wide<Op>(d, x + c, n, step, o + c);
    if (plain && n <= 4) return fold_columns<Op, 4>(d, x + c, n, step, lanes - c, o + c);
    if (plain && n <= 8) return fold_columns<Op, 8>(d, x + c, n, step, lanes - c, o + c);
    if (plain) return fold_columns<Op, kPartials>(d, x + c, n, step, lanes - c, o + c);
    for (; c < lanes; c += kLanes) {
      const auto width = static_cast<std::size_t>(std::min(kLanes, lanes - c));
      hn::BlendedStore(fold_column_of<Op>(d, x + c, what.reduced, width), hn::FirstN(d, width), d, o + c);
    }
  });
}

// --- one lane's elements side by side ---

template <class Op, class D>
HWY_INLINE hn::TFromD<D> meet([[maybe_unused]] D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) > 16) {
    const hn::Half<D> half;
    return meet<Op>(half, Op::join(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else if constexpr (sizeof(hn::TFromD<D>) == 8) {
    return hn::GetLane(Op::join(v, hn::Shuffle01(v)));
  } else {
    v = Op::join(v, hn::Shuffle1032(v));
    return hn::GetLane(Op::join(v, hn::Shuffle2301(v)));
  }
}

// kRows rows at once, each with its sixteen partial results in kRegisters registers.
template <class Op, std::size_t kRows, class T>
HWY_INLINE void fold_rows_at(const T* x, std::int64_t row_step, std::int64_t n, T* out,
                             std::int64_t out_step) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(hn::ScalableTag<T>());
  constexpr std::size_t kRegisters = static_cast<std::size_t>(kPartials) / kLanes;
  hn::Vec<decltype(d)> p[kRows][kRegisters];
  const auto start = hn::Set(d, Op::template start<T>());
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kRegisters; ++v) p[r][v] = start;
  std::int64_t i = 0;
  for (; i + kPartials <= n; i += kPartials)
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kRegisters; ++v) {
        const T* from =
            x + static_cast<std::int64_t>(r) * row_step + i + static_cast<std::int64_t>(v * kLanes);
        p[r][v] = Op::join(p[r][v], hn::LoadU(d, from));
      }
  if (i < n) {
    const auto left = static_cast<std::size_t>(n - i);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kRegisters; ++v) {
        if (left <= v * kLanes) continue;
        const T* from =
            x + static_cast<std::int64_t>(r) * row_step + i + static_cast<std::int64_t>(v * kLanes);
        p[r][v] = Op::join(p[r][v], load_part<Op>(d, from, std::min(left - v * kLanes, kLanes)));
      }
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (std::size_t h = kRegisters / 2; h > 0; h /= 2)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < h; ++v) p[r][v] = Op::join(p[r][v], p[r][v + h]);
    out[static_cast<std::int64_t>(r) * out_step] = meet<Op>(d, p[r][0]);
  }
}

template <class Op, class T>
void fold_rows(const Reduction& what, const std::byte* in, std::byte* out) {
  constexpr std::size_t kLanes = hn::MaxLanes(hn::ScalableTag<T>());
  constexpr std::size_t kAtOnce = kLanes * 4 <= kPartials ? 2 : 4;  // as many as the registers hold
  const std::int64_t rows = what.kept.row_size();
  const auto step = what.kept.row_stride();
  each_row(what.kept, [&](std::int64_t from, std::int64_t to) HWY_ATTR {
    const T* x = reinterpret_cast<const T*>(in) + from;
    T* o = reinterpret_cast<T*>(out) + to;
    std::int64_t r = 0;
    for (; r + static_cast<std::int64_t>(kAtOnce) <= rows; r += static_cast<std::int64_t>(kAtOnce))
      fold_rows_at<Op, kAtOnce>(x + r * step[0], step[0], what.n, o + r * step[1], step[1]);
    for (; r < rows; ++r) fold_rows_at<Op, 1>(x + r * step[0], step[0], what.n, o + r * step[1], step[1]);
  });
}

template <class Op>
RunFold fold_for(DType dtype, bool lanes) {
  switch (dtype) {
    case DType::f32:
      return lanes ? fold_lanes<Op, float> : fold_rows<Op, float>;
    case DType::f64:
      return lanes ? fold_lanes<Op, double> : fold_rows<Op, double>;
    case DType::i32:
      return lanes ? fold_lanes<Op, std::int32_t> : fold_rows<Op, std::int32_t>;
    case DType::u32:
      return lanes ? fold_lanes<Op, std::uint32_t> : fold_rows<Op, std::uint32_t>;
    case DType::boolean:
      break;
  }
  return nullptr;
}

}  // namespace

RunFold choose_fold(Fold fold, DType dtype, bool lanes) {
  switch (fold) {
    case Fold::sum:
      return fold_for<Sum>(dtype, lanes);
    case Fold::max:
      return fold_for<Max>(dtype, lanes);
    case Fold::min:
      return fold_for<Min>(dtype, lanes);
  }
  return nullptr;
}

}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace runnel::kernels {
namespace {

class PreparedFold final : public Prepared {
 public:
  PreparedFold(const Reduction& what, RunFold f) : what_(what), f_(f) {}
  void run(std::byte* const* data, std::byte*) const override { f_(what_, data[0], data[1]); }

 private:
  Reduction what_;
  RunFold f_;
};

PreparedPtr prepare_fold(Fold fold, const View& in, const Dims& axes, const View& out) {
  if (isa() == Isa::reference) return nullptr;
  Reduction what;
  std::size_t next_axis = 0;
  std::size_t next_out = 0;
  for (std::size_t axis = 0; axis < in.shape.size(); ++axis) {
    if (next_axis < axes.size() && axes[next_axis] == static_cast<std::int64_t>(axis)) {
      what.reduced.add(in.shape[axis], {in.strides[axis]});
      ++next_axis;
    } else {
      what.kept.add(in.shape[axis], {in.strides[axis], out.strides[next_out++]});
    }
  }
  what.n = what.reduced.count();
  const bool lanes = what.kept.row_size() > 1 && what.kept.row_stride()[0] == 1;
  const bool rows = what.reduced.rank() <= 1 && what.reduced.row_stride()[0] == 1;
  if (!lanes && !rows) return nullptr;
  const RunFold f = RUNNEL_FOR_ISA(choose_fold)(fold, in.dtype, lanes);
  return f == nullptr ? nullptr : std::make_shared<const PreparedFold>(what, f);
}

}  // namespace

PreparedPtr prepare_sum(const View& in, const Dims& axes, const View& out) {
  return prepare_fold(Fold::sum, in, axes, out);
}
PreparedPtr prepare_max(const View& in, const Dims& axes, const View& out) {
  return prepare_fold(Fold::max, in, axes, out);
}
PreparedPtr prepare_min(const View& in, const Dims& axes, const View& out) {
  return prepare_fold(Fold::min, in, axes, out);
}

}  // namespace runnel::kernels
#endif
