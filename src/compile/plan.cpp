#include "compile/plan.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "compile/arena.h"
#include "compile/work.h"
#include "core/fail.h"
#include "core/threads.h"
#include "graph/node.h"
#include "kernels/fast.h"
#include "kernels/reference/elementwise.h"

namespace runnel {
namespace {

using detail::ArrayAccess;

std::int64_t bytes_of(const Type& type) {
  return type.shape.product() * static_cast<std::int64_t>(size_of(type.dtype));
}

// Waking a thread takes about ten microseconds; what is handed out must last several times as long.
constexpr double kWorthThreads = 500'000;

void copy_kernel(const KernelCall& c) { kernels::copy(c.in[0], c.out[0]); }

class Planner {
 public:
  Planner(const GraphPtr& graph, const Arguments& arguments)
      : graph_(*graph), arguments_(arguments), values_(graph->types().size()) {}

  std::shared_ptr<const Program> plan() {
    program_->inputs = graph_.inputs().size();
    program_->outputs = graph_.outputs().size();
    program_->shares.resize(arguments_.share.size(), false);
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

  // ---- values and their storage ----

  std::size_t new_root(const Root& root) {
    roots_.push_back(root);
    return roots_.size() - 1;
  }
  void own_root(ValueId id, Slot::Base base, std::size_t index) {
    const Type& type = graph_.type(id);
    values_[id] = {new_root({base, index, 0, type, 0, false}), dense_view(origin(), type.dtype, type.shape)};
  }

  void find_roots() {
    for (std::size_t i = 0; i < graph_.inputs().size(); ++i) {
      own_root(graph_.inputs()[i], Slot::Base::argument, i);
      if (!arguments_.inputs.empty()) values_[graph_.inputs()[i]].view.strides = arguments_.inputs[i];
    }
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
      if (eq.op->any_layout) lay_out_as_read(eq.outputs[0]);
    }
  }

  // What a transpose alone reads is laid out so that the transposed array is dense.
  void lay_out_as_read(ValueId id) {
    const Equation* reader = nullptr;
    for (const Equation& eq : graph_.equations())
      for (ValueId in : eq.inputs) {
        if (in != id) continue;
        if (reader != nullptr || std::string_view(eq.op->name) != "transpose") return;
        reader = &eq;
      }
    if (reader == nullptr) return;
    for (ValueId out : graph_.outputs())
      if (out == id) return;
    const Strides dense = row_major(graph_.type(reader->outputs[0]).shape);
    const Dims& permutation = reader->attrs.dims("permutation");
    View view = values_[id].view;
    for (std::size_t axis = 0; axis < permutation.size(); ++axis)
      view.strides[static_cast<std::size_t>(permutation[axis])] = dense[axis];
    for (std::size_t axis = view.shape.size(); axis-- > 0;) {
      if (view.shape[axis] == 1) continue;
      if (view.strides[axis] == 1 && axis > 0) values_[id].view = view;
      return;
    }
  }

  View output_view(std::size_t i) const {
    const Type& type = graph_.type(graph_.outputs()[i]);
    View view = dense_view(origin(), type.dtype, type.shape);
    if (!arguments_.outputs.empty()) view.strides = arguments_.outputs[i];
    return view;
  }

  // An output that has storage of its own is computed where the caller wants it.
  void find_output_roots() {
    direct_.resize(graph_.outputs().size(), false);
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      const Value& value = values_[graph_.outputs()[i]];
      Root& root = roots_[value.root];
      if (root.base != Slot::Base::arena || value.view.data != origin() || !is_dense(value.view) ||
          value.view.shape.product() != root.type.shape.product() || !is_dense(output_view(i)))
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
    for (ValueId id : graph_.outputs())
      if (roots_[values_[id].root].base != Slot::Base::argument || !is_direct(values_[id].root))
        roots_[values_[id].root].last_use = graph_.equations().size();
  }
  // A root that became an output's storage.
  bool is_direct(std::size_t root) const { return roots_[root].index >= graph_.inputs().size(); }

  void add_slot(const Value& value) {
    const Root& root = roots_[value.root];
    program_->slots.push_back(
        {root.base, root.index, root.offset + (value.view.data - origin()), value.view});
  }

  // ---- steps ----

