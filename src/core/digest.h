// Fingerprints of bytes: XXH3 with 128 bits (Yann Collet's xxHash, whose results are fixed since version
// 0.8.0). They tell things apart that changed by accident; they are no protection against an adversary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace runnel {

class Digest {
 public:
  Digest();
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  Digest& bytes(const void* data, std::size_t size);
  Digest& number(std::uint64_t value);  // as 8 bytes, the lowest first
  Digest& text(std::string_view text);  // its length before it, so that two texts never run together
  Digest& values(std::span<const double> values);  // their bits; one missing value (NaN) is like another
  Digest& values(std::span<const float> values);

  std::string hex() const;  // 32 digits, the highest first, of all that was given so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runnel
