// Reading a study.
#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "study/contents.h"
#include "study/earlier.h"
#include "study/hyper_json.h"
#include "study/schema.h"

namespace runnel::study {
namespace {

[[noreturn]] void fail_damaged(const Database& database, std::string_view what) {
  fail("{}: the study is damaged ({}); restore a copy of it, or begin another one", database.name(), what);
}

template <class Enum>
Enum from_name(const Database& database, const std::string& name, std::initializer_list<Enum> all,
               std::string_view (*name_of_value)(Enum)) {
  for (const Enum value : all)
    if (name_of_value(value) == name) return value;
  fail_damaged(database, fmt::format("\"{}\" is no state", name));
}

Status status_from(const Database& database, const std::string& name) {
  return from_name(database, name,
                   {Status::waiting, Status::done, Status::retired, Status::diverged, Status::interrupted},
                   status_name);
}

DType dtype_from(const Database& database, const std::string& name) {
  return from_name(database, name, {DType::boolean, DType::i32, DType::u32, DType::f32, DType::f64}, name_of);
}

void read_description(const Database& database, Study& study) {
  Statement row(
      database,
      "SELECT state, best, source, command, configuration, seed, metric, loss, folds, version FROM study");
  if (!row.step()) fail_damaged(database, "it says nothing of itself");
  Description& d = study.description;
  study.state =
      from_name(database, row.text(), {State::running, State::interrupted, State::finished}, state_name);
  study.best = row.maybe_integer();
  d.source = row.text();
  d.command = row.text();
  d.configuration = row.text();
  d.seed = std::strtoull(row.text().c_str(), nullptr, 10);
  d.metric = row.text();
  d.loss = row.text();
  d.folds = row.integer();
  d.version = row.text();
  Statement prints(database, "SELECT what, digest, parts FROM fingerprints");
  while (prints.step()) {
    const std::string what = prints.text();
    Fingerprint& print = what == "data"    ? d.data
                         : what == "split" ? d.split
                         : what == "space" ? d.space
                                           : d.more[what];
    print.digest = prints.text();
    print.parts = prints.text();
  }
}

void read_candidates(const Database& database, Study& study) {
  Statement row(database, "SELECT id, hyper, status, metric, loss, epochs FROM candidates ORDER BY id");
  while (row.step()) {
    Candidate c;
    c.index = row.integer();
    if (c.index != static_cast<std::int64_t>(study.candidates.size()))
      fail_damaged(database, fmt::format("candidate {} is missing", study.candidates.size()));
    try {
      c.hyper = hyper_values(row.text());
    } catch (const nlohmann::json::exception&) {
      fail_damaged(database, fmt::format("the hyperparameters of candidate {}", c.index));
    }
    c.status = status_from(database, row.text());
    c.metric = row.number();
    c.loss = row.number();
    c.epochs = row.integer();
    study.candidates.push_back(std::move(c));
  }
}

void read_readings(const Database& database, Study& study) {
  Statement row(
      database,
      "SELECT candidate, fold, epochs, metric, loss, finite, curve FROM readings ORDER BY candidate, fold");
  while (row.step()) {
    Reading r;
    r.candidate = row.integer();
    r.fold = row.integer();
    r.epochs = row.integer();
    r.metric = row.number();
    r.loss = row.number();
    r.finite = row.integer() != 0;
    r.curve = as_doubles(row.bytes());
    if (r.candidate < 0 || r.candidate >= static_cast<std::int64_t>(study.candidates.size()))
      fail_damaged(database, fmt::format("a reading of candidate {}, which is not there", r.candidate));
    study.candidates[static_cast<std::size_t>(r.candidate)].readings.push_back(std::move(r));
  }
}

void read_rest(const Database& database, Study& study) {
  Statement rung(database, "SELECT bracket, epochs, entered, kept FROM rungs ORDER BY bracket, epochs");
  while (rung.step()) {
    Rung r;
    r.bracket = rung.integer();
    r.epochs = rung.integer();
    r.entered = rung.integer();
    r.kept = rung.integer();
    study.rungs.push_back(r);
  }
  Statement trained(database, "SELECT SUM(epochs) FROM snapshots WHERE kind = 'state'");
  if (trained.step()) study.trained = trained.maybe_integer().value_or(0);
  Statement timing(database, "SELECT name, seconds FROM timings ORDER BY name");
  while (timing.step()) {
    std::string name = timing.text();
    study.timings.emplace_back(std::move(name), timing.number());
  }
  Statement warning(database, "SELECT text FROM warnings ORDER BY id");
  while (warning.step()) study.warnings.push_back(warning.text());
  Statement run(database, "SELECT began, seconds, command, version, threads FROM runs ORDER BY id");
  while (run.step()) {
    Run r;
    r.began = run.number();
    r.seconds = run.number();
    r.command = run.text();
    r.version = run.text();
    r.threads = run.integer();
    study.runs.push_back(std::move(r));
  }
}

void read_under_way(const Database& database, Study& study) {
  Statement table(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'under_way'");
  if (!table.step()) return;  // begun by a Runnel that knew no ranks
  Statement row(database, "SELECT rank, candidate FROM under_way ORDER BY rank, candidate");
  while (row.step()) {
    const std::int64_t rank = row.integer();
    study.under_way[rank].push_back(row.integer());
  }
}

Shape shape_from(const Database& database, const std::string& text) {
  const Json list = Json::parse(text, nullptr, false);
  if (!list.is_array() || list.size() > kMaxRank) fail_damaged(database, "the shape of a tensor");
  Shape shape;
  for (const Json& size : list) {
    if (!size.is_number_integer()) fail_damaged(database, "the shape of a tensor");
    shape.push_back(size.get<std::int64_t>());
  }
  return shape;
}

std::vector<Tensor> read_tensors(const Database& database, std::int64_t snapshot) {
  Statement row(database, "SELECT name, dtype, shape, bytes FROM tensors WHERE snapshot = ? ORDER BY place");
  row << snapshot;
  std::vector<Tensor> out;
  while (row.step()) {
    Tensor tensor;
    tensor.name = row.text();
    tensor.dtype = dtype_from(database, row.text());
    tensor.shape = shape_from(database, row.text());
    tensor.bytes = row.bytes();
    out.push_back(std::move(tensor));
  }
  return out;
}

// The rest of a row that begins with the id.
Snapshot snapshot_of(const Database& database, Statement& row, Snapshot::Kind kind) {
  Snapshot s;
  s.kind = kind;
  const std::int64_t id = row.integer();
  s.owner = row.integer();
  s.fold = row.integer();
  s.epochs = row.integer();
  s.curve = as_doubles(row.bytes());
  s.losses = as_doubles(row.bytes());
  const std::string digest = row.text();
  s.tensors = read_tensors(database, id);
  if (digest_of(s) != digest)
    fail_damaged(database, fmt::format("the {} {} of fold {} is not what was written", kind_name(kind),
                                       s.owner, s.fold));
  return s;
}

}  // namespace

Study contents_of(const Database& database) {
  Study study;
  study.path = database.name();
  read_description(database, study);
  read_candidates(database, study);
  if (is_earlier(database)) bring_up(study);
  read_readings(database, study);
  read_rest(database, study);
  read_under_way(database, study);
  return study;
}

std::vector<Snapshot> snapshots_of(const Database& database, Snapshot::Kind kind) {
  Statement row(database,
                "SELECT id, owner, fold, epochs, curve, losses, digest FROM snapshots WHERE kind = ? ORDER "
                "BY owner, fold");
  row << kind_name(kind);
  std::vector<Snapshot> out;
  while (row.step()) out.push_back(snapshot_of(database, row, kind));
  return out;
}

Study read(const std::string& path) {
  const auto database = open_study(path, Database::Access::read);
  database->execute("BEGIN");  // one state of it, though somebody may be writing
  return contents_of(*database);
}

std::optional<Snapshot> read_snapshot(const std::string& path, Snapshot::Kind kind, std::int64_t owner,
                                      std::int64_t fold) {
  const auto database = open_study(path, Database::Access::read);
  database->execute("BEGIN");
  Statement row(
      *database,
      "SELECT id, owner, fold, epochs, curve, losses, digest FROM snapshots WHERE kind = ? AND owner = ? "
      "AND fold = ?");
  row << kind_name(kind) << owner << fold;
  if (!row.step()) return std::nullopt;
  return snapshot_of(*database, row, kind);
}

std::string_view status_name(Status status) {
  switch (status) {
    case Status::waiting:
      return "waiting";
    case Status::done:
      return "done";
    case Status::retired:
      return "retired";
    case Status::diverged:
      return "diverged";
    case Status::interrupted:
      return "interrupted";
  }
  return "?";
}

std::string_view state_name(State state) {
  switch (state) {
    case State::running:
      return "running";
    case State::interrupted:
      return "interrupted";
    case State::finished:
      return "finished";
  }
  return "?";
}

std::string_view Candidate::value(std::string_view name) const {
  for (const Value& v : hyper)
    if (v.name == name) return v.active ? std::string_view(v.text) : "";
  return "";
}

bool higher_is_better(const Description& description) {
  const Json configuration = Json::parse(description.configuration, nullptr, false);
  if (configuration.is_object() && configuration.contains("measures"))
    for (const Json& measure : configuration["measures"])
      if (measure.value("name", "") == description.metric) return measure.value("higher_is_better", false);
  return models::higher_is_better(models::metric_from_name(description.metric));
}

std::int64_t Study::count(Status status) const {
  return std::count_if(candidates.begin(), candidates.end(),
                       [&](const Candidate& c) { return c.status == status; });
}

std::vector<std::int64_t> Study::ranked() const {
  std::vector<std::int64_t> out;
  for (const Candidate& c : candidates)
    if ((c.status == Status::done || c.status == Status::interrupted) && !std::isnan(c.metric))
      out.push_back(c.index);
  const bool higher = higher_is_better(description);
  std::sort(out.begin(), out.end(), [&](std::int64_t i, std::int64_t j) {
    const Candidate &a = candidates[static_cast<std::size_t>(i)],
                    &b = candidates[static_cast<std::size_t>(j)];
    if (a.metric != b.metric) return higher == (a.metric > b.metric);
    // A loss that is no number goes behind one that is.
    if (std::isnan(a.loss) != std::isnan(b.loss)) return std::isnan(b.loss);
    if (!std::isnan(a.loss) && a.loss != b.loss) return a.loss < b.loss;
    return i < j;
  });
  return out;
}

}  // namespace runnel::study
