// P4 and P5: one network, gradient descent as jit(scan of steps); the time of a step.
#include "networks.h"
#include "rows.h"

namespace runnel::bench {

void alone(const Report& report) {
  for (const Network& net : {songs_network(200), wave_network(200), digits_network(16)}) {
    const nn::Mlp start = start_of(net, 0);
    const Array rate = Array::scalar(net.rate);
    const auto train = jit(training(net));
    expect_learning(net, train(start, rate).losses);
    const Timing t = measure([&] { train(start, rate); });
    report.time(net.name + ", one model", "runnel", t.per(static_cast<double>(net.steps())),
                {{"flops", net.flops_of_a_step()}});
  }
}

}  // namespace runnel::bench
