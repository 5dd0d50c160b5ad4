#include "kernels/simd/element_plan.h"

#include <algorithm>
#include <bit>

namespace runnel::kernels {
namespace {

constexpr std::size_t kEvery = 16;  // the shortest distance at which an operand may repeat (element_loops.h)
constexpr std::size_t kNever = ~std::size_t{0};
constexpr std::size_t kLine = 64;

std::size_t round_up(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

std::size_t operands_of(const ElementOp& op) {
  switch (op.what.kind) {
    case ElementCode::Kind::unary:
    case ElementCode::Kind::convert:
      return 1;
    case ElementCode::Kind::binary:
    case ElementCode::Kind::compare:
      return 2;
    case ElementCode::Kind::select:
      return 3;
  }
  return 0;
}

// The program as a list of nodes: an operation, or a pair that is run as one.
struct Node {
  ElementOp op;  // of a pair: its second operation
  ElementPair pair;
  bool is_pair = false;
  std::vector<std::uint16_t> in;
  std::uint16_t out = 0;
};

class Planner {
 public:
  Planner(const ElementProgram& program, const ElementWalk& walk, std::span<const int> alias)
      : program_(program), walk_(walk), alias_(alias), inputs_(program.inputs.size()) {
    types_ = program.inputs;
    for (const ElementOp& op : program.ops) add_node(op);
    name_outputs();
  }

  ElementPlan plan() {
    choose_tile();
    make_levels();
    place_inputs();
    for (Node& node : nodes_) place_node(node);
    std::vector<Node> each;
    for (Node& node : nodes_)
      if (!done_[node.out]) each.push_back(std::move(node));
    nodes_ = std::move(each);
    join_pairs();
    place_results();
    for (const Node& node : nodes_) plan_.steps.push_back(step_of(node));
    plan_.scratch = round_up(types_.size() * sizeof(std::byte*));
    for (ElementPlan::Place& place : plan_.places) place.offset += plan_.scratch;
    plan_.scratch += used_;
    return std::move(plan_);
  }

 private:
  void add_node(const ElementOp& op) {
    Node node;
    node.op = op;
    node.in.assign(op.in.begin(), op.in.begin() + static_cast<std::ptrdiff_t>(operands_of(op)));
    node.out = new_register(op.to);
    nodes_.push_back(std::move(node));
  }

  std::uint16_t new_register(DType dtype) {
    types_.push_back(dtype);
    return static_cast<std::uint16_t>(types_.size() - 1);
  }

  void add_copy(std::uint16_t from, std::uint16_t to) {
    Node node;
    const DType dtype = types_[from];
    node.op = {{ElementCode::Kind::convert, 0}, dtype, dtype, {from, 0, 0}};
    node.in = {from};
    node.out = to;
    nodes_.push_back(std::move(node));
  }

  // Each output gets a register of its own that an operation writes: what is an input, or an output already,
  // is copied.
  void name_outputs() {
    for (std::size_t o = 0; o < program_.outputs.size(); ++o) {
      std::uint16_t reg = program_.outputs[o];
      if (reg < inputs_ || std::find(outputs_.begin(), outputs_.end(), reg) != outputs_.end()) {
        const std::uint16_t copy = new_register(types_[reg]);
        add_copy(reg, copy);
        reg = copy;
      }
      outputs_.push_back(reg);
    }
  }

  // As many whole rows of the inner axes as fit; else a part of the innermost axis.
  void choose_tile() {
    std::size_t widest = 4;
    for (DType dtype : types_) widest = std::max(widest, size_of(dtype));
    const bool many = types_.size() > 20;  // registers that shall stay in the first cache together
    const std::int64_t most = static_cast<std::int64_t>((many ? 2048 : 4096) / widest);
    split_ = walk_.size.size() - 1;
    std::int64_t inner = 1;
    while (split_ > 0 && inner * walk_.size[split_] <= most) inner *= walk_.size[split_--];
    const std::int64_t whole = walk_.size[split_];
    std::int64_t rows = std::clamp<std::int64_t>(most / inner, 1, whole);
    turns_ = (whole + rows - 1) / rows;
    rows = (whole + turns_ - 1) / turns_;
    if (inner == 1 && turns_ > 1) rows = (rows + 63) / 64 * 64;
    turns_ = (whole + rows - 1) / rows;
    rows_ = rows;
    plan_.row = static_cast<std::size_t>(inner);
    plan_.tile = static_cast<std::size_t>(rows * inner);
    plan_.last_tile = static_cast<std::size_t>((whole - (turns_ - 1) * rows) * inner);
  }

  void make_levels() {
    for (std::size_t axis = 0; axis < split_; ++axis) plan_.levels.push_back({walk_.size[axis], {}});
    plan_.levels.push_back({turns_, {}});
  }

  // A register that begins at an array and moves with the tiles by its strides along the axes (in elements).
  template <class StrideOf>
  void add_moving(std::uint16_t reg, std::size_t data, StrideOf stride) {
    plan_.sources.push_back({reg, static_cast<std::uint16_t>(data)});
    const auto size = static_cast<std::int64_t>(size_of(types_[reg]));
    bool moves = false;
    for (std::size_t axis = 0; axis <= split_; ++axis) moves |= stride(axis) != 0;
    if (!moves) return;
    plan_.moving.push_back(reg);
    std::int64_t undo = 0;
    for (std::size_t axis = split_ + 1; axis-- > 0;) {
      const std::int64_t step = stride(axis) * size * (axis == split_ ? rows_ : 1);
      plan_.levels[axis].advance.push_back(step - undo);
      undo += step * (plan_.levels[axis].turns - 1);
    }
  }

  std::uint16_t add_place(std::uint16_t reg, std::size_t bytes) {
    plan_.places.push_back({reg, used_});
    used_ += round_up(bytes);
    return reg;
  }

  std::int64_t stride_of(std::size_t axis, std::size_t input) const { return walk_.stride[axis][input]; }

  // Writes the operand out into a buffer: `elements` of them, walking `size` axes.
  std::uint16_t add_expansion(std::size_t input, Expansion walk, std::size_t elements, bool once) {
    const DType dtype = types_[input];
    walk.from = static_cast<std::uint16_t>(input);
    walk.to = add_place(new_register(dtype), elements * size_of(dtype));
    walk.element_size = static_cast<std::uint8_t>(size_of(dtype));
    (once ? plan_.expand_once : plan_.expand_each).push_back(walk);
    mask_.resize(types_.size(), kNever);
    done_.resize(types_.size(), false);
    return walk.to;
  }

  void place_inputs() {
    mask_.assign(types_.size(), kNever);
    done_.assign(types_.size(), false);
    stands_for_.resize(types_.size());
    for (std::size_t r = 0; r < stands_for_.size(); ++r) stands_for_[r] = static_cast<std::uint16_t>(r);
    std::vector<bool> read(types_.size(), false);
    for (const Node& node : nodes_)
      for (std::uint16_t in : node.in) read[in] = true;
    for (std::size_t input = 0; input < inputs_; ++input)
      if (read[input]) place_input(input);
  }

  void place_input(std::size_t input) {
    const std::size_t last = walk_.size.size() - 1;
    add_moving(static_cast<std::uint16_t>(input), input,
               [&](std::size_t axis) { return stride_of(axis, input); });
    // The innermost axes along which the elements touch.
    std::int64_t touching = 1;
    std::size_t axis = last + 1;
    while (axis > split_ && (stride_of(axis - 1, input) == touching || (axis - 1 == split_ && rows_ == 1))) {
      --axis;
      touching *= axis == split_ ? rows_ : walk_.size[axis];
    }
    if (axis <= split_) return;  // read where it lies
    bool repeats = true;
    for (std::size_t k = split_; k < axis; ++k) repeats &= stride_of(k, input) == 0;
    bool stands = stride_of(split_, input) == 0 || turns_ == 1;
    for (std::size_t k = 0; k < split_; ++k) stands &= stride_of(k, input) == 0;
    const auto period = static_cast<std::size_t>(touching);
    Expansion walk;
    if (repeats && std::has_single_bit(period)) {
      if (period >= kEvery) {
        mask_[input] = period - 1;
        done_[input] = stands;
        return;
      }
      if (period == 1) {
        walk.rank = 1;
        walk.size = {static_cast<std::int64_t>(kEvery)};
      } else {
        walk.rank = 2;
        walk.size = {static_cast<std::int64_t>(kEvery / period), touching};
        walk.stride = {0, 1};
      }
      const std::uint16_t to = add_expansion(input, walk, kEvery, stands);
      mask_[to] = kEvery - 1;
      done_[to] = stands;
      stands_for_[input] = to;
      return;
    }
    walk.whole_tile = true;
    walk.rank = static_cast<std::uint8_t>(last + 1 - split_);
    for (std::size_t k = split_; k <= last; ++k) {
      walk.size[k - split_] = k == split_ ? rows_ : walk_.size[k];
      walk.stride[k - split_] = stride_of(k, input);
    }
    const std::uint16_t to = add_expansion(input, walk, plan_.tile, stands);
    done_[to] = stands;
    stands_for_[input] = to;
  }

  bool is_output(std::uint16_t reg) const {
    return std::find(outputs_.begin(), outputs_.end(), reg) != outputs_.end();
  }

  ElementStep step_of(const Node& node) const {
    ElementStep step;
    bool repeats = false;
    for (std::size_t k = 0; k < node.in.size(); ++k) {
      step.in[k] = node.in[k];
      step.mask[k] = mask_[node.in[k]];
      repeats |= step.mask[k] != kNever;
    }
    step.out = node.out;
    step.loop =
        node.is_pair ? element_pair_loop(node.pair, node.op.from, repeats) : element_loop(node.op, repeats);
    return step;
  }

  // An operation whose operands are the same in every tile is run once, over no more than their period.
  void place_node(Node& node) {
    bool once = !is_output(node.out);
    std::size_t mask = 0;
    for (std::uint16_t& in : node.in) {
      in = stands_for_[in];
      once &= done_[in];
      mask |= mask_[in];
    }
    if (!once) return;
    const std::size_t n = mask == kNever ? plan_.tile : mask + 1;
    done_[node.out] = true;
    mask_[node.out] = mask;
    add_place(node.out, n * size_of(types_[node.out]));
    plan_.once.push_back({step_of(node), n});
  }

  // Joins an operation to the one that alone reads its result, where there is a loop for both.
  void join_pairs() {
    std::vector<int> readers(types_.size(), 0);
    std::vector<int> maker(types_.size(), -1);
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      for (std::uint16_t in : nodes_[k].in) ++readers[in];
      maker[nodes_[k].out] = static_cast<int>(k);
    }
    std::vector<bool> gone(nodes_.size(), false);
    for (Node& node : nodes_) {
      for (std::size_t place = 0; place < node.in.size() && !node.is_pair; ++place) {
        const int k = maker[node.in[place]];
        if (k < 0) continue;
        const Node& first = nodes_[static_cast<std::size_t>(k)];
        if (first.is_pair || readers[first.out] != 1 || is_output(first.out)) continue;
        gone[static_cast<std::size_t>(k)] = join(node, first, place);
      }
    }
    std::vector<Node> kept;
    for (std::size_t k = 0; k < nodes_.size(); ++k)
      if (!gone[k]) kept.push_back(std::move(nodes_[k]));
    nodes_ = std::move(kept);
  }

  bool join(Node& node, const Node& first, std::size_t place) const {
    if (first.op.from != node.op.from) return false;
    const ElementPair pair{first.op.what, node.op.what, static_cast<int>(place)};
    if (element_pair_loop(pair, node.op.from, false) == nullptr) return false;
    std::vector<std::uint16_t> in = first.in;
    for (std::size_t k = 0; k < node.in.size(); ++k)
      if (k != place) in.push_back(node.in[k]);
    node.in = std::move(in);
    node.pair = pair;
    node.is_pair = true;
    return true;
  }

  // Results of the operations of a tile: outputs go where they shall lie, unless the memory there is still to
  // be read; the others share buffers, each from its making to its last reading.
  void place_results() {
    copy_late_outputs();
    std::vector<std::size_t> last_read(types_.size(), 0);
    for (std::size_t k = 0; k < nodes_.size(); ++k)
      for (std::uint16_t in : nodes_[k].in) last_read[in] = k;
    std::size_t widest = 1;
    for (const Node& node : nodes_) widest = std::max(widest, size_of(types_[node.out]));
    const std::size_t bytes = round_up(plan_.tile * widest);
    std::vector<std::size_t> free;
    std::vector<std::size_t> held(types_.size(), kNever);
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      const std::uint16_t out = nodes_[k].out;
      const auto release = [&](bool same_size_only) {
        for (std::uint16_t in : nodes_[k].in) {
          if (held[in] == kNever || last_read[in] != k) continue;
          if (same_size_only && size_of(types_[in]) != size_of(types_[out])) continue;
          free.push_back(held[in]);
          held[in] = kNever;
        }
      };
      // An element of the same size may be written over the one that it is made of.
      release(true);
      if (!is_output(out)) {
        if (free.empty()) {
          free.push_back(used_);
          used_ += bytes;
        }
        held[out] = free.back();
        free.pop_back();
        plan_.places.push_back({out, held[out]});
      }
      release(false);
    }
    for (std::size_t o = 0; o < outputs_.size(); ++o)
      add_moving(outputs_[o], inputs_ + o, [&](std::size_t axis) {
        std::int64_t step = 1;
        for (std::size_t k = axis + 1; k < walk_.size.size(); ++k) step *= walk_.size[k];
        return step;
      });
  }

