#include "kernels/reference/linalg.h"

#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/dispatch.h"
#include "kernels/reference/loops.h"

// From OpenBLAS; its headers declare it only beside a CBLAS that may not be the one linked.
extern "C" void openblas_set_num_threads(int threads);

namespace runnel::kernels {
namespace {

// LAPACK's results depend on its number of threads, and a block of candidates has the other cores already.
void use_one_thread() {
  static const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

int to_lapack(std::int64_t size) { return static_cast<int>(size); }
std::size_t index_of(std::int64_t i) { return static_cast<std::size_t>(i); }

// One overload for each precision, so that the functions below are written once. Column-major throughout.
int potrf(int n, float* a) { return LAPACKE_spotrf(LAPACK_COL_MAJOR, 'L', n, a, std::max(n, 1)); }
int potrf(int n, double* a) { return LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', n, a, std::max(n, 1)); }
int geqrf(int m, int n, float* a, float* tau) { return LAPACKE_sgeqrf(LAPACK_COL_MAJOR, m, n, a, m, tau); }
int geqrf(int m, int n, double* a, double* tau) { return LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, a, m, tau); }
int orgqr(int m, int k, float* a, const float* tau) {
  return LAPACKE_sorgqr(LAPACK_COL_MAJOR, m, k, k, a, m, tau);
}
int orgqr(int m, int k, double* a, const double* tau) {
  return LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, k, k, a, m, tau);
}
int gesdd(int m, int n, float* a, float* s, float* u, float* vt) {
  return LAPACKE_sgesdd(LAPACK_COL_MAJOR, 'S', m, n, a, m, s, u, m, vt, std::min(m, n));
}
int gesdd(int m, int n, double* a, double* s, double* u, double* vt) {
  return LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', m, n, a, m, s, u, m, vt, std::min(m, n));
}
int syevd(int n, float* a, float* values) {
  return LAPACKE_ssyevd(LAPACK_COL_MAJOR, 'V', 'L', n, a, n, values);
}
int syevd(int n, double* a, double* values) {
  return LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', n, a, n, values);
}

// One lane's matrix (or vector, columns = 1), column after column as LAPACK wants it.
template <class T>
struct Columns {
  std::int64_t rows;
  std::int64_t columns;
  std::vector<T> data;

