#include "sweep/order.h"

#include <algorithm>
#include <cstring>

#include "core/buffer.h"
#include "core/threads.h"
#include "graph/node.h"
#include "ops/keys.h"
#include "runnel/random.h"

namespace runnel::sweep {
namespace {

using detail::ArrayAccess;

std::size_t row_bytes(const Array& x) {
  return static_cast<std::size_t>(x.size() / std::max<std::int64_t>(1, x.dim(0))) * size_of(x.dtype());
}

// Copying less than this is done before another thread is awake.
constexpr std::size_t kPieceBytes = 1 << 20;

std::shared_ptr<std::byte> buffer_like(const Array& x) {
  return allocate_buffer(static_cast<std::size_t>(x.dim(0)) * row_bytes(x));
}

}  // namespace

RowOrder::RowOrder(const Fold& fold, std::uint64_t seed, std::size_t number_of_fold, int threads)
    : fold_(fold),
      seed_(seed),
      number_(static_cast<std::int64_t>(number_of_fold)),
      threads_(threads),
      x_(buffer_like(fold.x)),
      y_(buffer_like(fold.y)),
      weights_(fold.weights ? buffer_like(*fold.weights) : nullptr) {}

// Row order[i] of x as row i: a gather of whole rows, on several threads where it is worth them.
Array RowOrder::in_order(const Array& x, const std::int32_t* order,
                         const std::shared_ptr<std::byte>& buffer) const {
  const std::size_t bytes = row_bytes(x);
  const auto n = static_cast<std::size_t>(x.dim(0));
  const std::byte* from = detail::dense_bytes(x);
  const std::size_t pieces =
      std::clamp<std::size_t>(n * bytes / kPieceBytes, 1, 4 * static_cast<std::size_t>(threads_));
  run_jobs(pieces, threads_, [&](std::size_t piece) {
    for (std::size_t i = n * piece / pieces; i < n * (piece + 1) / pieces; ++i)
      std::memcpy(buffer.get() + i * bytes, from + static_cast<std::size_t>(order[i]) * bytes, bytes);
  });
  return ArrayAccess::make(x.type(), buffer);
}

OrderedRows RowOrder::epoch(std::int64_t epoch) {
  const Array fold = random::child_key(random::key(seed_), number_, domain::kRows);
  const Array key = random::child_key(fold, epoch, domain::kRows);
  const Array rows = random::permutation(key, fold_.x.dim(0));
  const auto* order = reinterpret_cast<const std::int32_t*>(detail::dense_bytes(rows));
  OrderedRows out{in_order(fold_.x, order, x_), in_order(fold_.y, order, y_), rows};
  if (fold_.weights) out.weights = in_order(*fold_.weights, order, weights_);
  return out;
}

std::size_t bytes_of_rows(const Fold& fold) {
  return static_cast<std::size_t>(fold.x.dim(0)) *
         (row_bytes(fold.x) + row_bytes(fold.y) + sizeof(std::int32_t) +
          (fold.weights ? row_bytes(*fold.weights) : 0));
}

}  // namespace runnel::sweep
