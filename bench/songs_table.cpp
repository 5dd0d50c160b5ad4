// The songs of P8, P12 and P13: 12 numbers of each and whether it is popular.
#include "songs_table.h"

#include <cstdlib>
#include <filesystem>

#include "runnel/data.h"
#include "runnel/random.h"

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

// The first `training` rows train, those after them up to `end` choose.
models::Problem of_rows(const Array& x, const Array& y, std::int64_t training, std::int64_t end) {
  models::Problem out;
  out.folds = {{slice(x, 0, 0, training), slice(y, 0, 0, training), slice(x, 0, training, end),
                slice(y, 0, training, end)}};
  out.loss = models::Loss::logistic;
  out.metric = models::Metric::log_loss;
  return out;
}

// 60% train, 20% choose; standardised with the training rows' statistics.
models::Problem split_here() {
  const Rows all = rows_at_hand();
  const std::int64_t n = all.x.dim(0);
  const Array order = random::permutation(random::key(1000), n);
  const Array x = gather(all.x, order), y = gather(all.y, order);
  const std::int64_t a = n * 6 / 10, b = n * 8 / 10;
  const Array train = slice(x, 0, 0, a);
  const Array middle = mean(train, 0), deviation = sqrt(variance(train, 0, 0));
  const Array z = convert((slice(x, 0, 0, b) - middle) / deviation, DType::f32);
  const Array t = convert(y, DType::f32);
  return of_rows(z, t, a, b);
}

// The rows as the peers have split and standardised them, from a CSV of columns x0 … x11, y and part (0:
// train, 1: choose).
models::Problem split_by_peers(const std::string& path) {
  const Table table = read_table(path);
  const auto n = static_cast<std::int64_t>(table.rows);
  std::vector<Array> columns;
  for (std::int64_t c = 0; c < kFeatures; ++c)
    columns.push_back(Array::from(table.at("x" + std::to_string(c)).numbers, {n}));
  const Array x = convert(stack(columns, 1), DType::f32);
  const Array y = convert(Array::from(table.at("y").numbers, {n}), DType::f32);
  std::int64_t training = 0;  // which stand first
  for (const double part : table.at("part").numbers) training += part == 0;
  return of_rows(x, y, training, n);
}

}  // namespace

models::Problem songs_problem() {
  const char* split = std::getenv("RUNNEL_BENCH_SPLIT");
  return split != nullptr ? split_by_peers(split) : split_here();
}

}  // namespace runnel::bench
