// P7: matrix products, square, tall and wide, f32 and f64, and OpenBLAS on the same matrices by turns.
#include <cblas.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "rows.h"
#include "runnel/compiled.h"
#include "runnel/ops.h"
#include "runnel/random.h"

namespace runnel::bench {
namespace {

struct Sizes {
  int m, n, k;
};
constexpr Sizes kSizes[] = {{64, 64, 64},       {128, 128, 128},    {256, 256, 256},  {512, 512, 512},
                            {1024, 1024, 1024}, {2048, 2048, 2048}, {2048, 64, 2048}, {64, 2048, 2048},
                            {2048, 2048, 64},   {64, 64, 2048}};

void blas(const Sizes& s, const float* a, const float* b, float* c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s.m, s.n, s.k, 1, a, s.k, b, s.n, 0, c, s.n);
}
void blas(const Sizes& s, const double* a, const double* b, double* c) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s.m, s.n, s.k, 1, a, s.k, b, s.n, 0, c, s.n);
}

template <class T>
void product(const Report& report, const Sizes& s) {
  const Array a = random::normal(random::key(1), {s.m, s.k}, dtype_of<T>());
  const Array b = random::normal(random::key(2), {s.k, s.n}, dtype_of<T>());
  Compiled compiled([](const std::vector<Array>& x) { return std::vector<Array>{matmul(x[0], x[1])}; },
                    {a.type(), b.type()});
  std::vector<T> ours(static_cast<std::size_t>(s.m * s.n)), theirs(ours.size());
  const void* const in[] = {a.data<T>().data(), b.data<T>().data()};
  void* const out[] = {ours.data()};
  compiled.run(in, out);
  auto openblas = [&] { blas(s, a.data<T>().data(), b.data<T>().data(), theirs.data()); };
  openblas();
  // Two orders of additions of k products of about 1: they differ by rounding alone.
  const double apart = 4 * s.k * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (std::size_t i = 0; i < theirs.size(); ++i)
    if (!(std::abs(ours[i] - theirs[i]) <= apart))
      throw std::runtime_error("P7: the product differs from OpenBLAS's");
  // OpenBLAS's threads spin for some tens of milliseconds after a product, on a core that ours would wait
  // for.
  const Effort effort{.pause = report.threads() > 1 ? 0.1 : 0};
  const auto [runnel, other] = measure_both([&] { compiled.run(in, out); }, openblas, effort);
  const std::string name = std::to_string(s.m) + "x" + std::to_string(s.k) + " . " + std::to_string(s.k) +
                           "x" + std::to_string(s.n) + " " + std::string(name_of(dtype_of<T>()));
  const double flops = 2.0 * s.m * s.n * s.k;
  report.time(name, "runnel", runnel, {{"flops", flops}});
  report.time(name, "OpenBLAS", other, {{"flops", flops}});
}

}  // namespace

void products(const Report& report) {
  for (const Sizes& s : kSizes) {
    product<float>(report, s);
    product<double>(report, s);
  }
}

}  // namespace runnel::bench
