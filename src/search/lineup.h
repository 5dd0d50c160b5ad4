// Which candidates a search has and in which order: those of an earlier run, then points that are known, then
// the sampler's. It says so generation by generation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search/archive.h"

namespace runnel::search {

class Lineup {
 public:
  // All of them outlive it. Throws Error(input) for a search that has not grown from the earlier one: fewer
  // candidates, or others in their places.
  Lineup(const Space& space, const Sampler& sampler, const Options& options, Earlier earlier);

  std::int64_t size() const;  // candidates
  std::int64_t generations() const;
  std::int64_t known() const { return std::ssize(earlier_.candidates); }     // of an earlier run
  const std::vector<std::int64_t>& tried() const { return earlier_.tried; }  // their numbers

  // The candidates first, first + 1, … of the next generation, after those that are told. A sampler that
  // reads results is asked for Options::generation at a time; known points belong to the draws before them,
  // or to the first.
  std::vector<Configuration> next(std::int64_t first, std::span<const Told> told) const;

 private:
  // Draws among the earlier candidates before this one.
  std::int64_t draws_before(std::int64_t number) const;
  std::vector<Configuration> asked(std::int64_t first, std::int64_t n, std::span<const Told> told) const;
  void lengthen_draws();
  void add_tries();
  void ask_for_all();
  void lengthen(Configuration& known, const Configuration& now) const;
  void expect_same(std::int64_t number, const Configuration& now) const;

  const Space& space_;
  const Sampler& sampler_;
  const Options& options_;
  Earlier earlier_;
  std::vector<bool> is_tried_;        // of the earlier candidates
  std::int64_t drawn_ = 0;            // the others
  std::int64_t draws_ = 0;            // that there will be, these among them
  std::vector<Configuration> tries_;  // that are new
  std::vector<Configuration> all_;    // draws of a sampler that reads no results
};

// Whether two candidates differ in their epochs alone, or not at all.
bool differ_in_epochs_alone(const Configuration& a, const Configuration& b);

}  // namespace runnel::search
