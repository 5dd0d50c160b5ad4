// What is done with the gradient of a batch on its way to a step: clipping of each example, parts one after
// another, parts that are added as a tree.
#include <algorithm>

#include "core/fail.h"
#include "graph/builder.h"
#include "runnel/ops.h"
#include "runnel/trainable.h"
#include "runnel/transforms.h"
#include "search/rows.h"
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

// Each part's share of the mean. Of all parts the first `longer` have one row more than the others.
std::vector<Leaves> gradients_of(const Parts& wanted, std::int64_t shards, const GradientFn& gradient,
                                 const Leaves& batch) {
  const std::int64_t rows = batch[0].dim(0);
  const std::int64_t least = rows / shards;
  const std::int64_t longer = rows % shards;
  std::vector<Leaves> parts;
  for (const bool is_longer : {true, false}) {
    const std::int64_t first = is_longer ? wanted.first : std::max(wanted.first, longer);
    const std::int64_t n = (is_longer ? std::min(wanted.last, longer) : wanted.last) - first;
    if (n <= 0) continue;
    const std::int64_t length = least + (is_longer ? 1 : 0);
    const std::int64_t begin = first * least + std::min(first, longer);
    const Leaves all = vmapped(gradient, in_equal_parts(rows_between(batch, begin, begin + n * length), n));
    for (std::int64_t i = 0; i < n; ++i) {
      Leaves one;
      for (const Array& leaf : all) one.push_back(squeeze(slice(leaf, 0, i, i + 1), 0));
      parts.push_back(scaled(one, static_cast<double>(length) / static_cast<double>(rows)));
    }
  }
  return parts;
}

// Where the step is being cut, its gradient is told to whoever does so, or comes from there.
Leaves sharded(std::int64_t wanted, const GradientFn& gradient, const Leaves& batch) {
  const std::int64_t shards = std::min(wanted, batch[0].dim(0));
  StepTrace* const trace = step_trace();
  if (trace != nullptr && trace->what == StepTrace::For::update) return trace->gradient;
  const bool some = trace != nullptr && trace->what == StepTrace::For::gradients;
  const Parts mine = some ? trace->parts : Parts{0, shards};
  const std::vector<Leaves> parts = gradients_of(mine, shards, gradient, batch);
  const auto sum_of = [&](const ShardNode& node) {
    return shard_sum<Leaves>(
        node, [&](std::int64_t part) { return parts[static_cast<std::size_t>(part - mine.first)]; }, added);
  };
  if (some) {
    for (const ShardNode& node : shard_nodes(shards, mine.first, mine.last))
      trace->nodes.push_back(sum_of(node));
    return trace->nodes.at(0);  // for what is dropped
  }
  const Leaves all = sum_of({0, shards});
  if (trace != nullptr) {
    ++trace->cuts;
    trace->of_the_batch = trace->of_the_batch && innermost(all) == innermost(trace->batch);
    trace->shards = shards;
    trace->types = types_of(all);
  }
  return all;
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

Leaves gradient_in_parts(const Settings& h, const GradientParts& parts, const GradientFn& gradient,
                         const Leaves& batch) {
  const GradientFn of_rows = [&](const Leaves& rows) {
    return is_asked(h, parts.clip) ? clipped(h, parts.clip, gradient, rows) : gradient(rows);
  };
  const GradientFn of_shards = [&](const Leaves& rows) {
    return is_asked(h, parts.shards) ? sharded(h.integer(parts.shards), of_rows, rows) : of_rows(rows);
  };
  if (!is_asked(h, parts.accumulate)) return of_shards(batch);
  return accumulated(parts.accumulate, h.integer(parts.accumulate), of_shards, batch);
}

}  // namespace runnel::search::typed
