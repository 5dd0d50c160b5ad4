#include "sweep/columns.h"

namespace runnel::sweep {

std::optional<nn::Columns> FoldColumns::of(const Fold& fold, const Hyper& hyper) {
  if (hyper.embedding == nn::Embedding::none) return std::nullopt;
  const bool pieces = hyper.embedding == nn::Embedding::linear_pieces;
  const std::tuple key(&fold, hyper.embedding, pieces ? hyper.bins : 0);
  auto at = known_.find(key);
  if (at == known_.end()) {
    const std::vector<std::int32_t> numeric(fold.numeric.begin(), fold.numeric.end());
    nn::Columns columns =
        pieces ? nn::quantile_pieces(fold.x, fold.numeric, hyper.bins)
               : nn::Columns{Array::from<std::int32_t>(numeric, {static_cast<std::int64_t>(numeric.size())})};
    at = known_.emplace(key, std::move(columns)).first;
  }
  return at->second;
}

nn::Architecture architecture_of(const Hyper& hyper, const Fold& fold, std::int64_t outputs,
                                 const std::optional<nn::Columns>& columns) {
  nn::Architecture out{{fold.x.dim(1)}, hyper.body, hyper.norm};
  const auto numeric = static_cast<std::int64_t>(fold.numeric.size());
  if (hyper.embedding == nn::Embedding::linear_pieces)
    out.sizes[0] = columns ? columns->feature.dim(0) : out.sizes[0] + numeric * (hyper.bins - 1);
  if (hyper.embedding == nn::Embedding::periodic) {
    out.embedded = numeric;
    out.frequencies = hyper.frequencies;
    out.sizes[0] += out.embedded * out.frequencies;
  }
  out.sizes.insert(out.sizes.end(), hyper.hidden.begin(), hyper.hidden.end());
  out.sizes.push_back(outputs);
  return out;
}

std::int64_t parameters_of(const nn::Architecture& a) { return nn::counts_of(nn::layers_of(a)).parameters; }

double multiplications_of(const nn::Architecture& a) {
  return nn::counts_of(nn::layers_of(a)).multiplications;
}

}  // namespace runnel::sweep
