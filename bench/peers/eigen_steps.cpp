// Peer of P5: the step written by hand on Eigen, the update fused into the products that make the gradients
// (w -= rate x' d is one product with an accumulating output). Compiled for the processor that builds it.
// eigen_steps THREADS (more than one has no effect: it is built without OpenMP)
#include <Eigen/Dense>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <vector>

#include "timing.h"

namespace runnel::bench {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::RowVectorXf;
constexpr int kBatch = 64, kInputs = 784, kHidden = 128, kClasses = 10;

struct Network {
  Matrix w1 = Matrix::Random(kInputs, kHidden) * 0.05F, w2 = Matrix::Random(kHidden, kClasses) * 0.1F;
  Row b1 = Row::Zero(kHidden), b2 = Row::Zero(kClasses);
  Matrix h{kBatch, kHidden}, z{kBatch, kClasses}, dh{kBatch, kHidden};

  // One step; gives the mean loss before it.
  float step(const Matrix& x, const std::vector<int>& y, float rate) {
    h.noalias() = x * w1;
    h = (h.rowwise() + b1).cwiseMax(0.0F);
    z.noalias() = h * w2;
    z.rowwise() += b2;
    float loss = 0;
    for (int i = 0; i < kBatch; ++i) {
      z.row(i).array() -= z.row(i).maxCoeff();
      const float right = z(i, y[static_cast<std::size_t>(i)]);
      z.row(i) = z.row(i).array().exp();
      const float total = z.row(i).sum();
      loss += std::log(total) - right;
      z.row(i) /= total;
      z(i, y[static_cast<std::size_t>(i)]) -= 1;
    }
    z /= kBatch;
    dh.noalias() = z * w2.transpose();
    dh = (h.array() > 0).select(dh, 0.0F);
    w2.noalias() -= rate * (h.transpose() * z);
    w1.noalias() -= rate * (x.transpose() * dh);
    b2 -= rate * z.colwise().sum();
    b1 -= rate * dh.colwise().sum();
    return loss / kBatch;
  }
};

void run(int threads) {
  std::mt19937 random(0);
  std::uniform_int_distribution<int> digit(0, kClasses - 1);
  const Matrix patterns = (Matrix::Random(kClasses, kInputs).array() + 1) * 0.25F;
  std::vector<Matrix> xs;
  std::vector<std::vector<int>> ys;
  for (int b = 0; b < 16; ++b) {
    Matrix x = (Matrix::Random(kBatch, kInputs).array() + 1) * 0.25F;
    std::vector<int> y(kBatch);
    for (int i = 0; i < kBatch; ++i) {
      y[static_cast<std::size_t>(i)] = digit(random);
      x.row(i) += patterns.row(y[static_cast<std::size_t>(i)]);
    }
    xs.push_back(x);
    ys.push_back(y);
  }
  Network network;
  const auto epoch = [&] {
    float loss = 0;
    for (std::size_t b = 0; b < xs.size(); ++b) loss += network.step(xs[b], ys[b], 0.05F);
    return loss;
  };
  const float first = epoch();
  for (int i = 0; i < 3; ++i) epoch();
  if (!(epoch() < first)) throw std::runtime_error("the loss does not fall");
  const Report report("P4-P5", threads);
  report.time("784-128-10, one model", "Eigen",
              measure([&] { keep(epoch()); }).per(static_cast<double>(xs.size())));
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) { runnel::bench::run(argc > 1 ? std::atoi(argv[1]) : 1); }
