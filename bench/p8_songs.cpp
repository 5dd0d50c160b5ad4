// P8: a search of 64 candidates on 19,699 training rows of 12 numbers: 12-14-1, 12-6-6-6-1 and 12-10-5-1 x 8
// rates x seeds (the first 64 of 72), Adam, dropout 0.5, 25 epochs, batches of 32 and of 256.
#include <sys/resource.h>

#include <stdexcept>

#include "rows.h"
#include "songs_table.h"

namespace runnel::bench {
namespace {

std::vector<params::Configuration> candidates(std::int64_t batch) {
  const std::vector<const char*> architectures = {"14", "6x6x6", "10x5"};
  const std::vector<double> rates = {3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 5e-2};
  std::vector<params::Configuration> all;
  for (std::size_t i = 0; i < 64; ++i) {
    all.push_back(models::network({{"hidden", architectures[i % 3]},
                                   {"rate", rates[i / 3 % 8]},
                                   {"seed", static_cast<std::int64_t>(i / 24)},
                                   {"batch", batch},
                                   {"epochs", 25},
                                   {"dropout", 0.5}}));
  }
  return all;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

void songs(const Report& report) {
  const models::Problem rows = songs_problem();
  for (std::int64_t batch : {32, 256}) {
    const std::vector<params::Configuration> all = candidates(batch);
    models::Result result;
    const Timing t = measure([&] { result = models::run(rows, all, {.threads = report.threads()}); },
                             {.runs = 5, .warmup = 0});
    if (!result.best) throw std::runtime_error("P8: no candidate has come to a finite loss");
    const auto& best = result.candidates[static_cast<std::size_t>(*result.best)];
    report.time("batch " + std::to_string(batch), "runnel", t,
                {{"best_logloss", models::metric_of(best)},
                 {"rss_mb", peak_megabytes()},
                 {"rows", static_cast<double>(rows.folds[0].x.dim(0))}});
  }
}

}  // namespace runnel::bench
