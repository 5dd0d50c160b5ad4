// The rows of an epoch, in the order that all candidates see them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "runnel/sweep.h"

namespace runnel::sweep {

// Training rows laid out one after another: x (n, features), y (n,), the number of each row, i32 (n,), and
// their weights, if they have any, (n,).
struct OrderedRows {
  Array x, y, rows;
  std::optional<Array> weights = {};
};

// Lays the rows of a fold out, epoch after epoch, in memory that it keeps.
class RowOrder {
 public:
  RowOrder(const Fold& fold, std::uint64_t seed, std::size_t number_of_fold, int threads);

  // A function of the seed, the fold and the epoch alone, whatever the batch size: those who read batches of
  // b take b rows after b rows. The arrays hold until the next call.
  OrderedRows epoch(std::int64_t epoch);

 private:
  Array in_order(const Array& x, const std::int32_t* order, const std::shared_ptr<std::byte>& buffer) const;

  const Fold& fold_;
  std::uint64_t seed_;
  std::int64_t number_;
  int threads_;
  std::shared_ptr<std::byte> x_, y_, weights_;
};

// Bytes that they take.
std::size_t bytes_of_rows(const Fold& fold);

}  // namespace runnel::sweep
