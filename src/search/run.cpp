// The search: a generation of candidates; everybody to the next rung, as blocks that an executor trains; who
// goes on; then the next generation, and in the end the best of them.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "core/fail.h"
#include "search/archive.h"
#include "search/check.h"
#include "search/executor.h"
#include "search/field.h"
#include "search/leader.h"
#include "search/lineup.h"
#include "search/settings.h"
#include "search/top_k.h"
#include "search/warnings.h"

namespace runnel::search {
namespace {

class Search : private Coordinator {
 public:
  Search(Executor& executor, const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
         const Sampler& sampler, const Options& options)
      : space_(space),
        sampler_(sampler),
        options_(options),
        programs_(trainable, folds),
        lineup_(space, sampler, options,
                options.study ? options.study->begin({programs_, space, sampler, options}) : Earlier{}),
        total_(lineup_.size()),
        manner_{options.seed, trainable.manner(), options.states, total_},
        executor_(executor),
        top_k_(options.states, programs_) {}

  Result run() {
    while (std::ssize(result_.candidates) < total_ && !is_stopped() && !is_until_) {
      ask(std::ssize(result_.candidates));
      train();
      ++result_.generations;
    }
    return finish();
  }

 private:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  void ask(std::int64_t first) {
    asked_ = lineup_.next(first, told());
    for (const Configuration& c : asked_) programs_.trainable().check(c);
    field_.emplace(programs_, asked_, first, options_);
    if (options_.study) {
      const Generation generation{first, asked_, field_->trajectories(), lineup_.tried()};
      for (const LaneState& lane : options_.study->begin_generation(generation)) field_->restore(lane);
    }
    leader_.emplace(programs_, field_->trajectories(), leader_ ? leader_->best() : std::nullopt);
    if (options_.progress)
      for (const LaneState& lane : field_->lanes()) leader_->note(lane);
  }

  std::vector<Told> told() const {
    std::vector<Told> out;
    if (!sampler_.reads_results()) return out;
    for (const Candidate& c : result_.candidates) {
      const bool finite = c.best_epoch > 0;
      const double value = finite ? signed_value(programs_.measures()[0], c.measures[0]) : 0;
      out.push_back({c.configuration, value, finite, c.status == Status::retired, c.epochs});
    }
    return out;
  }

  // The generation, to its ends.
  void train() {
    for (std::int64_t end : field_->stops()) {
      is_until_ = options_.until > 0 && end >= options_.until && options_.until < field_->stops().back();
      if (is_until_) end = options_.until;
      work_left_ = field_->remaining_work();
      stop_at_ = end;
      const std::vector<Block> blocks =
          make_blocks(programs_, field_->waiting(end), end, executor_.threads());
      executor_.train(programs_, manner_, options_.memory, blocks, *this);
      result_.blocks += std::ssize(blocks);
      if (is_until_ || is_stopped()) break;
      for (const LaneState* lane : field_->judge(end)) {
        keep_one(*lane);
        if (options_.progress) leader_->judged(*lane, *field_);
      }
    }
    if (is_until_ || is_stopped())
      for (const LaneState* lane : field_->give_back_known()) keep_one(*lane);
    const std::vector<Candidate> outcomes = field_->outcomes();
    if (options_.study) options_.study->end_generation(outcomes);
    result_.candidates.insert(result_.candidates.end(), outcomes.begin(), outcomes.end());
    field_->count_work(result_);
    if (is_until_ || is_stopped()) return;  // the field's states are wanted
    done_before_ += std::ssize(asked_);
    done_ = 0;
    field_.reset();
  }

  // ---- the coordinator: what the executor takes and brings ----

  bool is_stopped() override {
    return (options_.stop != nullptr && *options_.stop) ||
           (options_.seconds > 0 && seconds() >= options_.seconds);
  }

  std::vector<LaneState> take(const Block& block) override {
    const std::lock_guard lock(mutex_);
    return field_->take(block);
  }

  void give_back(std::vector<LaneState> states) override {
    const std::lock_guard lock(mutex_);
    for (LaneState& state : states) {
      keep_one(state);
      field_->put_back(std::move(state));
    }
  }

  bool wants_states() override {
    const std::lock_guard lock(mutex_);
    return options_.study && options_.study->wants_states();
  }

  void keep(std::span<const LaneState> states) override {
    const std::lock_guard lock(mutex_);
    for (const LaneState& state : states) keep_one(state);
  }

  void keep_one(const LaneState& state) {
    if (options_.study && state.epochs > 0)
      options_.study->keep(state, field_->has_ended(state), is_until_ || is_stopped());
  }

  void note_handed(int rank, std::span<const Block> blocks) override {
    if (!options_.study) return;
    std::set<std::int64_t> candidates;
    for (const Block& block : blocks)
      for (const Trajectory& t : block.trajectories)
        for (const auto& [epochs, candidate] : t.readings)
          if (epochs > block.begin) candidates.insert(candidate);
    const std::lock_guard lock(mutex_);
    options_.study->under_way(rank, {candidates.begin(), candidates.end()});
  }

