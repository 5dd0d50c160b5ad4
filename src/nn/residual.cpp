// Residual blocks: what layers make of x, added to x (He, Zhang, Ren and Sun, "Deep residual learning for
// image recognition", CVPR 2016, equation 1).
#include "core/fail.h"
#include "nn/layer.h"

namespace runnel::nn {
namespace {

Shape gives(const Layer& layer, const Shape& in) {
  const Shape out = given_by(layer.inside, in);
  if (out != in)
    fail("[residual] the layers of a block take rows of {} and give {}: they must be alike to be added",
         to_string(in), to_string(out));
  return in;
}

std::int64_t reads(const Layer& layer, std::int64_t gives) { return read_by(layer.inside, gives); }

Array apply(const Layer& layer, const Array& x, const Pass& pass) { return x + apply(layer.inside, x, pass); }

void draw(const Layer& layer, Steps& steps) {
  const std::size_t before = steps.last();
  draw(layer.inside, steps);
  steps.add("sum", steps.gives());
  steps.reads_too(before);
}

std::string text(const Layer& layer, Activation activation) {
  return fmt::format("block ({})", text_of(layer.inside, activation));
}

std::vector<LayerSample> samples() {
  const Layer in{"dense", {{"inputs", 3}, {"units", 4}, {"activated", 1}}};
  const Layer out{"dense", {{"inputs", 4}, {"units", 3}}};
  const Layer block{
      "residual block", {}, {}, {}, {{"layer norm"}, in, {"activation"}, {"dropout", {{"number", 0}}}, out}};
  return {{block, {3}}, {{"residual block", {}, {}, {}, {block, block}}, {3}}};
}

}  // namespace

LayerKind residual_kind() {
  return {.name = "residual block",
          .meaning = "what the layers inside of it make of x, added to x",
          .gives = gives,
          .reads = reads,
          .apply = apply,
          .draw = draw,
          .text = text,
          .begins_line = true,
          .samples = samples};
}

Array residual(const Dense& in, const Dense& out, const Array& x, Activation activation,
               const Operand& scale) {
  return x + forward(out, activate(forward(in, x), activation, scale));
}

}  // namespace runnel::nn
