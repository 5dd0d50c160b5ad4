#include "search/warnings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/fail.h"
#include "core/text.h"
#include "search/rows.h"
#include "search/settings.h"

namespace runnel::search {
namespace {

using params::Parameter;
using params::Varied;
using Warnings = std::vector<std::string>;

bool is_numeric(const Parameter& p) {
  return (p.kind == params::Kind::real || p.kind == params::Kind::integer) && p.role != params::Role::seed;
}

// Whether the best candidate with the winner's value of a parameter is better than the best with another:
// where they are equal, the parameter may not even matter.
bool is_better_there(const Result& result, const Space& space, const Varied& axis, const Value& value) {
  double there = std::numeric_limits<double>::infinity(), elsewhere = there;
  for (const Candidate& c : result.candidates) {
    if (c.status != Status::done) continue;
    const Value its = space.value_of(c.configuration, axis);
    if (its.is_nothing()) continue;
    double& best = its == value ? there : elsewhere;
    best = std::min(best, signed_value(result.measures[0], c.measures[0]));
  }
  return there < elsewhere;
}

void add_edges(const Result& result, const Space& space, Warnings& out) {
  if (!result.best) return;
  const Candidate& winner = result.candidates[static_cast<std::size_t>(*result.best)];
  for (const Varied& v : space.varied()) {
    const Parameter& p = space.schema().parameters()[v.place];
    const Value value = space.value_of(winner.configuration, v);
    if (v.part != Varied::Part::whole || !is_numeric(p) || !value.is_number()) continue;
    if (p.role == params::Role::budget && winner.epochs < value.integer()) continue;  // its patience ended it
    std::set<double> tried;
    for (const Candidate& c : result.candidates)
      if (const Value other = space.value_of(c.configuration, v); other.is_number())
        tried.insert(other.number());
    if (tried.size() < 3) continue;  // two values are a comparison, not a range
    const bool least = value.number() == *tried.begin();
    if (!least && value.number() != *tried.rbegin()) continue;
    if (least && value.number() == p.limits.low) continue;  // nothing lies beyond
    if (!least && value.number() == p.limits.high) continue;
    if (!is_better_there(result, space, v, value)) continue;
    out.push_back(fmt::format("the best {} ({}) is the {} tried: {} values may be better still", p.name,
                              to_string(value), least ? "smallest" : "largest",
                              least ? "smaller" : "larger"));
  }
}

void add_unasked(const Programs& programs, const Space& space, Warnings& out) {
  const std::vector<bool> asked = programs.asked();
  for (const Varied& v : space.varied()) {
    const Parameter& p = space.schema().parameters()[v.place];
    const bool by_program = (p.role == params::Role::traced || p.role == params::Role::fixed) && !p.is_batch;
    if (by_program && !asked[v.place])
      out.push_back(
          fmt::format("nothing asks for {}: candidates that differ in it alone are the same", p.name));
  }
}

void add_batches(const Result& result, const Programs& programs, Warnings& out) {
  std::int64_t rows = std::numeric_limits<std::int64_t>::max();
  for (const Fold& fold : programs.folds()) rows = std::min(rows, rows_of(fold.train));
  std::vector<Configuration> all;
  for (const Candidate& c : result.candidates) all.push_back(c.configuration);
  for (std::string& text : batch_warnings(all, rows)) out.push_back(std::move(text));
}

}  // namespace

std::vector<std::string> batch_warnings(std::span<const Configuration> candidates, std::int64_t rows) {
  Warnings out;
  constexpr std::int64_t kTenth = 10;
  bool cut = false;
  std::int64_t most = 0, of = 0;  // rows left out, and the batch that does it
  for (const Configuration& candidate : candidates) {
    const std::int64_t batch = batch_of(candidate);
    if (batch > rows && !cut)
      out.push_back(fmt::format("a batch of {} is more than the {} training rows: all of them make one step",
                                batch, rows));
    cut = cut || batch > rows;
    if (const std::int64_t left = batch > 0 && batch < rows ? rows % batch : 0; left > most) {
      most = left;
      of = batch;
    }
  }
  if (most * kTenth > rows)
    out.push_back(
        fmt::format("a batch of {} leaves {} of the {} training rows out of every epoch (others each time): "
                    "a batch that divides them, or a smaller one, leaves fewer",
                    of, most, rows));
  return out;
}

namespace {

void add_repeats(const Result& result, Warnings& out) {
  std::set<std::string> different;
  for (const Candidate& c : result.candidates) {
    std::string key;
    for (const Value& value : c.configuration.values()) key += key_of(value) + '\n';
    different.insert(std::move(key));
  }
  const std::size_t all = result.candidates.size();
  if (different.size() < all)
    out.push_back(fmt::format(
        "{} of the {} candidates {}, and a repeat costs no training: {} differ", all - different.size(), all,
        all - different.size() == 1 ? "repeats another" : "repeat others", different.size()));
}

void add_idle(const Result& result, const Scheduling& scheduling, Warnings& out) {
  if (scheduling.scheduler == Scheduler::full || result.candidates.size() < 2 || !result.rungs.empty() ||
      result.interrupted)
    return;
  std::int64_t most = 0;
  for (const Candidate& c : result.candidates) most = std::max(most, epochs_of(c.configuration));
  const bool median = scheduling.scheduler == Scheduler::median;
  out.push_back(
      fmt::format("the scheduler {} stops nobody early: it takes {} epochs ({}), and no candidate makes "
                  "more than {}",
                  scheduler_name(scheduling.scheduler),
                  median ? scheduling.min_epochs + 1 : scheduling.eta * scheduling.min_epochs,
                  median ? "more than min-epochs" : "eta times min-epochs", most));
}

}  // namespace

std::vector<std::string> warnings_of(const Result& result, const Programs& programs, const Space& space,
                                     const Options& options) {
  Warnings out;
  const auto diverged = std::count_if(result.candidates.begin(), result.candidates.end(),
                                      [](const Candidate& c) { return c.status == Status::diverged; });
  if (diverged > 0)
    out.push_back(fmt::format(
        "{} of {} candidates diverged (their states or measures are no longer finite) and were not chosen",
        diverged, result.candidates.size()));
  if (options.tell_edges) add_edges(result, space, out);
  add_unasked(programs, space, out);
  add_batches(result, programs, out);
  add_repeats(result, out);
  add_idle(result, options.scheduling, out);
  return out;
}

}  // namespace runnel::search
