// A search of any training as a study: what ties src/search's archive to a store.
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
#include "study/facts.h"
#include "study/hyper_json.h"
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

std::string json_of(const Configuration& configuration) {
  Json out = Json::object();
  for (std::size_t i = 0; i < configuration.values().size(); ++i) {
    const Value& value = configuration.values()[i];
    const std::string& name = configuration.schema().parameters()[i].name;
    if (value.is_nothing()) continue;
    const std::string text = to_string(value);  // 1.0 is told as 1
    out[name] = value.is_number() ? Json::parse(text) : Json(text);
  }
  return dumped(out);
}

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

LaneState lane_of(const Snapshot& s, std::int64_t trajectory) {
  LaneState lane{trajectory, static_cast<std::size_t>(s.fold), s.epochs};
  lane.readings = s.curve;
  if (!s.losses.empty()) lane.diverged_at = static_cast<std::int64_t>(s.losses[0]);
  for (const Tensor& tensor : s.tensors)
    (tensor.name == "best" ? lane.best : lane.leaves).push_back(array_of(tensor));
  return lane;
}

class SearchStudy : public search::Archive {
 public:
  explicit SearchStudy(std::string path) : path_(std::move(path)) {}

  search::Earlier begin(const search::Beginning& beginning) override {
    store_.reset();  // of a search that failed
    snapshots_.clear();
    known_.clear();
    broken_ = all_ = false;
    beginning_.emplace(beginning);
    settled_ = 0;
    std::error_code error;
    if (!std::filesystem::exists(path_, error)) return {path_};
    search::Earlier earlier = grown_from(read(path_), beginning);
    for (const Configuration& c : earlier.candidates) known_.push_back(json_of(c));
    settled_ = earlier.settled;
    return earlier;
  }

  std::vector<LaneState> begin_generation(const search::Generation& generation) override {
    first_ = generation.first;
    std::vector<std::string> texts;
    for (const Configuration& c : generation.candidates) texts.push_back(json_of(c));
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

  bool wants_states() override {
    if (all_ || since_commit_.total() >= kCommitSeconds) {
      guarded([&] { store_->commit(); });
      since_commit_ = Stopwatch();
    }
    all_ = !broken_ && store_->due();
    return all_;
  }

  // A lane that has some way to go is written when the last ones were long enough ago: a search that lost it
  // trains from an earlier one to the same bits.
  void keep(const LaneState& lane, bool has_ended, bool is_stopping) override {
    standing_->note(lane);
    guarded([&] {
      if (!has_ended && !all_ && !is_stopping && !store_->due()) return;
      store_->snapshot(snapshot_of(lane, standing_->owner(lane), !has_ended));
      for (const Reading& reading : standing_->readings(lane)) store_->reading(reading);
      for (const Verdict& verdict : standing_->verdicts(lane, has_ended)) store_->verdict(verdict);
    });
  }

  void under_way(int rank, const std::vector<std::int64_t>& candidates) override {
    guarded([&] { store_->under_way(rank, candidates); });
  }

  void end_generation(std::span<const search::Candidate> candidates) override {
    guarded([&] {
      for (const search::Candidate& c : candidates) write(c);
      store_->commit();
    });
  }

  void finish(const search::Result& result) override {
    if (!store_) return;  // it was stopped before it began
    for (const search::Candidate& c : result.candidates) write(c);
    for (const search::Rung& r : result.rungs) store_->rung({r.bracket, r.epochs, r.entered, r.kept});
    if (!result.interrupted)
      for (const std::string& warning : result.warnings) store_->warning(warning);
    store_->timing("searching", result.seconds);
    store_->finish(result.interrupted ? State::interrupted : State::finished, result.best);
    store_.reset();
    snapshots_.clear();
  }

 private:
  static constexpr double kCommitSeconds = 0.5;  // what a kill may cost of candidates that had ended

  void open(const search::Generation& generation, const std::vector<std::string>& texts) {
    Json plan = plan_of(*beginning_);
    plan["tried"] = std::vector<std::int64_t>(generation.tried.begin(), generation.tried.end());
    plan["settled"] = settled_;
    const Description description = description_of(*beginning_, generation.candidates[0], std::move(plan));
    std::error_code error;
    if (!std::filesystem::exists(path_, error)) {
      store_.emplace(Store::create(path_, description, texts));
      known_ = texts;
      return;
    }
    store_.emplace(Store::resume_grown(path_, description));
    if (store_->contents().candidates.size() != known_.size())
      fail("{}: another program has gone on with the study meanwhile; start this one again", path_);
    snapshots_ = store_->snapshots(Snapshot::Kind::state);
  }

  // Candidates that are new, and those that train longer than they did: where a training knows how long it
  // will be, what it had come to is nothing to go on from.
  void take_in(const search::Generation& generation, const std::vector<std::string>& texts) {
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
      if (asks_for_steps(generation.candidates[i])) drop(number);
    }
    if (!fresh.empty()) store_->add(fresh);
    known_.insert(known_.end(), fresh.begin(), fresh.end());
    store_->commit();
  }

  bool asks_for_steps(const Configuration& c) const {
    for (std::size_t fold = 0; fold < beginning_->programs.folds().size(); ++fold)
      if (beginning_->programs.of(c, fold).asks_for_steps()) return true;
    return false;
  }

  void drop(std::int64_t owner) {
    for (std::size_t fold = 0; fold < beginning_->programs.folds().size(); ++fold)
      store_->drop_snapshot(Snapshot::Kind::state, owner, static_cast<std::int64_t>(fold));
    std::erase_if(snapshots_, [&](const Snapshot& s) { return s.owner == owner; });
  }

  void write(const search::Candidate& c) {
    const double tie = c.measures.size() > 1 ? c.measures[1] : std::nan("");
    store_->verdict(
        {c.number, status_of(c.status), c.measures.empty() ? std::nan("") : c.measures[0], tie, c.epochs});
    for (std::size_t fold = 0; fold < c.by_fold.size(); ++fold)
      store_->reading({c.number, static_cast<std::int64_t>(fold), c.epochs, c.by_fold[fold], std::nan(""),
                       c.best_epoch > 0, fold == 0 ? c.curve : std::vector<double>()});
  }

  // The search goes on when its study cannot be written (a full disk): finish() tries all of it again.
  void guarded(const std::function<void()>& write) {
    if (broken_) return;
    try {
      write();
    } catch (const Error&) {
      broken_ = true;
    }
  }

  const std::string path_;
  std::optional<search::Beginning> beginning_;
  std::optional<Store> store_;
  std::vector<Snapshot> snapshots_;    // of an earlier run
  std::vector<std::string> known_;     // candidates, as JSON
  std::int64_t settled_ = 0;           // of these, as search::Earlier
  std::int64_t first_ = 0;             // candidate of the generation
  std::optional<Standings> standing_;  // of the generation
  bool all_ = false;                   // all that is in training is written, since the search was told so
  bool broken_ = false;                // something could not be written
  Stopwatch since_commit_;
};

}  // namespace

std::vector<std::pair<std::string, Fingerprint>> facts_of(const search::Beginning& beginning) {
  return {{"schema", schema_fingerprint(beginning.space.schema())},
          {"data", data_of(beginning.programs.folds())},
          {"space", search_fingerprint(beginning)}};
}

std::shared_ptr<search::Archive> at(const std::string& path) { return std::make_shared<SearchStudy>(path); }

}  // namespace runnel::study
