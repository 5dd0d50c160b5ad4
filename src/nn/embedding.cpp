// Embeddings of numeric columns: linear pieces between quantiles, waves of learnt frequencies.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "core/fail.h"
#include "runnel/nn.h"

namespace runnel::nn {
namespace {

// The quantile of sorted values by linear interpolation between neighbours: definition 7 of Hyndman and Fan,
// "Sample quantiles in statistical packages" (The American Statistician 50, 1996).
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

// Takes values that fill more than one of the bins out of sorted ones, into `edges`. Quantiles would spend
// their edges on them and leave the rest, the amounts of the few that have one, say, in one piece.
std::vector<double> without_frequent(const std::vector<double>& sorted, std::int64_t bins,
                                     std::set<double>& edges) {
  std::vector<double> rest;
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::upper_bound(begin, sorted.end(), *begin);
    if (end - begin > 1 && (end - begin) * bins > std::ssize(sorted))
      edges.insert(*begin);
    else
      rest.insert(rest.end(), begin, end);
    begin = end;
  }
  return rest;
}

// Ascending edges that differ also after rounding to the network's dtype, the least and the greatest value
// among them; fewer than two: nothing to cut. Frequent values are edges, the others are cut at their
// quantiles.
std::vector<double> edges_of(std::vector<double> values, std::int64_t bins, DType dtype) {
  std::sort(values.begin(), values.end());
  std::set<double> edges;
  const std::vector<double> rest = without_frequent(values, bins, edges);
  // At least one: each of these values fills more than a bin; and no more than there are values.
  const std::int64_t pieces = std::min(bins - std::ssize(edges), std::max<std::int64_t>(1, std::ssize(rest)));
  if (!rest.empty())
    for (std::int64_t i = 0; i <= pieces; ++i)
      edges.insert(quantile(rest, static_cast<double>(i) / static_cast<double>(pieces)));
  if (dtype != DType::f32) return {edges.begin(), edges.end()};
  std::set<double> rounded;
  for (const double edge : edges) rounded.insert(static_cast<double>(static_cast<float>(edge)));
  return {rounded.begin(), rounded.end()};
}

// The columns of x at `feature`, checked where both are known.
Array taken(const char* what, const Columns& columns, const Array& x) {
  if (x.rank() != 2 || columns.feature.rank() != 1)
    fail("[{}] x {} and columns {}: a batch (n, d) and a list of its columns are needed", what,
         to_string(x.shape()), to_string(columns.feature.shape()));
  return gather(x, columns.feature, 1);
}

// Whether a piece is the first (the last) of its column: whether its neighbour's column is another.
Array stands_alone(const Array& feature, bool first) {
  const std::int64_t n = feature.dim(0);
  const Array end = Array::full({1}, -1, feature.dtype());
  const Array neighbour =
      first ? concatenate({end, slice(feature, 0, 0, n - 1)}) : concatenate({slice(feature, 0, 1, n), end});
  return not_equal(feature, neighbour);
}

}  // namespace

Columns quantile_pieces(const Array& x, const std::vector<std::int64_t>& numeric, std::int64_t bins) {
  if (x.rank() != 2 || x.dim(0) == 0 || !is_float(x.dtype()))
    fail("[quantile_pieces] x {}: rows (n, d) of f32 or f64 are needed", to_string(x.type()));
  if (bins < 1) fail("[quantile_pieces] {} bins: at least one is needed", bins);
  for (const std::int64_t column : numeric)
    if (column < 0 || column >= x.dim(1))
      fail("[quantile_pieces] there is no column {} in x {}", column, to_string(x.shape()));
  std::vector<std::int32_t> feature;
  std::vector<double> low, high;
  for (std::int64_t column = 0; column < x.dim(1); ++column) {
    std::vector<double> edges;
    if (std::find(numeric.begin(), numeric.end(), column) != numeric.end())
      edges = edges_of(slice(x, 1, column, column + 1).to_doubles(), bins, x.dtype());
    if (edges.size() < 2) edges = {0, 1};  // as it is
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      feature.push_back(static_cast<std::int32_t>(column));
      low.push_back(edges[i]);
      high.push_back(edges[i + 1]);
    }
  }
  const Shape shape{static_cast<std::int64_t>(feature.size())};
  return {Array::from<std::int32_t>(feature, shape), convert(Array::from(low, shape), x.dtype()),
          convert(Array::from(high, shape), x.dtype())};
}

Array linear_pieces(const Columns& columns, const Array& x) {
  if (!columns.low || !columns.high) fail("[linear_pieces] the columns have no pieces: see quantile_pieces");
  const Array share = (taken("linear_pieces", columns, x) - *columns.low) / (*columns.high - *columns.low);
  const Array from_below = select(stands_alone(columns.feature, true), share, maximum(share, 0));
  return select(stands_alone(columns.feature, false), from_below, minimum(from_below, 1));
}

Array forward(const Periodic& waves, const Columns& columns, const Array& x) {
  const Array values = taken("periodic", columns, x);
  const std::int64_t n = values.dim(0), m = values.dim(1);
  if (m == 0 || waves.frequency.rank() != 1 || waves.frequency.dim(0) % m != 0 || waves.mix.w.rank() != 2 ||
      waves.mix.w.dim(0) * m != 2 * waves.frequency.dim(0))
    fail("[periodic] frequencies {} and w {} for {} columns: (columns * k,) and (2 k, width) are needed",
         to_string(waves.frequency.shape()), to_string(waves.mix.w.shape()), m);
  const std::int64_t k = waves.frequency.dim(0) / m;
  const Array angle =
      expand_dims(values, 2) * (reshape(waves.frequency, {m, k}) * (2 * std::numbers::pi));  // (n, m, k)
  const Array both = reshape(concatenate({sin(angle), cos(angle)}, 2), {n * m, 2 * k});
  const Array mixed = relu(forward(waves.mix, both));
  return concatenate({x, reshape(mixed, {n, m * mixed.dim(1)})}, 1);
}

}  // namespace runnel::nn
