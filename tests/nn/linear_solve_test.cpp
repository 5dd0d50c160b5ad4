// Ridge and least squares against normal equations, closed forms and the conditions of a minimum.
#include "nn/support.h"
#include "runnel/linalg.h"

namespace runnel {
namespace {

Array t(const Array& x) { return transpose(x); }

// a⁻¹ b for positive definite a.
Array solve(const Array& a, const Array& b) {
  const Array l = cholesky(a);
  return triangular_solve(l, triangular_solve(l, b), true, true);
}

Array centred(const Array& x) { return x - mean(x, 0); }

void expect_ridge_is_minimum(std::int64_t n, std::int64_t d) {
  const Array x = normals({n, d}, 1) + 3;
  const Array y = normals({n}, 2) - 1;
  const double alpha = 0.2;
  const nn::Dense fit = nn::ridge(x, y, alpha);
  EXPECT_EQ(fit.w.shape(), Shape{d});
  EXPECT_EQ(fit.b.shape(), Shape{});
  auto objective = [&](const nn::Dense& m) {
    return nn::half_squared_error(matmul(x, m.w) + m.b, y) + alpha / 2 * sum(square(m.w));
  };
  const nn::Dense slope = grad(objective)(fit);
  expect_near(slope.w, Array::zeros({d}, DType::f64), 1e-12);
  EXPECT_NEAR(slope.b.item(), 0, 1e-12);
  // The normal equations of the centred problem.
  const Array xc = centred(x);
  const double n_alpha = static_cast<double>(n) * alpha;
  expect_near(fit.w, solve(matmul(t(xc), xc) + n_alpha * eye(d, DType::f64), matmul(t(xc), centred(y))),
              1e-11);
}

TEST(Ridge, IsTheMinimumWithMoreRowsThanColumns) { expect_ridge_is_minimum(30, 5); }
TEST(Ridge, IsTheMinimumWithMoreColumnsThanRows) { expect_ridge_is_minimum(6, 20); }
TEST(Ridge, IsTheMinimumOfOneRow) { expect_ridge_is_minimum(1, 3); }

// Many penalties at once, through normal equations, are the penalties one by one, through QR.
TEST(RidgePath, IsRidgeForEachPenalty) {
  for (auto [n, d] : {std::pair<std::int64_t, std::int64_t>{30, 5}, {6, 20}}) {
    const Array x = normals({n, d}, 1) + 3;
    const Array y = normals({n, 2}, 2) - 1;
    const std::vector<double> alphas{1e-3, 0.1, 10};
    const auto path = nn::ridge_path(x, y, alphas);
    ASSERT_EQ(path.size(), alphas.size());
    for (std::size_t i = 0; i < alphas.size(); ++i) {
      const nn::Dense one = nn::ridge(x, y, alphas[i]);
      expect_near(path[i].w, one.w, 1e-9);
      expect_near(path[i].b, one.b, 1e-9);
    }
  }
  EXPECT_THROW(nn::ridge_path(normals({3, 2}, 1), normals({3}, 2), {0.0}), Error);
}

TEST(Ridge, SeveralOutputsAreSolvedTogether) {
  const Array x = normals({12, 4}, 3);
  const Array y = normals({12, 3}, 4);
  const nn::Dense all = nn::ridge(x, y, 0.1);
  EXPECT_EQ(all.w.shape(), (Shape{4, 3}));
  for (std::int64_t k = 0; k < 3; ++k) {
    const nn::Dense one = nn::ridge(x, squeeze(slice(y, 1, k, k + 1), 1), 0.1);
    expect_near(squeeze(slice(all.w, 1, k, k + 1), 1), one.w, 1e-14);
    EXPECT_NEAR(all.b.at({k}), one.b.item(), 1e-14);
  }
  expect_near(nn::forward(all, x), matmul(x, all.w) + all.b, 0);
}

// H = diag(10, 0.1), c = (1, 1): the ridge point with alpha = 0.1 is (10 / 10.1, 0.5).
TEST(Ridge, KnownPoint) {
  // Two pairs of opposite rows have mean 0 and X'X / n = diag(10, 0.1).
  const Array x({{std::sqrt(20), 0}, {-std::sqrt(20), 0}, {0, std::sqrt(0.2)}, {0, -std::sqrt(0.2)}},
                DType::f64);
  const nn::Dense fit = nn::ridge(x, matmul(x, vec({1, 1})), 0.1);
  expect_near(fit.w, vec({10 / 10.1, 0.5}), 1e-14);
}

TEST(Ridge, DerivativeByAlphaAgreesWithDifferences) {
  for (const std::int64_t n : {8, 3}) {
    const Array x = normals({n, 4}, 5);
    const Array y = normals({n}, 6);
    auto validation = [&](const Array& alpha) {
      const nn::Dense fit = nn::ridge(x, y, alpha);
      return sum(square(matmul(normals({5, 4}, 7), fit.w) + fit.b));
    };
    EXPECT_NEAR(grad(validation)(f64(0.3)).item(), central_differences(validation, f64(0.3)).item(), 1e-7);
  }
}

TEST(Ridge, LanesOfAlpha) {
  const Array x = normals({10, 3}, 8);
  const Array y = normals({10}, 9);
  const Array alphas = vec({0.01, 0.1, 1});
  const nn::Dense all = vmap([&](const Array& alpha) { return nn::ridge(x, y, alpha); })(alphas);
  for (std::int64_t k = 0; k < 3; ++k)
    EXPECT_TRUE(same_bits(row(all.w, k), nn::ridge(x, y, row(alphas, k)).w));
}

TEST(MinimumNorm, IsTheClosedFormForEitherShape) {
  const Array tall = normals({9, 4}, 10);
  const Array y9 = normals({9}, 11);
  expect_near(nn::minimum_norm(tall, y9), solve(matmul(t(tall), tall), matmul(t(tall), y9)), 1e-12);
  const Array wide = normals({4, 9}, 12);
  const Array y4 = normals({4}, 13);
  expect_near(nn::minimum_norm(wide, y4), matmul(t(wide), solve(matmul(wide, t(wide)), y4)), 1e-12);
}

// x = (2, 1), t = 2: of the line 2 w1 + w2 = 2 the point of least norm is (0.8, 0.4), of norm 2 / sqrt(5).
TEST(MinimumNorm, KnownPoint) {
  const Array w = nn::minimum_norm(Array({{2, 1}}, DType::f64), vec({2}));
  expect_near(w, vec({0.8, 0.4}), 1e-15);
  EXPECT_NEAR(norm(w).item(), 2 / std::sqrt(5), 1e-15);
}

// Penrose's four conditions are those of the pseudo-inverse and of nothing else.
TEST(MinimumNorm, OfDeficientRankIsThePseudoInverse) {
  const Array a = matmul(normals({8, 2}, 14), normals({2, 5}, 15));  // rank 2
  const Array p = nn::minimum_norm(a, eye(8, DType::f64));
  const Array ap = matmul(a, p);
  const Array pa = matmul(p, a);
  expect_near(matmul(ap, a), a, 1e-12);
  expect_near(matmul(pa, p), p, 1e-12);
  expect_near(ap, t(ap), 1e-12);
  expect_near(pa, t(pa), 1e-12);
  const Array none = nn::minimum_norm(Array::zeros({3, 2}, DType::f64), vec({1, 2, 3}));
  expect_near(none, vec({0, 0}), 0);
}

TEST(MinimumNorm, TheCutIsRelative) {
  const Array x({{1e3, 0}, {0, 1}}, DType::f64);
  expect_near(nn::minimum_norm(x, vec({1, 1})), vec({1e-3, 1}), 1e-15);
  expect_near(nn::minimum_norm(x, vec({1, 1}), 1e-2), vec({1e-3, 0}), 1e-15);
}

TEST(LeastSquares, HasABiasAndIsTheLimitOfRidge) {
  for (const auto& [n, d] : {std::pair<std::int64_t, std::int64_t>{20, 4}, {5, 12}}) {
    const Array x = normals({n, d}, 16) + 2;
    const Array y = normals({n}, 17) + 7;
    const nn::Dense fit = nn::least_squares(x, y);
    const nn::Dense limit = nn::ridge(x, y, 1e-9);
    expect_near(fit.w, limit.w, 1e-7);
    EXPECT_NEAR(fit.b.item(), limit.b.item(), 1e-7);
  }
}

TEST(LinearSolvers, WorkInSinglePrecision) {
  const Array x = convert(normals({40, 6}, 18), DType::f32);
  const Array w = convert(normals({6}, 19), DType::f32);
  const nn::Dense exact = nn::least_squares(x, matmul(x, w) + 2);
  EXPECT_EQ(exact.w.dtype(), DType::f32);
  expect_near(exact.w, w, 1e-5);
  EXPECT_NEAR(exact.b.item(), 2, 1e-5);
  expect_near(nn::ridge(x, matmul(x, w) + 2, 1e-6).w, w, 1e-4);
}

TEST(LinearSolvers, WrongShapesAreNamed) {
  const Array x = normals({4, 2}, 20);
  EXPECT_NE(error_of([&] {
              nn::ridge(x, vec({1, 2, 3}), 1);
            }).find("[ridge] x (4, 2) and y (3,)"),
            std::string::npos);
  EXPECT_THROW(nn::ridge(x, vec({1, 2, 3, 4}), -1), Error);
  EXPECT_THROW(nn::minimum_norm(vec({1, 2}), vec({1, 2})), Error);
}

}  // namespace
}  // namespace runnel
