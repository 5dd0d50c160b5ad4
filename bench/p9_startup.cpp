// P9: `runnel fit demo:moons` from the start of the process to its first line, to its first result (the
// search's best candidates), to the score on test rows (which waits for the linear baseline) and to its end;
// and the size of the program without symbols.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "rows.h"

extern char** environ;

namespace runnel::bench {
namespace {

struct Run {
  double to_output, to_result, to_score, to_end;
};

// Reads what the program prints as it comes.
Run run_of(const std::string& program, const std::vector<std::string>& more) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("P9: no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  std::vector<std::string> words = {program, "fit", "demo:moons"};
  words.insert(words.end(), more.begin(), more.end());
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const double begin = now();
  if (posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0)
    throw std::runtime_error("P9: cannot start " + program);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  Run run{0, 0, 0, 0};
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = read(ends[0], piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (run.to_output == 0) run.to_output = now() - begin;
    if (run.to_result == 0 && text.find("\nsearch") != std::string::npos) run.to_result = now() - begin;
    if (run.to_score == 0 && text.find("\ntest") != std::string::npos) run.to_score = now() - begin;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  run.to_end = now() - begin;
  if (status != 0 || run.to_score == 0) throw std::runtime_error("P9: the program failed");
  return run;
}

void runs(const Report& report, const std::string& what, const std::string& program,
          const std::vector<std::string>& more) {
  std::vector<double> first, result, score, end;
  run_of(program, more);
  for (int i = 0; i < 9; ++i) {
    const Run run = run_of(program, more);
    first.push_back(run.to_output);
    result.push_back(run.to_result);
    score.push_back(run.to_score);
    end.push_back(run.to_end);
  }
  report.time(what + ", first output", "runnel", timing_of(first));
  report.time(what + ", first result", "runnel", timing_of(result));
  report.time(what + ", test score", "runnel", timing_of(score));
  report.time(what + ", end", "runnel", timing_of(end));
}

double stripped_megabytes(const std::string& program, const std::filesystem::path& folder) {
  const std::filesystem::path copy = folder / "stripped";
  const std::string command = "strip -o '" + copy.string() + "' '" + program + "'";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("P9: strip failed");
  return static_cast<double>(std::filesystem::file_size(copy)) / 1e6;
}

}  // namespace

void startup(const Report& report) {
  const char* named = std::getenv("RUNNEL_BENCH_PROGRAM");
  if (named == nullptr) throw std::runtime_error("P9: --program names the runnel to start");
  std::string folder = (std::filesystem::temp_directory_path() / "runnel_bench_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("P9: no temporary folder");
  const std::string model = folder + "/model.safetensors";
  runs(report, "the default search", named, {"--model", model});
  runs(report, "one candidate", named,
       {"--model", model, "--hidden", "none", "--epochs", "1", "--folds", "0", "--grid", "rate=0.01"});
  report.figure("stripped program", "runnel", stripped_megabytes(named, folder), "MB");
  std::filesystem::remove_all(folder);
}

}  // namespace runnel::bench
