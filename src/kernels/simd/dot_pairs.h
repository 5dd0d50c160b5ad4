// Lanes that fill no more than half a vector: two rows or two columns of the product go side by side in one.
#pragma once

#include <algorithm>

#include "kernels/simd/dot_plan.h"

namespace runnel::kernels {

template <class T>
class PairedLanes {
 public:
  // How many of the last lanes of a product are worth it; none: 0.
  static std::int64_t lanes_of(const VectorPlan& p) {
    const std::int64_t width = widest_dot_tiles(T{}).width;
    const std::int64_t rest = p.v.size % width;
    const bool fits = p.lanes && p.v.a == 1 && p.v.b == 1 && std::max(p.m.size, p.n.size) >= 2;
    return fits && rest <= width / 2 ? rest : 0;
  }

  explicit PairedLanes(const VectorPlan& plan)
      : m_(plan.m), n_(plan.n), k_(plan.k), tiles_(widest_dot_tiles(T{})) {
    const auto vectors = [](const DotAxis& single, const DotAxis& paired) {
      return paired.size < 2 ? single.size * paired.size * 2 : single.size * ((paired.size + 1) / 2);
    };
    traded_ = vectors(n_, m_) < vectors(m_, n_);
    if (traded_) {
      std::swap(m_, n_);
      for (DotAxis* axis : {&m_, &n_, &k_}) std::swap(axis->a, axis->b);
    }
    const std::int64_t half = tiles_.width / 2;
    count_ = std::min(half, plan.v.size);
    // They overlap the lanes before: a number's result is the same whoever computes it.
    first_ = plan.v.size - count_;
    const auto& table = count_ < half ? tiles_.pairs_part : tiles_.pairs;
    const TileShape shape = cheapest(m_.size, n_.size / 2, k_.size, [&](std::int64_t r, std::int64_t c) {
      return table[r - 1][c - 1] != nullptr;
    });
    rows_ = Cut(m_.size, shape.rows);
    pairs_ = Cut(n_.size / 2, shape.columns);
    table_ = &table;
  }

  // The operands and the result at the first of all lanes.
  void run(const T* a, const T* b, T* out) const {
    if (traded_) std::swap(a, b);
    a += first_;
    b += first_;
    out += first_;
    const TileSteps steps{m_.a, k_.a, n_.b, k_.b, m_.out, n_.out};
    rows_.each([&](std::int64_t i, std::int64_t r) {
      const auto tile = [&](std::int64_t column, std::int64_t c) {
        (*table_)[r - 1][c - 1](a + i * m_.a, b + column * n_.b, out + i * m_.out + column * n_.out, steps,
                                k_.size, false, count_);
      };
      pairs_.each([&](std::int64_t j, std::int64_t c) { tile(2 * j, c); });
      if (n_.size % 2 != 0) tile(n_.size - 2, 1);
    });
  }

 private:
  DotAxis m_, n_, k_;
  const DotTiles<T>& tiles_;
  bool traded_ = false;
  std::int64_t count_ = 0, first_ = 0;
  Cut rows_, pairs_;
  const DotTile<T> (*table_)[DotTiles<T>::kMost][DotTiles<T>::kMost] = nullptr;
};

}  // namespace runnel::kernels
