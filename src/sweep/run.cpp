// The search: everybody to the next rung, as blocks that a crew trains; then who goes on; then the best of
// them.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "core/fail.h"
#include "core/threads.h"
#include "runnel/transforms.h"
#include "sweep/block.h"
#include "sweep/crew.h"
#include "sweep/field.h"
#include "sweep/kept.h"
#include "sweep/warnings.h"

namespace runnel::sweep {
namespace {

class Search : private Desk {
 public:
  Search(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options)
      : problem_(problem),
        candidates_(candidates),
        options_(options),
        own_(options.crew == nullptr ? crew_of_threads(thread_count(options.threads)) : nullptr),
        crew_(options.crew == nullptr ? own_.get() : options.crew),
        field_(problem, candidates, options),
        kept_(options.networks, problem.metric) {
    seen_.resize(candidates.size(), 0);
    restore();
  }

  Result run() {
    for (const std::int64_t end : field_.stops()) {
      total_work_ = work_ + field_.remaining_work();
      train_to(end);
      if (stopped()) break;
      judge(end);
    }
    return finish();
  }

 private:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  bool stopped() const { return options_.stop != nullptr && *options_.stop; }
  bool one_fold() const { return problem_.folds.size() == 1; }

  // Candidates that an earlier run had come to the end of.
  void restore() {
    for (const LaneState& state : options_.resume) {
      field_.restore(state);
      for (const auto& [epochs, candidate] :
           field_.trajectories()[static_cast<std::size_t>(state.trajectory)].readings)
        if (epochs <= state.epochs || field_.has_stopped(state)) count(candidate);
    }
  }

  // Everybody who is still in the field comes to epoch `end`, or to the end of their training.
  void train_to(std::int64_t end) {
    const std::vector<Block> blocks = make_blocks(problem_, field_.waiting(end), end, crew_->threads());
    stop_at_ = end;
    crew_->train(problem_, options_, blocks, *this);
    blocks_ += static_cast<std::int64_t>(blocks.size());
  }

  void keep(const LaneState& state) const {
    if (options_.keep && state.epochs > 0) options_.keep(state);
  }

  void judge(std::int64_t epochs) {
    for (const LaneState* lane : field_.judge(epochs)) keep(*lane);
  }

  // Counts a reading; true when the candidate has one on every fold.
  bool count(std::int64_t candidate) {
    if (++seen_[static_cast<std::size_t>(candidate)] < problem_.folds.size()) return false;
    ++done_;
    return true;
  }

  // ---- the desk: what the crew takes and brings ----

  bool is_stopped() const override { return stopped(); }

  std::vector<LaneState> take(const Block& block) override {
    const std::lock_guard lock(mutex_);
    return field_.take(block);
  }

  // Lanes that have come to their own end are kept now, others when they have been judged.
  void give_back(std::vector<LaneState> states, bool stopped) override {
    const std::lock_guard lock(mutex_);
    for (LaneState& state : states) {
      if (stopped || field_.has_ended(state)) keep(state);
      field_.put_back(std::move(state));
    }
  }

  bool wants_states() override {
    const std::lock_guard lock(mutex_);
    return options_.keep && options_.keep_now && options_.keep_now();
  }

  void keep(std::span<const LaneState> states) override {
    const std::lock_guard lock(mutex_);
    for (const LaneState& state : states) keep(state);
  }

  void thin_out() override {
    const std::lock_guard lock(mutex_);
    field_.drop_hopeless(stop_at_);
  }

  void note_handed(int rank, std::span<const Block> blocks) override {
    if (!options_.handed) return;
    std::vector<std::int64_t> candidates;
    for (const Block& block : blocks)
      for (const Trajectory& t : block.trajectories)
        for (const auto& [epochs, candidate] : t.readings)
          if (epochs > block.begin) candidates.push_back(candidate);
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    const std::lock_guard lock(mutex_);
    options_.handed(rank, candidates);
  }

  bool read(const Reading& reading) override {
    const std::lock_guard lock(mutex_);
    if (!count(reading.candidate) || !one_fold()) return false;
    return kept_.wants(reading);
  }

  void take_model(const Reading& reading, nn::Network network) override {
    const std::lock_guard lock(mutex_);
    kept_.take(reading, std::move(network));
  }

  void advance(double work) override {
    if (!options_.progress) return;
    const std::lock_guard lock(mutex_);
    work_ += work;
    Progress p;
    p.done = done_ + field_.retired_candidates();
    p.total = static_cast<std::int64_t>(candidates_.size());
    p.fraction = std::min(1.0, work_ / total_work_);
    p.best = kept_.best();
    p.seconds = seconds();
    p.seconds_left = p.seconds * (1 - p.fraction) / p.fraction;
    options_.progress(p);
  }

