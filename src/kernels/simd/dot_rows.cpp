// Ordinary products: rows of a, read number by number, against columns of b that are read as vectors.
#include <algorithm>

#include "core/dispatch.h"
#include "core/threads.h"
#include "kernels/reference/dot.h"
#include "kernels/simd/dot_plan.h"

namespace runnel::kernels {
namespace {

constexpr std::int64_t kPanel = 1024;  // columns of b that are packed together: they stay in the third cache
constexpr std::int64_t kRowsBytes = 512 * 1024;  // of a, in one block of k: they stay in the second cache
constexpr std::int64_t kFarBytes = 1024;         // a longer step from one k to the next
constexpr double kPartWork = 1e6;                // multiply-adds that are worth another thread
// Measured: of a row, b comes from the second cache and a step costs twice what it does in a tile.
constexpr double kSparse = 0.4;     // of what is no 0, at most
constexpr std::int64_t kProbe = 8;  // rows that are looked at for it

template <class T>
class RowProduct final : public Prepared {
  static constexpr auto kBytes = static_cast<std::int64_t>(sizeof(T));

 public:
  explicit RowProduct(const VectorPlan& plan)
      : p_(plan), tiles_(dot_tiles(T{}, plan.v.size)), width_(tiles_.width) {
    const std::int64_t k = std::min(p_.k.size, kDotBlock);
    shape_ = cheapest(p_.m.size, p_.v.size / width_, k,
                      [&](std::int64_t r, std::int64_t c) { return tiles_.rows[r - 1][c - 1] != nullptr; });
    if (p_.v.size < width_) shape_ = {DotTiles<T>::kMost, 1};
    const std::int64_t unit = shape_.columns * width_;
    panel_ = kPanel / unit * unit;
    row_block_ = std::max(shape_.rows, kRowsBytes / kBytes / k / shape_.rows * shape_.rows);
    const bool deep = p_.k.size >= 16;
    pack_b_ = p_.v.b != 1 || (deep && p_.m.size >= 4 * shape_.rows && std::abs(p_.k.b) * kBytes >= kFarBytes);
    // Rows of a that touch at each k come with the line that they share: a copy would cost more than it
    // spares.
    const bool scattered = p_.m.a != 1 && p_.k.a != 1;
    pack_a_ = deep && scattered && std::abs(p_.k.a) * kBytes >= kFarBytes && p_.v.size >= unit;
    b_numbers_ = pack_b_ ? round_up(std::min(panel_, p_.v.size) * k) : 0;
    a_numbers_ = pack_a_ ? round_up(std::min(row_block_, p_.m.size) * k) : 0;
    whole_rows_ = Cut(p_.m.size, shape_.rows);
    whole_columns_ = Cut(p_.v.size / width_, shape_.columns);
    const double work = static_cast<double>(p_.m.size * p_.k.size) * static_cast<double>(p_.v.size);
    by_columns_ = p_.v.size >= p_.m.size && p_.v.size >= 4 * unit;
    const std::int64_t most = by_columns_ ? p_.v.size / unit : whole_rows_.size / shape_.rows;
    parts_ = static_cast<int>(
        std::clamp(work / kPartWork, 1.0, static_cast<double>(std::max(most, std::int64_t{1}))));
    parts_ = std::min(parts_, most_work_threads());
  }

  std::size_t scratch_bytes() const override { return part_bytes() * static_cast<std::size_t>(parts_); }

