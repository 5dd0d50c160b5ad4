#include <iostream>

#include "runnel/random.h"
#include "runnel/transforms.h"
using namespace runnel;

struct Line {
  Array slope, bias;
};

int main() {
  const Array x = random::normal(random::key(1), {200});
  const Array y = 3 * x + 1 + 0.1 * random::normal(random::key(2), {200});
  auto loss = [&](const Line& line) { return mean(square(line.slope * x + line.bias - y)); };
  // Gradient descent, as a function of its learning rate.
  auto train = [&](const Array& rate) {
    auto step = [&](const Line& line, const Array&) {
      const auto [value, g] = value_and_grad(loss)(line);
      return std::pair(Line{line.slope - rate * g.slope, line.bias - rate * g.bias}, value);
    };
    return loss(scan_n(step, Line{Array::scalar(0), Array::scalar(0)}, 20).first);
  };
  const Array rates = {0.01, 0.03, 0.1, 0.3};
  // Four trainings abreast; then the derivative of each final loss by its rate, through all twenty steps.
  std::cout << "final loss     " << jit(vmap(train))(rates) << "\n";
  std::cout << "slope by rate  " << jit(vmap(grad(train)))(rates) << "\n";
}
