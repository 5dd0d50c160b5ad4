// The search: blocks on threads, readings into outcomes, the best of them.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <optional>
#include <span>

#include "core/fail.h"
#include "core/threads.h"
#include "runnel/transforms.h"
#include "sweep/block.h"

namespace runnel::sweep {
namespace {

// States and rows that may be in memory at a time beside the data.
constexpr std::size_t kWaveBytes = std::size_t{512} << 20;

void check(const Problem& problem, const std::vector<Hyper>& candidates) {
  if (candidates.empty()) fail("the search has no candidates");
  for (const Hyper& hyper : candidates) check(hyper);
  if (problem.folds.empty()) fail("the search has no rows to train on");
  for (const Fold& fold : problem.folds) {
    if (fold.x.rank() != 2 || fold.x_validation.rank() != 2 || fold.x.dim(1) != fold.x_validation.dim(1))
      fail("training rows {} and validation rows {} do not have the same features", to_string(fold.x.shape()),
           to_string(fold.x_validation.shape()));
    if (fold.x.dim(0) == 0 || fold.x_validation.dim(0) == 0)
      fail("a search needs rows to train on and rows to choose by; one of the two is empty");
    if (fold.y.shape() != Shape{fold.x.dim(0)} ||
        fold.y_validation.shape() != Shape{fold.x_validation.dim(0)})
      fail("targets {} and {} do not go with {} and {} rows", to_string(fold.y.shape()),
           to_string(fold.y_validation.shape()), fold.x.dim(0), fold.x_validation.dim(0));
  }
}

class Search {
 public:
  Search(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options)
      : problem_(problem),
        candidates_(candidates),
        options_(options),
        threads_(thread_count(options.threads)) {
    blocks_ = make_blocks(problem, candidates, threads_);
    for (const Block& block : blocks_) total_work_ += block.work();
    readings_.resize(candidates.size());
  }

  Result run() {
    for (std::size_t begin = 0; begin < blocks_.size() && !stopped();) {
      const std::size_t end = end_of_wave(begin);
      train_wave(std::span(blocks_).subspan(begin, end - begin));
      begin = end;
    }
    return finish();
  }

 private:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  bool stopped() const { return options_.stop != nullptr && *options_.stop; }

  // Whether a beats b. Ties in the metric go to the lower loss, then to the earlier candidate.
  bool better(const Reading& a, const Reading& b) const {
    if (a.validation != b.validation)
      return higher_is_better(problem_.metric) == (a.validation > b.validation);
    if (a.loss != b.loss) return a.loss < b.loss;
    return a.candidate < b.candidate;
  }

  // Blocks that train together share the rows of each epoch; all their states are in memory at a time.
  std::size_t end_of_wave(std::size_t begin) const {
    std::size_t bytes = 0;
    std::vector<bool> has_rows(problem_.folds.size(), false);
    std::size_t end = begin;
    for (; end < blocks_.size(); ++end) {
      const Block& block = blocks_[end];
      bytes += block.state_bytes();
      if (!has_rows[block.fold]) bytes += bytes_of_rows(*block.data);
      has_rows[block.fold] = true;
      if (bytes > kWaveBytes && end >= begin + static_cast<std::size_t>(threads_)) break;
    }
    return end;
  }

  void train_wave(std::span<const Block> blocks) {
    std::vector<BlockRun> runs;
    std::int64_t epochs = 0;
    for (const Block& block : blocks) {
      runs.emplace_back(problem_, block, programs_);
      epochs = std::max(epochs, block.epochs());
    }
    const BlockHooks hooks{[&](const Reading& r) { return read(r); },
                           [&](const Reading& r, nn::Mlp model) { take(r, std::move(model)); }};
    std::vector<std::optional<RowOrder>> orders(problem_.folds.size());
    for (std::int64_t epoch = 1; epoch <= epochs && !stopped(); ++epoch) {
      std::vector<BlockRun*> active;
      std::vector<std::optional<OrderedRows>> rows(problem_.folds.size());
      for (BlockRun& run : runs) {
        if (run.block().epochs() < epoch) continue;
        active.push_back(&run);
        const std::size_t fold = run.block().fold;
        if (!orders[fold]) orders[fold].emplace(*run.block().data, options_.seed, fold, threads_);
        if (!rows[fold]) rows[fold] = orders[fold]->epoch(epoch - 1);
      }
      run_jobs(active.size(), threads_, [&](std::size_t i) {
        if (stopped()) return;
        active[i]->train_epoch(epoch, *rows[active[i]->block().fold], hooks);
        advance(active[i]->block().work_per_epoch());
      });
    }
  }

  bool read(const Reading& reading) {
    const std::lock_guard lock(mutex_);
    auto& all = readings_[static_cast<std::size_t>(reading.candidate)];
    all.insert(std::find_if(all.begin(), all.end(), [&](const Reading& r) { return r.fold > reading.fold; }),
               reading);
    if (all.size() < problem_.folds.size()) return false;
    ++done_;
    if (problem_.folds.size() > 1) return false;
    return reading.finite && (!best_ || better(reading, *best_));
  }

