// Places in one block of memory: best fit among the gaps, growth at the end. Offsets are multiples of 64
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace runnel {

class Arena {
 public:
  std::int64_t take(std::int64_t bytes);
  void give_back(std::int64_t offset);
  std::size_t bytes() const { return static_cast<std::size_t>(end_); }

 private:
  std::map<std::int64_t, std::int64_t> gaps_;   // offset to size
  std::map<std::int64_t, std::int64_t> sizes_;  // of what is taken
  std::int64_t end_ = 0;
};

}  // namespace runnel
