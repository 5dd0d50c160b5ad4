// Trees: what transforms take and return. An Array is a leaf; std::pair, std::tuple, std::array, std::vector,
// std::map and std::optional of trees are trees, and so is a plain struct (an aggregate, up to twelve fields)
// whose fields are trees. Numbers, enums and strings in a tree are not leaves: they stay as they are. A
// struct whose leaves have an order of their own says so in a member `leaves()`, pointers to all of them.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runnel/array.h"

namespace runnel::tree {

namespace detail {

template <class T>
concept Static =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> || std::is_empty_v<T>;

template <class T>
struct is_sequence : std::false_type {};
template <class T>
struct is_sequence<std::vector<T>> : std::true_type {};
template <class T, std::size_t N>
struct is_sequence<std::array<T, N>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class V>
struct is_map<std::map<std::string, V>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_tuple : std::false_type {};
template <class... Ts>
struct is_tuple<std::tuple<Ts...>> : std::true_type {};
template <class A, class B>
struct is_tuple<std::pair<A, B>> : std::true_type {};

// Counting the fields of an aggregate: the most arguments its brace initialiser takes.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT: never defined, only its type matters
};
template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{((void)I, Anything{})...}; };
}
template <class T, std::size_t N = 12>
constexpr std::size_t field_count() {
  if constexpr (takes<T>(std::make_index_sequence<N>{}))
    return N;
  else if constexpr (N == 0)
    return 0;
  else
    return field_count<T, N - 1>();
}

// f(field) for each field of an aggregate.
template <class T, class F>
void for_each_field(T& t, F&& f) {
  constexpr std::size_t n = field_count<std::remove_const_t<T>>();
  static_assert(n > 0, "a tree's struct needs one to twelve fields");
  static_assert(!takes<std::remove_const_t<T>>(std::make_index_sequence<13>{}),
                "a tree's struct has at most twelve fields");
  auto all = [&](auto&... fields) { (f(fields), ...); };
  if constexpr (n == 1) {
    auto& [a] = t;
    all(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = t;
    all(a, b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = t;
    all(a, b, c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = t;
    all(a, b, c, d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = t;
    all(a, b, c, d, e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, g] = t;
    all(a, b, c, d, e, g);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, g, h] = t;
    all(a, b, c, d, e, g, h);
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, g, h, i] = t;
    all(a, b, c, d, e, g, h, i);
  } else if constexpr (n == 9) {
    auto& [a, b, c, d, e, g, h, i, j] = t;
    all(a, b, c, d, e, g, h, i, j);
  } else if constexpr (n == 10) {
    auto& [a, b, c, d, e, g, h, i, j, k] = t;
    all(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (n == 11) {
    auto& [a, b, c, d, e, g, h, i, j, k, l] = t;
    all(a, b, c, d, e, g, h, i, j, k, l);
  } else {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m] = t;
    all(a, b, c, d, e, g, h, i, j, k, l, m);
  }
}

}  // namespace detail

// f(leaf) for each Array of a tree, in order; T may be const.
template <class T, class F>
void for_each_leaf(T& t, F&& f) {
  using Plain = std::remove_const_t<T>;
  if constexpr (std::is_same_v<Plain, Array>) {
    f(t);
  } else if constexpr (detail::Static<Plain>) {
    // not a leaf
  } else if constexpr (detail::is_sequence<Plain>::value) {
    for (auto& item : t) for_each_leaf(item, f);
  } else if constexpr (detail::is_map<Plain>::value) {
    for (auto& [key, value] : t) for_each_leaf(value, f);
  } else if constexpr (detail::is_optional<Plain>::value) {
    if (t.has_value()) for_each_leaf(*t, f);
  } else if constexpr (detail::is_tuple<Plain>::value) {
    std::apply([&](auto&... items) { (for_each_leaf(items, f), ...); }, t);
  } else if constexpr (requires { t.leaves(); }) {
    for (auto* leaf : t.leaves()) f(*leaf);
  } else {
    static_assert(std::is_aggregate_v<Plain> && !std::is_array_v<Plain>,
                  "a tree is made of Arrays, standard containers (not C arrays) and plain structs");
    detail::for_each_field(t, [&](auto& field) { for_each_leaf(field, f); });
  }
}

// The Arrays of a tree, in order.
template <class T>
std::vector<Array> flatten(const T& t) {
  std::vector<Array> leaves;
  for_each_leaf(t, [&](const Array& leaf) { leaves.push_back(leaf); });
  return leaves;
}

// The tree of `like`'s structure whose leaves are leaves[offset], leaves[offset + 1], …; `offset` is
// advanced.
template <class T>
T unflatten(const T& like, const std::vector<Array>& leaves, std::size_t& offset) {
  T out = like;
  for_each_leaf(out, [&](Array& leaf) { leaf = leaves.at(offset++); });
  return out;
}
template <class T>
T unflatten(const T& like, const std::vector<Array>& leaves) {
  std::size_t offset = 0;
  return unflatten(like, leaves, offset);
}

// f applied leaf by leaf to trees of one structure.
template <class F, class T, class... Rest>
T map(F f, const T& first, const Rest&... rest) {
  const std::array<std::vector<Array>, sizeof...(Rest)> others{flatten(rest)...};
  T out = first;
  std::size_t i = 0;
  for_each_leaf(out, [&](Array& leaf) {
    leaf = [&]<std::size_t... I>(std::index_sequence<I...>) { return f(leaf, others[I].at(i)...); }
    (std::index_sequence_for<Rest...>{});
    ++i;
  });
  return out;
}

}  // namespace runnel::tree
