// P11: a search over ranks. As many ranks of one thread each as there are threads in the row: the search, by
// the program's own clock, and the whole command from its start to its end.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "rows.h"

namespace runnel::bench {
namespace {

namespace fs = std::filesystem;

// What a command writes; throws where it fails.
std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("P11: no shell");
  std::string out;
  char piece[4096];
  for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) out.append(piece, n);
  const int status = ::pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error("P11: this failed (is openmpi-bin installed?): " + command);
  return out;
}

std::string quoted(const std::string& word) { return "'" + word + "'"; }

}  // namespace

void ranks(const Report& report) {
  const char* named = std::getenv("RUNNEL_BENCH_PROGRAM");
  if (named == nullptr) throw std::runtime_error("P11: --program names the runnel to start");
  const std::string threads = std::getenv("RUNNEL_THREADS");  // of the row: as many ranks
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  const fs::path model = fs::temp_directory_path() / ("runnel_p11_" + threads + ".safetensors");
  const std::string command = "mpirun --bind-to none -x RUNNEL_THREADS=1 -n " + threads + " " +
                              quoted(named) +
                              " fit demo:songs --folds 0 --random 512 --space rate=1e-4..1e-1 --space "
                              "hidden=16,32,16x16 --epochs 400 --json --timings -o " +
                              quoted(model.string()) + " 2>/dev/null";
  std::vector<double> searching, whole;
  for (int i = -1; i < 5; ++i) {
    const double begin = now();
    const auto told = nlohmann::json::parse(output_of(command));
    if (i < 0) continue;
    whole.push_back(now() - begin);
    searching.push_back(told.at("timings").at("searching").get<double>());
  }
  fs::remove(model);
  report.time("512 candidates over ranks", "runnel", timing_of(searching));
  report.time("512 candidates over ranks, start to end", "runnel", timing_of(whole));
}

}  // namespace runnel::bench
