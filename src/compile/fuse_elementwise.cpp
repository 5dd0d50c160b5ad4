// Elementwise equations of one shape that stand near one another become one `fused` equation: its kernel
// works tile by tile, so that what lies between two of them never leaves the first cache.
//
// One walk over the equations. At any moment there is at most one open group for a shape, and no open group
// depends on another: whoever reads a value of an open group from outside closes it first, and closing is
// what puts the fused equation in its place. So the order that results is sound without looking for cycles.
#include <algorithm>
#include <map>
#include <optional>

#include "compile/pipeline.h"
#include "compile/rebuild.h"
#include "kernels/isa.h"
#include "ops/table.h"

namespace runnel {
namespace {

// Groups larger than these gain nothing and need more tiles than the first cache holds.
constexpr std::size_t kMostEquations = 64;
constexpr std::size_t kMostInputs = 24;

class Fuser {
 public:
  explicit Fuser(const Graph& graph)
      : out_(graph), uses_(use_counts(graph)), group_of_(graph.types().size(), kNone) {}

  GraphPtr run() {
    for (const Equation& eq : out_.from().equations()) {
      if (eq.op->element && out_.from().type(eq.outputs[0]).shape.product() > 0) {
        join(eq);
      } else {
        close_groups_of(eq, kNone);
        out_.keep(eq);
      }
    }
    while (!open_.empty()) close(open_.front());
    return out_.finish();
  }

 private:
  struct Group {
    Shape shape;
    std::vector<const Equation*> equations;
    std::size_t inputs = 0;  // an upper bound
  };

  void close_groups_of(const Equation& eq, std::size_t but) {
    for (ValueId id : eq.inputs)
      if (const std::size_t g = group_of_[id]; g != kNone && g != but && is_open(g)) close(g);
  }
  bool is_open(std::size_t g) const { return std::find(open_.begin(), open_.end(), g) != open_.end(); }

  void join(const Equation& eq) {
    const Shape& shape = out_.from().type(eq.outputs[0]).shape;
    auto at =
        std::find_if(open_.begin(), open_.end(), [&](std::size_t g) { return groups_[g].shape == shape; });
    if (at != open_.end()) {
      const Group& group = groups_[*at];
      if (group.equations.size() >= kMostEquations || group.inputs + eq.inputs.size() > kMostInputs) {
        close(*at);
        at = open_.end();
      }
    }
    const std::size_t g = at == open_.end() ? groups_.size() : *at;
    if (g == groups_.size()) {
      groups_.push_back({shape, {}, 0});
      open_.push_back(g);
    }
    close_groups_of(eq, g);
    groups_[g].equations.push_back(&eq);
    for (ValueId id : eq.inputs) groups_[g].inputs += group_of_[id] != g;
    group_of_[eq.outputs[0]] = g;
  }

  void close(std::size_t g) {
    open_.erase(std::find(open_.begin(), open_.end(), g));
    const Group& group = groups_[g];
    if (group.equations.size() == 1) return out_.keep(*group.equations[0]);
    emit(g);
  }

  void emit(std::size_t g) {
    Graph::Data data;
    std::map<ValueId, ValueId> inner;  // old value to value of the fused graph
    std::vector<ValueId> operands;
    std::map<ValueId, std::size_t> uses_inside;
    const auto value_of = [&](ValueId id) {
      if (const auto at = inner.find(id); at != inner.end()) return at->second;
      const auto made = static_cast<ValueId>(data.types.size());
      data.types.push_back(out_.from().type(id));
      data.inputs.push_back(made);
      operands.push_back(out_[id]);
      return inner[id] = made;
    };
    for (const Equation* eq : groups_[g].equations) {
      Equation copy{eq->op, {}, eq->attrs, {}};
      for (ValueId id : eq->inputs) {
        copy.inputs.push_back(value_of(id));
        if (group_of_[id] == g) ++uses_inside[id];
      }
      const auto made = static_cast<ValueId>(data.types.size());
      data.types.push_back(out_.from().type(eq->outputs[0]));
      inner[eq->outputs[0]] = made;
      copy.outputs = {made};
      data.equations.push_back(std::move(copy));
    }
    std::vector<ValueId> results;
    for (const Equation* eq : groups_[g].equations) {
      const ValueId id = eq->outputs[0];
      if (uses_[id] == uses_inside[id]) continue;
      data.outputs.push_back(inner[id]);
      results.push_back(id);
    }
    const GraphPtr graph = std::make_shared<const Graph>(std::move(data));
    const std::vector<ValueId> made = out_.emit(find_op("fused"), operands, {{"graph", graph}});
    for (std::size_t i = 0; i < made.size(); ++i) out_.set(results[i], made[i]);
  }

  Rebuild out_;
  std::vector<std::size_t> uses_;
  std::vector<std::size_t> group_of_;  // by old value
  std::vector<Group> groups_;
  std::vector<std::size_t> open_;
};

}  // namespace

GraphPtr fuse_elementwise(const GraphPtr& graph) {
  // The reference kernels know no fused programs.
  if (kernels::isa() == kernels::Isa::reference) return graph;
  const GraphPtr inner = in_subgraphs(graph, fuse_elementwise);
  return Fuser(*inner).run();
}

}  // namespace runnel
