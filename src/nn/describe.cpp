// Networks for those who look at them: as steps, as a drawing, as lines of text.
#include "core/fail.h"
#include "nn/layer.h"

namespace runnel::nn {
namespace {

// "layers.{}.w" is "w".
std::string_view short_name(const Part& part) {
  const std::string_view name = part.name;
  return name.substr(name.rfind('.') + 1);
}

std::string batch_text(const Shape& row) {
  std::string out = "(n";
  for (const std::int64_t size : row) out += fmt::format(", {}", size);
  return out + ")";
}

// The words of layers, each with whether a line begins with it.
std::vector<std::pair<std::string, bool>> words_of(const std::vector<Layer>& layers, Activation activation) {
  std::vector<std::pair<std::string, bool>> out;
  for (const Layer& layer : layers) {
    const LayerKind& kind = kind_of(layer);
    std::string words = kind.text(layer, activation);
    if (!words.empty()) out.emplace_back(std::move(words), kind.begins_line);
  }
  return out;
}

}  // namespace

Steps::Steps(Shape features, Activation activation) : activation_(activation) {
  steps_.push_back({"features", features});
}

void Steps::add(std::string what, const Shape& gives) {
  steps_.push_back({std::move(what), gives, {}, 0, {last()}});
}

void Steps::add(std::string what, const Shape& gives, const Layer& layer, std::size_t first,
                std::size_t count) {
  add(std::move(what), gives);
  Step& step = steps_.back();
  for (std::size_t i = first; i < first + count; ++i) {
    const Array& array = layer.learnt.at(i);
    step.learnt += fmt::format("{}{} {}", i == first ? "" : ", ", short_name(kind_of(layer).learnt.at(i)),
                               to_string(array.shape()));
    step.parameters += array.size();
  }
}

void Steps::reads_too(std::size_t step) { steps_.back().from.push_back(step); }

void draw(const std::vector<Layer>& layers, Steps& steps) {
  for (const Layer& layer : layers) kind_of(layer).draw(layer, steps);
}

std::string text_of(const std::vector<Layer>& layers, Activation activation) {
  std::string out;
  for (const auto& [words, begins] : words_of(layers, activation)) out += (out.empty() ? "" : ", ") + words;
  return out;
}

std::vector<Step> steps_of(const Network& network, Activation activation) {
  Steps steps({inputs_of(network)}, activation);
  draw(network.layers, steps);
  return steps.take();
}

Drawing drawing_of(const Network& network, Activation activation) {
  const std::vector<Step> steps = steps_of(network, activation);
  Drawing out;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    Drawing::Box box{i == 0                  ? Drawing::Kind::input
                     : i + 1 == steps.size() ? Drawing::Kind::result
                                             : Drawing::Kind::step,
                     {step.what}};
    if (!step.learnt.empty()) box.lines.push_back(step.learnt);
    if (step.parameters > 0) box.lines.push_back(fmt::format("{} parameters", step.parameters));
    box.lines.push_back("gives " + batch_text(step.gives));
    out.boxes.push_back(std::move(box));
    for (const std::size_t from : step.from)
      out.arrows.push_back({from, i, step.from.size() > 1 && from + 1 != i});
  }
  return out;
}

std::vector<std::string> lines_of(const Network& network, Activation activation) {
  std::vector<std::string> out;
  for (auto& [words, begins] : words_of(network.layers, activation)) {
    if (begins || out.empty())
      out.push_back(std::move(words));
    else
      out.back() += ", " + words;
  }
  return out;
}

}  // namespace runnel::nn