  void read(const Reading& reading, const std::function<std::vector<Array>()>& state) override {
    const std::lock_guard lock(mutex_);
    ++done_;
    top_k_.read(reading, state);
  }

  void note(const LaneState& lane) override {
    if (!options_.progress) return;
    const std::lock_guard lock(mutex_);
    leader_->note(lane);
  }

  void thin_out() override {
    const std::lock_guard lock(mutex_);
    field_->drop_hopeless(stop_at_);
  }

  void advance(double work) override {
    if (!options_.progress) return;
    const std::lock_guard lock(mutex_);
    work_ += work;
    work_left_ -= work;
    Progress p;
    const auto folds = static_cast<std::int64_t>(programs_.folds().size());
    p.done = done_before_ + done_ / folds + field_->retired_candidates();
    p.total = total_;
    // What is still to be asked for is thought to cost what the candidates so far do.
    const auto asked = static_cast<double>(done_before_ + std::ssize(asked_));
    const double all = (work_ + std::max(0.0, work_left_)) * static_cast<double>(total_) / asked;
    p.fraction = std::min(1.0, work_ / all);
    p.best = leader_->best();
    p.seconds = seconds();
    p.seconds_left = p.seconds * (1 - p.fraction) / p.fraction;
    if (options_.seconds > 0) p.seconds_left = std::min(p.seconds_left, options_.seconds - p.seconds);
    options_.progress(p);
  }

  // ---- the end ----

  Result finish() {
    result_.measures = programs_.measures();
    result_.tried = lineup_.tried();
    result_.known = lineup_.known();
    result_.interrupted = std::ssize(result_.candidates) < total_ ||
                          std::any_of(result_.candidates.begin(), result_.candidates.end(),
                                      [](const Candidate& c) { return c.status == Status::interrupted; });
    const std::vector<std::int64_t> best = result_.ranking(std::max<std::int64_t>(1, options_.states));
    if (!best.empty()) result_.best = best[0];
    if (options_.states > 0) give_states(best);
    result_.warnings = warnings_of(result_, programs_, space_, options_);
    result_.seconds = seconds();
    if (options_.study) options_.study->finish(result_);
    return std::move(result_);
  }

  // The states of the best. Those that an earlier run had found are trained again, abreast, as far as they
  // are known: they come out the same.
  void give_states(const std::vector<std::int64_t>& best) {
    std::map<std::int64_t, std::vector<std::int64_t>>
        missing;  // by the epoch after which they are wanted; 0: the last
    for (const std::int64_t number : best) {
      Candidate& c = result_.candidates[static_cast<std::size_t>(number)];
      if (const TopK::States* states = top_k_.find(number))
        c.states = *states;
      else if (c.status == Status::interrupted && field_)
        c.states = field_->states_of(number);
      if (c.states.empty()) missing[c.status == Status::done ? 0 : c.epochs].push_back(number);
    }
    for (const auto& [until, numbers] : missing) make_states(numbers, until);
  }

  void make_states(const std::vector<std::int64_t>& numbers, std::int64_t until) {
    std::vector<Configuration> again;
    for (const std::int64_t number : numbers)
      again.push_back(result_.candidates[static_cast<std::size_t>(number)].configuration);
    Options options;
    options.seed = options_.seed;
    options.patience = options_.patience;
    options.memory = options_.memory;
    options.states = std::ssize(numbers);
    options.until = until;
    const SamplerPtr sampler = these(std::move(again));
    const Result made =
        Search(executor_, programs_.trainable(), programs_.folds(), space_, *sampler, options).run();
    for (std::size_t i = 0; i < numbers.size(); ++i)
      result_.candidates[static_cast<std::size_t>(numbers[i])].states = made.candidates[i].states;
  }

  const Space& space_;
  const Sampler& sampler_;
  const Options& options_;
  Programs programs_;
  const Lineup lineup_;
  const std::int64_t total_;
  const BlockManner manner_;
  Executor& executor_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();

  std::vector<Configuration> asked_;  // of the generation
  std::optional<Field> field_;
  std::int64_t stop_at_ = 0;  // the epoch that everybody is on the way to
  bool is_until_ = false;     // and nobody goes on from there (Options::until)
  Result result_;

  std::mutex mutex_;
  TopK top_k_;
  std::int64_t done_before_ = 0, done_ = 0;  // candidates of earlier generations; readings of this one
  double work_ = 0, work_left_ = 0;
  std::optional<Leader> leader_;  // what the search would come to now
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
    case Status::retired:
      return "retired";
  }
  return "?";
}

Result run_with(Executor& executor, const Trainable& trainable, const std::vector<Fold>& folds,
                const Space& space, const SamplerPtr& sampler, const Options& options) {
  check_search(trainable, folds, space, sampler, options);
  return Search(executor, trainable, folds, space, *sampler, options).run();
}

}  // namespace runnel::search
