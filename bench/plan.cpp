// How far search::plan is from the search that it predicts, for trainings of three kinds: predicted seconds,
// measured seconds and their ratio. On a quiet machine the ratio is to be within 30% of 1.
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "core/stopwatch.h"
#include "runnel/ops.h"
#include "runnel/random.h"
#include "runnel/search.h"
#include "runnel/transforms.h"

namespace {

using namespace runnel;
using search::Schema;
using search::Settings;

template <class Training, class Data>
void tell(const char* name, const Training& training, const Data& data, const search::SamplerPtr& sampler,
          const search::Options& options) {
  const search::Space space(training.schema);
  const double predicted = search::plan(training, data, space, sampler, options).seconds;
  const Stopwatch watch;
  search::run(training, data, space, sampler, options);
  const double measured = watch.total();
  std::printf("%-28s predicted %6.2f s, measured %6.2f s, ratio %.2f\n", name, predicted, measured,
              predicted / measured);
}

// ---- sparse rows: a factorisation ----

struct Factors {
  Array users, items;
};
struct Ratings {
  Array user, item, stars;
};

auto factorisation() {
  Schema s;
  s.integer("rank", {4, 32}).log().fixed();
  s.real("rate", {1, 100}).log();
  s.batch("batch", 500);
  s.budget("epochs", 27);
  const auto error = [](const Factors& f, const Ratings& r) {
    return sum(gather(f.users, r.user) * gather(f.items, r.item), {1}) - r.stars;
  };
  return search::trainable(
      s,
      [](const Settings& h, const Array& key) {
        const std::int64_t rank = h.integer("rank");
        return Factors{0.3 * random::normal(random::fold_in(key, 0), {500, rank}),
                       0.3 * random::normal(random::fold_in(key, 1), {300, rank})};
      },
      [=](const Settings& h, const Factors& f, const Ratings& batch) {
        const auto [value, g] =
            value_and_grad([&](const Factors& x) -> Array { return mean(square(error(x, batch))); })(f);
        return std::pair(Factors{f.users - h["rate"] * g.users, f.items - h["rate"] * g.items}, value);
      },
      [=](const Settings&, const Factors& f, const Ratings& rows) {
        return search::Measures{search::root_mean("rmse", square(error(f, rows)))};
      });
}

Ratings ratings() {
  const Array key = random::key(1);
  const auto number = [&](int stream, double n) {
    return convert(random::uniform(random::fold_in(key, stream), {40000}, 0, n), DType::i32);
  };
  return {number(1, 500), number(2, 300), random::normal(random::fold_in(key, 3), {40000})};
}

// ---- products: a network of two layers ----

struct Net {
  Array w1, b1, w2;
};
struct Rows {
  Array x, y;
};

auto network() {
  Schema s;
  s.integer("width", {16, 128}).log().fixed();
  s.real("rate", {1e-3, 1e-1}).log();
  s.batch("batch", 64);
  s.budget("epochs", 12);
  const auto error = [](const Net& n, const Rows& r) {
    return squeeze(matmul(tanh(matmul(r.x, n.w1) + n.b1), n.w2), 1) - r.y;
  };
  return search::trainable(
      s,
      [](const Settings& h, const Array& key) {
        const std::int64_t width = h.integer("width");
        return Net{0.2 * random::normal(random::fold_in(key, 0), {20, width}), Array::zeros({width}),
                   0.2 * random::normal(random::fold_in(key, 1), {width, 1})};
      },
      [=](const Settings& h, const Net& n, const Rows& batch) {
        const auto [value, g] =
            value_and_grad([&](const Net& x) -> Array { return mean(square(error(x, batch))); })(n);
        const Array& rate = h["rate"];
        return std::pair(Net{n.w1 - rate * g.w1, n.b1 - rate * g.b1, n.w2 - rate * g.w2}, value);
      },
      [=](const Settings&, const Net& n, const Rows& rows) {
        return search::Measures{search::mean("mse", square(error(n, rows)))};
      });
}

Rows rows() {
  const Array x = random::normal(random::key(5), {20000, 20});
  return {x, sin(sum(x, {1}))};
}

// ---- a loop within a step: an integrator ----

struct Spring {
  Array stiffness, damping;
};
struct Series {
  Array measured;
};

auto oscillator() {
  Schema s;
  s.real("rate", {1e-3, 1e-1}).log();
  s.seed("start");
  s.budget("epochs", 400);
  const auto path = [](const Spring& o) {
    const auto step = [&](const std::pair<Array, Array>& m, const Array&) {
      const Array v = m.second - 0.05 * (o.stiffness * m.first + o.damping * m.second);
      return std::pair(std::pair(m.first + 0.05 * v, v), m.first);
    };
    const Array one = Array::scalar(1, DType::f64);
    return scan_n(step, std::pair(one, 0 * one), 200).second;
  };
  return search::trainable(
      s,
      [](const Settings&, const Array& key) {
        const Array u = random::uniform(key, {2}, 0.2, 4, DType::f64);
        return Spring{squeeze(slice(u, 0, 0, 1), 0), 0.1 * squeeze(slice(u, 0, 1, 2), 0)};
      },
      [=](const Settings& h, const Spring& o, const Series& all) {
        const auto [value, g] =
            value_and_grad([&](const Spring& x) -> Array { return mean(square(path(x) - all.measured)); })(o);
        return std::pair(Spring{o.stiffness - h["rate"] * g.stiffness, o.damping - h["rate"] * g.damping},
                         value);
      },
      [=](const Settings&, const Spring& o, const Series& all) {
        return search::Measures{search::mean("mse", square(path(o) - all.measured))};
      },
      {.whole = true});
}

}  // namespace

int main() {
  tell("factorisation, halving", factorisation(), search::split(ratings()), search::random(200),
       {.scheduling = search::halving()});
  tell("factorisation, TPE", factorisation(), search::split(ratings()), search::tpe(64), {});
  tell("network of two layers", network(), search::split(rows()), search::sobol(48), {});
  tell("network, four folds", network(), search::split(rows(), {.folds = 4}), search::sobol(24), {});
  tell("oscillator", oscillator(), search::all_rows(Series{sin(arange(200, DType::f64))}),
       search::random(256), {});
}
