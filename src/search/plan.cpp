// What a search would be, before it is run: its programs, its stretches from rung to rung, its cost.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "search/balance.h"
#include "search/check.h"
#include "search/executor.h"
#include "search/field.h"
#include "search/lineup.h"
#include "search/settings.h"

namespace runnel::search {
namespace {

constexpr std::size_t kMostTimed = 6;  // programs

class Planner {
 public:
  Planner(int threads, const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
          const Sampler& sampler, const Options& options)
      : options_(options), programs_(trainable, folds), threads_(threads) {
    const Lineup lineup(space, sampler, options, {});
    plan_.candidates = lineup.size();
    const std::vector<Configuration> first = lineup.next(0, {});
    for (const Configuration& c : first) trainable.check(c);
    const Stopwatch tracing;
    field_.emplace(programs_, first, 0, options);
    traced_ = tracing.total();
    plan_.generations = lineup.generations();
    plan_.trajectories = std::ssize(field_->trajectories());
    plan_.folds = std::ssize(folds);
    plan_.threads = threads_;
    for (const Bracket& bracket : field_->brackets()) in_.push_back(bracket.members);
  }

  Plan made() {
    std::int64_t begin = 0;
    for (const std::int64_t end : field_->stops()) {
      const std::vector<Block> blocks = blocks_between(begin, end);
      if (begin == 0) {
        find_programs(blocks);
        time_programs();
      }
      add_stretch(begin, end, blocks);
      thin_out(end);
      begin = end;
    }
    add_all();
    return std::move(plan_);
  }

 private:
  struct Of {
    PlannedProgram told;
    Block widest;
    std::set<std::size_t> widths;  // lanes of its blocks
    double lane_seconds = 0;       // of an epoch, of a lane beside others
    double compiling = 0;
  };

  std::vector<Block> blocks_between(std::int64_t begin, std::int64_t end) {
    std::vector<Waiting> lanes;
    for (std::size_t fold = 0; fold < programs_.folds().size(); ++fold)
      for (const auto& members : in_)
        for (const std::size_t t : members)
          if (field_->trajectories()[t].epochs > begin)
            lanes.push_back({&field_->trajectories()[t], fold, begin});
    return make_blocks(programs_, lanes, end, threads_);
  }

  Of& of(const Block& block) {
    for (Of& one : all_)
      if (one.widest.program == block.program) return one;
    all_.push_back({{block.trajectories[0].configuration}, block, {}});
    return all_.back();
  }

  // A step of few lanes costs about as much as one of eight lanes more (balance.cpp).
  static double lanes_paid(const Block& block) {
    return static_cast<double>(lanes_worked(block.trajectories.size(), block.program->dtype()));
  }

  void find_programs(const std::vector<Block>& blocks) {
    for (const Block& block : blocks) {
      Of& one = of(block);
      one.told.steps = block.program->steps();
      one.told.operations = block.work_per_epoch() / static_cast<double>(block.trajectories.size());
      if (block.trajectories.size() > one.widest.trajectories.size()) one.widest = block;
      one.told.lanes += std::ssize(block.trajectories);
      ++one.told.blocks;
    }
    std::stable_sort(all_.begin(), all_.end(), [](const Of& a, const Of& b) {
      return a.told.operations * static_cast<double>(a.told.lanes) >
             b.told.operations * static_cast<double>(b.told.lanes);
    });
  }

  // The costliest by their first steps; the others at the rate of these.
  void time_programs() {
    const BlockManner manner{options_.seed, programs_.trainable().manner()};
    double operations = 0;
    double seconds = 0;
    double compiling = 0;
    plan_.timed = static_cast<std::int64_t>(std::min(all_.size(), kMostTimed));
    for (std::size_t i = 0; i < all_.size(); ++i) {
      Of& one = all_[i];
      if (i >= kMostTimed) {
        one.lane_seconds = one.told.operations * seconds / operations;
        one.compiling = compiling / kMostTimed;
        continue;
      }
      BlockRun run(programs_, one.widest, manner, std::vector<LaneState>(one.widest.trajectories.size()));
      const BlockCost cost = run.measure();
      one.lane_seconds =
          (cost.step * static_cast<double>(one.told.steps) + cost.measuring) / lanes_paid(one.widest);
      one.compiling = cost.compiling;
      operations += one.told.operations;
      seconds += one.lane_seconds;
      compiling += cost.compiling;
    }
  }

  void add_stretch(std::int64_t begin, std::int64_t end, const std::vector<Block>& blocks) {
    PlannedStretch s{begin, end};
    double longest = 0;
    double all = 0;
    for (const Block& block : blocks) {
      Of& one = of(block);
      const auto epochs = static_cast<double>(block.end - begin);
      one.widths.insert(block.trajectories.size());
      s.lanes += std::ssize(block.trajectories);
      ++s.blocks;
      for (const Trajectory& t : block.trajectories) {
        const std::int64_t own = std::min(end, t.epochs) - begin;
        plan_.epochs += own;
        s.steps += own * block.program->steps();
      }
      s.operations += epochs * block.work_per_epoch();
      const double seconds = epochs * lanes_paid(block) * one.lane_seconds;
      longest = std::max(longest, seconds);
      all += seconds;
    }
    s.seconds = std::max(longest, all / threads_);
    plan_.stretches.push_back(s);
  }

  // Those who go on at a rung: as many as it keeps, evenly from the members.
  void thin_out(std::int64_t epochs) {
    if (options_.scheduling.scheduler == Scheduler::median) return;
    for (std::size_t b = 0; b < in_.size(); ++b)
      for (const RungPlan& rung : field_->brackets()[b].rungs) {
        if (rung.epochs != epochs) continue;
        std::vector<std::size_t> on;
        for (std::size_t i = 0; i < rung.keep; ++i) on.push_back(in_[b][i * in_[b].size() / rung.keep]);
        plan_.rungs.push_back({static_cast<std::int64_t>(b), epochs, std::ssize(in_[b]), std::ssize(on)});
        in_[b] = std::move(on);
      }
  }

  // Programs are traced on one thread, and compiled for each number of lanes on all; later generations find
  // them.
  void add_all() {
    double seconds = 0;
    for (const PlannedStretch& s : plan_.stretches) {
      seconds += s.seconds;
      plan_.operations += s.operations;
    }
    for (Of& one : all_) {
      plan_.compiling += one.compiling * static_cast<double>(one.widths.size());
      one.told.seconds = one.lane_seconds;
      plan_.programs.push_back(one.told);
    }
    const double generations =
        static_cast<double>(plan_.candidates) /
        static_cast<double>(
            std::min(plan_.candidates, plan_.generations > 1 ? options_.generation : plan_.candidates));
    plan_.operations *= generations;
    plan_.seconds = seconds * generations + plan_.compiling / threads_ + traced_;
    plan_.compiling += traced_;
  }

  const Options& options_;
  Programs programs_;
  int threads_;
  double traced_ = 0;  // seconds
  std::optional<Field> field_;
  std::vector<std::vector<std::size_t>> in_;  // trajectories of each bracket that are still in
  std::vector<Of> all_;
  Plan plan_;
};

}  // namespace

Plan plan_with(int threads, const Trainable& trainable, const std::vector<Fold>& folds, const Space& space,
               const SamplerPtr& sampler, const Options& options) {
  check_search(trainable, folds, space, sampler, options);
  return Planner(threads, trainable, folds, space, *sampler, options).made();
}

}  // namespace runnel::search