  void copy_late_outputs() {
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      const int input = o < alias_.size() ? alias_[o] : -1;
      if (input < 0) continue;
      bool made = false;
      bool read_later = false;
      for (const Node& node : nodes_) {
        if (made) read_later |= std::find(node.in.begin(), node.in.end(), input) != node.in.end();
        made |= node.out == outputs_[o];
      }
      if (!read_later) continue;
      const std::uint16_t result = outputs_[o];
      outputs_[o] = new_register(types_[result]);
      mask_.resize(types_.size(), kNever);
      done_.resize(types_.size(), false);
      add_copy(result, outputs_[o]);
    }
  }

  const ElementProgram& program_;
  const ElementWalk& walk_;
  std::span<const int> alias_;
  std::size_t inputs_;
  std::vector<DType> types_;
  std::vector<Node> nodes_;
  std::vector<std::uint16_t> outputs_;
  ElementPlan plan_;
  std::size_t used_ = 0;   // bytes of buffers
  std::size_t split_ = 0;  // the axis of which a tile has some rows; of the axes inside it has all
  std::int64_t rows_ = 1;
  std::int64_t turns_ = 1;
  std::vector<std::size_t> mask_;  // by register, as in ElementStep
  std::vector<bool> done_;         // by register: the same in every tile
  std::vector<std::uint16_t> stands_for_;
};

}  // namespace

ElementWalk::ElementWalk(const Shape& shape, std::span<const View> in) {
  // The last place of a walk's strides is the dense output's.
  const Strides dense = row_major(shape);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) empty = true;
    if (shape[axis] == 1) continue;
    std::vector<std::int64_t> along;
    for (const View& view : in) along.push_back(view.strides[axis]);
    along.push_back(dense[axis]);
    bool continues = !size.empty();
    for (std::size_t k = 0; continues && k < along.size(); ++k)
      continues = stride.back()[k] == along[k] * shape[axis];
    if (continues) {
      size.back() *= shape[axis];
      stride.back() = std::move(along);
    } else {
      size.push_back(shape[axis]);
      stride.push_back(std::move(along));
    }
  }
}

std::int64_t ElementWalk::count() const {
  std::int64_t n = empty ? 0 : 1;
  for (std::int64_t s : size) n *= s;
  return n;
}

ElementPlan plan_elements(const ElementProgram& program, const ElementWalk& walk,
                          std::span<const int> alias) {
  return Planner(program, walk, alias).plan();
}

}  // namespace runnel::kernels
