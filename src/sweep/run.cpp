// A search over networks of tables: their candidates through the search of any training, and what that found
// in the words of networks.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "core/fail.h"
#include "runnel/transforms.h"
#include "search/archive.h"
#include "search/schedule.h"
#include "sweep/block.h"
#include "sweep/crew.h"
#include "sweep/kept.h"
#include "sweep/networks.h"
#include "sweep/schema.h"
#include "sweep/warnings.h"

namespace runnel::sweep {
namespace {

// Lanes of the search as those of networks, whose measures are a metric and a loss.
LaneState lane_of(const search::LaneState& from) {
  LaneState to{from.trajectory, from.fold, from.epochs, from.leaves, {}, {}, from.best};
  for (std::size_t i = 0; i + 1 < from.readings.size(); i += 2) {
    to.curve.push_back(from.readings[i]);
    to.losses.push_back(from.readings[i + 1]);
  }
  if (from.diverged_at > 0)  // a loss that is no number says so
    std::fill(to.losses.begin() + (from.diverged_at - 1), to.losses.end(), std::nan(""));
  return to;
}

search::LaneState lane_of(const LaneState& from) {
  search::LaneState to{from.trajectory, from.fold, from.epochs, 0, from.leaves, {}, from.best};
  for (std::size_t i = 0; i < from.curve.size(); ++i) {
    to.readings.push_back(from.curve[i]);
    to.readings.push_back(i < from.losses.size() ? from.losses[i] : std::nan(""));
  }
  return to;
}

// Hands lanes to whoever keeps the search, and those of an earlier run to the search.
class Keeping : public search::Archive {
 public:
  explicit Keeping(const Options& options) : options_(options) {}

  void begin(const search::Beginning&) override {}
  std::vector<search::LaneState> begin_generation(std::int64_t,
                                                  std::span<const search::Configuration>) override {
    std::vector<search::LaneState> lanes;
    for (const LaneState& lane : options_.resume) lanes.push_back(lane_of(lane));
    return lanes;
  }
  bool wants_states() override { return options_.keep && options_.keep_now && options_.keep_now(); }
  void keep(const search::LaneState& lane, bool, bool) override {
    if (options_.keep) options_.keep(lane_of(lane));
  }
  void end_generation(std::span<const search::Candidate>) override {}
  void finish(const search::Result&) override {}

 private:
  const Options& options_;
};

Status status_of(search::Status status) {
  switch (status) {
    case search::Status::done:
      return Status::done;
    case search::Status::diverged:
      return Status::diverged;
    case search::Status::interrupted:
      return Status::interrupted;
    case search::Status::retired:
      return Status::retired;
  }
  return Status::interrupted;
}

class Run {
 public:
  Run(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options)
      : problem_(problem), candidates_(candidates), options_(options), networks_(problem) {}

  Result made() {
    std::vector<params::Configuration> all;
    for (const Hyper& hyper : candidates_) all.push_back(configuration_of(hyper));
    const search::Result found = search::run(networks_, networks_.folds(), params::Space(network_schema()),
                                             search::these(std::move(all)), search_options());
    Result result;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const auto index = static_cast<std::int64_t>(i);
      const bool begun = i < found.candidates.size();  // before it was stopped
      result.outcomes.push_back(outcome_of(begun ? &found.candidates[i] : nullptr, index));
    }
    for (const Outcome& out : result.outcomes)
      result.interrupted = result.interrupted || out.status == Status::interrupted;
    if (const auto best = ranking(result, problem_.metric, 1); !best.empty()) result.best = best[0];
    result.blocks = found.blocks;
    result.lanes = found.trajectories * std::ssize(problem_.folds);
    result.epochs = found.epochs;
    result.rungs = found.rungs;
    result.seconds = found.seconds;
    add_warnings(result, found);
    return result;
  }

 private:
  search::Options search_options() const {
    search::Options out;
    out.seed = options_.seed;
    out.threads = options_.threads;
    out.scheduling = options_.scheduling;
    out.states = problem_.folds.size() == 1 ? options_.networks : 0;
    out.memory = options_.memory;
    out.stop = options_.stop;
    if (options_.progress)
      out.progress = [&](const search::Progress& p) {
        options_.progress({p.done, p.total, p.fraction, p.best, p.seconds, p.seconds_left});
      };
    if (options_.keep || !options_.resume.empty()) out.study = std::make_shared<Keeping>(options_);
    return out;
  }

  Outcome outcome_of(const search::Candidate* found, std::int64_t index) const {
    Outcome out;
    out.index = index;
    out.hyper = candidates_[static_cast<std::size_t>(index)];
    out.validation = out.validation_loss = std::nan("");
    if (found == nullptr) return out;
    const search::Candidate& c = *found;
    out.status = status_of(c.status);
    out.epochs = c.epochs;
    if (out.status == Status::interrupted) return out;
    out.curve = c.curve;
    if (c.best_epoch == 0) return out;
    out.validation = c.measures[0];
    out.validation_loss = c.measures[1];
    out.best_epoch = c.best_epoch;
    out.by_fold = c.by_fold;
    if (!c.states.empty()) out.model = networks_.network(c.configuration, 0, c.states[0]);
    return out;
  }

  void add_warnings(Result& result, const search::Result& found) const {
    std::vector<std::string>& out = result.warnings;
    const auto add = [&](std::vector<std::string> more) { out.insert(out.end(), more.begin(), more.end()); };
    if (result.best) {
      const Hyper& winner = candidates_[static_cast<std::size_t>(*result.best)];
      add(edge_warnings(result.outcomes, problem_.metric, winner, options_.space));
    }
    const auto diverged = std::count_if(result.outcomes.begin(), result.outcomes.end(),
                                        [](const Outcome& o) { return o.status == Status::diverged; });
    if (diverged > 0)
      add({fmt::format(
          "{} of {} candidates diverged (their weights or losses are no longer finite) and were not chosen",
          diverged, candidates_.size())});
    add(batch_warnings(candidates_, problem_.folds[0].x.dim(0)));
    add(repeat_warnings(candidates_));
    std::int64_t most = 0;
    for (const Hyper& hyper : candidates_) most = std::max(most, hyper.epochs);
    add(scheduler_warnings(options_.scheduling,
                           search::make_brackets(options_.scheduling,
                                                 static_cast<std::size_t>(found.trajectories), most,
                                                 options_.seed),
                           candidates_));
  }

  const Problem& problem_;
  const std::vector<Hyper>& candidates_;
  const Options& options_;
  const Networks networks_;
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
  if (options.crew != nullptr) return run_with_crew(problem, candidates, options);
  return Run(problem, candidates, options).made();
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

Array predict(const nn::Network& network, const Hyper& hyper, const Array& x) {
  constexpr std::int64_t kRows = 1024;
  const auto forward = jit([&](const nn::Network& m, const Array& rows) {
    return nn::forward(m, rows, hyper.activation, hyper.scale);
  });
  std::vector<Array> pieces;
  for (std::int64_t begin = 0; begin < x.dim(0); begin += kRows)
    pieces.push_back(forward(network, slice(x, 0, begin, std::min(begin + kRows, x.dim(0)))));
  if (pieces.empty()) return Array::zeros({0, nn::outputs_of(network)}, x.dtype());
  return concatenate(pieces, 0);
}

}  // namespace runnel::sweep
