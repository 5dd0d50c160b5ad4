#include "kernels/elements.h"

#include <cstring>

#include "kernels/isa.h"
#include "kernels/simd/bytes.h"
#include "kernels/simd/element_plan.h"

namespace runnel::kernels {
namespace {

template <class T>
void expand_row(T* to, const T* from, std::int64_t n, std::int64_t step) {
  if (step == 0) {
    const T same = *from;
    for (std::int64_t i = 0; i < n; ++i) to[i] = same;
  } else if (step == 1) {
    copy_bytes(reinterpret_cast<std::byte*>(to), reinterpret_cast<const std::byte*>(from),
               static_cast<std::size_t>(n) * sizeof(T));
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i * step];
  }
}

// Writes the axes from `axis` on, `n` along the first of them; returns how many elements that were. Along an
// axis that repeats, what is written once is copied, twice as much each time.
template <class T>
std::int64_t expand_axes(const Expansion& walk, std::size_t axis, std::int64_t n, const T* from, T* to) {
  const std::int64_t step = walk.stride[axis];
  if (axis + 1 == walk.rank) {
    expand_row(to, from, n, step);
    return n;
  }
  const std::int64_t inner = expand_axes(walk, axis + 1, walk.size[axis + 1], from, to);
  const std::int64_t total = inner * n;
  if (step == 0) {
    for (std::int64_t done = inner; done < total;) {
      const std::int64_t more = done < total - done ? done : total - done;
      std::memcpy(to + done, to, static_cast<std::size_t>(more) * sizeof(T));
      done += more;
    }
  } else if (axis + 2 == walk.rank && walk.stride[axis + 1] == 1) {
    for (std::int64_t i = 1; i < n; ++i) expand_row(to + i * inner, from + i * step, inner, 1);
  } else {
    for (std::int64_t i = 1; i < n; ++i)
      expand_axes(walk, axis + 1, walk.size[axis + 1], from + i * step, to + i * inner);
  }
  return total;
}

template <class T>
void expand_as(const Expansion& walk, std::byte* const* at, std::int64_t rows) {
  expand_axes(walk, 0, rows, reinterpret_cast<const T*>(at[walk.from]), reinterpret_cast<T*>(at[walk.to]));
}

// Elements are known by their size alone.
void expand(const Expansion& walk, std::byte* const* at, std::int64_t rows) {
  if (walk.element_size == 4) return expand_as<std::uint32_t>(walk, at, rows);
  if (walk.element_size == 8) return expand_as<std::uint64_t>(walk, at, rows);
  expand_as<std::uint8_t>(walk, at, rows);
}

class TiledProgram final : public Prepared {
 public:
  explicit TiledProgram(ElementPlan plan) : plan_(std::move(plan)) {}

  std::size_t scratch_bytes() const override { return plan_.scratch; }

  void run(std::byte* const* data, std::byte* scratch) const override {
    std::byte** at = reinterpret_cast<std::byte**>(scratch);
    for (const ElementPlan::Source& source : plan_.sources) at[source.reg] = data[source.data];
    for (const ElementPlan::Place& place : plan_.places) at[place.reg] = scratch + place.offset;
    for (const Expansion& walk : plan_.expand_once) expand(walk, at, walk.size[0]);
    for (const ElementPlan::Once& once : plan_.once) once.step.loop(once.step, at, once.n);
    std::array<std::int64_t, kMaxRank + 1> turn{};
    const std::size_t inmost = plan_.levels.size() - 1;
    for (;;) {
      const bool last = turn[inmost] + 1 == plan_.levels[inmost].turns;
      run_tile(at, last ? plan_.last_tile : plan_.tile);
      std::size_t level = inmost + 1;
      for (; level > 0; --level) {
        if (++turn[level - 1] < plan_.levels[level - 1].turns) break;
        turn[level - 1] = 0;
      }
      if (level == 0) return;
      const std::vector<std::int64_t>& advance = plan_.levels[level - 1].advance;
      for (std::size_t k = 0; k < advance.size(); ++k) at[plan_.moving[k]] += advance[k];
    }
  }

 private:
  void run_tile(std::byte** at, std::size_t n) const {
    for (const Expansion& walk : plan_.expand_each) {
      const bool partial = walk.whole_tile && n != plan_.tile;
      expand(walk, at, partial ? static_cast<std::int64_t>(n / plan_.row) : walk.size[0]);
    }
    for (const ElementStep& step : plan_.steps) step.loop(step, at, n);
  }

  ElementPlan plan_;
};

class NothingToDo final : public Prepared {
 public:
  void run(std::byte* const*, std::byte*) const override {}
};

}  // namespace

PreparedPtr prepare_elements(const ElementProgram& program, std::span<const View> in,
                             std::span<const View> out, std::span<const int> alias) {
  if (isa() == Isa::reference) return nullptr;
  for (const ElementOp& op : program.ops)
    if (element_loop(op, true) == nullptr) return nullptr;  // the reference kernel says what is wrong with it
  const Shape shape = !out.empty() ? out[0].shape : Shape{};
  const ElementWalk walk(shape, in);
  if (out.empty() || walk.empty) return std::make_shared<const NothingToDo>();
  if (walk.size.empty()) return prepare_scalar(program);
  return std::make_shared<const TiledProgram>(plan_elements(program, walk, alias));
}

}  // namespace runnel::kernels