  void take(const Reading& reading, nn::Mlp model) {
    const std::lock_guard lock(mutex_);
    if (best_ && !better(reading, *best_)) return;  // another thread found a better one meanwhile
    best_ = reading;
    best_model_ = std::move(model);
  }

  void advance(double work) {
    if (!options_.progress) return;
    const std::lock_guard lock(mutex_);
    work_ += work;
    Progress p;
    p.done = done_;
    p.total = static_cast<std::int64_t>(candidates_.size());
    p.fraction = work_ / total_work_;
    if (best_) p.best = best_->validation;
    p.seconds = seconds();
    p.seconds_left = p.seconds * (1 - p.fraction) / p.fraction;
    options_.progress(p);
  }

  Outcome outcome(std::size_t i) const {
    Outcome out;
    out.index = static_cast<std::int64_t>(i);
    out.hyper = candidates_[i];
    const auto& readings = readings_[i];
    out.validation = out.validation_loss = std::nan("");
    if (readings.size() < problem_.folds.size()) return out;
    bool finite = true;
    double validation = 0;
    double loss = 0;
    for (const Reading& r : readings) {  // in the order of the folds
      finite = finite && r.finite;
      validation += r.validation;
      loss += r.loss;
    }
    const auto folds = static_cast<double>(problem_.folds.size());
    out.status = finite ? Status::done : Status::diverged;
    out.curve = readings[0].curve;
    if (!finite) return out;
    out.validation = validation / folds;
    out.validation_loss = loss / folds;
    return out;
  }

  Result finish() {
    Result result;
    std::int64_t diverged = 0;
    std::optional<Reading> best;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      result.outcomes.push_back(outcome(i));
      const Outcome& out = result.outcomes.back();
      diverged += out.status == Status::diverged;
      result.interrupted = result.interrupted || out.status == Status::interrupted;
      if (out.status != Status::done) continue;
      const Reading reading{out.index, 0, out.validation, out.validation_loss, true, {}};
      if (!best || better(reading, *best)) best = reading;
    }
    if (best) {
      result.best = best->candidate;
      Outcome& winner = result.outcomes[static_cast<std::size_t>(best->candidate)];
      if (problem_.folds.size() == 1) winner.model = best_model_;
      for (std::string& text : edge_warnings(candidates_, winner.hyper))
        result.warnings.push_back(std::move(text));
    }
    if (diverged > 0)
      result.warnings.push_back(fmt::format(
          "{} of {} candidates diverged (their weights or losses are no longer finite) and were not chosen",
          diverged, candidates_.size()));
    warn_of_cut_batches(result);
    result.blocks = static_cast<std::int64_t>(blocks_.size());
    for (const Block& block : blocks_) result.lanes += static_cast<std::int64_t>(block.trajectories.size());
    result.seconds = seconds();
    return result;
  }

  void warn_of_cut_batches(Result& result) const {
    const std::int64_t rows = problem_.folds[0].x.dim(0);
    for (const Hyper& hyper : candidates_)
      if (hyper.batch > rows) {
        result.warnings.push_back(fmt::format(
            "a batch of {} is more than the {} training rows: all of them make one step", hyper.batch, rows));
        return;
      }
  }

  const Problem& problem_;
  const std::vector<Hyper>& candidates_;
  const Options& options_;
  int threads_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::vector<Block> blocks_;
  BlockPrograms programs_;
  double total_work_ = 0;

  std::mutex mutex_;
  std::vector<std::vector<Reading>> readings_;  // of each candidate, one per fold
  std::int64_t done_ = 0;
  double work_ = 0;
  std::optional<Reading> best_;
  std::optional<nn::Mlp> best_model_;
};

}  // namespace

std::string_view status_name(Status status) {
  switch (status) {
    case Status::done:
      return "done";
    case Status::diverged:
      return "diverged";
    case Status::interrupted:
      return "interrupted";
  }
  return "?";
}

Result run(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options) {
  check(problem, candidates);
  return Search(problem, candidates, options).run();
}

Array predict(const nn::Mlp& mlp, const Hyper& hyper, const Array& x) {
  constexpr std::int64_t kRows = 1024;
  const auto forward = jit([&](const nn::Mlp& m, const Array& rows) {
    return nn::forward(m, rows, hyper.activation, hyper.scale);
  });
  std::vector<Array> pieces;
  for (std::int64_t begin = 0; begin < x.dim(0); begin += kRows)
    pieces.push_back(forward(mlp, slice(x, 0, begin, std::min(begin + kRows, x.dim(0)))));
  if (pieces.empty()) return Array::zeros({0, mlp.layers.back().b.dim(0)}, x.dtype());
  return concatenate(pieces, 0);
}

}  // namespace runnel::sweep