  Columns(std::int64_t m, std::int64_t n) : rows(m), columns(n), data(index_of(m * n)) {}
  T& operator()(std::int64_t i, std::int64_t j) { return data[index_of(j * rows + i)]; }
};

template <class T>
Columns<T> read(const View& x, std::int64_t offset) {
  Columns<T> out(x.shape[0], x.shape[1]);
  const T* from = x.as<const T>() + offset;
  for (std::int64_t j = 0; j < out.columns; ++j)
    for (std::int64_t i = 0; i < out.rows; ++i) out(i, j) = from[i * x.strides[0] + j * x.strides[1]];
  return out;
}

template <class T>
void write(Columns<T>& x, const View& out, std::int64_t offset) {
  T* to = out.as<T>() + offset;
  for (std::int64_t i = 0; i < x.rows; ++i)
    for (std::int64_t j = 0; j < x.columns; ++j) to[i * out.strides[0] + j * out.strides[1]] = x(i, j);
}

// Calls lane(offsets) for each lane; `first` says how many axes of each operand belong to its matrix.
template <std::size_t N, class Lane>
void each_lane(const std::array<const View*, N>& views, const std::array<std::size_t, N>& first,
               Lane&& lane) {
  Nest<N> nest;
  for (std::size_t axis = 0; axis + first[0] < views[0]->shape.size(); ++axis) {
    typename Nest<N>::Offsets stride;
    for (std::size_t v = 0; v < N; ++v) stride[v] = views[v]->strides[axis + first[v]];
    nest.add(views[0]->shape[axis + first[0]], stride);
  }
  nest.each(lane);
}

template <class T>
bool is_finite(const Columns<T>& x) {
  return std::all_of(x.data.begin(), x.data.end(), [](T value) { return std::isfinite(value); });
}

template <class T>
void write_nan(const View& out, std::int64_t offset) {
  Columns<T> nothing(out.shape[0], out.shape[1]);
  std::fill(nothing.data.begin(), nothing.data.end(), std::numeric_limits<T>::quiet_NaN());
  write(nothing, out, offset);
}

template <class T>
void cholesky_lane(const View& a, const View& l, std::int64_t a_at, std::int64_t l_at) {
  Columns<T> x = read<T>(a, a_at);
  for (std::int64_t j = 0; j < x.columns; ++j)
    for (std::int64_t i = 0; i < j; ++i) x(i, j) = T{0};
  if (!is_finite(x) || potrf(to_lapack(x.rows), x.data.data()) != 0) return write_nan<T>(l, l_at);
  write(x, l, l_at);
}

template <class T>
void qr_lane(const View& a, const View& q, const View& r, const std::array<std::int64_t, 3>& at) {
  Columns<T> x = read<T>(a, at[0]);
  const std::int64_t k = std::min(x.rows, x.columns);
  if (!is_finite(x)) {
    write_nan<T>(q, at[1]);
    return write_nan<T>(r, at[2]);
  }
  Columns<T> upper(k, x.columns);
  if (k > 0) {
    std::vector<T> tau(index_of(k));
    geqrf(to_lapack(x.rows), to_lapack(x.columns), x.data.data(), tau.data());
    for (std::int64_t j = 0; j < x.columns; ++j)
      for (std::int64_t i = 0; i <= std::min(j, k - 1); ++i) upper(i, j) = x(i, j);
    orgqr(to_lapack(x.rows), to_lapack(k), x.data.data(), tau.data());
  }
  x.columns = k;  // the first k columns now hold q
  for (std::int64_t i = 0; i < k; ++i) {
    if (!(upper(i, i) < T{0})) continue;
    for (std::int64_t j = i; j < upper.columns; ++j) upper(i, j) = -upper(i, j);
    for (std::int64_t row = 0; row < x.rows; ++row) x(row, i) = -x(row, i);
  }
  write(x, q, at[1]);
  write(upper, r, at[2]);
}

// Whether the first element of largest magnitude in a column is negative.
template <class T>
bool leads_negative(Columns<T>& u, std::int64_t column) {
  T lead{0};
  for (std::int64_t i = 0; i < u.rows; ++i)
    if (std::abs(u(i, column)) > std::abs(lead)) lead = u(i, column);
  return lead < T{0};
}

template <class T>
void svd_lane(const View& a, const View& u, const View& s, const View& vt,
              const std::array<std::int64_t, 4>& at) {
  Columns<T> x = read<T>(a, at[0]);
  const std::int64_t k = std::min(x.rows, x.columns);
  Columns<T> left(x.rows, k);
  Columns<T> right(k, x.columns);
  std::vector<T> values(index_of(k));
  const auto decompose = [&] {
    return k == 0 || gesdd(to_lapack(x.rows), to_lapack(x.columns), x.data.data(), values.data(),
                           left.data.data(), right.data.data()) == 0;
  };
  if (!is_finite(x) || !decompose()) {
    write_nan<T>(u, at[1]);
    for (std::int64_t j = 0; j < k; ++j)
      s.as<T>()[at[2] + j * s.strides[0]] = std::numeric_limits<T>::quiet_NaN();
    return write_nan<T>(vt, at[3]);
  }
  for (std::int64_t j = 0; j < k; ++j) {
    if (!leads_negative(left, j)) continue;
    for (std::int64_t i = 0; i < left.rows; ++i) left(i, j) = -left(i, j);
    for (std::int64_t i = 0; i < right.columns; ++i) right(j, i) = -right(j, i);
  }
  write(left, u, at[1]);
  for (std::int64_t j = 0; j < k; ++j) s.as<T>()[at[2] + j * s.strides[0]] = values[index_of(j)];
  write(right, vt, at[3]);
}

// Substitution, column of a after column: the loop over the right-hand sides is innermost and contiguous. The
// order is fixed, so unlike its neighbours this one gives the same bits everywhere.
template <class T>
void solve_lane(const View& a, const View& b, bool lower, bool transpose, const View& x,
                const std::array<std::int64_t, 3>& at) {
  const std::int64_t n = a.shape[0];
  const std::int64_t m = b.shape[1];
  const std::int64_t row_stride = a.strides[transpose ? 1 : 0];
  const std::int64_t column_stride = a.strides[transpose ? 0 : 1];
  const T* triangle = a.as<const T>() + at[0];
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = lower ? 0 : i; j < (lower ? i + 1 : n); ++j)
      if (!std::isfinite(triangle[i * a.strides[0] + j * a.strides[1]])) return write_nan<T>(x, at[2]);
  std::vector<T> work(index_of(n * m));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t c = 0; c < m; ++c)
      work[index_of(i * m + c)] = b.as<const T>()[at[1] + i * b.strides[0] + c * b.strides[1]];
  const bool forward = lower != transpose;
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t j = forward ? step : n - 1 - step;
    T* solved = work.data() + j * m;
    const T diagonal = triangle[j * row_stride + j * column_stride];
    for (std::int64_t c = 0; c < m; ++c) solved[c] /= diagonal;
    const std::int64_t first = forward ? j + 1 : 0;
    const std::int64_t end = forward ? n : j;
    for (std::int64_t i = first; i < end; ++i) {
      const T factor = -triangle[i * row_stride + j * column_stride];
      T* __restrict row = work.data() + i * m;
      for (std::int64_t c = 0; c < m; ++c) row[c] = std::fma(factor, solved[c], row[c]);
    }
  }
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t c = 0; c < m; ++c)
      x.as<T>()[at[2] + i * x.strides[0] + c * x.strides[1]] = work[index_of(i * m + c)];
}

