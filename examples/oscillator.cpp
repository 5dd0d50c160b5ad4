// The parameters of a damped oscillator, x'' = -stiffness x - damping x', are fitted to measurements of x
// through an integrator that is written as a scan. Many starts and rates descend abreast; the best of them is
// told.
#include <cmath>
#include <cstdint>
#include <iostream>
#include <utility>

#include "runnel/ops.h"
#include "runnel/random.h"
#include "runnel/search.h"
#include "runnel/transforms.h"

using namespace runnel;

struct Oscillator {
  Array stiffness, damping, position, velocity;  // scalars, f64; the latter two at time 0
};
struct Motion {
  Array position, velocity;
};
struct Series {
  Array time, measured;  // one row for each moment, as far apart as the others
};

constexpr std::int64_t kMoments = 60;
constexpr double kSecond = 0.1;  // between two moments

Motion slope_at(const Oscillator& o, const Motion& m) {
  return {m.velocity, -o.stiffness * m.position - o.damping * m.velocity};
}

Motion moved(const Motion& m, const Motion& slope, double by) {
  return {m.position + by * slope.position, m.velocity + by * slope.velocity};
}

// The position at each moment: steps of the classical Runge-Kutta method of order four.
Array positions(const Oscillator& o) {
  const auto step = [&](const Motion& m, const Array&) {
    const Motion a = slope_at(o, m), b = slope_at(o, moved(m, a, kSecond / 2));
    const Motion c = slope_at(o, moved(m, b, kSecond / 2)), d = slope_at(o, moved(m, c, kSecond));
    const Motion mean{(a.position + 2 * b.position + 2 * c.position + d.position) / 6,
                      (a.velocity + 2 * b.velocity + 2 * c.velocity + d.velocity) / 6};
    return std::pair(moved(m, mean, kSecond), m.position);
  };
  return scan_n(step, Motion{o.position, o.velocity}, kMoments).second;
}

int main() try {
  const auto number = [](double x) { return Array::scalar(x, DType::f64); };
  const Oscillator truth{number(4), number(0.3), number(1), number(-0.5)};
  const Array noise = random::normal(random::key(7), {kMoments}, DType::f64);
  const Series series{kSecond * arange(kMoments, DType::f64), positions(truth) + 0.02 * noise};

  search::Schema schema;
  schema.real("rate", {1e-3, 1}).log().meaning("of a step");
  schema.real("momentum", {0.5, 0.98}).meaning("what a step keeps of the one before");
  schema.seed("start").meaning("of the values that descent begins with");
  schema.budget("epochs", 300);

  struct State {
    Oscillator now, velocity;
  };
  const auto fit = search::trainable(
      schema,
      [&](const search::Settings&, const Array& key) {
        const Array u = random::uniform(key, {4}, -1, 1, DType::f64);
        const auto draw = [&](int i) { return squeeze(slice(u, 0, i, i + 1), 0); };
        const Oscillator start{5 + 3 * draw(0), 0.5 + 0.5 * draw(1), draw(2), 2 * draw(3)};
        return State{start, tree::map([](const Array& x) { return 0 * x; }, start)};
      },
      [](const search::Settings& h, const State& s, const Series& all) {
        const auto loss = [&](const Oscillator& o) -> Array {
          return mean(square(positions(o) - all.measured));
        };
        const auto [value, slope] = value_and_grad(loss)(s.now);
        const auto kept = [&](const Array& v, const Array& g) { return h["momentum"] * v - h["rate"] * g; };
        const Oscillator v = tree::map(kept, s.velocity, slope);
        return std::pair(
            State{tree::map([](const Array& x, const Array& by) { return x + by; }, s.now, v), v}, value);
      },
      [](const search::Settings&, const State& s, const Series& all) {
        return search::Measures{search::root_mean("rmse", square(positions(s.now) - all.measured))};
      },
      {.whole = true});

  search::Space space(schema);
  space.vary("start", {0, 1, 2, 3, 4, 5, 6, 7});
  const auto found = search::run(fit, search::all_rows(series), space, search::sobol(128));
  std::cout << found.table(5);
  const Oscillator& o = found.state().now;
  std::cout << "stiffness " << o.stiffness << ", damping " << o.damping << ", position " << o.position
            << ", velocity " << o.velocity << '\n';
} catch (const Error& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
