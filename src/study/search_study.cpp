#include "study/search_study.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "core/digest.h"
#include "core/fail.h"
#include "core/stopwatch.h"
#include "graph/digest.h"
#include "graph/node.h"
#include "runnel/study.h"
#include "runnel/version.h"
#include "search/archive.h"
#include "search/rows.h"
#include "study/earlier.h"
#include "study/facts.h"
#include "study/going_on.h"
#include "study/schema.h"
#include "study/search_growth.h"
#include "study/standings.h"
#include "study/tensors.h"

namespace runnel::study {
namespace {

using params::Parameter;
using params::Value;
using search::Configuration;
using search::LaneState;

// ---- what a search is ----------------------------------------------------------------------------------

std::string digest_of_rows(const std::vector<Array>& leaves) {
  Digest digest;
  for (const Array& leaf : leaves) {
    digest.text(to_string(leaf.type()));
    digest.bytes(runnel::detail::dense_bytes(leaf),
                 static_cast<std::size_t>(leaf.size()) * size_of(leaf.dtype()));
  }
  return digest.hex();
}

Fingerprint data_of(const std::vector<search::Fold>& folds) {
  std::vector<std::pair<std::string, std::string>> parts{{"folds", std::to_string(folds.size())}};
  for (std::size_t k = 0; k < folds.size(); ++k) {
    const auto add = [&](const char* what, const std::vector<Array>& leaves) {
      const std::string name = fmt::format("fold {}'s {} rows", k + 1, what);
      parts.emplace_back("number of " + name, std::to_string(search::rows_of(leaves)));
      parts.emplace_back("the values of " + name, digest_of_rows(leaves));
    };
    add("training", folds[k].train);
    add("validation", folds[k].validation);
  }
  return settings_fingerprint(parts);
}

Description description_of(const search::Beginning& b, const Configuration& first, Json plan) {
  const search::Program& program = b.programs.of(first, 0);
  const std::vector<search::MeasureKind>& measures = program.measures();
  Json told = Json::array();
  for (const search::MeasureKind& m : measures)
    told.push_back({{"name", m.name}, {"higher_is_better", m.higher_is_better}});
  Description d;
  d.source = "rows of the program";
  d.command = "a search of the program";
  d.configuration = dumped({{"measures", std::move(told)}, {"search", std::move(plan)}});
  d.seed = b.options.seed;
  d.metric = measures[0].name;
  d.loss = measures.size() > 1 ? measures[1].name : "";
  d.folds = std::ssize(b.programs.folds());
  d.threads = b.options.threads;
  d.version = RUNNEL_VERSION;
  d.data = data_of(b.programs.folds());
  d.space = search_fingerprint(b);
  d.split = settings_fingerprint({});
  d.more["schema"] = schema_fingerprint(b.space.schema());
  const auto graph = [](const GraphPtr& g) { return settings_fingerprint({{"its graph", digest_of(*g)}}); };
  d.more["init"] = graph(program.graphs().init);
  d.more["step"] = graph(program.graphs().step);
  d.more["evaluate"] = graph(program.graphs().evaluate);
  return d;
}

Status status_of(search::Status status) {
  switch (status) {
    case search::Status::done:
      return Status::done;
    case search::Status::diverged:
      return Status::diverged;
    case search::Status::retired:
      return Status::retired;
    case search::Status::interrupted:
      return Status::interrupted;
  }
  return Status::interrupted;
}

// ---- lanes ---------------------------------------------------------------------------------------------

// The snapshot's owner is the first candidate of the training run. Its curve holds every measure after each
// epoch, its losses the epoch of divergence.
Snapshot snapshot_of(const LaneState& lane, std::int64_t owner, bool with_leaves) {
  Snapshot s{Snapshot::Kind::state,
             owner,
             static_cast<std::int64_t>(lane.fold),
             lane.epochs,
             lane.readings,
             {static_cast<double>(lane.diverged_at)},
             {}};
  if (!with_leaves) return s;
  for (const Array& leaf : lane.leaves) s.tensors.push_back(tensor_of(leaf, "leaf"));
  for (const Array& leaf : lane.best) s.tensors.push_back(tensor_of(leaf, "best"));
  return s;
}

Snapshot model_snapshot(std::int64_t candidate, std::int64_t epochs, const nn::Network& model) {
  Snapshot s{Snapshot::Kind::model, candidate, 0, epochs, {}, {}, {}};
  for (const auto& [name, part] : nn::named_parts(model)) s.tensors.push_back(tensor_of(part, name));
  return s;
}

LaneState lane_of(const Snapshot& s, std::int64_t trajectory) {
  LaneState lane{trajectory, static_cast<std::size_t>(s.fold), s.epochs};
  lane.readings = s.curve;
  if (!s.losses.empty()) lane.diverged_at = static_cast<std::int64_t>(s.losses[0]);
  for (const Tensor& tensor : s.tensors)
    (tensor.name == "best" ? lane.best : lane.leaves).push_back(array_of(tensor));
  return lane;
}

}  // namespace

// ---- the search ----------------------------------------------------------------------------------------

search::Earlier SearchStudy::begin(const search::Beginning& beginning) {
  store_.reset();  // of a search that failed
  snapshots_.clear();
  known_.clear();
  last_.clear();
  broken_ = all_ = is_new_ = false;
  beginning_.emplace(beginning);
  settled_ = begun_anew_ = 0;
  std::error_code error;
  const bool is_there = std::filesystem::exists(path_, error);
  if (fit_ && fit_->resume && !is_there) fail("{}: no such file; without --resume it is begun", path_);
  if (fit_ && !fit_->resume && is_there)
    fail("{}: is there already{}; {}give another file", path_,
         is_study_file(path_) ? "" : ", and is no study",
         is_study_file(path_) ? "go on with it by --resume, or " : "");
  if (!is_there) return {path_};
  expect_present_format(*open_study(path_, Database::Access::read));
  const Study study = read(path_);
  if (fit_) check_same(path_, study.description, fit_->description);
  search::Earlier earlier = grown_from(study, beginning);
  for (const Configuration& c : earlier.candidates) known_.push_back(hyper_json(c));
  settled_ = earlier.settled;
  return earlier;
}

std::vector<LaneState> SearchStudy::begin_generation(const search::Generation& generation) {
  first_ = generation.first;
  std::vector<std::string> texts;
  for (const Configuration& c : generation.candidates) texts.push_back(hyper_json(c));
  if (!store_) open(generation, texts);
  take_in(generation, texts);
  standing_.emplace(*beginning_, generation.trajectories);
  std::vector<LaneState> lanes;
  for (const search::Trajectory& t : generation.trajectories)
    for (const Snapshot& s : snapshots_)
      if (s.owner == t.first_candidate()) lanes.push_back(lane_of(s, static_cast<std::int64_t>(t.number)));
  for (const LaneState& lane : lanes) standing_->note(lane);
  return lanes;
}

bool SearchStudy::is_due() const { return fit_ ? store_->due(fit_->snapshots, fit_->share) : store_->due(); }

bool SearchStudy::wants_states() {
  const double commits = fit_ ? std::min(kCommitSeconds, fit_->snapshots) : kCommitSeconds;
  if (all_ || since_commit_.total() >= commits) {
    guarded([&] { store_->commit(); });
    since_commit_ = Stopwatch();
  }
  all_ = !broken_ && is_due();
  return all_;
}

// A lane that has some way to go is written when the last ones were long enough ago: a search that lost it
// trains from an earlier one to the same bits.
void SearchStudy::keep(const LaneState& lane, bool has_ended, bool is_stopping) {
  standing_->note(lane);
  guarded([&] {
    if (!has_ended && !all_ && !is_stopping && !is_due()) return;
    store_->snapshot(snapshot_of(lane, standing_->owner(lane), !has_ended));
    for (const Reading& reading : standing_->readings(lane)) store_->reading(reading);
    for (const Verdict& verdict : standing_->verdicts(lane, has_ended)) store_->verdict(verdict);
  });
}

void SearchStudy::under_way(int rank, const std::vector<std::int64_t>& candidates) {
  guarded([&] { store_->under_way(rank, candidates); });
}

void SearchStudy::end_generation(std::span<const search::Candidate> candidates) {
  last_.clear();
  standing_->each([&](const LaneState& lane) {
    for (Reading& reading : standing_->readings(lane)) last_.push_back(std::move(reading));
  });
  standing_.reset();  // what it refers to goes with the generation
  guarded([&] {
    for (const Reading& reading : last_) store_->reading(reading);
    for (const search::Candidate& c : candidates) write(c);
    store_->commit();
  });
}

void SearchStudy::finish(const search::Result& result) {
  if (!store_) return;  // it was stopped before it began
  beginning_.reset();
  if (fit_) return;  // conclude() follows
  write_result(result);
  store_.reset();
  snapshots_.clear();
}

void SearchStudy::conclude(const search::Result& result, const nn::Network* network) {
  if (!store_) return;
  if (result.best) {
    for (const Snapshot& earlier : store_->snapshots(Snapshot::Kind::model))
      if (earlier.owner != *result.best) store_->drop_snapshot(earlier.kind, earlier.owner, earlier.fold);
    const auto best = static_cast<std::size_t>(*result.best);
    if (network != nullptr)
      store_->snapshot(model_snapshot(*result.best, result.candidates[best].epochs, *network));
  }
  write_result(result);
}

void SearchStudy::discard() {
  if (!store_ || !is_new_) return;
  store_->discard();
  store_.reset();
}

void SearchStudy::write_result(const search::Result& result) {
  for (const Reading& reading : last_) store_->reading(reading);
  for (const search::Candidate& c : result.candidates) write(c);
  for (const search::Rung& r : result.rungs) store_->rung({r.bracket, r.epochs, r.entered, r.kept});
  // What is to be warned of is known when all has been trained.
  if (!result.interrupted)
    for (const std::string& warning : result.warnings) store_->warning(warning);
  store_->timing("searching", result.seconds);
  store_->finish(result.interrupted ? State::interrupted : State::finished, result.best);
}

void SearchStudy::open(const search::Generation& generation, const std::vector<std::string>& texts) {
  Json plan = plan_of(*beginning_);
  plan["tried"] = std::vector<std::int64_t>(generation.tried.begin(), generation.tried.end());
  plan["settled"] = settled_;
  Description description;
  if (fit_) {
    description = fit_->description;
    Json configuration = Json::parse(description.configuration);
    configuration["search"] = std::move(plan);
    description.configuration = dumped(configuration);
  } else {
    description = description_of(*beginning_, generation.candidates[0], std::move(plan));
  }
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) {
    store_.emplace(Store::create(path_, description, texts));
    known_ = texts;
    is_new_ = true;
    return;
  }
  store_.emplace(Store::resume_grown(path_, description));
  if (store_->contents().candidates.size() != known_.size())
    fail("{}: another program has gone on with the study meanwhile; start this one again", path_);
  snapshots_ = store_->snapshots(Snapshot::Kind::state);
}

