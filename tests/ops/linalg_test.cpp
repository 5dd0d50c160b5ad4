// Decompositions: they put their matrix together again, and their derivatives are slopes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "error_of.h"
#include "ops/helpers.h"
#include "runnel/linalg.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

void expect_close(const Array& got, const Array& wanted, double tolerance) {
  ASSERT_EQ(got.type(), wanted.type());
  EXPECT_THAT(got.to_doubles(), Pointwise(DoubleNear(tolerance), wanted.to_doubles()));
}

double tolerance_of(DType dtype) { return dtype == DType::f32 ? 2e-5 : 1e-12; }

Array identity_like(const Array& x) { return eye(x.dim(1), x.dtype()); }

Array positive_definite(std::int64_t n, DType dtype, std::uint32_t stream = 0) {
  const Array x = convert(sample({n, n}, -1, 1, stream), dtype);
  return matmul(x, transpose(x)) + eye(n, dtype);
}

TEST(Svd, PutsTheMatrixTogetherAgain) {
  for (DType dtype : {DType::f32, DType::f64})
    for (const Shape& shape : {Shape{6, 4}, Shape{4, 6}, Shape{5, 5}, Shape{1, 3}, Shape{3, 1}}) {
      const Array a = convert(sample(shape, -2, 2), dtype);
      const auto [u, s, vt] = svd(a);
      expect_close(matmul(u * s, vt), a, tolerance_of(dtype));
      expect_close(matmul(transpose(u), u), identity_like(u), tolerance_of(dtype));
      expect_close(matmul(vt, transpose(vt)), eye(vt.dim(0), dtype), tolerance_of(dtype));
      const auto values = s.to_doubles();
      for (std::size_t i = 1; i < values.size(); ++i) EXPECT_LE(values[i], values[i - 1]);
      // The squared singular values add up to the squared norm.
      EXPECT_NEAR(sum(s * s).item(), sum(a * a).item(), 100 * tolerance_of(dtype));
    }
}

TEST(Qr, PutsTheMatrixTogetherAgain) {
  for (DType dtype : {DType::f32, DType::f64})
    for (const Shape& shape : {Shape{6, 4}, Shape{4, 6}, Shape{5, 5}}) {
      const Array a = convert(sample(shape, -2, 2), dtype);
      const auto [q, r] = qr(a);
      expect_close(matmul(q, r), a, tolerance_of(dtype));
      expect_close(matmul(transpose(q), q), identity_like(q), tolerance_of(dtype));
      for (std::int64_t i = 0; i < r.dim(0); ++i) {
        EXPECT_GE(r.at({i, i}), 0);
        for (std::int64_t j = 0; j < i; ++j) EXPECT_EQ(r.at({i, j}), 0);
      }
    }
}

TEST(Cholesky, PutsTheMatrixTogetherAgainFromItsLowerTriangle) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const Array a = positive_definite(5, dtype);
    const Array l = cholesky(a);
    expect_close(matmul(l, transpose(l)), a, tolerance_of(dtype));
    for (std::int64_t i = 0; i < 5; ++i)
      for (std::int64_t j = i + 1; j < 5; ++j) EXPECT_EQ(l.at({i, j}), 0);
    const Array above = select(iota({5, 5}, 0) < iota({5, 5}, 1), Array::full({5, 5}, 99, dtype), a);
    EXPECT_TRUE(same_bits(cholesky(above), l));
  }
}

TEST(TriangularSolve, Solves) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const Array full = convert(sample({4, 4}, -1, 1), dtype) + 3.0 * eye(4, dtype);
    const Array b = convert(sample({4, 3}, -1, 1, 1), dtype);
    for (bool lower : {true, false})
      for (bool transposed : {true, false}) {
        const Array keep = lower ? iota({4, 4}, 0) >= iota({4, 4}, 1) : iota({4, 4}, 0) <= iota({4, 4}, 1);
        const Array triangle = select(keep, full, 0);
        const Array a = transposed ? transpose(triangle) : triangle;
        expect_close(matmul(a, triangular_solve(full, b, lower, transposed)), b, tolerance_of(dtype));
        const Array vector = slice(b, 1, 0, 1);
        EXPECT_TRUE(same_bits(triangular_solve(full, squeeze(vector, 1), lower, transposed),
                              squeeze(triangular_solve(full, vector, lower, transposed), 1)));
      }
  }
}

