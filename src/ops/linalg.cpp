// Decompositions through LAPACK. Matrices lie in the first two axes, lanes behind them.
#include "runnel/linalg.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/reference/linalg.h"
#include "ops/helpers.h"

namespace runnel {
namespace {

using Ins = std::span<const Array>;

// Lanes behind the two matrix axes, as letters for products.
std::string lanes_of(const Array& x) {
  return std::string("abcdef").substr(0, static_cast<std::size_t>(x.rank() - 2));
}

Array product(const Array& x, const Array& y) {
  const std::string l = lanes_of(x);
  return dot_general("ik" + l + ",kj" + l + "->ij" + l, x, y);
}
Array product_transposed_first(const Array& x, const Array& y) {
  const std::string l = lanes_of(x);
  return dot_general("ki" + l + ",kj" + l + "->ij" + l, x, y);
}

Array transposed(const Array& x) {
  Dims p;
  for (int i = 0; i < x.rank(); ++i) p.push_back(i);
  std::swap(p[0], p[1]);
  return transpose(x, p);
}

// x where row - column compares with 0 as wanted, 0 elsewhere.
Array masked(const Array& x, Array (*keep)(const Operand& row, const Operand& column)) {
  return select(keep(iota(x.shape(), 0), iota(x.shape(), 1)), x, 0);
}
Array lower_part(const Array& x) { return masked(x, greater_equal); }
Array strictly_lower(const Array& x) { return masked(x, greater); }

Array solve(const Array& a, const Array& b, bool lower, bool trans) {
  return bind_one(find_op("triangular_solve"), {a, b}, {{"lower", lower}, {"transpose", trans}});
}
// b a⁻¹ = (a⁻ᵀ bᵀ)ᵀ
Array solve_right(const Array& b, const Array& a, bool lower) {
  return transposed(solve(a, transposed(b), lower, true));
}

void expect_matrix(const char* name, const Type& type) {
  expect_float(name, type);
  expect_rank_at_least(name, type, 2);
}
void expect_square(const char* name, const Type& type) {
  expect_matrix(name, type);
  if (type.shape[0] != type.shape[1])
    fail("[{}] needs a square matrix, got shape {}", name, to_string(type.shape));
}

Array positive_definite(std::uint32_t stream) {
  const Array x = sample({4, 4}, -1, 1, stream);
  return matmul(x, transpose(x)) + 2.0 * eye(4, DType::f64);
}

// Why the matrices have no decomposition.
[[noreturn]] void fail_decomposition(const char* name, const Array& a, std::string_view otherwise) {
  for (const double value : a.to_doubles())
    if (!std::isfinite(value))
      fail_run("[{}] the matrix holds nan or infinity: look for where it arises", name);
  fail_run("[{}] {}", name, otherwise);
}

bool holds_nan(const Array& x) {
  const std::vector<double> values = x.to_doubles();
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
}

// Where there are values, and no lanes of vmap or jit around them, what cannot be decomposed is an error. In
// lanes it is nan, which disturbs no other lane. `in` may be a stack of matrices.
void expect_numbers(const char* name, const Array& in, const Array& out, std::string_view otherwise) {
  if (!out.is_traced() && holds_nan(out)) fail_decomposition(name, in, otherwise);
}

// A triangle that holds nan or infinity makes all of a solution nan.
void expect_finite_triangle(const Array& in, const Array& out) {
  if (out.is_traced()) return;
  const std::vector<double> found = out.to_doubles(), given = in.to_doubles();
  if (!found.empty() && std::all_of(found.begin(), found.end(), [](double v) { return std::isnan(v); }) &&
      !std::all_of(given.begin(), given.end(), [](double v) { return std::isfinite(v); }))
    fail_decomposition("triangular_solve", in, "");
}

// Which pivot of a matrix is the first that is not positive; for messages.
std::string not_positive_definite(const Array& a) {
  const std::string text = "the matrix is not positive definite";
  if (a.rank() != 2 || a.is_traced()) return text;
  const auto n = static_cast<std::size_t>(a.dim(0));
  std::vector<double> l = a.to_doubles();
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = l[j * n + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= l[j * n + k] * l[j * n + k];
    if (!(pivot > 0)) return fmt::format("{} (pivot {})", text, j + 1);
    l[j * n + j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) l[i * n + j] -= l[i * n + k] * l[j * n + k];
      l[i * n + j] /= l[j * n + j];
    }
  }
  return text;
}

void expect_definite(const Array& in, const Array& out) {
  if (!out.is_traced() && holds_nan(out)) fail_decomposition("cholesky", in, not_positive_definite(in));
}

constexpr std::string_view kUndecomposed = "the matrix cannot be decomposed";
constexpr std::string_view kNotConverged = "the iteration did not converge: scale the matrix or use f64";
constexpr std::string_view kRightSide = "c holds nan or infinity: look for where it arises";

// Murray, "Differentiation of the Cholesky decomposition" (arXiv 1602.07527), section 3.1: dL = L Φ(L⁻¹ dA
// L⁻ᵀ), where Φ keeps the lower triangle and half of the diagonal. Only the lower triangle of A is read.
Op cholesky_row() {
  return {"cholesky",
          "lower triangular l with a = l lᵀ; reads the lower triangle of a",
          1,
          {},
          [](std::span<const Type> in, const Attrs&) -> Types {
            expect_square("cholesky", in[0]);
            return {in[0]};
          },
          ForwardRule{[](Ins, Ins out, std::span<const MaybeArray> tangents,
                         const Attrs&) -> std::vector<MaybeArray> {
            const Array& l = out[0];
            const Array da = lower_part(*tangents[0]) + transposed(strictly_lower(*tangents[0]));
            const Array inside = solve_right(solve(l, da, true, false), transposed(l), false);
            return {product(l, strictly_lower(inside) + 0.5 * masked(inside, equal))};
          }},
          same_op_with_lanes("cholesky"),
          [](const KernelCall& c) { kernels::cholesky(c.in[0], c.out[0]); },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{{{positive_definite(0)}, {}}};
          }};
}

// Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
// experimental design" (2010), section 3: with C = dA R⁻¹ and M = QᵀC, X = strictly lower(M) minus its
// transpose: dR = (M - X) R, dQ = Q X + C - Q M.
Op qr_row() {
  return {"qr",
          "a = q r with orthonormal columns q and upper triangular r, its diagonal not negative",
          1,
          {},
          [](std::span<const Type> in, const Attrs&) -> Types {
            expect_matrix("qr", in[0]);
            const std::int64_t k = std::min(in[0].shape[0], in[0].shape[1]);
            Type q = in[0];
            Type r = in[0];
            q.shape[1] = k;
            r.shape[0] = k;
            return {q, r};
          },
          ForwardRule{[](Ins in, Ins out, std::span<const MaybeArray> tangents,
                         const Attrs&) -> std::vector<MaybeArray> {
            if (in[0].dim(0) < in[0].dim(1))
              fail("[qr] the derivative is known for m >= n only, got shape {}", to_string(in[0].shape()));
            const Array& q = out[0];
            const Array c = solve_right(*tangents[0], out[1], false);
            const Array m = product_transposed_first(q, c);
            const Array x = strictly_lower(m) - transposed(strictly_lower(m));
            return {product(q, x) + c - product(q, m), product(m - x, out[1])};
          }},
          same_op_with_lanes("qr"),
          [](const KernelCall& c) { kernels::qr(c.in[0], c.out[0], c.out[1]); },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{{{sample({5, 3})}, {}}, {{sample({3, 3})}, {}}};
          }};
}

Op svd_row() {
  return {"svd",
          "a = u diag(s) vt, singular values descending",
          1,
          {},
          [](std::span<const Type> in, const Attrs&) -> Types {
            expect_matrix("svd", in[0]);
            const std::int64_t k = std::min(in[0].shape[0], in[0].shape[1]);
            Type u = in[0];
            Type s = in[0];
            Type vt = in[0];
            u.shape[1] = k;
            vt.shape[0] = k;
            s.shape[0] = k;
            s.shape.erase(1);
            return {u, s, vt};
          },
          Unsupported{"singular vectors turn arbitrarily fast where singular values meet; differentiate qr "
                      "or cholesky instead"},
          same_op_with_lanes("svd"),
          [](const KernelCall& c) { kernels::svd(c.in[0], c.out[0], c.out[1], c.out[2]); },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{{{sample({5, 3})}, {}}, {{sample({3, 4})}, {}}};
          }};
}

