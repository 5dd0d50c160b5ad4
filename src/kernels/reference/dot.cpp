#include "kernels/reference/dot.h"

#include <algorithm>
#include <type_traits>

#include "core/dispatch.h"
#include "kernels/reference/arithmetic.h"
#include "kernels/reference/dot_plan.h"
#include "kernels/reference/dot_tiles.h"
#include "kernels/reference/elementwise.h"

namespace runnel::kernels {
namespace {

constexpr std::int64_t kPanelBytes = 1024;  // of b, in columns of one k, that are packed together
constexpr std::int64_t kRowsBytes = 384;    // of a, in rows, that stay in the second cache beside the panel
constexpr std::int64_t kLaneBytes = 512 * 1024;  // of an operand's few lanes that are packed together
constexpr std::int64_t kFewRows = 12;  // below this, packing b costs more than reading it as it lies

std::size_t round_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

// ---- ordinary products ----

template <class T>
struct Product {
  static constexpr std::int64_t kTileRows = 6;
  static constexpr std::int64_t kTileColumns = 2 * kWidth<T>;
  static constexpr std::int64_t kPanel = kPanelBytes / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t kRowBlock = kRowsBytes / static_cast<std::int64_t>(sizeof(T));

  const DotAxis m, n, k;
  T* const packed;  // kDotBlock x kPanel

  using Run = void (*)(const T*, std::int64_t, std::int64_t, const T*, std::int64_t, std::int64_t, T*,
                       std::int64_t, bool);
  template <int V>
  static Run run_of(std::int64_t rows) {
    static constexpr Run runs[] = {ColumnTile<T, 1, V>::run, ColumnTile<T, 2, V>::run,
                                   ColumnTile<T, 3, V>::run, ColumnTile<T, 4, V>::run,
                                   ColumnTile<T, 5, V>::run, ColumnTile<T, 6, V>::run};
    return runs[rows - 1];
  }

  // One tile; where it overhangs the output or the output is not contiguous, by way of a buffer.
  void tile(const T* a, const T* b, std::int64_t b_k, std::int64_t kb, T* out, std::int64_t rows,
            std::int64_t columns, bool first) const {
    const bool wide = columns > kWidth<T>;
    const std::int64_t full = wide ? kTileColumns : kWidth<T>;
    const Run compute = wide ? run_of<2>(rows) : run_of<1>(rows);
    if (columns == full && n.out == 1) return compute(a, m.a, k.a, b, b_k, kb, out, m.out, first);
    alignas(64) T buffer[kTileRows * kTileColumns];
    compute(a, m.a, k.a, b, b_k, kb, buffer, full, true);
    for (std::int64_t i = 0; i < rows; ++i) put(buffer + i * full, columns, out + i * m.out, first);
  }

  void put(const T* result, std::int64_t columns, T* out, bool first) const {
    for (std::int64_t j = 0; j < columns; ++j) {
      T& o = out[j * n.out];
      o = first ? result[j] : o + result[j];
    }
  }

  // `columns` columns of b from `b` on, k by k, filled up with zeros to whole registers.
  void pack(const T* b, std::int64_t kb, std::int64_t columns, T* __restrict to) const {
    const std::int64_t full = columns > kWidth<T> ? kTileColumns : kWidth<T>;
    if (columns == kTileColumns && n.b == 1) {
      for (std::int64_t p = 0; p < kb; ++p) std::memcpy(to + p * full, b + p * k.b, sizeof(T) * kTileColumns);
      return;
    }
    for (std::int64_t p = 0; p < kb; ++p) {
      for (std::int64_t j = 0; j < columns; ++j) to[p * full + j] = b[p * k.b + j * n.b];
      for (std::int64_t j = columns; j < full; ++j) to[p * full + j] = T{0};
    }
  }

  // All rows of one panel of columns in one block of k.
  void panel(const T* a, const T* b, std::int64_t kb, T* out, std::int64_t columns, bool first) const {
    const bool as_it_lies = n.b == 1 && m.size < kFewRows;
    for (std::int64_t j = 0; j < columns && !as_it_lies; j += kTileColumns)
      pack(b + j * n.b, kb, std::min(kTileColumns, columns - j), packed + j * kb);
    for (std::int64_t i0 = 0; i0 < m.size; i0 += kRowBlock) {
      const std::int64_t i1 = std::min(i0 + kRowBlock, m.size);
      for (std::int64_t j = 0; j < columns; j += kTileColumns) {
        const std::int64_t width = std::min(kTileColumns, columns - j);
        const T* from = packed + j * kb;
        std::int64_t step = width > kWidth<T> ? kTileColumns : kWidth<T>;
        if (as_it_lies && width == step) {
          from = b + j;
          step = k.b;
        } else if (as_it_lies) {
          pack(b + j, kb, width, packed + j * kb);
        }
        for (std::int64_t i = i0; i < i1; i += kTileRows)
          tile(a + i * m.a, from, step, kb, out + i * m.out + j * n.out, std::min(kTileRows, i1 - i), width,
               first);
      }
    }
  }

