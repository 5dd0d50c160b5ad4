// P1: linear regression by mini-batch gradient descent on 3,200 images of 48 x 48, 800 to choose by: 4 batch
// sizes x 4 rates x 4 numbers of epochs x 4 penalties = 256 candidates, as one search. The candidates that
// differ in their epochs alone are readings of one trajectory: 64 lanes of 64 epochs.
#include <stdexcept>

#include "rows.h"
#include "runnel/data.h"
#include "runnel/models.h"

namespace runnel::bench {
namespace {

constexpr std::int64_t kTrain = 3200, kChoose = 800;

// demo:faces, ages as they are, pixels from 0 to 1.
models::Problem faces(DType dtype) {
  const Table table = read_table("demo:faces", {.rows = kTrain + kChoose});
  const auto width = static_cast<std::int64_t>(table.block->width());
  const Array x = convert(Array::from(table.block->values, {kTrain + kChoose, width}), dtype);
  const Array y = convert(Array::from(table.at(table.usual_target).numbers, {kTrain + kChoose}), dtype);
  models::Problem problem;
  problem.folds = {{slice(x, 0, 0, kTrain), slice(y, 0, 0, kTrain), slice(x, 0, kTrain, kTrain + kChoose),
                    slice(y, 0, kTrain, kTrain + kChoose)}};
  problem.loss = models::Loss::half_squared;
  problem.metric = models::Metric::rmse;
  return problem;
}

std::vector<params::Configuration> candidates() {
  params::Space space(models::network_schema());
  space.set("hidden", "none").set("optimizer", "sgd").set("bias", 0.1);
  for (const char* axis :
       {"batch=160,200,400,640", "rate=3e-8,3e-6,3e-5,3e-3", "epochs=16,32,48,64", "l2=1e-7,1e-5,1e-3,1e-1"})
    space.vary(axis);
  return space.grid();
}

}  // namespace

void grid(const Report& report) {
  const std::vector<params::Configuration> all = candidates();
  for (DType dtype : {DType::f64, DType::f32}) {
    const models::Problem problem = faces(dtype);
    models::Result result;
    const Timing t = measure([&] { result = models::run(problem, all, {.threads = report.threads()}); },
                             {.runs = 5, .warmup = 0});
    if (!result.best) throw std::runtime_error("P1: no candidate has come to a finite loss");
    // Forward and weight gradient on the training rows, forward on the others, in each of 64 epochs of 64
    // lanes.
    const double flops = 64.0 * 64.0 * 2304 * (4.0 * kTrain + 2.0 * kChoose);
    const auto& best = result.candidates[static_cast<std::size_t>(*result.best)];
    report.time(std::string(name_of(dtype)), "runnel", t,
                {{"flops", flops}, {"best_validation_loss", models::loss_of(best)}});
  }
}

}  // namespace runnel::bench