  void run(std::byte* const* data, std::byte* scratch) const override {
    const T* a = reinterpret_cast<const T*>(data[p_.traded ? 1 : 0]);
    const T* b = reinterpret_cast<const T*>(data[p_.traded ? 0 : 1]);
    T* out = reinterpret_cast<T*>(data[2]);
    const int parts = parts_ == 1 ? 1 : std::min(parts_, work_threads());
    p_.outer.each([&](const auto& at) {
      const T* x = a + at[0];
      const T* y = b + at[1];
      T* o = out + at[2];
      if (parts == 1) return range({0, p_.m.size}, {0, p_.v.size}, x, y, o, reinterpret_cast<T*>(scratch));
      parallel_parts(parts, [&](int i) {
        T* own = reinterpret_cast<T*>(scratch + part_bytes() * static_cast<std::size_t>(i));
        if (by_columns_)
          range({0, p_.m.size}, share(p_.v.size, shape_.columns * width_, i, parts), x, y, o, own);
        else
          range(share(p_.m.size, shape_.rows, i, parts), {0, p_.v.size}, x, y, o, own);
      });
    });
  }

 private:
  struct Range {
    std::int64_t begin, end;
    std::int64_t size() const { return end - begin; }
  };

  static std::int64_t round_up(std::int64_t numbers) { return (numbers + 15) / 16 * 16; }
  std::size_t part_bytes() const { return static_cast<std::size_t>(a_numbers_ + b_numbers_) * sizeof(T); }

  // Part i of `parts` of a length, in whole units but for the last.
  static Range share(std::int64_t size, std::int64_t unit, int i, int parts) {
    const std::int64_t units = (size + unit - 1) / unit;
    return {std::min(size, units * i / parts * unit), std::min(size, units * (i + 1) / parts * unit)};
  }

  Cut rows_of(std::int64_t size) const {
    return size == whole_rows_.size ? whole_rows_ : Cut(size, shape_.rows);
  }
  Cut columns_of(std::int64_t vectors) const {
    return vectors == whole_columns_.size ? whole_columns_ : Cut(vectors, shape_.columns);
  }

  void range(Range m, Range v, const T* a, const T* b, T* out, T* scratch) const {
    for (std::int64_t j0 = v.begin; j0 < v.end; j0 += panel_) {
      const std::int64_t columns = std::min(panel_, v.end - j0);
      for (std::int64_t k0 = 0; k0 < p_.k.size; k0 += kDotBlock) {
        const std::int64_t k = std::min(kDotBlock, p_.k.size - k0);
        const T* bk = b + j0 * p_.v.b + k0 * p_.k.b;
        const Cut cut = columns_of(columns / width_);
        const T* ak = a + k0 * p_.k.a;
        if (is_sparse(ak, m, bk, columns, k)) {
          for (std::int64_t i = m.begin; i < m.end; ++i)
            sparse_row(ak + i * p_.m.a, bk, cut, k, out + i * p_.m.out + j0, k0 > 0);
          continue;
        }
        if (pack_b_) pack_b(bk, columns, k, cut, scratch);
        for (std::int64_t i0 = m.begin; i0 < m.end; i0 += row_block_) {
          const std::int64_t rows = std::min(row_block_, m.end - i0);
          block(a + i0 * p_.m.a + k0 * p_.k.a, rows, pack_b_ ? scratch : bk, columns, cut, k,
                out + i0 * p_.m.out + j0, k0 > 0, scratch + b_numbers_);
        }
      }
    }
  }

  // Whether rows of a are mostly 0, as those of categories are. Products with 0 may be left out where they
  // are 0 in any case: where b is finite.
  bool is_sparse(const T* a, Range m, const T* b, std::int64_t columns, std::int64_t k) const {
    if (p_.k.a != 1 || p_.v.b != 1 || columns % width_ != 0 || k < 32 || m.size() < 2 * kProbe) return false;
    std::int32_t places[kDotBlock + 16];
    std::int64_t found = 0;
    for (std::int64_t i = 0; i < kProbe; ++i)
      found += tiles_.not_zero(a + (m.begin + m.size() * i / kProbe) * p_.m.a, k, places);
    if (static_cast<double>(found) > kSparse * static_cast<double>(kProbe * k)) return false;
    if (p_.k.b == columns) return tiles_.all_finite(b, k * columns);
    for (std::int64_t p = 0; p < k; ++p)
      if (!tiles_.all_finite(b + p * p_.k.b, columns)) return false;
    return true;
  }

