// What a search would be, before it is run: its shapes, its stretches from rung to rung, its cost.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/threads.h"
#include "runnel/sweep.h"
#include "sweep/block.h"
#include "sweep/field.h"

namespace runnel::sweep {
namespace {

constexpr std::size_t kMostTimed = 6;  // shapes
constexpr double kExtraLanes = 8;      // what a step costs beside its lanes, in lanes (see balance.cpp)

class Planner {
 public:
  Planner(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options)
      : problem_(problem), field_(problem, candidates, options), threads_(thread_count(options.threads)) {
    plan_.candidates = std::ssize(candidates);
    plan_.trajectories = std::ssize(field_.trajectories());
    plan_.folds = std::ssize(problem.folds);
    plan_.threads = threads_;
    is_median_ = options.scheduling.scheduler == Scheduler::median;
    for (const Bracket& bracket : field_.brackets()) in_.push_back(bracket.members);
  }

  Plan made() {
    std::int64_t begin = 0;
    for (const std::int64_t end : field_.stops()) {
      const std::vector<Block> blocks = blocks_between(begin, end);
      if (begin == 0) {
        find_shapes(blocks);
        time_shapes();
      }
      add_stretch(begin, end, blocks);
      thin_out(end);
      begin = end;
    }
    for (const PlannedStretch& s : plan_.stretches) plan_.flops += s.flops;
    add_compiling();
    return std::move(plan_);
  }

 private:
  struct Shape {
    PlannedShape told;
    Block widest;
    std::set<std::size_t> widths;  // lanes of its blocks
    double lane_seconds = 0;       // of an epoch, of a lane beside others
    double compiling = 0;          // of a program
  };

  std::vector<Block> blocks_between(std::int64_t begin, std::int64_t end) const {
    std::vector<Waiting> lanes;
    for (std::size_t fold = 0; fold < problem_.folds.size(); ++fold)
      for (const auto& members : in_)
        for (std::size_t t : members)
          if (field_.trajectories()[t].hyper.epochs > begin)
            lanes.push_back({&field_.trajectories()[t], fold, begin});
    return make_blocks(problem_, lanes, end, threads_);
  }

  // Blocks of one shape have the same program but for the number of lanes.
  Shape* shape_of(const Block& block) {
    for (Shape& shape : shapes_)
      if (same_shape(shape.widest, block)) return &shape;
    return nullptr;
  }

  void find_shapes(const std::vector<Block>& blocks) {
    for (const Block& block : blocks) {
      Shape* shape = shape_of(block);
      if (shape == nullptr) {
        shape = &shapes_.emplace_back();
        shape->widest = block;
        shape->told.example = block.trajectories[0].hyper;
        shape->told.steps = block.steps_per_epoch();
        shape->told.flops = epoch_flops(problem_, *block.data, shape->told.example);
      }
      if (block.trajectories.size() > shape->widest.trajectories.size()) shape->widest = block;
      if (block.fold == 0) shape->told.lanes += std::ssize(block.trajectories);
      ++shape->told.blocks;
    }
    std::stable_sort(shapes_.begin(), shapes_.end(), [](const Shape& a, const Shape& b) {
      return a.told.flops * static_cast<double>(a.told.lanes) >
             b.told.flops * static_cast<double>(b.told.lanes);
    });
  }

  // The costliest by their first steps; the others at the rate of these.
  void time_shapes() {
    BlockPrograms programs;
    double flops = 0;
    double seconds = 0;
    double compiling = 0;
    plan_.timed = std::min<std::int64_t>(std::ssize(shapes_), kMostTimed);
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      Shape& shape = shapes_[i];
      if (i >= kMostTimed) {
        shape.lane_seconds = shape.told.flops * seconds / flops;
        shape.compiling = compiling / kMostTimed;
        continue;
      }
      const BlockCost cost = measure_cost(problem_, shape.widest, programs);
      const double lanes = static_cast<double>(shape.widest.trajectories.size()) + kExtraLanes;
      shape.lane_seconds = (cost.step * static_cast<double>(shape.told.steps) + cost.measuring) / lanes;
      shape.compiling = cost.compiling;
      flops += shape.told.flops;
      seconds += shape.lane_seconds;
      compiling += cost.compiling;
    }
  }

  void add_stretch(std::int64_t begin, std::int64_t end, const std::vector<Block>& blocks) {
    PlannedStretch s{begin, end};
    double longest = 0;
    double all = 0;
    for (const Block& block : blocks) {
      Shape& shape = *shape_of(block);
      const auto lanes = static_cast<double>(block.trajectories.size());
      const auto epochs = static_cast<double>(block.end - begin);
      shape.widths.insert(block.trajectories.size());
      s.lanes += std::ssize(block.trajectories);
      ++s.blocks;
      for (const Trajectory& t : block.trajectories) {
        const std::int64_t own = std::min(end, t.hyper.epochs) - begin;
        s.steps += own * block.steps_per_epoch();
        plan_.epochs += own;
      }
      s.flops += epochs * lanes * shape.told.flops;
      const double seconds = epochs * (lanes + kExtraLanes) * shape.lane_seconds;
      longest = std::max(longest, seconds);
      all += seconds;
    }
    s.seconds = std::max(longest, all / threads_);
    plan_.seconds += s.seconds;
    plan_.stretches.push_back(s);
  }

  // Those who go on at a rung: as many as it keeps, evenly from the members.
  void thin_out(std::int64_t epochs) {
    if (is_median_) return;
    for (std::size_t b = 0; b < in_.size(); ++b)
      for (const RungPlan& rung : field_.brackets()[b].rungs) {
        if (rung.epochs != epochs) continue;
        std::vector<std::size_t> on;
        for (std::size_t i = 0; i < rung.keep; ++i) on.push_back(in_[b][i * in_[b].size() / rung.keep]);
        plan_.rungs.push_back({static_cast<std::int64_t>(b), epochs, std::ssize(in_[b]), std::ssize(on)});
        in_[b] = std::move(on);
      }
  }

  // Each shape's program, for each number of lanes; threads share the work.
  void add_compiling() {
    for (Shape& shape : shapes_) {
      plan_.compiling += shape.compiling * static_cast<double>(shape.widths.size());
      shape.told.seconds = shape.lane_seconds;
      plan_.shapes.push_back(shape.told);
    }
    plan_.seconds += plan_.compiling / threads_;
  }

  const Problem& problem_;
  Field field_;
  int threads_;
  bool is_median_ = false;
  std::vector<std::vector<std::size_t>> in_;  // trajectories of each bracket that are still in
  std::vector<Shape> shapes_;
  Plan plan_;
};

}  // namespace

Plan plan(const Problem& problem, const std::vector<Hyper>& candidates, const Options& options) {
  check_search(problem, candidates);
  return Planner(problem, candidates, options).made();
}

}  // namespace runnel::sweep