  // Few rows against columns that do not lie side by side: packing would cost as much as the product.
  void scattered(const T* a, const T* b, std::int64_t kb, T* out, bool first) const {
    constexpr std::int64_t kColumns = ScatteredTile<T>::kColumns;
    for (std::int64_t i = 0; i < m.size; ++i) {
      const T* row = a + i * m.a;
      T* o = out + i * m.out;
      std::int64_t j = 0;
      for (; j + kColumns <= n.size; j += kColumns) {
        T result[kColumns];
        ScatteredTile<T>::run(row, k.a, b + j * n.b, n.b, k.b, kb, result);
        put(result, kColumns, o + j * n.out, first);
      }
      for (; j < n.size; ++j) {
        T acc{0};
        for (std::int64_t p = 0; p < kb; ++p) acc = std::fma(row[p * k.a], b[p * k.b + j * n.b], acc);
        put(&acc, 1, o + j * n.out, first);
      }
    }
  }

  void run(const T* a, const T* b, T* out) const {
    const bool in_place = n.size == 1 || (n.b != 1 && m.size < 4);
    for (std::int64_t k0 = 0; k0 < k.size; k0 += kDotBlock) {
      const std::int64_t kb = std::min(kDotBlock, k.size - k0);
      const T* ak = a + k0 * k.a;
      const T* bk = b + k0 * k.b;
      if (in_place) {
        scattered(ak, bk, kb, out, k0 == 0);
        continue;
      }
      for (std::int64_t j = 0; j < n.size; j += kPanel)
        panel(ak, bk + j * n.b, kb, out + j * n.out, std::min(kPanel, n.size - j), k0 == 0);
    }
  }
};

// ---- products in lanes ----

template <class T, int Width>
struct LaneProduct {
  static constexpr std::int64_t kRows = 4;
  static constexpr std::int64_t kColumns = 3;
  const DotAxis m, n, k, lane;
  T* const packed;  // room for up to kLaneBytes of each operand

  using Run = void (*)(const T*, const T*, T*, const LaneStrides&, std::int64_t, std::int64_t);
  template <int R>
  static Run run_of(std::int64_t columns) {
    static constexpr Run runs[] = {LaneTile<T, R, 1, Width>::run, LaneTile<T, R, 2, Width>::run,
                                   LaneTile<T, R, 3, Width>::run};
    return runs[columns - 1];
  }
  static Run run_of(std::int64_t rows, std::int64_t columns) {
    switch (rows) {
      case 1:
        return run_of<1>(columns);
      case 2:
        return run_of<2>(columns);
      case 3:
        return run_of<3>(columns);
      default:
        return run_of<4>(columns);
    }
  }

  // Steps of k that leap far apart in memory meet in the same few places of the first cache. A copy of the
  // lanes at hand, the steps of k side by side, is worth making where it is read several times.
  bool worth_packing(std::int64_t size, std::int64_t step, std::int64_t reads) const {
    const std::int64_t bytes = size * k.size * Width * static_cast<std::int64_t>(sizeof(T));
    return step * static_cast<std::int64_t>(sizeof(T)) >= 1024 && k.size >= 8 && reads >= 3 &&
           bytes <= kLaneBytes;
  }

  // [i][k][lane] from x, where i steps by `row` and k by `step`.
  static void pack(const T* x, std::int64_t size, std::int64_t row, std::int64_t steps, std::int64_t step,
                   T* to) {
    for (std::int64_t p = 0; p < steps; ++p)
      for (std::int64_t i = 0; i < size; ++i)
        store<T, Width>(to + (i * steps + p) * Width, load<T, Width>(x + i * row + p * step));
  }

