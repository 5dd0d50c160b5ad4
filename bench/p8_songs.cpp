// P8: a search of 64 candidates on 19,699 training rows of 12 numbers: 12-14-1, 12-6-6-6-1 and 12-10-5-1 x 8
// rates x seeds (the first 64 of 72), Adam, dropout 0.5, 25 epochs, batches of 32 and of 256. The rows are
// those of spotify_songs.csv where it is at hand, else generated ones of the same shape.
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "rows.h"
#include "runnel/data.h"
#include "runnel/random.h"
#include "runnel/sweep.h"

namespace runnel::bench {
namespace {

constexpr std::int64_t kFeatures = 12, kUsualRows = 32833;

struct Rows {
  Array x, y;  // (n, 12) as they are, (n,) 0 or 1
};

Rows from_file(const std::string& path) {
  const Table table = read_table(path);
  const auto n = static_cast<std::int64_t>(table.rows);
  std::vector<Array> columns;
  for (const char* name : {"danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness",
                           "instrumentalness", "liveness", "valence", "tempo", "duration_ms"})
    columns.push_back(Array::from(table.at(name).numbers, {n}));
  const Array popularity = Array::from(table.at("track_popularity").numbers, {n});
  return {stack(columns, 1), convert(popularity > 50, DType::f64)};
}

// The same shape, and a target that can be learnt as little as that one.
Rows generated() {
  const Array x = random::normal(random::key(7), {kUsualRows, kFeatures}, DType::f64);
  auto column = [&](int i) { return squeeze(slice(x, 1, i, i + 1), 1); };
  const Array score = 0.6 * column(0) - 0.5 * column(1) * column(2) + 0.4 * sin(1.5 * column(3)) - 0.3;
  const Array chance = random::uniform(random::key(8), {kUsualRows}, 0, 1, DType::f64);
  return {x, convert(chance < logistic(score), DType::f64)};
}

Rows rows_at_hand() {
  const char* folder = std::getenv("RUNNEL_BENCH_DATA");
  const std::string path = std::string(folder != nullptr ? folder : "") + "/spotify_songs.csv";
  return std::filesystem::exists(path) ? from_file(path) : generated();
}

// 60% train, 20% choose; standardised with the training rows' statistics.
sweep::Problem problem() {
  const Rows all = rows_at_hand();
  const std::int64_t n = all.x.dim(0);
  const Array order = random::permutation(random::key(1000), n);
  const Array x = gather(all.x, order), y = gather(all.y, order);
  const std::int64_t a = n * 6 / 10, b = n * 8 / 10;
  const Array train = slice(x, 0, 0, a);
  const Array middle = mean(train, 0), deviation = sqrt(variance(train, 0, 0));
  const Array z = convert((slice(x, 0, 0, b) - middle) / deviation, DType::f32);
  const Array t = convert(y, DType::f32);
  sweep::Problem out;
  out.folds = {{slice(z, 0, 0, a), slice(t, 0, 0, a), slice(z, 0, a, b), slice(t, 0, a, b)}};
  out.loss = sweep::Loss::logistic;
  out.metric = sweep::Metric::log_loss;
  return out;
}

std::vector<sweep::Hyper> candidates(std::int64_t batch) {
  const std::vector<std::vector<std::int64_t>> architectures = {{14}, {6, 6, 6}, {10, 5}};
  const std::vector<double> rates = {3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 5e-2};
  std::vector<sweep::Hyper> all;
  for (std::size_t i = 0; i < 64; ++i) {
    sweep::Hyper h;
    h.hidden = architectures[i % 3];
    h.rate = rates[i / 3 % 8];
    h.seed = i / 24;
    h.batch = batch;
    h.epochs = 25;
    h.dropout = 0.5;
    all.push_back(h);
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
  const sweep::Problem rows = problem();
  for (std::int64_t batch : {32, 256}) {
    const std::vector<sweep::Hyper> all = candidates(batch);
    sweep::Result result;
    const Timing t = measure([&] { result = sweep::run(rows, all, {.threads = report.threads()}); },
                             {.runs = 5, .warmup = 0});
    if (!result.best) throw std::runtime_error("P8: no candidate has come to a finite loss");
    const auto& best = result.outcomes[static_cast<std::size_t>(*result.best)];
    report.time("batch " + std::to_string(batch), "runnel", t,
                {{"best_logloss", best.validation},
                 {"rss_mb", peak_megabytes()},
                 {"rows", static_cast<double>(rows.folds[0].x.dim(0))}});
  }
}

}  // namespace runnel::bench
