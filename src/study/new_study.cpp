#include "study/new_study.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/fail.h"
#include "study/schema.h"

namespace runnel::study {
namespace {

namespace fs = std::filesystem;

// A file beside the destination, removed again unless it was given its name.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : path_(path) {
    fs::path folder = fs::path(path).parent_path();
    if (folder.empty()) folder = ".";
    name_ = (folder / ".runnel-study-XXXXXX").string();
    const int descriptor = ::mkostemp(name_.data(), O_CLOEXEC);
    if (descriptor < 0) fail_writing();
    // As any other program's files, not readable by the owner alone.
    const ::mode_t mask = ::umask(0);
    ::umask(mask);
    [[maybe_unused]] const int ignored = ::fchmod(descriptor, 0666u & ~mask);
    ::close(descriptor);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  const std::string& name() const { return name_; }

  void take_its_name() {
    if (::rename(name_.c_str(), path_.c_str()) != 0) fail_writing();
    name_.clear();
  }

 private:
  [[noreturn]] void fail_writing() const {
    fail_run("{}: cannot be written: {}; choose another place", path_, std::strerror(errno));
  }

  std::string path_, name_;
};

void write_description(const Database& database, const Description& d) {
  const std::string seed = std::to_string(d.seed);
  Statement row(
      database,
      "INSERT INTO study (id, state, source, command, configuration, seed, metric, loss, folds, version) "
      "VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row << state_name(State::running) << d.source << d.command << d.configuration << seed << d.metric << d.loss
      << d.folds << d.version;
  row.run();
  Statement print(database, "INSERT INTO fingerprints VALUES (?, ?, ?)");
  for (const auto& [what, fingerprint] :
       {std::pair("data", &d.data), std::pair("split", &d.split), std::pair("space", &d.space)}) {
    print << what << fingerprint->digest << fingerprint->parts;
    print.run();
  }
  for (const auto& [what, fingerprint] : d.more) {
    print << what << fingerprint.digest << fingerprint.parts;
    print.run();
  }
}

void sync(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

void write_candidates(const Database& database, const std::vector<std::string>& candidates) {
  Statement row(database,
                "INSERT INTO candidates VALUES ((SELECT COUNT(*) FROM candidates), ?, ?, NULL, NULL, 0)");
  for (const std::string& hyper : candidates) {
    row << hyper << status_name(Status::waiting);
    row.run();
  }
}

void make_file(const std::string& path, const Description& description,
               const std::vector<std::string>& candidates) {
  NewFile file(path);
  {
    const Database database(file.name(), path, Database::Access::write);
    database.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN");
    create_tables(database);
    write_description(database, description);
    write_candidates(database, candidates);
    database.execute("COMMIT; PRAGMA journal_mode = WAL");
  }
  sync(file.name());
  file.take_its_name();
}

}  // namespace runnel::study