TEST(SymmetricRoot, SquaresToTheSymmetricPart) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const Array skew = convert(sample({5, 5}, -1, 1, 3), dtype);
    const Array a = positive_definite(5, dtype);
    const Array r = symmetric_root(a + skew - transpose(skew));
    expect_close(matmul(r, r), a, 10 * tolerance_of(dtype));
    expect_close(r, transpose(r), tolerance_of(dtype));
    for (double value : svd(r).s.to_doubles()) EXPECT_GT(value, 0);
  }
  // Of rank one: the root of v vᵀ is v vᵀ / |v|, whatever rounding makes of the eigenvalues that are 0.
  const Array v = Array({3, 0, 4, 12}, DType::f64);
  const Array outer = expand_dims(v, 1) * expand_dims(v, 0);
  expect_close(symmetric_root(outer), outer / 13, 1e-6);
}

TEST(Lyapunov, SolvesItsEquation) {
  for (DType dtype : {DType::f32, DType::f64}) {
    const Array a = positive_definite(5, dtype);
    const Array c = convert(sample({5, 5}, -1, 1, 4), dtype);
    const Array x = lyapunov(a, c);
    expect_close(matmul(a, x) + matmul(x, a), c, 10 * tolerance_of(dtype));
    expect_close(matmul(a, lyapunov(a, 2 * eye(5, dtype))), eye(5, dtype), 10 * tolerance_of(dtype));
  }
}

TEST(SymmetricRoot, ALaneThatIsNotFiniteDisturbsNoOther) {
  const Array good = positive_definite(3, DType::f64);
  for (double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    const Array lanes = stack({good, good * bad, good});
    auto both = [](const Array& a) { return lyapunov(symmetric_root(a), a); };
    const Array out = vmap(both)(lanes);
    for (std::int64_t lane : {0, 2}) EXPECT_TRUE(same_bits(row(out, lane), both(good)));
    for (double value : row(out, 1).to_doubles()) EXPECT_TRUE(std::isnan(value));
  }
}

// A number made of all elements of f(x), differentiated both ways and compared with differences.
template <class F>
void expect_slopes(F f, const Array& x) {
  auto score = [&](const Array& v) {
    const Array y = f(v);
    return sum(sample(y.shape(), -1, 1, 5) * sin(y));
  };
  const Array v = sample(x.shape(), -1, 1, 6);
  const double h = 1e-5;
  const double slope = (score(x + h * v).item() - score(x - h * v).item()) / (2 * h);
  EXPECT_NEAR(jvp(score, x, v).second.item(), slope, 1e-8);
  const Array g = grad(score)(x);
  EXPECT_NEAR(sum(g * v).item(), slope, 1e-8);
  const Array bend = (grad(score)(x + h * v) - grad(score)(x - h * v)) / (2 * h);
  expect_close(hvp(score, x, v), bend, 1e-6);
}

TEST(Derivatives, AreSlopes) {
  expect_slopes([](const Array& x) { return cholesky(x); }, positive_definite(4, DType::f64));
  for (const Shape& shape : {Shape{5, 3}, Shape{4, 4}}) {
    expect_slopes([](const Array& x) { return qr(x).q; }, sample(shape, -2, 2));
    expect_slopes([](const Array& x) { return qr(x).r; }, sample(shape, -2, 2));
  }
  const Array a = sample({4, 4}, -1, 1) + 3.0 * eye(4, DType::f64);
  const Array b = sample({4, 2}, -1, 1, 1);
  for (bool lower : {true, false})
    for (bool transposed : {true, false}) {
      expect_slopes([&](const Array& x) { return triangular_solve(x, b, lower, transposed); }, a);
      expect_slopes([&](const Array& x) { return triangular_solve(a, x, lower, transposed); }, b);
      expect_slopes([&](const Array& x) { return triangular_solve(x, x * 0.5, lower, transposed); }, a);
    }
}

TEST(Derivatives, OfTheSymmetricRootAreSlopes) {
  const Array a = positive_definite(4, DType::f64);
  expect_slopes([](const Array& x) { return symmetric_root(x); }, a);
  expect_slopes([](const Array& x) { return lyapunov(x, x * x); }, a);
  // Also where eigenvalues meet, where those of the eigenvectors do not exist.
  expect_slopes([](const Array& x) { return symmetric_root(x); }, eye(3, DType::f64));
}

// d log det A = tr(A⁻¹ dA): the gradient of 2 Σ log lᵢᵢ, taken over symmetric changes, is A⁻¹.
TEST(Derivatives, OfTheLogarithmOfTheDeterminant) {
  const Array a = positive_definite(4, DType::f64);
  auto log_det = [](const Array& x) { return 2 * sum(log(sum(cholesky(x) * eye(4, DType::f64), 1))); };
  const Array g = grad(log_det)(a);
  const Array symmetric = 0.5 * (g + transpose(g));
  expect_close(matmul(symmetric, a), eye(4, DType::f64), 1e-12);
}