  void run(const T* a, const T* b, T* out) const {
    const bool pack_a = worth_packing(m.size, k.a, (n.size + kColumns - 1) / kColumns);
    const bool pack_b = worth_packing(n.size, k.b, (m.size + kRows - 1) / kRows);
    const LaneStrides strides{pack_a ? k.size * Width : m.a,
                              pack_a ? Width : k.a,
                              pack_b ? Width : k.b,
                              pack_b ? k.size * Width : n.b,
                              m.out,
                              n.out};
    T* const a_copy = packed;
    T* const b_copy = packed + (pack_a ? m.size * k.size * Width : 0);
    for (std::int64_t l = 0; l < lane.size; l += Width) {
      // The last lanes overlap the ones before rather than leave a remainder: a lane's result is the same
      // whoever computes it, and a tile only writes.
      const std::int64_t first = std::min(l, lane.size - Width);
      if (pack_a) pack(a + first, m.size, m.a, k.size, k.a, a_copy);
      if (pack_b) pack(b + first, n.size, n.b, k.size, k.b, b_copy);
      const T* x = pack_a ? a_copy : a + first;
      const T* y = pack_b ? b_copy : b + first;
      for (std::int64_t i = 0; i < m.size; i += kRows)
        for (std::int64_t j = 0; j < n.size; j += kColumns)
          run_of(std::min(kRows, m.size - i), std::min(kColumns, n.size - j))(
              x + i * strides.a_m, y + j * strides.b_n, out + i * m.out + j * n.out + first, strides, k.size,
              kDotBlock);
    }
  }
};

template <class T, int Width>
void run_lanes(const DotPlan& plan, const View& a, const View& b, const View& out, std::byte* scratch) {
  const LaneProduct<T, Width> product{plan.m, plan.n, plan.k, plan.lane, reinterpret_cast<T*>(scratch)};
  plan.outer.each([&](const auto& at) {
    product.run(a.as<const T>() + at[0], b.as<const T>() + at[1], out.as<T>() + at[2]);
  });
}

// ---- putting it together ----

// A copy of an operand, dense, with its letters in the given order.
View reorder(std::string_view letters, std::string_view order, const View& x, std::byte*& scratch) {
  View in = x;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t from = letters.find(order[i]);
    in.shape[i] = x.shape[from];
    in.strides[i] = x.strides[from];
  }
  const View dense = dense_view(scratch, x.dtype, in.shape);
  copy(in, dense);
  scratch += round_up(static_cast<std::size_t>(dense.size()) * size_of(x.dtype));
  View out = x;
  for (std::size_t i = 0; i < order.size(); ++i) out.strides[letters.find(order[i])] = dense.strides[i];
  out.data = dense.data;
  return out;
}

// The letter along which the output is contiguous: its last of more than one element, for a letter of size 1
// is no axis. 0 where there is none.
char contiguous_letter(const DotSpec& spec, const Shape& out) {
  for (std::size_t i = spec.out.size(); i-- > 0;)
    if (out[i] > 1) return spec.out[i];
  return 0;
}

// The letters of an operand: those of the output but the one along which it is contiguous, the contracted
// ones in a's order, then that one; those that stand in the operand.
struct Order {
  std::array<char, kMaxRank> letters;
  std::size_t size = 0;

