// P10: what a study costs. A search of 256 candidates on generated songs with --study and without, by turns;
// and how long after SIGKILL a resumed search has trained further than the killed one had kept.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rows.h"
#include "runnel/study.h"

extern char** environ;

namespace runnel::bench {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr std::int64_t kShort = 60, kLong = 400;  // epochs

pid_t start(Words words) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {1, 2})
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = posix_spawn(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("P10: cannot start " + words[0]);
  return child;
}

// The exit code; of one that a signal ended, -1.
int end_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Searches {
 public:
  Searches(std::string program, fs::path folder, std::int64_t epochs)
      : program_(std::move(program)), folder_(std::move(folder)), epochs_(epochs) {}

  Words search() const {
    return {program_,
            "fit",
            "demo:songs",
            "--folds",
            "0",
            "--random",
            "256",
            "--space",
            "rate=1e-4..1e-1",
            "--space",
            "hidden=16,32,16x16",
            "--epochs",
            std::to_string(epochs_),
            "--quiet",
            "-o",
            (folder_ / "model.safetensors").string()};
  }
  std::string study() const { return (folder_ / "p10.study").string(); }
  Words with_study(const Words& more = {}) const {
    Words words = search();
    for (const std::string& word : {std::string("--study"), study()}) words.push_back(word);
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  void forget() const {
    for (const char* end : {"", "-wal", "-shm", "-lock"}) fs::remove(study() + end);
  }

  double seconds_of(const Words& words) const {
    const double begin = now();
    if (end_of(start(words)) != 0) throw std::runtime_error("P10: the program failed");
    return now() - begin;
  }

  // How far the first trajectory has come, as the file says.
  std::int64_t epochs_kept() const {
    if (!study::is_study_file(study())) return 0;
    const auto state = study::read_snapshot(study(), study::Snapshot::Kind::state, 0, 0);
    return state ? state->epochs : 0;
  }

  // Kills a search after `seconds`; begins it again; how long until more is kept than was. None where the
  // killed one had kept nothing yet, or had come to the end of the first trajectory.
  std::optional<double> from_kill_to_work(double seconds) const {
    forget();
    const pid_t killed = start(with_study());
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const double begin = now();
    ::kill(killed, SIGKILL);
    end_of(killed);
    const std::int64_t kept = epochs_kept();
    if (kept == 0 || kept >= epochs_) return std::nullopt;
    const pid_t resumed = start(with_study({"--resume", "--study-every", "0"}));
    while (epochs_kept() <= kept && now() - begin < 60)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const double took = now() - begin;
    ::kill(resumed, SIGKILL);
    end_of(resumed);
    return took;
  }

 private:
  std::string program_;
  fs::path folder_;
  std::int64_t epochs_;
};

void overhead(const Report& report, const std::string& name, const Searches& searches) {
  std::vector<double> without, with;
  for (int i = -1; i < 5; ++i) {
    searches.forget();
    const double plain = searches.seconds_of(searches.search());
    const double kept = searches.seconds_of(searches.with_study());
    if (i < 0) continue;
    without.push_back(plain);
    with.push_back(kept);
  }
  report.time(name, "runnel", timing_of(with));
  report.time(name, "no study", timing_of(without));
}

void resumption(const Report& report, const Searches& searches) {
  searches.forget();
  const double whole = searches.seconds_of(searches.with_study());
  std::vector<double> times;
  for (int i = 0; i < 20 && times.size() < 7; ++i)
    if (const auto took = searches.from_kill_to_work(whole * (0.4 + 0.05 * (i % 7)))) times.push_back(*took);
  if (times.empty()) throw std::runtime_error("P10: no search was killed after it had kept any state");
  report.time("from SIGKILL to resumed work", "runnel", timing_of(times));
}

}  // namespace

void studies(const Report& report) {
  const char* named = std::getenv("RUNNEL_BENCH_PROGRAM");
  if (named == nullptr) throw std::runtime_error("P10: --program names the runnel to start");
  std::string folder = (fs::temp_directory_path() / "runnel_bench_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("P10: no temporary folder");
  // Making and closing the file waits for the disk a few times, which a short search feels.
  overhead(report, "256 candidates of 60 epochs, kept", {named, folder, kShort});
  const Searches searches(named, folder, kLong);
  overhead(report, "256 candidates of 400 epochs, kept", searches);
  resumption(report, searches);
  fs::remove_all(folder);
}

}  // namespace runnel::bench
