// Columns as waves of learnt frequencies: an embedding.
#include <numbers>

#include "core/fail.h"
#include "core/text.h"
#include "nn/layer.h"
#include "nn/operand.h"
#include "nn/taken.h"
#include "ops/keys.h"
#include "runnel/random.h"

namespace runnel::nn {
namespace {

struct Sizes {
  std::int64_t columns, frequencies, width;
};
Sizes sizes_of(const Layer& layer) {
  if (layer.learnt.empty() || layer.learnt[1].rank() != 2 || layer.learnt[1].dim(0) < 2 ||
      layer.learnt[1].dim(1) < 1)
    return {attribute(layer, "columns"), attribute(layer, "frequencies"), attribute(layer, "width")};
  const Array &frequency = layer.learnt[0], &w = layer.learnt[1];
  const std::int64_t each = w.dim(0) / 2;
  return {layer.given.empty() ? frequency.size() / each : layer.given[0].size(), each, w.dim(1)};
}

Shape gives(const Layer& layer, const Shape& in) {
  if (in.rank() != 1) fail("[periodic] rows of {}: a list of features is needed", to_string(in));
  if (!layer.given.empty()) expect_taken("periodic", layer.given[0], in);
  const auto [columns, frequencies, width] = sizes_of(layer);
  if (columns < 1 || frequencies < 1 || width < 1)
    fail("[periodic] {} frequencies and {} numbers for each of {} columns: at least one is needed",
         frequencies, width, columns);
  return {in.back() + columns * width};
}

std::int64_t reads(const Layer& layer, std::int64_t gives) {
  const Sizes sizes = sizes_of(layer);
  return gives - sizes.columns * sizes.width;
}

PartShapes shapes(const Layer& layer, const Shape&) {
  const auto [columns, frequencies, width] = sizes_of(layer);
  return {{{columns * frequencies}, {2 * frequencies, width}, {width}}, {{columns}}};
}

std::vector<Array> init(const Layer& layer, const Shape&, const Start& start) {
  const auto [columns, frequencies, width] = sizes_of(layer);
  const Array normal =
      random::normal(random::child_key(start.key, 0, domain::kWaves), {columns * frequencies}, start.dtype);
  return {normal * in_dtype(start.frequency_scale, start.dtype),
          he_normal(random::child_key(start.key, 1, domain::kWaves), 2 * frequencies, width, start.dtype),
          Array::zeros({width}, start.dtype)};
}

Array apply(const Layer& layer, const Array& x, const Pass&) {
  if (layer.given.empty()) fail("[forward] a network with waves needs its columns (with_columns)");
  const Periodic waves{layer.learnt.at(0), {layer.learnt.at(1), layer.learnt.at(2)}};
  return forward(waves, Columns{layer.given[0]}, x);
}

double multiplications(const Layer& layer, const Shape&) {
  const auto [columns, frequencies, width] = sizes_of(layer);
  return 2.0 * static_cast<double>(columns * frequencies * width);
}

// Angles, their sines and cosines, and what is mixed of them.
std::int64_t made(const Layer& layer, const Shape&) {
  const auto [columns, frequencies, width] = sizes_of(layer);
  return columns * (3 * frequencies + width);
}

void draw(const Layer& layer, Steps& steps) {
  const auto [columns, frequencies, width] = sizes_of(layer);
  const std::size_t before = steps.last();
  const Shape out = gives(layer, steps.gives());
  steps.add("waves", {columns * 2 * frequencies}, layer, 0, 1);
  steps.add("dense of each column, relu", {columns * width}, layer, 1, 2);
  steps.add("beside the features", out);
  steps.reads_too(before);
}

std::string text(const Layer& layer, Activation) {
  const Sizes sizes = sizes_of(layer);
  return fmt::format("{} as waves of {} frequencies each",
                     counted(static_cast<std::size_t>(sizes.columns), "column"), sizes.frequencies);
}

std::vector<LayerSample> samples() {
  const Array columns = Array::from<std::int32_t>({2, 0}, {2});
  return {{{"periodic", {{"columns", 2}, {"frequencies", 3}, {"width", 5}}, {}, {columns}}, {3}}};
}

}  // namespace

LayerKind periodic_kind() {
  return {.name = "periodic",
          .meaning =
              "columns as waves of learnt frequencies, mixed by one dense layer and relu, beside all "
              "features as they are",
          .attributes = {"columns", "frequencies", "width"},
          .learnt = {{"periodic.frequency"}, {"periodic.w"}, {"periodic.b"}},
          .given = {{"columns.feature", true}},
          .gives = gives,
          .reads = reads,
          .shapes = shapes,
          .init = init,
          .apply = apply,
          .multiplications = multiplications,
          .made = made,
          .draw = draw,
          .text = text,
          .begins_line = true,
          .samples = samples};
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
