// Makes a small study for transcripts: make_study FILE running|killed|interrupted|finished|waiting [FOLDS]
//
// Eight candidates: 0, 3, 4 and 6 done (3 and 6 alike in metric and loss), 1 diverged, 2 retired, 5
// interrupted, 7 waiting; with "waiting" nothing has begun. With "running" it stays the writer until it is
// killed.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>

#include <unistd.h>

#include "runnel/study.h"

namespace {

using namespace runnel;
using study::Status;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<params::Configuration> candidates() {
  std::vector<params::Configuration> out;
  for (int i = 0; i < 8; ++i)
    out.push_back(models::network({{"rate", i % 2 == 0 ? 0.001 : 0.01},
                                   {"hidden", i < 4 ? "none" : "64x32"},
                                   {"l2", i % 4 < 2 ? 0 : 1e-4},
                                   {"epochs", 12}}));
  return out;
}

study::Description description(std::int64_t folds) {
  study::Description d;
  d.source = "songs.csv";
  d.command = "runnel fit songs.csv --target hit --study songs.study";
  d.configuration = R"({"target":"hit"})";
  d.seed = 7;
  d.metric = "accuracy";
  d.loss = "logistic";
  d.folds = folds;
  d.version = "0.1.0";
  d.data = study::data_fingerprint(Table{});
  d.split = study::split_fingerprint({}, {});
  d.space = study::settings_fingerprint({});
  return d;
}

void write_candidate(study::Store& store, std::int64_t folds, std::int64_t index, Status status,
                     double metric, double loss, std::int64_t epochs) {
  for (std::int64_t fold = 0; fold < folds && epochs > 0; ++fold) {
    std::vector<double> curve;
    for (std::int64_t e = 1; e <= epochs; ++e)
      curve.push_back(metric - 0.25 / static_cast<double>(e * e) - static_cast<double>(fold) / 64);
    store.reading({index, fold, epochs, curve.back(), loss, status != Status::diverged, curve});
  }
  store.verdict({index, status, metric, loss, epochs});
}

void write_results(study::Store& store, std::int64_t folds) {
  write_candidate(store, folds, 0, Status::done, 0.75, 0.5, 12);
  write_candidate(store, folds, 1, Status::diverged, kNan, kNan, 4);
  write_candidate(store, folds, 2, Status::retired, 0.625, 0.625, 4);
  write_candidate(store, folds, 3, Status::done, 0.875, 0.25, 12);
  write_candidate(store, folds, 4, Status::done, 0.8125, 0.375, 12);
  write_candidate(store, folds, 5, Status::interrupted, kNan, kNan, 0);
  write_candidate(store, folds, 6, Status::done, 0.875, 0.25, 12);
  store.rung({0, 4, 6, 4});
  store.warning("1 of 8 candidates diverged");
  store.timing("searching", 1.25);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string_view state = argv[2];
  const std::int64_t folds = argc > 3 ? std::atoi(argv[3]) : 1;
  try {
    study::Store store = study::Store::create(argv[1], description(folds), candidates());
    if (state != "waiting") write_results(store, folds);
    store.commit();
    if (state == "killed") std::raise(SIGKILL);
    if (state == "running") {
      std::puts("ready");
      std::fflush(stdout);
      ::pause();
    }
    store.finish(state == "finished" ? study::State::finished : study::State::interrupted,
                 state == "finished" ? std::optional<std::int64_t>(3) : std::nullopt);
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