Op triangular_solve_row() {
  return {"triangular_solve",
          "x with a x = b, or aᵀ x = b, for triangular a",
          2,
          {"lower", "transpose"},
          [](std::span<const Type> in, const Attrs&) -> Types {
            expect_square("triangular_solve", in[0]);
            expect_matrix("triangular_solve", in[1]);
            Shape expected = in[0].shape;
            expected[1] = in[1].shape[1];
            if (in[1].dtype != in[0].dtype || in[1].shape != expected)
              fail("[triangular_solve] {} and {}: rows, lanes and dtypes must agree", to_string(in[0]),
                   to_string(in[1]));
            return {in[1]};
          },
          Linear{Linear::How::each, [](std::size_t i) { return i == 1; },
                 [](const Array& ct, Ins in, std::size_t, const Attrs& attrs) {
                   return solve(in[0], ct, attrs.get<bool>("lower"), !attrs.get<bool>("transpose"));
                 },
                 // d(A⁻¹) = -A⁻¹ dA A⁻¹
                 ForwardRule{[](Ins in, Ins out, std::span<const MaybeArray> tangents,
                                const Attrs& attrs) -> std::vector<MaybeArray> {
                   const bool lower = attrs.get<bool>("lower");
                   const bool trans = attrs.get<bool>("transpose");
                   const Array da = masked(*tangents[0], lower ? greater_equal : less_equal);
                   const Array moved = trans ? product_transposed_first(da, out[0]) : product(da, out[0]);
                   return {neg(solve(in[0], moved, lower, trans))};
                 }}},
          same_op_with_lanes("triangular_solve"),
          [](const KernelCall& c) {
            kernels::triangular_solve(c.in[0], c.in[1], c.attrs.get<bool>("lower"),
                                      c.attrs.get<bool>("transpose"), c.out[0]);
          },
          nullptr,
          Fusion::opaque,
          [] {
            const Array a = sample({3, 3}, -1, 1) + 3.0 * eye(3, DType::f64);
            std::vector<Sample> out;
            for (bool lower : {true, false})
              for (bool trans : {true, false})
                out.push_back({{a, sample({3, 2}, -2, 2, 1)}, {{"lower", lower}, {"transpose", trans}}});
            return out;
          }};
}

Array symmetric_part(const Array& x) { return 0.5 * (x + transposed(x)); }

Array solve_lyapunov(const Array& a, const Array& c) { return bind_one(find_op("lyapunov"), {a, c}); }

// From r r = a: r dr + dr r = da.
Op symmetric_root_row() {
  return {"symmetric_root",
          "symmetric r with r r = (a + aᵀ) / 2; eigenvalues below zero count as zero",
          1,
          {},
          [](std::span<const Type> in, const Attrs&) -> Types {
            expect_square("symmetric_root", in[0]);
            return {in[0]};
          },
          ForwardRule{[](Ins, Ins out, std::span<const MaybeArray> tangents,
                         const Attrs&) -> std::vector<MaybeArray> {
            return {solve_lyapunov(out[0], symmetric_part(*tangents[0]))};
          }},
          same_op_with_lanes("symmetric_root"),
          [](const KernelCall& c) { kernels::symmetric_root(c.in[0], c.out[0]); },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{{{positive_definite(0)}, {}}};
          }};
}

// Linear in c, and its own transpose; from s x + x s = c: s dx + dx s = -(ds x + x ds).
Op lyapunov_row() {
  return {"lyapunov",
          "x with s x + x s = c, s = (a + aᵀ) / 2; 0 along eigenvectors of s whose eigenvalues add up to 0",
          2,
          {},
          [](std::span<const Type> in, const Attrs&) -> Types {
            expect_square("lyapunov", in[0]);
            if (in[1] != in[0])
              fail("[lyapunov] {} and {}: both matrices need one shape and dtype", to_string(in[0]),
                   to_string(in[1]));
            return {in[1]};
          },
          Linear{Linear::How::each, [](std::size_t i) { return i == 1; },
                 [](const Array& ct, Ins in, std::size_t, const Attrs&) { return solve_lyapunov(in[0], ct); },
                 ForwardRule{[](Ins in, Ins out, std::span<const MaybeArray> tangents,
                                const Attrs&) -> std::vector<MaybeArray> {
                   const Array ds = symmetric_part(*tangents[0]);
                   return {neg(solve_lyapunov(in[0], product(ds, out[0]) + product(out[0], ds)))};
                 }}},
          same_op_with_lanes("lyapunov"),
          [](const KernelCall& c) { kernels::lyapunov(c.in[0], c.in[1], c.out[0]); },
          nullptr,
          Fusion::opaque,
          [] {
            return std::vector<Sample>{{{positive_definite(0), sample({4, 4}, -1, 1, 1)}, {}}};
          }};
}

}  // namespace

