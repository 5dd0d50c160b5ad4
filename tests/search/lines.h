// A training for tests: a line through points, by gradient descent on batches, with choices of every role.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "runnel/ops.h"
#include "runnel/random.h"
#include "runnel/search.h"
#include "runnel/transforms.h"

namespace runnel::search::lines {

struct Line {
  std::vector<Array> terms;  // coefficients of x, x², …: as many as the degree
  Array start;
  Array key;  // for the noise of steps
};
struct Points {
  Array x, y;
};

inline Schema schema() {
  Schema s;
  s.real("rate", {1e-4, 1e3}).log();
  s.real("penalty", {0, 1}).may_be_off().standard(Value::off());
  s.real("noise", {0, 1}).standard(0);
  s.integer("degree", {1, 3}).fixed().standard(1);
  s.choice("rule", {"plain", "falling"}).standard("plain");
  s.batch("batch", 8);
  s.budget("epochs", 6);
  s.seed("seed");
  return s;
}

inline Array at(const Line& line, const Array& x) {
  Array y = line.start + 0 * x;
  Array power = x;
  for (const Array& term : line.terms) {
    y = y + term * power;
    power = power * x;
  }
  return y;
}

inline auto trainable(Manner manner = {}, Schema of = schema()) {
  return search::trainable(
      std::move(of),
      [](const Settings& h, const Array& key) {
        Line line{{}, Array::scalar(0), random::fold_in(key, 100)};
        for (std::int64_t k = 0; k < h.integer("degree"); ++k)
          line.terms.push_back(0.1 * random::normal(random::fold_in(key, k), {}));
        return line;
      },
      [](const Settings& h, const Line& line, const Points& batch) {
        const auto loss = [&](const Line& l) -> Array {
          Array out = mean(square(at(l, batch.x) - batch.y));
          if (!h.is_off("penalty"))
            for (const Array& term : l.terms) out = out + h["penalty"] * square(term);
          return out;
        };
        const auto [value, slope] = value_and_grad(loss)(line);
        Array rate = h["rate"];
        if (h.text("rule") == "falling") rate = rate / h.steps();
        Line next = line;
        for (std::size_t k = 0; k < next.terms.size(); ++k)
          next.terms[k] = line.terms[k] - rate * slope.terms[k];
        next.start = line.start - rate * slope.start + 0.01 * h["noise"] * random::normal(line.key, {});
        next.key = random::fold_in(line.key, 1);
        return std::pair(next, value);
      },
      [](const Settings&, const Line& line, const Points& rows) {
        const Array error = at(line, rows.x) - rows.y;
        return Measures{mean("mse", square(error)), mean("mae", abs(error))};
      },
      manner);
}

// y = 1 + 2 x - x² with noise, at so many x from -1 to 1.
inline Points points(std::int64_t n, std::uint64_t seed = 5) {
  const Array key = random::key(seed);
  const Array x = random::uniform(random::fold_in(key, 0), {n}, -1, 1);
  return {x, 1 + 2 * x - square(x) + 0.1 * random::normal(random::fold_in(key, 1), {n})};
}

}  // namespace runnel::search::lines
