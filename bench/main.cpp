// runnel_bench [--threads N] [--data FOLDER] [--program RUNNEL] ROW...: measures rows and writes JSON Lines.
#include <cblas.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "rows.h"
#include "runnel/error.h"

namespace runnel::bench {
namespace {

struct Row {
  const char* name;
  void (*run)(const Report&);
};
constexpr Row kRows[] = {{"machine", machine}, {"openblas", openblas}, {"P1", grid},     {"P2-P3", abreast},
                         {"P4-P5", alone},     {"P6", point},          {"P7", products}, {"P8", songs},
                         {"P9", startup},      {"P10", studies},       {"P11", ranks},   {"P12", rungs},
                         {"P13", predictions}};

[[noreturn]] void usage() {
  std::cerr << "usage: runnel_bench [--threads N] [--data FOLDER] [--program RUNNEL] ROW...\nrows:";
  for (const Row& row : kRows) std::cerr << " " << row.name;
  std::cerr << "\n";
  std::exit(2);
}

void run(const std::string& name, int threads) {
  for (const Row& row : kRows)
    if (name == row.name) return row.run(Report(row.run == openblas ? "machine" : row.name, threads));
  usage();
}

int main_of(int argc, char** argv) {
  int threads = 1;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--threads" && has_value)
      threads = std::atoi(argv[++i]);
    else if (word == "--data" && has_value)
      setenv("RUNNEL_BENCH_DATA", argv[++i], 1);
    else if (word == "--program" && has_value)
      setenv("RUNNEL_BENCH_PROGRAM", argv[++i], 1);
    else
      names.push_back(word);
  }
  if (names.empty() || threads < 1) usage();
  // Before anything asks: the library reads its number of threads once.
  setenv("RUNNEL_THREADS", std::to_string(threads).c_str(), 1);
  openblas_set_num_threads(threads);
  for (const std::string& name : names) run(name, threads);
  return 0;
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) {
  try {
    return runnel::bench::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "runnel_bench: error: " << error.what() << "\n";
    return 1;
  }
}