std::vector<Op> linalg_ops() {
  std::vector<Op> rows{cholesky_row(),       qr_row(),      svd_row(), triangular_solve_row(),
                       symmetric_root_row(), lyapunov_row()};
  const std::vector<CheckRule> checks{
      [](Ins in, Ins out) { expect_definite(in[0], out[0]); },
      [](Ins in, Ins out) { expect_numbers("qr", in[0], out[1], kUndecomposed); },
      [](Ins in, Ins out) { expect_numbers("svd", in[0], out[1], kNotConverged); },
      [](Ins in, Ins out) { expect_finite_triangle(in[0], out[0]); },
      [](Ins in, Ins out) { expect_numbers("symmetric_root", in[0], out[0], kNotConverged); },
      [](Ins in, Ins out) { expect_numbers("lyapunov", in[0], out[0], kRightSide); }};
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].check = checks[i];
  return rows;
}

namespace {

// The public functions take stacks of matrices in the last two axes; the ops have the matrix in front.
Array matrix_first(const char* name, const Array& a) {
  if (a.rank() < 2)
    fail("[{}] needs a matrix or a stack of matrices, got shape {}", name, to_string(a.shape()));
  if (a.rank() == 2) return a;
  return move_axis(move_axis(a, -2, 0), -1, 1);
}
// Of an op's result, in which the first `axes` are those of one matrix.
Array matrix_last(const Array& x, int axes = 2) {
  if (x.rank() == axes) return x;
  return axes == 1 ? move_axis(x, 0, -1) : move_axis(move_axis(x, 0, -1), 0, -1);
}

}  // namespace

Qr qr(const Array& a) {
  const Arrays out = bind_op(find_op("qr"), {matrix_first("qr", a)});
  expect_numbers("qr", a, out[1], kUndecomposed);
  return {matrix_last(out[0]), matrix_last(out[1])};
}
Svd svd(const Array& a) {
  const Arrays out = bind_op(find_op("svd"), {matrix_first("svd", a)});
  expect_numbers("svd", a, out[1], kNotConverged);
  return {matrix_last(out[0]), matrix_last(out[1], 1), matrix_last(out[2])};
}
Array cholesky(const Array& a) {
  const Array l = bind_one(find_op("cholesky"), {matrix_first("cholesky", a)});
  expect_definite(a, l);
  return matrix_last(l);
}
Array symmetric_root(const Array& a) {
  const Array root = bind_one(find_op("symmetric_root"), {matrix_first("symmetric_root", a)});
  expect_numbers("symmetric_root", a, root, kNotConverged);
  return matrix_last(root);
}
Array lyapunov(const Array& a, const Array& c) {
  const Array x = solve_lyapunov(matrix_first("lyapunov", a), matrix_first("lyapunov", c));
  expect_numbers("lyapunov", a, x, kRightSide);
  return matrix_last(x);
}

Array triangular_solve(const Array& a, const Array& b, bool lower, bool transposed_a) {
  if (a.rank() > 2) {
    if (b.rank() != a.rank())
      fail("[triangular_solve] {} and {}: a stack of triangles needs as many matrices of right-hand sides",
           to_string(a.shape()), to_string(b.shape()));
    const Array x =
        solve(matrix_first("triangular_solve", a), matrix_first("triangular_solve", b), lower, transposed_a);
    if (!x.is_traced())
      for (std::int64_t i = 0; i < a.dim(0); ++i) expect_finite_triangle(row(a, i), row(matrix_last(x), i));
    return matrix_last(x);
  }
  if (b.rank() == 1) return squeeze(solve(a, expand_dims(b, 1), lower, transposed_a), 1);
  return solve(a, b, lower, transposed_a);
}

}  // namespace runnel
