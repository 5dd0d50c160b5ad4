// Products with rows picked by index. The rows are laid out a range at a time, into memory that the second
// cache holds, where the product of that range reads them at once: a table is read from far away and nothing
// is written back there.
//
// Bytes for each number of the picked rows: one read from where the table lies, one write and read in the
// second cache; laying the rows out first would write and read them in the third cache or beyond as well.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/fail.h"
#include "core/threads.h"
#include "kernels/fast.h"
#include "kernels/isa.h"
#include "kernels/reference/dot.h"
#include "kernels/reference/dot_plan.h"

namespace runnel::kernels {
namespace {

constexpr std::int64_t kRangeBytes = 320 << 10;
// A range of columns is read in pieces of rows: as many bytes as make a row's start worth fetching.
constexpr std::int64_t kPieceBytes = 512;
constexpr double kPartWork = 1.5e6;  // multiply-adds that are worth another thread

std::int64_t multiple(std::int64_t n, std::int64_t of) { return std::max(of, n / of * of); }

class GatheredDot final : public Prepared {
 public:
  // `out_axis` is the axis of `out` that ranges cut: that of the picked rows, or that of the columns if the
  // rows are contracted.
  GatheredDot(std::string_view spec, const View& x, const View& index, const View& b, const View& out,
              bool rows_contracted, std::size_t out_axis)
      : size_(static_cast<std::int64_t>(size_of(x.dtype))),
        picked_(index.shape[0]),
        index_step_(index.strides[0]),
        table_rows_(x.shape[0]),
        row_step_(x.strides[0] * size_),
        columns_(x.shape[1]),
        rows_contracted_(rows_contracted) {
    const std::int64_t whole = rows_contracted ? columns_ : picked_;
    range_ = rows_contracted ? multiple(kRangeBytes / (picked_ * size_), kPieceBytes / size_)
                             : multiple(kRangeBytes / (columns_ * size_), 8);
    range_ = std::min(range_, whole);
    ranges_ = (whole + range_ - 1) / range_;
    out_step_ = out.strides[out_axis] * size_;
    body_ = prepare_range(spec, x.dtype, b, out, out_axis, range_);
    const std::int64_t rest = whole - (ranges_ - 1) * range_;
    tail_ = rest == range_ ? body_ : prepare_range(spec, x.dtype, b, out, out_axis, rest);
    range_bytes_ =
        round_up(static_cast<std::size_t>(range_ * (rows_contracted ? picked_ : columns_) * size_));
    if (body_ != nullptr && tail_ != nullptr)
      part_bytes_ = range_bytes_ + round_up(std::max(body_->scratch_bytes(), tail_->scratch_bytes()));
    const double work = static_cast<double>(picked_ * columns_) * static_cast<double>(out.size()) /
                        static_cast<double>(out.shape[out_axis]);
    const double parts = std::clamp(work / kPartWork, 1.0, static_cast<double>(ranges_));
    parts_ = std::min(static_cast<int>(parts), most_work_threads());
  }

  bool works() const { return body_ != nullptr && tail_ != nullptr; }
  std::size_t scratch_bytes() const override { return part_bytes_ * static_cast<std::size_t>(parts_); }

  void run(std::byte* const* data, std::byte* scratch) const override {
    check_range(reinterpret_cast<const std::int32_t*>(data[1]));
    const int parts = parts_ == 1 ? 1 : std::min(parts_, work_threads());
    if (parts == 1) {
      for (std::int64_t r = 0; r < ranges_; ++r) run_range(r, data, scratch);
      return;
    }
    std::atomic<std::int64_t> next{0};
    parallel_parts(parts, [&](int part) {
      std::byte* own = scratch + part_bytes_ * static_cast<std::size_t>(part);
      for (std::int64_t r = next++; r < ranges_; r = next++) run_range(r, data, own);
    });
  }

 private:
  static std::size_t round_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

  PreparedPtr prepare_range(std::string_view spec, DType dtype, const View& b, const View& out,
                            std::size_t out_axis, std::int64_t range) const {
    const Shape shape = rows_contracted_ ? Shape{picked_, range} : Shape{range, columns_};
    View part = out;
    part.shape[out_axis] = range;
    return prepare_dot(spec, dense_view(nullptr, dtype, shape), b, part);
  }

  void check_range(const std::int32_t* index) const {
    for (std::int64_t i = 0; i < picked_; ++i)
      if (const std::int32_t row = index[i * index_step_]; row < 0 || row >= table_rows_)
        fail("[gather] index {} is out of range for axis {} with size {}", row, 0, table_rows_);
  }

  void run_range(std::int64_t r, std::byte* const* data, std::byte* scratch) const {
    const auto* index = reinterpret_cast<const std::int32_t*>(data[1]);
    const std::int64_t whole = rows_contracted_ ? columns_ : picked_;
    const std::int64_t begin = r * range_;
    const std::int64_t n = std::min(range_, whole - begin);
    const std::int64_t first = rows_contracted_ ? 0 : begin;
    const std::int64_t rows = rows_contracted_ ? picked_ : n;
    const std::int64_t bytes = (rows_contracted_ ? n : columns_) * size_;
    const std::byte* column = data[0] + (rows_contracted_ ? begin * size_ : 0);
    for (std::int64_t i = 0; i < rows; ++i)
      std::memcpy(scratch + i * bytes, column + index[(first + i) * index_step_] * row_step_,
                  static_cast<std::size_t>(bytes));
    std::byte* const places[] = {scratch, data[2], data[3] + begin * out_step_};
    (n == range_ ? body_ : tail_)->run(places, scratch + range_bytes_);
  }

  const std::int64_t size_;
  const std::int64_t picked_, index_step_, table_rows_, row_step_, columns_;
  const bool rows_contracted_;
  std::int64_t range_ = 0;
  std::int64_t ranges_ = 0;
  std::int64_t out_step_ = 0;
  PreparedPtr body_, tail_;
  std::size_t range_bytes_ = 0;
  std::size_t part_bytes_ = 0;
  int parts_ = 1;
};

}  // namespace

PreparedPtr prepare_gathered_dot(std::string_view text, const View& x, const View& index, const View& b,
                                 const View& out) {
  if (isa() == Isa::reference || !is_float(out.dtype) || out.size() == 0 || index.size() == 0) return nullptr;
  const DotSpec spec(text);
  if (spec.a.size() != 2 || spec.contracted_letters() != 1 || x.strides[1] != 1 || x.shape[1] == 0)
    return nullptr;
  const bool rows_contracted = spec.contracted(spec.a[0]);
  // The letter that ranges cut must not run along b.
  const char cut = spec.a[rows_contracted ? 1 : 0];
  if (DotSpec::has(spec.b, cut)) return nullptr;
  const auto product =
      std::make_shared<GatheredDot>(text, x, index, b, out, rows_contracted, spec.out.find(cut));
  return product->works() ? product : nullptr;
}

}  // namespace runnel::kernels