// Candidates that are new, and those that train longer than they did: where a training knows how long it
// will be, what it had come to is nothing to go on from.
void SearchStudy::take_in(const search::Generation& generation, const std::vector<std::string>& texts) {
  std::vector<std::string> fresh;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::int64_t number = first_ + static_cast<std::int64_t>(i);
    if (number >= std::ssize(known_)) {
      fresh.push_back(texts[i]);
      continue;
    }
    std::string& known = known_[static_cast<std::size_t>(number)];
    if (known == texts[i]) continue;
    store_->replace(number, known = texts[i]);
    if (!asks_for_steps(generation.candidates[i])) continue;
    drop(number);
    ++begun_anew_;
  }
  if (!fresh.empty()) store_->add(fresh);
  known_.insert(known_.end(), fresh.begin(), fresh.end());
  store_->commit();
}

bool SearchStudy::asks_for_steps(const Configuration& c) const {
  for (std::size_t fold = 0; fold < beginning_->programs.folds().size(); ++fold)
    if (beginning_->programs.of(c, fold).asks_for_steps()) return true;
  return false;
}

void SearchStudy::drop(std::int64_t owner) {
  for (std::size_t fold = 0; fold < beginning_->programs.folds().size(); ++fold)
    store_->drop_snapshot(Snapshot::Kind::state, owner, static_cast<std::int64_t>(fold));
  std::erase_if(snapshots_, [&](const Snapshot& s) { return s.owner == owner; });
}

void SearchStudy::write(const search::Candidate& c) {
  const double tie = c.measures.size() > 1 ? c.measures[1] : std::nan("");
  store_->verdict(
      {c.number, status_of(c.status), c.measures.empty() ? std::nan("") : c.measures[0], tie, c.epochs});
}

void SearchStudy::guarded(const std::function<void()>& write) {
  if (broken_) return;
  try {
    write();
  } catch (const Error&) {
    broken_ = true;
  }
}

std::vector<std::pair<std::string, Fingerprint>> facts_of(const search::Beginning& beginning) {
  return {{"schema", schema_fingerprint(beginning.space.schema())},
          {"data", data_of(beginning.programs.folds())},
          {"space", search_fingerprint(beginning)}};
}

std::shared_ptr<search::Archive> at(const std::string& path) { return std::make_shared<SearchStudy>(path); }

}  // namespace runnel::study
