// Writing a study.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "study/contents.h"
#include "study/earlier.h"
#include "study/going_on.h"
#include "study/hyper_json.h"
#include "study/lock.h"
#include "study/new_study.h"
#include "study/schema.h"

namespace runnel::study {
namespace {

namespace fs = std::filesystem;

// The file that a link points to: beside it lie the log and the lock.
std::string real_path(const std::string& path) {
  if (path.empty()) fail("an empty name is no place for a study");
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Which file has a name: it may come to be another one.
struct FileId {
  ::dev_t device = 0;
  ::ino_t number = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

FileId file_of(const std::string& path) {
  struct stat found = {};
  return ::stat(path.c_str(), &found) == 0 ? FileId{found.st_dev, found.st_ino} : FileId{};
}

}  // namespace

struct Store::Impl {
  Impl(const std::string& path, std::unique_ptr<WriterLock> held)
      : lock(std::move(held)), database(open_study(path, Database::Access::write)), file(file_of(path)) {
    // NORMAL: a commit survives the death of the process, and the file stays whole whatever happens; only the
    // last commits before a power failure may be lost. Debian's SQLite overwrites what is deleted with zeros,
    // which makes it several times slower to take states away.
    database->execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864;"
        "PRAGMA secure_delete = 0");
  }

  Statement statement(const char* sql) const { return {*database, sql}; }

  // Whether changes can be written now: a group of them begins with the first. What had to wait for another
  // program that writes is written before anything else.
  bool may_write(std::chrono::milliseconds patience) {
    if (!database->in_transaction() && !database->begin(patience)) return false;
    while (!waiting.empty()) {
      const std::function<void()> change = std::move(waiting.front());
      waiting.pop_front();
      change();
    }
    return true;
  }

  void begin(std::chrono::milliseconds patience) {
    if (!may_write(patience)) database->raise_locked();
  }

  // Writes it, or has it wait: a search does not stand still because somebody looks at its study.
  template <class T>
  void change(void (Impl::*write)(const T&), const T& what) {
    if (may_write(std::chrono::milliseconds(0)))
      (this->*write)(what);
    else
      waiting.push_back([this, write, what] { (this->*write)(what); });
  }

  void begin_run(const Description& d) {
    begin(std::chrono::seconds(10));
    Statement row =
        statement("INSERT INTO runs (began, seconds, command, version, threads) VALUES (?, 0, ?, ?, ?)");
    row << now() << d.command << d.version << d.threads;
    row.run();
    run = database->last_id();
    Statement state = statement("UPDATE study SET state = ?, best = NULL");
    state << state_name(State::running);
    state.run();
    Statement going_on = statement("UPDATE candidates SET status = ? WHERE status = ?");
    going_on << status_name(Status::waiting) << status_name(Status::interrupted);
    going_on.run();
    // Studies that were begun before there were ranks have no such table.
    database->execute(
        "CREATE TABLE IF NOT EXISTS under_way (candidate INTEGER NOT NULL, rank INTEGER NOT NULL, "
        "PRIMARY KEY (candidate, rank)) WITHOUT ROWID; DELETE FROM under_way");
  }

  void commit() {
    if (!waiting.empty()) may_write(std::chrono::milliseconds(0));
    if (!database->in_transaction()) return;
    Statement row = statement("UPDATE runs SET seconds = ? WHERE id = ?");
    row << watch.total() << run;
    row.run();
    const Stopwatch writing;
    database->execute("COMMIT");
    if (!has_snapshots) return;
    cost = pending_cost + writing.total();
    pending_cost = 0;
    has_snapshots = false;
    last_snapshots = watch.total();
  }

  // Rungs and warnings are those of the search as it was.
  void grow(const Description& d, const std::vector<std::string>& more) {
    begin(std::chrono::seconds(10));
    write_candidates(*database, more);
    Statement print = statement("UPDATE fingerprints SET digest = ?, parts = ? WHERE what = ?");
    const auto renew = [&](const char* what, const Fingerprint& now) {
      print << now.digest << now.parts << what;
      print.run();
    };
    renew("space", d.space);
    if (const auto schema = d.more.find("schema"); schema != d.more.end()) renew("schema", schema->second);
    Statement row = statement("UPDATE study SET configuration = ?");
    row << d.configuration;
    row.run();
    database->execute("DELETE FROM rungs; DELETE FROM warnings");
  }

  void write_more(const std::vector<std::string>& candidates) { write_candidates(*database, candidates); }

  struct Replaced {
    std::int64_t candidate;
    std::string hyper;
  };
  void write_replaced(const Replaced& r) {
    Statement row = statement("UPDATE candidates SET hyper = ?, status = ? WHERE id = ?");
    row << r.hyper << status_name(Status::waiting) << r.candidate;
    row.run();
  }

  void write_reading(const Reading& r) {
    const std::vector<std::byte> curve = as_bytes(r.curve);
    put_reading << r.candidate << r.fold << r.epochs << r.metric << r.loss << (r.finite ? 1 : 0)
                << std::span(curve);
    put_reading.run();
  }

  void write_verdict(const Verdict& v) {
    put_verdict << status_name(v.status) << v.metric << v.loss << v.epochs << v.candidate;
    put_verdict.run();
    if (database->changes() != 1) fail("{}: the study has no candidate {}", database->name(), v.candidate);
  }

  void write_rung(const Rung& r) {
    put_rung << r.bracket << r.epochs << r.entered << r.kept;
    put_rung.run();
  }

  void write_warning(const std::string& text) {
    Statement row = statement("INSERT OR IGNORE INTO warnings (text) VALUES (?)");
    row << text;
    row.run();
  }

  struct Timing {
    std::string name;
    double seconds;
  };
  void write_timing(const Timing& timing) {
    Statement row = statement("INSERT OR REPLACE INTO timings VALUES (?, ?)");
    row << timing.name << timing.seconds;
    row.run();
  }

  struct UnderWay {
    std::int64_t rank;
    std::vector<std::int64_t> candidates;
  };
  void write_under_way(const UnderWay& under_way) {
    Statement old = statement("DELETE FROM under_way WHERE rank = ?");
    old << under_way.rank;
    old.run();
    Statement add = statement("INSERT OR REPLACE INTO under_way VALUES (?, ?)");
    for (const std::int64_t candidate : under_way.candidates) {
      add << candidate << under_way.rank;
      add.run();
    }
  }

  struct SnapshotName {
    Snapshot::Kind kind;
    std::int64_t owner, fold;
  };
  void remove(const SnapshotName& name) {
    for (Statement* of : {&drop_tensors, &drop}) {
      *of << kind_name(name.kind) << name.owner << name.fold;
      of->run();
    }
  }

  void write_snapshot(const Snapshot& snapshot) {
    const Stopwatch writing;
    // A savepoint: should one of its rows fail, what was there before stays.
    database->execute("SAVEPOINT snapshot");
    try {
      remove({snapshot.kind, snapshot.owner, snapshot.fold});
      insert(snapshot);
    } catch (const Error&) {
      // A full disk has ended the whole transaction already.
      if (database->in_transaction()) database->execute("ROLLBACK TO snapshot; RELEASE snapshot");
      throw;
    }
    database->execute("RELEASE snapshot");
    has_snapshots = true;
    pending_cost += writing.total();
  }

  void insert(const Snapshot& s) {
    const std::vector<std::byte> curve = as_bytes(s.curve), losses = as_bytes(s.losses);
    const std::string digest = digest_of(s);
    put << kind_name(s.kind) << s.owner << s.fold << s.epochs << std::span(curve) << std::span(losses)
        << digest;
    put.run();
    const std::int64_t id = database->last_id();
    for (std::size_t i = 0; i < s.tensors.size(); ++i) {
      const Tensor& tensor = s.tensors[i];
      const std::string shape = dumped(Json(tensor.shape.to_vector()));
      put_tensor << id << static_cast<std::int64_t>(i) << tensor.name << name_of(tensor.dtype) << shape
                 << std::span(tensor.bytes);
      put_tensor.run();
    }
  }

  std::mutex mutex;
  Stopwatch watch;
  std::deque<std::function<void()>> waiting;  // changes, while another program writes
  std::unique_ptr<WriterLock> lock;           // released last
  std::unique_ptr<Database> database;
  const FileId file;  // when it was opened
  std::int64_t run = 0;
  bool has_snapshots = false;
  double pending_cost = 0,
         cost = 0;  // seconds spent on snapshots: in this transaction, and in the last with any
  double last_snapshots = 0;

  Statement put_reading = statement("INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)");
  Statement put_verdict =
      statement("UPDATE candidates SET status = ?, metric = ?, loss = ?, epochs = ? WHERE id = ?");
  Statement put_rung = statement("INSERT OR REPLACE INTO rungs VALUES (?, ?, ?, ?)");
  Statement put = statement(
      "INSERT INTO snapshots (kind, owner, fold, epochs, curve, losses, digest) VALUES (?, ?, ?, ?, ?, ?, "
      "?)");
  Statement put_tensor = statement("INSERT INTO tensors VALUES (?, ?, ?, ?, ?, ?)");
  Statement drop_tensors = statement(
      "DELETE FROM tensors WHERE snapshot = (SELECT id FROM snapshots WHERE kind = ? AND owner = ? AND fold "
      "= ?)");
  Statement drop = statement("DELETE FROM snapshots WHERE kind = ? AND owner = ? AND fold = ?");
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Store::~Store() {
  if (!impl_) return;
  try {
    commit();
  } catch (const Error&) {  // there is nobody to tell; the last commit stands
  }
}

Store Store::create(const std::string& path, const Description& description,
                    const std::vector<params::Configuration>& candidates) {
  std::vector<std::string> texts;
  for (const params::Configuration& candidate : candidates) texts.push_back(hyper_json(candidate));
  return create(path, description, texts);
}

Store Store::create(const std::string& path, const Description& description,
                    const std::vector<std::string>& candidates) {
  const std::string real = real_path(path);
  auto lock = std::make_unique<WriterLock>(real);
  std::error_code error;
  if (fs::exists(real, error))
    fail("{}: is there already{}; {}give another file", path, is_study_file(path) ? "" : ", and is no study",
         is_study_file(path) ? "go on with it by --resume, or " : "");
  make_file(real, description, candidates);
  auto impl = std::make_unique<Impl>(real, std::move(lock));
  impl->begin_run(description);
  impl->commit();
  return Store(std::move(impl));
}

Store Store::resume(const std::string& path, const Description& description) {
  const std::string real = real_path(path);
  std::error_code error;
  if (!fs::exists(real, error)) fail("{}: no such file; without --resume it is begun", path);
  auto lock = std::make_unique<WriterLock>(real);
  auto impl = std::make_unique<Impl>(real, std::move(lock));
  expect_present_format(*impl->database);
  check_whole(*impl->database);
  const Description before = contents_of(*impl->database).description;
  check_same(path, before, description);
  impl->begin_run(description);
  Store store(std::move(impl));
  const std::string version = other_version(before, description);
  if (!version.empty()) store.warning(version);
  store.commit();
  return store;
}

Store Store::resume_grown(const std::string& path, const Description& description) {
  const std::string real = real_path(path);
  auto lock = std::make_unique<WriterLock>(real);
  auto impl = std::make_unique<Impl>(real, std::move(lock));
  expect_present_format(*impl->database);
  check_whole(*impl->database);
  const Description before = contents_of(*impl->database).description;
  Description alike = before;
  if (!description.more.empty()) alike.space = description.space;  // a fit's holds its settings alone
  const auto schema = description.more.find("schema");
  if (schema != description.more.end() && before.more.contains("schema"))
    alike.more["schema"] = schema->second;
  check_same(path, alike, description);
  impl->begin_run(description);
  if (before.configuration != description.configuration) impl->grow(description, {});
  Store store(std::move(impl));
  const std::string version = other_version(before, description);
  if (!version.empty()) store.warning(version);
  store.commit();
  return store;
}

void Store::add(const std::vector<std::string>& candidates) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_more, candidates);
  impl_->commit();
}

void Store::replace(std::int64_t candidate, const std::string& hyper) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_replaced, {candidate, hyper});
}

