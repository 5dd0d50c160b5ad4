#include "search/trajectory.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/fail.h"
#include "search/rows.h"
#include "search/settings.h"

namespace runnel::search {
namespace {

std::int64_t batch_on(const Configuration& configuration, std::int64_t rows) {
  const std::int64_t wanted = batch_of(configuration);
  return wanted == 0 ? rows : std::min(wanted, rows);
}

// Candidates of one key are readings of one trajectory: they differ in their epochs alone, and no step knows
// how many there will be; or in batches that are all of the rows.
std::string trajectory_key(const Configuration& configuration, bool asks_for_steps, std::int64_t rows) {
  std::string key;
  for (std::size_t i = 0; i < configuration.values().size(); ++i) {
    const params::Parameter& p = configuration.schema().parameters()[i];
    if (p.role == params::Role::budget && !asks_for_steps) continue;
    key += p.is_batch ? fmt::format("{}", batch_on(configuration, rows)) : key_of(configuration.values()[i]);
    key += '\n';
  }
  return key;
}

double mean_of(std::span<const double> by_fold) {
  double sum = 0;
  for (const double value : by_fold) sum += value;  // in the order of the folds
  return sum / static_cast<double>(by_fold.size());
}

}  // namespace

double OutputMeasures::over_folds(std::size_t, std::span<const double> by_fold) const {
  return mean_of(by_fold);
}

Programs::Programs(const Trainable& trainable, const std::vector<Fold>& folds)
    : trainable_(trainable), folds_(folds), number_([] {
        static std::atomic<std::int64_t> made{0};
        return ++made;
      }()) {}

const Program& Programs::of(const Configuration& configuration, std::size_t fold) {
  const std::vector<Array>& rows = folds_[fold].train;
  const std::int64_t n = rows_of(rows);
  const std::int64_t batch = trainable_.manner().whole ? n : batch_on(configuration, n);
  const Program*& known = known_[fmt::format("{}\n{}\n{}", fold, batch, fixed_key(configuration))];
  if (known != nullptr) return *known;
  const std::vector<Type> types = types_of(rows), gift = types_of(given(configuration, fold));
  for (const Made& made : all_)
    if (made.batch == batch && made.rows == types && made.given == gift &&
        answers_alike(made.program->example(), configuration, made.program->asked())) {
      made.program->trace_start(configuration);
      return *(known = made.program.get());
    }
  auto program = std::make_unique<const Program>(trainable_, configuration, types, gift, batch, n / batch);
  if (measures_.empty()) measures_ = program->measures();
  if (program->measures() != measures_)
    fail("candidates do not measure the same: evaluate returns other measures for {}",
         to_string(configuration));
  all_.push_back({batch, types, gift, std::move(program)});
  return *(known = all_.back().program.get());
}

double Programs::over_folds(std::size_t measure, std::span<const double> by_fold) const {
  const OutputMeasures* of_outputs = trainable_.output_measures();
  return of_outputs != nullptr ? of_outputs->over_folds(measure, by_fold) : mean_of(by_fold);
}

std::vector<bool> Programs::asked() const {
  const std::vector<params::Parameter>& parameters = trainable_.schema().parameters();
  std::vector<bool> asked(parameters.size(), false);
  for (const Made& made : all_)
    for (std::size_t i = 0; i < asked.size(); ++i)
      // What a trainable gives may depend on all that is fixed.
      if (made.program->asked()[i] || (!made.given.empty() && parameters[i].role == params::Role::fixed))
        asked[i] = true;
  return asked;
}

std::vector<Trajectory> make_trajectories(Programs& programs, const std::vector<Configuration>& candidates,
                                          std::int64_t first, const Options& options) {
  std::int64_t rows = 0;
  for (const Fold& fold : programs.folds()) rows = std::max(rows, rows_of(fold.train));
  std::vector<Trajectory> all;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Configuration& c = candidates[i];
    bool asks = false;
    for (std::size_t fold = 0; fold < programs.folds().size(); ++fold)
      asks = programs.of(c, fold).asks_for_steps() || asks;
    const auto [at, is_new] = known.try_emplace(trajectory_key(c, asks, rows), all.size());
    if (is_new)
      all.push_back({c, 0, seed_of(c, options.seed), patience_of(c, options.patience), {}, all.size()});
    Trajectory& t = all[at->second];
    if (epochs_of(c) > t.epochs) t.configuration = c;
    t.epochs = std::max(t.epochs, epochs_of(c));
    t.readings.emplace_back(epochs_of(c), first + static_cast<std::int64_t>(i));
  }
  for (Trajectory& t : all) std::stable_sort(t.readings.begin(), t.readings.end());
  return all;
}

std::int64_t Trajectory::first_candidate() const {
  std::int64_t first = readings.at(0).second;
  for (const auto& reading : readings) first = std::min(first, reading.second);
  return first;
}

Score score_of(const std::vector<MeasureKind>& measures, const double* reading) {
  Score score{signed_value(measures[0], reading[0]), 0};
  if (measures.size() > 1) score.tie = signed_value(measures[1], reading[1]);
  if (std::isnan(score.tie)) score.tie = std::numeric_limits<double>::infinity();
  return score;
}

}  // namespace runnel::search
