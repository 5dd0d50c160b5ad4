// How dot_general reads a specification: each letter is a row (m, in a and the output), a column (n, in b and
// the output), a batch letter (in all three) or contracted (k).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "kernels/reference/loops.h"

namespace runnel::kernels {

struct DotSpec {
  std::string_view a, b, out;

  explicit DotSpec(std::string_view spec) {
    const std::size_t comma = spec.find(',');
    const std::size_t arrow = spec.find("->");
    a = spec.substr(0, comma);
    b = spec.substr(comma + 1, arrow - comma - 1);
    out = spec.substr(arrow + 2);
  }

  static bool has(std::string_view letters, char letter) { return letters.find(letter) != letters.npos; }
  bool contracted(char letter) const { return !has(out, letter); }
  int contracted_letters() const {
    return static_cast<int>(std::count_if(a.begin(), a.end(), [&](char c) { return contracted(c); }));
  }
};

// One axis of the product and its stride in each operand.
struct DotAxis {
  std::int64_t size = 1;
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::int64_t out = 0;
};

// Letters grouped by their part, each group merged where the strides allow.
struct DotGroups {
  Nest<3> batch, m, n, k;

  DotGroups(const DotSpec& spec, const View& a, const View& b, const View& out) {
    for (std::size_t i = 0; i < spec.out.size(); ++i) {
      const std::size_t in_a = spec.a.find(spec.out[i]);
      const std::size_t in_b = spec.b.find(spec.out[i]);
      const bool only_a = in_b == spec.b.npos;
      const bool only_b = in_a == spec.a.npos;
      Nest<3>& group = only_a ? m : (only_b ? n : batch);
      group.add(out.shape[i], {only_b ? 0 : a.strides[in_a], only_a ? 0 : b.strides[in_b], out.strides[i]});
    }
    for (std::size_t i = 0; i < spec.a.size(); ++i)
      if (spec.contracted(spec.a[i])) k.add(a.shape[i], {a.strides[i], b.strides[spec.b.find(spec.a[i])], 0});
  }
};

inline DotAxis axis_of(const Nest<3>& nest, std::size_t i) {
  return {nest.size(i), nest.stride(i)[0], nest.stride(i)[1], nest.stride(i)[2]};
}

// Takes one axis out of a group: the one along which the output is contiguous, else the longest.
inline DotAxis take_axis(Nest<3>& nest) {
  if (nest.rank() == 0) return {};
  std::size_t best = 0;
  for (std::size_t i = 1; i < nest.rank(); ++i)
    if (nest.stride(i)[2] == 1 || nest.size(i) > nest.size(best)) best = i;
  const DotAxis axis = axis_of(nest, best);
  nest.remove(best);
  return axis;
}

// A product of matrices inside loops over what is left: out[m, n, lane] = sum over k of a[m, k, lane] b[k, n,
// lane].
struct DotPlan {
  Nest<3> outer;
  DotAxis m, n, k;
  DotAxis lane;  // size 1 where the output's last axis is not a batch letter

  explicit DotPlan(DotGroups groups) {
    Nest<3>& batch = groups.batch;
    if (groups.k.rank() > 0) k = axis_of(groups.k, 0);
    if (groups.k.empty()) k.size = 0;
    if (batch.rank() > 0 && batch.stride(batch.rank() - 1)[2] == 1) {
      lane = axis_of(batch, batch.rank() - 1);
      batch.remove(batch.rank() - 1);
    }
    m = take_axis(groups.m);
    n = take_axis(groups.n);
    for (const Nest<3>* rest : {&batch, &groups.m, &groups.n})
      for (std::size_t i = 0; i < rest->rank(); ++i) outer.add(rest->size(i), rest->stride(i));
  }

  // Lanes become one more loop outside.
  void drop_lanes() {
    outer.add(lane.size, {lane.a, lane.b, lane.out});
    lane = {};
  }
};

}  // namespace runnel::kernels
