#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/isa.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace runnel::kernels::HWY_NAMESPACE {

// Told by the width of a register, which comes from the code and not from a name.
Isa compiled_for() {
  const hwy::HWY_NAMESPACE::ScalableTag<float> tag;
  float lanes[2 * HWY_MAX_BYTES / sizeof(float)];
  hwy::HWY_NAMESPACE::StoreU(hwy::HWY_NAMESPACE::Iota(tag, 1.0F), tag, lanes);
  const std::size_t width = hwy::HWY_NAMESPACE::Lanes(tag);
  return width == 16 && lanes[15] == 16.0F ? Isa::avx512 : Isa::avx2;
}

}  // namespace runnel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <fmt/ranges.h>
#include <hwy/targets.h>

#include <atomic>
#include <cstdlib>

#include "core/fail.h"

namespace runnel::kernels {
namespace {

constexpr Isa kAll[] = {Isa::reference, Isa::avx2, Isa::avx512};
constexpr int kUnread = -1;
std::atomic<int> chosen{kUnread};

std::string names_here() {
  std::vector<std::string_view> names;
  for (Isa here : isas_here()) names.push_back(name_of(here));
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_runs_here(Isa wanted) {
  for (Isa here : isas_here())
    if (here == wanted) return;
  fail("This machine does not have the instruction set \"{}\"; it can run: {}", name_of(wanted),
       names_here());
}

Isa from_environment() {
  const char* text = std::getenv("RUNNEL_ISA");
  if (text == nullptr || *text == '\0') return isas_here().back();
  for (Isa known : kAll) {
    if (name_of(known) != text) continue;
    check_runs_here(known);
    return known;
  }
  fail("RUNNEL_ISA is \"{}\"; this machine can run: {}", text, names_here());
}

}  // namespace

Isa isa() {
  int is = chosen.load(std::memory_order_relaxed);
  if (is == kUnread) {
    // Several threads may come here at once: the first to have read it decides.
    const int read = static_cast<int>(from_environment());
    if (chosen.compare_exchange_strong(is, read)) is = read;
  }
  return static_cast<Isa>(is);
}

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::reference:
      return "reference";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  return "";
}

std::vector<Isa> isas_here() {
  std::vector<Isa> here{Isa::reference};
  const std::int64_t supported = hwy::SupportedTargets();
  if ((supported & HWY_AVX2) != 0) here.push_back(Isa::avx2);
  if ((supported & HWY_AVX3) != 0) here.push_back(Isa::avx512);
  return here;
}

void force_isa(Isa wanted) {
  check_runs_here(wanted);
  chosen = static_cast<int>(wanted);
}

Isa isa_that_runs() { return isa() == Isa::reference ? Isa::reference : RUNNEL_FOR_ISA(compiled_for)(); }

}  // namespace runnel::kernels

#endif
