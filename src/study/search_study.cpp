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

std::string text_of(const params::Varied& v) {
  if (v.values.empty())
    return fmt::format("{}..{}{}{}", to_string(Value(v.range.low)), to_string(Value(v.range.high)),
                       v.logarithmic ? " log" : "", v.points > 0 ? fmt::format(":{}", v.points) : "");
  std::string out;
  for (const Value& value : v.values) out += (out.empty() ? "" : ",") + to_string(value);
  return out;
}

std::string text_of(const Parameter& p) {
  std::string out = fmt::format("{} {} {}..{} {} {}", kind_name(p.kind), role_name(p.role), p.limits.low,
                                p.limits.high, p.step, fmt::join(p.words, "|"));
  for (const params::Condition& when : p.when) {
    out += " when " + when.name + '=';
    for (const Value& value : when.values) out += to_string(value) + '|';
  }
  return out;
}

Fingerprint schema_of(const params::Schema& schema) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const Parameter& p : schema.parameters()) parts.emplace_back(p.name, text_of(p));
  return settings_fingerprint(parts);
}

// The space and what else decides who is trained how long.
Fingerprint space_of(const search::Beginning& b) {
  const search::Scheduling& s = b.options.scheduling;
  std::vector<std::pair<std::string, std::string>> parts{
      {"sampler", b.sampler.name()},
      {"generation", std::to_string(b.options.generation)},
      {"patience", std::to_string(b.options.patience)},
      {"scheduler", std::string(scheduler_name(s.scheduler))},
      {"eta", std::to_string(s.eta)},
      {"min_epochs", std::to_string(s.min_epochs)}};
  for (const params::Varied& v : b.space.varied()) parts.emplace_back(v.name, text_of(v));
  for (std::size_t i = 0; i < b.space.base().values().size(); ++i)
    if (!b.space.base().values()[i].is_nothing())
      parts.emplace_back("the value of " + b.space.schema().parameters()[i].name,
                         to_string(b.space.base().values()[i]));
  return settings_fingerprint(parts);
}

Description description_of(const search::Beginning& b, const Configuration& first) {
  const search::Program& program = b.programs.of(first, 0);
  const std::vector<search::MeasureKind>& measures = program.measures();
  Json told = Json::array();
  for (const search::MeasureKind& m : measures)
    told.push_back({{"name", m.name}, {"higher_is_better", m.higher_is_better}});
  Description d;
  d.source = "rows of the program";
  d.command = "a search of the program";
  d.configuration = dumped({{"measures", std::move(told)}});
  d.seed = b.options.seed;
  d.metric = measures[0].name;
  d.loss = measures.size() > 1 ? measures[1].name : "";
  d.folds = std::ssize(b.programs.folds());
  d.threads = b.options.threads;
  d.version = RUNNEL_VERSION;
  d.data = data_of(b.programs.folds());
  d.space = space_of(b);
  d.split = settings_fingerprint({});
  d.more["schema"] = schema_of(b.space.schema());
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

// The snapshot's curve holds every measure after each epoch, its losses the epoch of divergence.
Snapshot snapshot_of(const LaneState& lane, std::int64_t first, bool with_leaves) {
  Snapshot s{Snapshot::Kind::state,
             first + lane.trajectory,
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

LaneState lane_of(const Snapshot& s, std::int64_t first) {
  LaneState lane{s.owner - first, static_cast<std::size_t>(s.fold), s.epochs};
  lane.readings = s.curve;
  if (!s.losses.empty()) lane.diverged_at = static_cast<std::int64_t>(s.losses[0]);
  for (const Tensor& tensor : s.tensors)
    (tensor.name == "best" ? lane.best : lane.leaves).push_back(array_of(tensor));
  return lane;
}

class SearchStudy : public search::Archive {
 public:
  explicit SearchStudy(std::string path) : path_(std::move(path)) {}

  void begin(const search::Beginning& beginning) override {
    store_.reset();  // of a search that failed
    snapshots_.clear();
    known_.clear();
    broken_ = all_ = false;
    beginning_.emplace(beginning);
  }

  std::vector<LaneState> begin_generation(std::int64_t first,
                                          std::span<const Configuration> candidates) override {
    std::vector<std::string> texts;
    for (const Configuration& c : candidates) texts.push_back(json_of(c));
    first_ = first;
    if (!store_) open(texts, candidates[0]);
    add_unknown(texts);
    std::vector<LaneState> lanes;
    for (const Snapshot& s : snapshots_)
      if (s.owner >= first && s.owner < first + std::ssize(candidates)) lanes.push_back(lane_of(s, first));
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
    guarded([&] {
      if (has_ended || all_ || is_stopping || store_->due())
        store_->snapshot(snapshot_of(lane, first_, !has_ended));
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

  void open(const std::vector<std::string>& candidates, const Configuration& first) {
    const Description description = description_of(*beginning_, first);
    std::error_code error;
    if (!std::filesystem::exists(path_, error)) {
      store_.emplace(Store::create(path_, description, candidates));
      known_ = candidates;
      return;
    }
    store_.emplace(Store::resume(path_, description));
    snapshots_ = store_->snapshots(Snapshot::Kind::state);
    for (const Candidate& c : store_->contents().candidates) {
      Json values = Json::object();
      for (const Candidate::Value& v : c.hyper)
        values[v.name] = v.numeric ? Json::parse(v.text) : Json(v.text);
      known_.push_back(dumped(values));
    }
  }

  void add_unknown(const std::vector<std::string>& texts) {
    std::vector<std::string> fresh;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::size_t number = static_cast<std::size_t>(first_) + i;
      if (number >= known_.size())
        fresh.push_back(texts[i]);
      else if (known_[number] != texts[i])
        fail("{}: candidate {} of the study is {}, and the search asks for {}", path_, number, known_[number],
             texts[i]);
    }
    if (fresh.empty()) return;
    store_->add(fresh);
    known_.insert(known_.end(), fresh.begin(), fresh.end());
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
  std::vector<Snapshot> snapshots_;  // of an earlier run
  std::vector<std::string> known_;   // candidates, as JSON
  std::int64_t first_ = 0;           // candidate of the generation
  bool all_ = false;                 // all that is in training is written, since the search was told so
  bool broken_ = false;              // something could not be written
  Stopwatch since_commit_;
};

}  // namespace

std::vector<std::pair<std::string, Fingerprint>> facts_of(const search::Beginning& beginning) {
  return {{"schema", schema_of(beginning.space.schema())},
          {"data", data_of(beginning.programs.folds())},
          {"space", space_of(beginning)}};
}

std::shared_ptr<search::Archive> at(const std::string& path) { return std::make_shared<SearchStudy>(path); }

}  // namespace runnel::study
