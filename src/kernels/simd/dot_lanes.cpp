// Products whose columns do not lie side by side in vectors: many small models in lanes, and products with a
// further axis beside a short contiguous one. For each vector of `v`, tiles of rows by columns.
#include <algorithm>
#include <optional>

#include "core/dispatch.h"
#include "core/threads.h"
#include "kernels/simd/dot_pairs.h"

namespace runnel::kernels {
namespace {

constexpr std::int64_t kFarBytes = 1024;          // of all lanes together
constexpr std::int64_t kPackedBytes = 32 * 1024;  // of b, in one vector of lanes
constexpr double kPartWork = 1.25e6;              // multiply-adds that are worth another thread

template <class T>
class LaneProduct final : public Prepared {
 public:
  explicit LaneProduct(const VectorPlan& plan)
      : p_(plan),
        whole_(plan.v.size - PairedLanes<T>::lanes_of(plan)),
        tiles_(whole_ < plan.v.size ? widest_dot_tiles(T{}) : dot_tiles(T{}, plan.v.size)),
        width_(tiles_.width) {
    if (whole_ < plan.v.size) paired_.emplace(plan);
    if (whole_ == 0) return;
    part_ = whole_ < width_;
    count_ = std::min(width_, whole_);
    shape_ = cheapest(p_.m.size, p_.n.size, p_.k.size,
                      [&](std::int64_t r, std::int64_t c) { return tile(r, c).run != nullptr; });
    rows_ = Cut(p_.m.size, shape_.rows);
    columns_ = Cut(p_.n.size, shape_.columns);
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j)
        if (rows_.base + i <= DotTiles<T>::kMost && columns_.base + j <= DotTiles<T>::kMost)
          run_[i][j] = tile(rows_.base + i, columns_.base + j);
    // Measured: a copy of b pays where its lanes are so many that its steps meet in few places of the first
    // cache (256 lanes in f32: 130 against 95 GFLOP/s); of a, of which a tile reads few, it never does.
    const std::int64_t b_bytes = p_.n.size * p_.k.size * width_ * static_cast<std::int64_t>(sizeof(T));
    pack_a_ = p_.lanes && p_.v.a != 1;
    pack_b_ = p_.v.b != 1 || (whole_ * static_cast<std::int64_t>(sizeof(T)) >= kFarBytes && p_.k.size >= 8 &&
                              p_.m.size >= 2 * shape_.rows && b_bytes <= kPackedBytes);
    a_numbers_ = pack_a_ ? shape_.rows * p_.k.size * width_ : 0;
    b_numbers_ = pack_b_ ? p_.n.size * p_.k.size * width_ : 0;
    const double work = static_cast<double>(p_.outer.count() * p_.m.size * p_.n.size * p_.k.size) *
                        static_cast<double>(p_.v.size) / static_cast<double>(width_) * 16;
    parts_ = static_cast<int>(std::clamp(work / kPartWork, 1.0, static_cast<double>(apart())));
    parts_ = std::min(parts_, most_work_threads());
  }

  std::size_t scratch_bytes() const override { return part_bytes() * static_cast<std::size_t>(parts_); }

  void run(std::byte* const* data, std::byte* scratch) const override {
    const T* a = reinterpret_cast<const T*>(data[p_.traded ? 1 : 0]);
    const T* b = reinterpret_cast<const T*>(data[p_.traded ? 0 : 1]);
    T* out = reinterpret_cast<T*>(data[2]);
    const int parts = parts_ == 1 ? 1 : std::min(parts_, work_threads());
    if (parts == 1) return vectors_from(0, vectors(), a, b, out, scratch);
    parallel_parts(parts, [&](int i) {
      const std::int64_t end = i + 1 == parts ? vectors() : apart() * (i + 1) / parts;
      vectors_from(apart() * i / parts, end, a, b, out, scratch + part_bytes() * static_cast<std::size_t>(i));
    });
  }

 private:
  struct Chosen {
    DotTile<T> run = nullptr;
    bool trade = false;
  };

  Chosen tile(std::int64_t rows, std::int64_t columns) const {
    const auto r = static_cast<std::size_t>(rows - 1);
    const auto c = static_cast<std::size_t>(columns - 1);
    if (!p_.lanes) {
      if (part_) return {columns == 1 ? tiles_.rows_part[r] : nullptr, false};
      return {tiles_.rows[r][c], false};
    }
    const auto& table = part_ ? tiles_.lanes_part : tiles_.lanes;
    if (rows <= columns) return {table[r][c], false};
    return {table[c][r], true};
  }