  Order(const DotSpec& spec, std::string_view operand, const Shape& out) {
    const char last = contiguous_letter(spec, out);
    const auto append = [&](char c) {
      if (DotSpec::has(operand, c)) letters[size++] = c;
    };
    for (char c : spec.out)
      if (c != last) append(c);
    for (char c : spec.a)
      if (spec.contracted(c)) append(c);
    if (last != 0) append(last);
  }
  std::string_view text() const { return {letters.data(), size}; }
};

// The output's contiguous axis becomes the columns of the product, so the operands trade places where it
// belongs to a; a product of two numbers is the same bits either way round.
template <class T>
void run_product(DotPlan plan, const View& a, const View& b, const View& out, std::byte* scratch) {
  const bool trade = plan.n.out != 1 && (plan.m.out == 1 || plan.n.size < plan.m.size);
  const auto traded = [](DotAxis x) { return DotAxis{x.size, x.b, x.a, x.out}; };
  T* packed = reinterpret_cast<T*>(scratch);
  const Product<T> product = trade ? Product<T>{traded(plan.n), traded(plan.m), traded(plan.k), packed}
                                   : Product<T>{plan.m, plan.n, plan.k, packed};
  plan.outer.each([&](const auto& at) {
    const T* x = a.as<const T>() + at[0];
    const T* y = b.as<const T>() + at[1];
    T* o = out.as<T>() + at[2];
    trade ? product.run(y, x, o) : product.run(x, y, o);
  });
}

template <class T>
void run_float(DotPlan plan, const View& a, const View& b, const View& out, std::byte* scratch) {
  constexpr int W = kWidth<T>;
  const std::int64_t lanes = plan.lane.size;
  // Too few lanes to fill half a register, and enough other work: an ordinary product for each.
  const bool few = lanes < W / 2 && plan.m.size * plan.n.size * plan.k.size > 64;
  if (lanes > 1 && !few) {
    if (lanes >= W) return run_lanes<T, W>(plan, a, b, out, scratch);
    if (lanes >= W / 2) return run_lanes<T, W / 2>(plan, a, b, out, scratch);
    return run_lanes<T, 1>(plan, a, b, out, scratch);
  }
  if (lanes > 1) plan.drop_lanes();
  run_product<T>(plan, a, b, out, scratch);
}

// Integers wrap, so their order does not matter.
template <class T>
void run_integer(const DotGroups& groups, const View& a, const View& b, const View& out) {
  Nest<3> all = groups.batch;
  for (const Nest<3>* more : {&groups.m, &groups.n})
    for (std::size_t i = 0; i < more->rank(); ++i) all.add(more->size(i), more->stride(i));
  all.each([&](const auto& at) {
    T acc{0};
    groups.k.each([&](const auto& along) {
      acc = add(acc, multiply(a.as<const T>()[at[0] + along[0]], b.as<const T>()[at[1] + along[1]]));
    });
    out.as<T>()[at[2]] = acc;
  });
}

}  // namespace

void dot_general(std::string_view text, const View& a, const View& b, const View& out, std::byte* scratch) {
  const DotSpec spec(text);
  if (out.size() == 0) return;
  DotGroups groups(spec, a, b, out);
  if (groups.k.empty()) {
    std::memset(out.data, 0, static_cast<std::size_t>(out.size()) * size_of(out.dtype));
    return;
  }
  if (out.dtype == DType::i32) return run_integer<std::int32_t>(groups, a, b, out);
  if (out.dtype == DType::u32) return run_integer<std::uint32_t>(groups, a, b, out);
  View x = a;
  View y = b;
  DotPlan plan(groups);
  // Contracted letters that do not merge, or lanes that do not lie side by side: dense copies mend both.
  const bool loose_lanes = plan.lane.size > 1 && (plan.lane.a != 1 || plan.lane.b != 1);
  if (groups.k.rank() > 1 || loose_lanes) {
    x = reorder(spec.a, Order(spec, spec.a, out.shape).text(), a, scratch);
    y = reorder(spec.b, Order(spec, spec.b, out.shape).text(), b, scratch);
    plan = DotPlan(DotGroups(spec, x, y, out));
  }
  dispatch_float("dot_general", out.dtype,
                 [&](auto tag) { run_float<typename decltype(tag)::type>(plan, x, y, out, scratch); });
}

std::size_t dot_general_scratch(std::string_view text, const Shape& a, const Shape& b, const Shape& out,
                                DType dtype) {
  if (!is_float(dtype)) return 0;
  const DotSpec spec(text);
  const std::size_t size = size_of(dtype);
  std::size_t bytes = 0;
  const char last = contiguous_letter(spec, out);
  const bool lanes = last != 0 && DotSpec::has(spec.a, last) && DotSpec::has(spec.b, last);
  if (lanes || spec.contracted_letters() > 1)
    bytes = round_up(static_cast<std::size_t>(a.product()) * size) +
            round_up(static_cast<std::size_t>(b.product()) * size);
  std::int64_t k = 1;
  for (std::size_t i = 0; i < spec.a.size(); ++i)
    if (spec.contracted(spec.a[i])) k *= a[i];
  const auto panel =
      static_cast<std::size_t>(std::min(kPanelBytes, 64 + static_cast<std::int64_t>(size) * out.product()));
  // A packed copy holds a register's width of lanes, never more than the operand or kLaneBytes.
  const auto packed = [&](const Shape& shape) {
    return round_up(
        static_cast<std::size_t>(std::min(kLaneBytes, shape.product() * static_cast<std::int64_t>(size))));
  };
  if (lanes) bytes += packed(a) + packed(b);
  return bytes + static_cast<std::size_t>(std::min(k, kDotBlock)) * round_up(panel);
}

}  // namespace runnel::kernels
