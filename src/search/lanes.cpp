#include "search/lanes.h"

#include <cstring>

#include "core/buffer.h"
#include "core/fail.h"
#include "graph/node.h"

namespace runnel::search {
namespace {

using detail::ArrayAccess;

// Copies `n` elements of `width` bytes from every from_step-th place to every to_step-th.
void copy_strided(const std::byte* from, std::size_t from_step, std::byte* to, std::size_t to_step,
                  std::size_t n, std::size_t width) {
  const auto copy = [&]<std::size_t Width>() {
    for (std::size_t i = 0; i < n; ++i)
      std::memcpy(to + i * to_step * Width, from + i * from_step * Width, Width);
  };
  if (width == 1) return copy.template operator()<1>();
  if (width == 4) return copy.template operator()<4>();
  copy.template operator()<8>();
}

}  // namespace

std::vector<Array> lane_out(const std::vector<Array>& leaves, std::int64_t lane) {
  std::vector<Array> out;
  for (const Array& leaf : leaves) {
    const std::size_t width = size_of(leaf.dtype());
    const auto lanes = static_cast<std::size_t>(leaf.dim(-1));
    Type type = leaf.type();
    type.shape.erase(leaf.rank() - 1);
    const auto n = static_cast<std::size_t>(type.shape.product());
    auto buffer = allocate_buffer(n * width);
    copy_strided(detail::dense_bytes(leaf) + static_cast<std::size_t>(lane) * width, lanes, buffer.get(), 1,
                 n, width);
    out.push_back(ArrayAccess::make(type, std::move(buffer)));
  }
  return out;
}

std::vector<Array> lanes_in(std::span<const std::vector<Array>* const> lanes) {
  std::vector<Array> out;
  for (std::size_t leaf = 0; leaf < lanes[0]->size(); ++leaf) {
    Type type = (*lanes[0])[leaf].type();
    const std::size_t width = size_of(type.dtype);
    const auto n = static_cast<std::size_t>(type.shape.product());
    type.shape.insert(type.shape.rank(), static_cast<std::int64_t>(lanes.size()));
    auto buffer = allocate_buffer(n * lanes.size() * width);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const Array& one = lanes[lane]->at(leaf);
      if (one.dtype() != type.dtype || static_cast<std::size_t>(one.size()) != n)
        fail("the state of a lane holds {} where the block's holds {} elements", to_string(one.type()), n);
      copy_strided(detail::dense_bytes(one), 1, buffer.get() + lane * width, lanes.size(), n, width);
    }
    out.push_back(ArrayAccess::make(type, std::move(buffer)));
  }
  return out;
}

}  // namespace runnel::search
