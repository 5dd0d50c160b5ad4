// A search over networks of tables: their candidates through the search of any training, and what that found
// in the words of networks.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "core/fail.h"
#include "runnel/transforms.h"
#include "search/archive.h"
#include "sweep/networks.h"
#include "sweep/schema.h"
#include "sweep/trajectory.h"

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

  search::Earlier begin(const search::Beginning&) override { return {}; }
  std::vector<search::LaneState> begin_generation(const search::Generation&) override {
    std::vector<search::LaneState> lanes;
    for (const LaneState& lane : options_.resume) lanes.push_back(lane_of(lane));
    return lanes;
  }
  bool wants_states() override { return options_.keep && options_.keep_now && options_.keep_now(); }
  void keep(const search::LaneState& lane, bool, bool is_stopping) override {
    if (!options_.keep) return;
    LaneState state = lane_of(lane);
    state.is_last = is_stopping;
    options_.keep(state);
  }
  void under_way(int rank, const std::vector<std::int64_t>& candidates) override {
    if (options_.handed) options_.handed(rank, candidates);
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
  Run(const Problem& problem, const std::vector<Configuration>& candidates, const Options& options)
      : problem_(problem), candidates_(candidates), options_(options), networks_(problem) {}

  Result made() {
    const search::Result found = search::run(networks_, networks_.folds(), searched_space(),
                                             search::these(candidates_), search_options());
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
    result.warnings = found.warnings;
    return result;
  }

 private:
  // What the search tells of: what the user lets vary, else all that differs.
  Space searched_space() const {
    if (options_.space != nullptr) return *options_.space;
    Space space(network_schema());
    for (const params::Parameter& p : network_schema()->parameters()) {
      std::vector<params::Value> values;
      for (const Configuration& c : candidates_)
        if (const params::Value& value = c[p.name];
            !value.is_nothing() && std::find(values.begin(), values.end(), value) == values.end())
          values.push_back(value);
      if (values.size() > 1) space.vary(p.name, std::move(values));
    }
    return space;
  }

  search::Options search_options() const {
    search::Options out;
    out.seed = options_.seed;
    out.threads = options_.threads;
    out.scheduling = options_.scheduling;
    out.states = problem_.folds.size() == 1 ? options_.networks : 0;
    out.memory = options_.memory;
    out.stop = options_.stop;
    out.seconds = options_.seconds;
    out.until = options_.until;
    if (options_.progress)
      out.progress = [&](const search::Progress& p) {
        options_.progress({p.done, p.total, p.fraction, p.best, p.seconds, p.seconds_left});
      };
    if (options_.keep || options_.handed || !options_.resume.empty())
      out.study = std::make_shared<Keeping>(options_);
    return out;
  }

  Outcome outcome_of(const search::Candidate* found, std::int64_t index) const {
    Outcome out;
    out.index = index;
    out.configuration = candidates_[static_cast<std::size_t>(index)];
    out.validation = out.validation_loss = std::nan("");
    if (found == nullptr) return out;
    const search::Candidate& c = *found;
    out.status = status_of(c.status);
    out.epochs = c.epochs;
    out.curve = c.curve;
    if (c.best_epoch == 0 || out.status == Status::diverged) return out;
    out.validation = c.measures[0];
    out.validation_loss = c.measures[1];
    out.best_epoch = c.best_epoch;
    out.by_fold = c.by_fold;
    if (!c.states.empty()) out.model = networks_.network(c.configuration, 0, c.states[0]);
    return out;
  }

  const Problem& problem_;
  const std::vector<Configuration>& candidates_;
  const Options& options_;
  const Networks networks_;
};

}  // namespace

void check_search(const Problem& problem, const std::vector<Configuration>& candidates) {
  if (candidates.empty()) fail("the search has no candidates");
  for (const Configuration& c : candidates) check(c);
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
    for (const Configuration& c : candidates)
      if (embedding_of(c) != nn::Embedding::none && fold.numeric.empty())
        fail("the embedding {} is of numeric columns, and there are none: leave it out",
             to_string(c["embedding"]));
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

Result run(const Problem& problem, const std::vector<Configuration>& candidates, const Options& options) {
  check_search(problem, candidates);
  return Run(problem, candidates, options).made();
}

namespace {

// Ties in the metric go to the lower loss, then to the earlier candidate.
bool stands_before(const Outcome& a, const Outcome& b, Metric metric) {
  if (a.validation != b.validation) return higher_is_better(metric) == (a.validation > b.validation);
  if (a.validation_loss != b.validation_loss) return a.validation_loss < b.validation_loss;
  return a.index < b.index;
}

// Whether they are readings of one network: candidates that differ in their epochs alone and stopped early.
bool is_twin(const Outcome& a, const Outcome& b) {
  return a.validation == b.validation && a.validation_loss == b.validation_loss &&
         a.best_epoch == b.best_epoch;
}

}  // namespace

std::vector<std::int64_t> ranking(const Result& result, Metric metric, std::int64_t most) {
  std::vector<const Outcome*> all;
  for (const Outcome& out : result.outcomes)
    if (out.status == Status::done || (out.status == Status::interrupted && out.best_epoch > 0))
      all.push_back(&out);
  std::sort(all.begin(), all.end(),
            [&](const Outcome* a, const Outcome* b) { return stands_before(*a, *b, metric); });
  std::vector<std::int64_t> out;
  std::vector<const Outcome*> told;
  for (const Outcome* one : all) {
    if (std::ssize(out) >= most) break;
    if (std::any_of(told.begin(), told.end(), [&](const Outcome* o) { return is_twin(*one, *o); })) continue;
    told.push_back(one);
    out.push_back(one->index);
  }
  return out;
}

}  // namespace runnel::sweep
