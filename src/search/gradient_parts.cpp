// What is done with the gradient of a batch on its way to a step: clipping of each example, parts one after
// another, parts that are added as a tree.
#include <algorithm>

#include "core/fail.h"
#include "runnel/ops.h"
#include "runnel/trainable.h"
#include "runnel/transforms.h"
#include "search/shards.h"

namespace runnel::search::typed {
namespace {

using Leaves = std::vector<Array>;

bool is_asked(const Settings& h, const std::string& name) { return !name.empty() && !h.is_off(name); }

Leaves rows_between(const Leaves& batch, std::int64_t begin, std::int64_t end) {
  Leaves out;
  for (const Array& leaf : batch) out.push_back(slice(leaf, 0, begin, end));
  return out;
}

// (parts, rows of each, …)
Leaves in_equal_parts(const Leaves& batch, std::int64_t parts) {
  Leaves out;
  for (const Array& leaf : batch) {
    Shape shape = leaf.shape();
    shape[0] /= parts;
    shape.insert(0, parts);
    out.push_back(reshape(leaf, shape));
  }
  return out;
}

Leaves vmapped(const GradientFn& f, const Leaves& in) {
  return runnel::flat::vmap(f, in, std::vector<Axis>(in.size(), Axis(0)), 0);
}

// Loss and gradient are means over the examples.
Leaves clipped(const Settings& h, const std::string& clip, const GradientFn& gradient, const Leaves& batch) {
  const Leaves of_each = vmapped(
      [&](const Leaves& example) {
        Leaves one;
        for (const Array& leaf : example) one.push_back(expand_dims(leaf, 0));
        return gradient(one);
      },
      batch);
  std::optional<Array> total;  // squares of each example's gradient
  for (std::size_t i = 1; i < of_each.size(); ++i) {
    Array squares = square(of_each[i]);
    if (squares.rank() > 1) squares = sum(reshape(squares, {squares.dim(0), -1}), {1});
    total = total ? *total + squares : squares;
  }
  if (!total) fail("{} clips gradients, and the gradient has no array", clip);
  const Array limit = convert(h[clip], total->dtype());
  const Array over = *total > square(limit);
  // The root is taken of 1 where nothing is clipped: at a gradient of 0 its derivative would be infinite.
  const Array factor = select(over, limit / sqrt(select(over, *total, 1)), 1);
  Leaves out{mean(of_each[0], {0})};
  for (std::size_t i = 1; i < of_each.size(); ++i) {
    Array share = convert(factor, of_each[i].dtype());
    while (share.rank() < of_each[i].rank()) share = expand_dims(share, -1);
    out.push_back(mean(share * of_each[i], {0}));
  }
  return out;
}

Leaves scaled(const Leaves& x, double by) {
  Leaves out;
  for (const Array& leaf : x) out.push_back(leaf * by);
  return out;
}

Leaves added(const Leaves& a, const Leaves& b) {
  Leaves out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] + b[i]);
  return out;
}

// The parts first … last - 1 of a batch that is cut into `shards`, as long as each other, or one row longer
// at the beginning; each part's share of the mean.
std::vector<Leaves> gradients_of_parts(std::int64_t shards, const GradientFn& gradient, const Leaves& batch,
                                       std::int64_t first, std::int64_t last) {
  const std::int64_t rows = batch[0].dim(0);
  const std::int64_t least = rows / shards;
  const std::int64_t longer = rows % shards;
  std::vector<Leaves> parts;
  for (const bool is_longer : {true, false}) {
    const std::int64_t from = is_longer ? first : std::max(first, longer);
    const std::int64_t n = (is_longer ? std::min(last, longer) : last) - from;
    if (n <= 0) continue;
    const std::int64_t length = least + (is_longer ? 1 : 0);
    const std::int64_t begin = from * least + std::min(from, longer);
    const Leaves all = vmapped(gradient, in_equal_parts(rows_between(batch, begin, begin + n * length), n));
    for (std::int64_t i = 0; i < n; ++i) {
      Leaves one;
      for (const Array& leaf : all) one.push_back(squeeze(slice(leaf, 0, i, i + 1), 0));
      parts.push_back(scaled(one, static_cast<double>(length) / static_cast<double>(rows)));
    }
  }
  return parts;
}

// The sum of a node of the tree over parts, of which parts[0] is number `first`.
Leaves sum_of_node(const std::vector<Leaves>& parts, std::int64_t first, const ShardNode& node) {
  return shard_sum<Leaves>(
      node, [&](std::int64_t part) { return parts[static_cast<std::size_t>(part - first)]; }, added);
}

Leaves sharded(std::int64_t shards, const GradientFn& gradient, const Leaves& batch) {
  return sum_of_node(gradients_of_parts(shards, gradient, batch, 0, shards), 0, {0, shards});
}

// One part's gradient is in memory at a time.
Leaves accumulated(const std::string& name, std::int64_t parts, const GradientFn& gradient,
                   const Leaves& batch) {
  const std::int64_t rows = batch[0].dim(0);
  if (rows % parts != 0)
    fail("{} is {}: a batch of {} rows cannot be cut into so many equal parts", name, parts, rows);
  const Leaves first = gradient(rows_between(batch, 0, rows / parts));
  if (parts == 1) return first;
  const Leaves others = rows_between(in_equal_parts(batch, parts), 1, parts);
  const auto step = [&](const Leaves& sum, const Leaves& part) {
    return std::pair(added(sum, gradient(part)), std::tuple<>());
  };
  return scaled(scan(step, first, others).first, 1 / static_cast<double>(parts));
}

}  // namespace

std::int64_t shards_of(const Settings& h, const GradientParts& parts, std::int64_t rows) {
  return is_asked(h, parts.shards) ? std::min(h.integer(parts.shards), rows) : 0;
}

std::vector<Leaves> gradients_of_shards(const Settings& h, const GradientParts& parts,
                                        const GradientFn& gradient, const Leaves& batch, std::int64_t first,
                                        std::int64_t last) {
  const GradientFn of_rows = [&](const Leaves& rows) {
    return is_asked(h, parts.clip) ? clipped(h, parts.clip, gradient, rows) : gradient(rows);
  };
  const std::int64_t shards = shards_of(h, parts, batch[0].dim(0));
  const std::vector<Leaves> own = gradients_of_parts(shards, of_rows, batch, first, last);
  std::vector<Leaves> out;
  for (const ShardNode& node : shard_nodes(shards, first, last)) out.push_back(sum_of_node(own, first, node));
  return out;
}

Leaves gradient_in_parts(const Settings& h, const GradientParts& parts, const GradientFn& gradient,
                         const Leaves& batch) {
  const GradientFn of_rows = [&](const Leaves& rows) {
    return is_asked(h, parts.clip) ? clipped(h, parts.clip, gradient, rows) : gradient(rows);
  };
  const GradientFn of_shards = [&](const Leaves& rows) {
    const std::int64_t shards = shards_of(h, parts, rows[0].dim(0));
    return shards > 0 ? sharded(shards, of_rows, rows) : of_rows(rows);
  };
  if (!is_asked(h, parts.accumulate)) return of_shards(batch);
  return accumulated(parts.accumulate, h.integer(parts.accumulate), of_shards, batch);
}

}  // namespace runnel::search::typed
