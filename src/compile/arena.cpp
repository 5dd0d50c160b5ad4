#include "compile/arena.h"

#include <algorithm>
#include <iterator>

namespace runnel {
namespace {
constexpr std::int64_t kAlignment = 64;
}

std::int64_t Arena::take(std::int64_t bytes) {
  const std::int64_t size = std::max((bytes + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  auto best = gaps_.end();
  for (auto it = gaps_.begin(); it != gaps_.end(); ++it)
    if (it->second >= size && (best == gaps_.end() || it->second < best->second)) best = it;
  std::int64_t offset = 0;
  if (best != gaps_.end()) {
    offset = best->first;
    const std::int64_t left = best->second - size;
    gaps_.erase(best);
    if (left > 0) gaps_[offset + size] = left;
  } else {
    offset = end_;
    end_ += size;
  }
  sizes_[offset] = size;
  return offset;
}

void Arena::give_back(std::int64_t offset) {
  std::int64_t size = sizes_.at(offset);
  sizes_.erase(offset);
  auto next = gaps_.lower_bound(offset);
  if (next != gaps_.end() && next->first == offset + size) {
    size += next->second;
    next = gaps_.erase(next);
  }
  if (next != gaps_.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == offset) {
      before->second += size;
      return;
    }
  }
  gaps_[offset] = size;
}

}  // namespace runnel
