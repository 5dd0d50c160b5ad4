// A network as steps one can look at.
#include <fmt/format.h>

#include "runnel/model.h"
#include "runnel/tree.h"

namespace runnel {
namespace {

class Steps {
 public:
  Steps(const nn::Network& network, const sweep::Hyper& hyper) : network_(network) {
    activation_ = sweep::hyper_field("activation").get(hyper);
  }

  std::vector<NetworkStep> all() {
    const auto& layers = network_.layers;
    features();
    if (layers.size() > 1 && network_.body == nn::Body::residual)
      residual();
    else
      for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
        dense(l);
        norm(l);
        activate();
      }
    dense(layers.size() - 1);
    return std::move(steps_);
  }

 private:
  std::size_t last() const { return steps_.size() - 1; }
  std::int64_t width() const { return steps_.back().width; }

  void add(std::string what, std::int64_t width,
           const std::vector<std::pair<std::string, Array>>& learnt = {}) {
    NetworkStep step{std::move(what), width};
    for (const auto& [name, array] : learnt) {
      step.shapes += fmt::format("{}{} {}", step.shapes.empty() ? "" : ", ", name, to_string(array.shape()));
      step.parameters += array.size();
    }
    if (!steps_.empty()) step.from = {last()};
    steps_.push_back(std::move(step));
  }

  void features() {
    const std::int64_t into = network_.layers[0].w.dim(0);
    if (!network_.columns) return add("features", into);
    const std::int64_t columns = network_.columns->feature.dim(0);
    if (!network_.periodic) {
      add("features", network_.columns->feature.to_vector<std::int32_t>().back() + 1);
      return add("linear pieces", into);
    }
    const nn::Periodic& waves = *network_.periodic;
    const std::int64_t frequencies = waves.frequency.dim(0) / columns;
    add("features", into - columns * frequencies);
    add("waves", columns * 2 * frequencies, {{"frequency", waves.frequency}});
    add("dense of each column, relu", columns * frequencies, {{"w", waves.mix.w}, {"b", waves.mix.b}});
    add("beside the features", into);
    steps_.back().from.push_back(0);
  }

  void residual() {
    const auto& layers = network_.layers;
    dense(0);
    for (std::size_t b = 0; 2 * b + 2 < layers.size(); ++b) {
      const std::size_t before = last();
      norm(b);
      dense(2 * b + 1);
      activate();
      dense(2 * b + 2);
      add("sum", width());
      steps_.back().from.push_back(before);
    }
    norm((layers.size() - 2) / 2);
  }

  void dense(std::size_t l) {
    const nn::Dense& layer = network_.layers[l];
    add("dense", layer.w.dim(1), {{"w", layer.w}, {"b", layer.b}});
  }
  void norm(std::size_t i) {
    if (network_.norms.empty()) return;
    add("layer norm", width(), {{"gain", network_.norms[i].gain}, {"bias", network_.norms[i].bias}});
  }
  void activate() { add(activation_, width()); }

  const nn::Network& network_;
  std::string activation_;
  std::vector<NetworkStep> steps_;
};

}  // namespace

std::vector<NetworkStep> steps_of(const nn::Network& network, const sweep::Hyper& hyper) {
  return Steps(network, hyper).all();
}

Drawing drawing_of(const nn::Network& network, const sweep::Hyper& hyper) {
  const std::vector<NetworkStep> steps = steps_of(network, hyper);
  Drawing out;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const NetworkStep& step = steps[i];
    Drawing::Box box{i == 0                  ? Drawing::Kind::input
                     : i + 1 == steps.size() ? Drawing::Kind::result
                                             : Drawing::Kind::step,
                     {step.what}};
    if (!step.shapes.empty()) box.lines.push_back(step.shapes);
    if (step.parameters > 0) box.lines.push_back(fmt::format("{} parameters", step.parameters));
    box.lines.push_back(fmt::format("gives (n, {})", step.width));
    out.boxes.push_back(std::move(box));
    for (const std::size_t from : step.from)
      out.arrows.push_back({from, i, step.from.size() > 1 && from + 1 != i});
  }
  return out;
}

}  // namespace runnel