  std::int64_t vectors() const { return (whole_ + width_ - 1) / width_; }
  // Vectors that can be dealt to different threads: the last two stay together, since they may overlap.
  std::int64_t apart() const { return std::max(vectors() - 1, std::int64_t{1}); }
  std::size_t part_bytes() const {
    return (static_cast<std::size_t>(a_numbers_ + b_numbers_) * sizeof(T) + 63) / 64 * 64;
  }

  void vectors_from(std::int64_t begin, std::int64_t end, const T* a, const T* b, T* out,
                    std::byte* scratch) const {
    p_.outer.each([&](const auto& at) {
      for (std::int64_t l = begin; l < end; ++l) {
        // The last vector overlaps the one before rather than leave a remainder: a number's result is the
        // same whoever computes it, and a tile only writes.
        const std::int64_t first = part_ ? 0 : std::min(l * width_, whole_ - width_);
        one_vector(a + at[0] + first * p_.v.a, b + at[1] + first * p_.v.b, out + at[2] + first,
                   reinterpret_cast<T*>(scratch));
      }
      if (paired_ && end == vectors()) paired_->run(a + at[0], b + at[1], out + at[2]);
    });
  }

  // [k][row or column of the tile][lane]
  void pack_tile(const T* x, std::int64_t size, std::int64_t step, std::int64_t x_k, std::int64_t x_v,
                 T* to) const {
    for (std::int64_t i = 0; i < size; ++i)
      tiles_.pack(x + i * step, x_v, x_k, count_, p_.k.size, to + i * width_, size * width_);
  }

  void one_vector(const T* a, const T* b, T* out, T* scratch) const {
    if (pack_b_) {
      T* const packed = scratch + a_numbers_;
      columns_.each([&](std::int64_t j, std::int64_t c) {
        pack_tile(b + j * p_.n.b, c, p_.n.b, p_.k.b, p_.v.b, packed + j * p_.k.size * width_);
      });
      b = packed;
    }
    const std::int64_t b_tile = pack_b_ ? p_.k.size * width_ : p_.n.b;
    rows_.each([&](std::int64_t i, std::int64_t r) {
      const T* a_rows = a + i * p_.m.a;
      if (pack_a_) {
        pack_tile(a_rows, r, p_.m.a, p_.k.a, p_.v.a, scratch);
        a_rows = scratch;
      }
      columns_.each([&](std::int64_t j, std::int64_t c) {
        const Chosen& chosen = run_[r - rows_.base][c - columns_.base];
        TileSteps steps{p_.m.a, p_.k.a, p_.n.b, p_.k.b, p_.m.out, p_.n.out};
        if (pack_a_) {
          steps.a_i = width_;
          steps.a_k = r * width_;
        }
        if (pack_b_) {
          steps.b_j = width_;
          steps.b_k = c * width_;
        }
        const T* x = a_rows;
        const T* y = b + j * b_tile;
        if (chosen.trade) {
          std::swap(x, y);
          steps = {steps.b_j, steps.b_k, steps.a_i, steps.a_k, steps.out_j, steps.out_i};
        }
        chosen.run(x, y, out + i * p_.m.out + j * p_.n.out, steps, p_.k.size, false, count_);
      });
    });
  }

  const VectorPlan p_;
  const std::int64_t whole_;  // lanes in vectors of their own; the others are paired
  std::optional<PairedLanes<T>> paired_;
  const DotTiles<T>& tiles_;
  const std::int64_t width_;
  bool part_ = false;
  std::int64_t count_ = 0;
  TileShape shape_;
  Cut rows_, columns_;
  Chosen run_[2][2];
  bool pack_a_ = false;
  bool pack_b_ = false;
  std::int64_t a_numbers_ = 0;
  std::int64_t b_numbers_ = 0;
  int parts_ = 1;
};

}  // namespace

PreparedPtr prepare_lane_product(const VectorPlan& plan, DType dtype) {
  return dispatch_float("dot_general", dtype, [&](auto tag) -> PreparedPtr {
    return std::make_shared<LaneProduct<typename decltype(tag)::type>>(plan);
  });
}

}  // namespace runnel::kernels
