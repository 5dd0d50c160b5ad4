#include "compile/statistics.h"

#include <algorithm>
#include <mutex>

#include "core/stopwatch.h"
#include "runnel/compiled.h"

namespace runnel {
namespace {

struct Counted {
  std::mutex mutex;
  CompileStatistics statistics;
};

Counted& counted() {
  static Counted all;
  return all;
}

}  // namespace

std::shared_ptr<const Program> compile_counted(const GraphPtr& graph) {
  const Stopwatch watch;
  std::shared_ptr<const Program> program = compile(graph);
  const double seconds = watch.total();
  Counted& all = counted();
  const std::lock_guard lock(all.mutex);
  ++all.statistics.programs;
  all.statistics.seconds += seconds;
  all.statistics.longest = std::max(all.statistics.longest, seconds);
  return program;
}

CompileStatistics compile_statistics() {
  Counted& all = counted();
  const std::lock_guard lock(all.mutex);
  return all.statistics;
}

}  // namespace runnel