  Result finish() {
    Result result;
    result.outcomes = field_.outcomes(candidates_);
    std::int64_t diverged = 0;
    for (const Outcome& out : result.outcomes) {
      diverged += out.status == Status::diverged;
      result.interrupted = result.interrupted || out.status == Status::interrupted;
    }
    const std::vector<std::int64_t> best = ranking(result, problem_.metric, options_.networks);
    if (one_fold()) give_networks(result, best);
    if (!best.empty()) {
      result.best = best[0];
      const Outcome& winner = result.outcomes[static_cast<std::size_t>(best[0])];
      for (std::string& text : edge_warnings(result.outcomes, problem_.metric, winner.hyper, options_.space))
        result.warnings.push_back(std::move(text));
    }
    if (diverged > 0)
      result.warnings.push_back(fmt::format(
          "{} of {} candidates diverged (their weights or losses are no longer finite) and were not chosen",
          diverged, candidates_.size()));
    const std::int64_t rows = problem_.folds[0].x.dim(0);
    for (const auto& warnings : {batch_warnings(candidates_, rows), repeat_warnings(candidates_),
                                 scheduler_warnings(options_.scheduling, field_.brackets(), candidates_)})
      result.warnings.insert(result.warnings.end(), warnings.begin(), warnings.end());
    result.blocks = blocks_;
    field_.count_work(result);
    result.seconds = seconds();
    return result;
  }

  // The networks of the best. Those that an earlier run had found are trained again, abreast: they come out
  // the same.
  void give_networks(Result& result, const std::vector<std::int64_t>& best) const {
    std::vector<std::int64_t> missing;
    for (const std::int64_t i : best) {
      const auto found = std::find_if(kept_.all().begin(), kept_.all().end(),
                                      [&](const auto& kept) { return kept.first.candidate == i; });
      if (found != kept_.all().end())
        result.outcomes[static_cast<std::size_t>(i)].model = found->second;
      else
        missing.push_back(i);
    }
    if (missing.empty()) return;
    std::vector<Hyper> hypers;
    for (const std::int64_t i : missing) hypers.push_back(candidates_[static_cast<std::size_t>(i)]);
    Options again;
    again.seed = options_.seed;
    again.threads = options_.threads;
    again.networks = std::ssize(missing);
    Result trained = sweep::run(problem_, hypers, again);
    for (std::size_t k = 0; k < missing.size(); ++k)
      result.outcomes[static_cast<std::size_t>(missing[k])].model = std::move(trained.outcomes[k].model);
  }

  const Problem& problem_;
  const std::vector<Hyper>& candidates_;
  const Options& options_;
  const std::unique_ptr<Crew> own_;
  Crew* const crew_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  Field field_;
  std::int64_t blocks_ = 0;
  std::int64_t stop_at_ = 0;  // the epoch that everybody is on the way to
  double total_work_ = 0;

  std::mutex mutex_;
  std::vector<std::size_t> seen_;  // readings of each candidate
  std::int64_t done_ = 0;
  double work_ = 0;
  Kept kept_;
};

}  // namespace

void check_search(const Problem& problem, const std::vector<Hyper>& candidates) {
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
    if (problem.metric == Metric::r2 && !problem.spread && fold.x_validation.dim(0) == 1)
      fail("r2 of one validation row is undefined: choose by rmse or mae, or measure folds together");
    if (fold.weights && (fold.weights->shape() != fold.y.shape() || fold.weights->dtype() != fold.x.dtype()))
      fail("weights {} do not go with training rows {}", to_string(fold.weights->type()),
           to_string(fold.x.type()));
    for (const Hyper& hyper : candidates)
      if (hyper.embedding != nn::Embedding::none && fold.numeric.empty())
        fail("the embedding {} is of numeric columns, and there are none: leave it out",
             hyper_field("embedding").get(hyper));
  }
}

std::string_view status_name(Status status) {
  switch (status) {
    case Status::done:
      return "done";
    case Status::diverged:
      return "diverged";
    case Status::interrupted:
      return "interrupted";
    case Status::retired:
      return "retired";
  }
  return "?";
}

Result run(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options) {
  check_search(problem, candidates);
  return Search(problem, candidates, options).run();
}

std::vector<std::int64_t> ranking(const Result& result, Metric metric, std::int64_t most) {
  std::vector<std::pair<Reading, double>> done;  // and its best epoch, which need not be whole
  for (const Outcome& out : result.outcomes)
    if (out.status == Status::done)
      done.push_back({{out.index, out.validation, out.validation_loss, true, 0}, out.best_epoch});
  const Kept order(most, metric);
  std::sort(done.begin(), done.end(),
            [&](const auto& a, const auto& b) { return order.better(a.first, b.first); });
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < done.size() && std::ssize(out) < most; ++i) {
    // Readings of one network stand together, if with others of the same numbers at other epochs.
    bool twin = false;
    for (std::size_t j = i; j-- > 0 && Kept::same(done[j].first, done[i].first);)
      twin = twin || done[j].second == done[i].second;
    if (!twin) out.push_back(done[i].first.candidate);
  }
  return out;
}

}  // namespace runnel::sweep
