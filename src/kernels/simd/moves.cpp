// Copies of strided views: rows, repeated elements, transposed planes. (Instructions of the build's floor:
// what moves bytes gains little from wider registers.)
#include <immintrin.h>

#include <cstdint>

#include "kernels/fast.h"
#include "kernels/isa.h"
#include "kernels/reference/loops.h"
#include "kernels/simd/bytes.h"

namespace runnel::kernels {
namespace {

// Eight rows of eight words of four bytes, x_row apart, to eight rows o_row apart, turned.
void turn_block(const std::uint32_t* x, std::int64_t x_row, std::uint32_t* o, std::int64_t o_row) {
  __m256 r[8];
  __m256 t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(reinterpret_cast<const float*>(x + i * x_row));
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    r[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xEE);
    r[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xEE);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(reinterpret_cast<float*>(o + i * o_row), _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(reinterpret_cast<float*>(o + (i + 4) * o_row),
                     _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

// Four by four words of eight bytes.
void turn_block(const std::uint64_t* x, std::int64_t x_row, std::uint64_t* o, std::int64_t o_row) {
  __m256d r[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) r[i] = _mm256_loadu_pd(reinterpret_cast<const double*>(x + i * x_row));
  const __m256d a = _mm256_unpacklo_pd(r[0], r[1]);
  const __m256d b = _mm256_unpackhi_pd(r[0], r[1]);
  const __m256d c = _mm256_unpacklo_pd(r[2], r[3]);
  const __m256d d = _mm256_unpackhi_pd(r[2], r[3]);
  _mm256_storeu_pd(reinterpret_cast<double*>(o), _mm256_permute2f128_pd(a, c, 0x20));
  _mm256_storeu_pd(reinterpret_cast<double*>(o + o_row), _mm256_permute2f128_pd(b, d, 0x20));
  _mm256_storeu_pd(reinterpret_cast<double*>(o + 2 * o_row), _mm256_permute2f128_pd(a, c, 0x31));
  _mm256_storeu_pd(reinterpret_cast<double*>(o + 3 * o_row), _mm256_permute2f128_pd(b, d, 0x31));
}

// o[r * o_row + i] = x[r + i * x_step]: block by block, what is left over element by element.
template <class T>
void turn_plane(const T* x, T* o, std::int64_t rows, std::int64_t o_row, std::int64_t n,
                std::int64_t x_step) {
  std::int64_t whole_rows = 0;
  std::int64_t whole_n = 0;
  if constexpr (sizeof(T) > 1) {
    constexpr std::int64_t kBlock = 32 / static_cast<std::int64_t>(sizeof(T));
    whole_rows = rows / kBlock * kBlock;
    whole_n = n / kBlock * kBlock;
    // What the first cache does not hold goes two by two blocks at a time, so that whole lines are read and
    // written.
    const std::int64_t span =
        rows * n * static_cast<std::int64_t>(sizeof(T)) <= 16384 ? whole_rows : 2 * kBlock;
    for (std::int64_t r0 = 0; r0 < whole_rows; r0 += span)
      for (std::int64_t i0 = 0; i0 < whole_n; i0 += span)
        for (std::int64_t i = i0; i < i0 + span && i < whole_n; i += kBlock)
          for (std::int64_t r = r0; r < r0 + span && r < whole_rows; r += kBlock)
            turn_block(x + r + i * x_step, x_step, o + r * o_row + i, o_row);
  }
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = r < whole_rows ? whole_n : 0; i < n; ++i) o[r * o_row + i] = x[r + i * x_step];
}

template <class T>
void copy_row(const T* x, T* o, std::int64_t n, std::int64_t step) {
  if (step == 1) {
    copy_bytes(reinterpret_cast<std::byte*>(o), reinterpret_cast<const std::byte*>(x),
               static_cast<std::size_t>(n) * sizeof(T));
  } else if (step == 0) {
    const T same = *x;
    for (std::int64_t i = 0; i < n; ++i) o[i] = same;
  } else {
    for (std::int64_t i = 0; i < n; ++i) o[i] = x[i * step];
  }
}

template <class T>
class PreparedCopy final : public Prepared {
 public:
  explicit PreparedCopy(const Nest<2>& nest) : nest_(nest) {
    const std::int64_t step = nest.row_stride()[0];
    if (step == 0 || step == 1 || nest.rank() < 2) return;
    for (std::size_t axis = nest.rank() - 1; axis-- > 0;) {
      if (nest.stride(axis)[0] != 1) continue;
      crossing_ = nest.size(axis);
      crossing_step_ = nest.stride(axis)[1];
      nest_.remove(axis);
      return;
    }
  }

  void run(std::byte* const* data, std::byte*) const override {
    const T* x = reinterpret_cast<const T*>(data[0]);
    T* o = reinterpret_cast<T*>(data[1]);
    const std::int64_t n = nest_.row_size();
    const std::int64_t step = nest_.row_stride()[0];
    if (crossing_ > 0)
      nest_.rows([=, this](const auto& at) {
        turn_plane(x + at[0], o + at[1], crossing_, crossing_step_, n, step);
      });
    else
      nest_.rows([=](const auto& at) { copy_row(x + at[0], o + at[1], n, step); });
  }

 private:
  Nest<2> nest_;
  std::int64_t crossing_ = 0;  // the axis along which the elements of the source touch
  std::int64_t crossing_step_ = 0;
};

}  // namespace

PreparedPtr prepare_copy(const View& in, const View& out) {
  if (isa() == Isa::reference) return nullptr;
  const Nest<2> nest(out.shape, {&in.strides, &out.strides});
  switch (size_of(out.dtype)) {
    case 1:
      return std::make_shared<const PreparedCopy<std::uint8_t>>(nest);
    case 4:
      return std::make_shared<const PreparedCopy<std::uint32_t>>(nest);
    default:
      return std::make_shared<const PreparedCopy<std::uint64_t>>(nest);
  }
}

}  // namespace runnel::kernels