  void place(std::size_t e) {
    const Equation& eq = graph_.equations()[e];
    Step step;
    step.name = eq.op->name;
    step.inputs = eq.inputs.size();
    step.outputs = eq.outputs.size();
    std::vector<std::int64_t> temporary;
    auto take = [&](std::int64_t bytes) {
      temporary.push_back(arena_.take(bytes));
      return temporary.back();
    };
    std::vector<Value> operands;
    for (ValueId id : eq.inputs) operands.push_back(values_[id]);
    const bool is_scan = std::string_view(eq.op->name) == "scan";
    const bool is_strip = std::string_view(eq.op->name) == "strip";
    // Both may say that an output takes an input's place over; the others get places of their own.
    if (is_strip)
      step.chunks = make_chunks(eq, e, operands, take);
    else if (!is_scan)
      choose_kernel(eq, e, operands, step);
    for (ValueId id : eq.outputs) give_place(values_[id].root);
    if (is_scan) {
      for (Value& operand : operands)
        if (!is_dense(operand.view))
          operand = densified(operand, take(bytes_of({operand.view.dtype, operand.view.shape})));
      step.loop = make_loop(eq, take);
    } else if (is_strip) {
      // said above
    } else if (step.prepared != nullptr) {
      if (const std::size_t bytes = step.prepared->scratch_bytes(); bytes > 0)
        step.scratch = take(static_cast<std::int64_t>(bytes));
    } else {
      step.kernel = eq.op->kernel;
      step.attrs = eq.attrs;
      if (eq.op->scratch != nullptr) step.scratch = take(static_cast<std::int64_t>(scratch_bytes(eq)));
    }
    add_step(std::move(step), operands, eq);
    for (std::int64_t offset : temporary) arena_.give_back(offset);
    release(eq, e);
  }

  void give_place(std::size_t index) {
    Root& root = roots_[index];
    if (root.base != Slot::Base::arena || root.placed) return;
    root.offset = arena_.take(bytes_of(root.type));
    root.placed = true;
  }

  void add_step(Step step, const std::vector<Value>& operands, const Equation& eq) {
    step.first = program_->slots.size();
    for (const Value& operand : operands) add_slot(operand);
    for (ValueId id : eq.outputs) add_slot(values_[id]);
    program_->steps.push_back(std::move(step));
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

  // ---- memory that an output takes over from an input ----

  // Whether operand i is read for the last time here, dense, and in this way alone, so that an output of its
  // type may be written over it.
  bool may_be_overwritten(std::size_t e, const std::vector<Value>& operands, std::size_t i,
                          const Type& type) {
    const Value& x = operands[i];
    const Root& root = roots_[x.root];
    if (root.last_use != e || x.view.dtype != type.dtype || !is_dense(x.view)) return false;
    if (x.view.data != origin() || x.view.shape.product() != root.type.shape.product()) return false;
    if (size_of(root.type.dtype) != size_of(type.dtype)) return false;
    for (std::size_t j = 0; j < operands.size(); ++j)
      if (j != i && operands[j].root == x.root) return false;
    return true;
  }

  // The pair of program_->shares that would give this output the memory of this input.
  std::optional<std::size_t> sharing_pair(std::size_t input_root, std::size_t output_root) const {
    const Root& in = roots_[input_root];
    const Root& out = roots_[output_root];
    if (in.base != Slot::Base::argument || in.index >= graph_.inputs().size() || !is_direct(output_root))
      return {};
    for (std::size_t p = 0; p < arguments_.share.size(); ++p)
      if (arguments_.share[p].first == in.index &&
          arguments_.share[p].second + graph_.inputs().size() == out.index)
        return p;
    return {};
  }

  struct Takeover {
    std::vector<int> alias;  // of each output: the operand whose memory it gets, or -1
    bool any = false;
  };

  Takeover find_takeover(const Equation& eq, std::size_t e, const std::vector<Value>& operands,
                         const std::vector<bool>& may) {
    Takeover t{std::vector<int>(eq.outputs.size(), -1), false};
    std::vector<bool> taken(operands.size(), false);
    for (std::size_t o = 0; o < eq.outputs.size(); ++o) {
      const std::size_t out_root = values_[eq.outputs[o]].root;
      const Root& root = roots_[out_root];
      for (std::size_t i = 0; i < operands.size(); ++i) {
        if (taken[i] || !may[i] || !may_be_overwritten(e, operands, i, graph_.type(eq.outputs[o]))) continue;
        const bool both_in_arena =
            root.base == Slot::Base::arena && roots_[operands[i].root].base == Slot::Base::arena;
        if (!both_in_arena && !sharing_pair(operands[i].root, out_root)) continue;
        t.alias[o] = static_cast<int>(i);
        t.any = taken[i] = true;
        break;
      }
    }
    return t;
  }

  void take_over(const Equation& eq, const std::vector<Value>& operands, const Takeover& t) {
    for (std::size_t o = 0; o < eq.outputs.size(); ++o) {
      if (t.alias[o] < 0) continue;
      const std::size_t in_root = operands[static_cast<std::size_t>(t.alias[o])].root;
      const std::size_t out_root = values_[eq.outputs[o]].root;
      if (const auto pair = sharing_pair(in_root, out_root)) {
        program_->shares[*pair] = true;
        continue;
      }
      roots_[out_root].offset = roots_[in_root].offset;
      roots_[out_root].placed = true;
      roots_[in_root].placed = false;
    }
  }

  void choose_kernel(const Equation& eq, std::size_t e, const std::vector<Value>& operands, Step& step) {
    if (eq.op->prepare == nullptr) return;
    std::vector<View> in;
    std::vector<View> out;
    for (const Value& operand : operands) in.push_back(operand.view);
    for (ValueId id : eq.outputs) out.push_back(values_[id].view);
    if (eq.op->fusion == Fusion::elementwise) {
      const Takeover t = find_takeover(eq, e, operands, std::vector<bool>(operands.size(), true));
      if (t.any) step.prepared = eq.op->prepare({in, out, eq.attrs, t.alias});
      if (step.prepared != nullptr) return take_over(eq, operands, t);
    }
    step.prepared = eq.op->prepare({in, out, eq.attrs, {}});
  }

  // ---- copies ----

  // A step that lays a strided operand out densely at an arena offset.
  Value densified(const Value& value, std::int64_t offset) {
    Value dense{new_root({Slot::Base::arena, 0, offset, {value.view.dtype, value.view.shape}, 0, true}),
                dense_view(origin(), value.view.dtype, value.view.shape)};
    add_copy(value, dense);
    return dense;
  }

  void add_copy(const Value& from, const Value& to) {
    Step step;
    step.name = "copy";
    if (is_dense(to.view)) step.prepared = kernels::prepare_copy(from.view, to.view);
    if (step.prepared == nullptr) step.kernel = copy_kernel;
    step.first = program_->slots.size();
    step.inputs = step.outputs = 1;
    add_slot(from);
    add_slot(to);
    program_->steps.push_back(std::move(step));
  }

  void copy_remaining_outputs() {
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      if (direct_[i]) continue;
      const Value& value = values_[graph_.outputs()[i]];
      const Type type{value.view.dtype, value.view.shape};
      add_copy(value, {new_root({Slot::Base::argument, graph_.inputs().size() + i, 0, type, 0, true}),
                       output_view(i)});
    }
  }

