// A step in two halves: whatever is done with the gradient on its way, it is that of the batch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "error_of.h"
#include "runnel/random.h"
#include "runnel/search.h"
#include "runnel/transforms.h"

namespace runnel::search {
namespace {

using testing::HasSubstr;

struct Plane {
  Array w, b;  // (3,), ()
};
struct Rows {
  Array x, y;  // (n, 3), (n,)
};

Array error_of_rows(const Plane& p, const Rows& rows) { return sum(rows.x * p.w, {1}) + p.b - rows.y; }

Schema schema() {
  Schema s;
  s.real("clip", {1e-3, 1e6}).log().may_be_off().standard(Value::off());
  s.integer("accumulate", {1, 64}).fixed().may_be_off().standard(Value::off());
  s.integer("shards", {1, 64}).fixed().may_be_off().standard(Value::off());
  return s;
}

auto plane() {
  return trainable(
      schema(),
      [](const Settings&, const Array& key) {
        return Plane{random::normal(key, {3}, DType::f64), Array::scalar(0.5, DType::f64)};
      },
      by_gradient(
          [](const Settings&, const Plane& p, const Rows& rows) {
            return value_and_grad(
                [&](const Plane& q) -> Array { return mean(square(error_of_rows(q, rows))); })(p);
          },
          [](const Settings&, const Plane& p, const Plane& slope) {
            return Plane{p.w - 0.1 * slope.w, p.b - 0.1 * slope.b};
          },
          {.clip = "clip", .accumulate = "accumulate", .shards = "shards"}),
      [](const Settings&, const Plane& p, const Rows& rows) {
        return Measures{mean("error", square(error_of_rows(p, rows)))};
      },
      {.whole = true});
}

Rows some_rows(std::int64_t n) {
  return {random::normal(random::key(3), {n, 3}, DType::f64),
          random::normal(random::key(4), {n}, DType::f64)};
}

Plane after_a_step(const Rows& rows, const std::vector<std::pair<const char*, Value>>& set) {
  Space space(schema());
  for (const auto& [name, value] : set) space.set(name, value);
  return run(plane(), all_rows(rows), space, grid()).state();
}

void expect_near(const Plane& a, const Plane& b, double within) {
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_NEAR(a.w.at({i}), b.w.at({i}), within);
  EXPECT_NEAR(a.b.item(), b.b.item(), within);
}

TEST(GradientParts, GiveTheGradientOfTheBatch) {
  for (const std::int64_t n : {12, 13, 60}) {
    const Rows rows = some_rows(n);
    const Plane plain = after_a_step(rows, {});
    for (const int shards : {1, 2, 5, 12, 64})
      expect_near(after_a_step(rows, {{"shards", shards}}), plain, 1e-14);
    expect_near(after_a_step(rows, {{"clip", 1e6}}), plain, 1e-14);
    if (n % 6 != 0) continue;
    for (const int parts : {1, 2, 6}) {
      expect_near(after_a_step(rows, {{"accumulate", parts}}), plain, 1e-14);
      expect_near(after_a_step(rows, {{"accumulate", parts}, {"shards", 2}, {"clip", 1e6}}), plain, 1e-14);
    }
  }
}

// Written out, one example after another.
TEST(GradientParts, ClipEachExample) {
  const Rows rows = some_rows(9);
  const Plane first{random::normal(random::key(0), {3}, DType::f64), Array::scalar(0.5, DType::f64)};
  const Plane plain = after_a_step(rows, {});
  for (const double limit : {0.5, 2.0, 5.0}) {
    double mean_w[3] = {0, 0, 0}, mean_b = 0;
    for (std::int64_t i = 0; i < 9; ++i) {
      double error = first.b.item() - rows.y.at({i});
      for (std::int64_t k = 0; k < 3; ++k) error += rows.x.at({i, k}) * first.w.at({k});
      double norm = 1;
      for (std::int64_t k = 0; k < 3; ++k) norm += rows.x.at({i, k}) * rows.x.at({i, k});
      norm = 2 * std::abs(error) * std::sqrt(norm);
      const double factor = std::min(1.0, limit / norm) * 2 * error / 9;
      for (std::int64_t k = 0; k < 3; ++k) mean_w[k] += factor * rows.x.at({i, k});
      mean_b += factor;
    }
    const Plane wanted{first.w - 0.1 * Array::from(std::vector<double>(mean_w, mean_w + 3), {3}),
                       first.b - 0.1 * mean_b};
    expect_near(after_a_step(rows, {{"clip", limit}}), wanted, 1e-13);
    expect_near(after_a_step(rows, {{"clip", limit}, {"shards", 4}}), wanted, 1e-13);
    expect_near(after_a_step(rows, {{"clip", limit}, {"accumulate", 3}}), wanted, 1e-13);
    EXPECT_GT(std::abs(wanted.b.item() - plain.b.item()), 1e-6);  // it does clip
  }
}

TEST(GradientParts, RefuseABatchThatCannotBeCut) {
  EXPECT_THAT(error_of([] {
                after_a_step(some_rows(10), {{"accumulate", 3}});
              }),
              HasSubstr("accumulate is 3: a batch of 10 rows cannot be cut into so many equal parts"));
}

}  // namespace
}  // namespace runnel::search
