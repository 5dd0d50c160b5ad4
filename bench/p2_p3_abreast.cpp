// P2 and P3: 16, 64 and 256 small networks side by side, gradient descent as jit(vmap(scan of steps)). On
// several threads each trains a block of its own, as a search does; the time is that of a step of one model
// on one core.
#include "networks.h"
#include "on_threads.h"
#include "rows.h"

namespace runnel::bench {
namespace {

void lanes_of(const Report& report, const Network& net, std::int64_t lanes) {
  std::vector<Array> keys;
  for (std::int64_t i = 0; i < lanes; ++i) keys.push_back(random::key(static_cast<std::uint64_t>(i)));
  auto start = [&](const Array& key) { return nn::init_mlp(key, net.sizes, net.activation); };
  const nn::Mlp models = vmap(start)(stack(keys));
  const Array rates = net.rate * (0.5 + arange(lanes, DType::f32) / static_cast<double>(lanes));
  const auto train = jit(vmap(training(net)));
  expect_learning(net, mean(train(models, rates).losses, 0));
  // As many trainings as make starting a thread, a millisecond at worst, not matter.
  const std::int64_t times = 1024 / lanes;
  const Timing t = measure([&] {
    on_threads(report.threads(), [&](int) {
      for (std::int64_t i = 0; i < times; ++i) train(models, rates);
    });
  });
  report.time(net.name + ", " + std::to_string(lanes) + " abreast", "runnel",
              t.per(static_cast<double>(times * net.steps() * lanes)), {{"flops", net.flops_of_a_step()}});
}

}  // namespace

void abreast(const Report& report) {
  for (const Network& net : {songs_network(200), wave_network(200)})
    for (std::int64_t lanes : {16, 64, 256}) lanes_of(report, net, lanes);
}

}  // namespace runnel::bench