  // ---- loops ----

  template <class Take>
  std::shared_ptr<const Loop> make_loop(const Equation& eq, Take take) {
    const ScanSpec s = scan_spec(eq.attrs);
    auto loop = std::make_shared<Loop>();
    loop->length = s.length;
    loop->constants = static_cast<std::size_t>(s.constants);
    loop->carries = static_cast<std::size_t>(s.carries);
    loop->reverse = s.reverse;
    Arguments arguments;
    for (std::size_t i = 0; i < loop->carries; ++i) arguments.share.emplace_back(loop->constants + i, i);
    loop->body = runnel::plan(s.body, arguments);
    loop->arena = take(static_cast<std::int64_t>(loop->body->arena_bytes));
    for (std::size_t i = 0; i < loop->carries; ++i)
      loop->spare.push_back(loop->body->shares[i] ? -1 : take(bytes_of(graph_.type(eq.outputs[i]))));
    return loop;
  }

  // The output of a strip may have an input's memory where both step along the axis together.
  template <class Take>
  std::shared_ptr<const Chunks> make_chunks(const Equation& eq, std::size_t e,
                                            const std::vector<Value>& operands, Take take) {
    auto chunks = std::make_shared<Chunks>();
    chunks->spec = strip_spec(eq.attrs);
    const StripSpec& s = chunks->spec;
    Arguments arguments;
    for (const Value& operand : operands) arguments.inputs.push_back(operand.view.strides);
    for (ValueId id : eq.outputs) arguments.outputs.push_back(values_[id].view.strides);
    std::vector<bool> mapped;
    for (std::int64_t axis : s.in_axes) mapped.push_back(axis >= 0);
    Takeover t = find_takeover(eq, e, operands, mapped);
    for (std::size_t o = 0; o < t.alias.size(); ++o) {
      if (t.alias[o] < 0) continue;
      const auto i = static_cast<std::size_t>(t.alias[o]);
      if (s.in_axes[i] == s.out_axes[o]) arguments.share.emplace_back(i, o);
    }
    chunks->body = runnel::plan(s.body, arguments);
    if (s.tail != nullptr) chunks->tail = runnel::plan(s.tail, arguments);
    for (std::size_t p = 0; p < arguments.share.size(); ++p)
      if (!chunks->body->shares[p] || (s.tail != nullptr && !chunks->tail->shares[p]))
        t.alias[arguments.share[p].second] = -1;
    for (std::size_t o = 0; o < t.alias.size(); ++o)
      if (std::none_of(arguments.share.begin(), arguments.share.end(),
                       [&](const auto& pair) { return pair.second == o; }))
        t.alias[o] = -1;
    take_over(eq, operands, t);
    std::size_t bytes = chunks->body->arena_bytes;
    if (chunks->tail != nullptr) bytes = std::max(bytes, chunks->tail->arena_bytes);
    chunks->arena = take(static_cast<std::int64_t>(bytes));
    const std::int64_t ranges = (s.size + s.chunk - 1) / s.chunk;
    const double work = static_cast<double>(ranges) * work_of(*s.body);
    if (work >= kWorthThreads)
      chunks->workers = static_cast<int>(std::min<std::int64_t>(ranges, most_work_threads()));
    return chunks;
  }

  const Graph& graph_;
  const Arguments& arguments_;
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
  Arena arena_;
  std::vector<Root> roots_;
  std::vector<Value> values_;
  std::vector<bool> is_view_;
  std::vector<bool> direct_;
};

}  // namespace

std::shared_ptr<const Program> plan(const GraphPtr& graph, const Arguments& arguments) {
  return Planner(graph, arguments).plan();
}

}  // namespace runnel
