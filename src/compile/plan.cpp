// Planning: which values are views of others, and where in one arena the rest live. A buffer is reused as
// soon as nothing reads it any more.
#include <algorithm>
#include <map>
#include <string_view>

#include "compile/pipeline.h"
#include "core/fail.h"
#include "graph/node.h"
#include "kernels/reference/elementwise.h"

namespace runnel {
namespace {

using detail::ArrayAccess;

constexpr std::int64_t kAlignment = 64;
std::int64_t aligned(std::int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
std::int64_t bytes_of(const Type& type) {
  return type.shape.product() * static_cast<std::int64_t>(size_of(type.dtype));
}

// Offsets into an arena: best fit among the gaps, growth at the end.
class Arena {
 public:
  std::int64_t take(std::int64_t wanted) {
    const std::int64_t size = std::max(aligned(wanted), kAlignment);
    auto best = gaps_.end();
    for (auto it = gaps_.begin(); it != gaps_.end(); ++it)
      if (it->second >= size && (best == gaps_.end() || it->second < best->second)) best = it;
    std::int64_t offset = 0;
    if (best != gaps_.end()) {
      offset = best->first;
      const std::int64_t left = best->second - size;
      gaps_.erase(best);
      if (left > 0) gaps_[offset + size] = left;
    } else {
      offset = end_;
      end_ += size;
    }
    sizes_[offset] = size;
    return offset;
  }

  void give_back(std::int64_t offset) {
    std::int64_t size = sizes_.at(offset);
    sizes_.erase(offset);
    auto next = gaps_.lower_bound(offset);
    if (next != gaps_.end() && next->first == offset + size) {
      size += next->second;
      next = gaps_.erase(next);
    }
    if (next != gaps_.begin()) {
      auto before = std::prev(next);
      if (before->first + before->second == offset) {
        before->second += size;
        return;
      }
    }
    gaps_[offset] = size;
  }

  std::size_t bytes() const { return static_cast<std::size_t>(end_); }

 private:
  std::map<std::int64_t, std::int64_t> gaps_;   // offset to size
  std::map<std::int64_t, std::int64_t> sizes_;  // of what is taken
  std::int64_t end_ = 0;
};

void copy_kernel(const KernelCall& c) { kernels::copy(c.in[0], c.out[0]); }

class Planner {
 public:
  explicit Planner(const GraphPtr& graph) : graph_(*graph), values_(graph->types().size()) {}

  std::shared_ptr<const Program> plan() {
    program_->inputs = graph_.inputs().size();
    program_->outputs = graph_.outputs().size();
    find_roots();
    find_output_roots();
    find_last_uses();
    for (std::size_t e = 0; e < graph_.equations().size(); ++e)
      if (!is_view_[e]) place(e);
    copy_remaining_outputs();
    program_->arena_bytes = arena_.bytes();
    return program_;
  }

 private:
  // Storage that one equation writes, or an input, or a constant; values are views into it.
  struct Root {
    Slot::Base base = Slot::Base::arena;
    std::size_t index = 0;
    std::int64_t offset = 0;
    Type type;
    std::size_t last_use = 0;
    bool placed = false;
  };
  struct Value {
    std::size_t root = 0;
    View view;  // its data pointer counts from origin()
  };

  // View rules move a pointer; here it only counts bytes from this one.
  static std::byte* origin() { return reinterpret_cast<std::byte*>(std::uintptr_t{1} << 40); }

  std::size_t new_root(const Root& root) {
    roots_.push_back(root);
    return roots_.size() - 1;
  }
  void own_root(ValueId id, Slot::Base base, std::size_t index) {
    const Type& type = graph_.type(id);
    values_[id] = {new_root({base, index, 0, type, 0, false}), dense_view(origin(), type.dtype, type.shape)};
  }

  void find_roots() {
    for (std::size_t i = 0; i < graph_.inputs().size(); ++i)
      own_root(graph_.inputs()[i], Slot::Base::argument, i);
    for (const auto& constant : graph_.constants()) {
      own_root(constant.id, Slot::Base::constant, program_->constants.size());
      values_[constant.id].view.strides = ArrayAccess::view(constant.value).strides;
      program_->constants.push_back(constant.value);
    }
    is_view_.resize(graph_.equations().size(), false);
    for (std::size_t e = 0; e < graph_.equations().size(); ++e) {
      const Equation& eq = graph_.equations()[e];
      if (eq.op->view != nullptr) {
        const Value& in = values_[eq.inputs[0]];
        if (const auto view = eq.op->view(in.view, graph_.type(eq.outputs[0]), eq.attrs)) {
          values_[eq.outputs[0]] = {in.root, *view};
          is_view_[e] = true;
          continue;
        }
      }
      for (ValueId id : eq.outputs) own_root(id, Slot::Base::arena, 0);
    }
  }

  // An output that has storage of its own is computed where the caller wants it.
  void find_output_roots() {
    direct_.resize(graph_.outputs().size(), false);
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      const Value& value = values_[graph_.outputs()[i]];
      Root& root = roots_[value.root];
      if (root.base != Slot::Base::arena || value.view.data != origin() || !is_dense(value.view) ||
          value.view.shape.product() != root.type.shape.product())
        continue;
      root.base = Slot::Base::argument;
      root.index = graph_.inputs().size() + i;
      root.placed = true;
      direct_[i] = true;
    }
  }

  void find_last_uses() {
    for (std::size_t e = 0; e < graph_.equations().size(); ++e) {
      if (is_view_[e]) continue;
      const Equation& eq = graph_.equations()[e];
      for (ValueId id : eq.inputs) roots_[values_[id].root].last_use = e;
      for (ValueId id : eq.outputs) roots_[values_[id].root].last_use = e;
    }
    for (ValueId id : graph_.outputs()) roots_[values_[id].root].last_use = graph_.equations().size();
  }

  void add_slot(const Value& value) {
    const Root& root = roots_[value.root];
    program_->slots.push_back(
        {root.base, root.index, root.offset + (value.view.data - origin()), value.view});
  }

  void place(std::size_t e) {
    const Equation& eq = graph_.equations()[e];
    std::vector<std::int64_t> temporary;
    auto take = [&](std::int64_t bytes) {
      temporary.push_back(arena_.take(bytes));
      return temporary.back();
    };
    for (ValueId id : eq.outputs) {
      Root& root = roots_[values_[id].root];
      if (root.base != Slot::Base::arena || root.placed) continue;
      root.offset = arena_.take(bytes_of(root.type));
      root.placed = true;
    }
    Step step;
    step.inputs = eq.inputs.size();
    step.outputs = eq.outputs.size();
    std::vector<Value> operands;
    for (ValueId id : eq.inputs) operands.push_back(values_[id]);
    if (std::string_view(eq.op->name) == "scan") {
      for (Value& operand : operands)
        if (!is_dense(operand.view))
          operand = densified(operand, take(bytes_of({operand.view.dtype, operand.view.shape})));
      step.loop = make_loop(eq, take);
    } else {
      step.kernel = eq.op->kernel;
      step.attrs = eq.attrs;
      if (eq.op->scratch != nullptr) step.scratch = take(static_cast<std::int64_t>(scratch_bytes(eq)));
    }
    step.first = program_->slots.size();
    for (const Value& operand : operands) add_slot(operand);
    for (ValueId id : eq.outputs) add_slot(values_[id]);
    program_->steps.push_back(std::move(step));
    for (std::int64_t offset : temporary) arena_.give_back(offset);
    release(eq, e);
  }

  void release(const Equation& eq, std::size_t e) {
    auto free_root = [&](ValueId id) {
      Root& root = roots_[values_[id].root];
      if (root.base != Slot::Base::arena || !root.placed || root.last_use != e) return;
      arena_.give_back(root.offset);
      root.placed = false;
    };
    for (ValueId id : eq.inputs) free_root(id);
    for (ValueId id : eq.outputs) free_root(id);
  }

  std::size_t scratch_bytes(const Equation& eq) const {
    Types in;
    Types out;
    for (ValueId id : eq.inputs) in.push_back(graph_.type(id));
    for (ValueId id : eq.outputs) out.push_back(graph_.type(id));
    return eq.op->scratch(in, out, eq.attrs);
  }

  // A step that lays a strided operand out densely at an arena offset.
  Value densified(const Value& value, std::int64_t offset) {
    Value dense{new_root({Slot::Base::arena, 0, offset, {value.view.dtype, value.view.shape}, 0, true}),
                dense_view(origin(), value.view.dtype, value.view.shape)};
    add_copy(value, dense);
    return dense;
  }

  void add_copy(const Value& from, const Value& to) {
    Step step;
    step.kernel = copy_kernel;
    step.first = program_->slots.size();
    step.inputs = step.outputs = 1;
    add_slot(from);
    add_slot(to);
    program_->steps.push_back(std::move(step));
  }

  template <class Take>
  std::shared_ptr<const Loop> make_loop(const Equation& eq, Take take) {
    const ScanSpec s = scan_spec(eq.attrs);
    auto loop = std::make_shared<Loop>();
    loop->body = runnel::plan(s.body);
    loop->length = s.length;
    loop->constants = static_cast<std::size_t>(s.constants);
    loop->carries = static_cast<std::size_t>(s.carries);
    loop->reverse = s.reverse;
    loop->arena = take(static_cast<std::int64_t>(loop->body->arena_bytes));
    for (std::size_t i = 0; i < loop->carries; ++i)
      loop->spare.push_back(take(bytes_of(graph_.type(eq.outputs[i]))));
    return loop;
  }

  void copy_remaining_outputs() {
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      if (direct_[i]) continue;
      const Value& value = values_[graph_.outputs()[i]];
      const Type type{value.view.dtype, value.view.shape};
      add_copy(value, {new_root({Slot::Base::argument, graph_.inputs().size() + i, 0, type, 0, true}),
                       dense_view(origin(), type.dtype, type.shape)});
    }
  }

  const Graph& graph_;
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
  Arena arena_;
  std::vector<Root> roots_;
  std::vector<Value> values_;
  std::vector<bool> is_view_;
  std::vector<bool> direct_;
};

}  // namespace

std::shared_ptr<const Program> plan(const GraphPtr& graph) { return Planner(graph).plan(); }

}  // namespace runnel
