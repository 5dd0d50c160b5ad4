// f(repeat(a), repeat(b)) = repeat(f(a, b)): an elementwise equation whose operands all repeat their elements
// along some axis is computed without that axis. Elements are the same, there are only fewer of them.
#include <optional>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "graph/region.h"
#include "ops/table.h"

namespace runnel {
namespace {

// A value of the new graph that repeats another: axis i of `source` is axis axes[i] of the whole.
struct Repeat {
  ValueId source;
  Dims axes;
};

class Narrower {
 public:
  explicit Narrower(const Graph& graph) : out_(graph), repeats_(graph.types().size()) {
    for (const auto& c : graph.constants())
      if (const auto one = repeated_element(c.value)) repeats_[c.id] = Repeat{out_.constant(*one), {}};
  }

  GraphPtr run() {
    for (const Equation& eq : out_.from().equations()) {
      const RegionScope region(eq.region);
      if (is_op(eq, "broadcast")) {
        out_.keep(eq);
        repeats_[eq.outputs[0]] = repeat_of(eq);
      } else if (!eq.op->element || !narrowed(eq)) {
        out_.keep(eq);
      }
    }
    return out_.finish();
  }

 private:
  Repeat repeat_of(const Equation& eq) const {
    const Dims& axes = eq.attrs.dims("axes");
    const auto& inner = repeats_[eq.inputs[0]];
    if (!inner) return {out_[eq.inputs[0]], axes};
    Dims through;
    for (std::int64_t axis : inner->axes) through.push_back(axes[static_cast<std::size_t>(axis)]);
    return {inner->source, through};
  }

  bool narrowed(const Equation& eq) {
    const Shape& shape = out_.from().type(eq.outputs[0]).shape;
    std::vector<bool> varies(shape.size(), false);
    for (ValueId id : eq.inputs) {
      if (!repeats_[id]) return false;
      for (std::int64_t axis : repeats_[id]->axes) varies[static_cast<std::size_t>(axis)] = true;
    }
    Dims kept;
    Shape small;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (!varies[axis]) continue;
      kept.push_back(static_cast<std::int64_t>(axis));
      small.push_back(shape[axis]);
    }
    if (small.product() == shape.product()) return false;
    std::vector<ValueId> operands;
    for (ValueId id : eq.inputs) operands.push_back(repeated(*repeats_[id], kept, small));
    const ValueId result = out_.emit(*eq.op, operands, eq.attrs)[0];
    out_.set(eq.outputs[0], repeated({result, kept}, all_axes(shape), shape));
    repeats_[eq.outputs[0]] = Repeat{result, kept};
    return true;
  }

  static Dims all_axes(const Shape& shape) {
    Dims axes;
    for (int i = 0; i < shape.rank(); ++i) axes.push_back(i);
    return axes;
  }

  // The source over the axes `kept` of the whole, which have the sizes `shape`.
  ValueId repeated(const Repeat& repeat, const Dims& kept, const Shape& shape) {
    Dims axes;
    for (std::int64_t axis : repeat.axes)
      for (std::size_t k = 0; k < kept.size(); ++k)
        if (kept[k] == axis) axes.push_back(static_cast<std::int64_t>(k));
    if (axes.size() == shape.size()) return repeat.source;
    return out_.emit(find_op("broadcast"), {repeat.source}, {{"shape", shape}, {"axes", axes}})[0];
  }

  Rebuild out_;
  std::vector<std::optional<Repeat>> repeats_;  // by value of the old graph
};

}  // namespace

GraphPtr narrow_elementwise(const GraphPtr& graph) {
  const GraphPtr inner = in_subgraphs(graph, narrow_elementwise);
  return Narrower(*inner).run();
}

}  // namespace runnel
