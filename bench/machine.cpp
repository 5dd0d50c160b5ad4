// What the processor can do: the yardsticks of all rows. Fused multiply-adds from registers, the clock,
// memory bandwidth, and OpenBLAS on 1024 x 1024 matrices.
#include <cblas.h>
#include <immintrin.h>

#include "on_threads.h"
#include "rows.h"

namespace runnel::bench {
namespace {

// Twelve chains hide the latency of four cycles on two units; contents stay near 1.
constexpr int kChains = 12;
constexpr long kRounds = 2'000'000;
constexpr double kFlopsOfAnElement = 2.0 * kChains * kRounds;

// A peak loop: v = v * x + y in every chain. One function for each vector type, since intrinsics are not
// generic.
#define RUNNEL_PEAK(name, set, Vector, Scalar, broadcast, fused)                           \
  [[gnu::target(set), gnu::noinline]] void name() {                                        \
    const Vector x = broadcast(static_cast<Scalar>(0.999999));                             \
    const Vector y = broadcast(static_cast<Scalar>(1e-6));                                 \
    Vector v[kChains];                                                                     \
    for (int k = 0; k < kChains; ++k) v[k] = broadcast(static_cast<Scalar>(1 + k));        \
    for (long i = 0; i < kRounds; ++i) {                                                   \
      _Pragma("GCC unroll 12") for (int k = 0; k < kChains; ++k) v[k] = fused(v[k], x, y); \
    }                                                                                      \
    for (int k = 0; k < kChains; ++k) keep(v[k]);                                          \
  }
RUNNEL_PEAK(avx512_f32, "avx512f", __m512, float, _mm512_set1_ps, _mm512_fmadd_ps)
RUNNEL_PEAK(avx512_f64, "avx512f", __m512d, double, _mm512_set1_pd, _mm512_fmadd_pd)
RUNNEL_PEAK(avx2_f32, "avx2,fma", __m256, float, _mm256_set1_ps, _mm256_fmadd_ps)
RUNNEL_PEAK(avx2_f64, "avx2,fma", __m256d, double, _mm256_set1_pd, _mm256_fmadd_pd)
#undef RUNNEL_PEAK

// The best rate seen, in G a second: what the machine can do, whatever else it did meanwhile.
double best_rate(int threads, double work_of_a_thread, void (*work)()) {
  const Timing t =
      measure([&] { on_threads(threads, [&](int) { work(); }); }, {.runs = 9, .run_seconds = 0.05});
  return work_of_a_thread * threads / t.min * 1e-9;
}

// A chain of additions, each waiting for the one before: one cycle each.
void additions() {
  std::uint64_t x = 1;
  for (long i = 0; i < kRounds; ++i)
    asm volatile(
        "add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, "
        "%0"
        : "+r"(x));
  keep(x);
}

void peaks(const Report& report) {
  const int threads = report.threads();
  report.figure("clock", "machine", best_rate(1, 8.0 * kRounds, additions), "GHz");
  report.figure("FMA peak f32, AVX2", "machine", best_rate(threads, 8 * kFlopsOfAnElement, avx2_f32),
                "GFLOP/s");
  report.figure("FMA peak f64, AVX2", "machine", best_rate(threads, 4 * kFlopsOfAnElement, avx2_f64),
                "GFLOP/s");
  if (!__builtin_cpu_supports("avx512f")) return;
  report.figure("FMA peak f32, AVX-512", "machine", best_rate(threads, 16 * kFlopsOfAnElement, avx512_f32),
                "GFLOP/s");
  report.figure("FMA peak f64, AVX-512", "machine", best_rate(threads, 8 * kFlopsOfAnElement, avx512_f64),
                "GFLOP/s");
}

// a = b + s c over three arrays of together `bytes`, a part for each thread; 24 bytes an element.
void bandwidth(const Report& report, const char* name, std::size_t bytes) {
  const auto threads = static_cast<std::size_t>(report.threads());
  const std::size_t n = bytes / 24;
  std::vector<double> a(n, 1), b(n, 2), c(n, 3);
  const auto pass = [&](int part) {
    const std::size_t begin = n * static_cast<std::size_t>(part) / threads;
    const std::size_t end = n * static_cast<std::size_t>(part + 1) / threads;
    for (std::size_t i = begin; i < end; ++i) a[i] = b[i] + 0.5 * c[i];
    keep(a[begin]);
  };
  const int rounds = 1 + static_cast<int>(50'000'000 / bytes);
  const Timing t = measure([&] {
    on_threads(report.threads(), [&](int part) {
      for (int r = 0; r < rounds; ++r) pass(part);
    });
  });
  report.figure(name, "machine", 24.0 * static_cast<double>(n) * rounds / t.min * 1e-9, "GB/s");
}

}  // namespace

void openblas(const Report& report) {
  constexpr int n = 1024;
  const std::vector<float> a(n * n, 0.5F), b(n * n, 0.25F);
  std::vector<float> c(n * n);
  const std::vector<double> a64(n * n, 0.5), b64(n * n, 0.25);
  std::vector<double> c64(n * n);
  const Timing f32 = measure([&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(),
                n);
  });
  const Timing f64 = measure([&] {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a64.data(), n, b64.data(), n, 0,
                c64.data(), n);
  });
  // Which of its kernels it takes for this processor to be right; OPENBLAS_CORETYPE names another.
  const std::string kernels = std::string("OpenBLAS ") + openblas_get_corename();
  report.figure("sgemm 1024", kernels, 2.0 * n * n * n / f32.min * 1e-9, "GFLOP/s");
  report.figure("dgemm 1024", kernels, 2.0 * n * n * n / f64.min * 1e-9, "GFLOP/s");
}

void machine(const Report& report) {
  peaks(report);
  bandwidth(report, "bandwidth, 256 MB", 256'000'000);
  bandwidth(report, "bandwidth, 512 KB a thread", 512'000UL * static_cast<std::size_t>(report.threads()));
  bandwidth(report, "bandwidth, 24 KB a thread", 24'000UL * static_cast<std::size_t>(report.threads()));
  openblas(report);
}

}  // namespace runnel::bench
