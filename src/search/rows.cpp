#include "search/rows.h"

#include <algorithm>
#include <cstring>

#include "core/buffer.h"
#include "core/fail.h"
#include "core/philox.h"
#include "core/text.h"
#include "core/threads.h"
#include "graph/node.h"
#include "ops/keys.h"
#include "runnel/ops.h"
#include "runnel/random.h"

namespace runnel::search {
namespace {

using runnel::detail::ArrayAccess;
using runnel::detail::dense_bytes;

// Copying less than this is done before another thread is awake.
constexpr std::size_t kPieceBytes = 1 << 20;

std::size_t row_bytes(const Array& x) {
  return static_cast<std::size_t>(x.size() / std::max<std::int64_t>(1, x.dim(0))) * size_of(x.dtype());
}

// Rows of a known size are copied without a call for each.
template <std::size_t Bytes>
void copy_rows(const std::byte* from, std::span<const std::int32_t> numbers, std::byte* to) {
  for (const std::int32_t number : numbers) {
    std::memcpy(to, from + static_cast<std::size_t>(number) * Bytes, Bytes);
    to += Bytes;
  }
}

void copy_rows(const std::byte* from, std::size_t bytes, std::span<const std::int32_t> numbers,
               std::byte* to) {
  switch (bytes) {
    case 4:
      return copy_rows<4>(from, numbers, to);
    case 8:
      return copy_rows<8>(from, numbers, to);
    case 16:
      return copy_rows<16>(from, numbers, to);
    default:
      for (const std::int32_t number : numbers) {
        std::memcpy(to, from + static_cast<std::size_t>(number) * bytes, bytes);
        to += bytes;
      }
  }
}

// Rows numbers[i] of x as row i, on several threads where it is worth them.
void gather(const Array& x, std::span<const std::int32_t> numbers, std::byte* to, int threads) {
  const std::size_t bytes = row_bytes(x);
  const std::byte* from = dense_bytes(x);
  const std::size_t n = numbers.size();
  const std::size_t pieces =
      std::clamp<std::size_t>(n * bytes / kPieceBytes, 1, 4 * static_cast<std::size_t>(threads));
  run_jobs(pieces, threads, [&](std::size_t piece) {
    const std::size_t begin = n * piece / pieces;
    copy_rows(from, bytes, numbers.subspan(begin, n * (piece + 1) / pieces - begin), to + begin * bytes);
  });
}

Array gathered(const Array& x, std::span<const std::int32_t> numbers, std::shared_ptr<std::byte> buffer,
               int threads) {
  gather(x, numbers, buffer.get(), threads);
  Type type = x.type();
  type.shape[0] = static_cast<std::int64_t>(numbers.size());
  return ArrayAccess::make(type, std::move(buffer));
}

void check_leaves(const std::vector<Array>& leaves, std::size_t fold, const char* what) {
  if (leaves.empty()) fail("fold {} has no array to {} on", fold + 1, what);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i].rank() == 0)
      fail("array {} of fold {} is a single number: rows lie along the first axis", i + 1, fold + 1);
    if (leaves[i].dim(0) != leaves[0].dim(0))
      fail("array {} of fold {} has {} to {} on, array 1 has {}", i + 1, fold + 1,
           counted(static_cast<std::size_t>(leaves[i].dim(0)), "row"), what, leaves[0].dim(0));
  }
  if (leaves[0].dim(0) == 0) fail("fold {} has no row to {} on", fold + 1, what);
}

bool same_but_rows(const Type& a, const Type& b) {
  Shape x = a.shape;
  Shape y = b.shape;
  if (a.dtype != b.dtype || x.rank() != y.rank()) return false;
  x[0] = y[0] = 0;
  return x == y;
}

}  // namespace

std::int64_t rows_of(const std::vector<Array>& leaves) { return leaves[0].dim(0); }

std::vector<Type> types_of(const std::vector<Array>& leaves) {
  std::vector<Type> types;
  for (const Array& leaf : leaves) types.push_back(leaf.type());
  return types;
}

