#include "core/digest.h"

#include <array>
#include <cmath>
#include <limits>

#include "core/fail.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace runnel {
namespace {

// The bits of a NaN differ with the way it was made, and mean nothing here.
template <class T>
void add_values(Digest& digest, std::span<const T> values) {
  std::array<T, 1024> piece;
  while (!values.empty()) {
    const std::size_t n = std::min(values.size(), piece.size());
    for (std::size_t i = 0; i < n; ++i)
      piece[i] = std::isnan(values[i]) ? std::numeric_limits<T>::quiet_NaN() : values[i];
    digest.bytes(piece.data(), n * sizeof(T));
    values = values.subspan(n);
  }
}

}  // namespace

struct Digest::State {
  XXH3_state_t state;
};

Digest::Digest() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->state); }
Digest::~Digest() = default;

Digest& Digest::bytes(const void* data, std::size_t size) {
  if (size > 0) XXH3_128bits_update(&state_->state, data, size);
  return *this;
}

Digest& Digest::number(std::uint64_t value) {
  std::array<unsigned char, 8> raw;
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<unsigned char>(value >> (8 * i));
  return bytes(raw.data(), raw.size());
}

Digest& Digest::text(std::string_view text) { return number(text.size()).bytes(text.data(), text.size()); }

Digest& Digest::values(std::span<const double> values) {
  add_values(number(values.size()), values);
  return *this;
}

Digest& Digest::values(std::span<const float> values) {
  add_values(number(values.size()), values);
  return *this;
}

std::string Digest::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->state);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace runnel
