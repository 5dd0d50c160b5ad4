// Texts: a column's texts, each different one kept once.
#include <algorithm>
#include <cstring>

#include "core/fail.h"
#include "runnel/reading.h"

namespace runnel {
namespace {

// Cells are mostly short: eight bytes at a time, the last ones overlapping.
std::uint32_t hash_of(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15u;
  const auto mixed = [](std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * kOdd;
    return hash ^ (hash >> 29u);
  };
  const auto word_at = [&](std::size_t at, std::size_t bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, bytes);
    return word;
  };
  std::uint64_t hash = text.size() * kOdd;
  std::size_t at = 0;
  for (; at + 8 < text.size(); at += 8) hash = mixed(hash, word_at(at, 8));
  if (text.size() >= 8) {
    hash = mixed(hash, word_at(text.size() - 8, 8));
  } else if (text.size() >= 4) {
    hash = mixed(hash, word_at(0, 4) | word_at(text.size() - 4, 4) << 32u);
  } else if (!text.empty()) {
    const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(text[i])}; };
    hash = mixed(hash, byte(0) | byte(text.size() / 2) << 8u | byte(text.size() - 1) << 16u);
  }
  hash *= kOdd;
  return static_cast<std::uint32_t>(hash >> 32u);
}

constexpr std::size_t first_slots = 64;

}  // namespace

Texts::Texts(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) push_back(text);
}

Texts::Texts(const std::vector<std::string>& texts) {
  reserve(texts.size());
  for (const std::string& text : texts) push_back(text);
}

// Places every different text anew; `slots` is a power of two.
void Texts::index_all(std::size_t slots) {
  slots_.assign(slots, 0);
  hashes_.resize(ends_.size());
  for (std::size_t code = 0; code < ends_.size(); ++code) {
    hashes_[code] = hash_of(different(code));
    std::size_t at = hashes_[code] & (slots - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots - 1);
    slots_[at] = static_cast<std::uint32_t>(code + 1);
  }
}

std::uint32_t Texts::code_of(std::string_view text) {
  // Slots are kept at most half full.
  if (slots_.size() < 2 * (ends_.size() + 1)) {
    std::size_t slots = first_slots;
    while (slots < 4 * (ends_.size() + 1)) slots *= 2;
    index_all(slots);
  }
  const std::uint32_t hash = hash_of(text);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    const std::uint32_t code = slots_[at] - 1;
    if (hashes_[code] == hash && different(code) == text) return code;
  }
  const std::size_t code = ends_.size();
  if (code + 1 > UINT32_MAX) fail("a column of more than 4,294,967,295 different texts is not read");
  slots_[at] = static_cast<std::uint32_t>(code + 1);
  arena_ += text;
  ends_.push_back(arena_.size());
  hashes_.push_back(hash);
  return static_cast<std::uint32_t>(code);
}

void Texts::push_back(std::string_view text) { codes_.push_back(code_of(text)); }

void Texts::set(std::size_t row, std::string_view text) { codes_[row] = code_of(text); }

void Texts::resize(std::size_t rows) {
  if (rows <= codes_.size()) {
    codes_.resize(rows);
  } else {
    codes_.resize(rows, code_of(""));
  }
}

bool Texts::operator==(const Texts& other) const {
  if (size() != other.size()) return false;
  if (codes_ == other.codes_ && ends_ == other.ends_ && arena_ == other.arena_) return true;
  return std::equal(begin(), end(), other.begin());
}

void Texts::settle() {
  slots_ = {};
  hashes_ = {};
  arena_.shrink_to_fit();
}

}  // namespace runnel
