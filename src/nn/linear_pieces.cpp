// Linear pieces between quantiles of numeric columns: an embedding that is not learnt.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/fail.h"
#include "nn/layer.h"
#include "nn/taken.h"

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

// Whether a piece is the first (the last) of its column: whether its neighbour's column is another.
Array stands_alone(const Array& feature, bool first) {
  const std::int64_t n = feature.dim(0);
  const Array end = Array::full({1}, -1, feature.dtype());
  const Array neighbour =
      first ? concatenate({end, slice(feature, 0, 0, n - 1)}) : concatenate({slice(feature, 0, 1, n), end});
  return not_equal(feature, neighbour);
}

// ---- the row of the table ----

Columns columns_of(const Layer& layer) { return {layer.given.at(0), layer.given.at(1), layer.given.at(2)}; }

Shape gives(const Layer& layer, const Shape& in) {
  expect_taken("linear pieces", layer.given.at(0), in);
  return {layer.given.at(0).size()};
}

// All features: those that are not cut are one piece.
std::int64_t reads(const Layer& layer, std::int64_t) {
  return layer.given.at(0).to_vector<std::int32_t>().back() + 1;
}

PartShapes shapes(const Layer& layer, const Shape&) {
  const Shape pieces{layer.given.at(0).size()};
  return {{}, {pieces, pieces, pieces}};
}

void check(const Layer& layer) {
  const std::vector<double> low = layer.given.at(1).to_doubles(), high = layer.given.at(2).to_doubles();
  for (std::size_t i = 0; i < low.size(); ++i)
    if (!(low[i] < high[i])) fail("piece {} goes from {} to {}", i, low[i], high[i]);
}

Array apply(const Layer& layer, const Array& x, const Pass&) { return linear_pieces(columns_of(layer), x); }

void draw(const Layer& layer, Steps& steps) { steps.add("linear pieces", gives(layer, steps.gives())); }

std::string text(const Layer& layer, Activation) {
  return fmt::format("the features as {} linear pieces", layer.given.at(0).size());
}

std::vector<LayerSample> samples() {
  const auto sample = [](std::initializer_list<std::int32_t> feature, const std::vector<double>& low,
                         const std::vector<double>& high, std::int64_t features) -> LayerSample {
    const Shape shape{std::ssize(low)};
    const Array column = Array::from<std::int32_t>(std::vector<std::int32_t>(feature), shape);
    return {{"linear pieces", {}, {}, {column, Array::from(low, shape), Array::from(high, shape)}},
            {features}};
  };
  return {sample({0, 0, 1}, {0, 1, 0}, {1, 3, 1}, 2), sample({0}, {-1}, {1}, 1)};
}

}  // namespace

LayerKind linear_pieces_kind() {
  return {.name = "linear pieces",
          .meaning = "where each feature lies in each of the pieces it is cut into",
          .given = {{"columns.feature", true}, {"columns.low"}, {"columns.high"}},
          .gives = gives,
          .reads = reads,
          .shapes = shapes,
          .check = check,
          .apply = apply,
          .draw = draw,
          .text = text,
          .begins_line = true,
          .samples = samples};
}

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

}  // namespace runnel::nn
