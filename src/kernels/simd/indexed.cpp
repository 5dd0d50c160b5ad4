// Gather and scatter_add of reference/index.h, prepared: the walk is worked out once, and rows of neighbours
// are copied or added as such.
#include "core/dispatch.h"
#include "core/fail.h"
#include "kernels/fast.h"
#include "kernels/isa.h"
#include "kernels/reference/arithmetic.h"
#include "kernels/reference/loops.h"
#include "kernels/simd/bytes.h"

namespace runnel::kernels {
namespace {

// The elements of `parts` (the gathered output, or the updates) in row-major order, with the places of
// `whole` (what is gathered from or added to) and of the index. Along the index's own axes `whole` stands
// still: the index moves it.
struct IndexWalk {
  Nest<3> nest;  // of whole, index, parts
  Nest<1> index;
  std::int64_t stride = 0;  // of `whole` along the indexed axis
  std::int64_t size = 0;    // of the indexed axis
  int axis = 0;

  IndexWalk(const View& whole, const View& which, const View& parts, int at_axis, int batch)
      : index(which.shape, {&which.strides}),
        stride(whole.strides[static_cast<std::size_t>(at_axis)]),
        size(whole.shape[static_cast<std::size_t>(at_axis)]),
        axis(at_axis) {
    const int own = which.shape.rank() - batch;  // axes of the index that are not matched
    const int rank = parts.shape.rank();
    for (int i = 0; i < rank; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const auto in_whole = static_cast<std::size_t>(i < axis ? i : i - own + 1);
      std::int64_t whole_step = 0;
      std::int64_t index_step = 0;
      if (i >= axis && i < axis + own)
        index_step = which.strides[static_cast<std::size_t>(i - axis)];
      else
        whole_step = whole.strides[in_whole];
      if (i >= rank - batch)
        index_step = which.strides[static_cast<std::size_t>(i - rank + which.shape.rank())];
      nest.add(parts.shape[at], {whole_step, index_step, parts.strides[at]});
    }
  }

  bool inside(std::int32_t i) const { return i >= 0 && i < size; }

  // Throws for the first index, in row-major order, that lies outside.
  void check(const char* op, const std::int32_t* which) const {
    const std::int64_t n = index.row_size();
    const std::int64_t step = index.row_stride()[0];
    const auto end = static_cast<std::uint32_t>(size < 0x7FFFFFFF ? size : 0x7FFFFFFF);
    index.rows([&](const auto& at) {
      const std::int32_t* row = which + at[0];
      bool all = true;
      for (std::int64_t i = 0; i < n; ++i) all &= static_cast<std::uint32_t>(row[i * step]) < end;
      if (!all) refuse(op, row, n, step);
    });
  }

  void refuse(const char* op, const std::int32_t* row, std::int64_t n, std::int64_t step) const {
    for (std::int64_t i = 0; i < n; ++i)
      if (!inside(row[i * step]))
        fail("[{}] index {} is out of range for axis {} with size {}", op, row[i * step], axis, size);
  }
};

template <class T>
class PreparedGather final : public Prepared {
 public:
  explicit PreparedGather(const IndexWalk& walk) : walk_(walk) {}

  void run(std::byte* const* data, std::byte*) const override {
    const T* x = reinterpret_cast<const T*>(data[0]);
    const auto* index = reinterpret_cast<const std::int32_t*>(data[1]);
    T* out = reinterpret_cast<T*>(data[2]);
    walk_.check("gather", index);
    const std::int64_t n = walk_.nest.row_size();
    const auto step = walk_.nest.row_stride();
    const std::int64_t stride = walk_.stride;
    if (step[1] == 0 && step[0] == 1 && step[2] == 1) {
      const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T);
      walk_.nest.rows([=](const auto& at) {
        copy_bytes(reinterpret_cast<std::byte*>(out + at[2]),
                   reinterpret_cast<const std::byte*>(x + at[0] + index[at[1]] * stride), bytes);
      });
      return;
    }
    walk_.nest.rows([=](const auto& at) {
      const T* from = x + at[0];
      const std::int32_t* which = index + at[1];
      T* to = out + at[2];
      for (std::int64_t i = 0; i < n; ++i) to[i * step[2]] = from[i * step[0] + which[i * step[1]] * stride];
    });
  }

 private:
  IndexWalk walk_;
};

template <class T>
class PreparedScatter final : public Prepared {
 public:
  PreparedScatter(const IndexWalk& walk, PreparedPtr copy) : walk_(walk), copy_(std::move(copy)) {}

  void run(std::byte* const* data, std::byte* scratch) const override {
    const auto* index = reinterpret_cast<const std::int32_t*>(data[1]);
    const T* updates = reinterpret_cast<const T*>(data[2]);
    T* out = reinterpret_cast<T*>(data[3]);
    walk_.check("scatter_add", index);
    std::byte* const copied[] = {data[0], data[3]};
    copy_->run(copied, scratch);
    const std::int64_t n = walk_.nest.row_size();
    const auto step = walk_.nest.row_stride();
    const std::int64_t stride = walk_.stride;
    const bool rows = step[1] == 0 && step[0] == 1 && step[2] == 1;
    walk_.nest.rows([=](const auto& at) {
      T* to = out + at[0];
      const std::int32_t* which = index + at[1];
      const T* from = updates + at[2];
      if (rows) {
        T* __restrict row = to + *which * stride;
        for (std::int64_t i = 0; i < n; ++i) row[i] = add(row[i], from[i]);
        return;
      }
      for (std::int64_t i = 0; i < n; ++i) {
        T& place = to[i * step[0] + which[i * step[1]] * stride];
        place = add(place, from[i * step[2]]);
      }
    });
  }

 private:
  IndexWalk walk_;
  PreparedPtr copy_;
};

}  // namespace

PreparedPtr prepare_gather(const View& x, const View& index, int axis, int batch, const View& out) {
  if (isa() == Isa::reference) return nullptr;
  const IndexWalk walk(x, index, out, axis, batch);
  switch (size_of(x.dtype)) {
    case 1:
      return std::make_shared<const PreparedGather<std::uint8_t>>(walk);
    case 4:
      return std::make_shared<const PreparedGather<std::uint32_t>>(walk);
    default:
      return std::make_shared<const PreparedGather<std::uint64_t>>(walk);
  }
}

PreparedPtr prepare_scatter_add(const View& x, const View& index, const View& updates, int axis, int batch,
                                const View& out) {
  if (isa() == Isa::reference) return nullptr;
  const IndexWalk walk(out, index, updates, axis, batch);
  return dispatch_numeric("scatter_add", x.dtype, [&](auto tag) -> PreparedPtr {
    using T = typename decltype(tag)::type;
    return std::make_shared<const PreparedScatter<T>>(walk, prepare_copy(x, out));
  });
}

}  // namespace runnel::kernels