void check_rows(const std::vector<Fold>& folds) {
  if (folds.empty()) fail("a search needs rows: the data has no fold");
  for (std::size_t k = 0; k < folds.size(); ++k) {
    check_leaves(folds[k].train, k, "train");
    check_leaves(folds[k].validation, k, "measure");
    for (const auto* leaves : {&folds[k].train, &folds[k].validation}) {
      if (leaves->size() != folds[0].train.size())
        fail("fold {} has {}, fold 1 {}", k + 1, counted(leaves->size(), "array"), folds[0].train.size());
      for (std::size_t i = 0; i < leaves->size(); ++i)
        if (!same_but_rows((*leaves)[i].type(), folds[k].train[i].type()) ||
            (*leaves)[i].dtype() != folds[0].train[i].dtype())
          fail("array {} of fold {} is {}, which does not go with {} of the rows of fold 1", i + 1, k + 1,
               to_string((*leaves)[i].type()), to_string(folds[0].train[i].type()));
    }
  }
}

RowOrder::RowOrder(const std::vector<Array>& rows, std::uint64_t seed, std::size_t fold, int threads)
    : rows_(rows), key_(key_of_fold(seed, static_cast<std::int64_t>(fold))), threads_(threads) {
  for (const Array& leaf : rows)
    buffers_.push_back(allocate_buffer(static_cast<std::size_t>(leaf.dim(0)) * row_bytes(leaf)));
}

std::vector<Array> RowOrder::epoch(std::int64_t epoch) {
  const Array numbers = row_numbers(key_, epoch, rows_of(rows_));
  std::vector<Array> out;
  for (std::size_t i = 0; i < rows_.size(); ++i)
    out.push_back(gathered(rows_[i], numbers.data<std::int32_t>(), buffers_[i], threads_));
  return out;
}

Array key_of_fold(std::uint64_t seed, std::int64_t fold) {
  return random::child_key(random::key(seed), fold, domain::kRows);
}

Array row_numbers(const Array& of_fold, std::int64_t epoch, std::int64_t rows) {
  return random::permutation(random::child_key(of_fold, epoch, domain::kRows), rows);
}

std::size_t bytes_of_rows(const std::vector<Array>& rows) {
  std::size_t bytes = 0;
  for (const Array& leaf : rows) bytes += static_cast<std::size_t>(leaf.dim(0)) * row_bytes(leaf);
  return bytes;
}

std::vector<Array> batches(const std::vector<Array>& in_order, std::int64_t batch) {
  std::vector<Array> out;
  for (const Array& leaf : in_order) {
    const std::int64_t steps = leaf.dim(0) / batch;
    Shape shape = leaf.shape();
    shape[0] = batch;
    shape.insert(0, steps);
    out.push_back(reshape(slice(leaf, 0, 0, steps * batch), shape));
  }
  return out;
}

std::vector<Fold> split_rows(const std::vector<Array>& rows, const Split& how) {
  check_leaves(rows, 0, "split");
  const std::int64_t n = rows_of(rows);
  const std::int64_t folds = std::max<std::int64_t>(1, how.folds);
  if (how.folds < 0 || how.folds == 1)
    fail("{} folds: there are two or more, or none and a share", how.folds);
  if (folds == 1 && !(how.validation > 0 && how.validation < 1))
    fail("a share of {} of the rows for validation: it lies between 0 and 1", how.validation);
  if (n < std::max<std::int64_t>(2, folds))
    fail("{} cannot be split into {}", counted(static_cast<std::size_t>(n), "row"),
         folds == 1 ? "rows to train and rows to measure on" : fmt::format("{} folds", folds));
  const Array order = random::permutation(random::child_key(random::key(how.seed), 0, domain::kSplit), n);
  const auto numbers = order.data<std::int32_t>();
  std::vector<Fold> out;
  for (std::int64_t k = 0; k < folds; ++k) {
    // Rows of validation are those from `begin` to `end` of the order; each list is in the order of the data.
    const auto share = static_cast<std::int64_t>(std::llround(how.validation * static_cast<double>(n)));
    const std::int64_t begin = folds == 1 ? 0 : n * k / folds;
    const std::int64_t end = folds == 1 ? std::clamp<std::int64_t>(share, 1, n - 1) : n * (k + 1) / folds;
    std::vector<std::int32_t> lists[2];
    for (std::int64_t i = 0; i < n; ++i)
      lists[i >= begin && i < end ? 1 : 0].push_back(numbers[static_cast<std::size_t>(i)]);
    Fold fold;
    for (const bool validation : {false, true}) {
      std::vector<std::int32_t>& list = lists[validation ? 1 : 0];
      std::sort(list.begin(), list.end());
      for (const Array& leaf : rows)
        (validation ? fold.validation : fold.train)
            .push_back(gathered(leaf, list, allocate_buffer(list.size() * row_bytes(leaf)), 1));
    }
    out.push_back(std::move(fold));
  }
  return out;
}

}  // namespace runnel::search
