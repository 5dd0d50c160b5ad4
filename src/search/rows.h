// The rows of a fold: whether they go together, and how they come to an epoch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runnel/trainable.h"

namespace runnel::search {

std::int64_t rows_of(const std::vector<Array>& leaves);
std::vector<Type> types_of(const std::vector<Array>& leaves);

// Throws Error(input) for leaves whose first axes differ, for folds without rows and for folds of other
// types.
void check_rows(const std::vector<Fold>& folds);

// Lays training rows out, epoch after epoch, in memory that it keeps.
class RowOrder {
 public:
  RowOrder(const std::vector<Array>& rows, std::uint64_t seed, std::size_t fold, int threads);

  // The rows of an epoch one after another: a function of the seed, the fold and the epoch alone, whatever
  // the batch size; those who read batches of b take b rows after b rows. The arrays hold until the next
  // call.
  std::vector<Array> epoch(std::int64_t epoch);

 private:
  const std::vector<Array>& rows_;
  Array key_;
  int threads_;
  std::vector<std::shared_ptr<std::byte>> buffers_;
};

// What the orders of a training on a fold are drawn with.
Array key_of_fold(std::uint64_t seed, std::int64_t fold);

// The numbers of the rows, i32, in the order of an epoch.
Array row_numbers(const Array& key_of_fold, std::int64_t epoch, std::int64_t rows);

// Bytes of the rows in order.
std::size_t bytes_of_rows(const std::vector<Array>& rows);

// Leaves as (steps, batch, …); the rows left over wait for another epoch.
std::vector<Array> batches(const std::vector<Array>& in_order, std::int64_t batch);

}  // namespace runnel::search