TEST(Derivatives, OfWideQrAreRefusedAloud) {
  EXPECT_THROW(grad([](const Array& x) { return sum(qr(x).r); })(sample({3, 4})), Error);
}

// Stacks as matmul takes them: each matrix as it is alone, to the bit.
TEST(Linalg, StacksAreMatricesEach) {
  const Array a = sample({3, 5, 4}, -2, 2), b = matmul(transpose(a, {0, 2, 1}), a);
  const Array right = sample({3, 4, 2}, -1, 1, 1);
  const Svd s = svd(a);
  const Qr q = qr(a);
  const Array l = cholesky(b), root = symmetric_root(b), x = triangular_solve(l, right), y = lyapunov(b, b);
  EXPECT_EQ(s.s.shape(), (Shape{3, 4}));
  for (std::int64_t i = 0; i < 3; ++i) {
    const Array one = row(a, i), two = row(b, i);
    const Svd alone = svd(one);
    for (const auto& [stack, single] : {std::pair(s.u, alone.u),
                                        {s.s, alone.s},
                                        {s.vt, alone.vt},
                                        {q.q, qr(one).q},
                                        {q.r, qr(one).r},
                                        {l, cholesky(two)},
                                        {root, symmetric_root(two)},
                                        {y, lyapunov(two, two)},
                                        {x, triangular_solve(cholesky(two), row(right, i))}})
      EXPECT_TRUE(same_bits(row(stack, i), single));
  }
  EXPECT_THROW(triangular_solve(l, row(right, 0)), Error);
  EXPECT_THROW(svd(sample({3})), Error);
}

// One lane that cannot be decomposed is nan, and the others are as they are alone; without lanes it is told.
TEST(Linalg, OneBadLaneDisturbsNoOther) {
  const Array good = positive_definite(4, DType::f64), not_definite = good - 100.0 * eye(4, DType::f64);
  const Array not_finite = good * Array::scalar(NAN, DType::f64);
  const Array lanes = stack({good, not_definite, not_finite, good});
  auto all = [](const Array& m) {
    const Svd s = svd(m);
    const Qr q = qr(m);
    const Array l = cholesky(m);
    return std::vector<Array>{
        l, s.s, s.u, q.r, q.q, triangular_solve(l, m), symmetric_root(m), lyapunov(m, m)};
  };
  const std::vector<Array> alone = all(good);
  const auto is_nan = [](const Array& m) {
    const std::vector<double> values = m.to_doubles();
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  };
  for (const auto& found : {vmap(all)(lanes), jit(vmap(all))(lanes)})
    for (std::size_t i = 0; i < alone.size(); ++i) {
      EXPECT_TRUE(same_bits(row(found[i], 0), alone[i])) << i;
      EXPECT_TRUE(same_bits(row(found[i], 3), alone[i])) << i;
      EXPECT_TRUE(is_nan(row(found[i], 2))) << i;
    }
  EXPECT_TRUE(is_nan(row(vmap(all)(lanes)[0], 1)));
  EXPECT_TRUE(is_nan(jit([](const Array& m) { return cholesky(m); })(not_definite)));
  EXPECT_THAT(error_of([&] { cholesky(not_definite); }, ErrorKind::run), HasSubstr("(pivot 1)"));
  // Derivatives and loops of one matrix tell it as well.
  const auto total = [](const Array& m) { return sum(cholesky(m)); };
  const auto step = [&](const Array& c, const Array& m) { return std::pair(c + total(m), total(m)); };
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { grad(total)(not_definite); }, [&] { vjp(total, not_definite); },
           [&] { jvp(total, not_definite, good); }, [&] { hvp(total, not_definite, good); },
           [&] { hessian(total)(not_definite); }, [&] { checkpoint(total)(not_definite); },
           [&] { scan(step, Array::scalar(0, DType::f64), lanes); }})
    EXPECT_THAT(error_of(call, ErrorKind::run), HasSubstr("not positive definite"));
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { cholesky(not_finite); }, [&] { qr(not_finite); }, [&] { svd(not_finite); },
           [&] { symmetric_root(not_finite); }, [&] { lyapunov(not_finite, good); },
           [&] { triangular_solve(not_finite, good); },
           [&] {
             triangular_solve(stack({good, not_finite}), stack({good, good}));
           }})
    EXPECT_THAT(error_of(call, ErrorKind::run), HasSubstr("nan or infinity"));
}

}  // namespace
}  // namespace runnel