// The symmetric part of a lane's matrix as u diag(values) uᵀ; `known` is false where it holds nan or infinity
// or the iteration does not end.
template <class T>
struct Spectrum {
  Columns<T> u;
  std::vector<T> values;
  bool known = true;

  Spectrum(const View& a, std::int64_t at) : u(read<T>(a, at)), values(index_of(u.rows)) {
    for (std::int64_t j = 0; j < u.columns; ++j)
      for (std::int64_t i = j; i < u.rows; ++i) u(i, j) = (u(i, j) + u(j, i)) / T{2};
    for (std::int64_t j = 0; j < u.columns; ++j)
      for (std::int64_t i = j; i < u.rows; ++i) known = known && std::isfinite(u(i, j));
    if (known && u.rows > 0) known = syevd(to_lapack(u.rows), u.data.data(), values.data()) == 0;
  }
};

// x y: sums over k in order.
template <class T>
Columns<T> product(const Columns<T>& x, const Columns<T>& y) {
  Columns<T> out(x.rows, y.columns);
  for (std::int64_t j = 0; j < out.columns; ++j)
    for (std::int64_t k = 0; k < y.rows; ++k) {
      const T factor = y.data[index_of(j * y.rows + k)];
      const T* column = x.data.data() + k * x.rows;
      T* __restrict sums = out.data.data() + j * out.rows;
      for (std::int64_t i = 0; i < out.rows; ++i) sums[i] = std::fma(column[i], factor, sums[i]);
    }
  return out;
}

template <class T>
Columns<T> transposed(Columns<T>& x) {
  Columns<T> out(x.columns, x.rows);
  for (std::int64_t j = 0; j < x.columns; ++j)
    for (std::int64_t i = 0; i < x.rows; ++i) out(j, i) = x(i, j);
  return out;
}

template <class T>
void symmetric_root_lane(const View& a, const View& root, std::int64_t a_at, std::int64_t root_at) {
  Spectrum<T> s(a, a_at);
  if (!s.known) return write_nan<T>(root, root_at);
  Columns<T> scaled = s.u;
  for (std::int64_t j = 0; j < scaled.columns; ++j)
    for (std::int64_t i = 0; i < scaled.rows; ++i)
      scaled(i, j) *= std::sqrt(std::max(s.values[index_of(j)], T{0}));
  Columns<T> out = product(scaled, transposed(s.u));
  write(out, root, root_at);
}

template <class T>
void lyapunov_lane(const View& a, const View& c, const View& x, const std::array<std::int64_t, 3>& at) {
  Spectrum<T> s(a, at[0]);
  if (!s.known) return write_nan<T>(x, at[2]);
  const Columns<T> back = transposed(s.u);
  Columns<T> inside = product(back, product(read<T>(c, at[1]), s.u));
  for (std::int64_t j = 0; j < inside.columns; ++j)
    for (std::int64_t i = 0; i < inside.rows; ++i) {
      const T both = s.values[index_of(i)] + s.values[index_of(j)];
      inside(i, j) = both == T{0} ? T{0} : inside(i, j) / both;
    }
  Columns<T> out = product(product(s.u, inside), back);
  write(out, x, at[2]);
}

}  // namespace

void cholesky(const View& a, const View& l) {
  use_one_thread();
  dispatch_float("cholesky", a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_lane<2>({&a, &l}, {2, 2}, [&](const auto& at) { cholesky_lane<T>(a, l, at[0], at[1]); });
  });
}

void qr(const View& a, const View& q, const View& r) {
  use_one_thread();
  dispatch_float("qr", a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_lane<3>({&a, &q, &r}, {2, 2, 2}, [&](const auto& at) { qr_lane<T>(a, q, r, at); });
  });
}

void svd(const View& a, const View& u, const View& s, const View& vt) {
  use_one_thread();
  dispatch_float("svd", a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_lane<4>({&a, &u, &s, &vt}, {2, 2, 1, 2}, [&](const auto& at) { svd_lane<T>(a, u, s, vt, at); });
  });
}

void triangular_solve(const View& a, const View& b, bool lower, bool transpose, const View& x) {
  dispatch_float("triangular_solve", a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_lane<3>({&a, &b, &x}, {2, 2, 2},
                 [&](const auto& at) { solve_lane<T>(a, b, lower, transpose, x, at); });
  });
}

void symmetric_root(const View& a, const View& root) {
  use_one_thread();
  dispatch_float("symmetric_root", a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_lane<2>({&a, &root}, {2, 2}, [&](const auto& at) { symmetric_root_lane<T>(a, root, at[0], at[1]); });
  });
}

void lyapunov(const View& a, const View& c, const View& x) {
  use_one_thread();
  dispatch_float("lyapunov", a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_lane<3>({&a, &c, &x}, {2, 2, 2}, [&](const auto& at) { lyapunov_lane<T>(a, c, x, at); });
  });
}

}  // namespace runnel::kernels
