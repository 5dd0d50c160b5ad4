// The columns of embeddings: found once for each fold and way of cutting.
#pragma once

#include <map>
#include <optional>
#include <tuple>

#include "runnel/sweep.h"

namespace runnel::sweep {

class FoldColumns {
 public:
  // What the candidate's embedding knows of the fold's columns, from its training rows alone; none without an
  // embedding. The same for the same fold and cutting.
  std::optional<nn::Columns> of(const Fold& fold, const Hyper& hyper);

 private:
  std::map<std::tuple<const Fold*, nn::Embedding, std::int64_t>, nn::Columns> known_;
};

// The network of a candidate on a fold with these columns. Without them, where they are not found yet, that
// of as many linear pieces as there can be: what costs are reckoned with.
nn::Architecture architecture_of(const Hyper& hyper, const Fold& fold, std::int64_t outputs,
                                 const std::optional<nn::Columns>& columns = std::nullopt);

// What a candidate's network learns, and multiplications per row in its forward pass.
std::int64_t parameters_of(const nn::Architecture& architecture);
double multiplications_of(const nn::Architecture& architecture);

}  // namespace runnel::sweep
