// Tables that tests of fits share.
#pragma once

#include <cmath>

#include "runnel/data.h"
#include "runnel/ops.h"
#include "runnel/random.h"

namespace runnel {

inline Column normal_column(const std::string& name, std::size_t n, std::uint64_t key) {
  return {
      .name = name,
      .numbers =
          random::normal(random::key(key), {static_cast<std::int64_t>(n)}, DType::f64).to_vector<double>()};
}

// y = 2a - b + noise, with a category and gaps.
inline Table table_of(std::size_t n, std::uint64_t seed = 1) {
  Table t;
  t.source = "made.csv";
  t.rows = n;
  const Column a = normal_column("a", n, seed * 100 + 1);
  Column b = normal_column("b", n, seed * 100 + 2);
  Column c{.name = "c", .type = Column::Type::text};
  Column y = normal_column("y", n, seed * 100 + 3);
  for (std::size_t i = 0; i < n; ++i) {
    y.numbers[i] = 100 + 10 * (2 * a.numbers[i] - b.numbers[i] + 0.3 * y.numbers[i]);
    if (i % 17 == 0) b.numbers[i] = NAN;
    c.texts.push_back(i % 3 == 0 ? "red" : i % 3 == 1 ? "green" : "blue");
    c.missing.push_back(0);
    t.lines.push_back(static_cast<std::uint32_t>(i + 2));
  }
  t.columns = {a, b, c, y};
  return t;
}

// y = 2a - b² + noise.
inline Table curved_table(std::size_t n, std::uint64_t seed = 1) {
  Table t;
  t.source = "made.csv";
  t.rows = n;
  const Column a = normal_column("a", n, seed * 100 + 1), b = normal_column("b", n, seed * 100 + 2);
  Column y = normal_column("y", n, seed * 100 + 3);
  for (std::size_t i = 0; i < n; ++i) {
    y.numbers[i] = 100 + 10 * (2 * a.numbers[i] - b.numbers[i] * b.numbers[i] + 0.3 * y.numbers[i]);
    t.lines.push_back(static_cast<std::uint32_t>(i + 2));
  }
  t.columns = {a, b, y};
  return t;
}

}  // namespace runnel