  void sparse_row(const T* a, const T* b, const Cut& cut, std::int64_t k, T* out, bool add) const {
    std::int32_t places[kDotBlock + 16];
    const std::int64_t n = tiles_.not_zero(a, k, places);
    cut.each([&](std::int64_t j, std::int64_t c) {
      const T* columns = b + j * width_;
      T* to = out + j * width_;
      if (tiles_.sparse[c - 1](a, places, n, columns, p_.k.b, to, add)) return;
      tiles_.rows[0][c - 1](a, columns, to, {p_.m.a, p_.k.a, width_, p_.k.b, p_.m.out, width_}, k, add, 0);
    });
  }

  // [tile][k][column of the tile]; the columns that fill no vector are a tile of their own.
  void pack_b(const T* b, std::int64_t columns, std::int64_t k, const Cut& cut, T* to) const {
    cut.each([&](std::int64_t j, std::int64_t c) {
      tiles_.pack(b + j * width_ * p_.v.b, p_.v.b, p_.k.b, c * width_, k, to + j * width_ * k, c * width_);
    });
    const std::int64_t full = cut.size * width_;
    if (full < columns)
      tiles_.pack(b + full * p_.v.b, p_.v.b, p_.k.b, columns - full, k, to + full * k, columns - full);
  }

  void block(const T* a, std::int64_t rows, const T* b, std::int64_t columns, const Cut& cut, std::int64_t k,
             T* out, bool add, T* scratch) const {
    const Cut row_cut = rows_of(rows);
    if (pack_a_) tiles_.pack_rows(a, p_.m.a, p_.k.a, rows, row_cut.base, row_cut.longer, k, scratch);
    const std::int64_t full = cut.size * width_;
    // A tile of columns stays at hand while the rows go by.
    const auto tile_rows = [&](const T* columns_of_b, std::int64_t b_k, T* to, const auto& tile_of) {
      TileSteps steps{pack_a_ ? 1 : p_.m.a, p_.k.a, width_, b_k, p_.m.out, width_};
      row_cut.each([&](std::int64_t i, std::int64_t r) {
        if (pack_a_) steps.a_k = r;
        tile_of(r)(pack_a_ ? scratch + i * k : a + i * p_.m.a, columns_of_b, to + i * p_.m.out, steps, k, add,
                   columns - full);
      });
    };
    cut.each([&](std::int64_t j, std::int64_t c) {
      tile_rows(b + j * width_ * (pack_b_ ? k : 1), pack_b_ ? c * width_ : p_.k.b, out + j * width_,
                [&](std::int64_t r) { return tiles_.rows[r - 1][c - 1]; });
    });
    if (full < columns)
      tile_rows(b + full * (pack_b_ ? k : 1), pack_b_ ? columns - full : p_.k.b, out + full,
                [&](std::int64_t r) { return tiles_.rows_part[r - 1]; });
  }

  const VectorPlan p_;
  const DotTiles<T>& tiles_;
  const std::int64_t width_;
  TileShape shape_;
  std::int64_t panel_ = 0;      // columns of b that are taken together
  std::int64_t row_block_ = 0;  // rows of a that are packed together
  bool pack_a_ = false;
  bool pack_b_ = false;
  std::int64_t a_numbers_ = 0;
  std::int64_t b_numbers_ = 0;
  Cut whole_rows_, whole_columns_;
  bool by_columns_ = false;
  int parts_ = 1;
};

}  // namespace

PreparedPtr prepare_row_product(const VectorPlan& plan, DType dtype) {
  return dispatch_float("dot_general", dtype, [&](auto tag) -> PreparedPtr {
    return std::make_shared<RowProduct<typename decltype(tag)::type>>(plan);
  });
}

}  // namespace runnel::kernels