void Store::reading(const Reading& r) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_reading, r);
}

void Store::verdict(const Verdict& v) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_verdict, v);
}

void Store::rung(const Rung& r) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_rung, r);
}

void Store::warning(const std::string& text) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_warning, text);
}

void Store::timing(const std::string& name, double seconds) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_timing, {name, seconds});
}

void Store::snapshot(const Snapshot& snapshot) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_snapshot, snapshot);
}

void Store::drop_snapshot(Snapshot::Kind kind, std::int64_t owner, std::int64_t fold) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::remove, {kind, owner, fold});
}

void Store::under_way(std::int64_t rank, const std::vector<std::int64_t>& candidates) {
  const std::lock_guard guard(impl_->mutex);
  impl_->change(&Impl::write_under_way, {rank, candidates});
  impl_->commit();
}

void Store::commit() {
  const std::lock_guard guard(impl_->mutex);
  impl_->commit();
}

bool Store::due(double seconds, double share) const {
  const std::lock_guard guard(impl_->mutex);
  if (!impl_->waiting.empty()) return false;  // states that wait would pile up in memory
  return impl_->watch.total() - impl_->last_snapshots >= std::max(seconds, impl_->cost / share);
}

void Store::discard() {
  const std::string path = impl_->database->name();
  impl_.reset();
  for (const char* more : {"", "-wal", "-shm"}) {
    std::error_code error;
    fs::remove(path + more, error);
  }
}

void Store::finish(State state, std::optional<std::int64_t> best) {
  const std::lock_guard guard(impl_->mutex);
  if (!(file_of(impl_->database->name()) == impl_->file))
    fail_run("{}: the study's file was removed or replaced while the search ran, and what it held is lost",
             impl_->database->name());
  impl_->begin(std::chrono::minutes(1));
  Statement row = impl_->statement("UPDATE study SET state = ?, best = ?");
  row << state_name(state) << best;
  row.run();
  impl_->commit();
}

Study Store::contents() const {
  const std::lock_guard guard(impl_->mutex);
  return contents_of(*impl_->database);
}

std::vector<Snapshot> Store::snapshots(Snapshot::Kind kind) const {
  const std::lock_guard guard(impl_->mutex);
  return snapshots_of(*impl_->database, kind);
}

}  // namespace runnel::study
