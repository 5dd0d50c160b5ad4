// Peer of P4 and P5: PyTorch's C++ library as its users write it, autograd and torch::optim::SGD.
// torch_steps THREADS
#include <torch/torch.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "timing.h"

namespace runnel::bench {
namespace {

using Loss = std::function<torch::Tensor(const torch::Tensor& out, const torch::Tensor& y)>;
enum class Activation { relu, tanh };

torch::nn::Sequential network(const std::vector<std::int64_t>& sizes, Activation activation) {
  torch::nn::Sequential net;
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    net->push_back(torch::nn::Linear(sizes[i - 1], sizes[i]));
    if (i + 1 == sizes.size()) break;
    if (activation == Activation::relu)
      net->push_back(torch::nn::ReLU());
    else
      net->push_back(torch::nn::Tanh());
  }
  return net;
}

// x (batches, batch, inputs): a step for each batch.
void measure_steps(const Report& report, const std::string& name, torch::nn::Sequential net, const Loss& loss,
                   const torch::Tensor& x, const torch::Tensor& y) {
  torch::optim::SGD optimizer(net->parameters(), 0.05);
  const std::vector<torch::Tensor> xs = x.unbind(0), ys = y.unbind(0);
  const auto epoch = [&] {
    for (std::size_t i = 0; i < xs.size(); ++i) {
      optimizer.zero_grad();
      loss(net->forward(xs[i]), ys[i]).backward();
      optimizer.step();
    }
  };
  report.time(name, "libtorch", measure(epoch).per(static_cast<double>(xs.size())));
}

void run(int threads) {
  torch::set_num_threads(threads);
  torch::manual_seed(0);
  const Report report("P4-P5", threads);
  const auto logistic = [](const torch::Tensor& out, const torch::Tensor& y) {
    return torch::binary_cross_entropy_with_logits(out.squeeze(1), y);
  };
  const auto squared = [](const torch::Tensor& out, const torch::Tensor& y) {
    return torch::mse_loss(out.squeeze(1), y);
  };
  const auto softmax = [](const torch::Tensor& out, const torch::Tensor& y) {
    return torch::cross_entropy_loss(out, y);
  };
  measure_steps(report, "12-16-8-1, one model", network({12, 16, 8, 1}, Activation::relu), logistic,
                torch::randn({200, 32, 12}), torch::randint(2, {200, 32}).to(torch::kFloat));
  measure_steps(report, "2-16-16-1, one model", network({2, 16, 16, 1}, Activation::tanh), squared,
                torch::randn({1, 100, 2}).repeat({200, 1, 1}), torch::randn({1, 100}).repeat({200, 1}));
  measure_steps(report, "784-128-10, one model", network({784, 128, 10}, Activation::relu), softmax,
                torch::rand({16, 64, 784}), torch::randint(10, {16, 64}));
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) { runnel::bench::run(argc > 1 ? std::atoi(argv[1]) : 1); }
