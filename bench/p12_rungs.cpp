// P12: what rungs save. Hyperband's five brackets (eta 3, up to 81 epochs), resumed at every rung in fewer
// lanes, beside the same candidates all trained to the end, which is what lanes cost that are masked and not
// taken out; and a random search of 1,024 candidates with halving and without.
#include <stdexcept>

#include "rows.h"
#include "runnel/random.h"
#include "songs_table.h"

namespace runnel::bench {
namespace {

std::vector<params::Configuration> drawn(std::int64_t n, std::int64_t epochs) {
  params::Space space(models::network_schema());
  space.set("batch", 256).set("epochs", epochs).vary("hidden=14,10x5").vary("rate=1e-4..1e-1");
  return search::random(n)->ask(space, 5, 0, n, {});
}

struct Search {
  Timing time;
  double best = 0, epochs = 0;
};

Search search(const models::Problem& rows, const std::vector<params::Configuration>& candidates,
              const search::Options& options) {
  models::Result result;
  Search s;
  s.time = measure([&] { result = models::run(rows, candidates, options); }, {.runs = 3, .warmup = 0});
  if (!result.best) throw std::runtime_error("P12: no candidate has come to a finite loss");
  s.best = models::metric_of(result.candidates[static_cast<std::size_t>(*result.best)]);
  s.epochs = static_cast<double>(result.epochs);
  return s;
}

void compare(const Report& report, const std::string& name, const models::Problem& rows,
             const std::vector<params::Configuration>& candidates, const search::Scheduling& scheduling) {
  search::Options options;
  options.threads = report.threads();
  const Search all = search(rows, candidates, options);
  options.scheduling = scheduling;
  const Search some = search(rows, candidates, options);
  report.time(name, "runnel", some.time, {{"best_logloss", some.best}, {"lane_epochs", some.epochs}});
  report.time(name, "without rungs", all.time, {{"best_logloss", all.best}, {"lane_epochs", all.epochs}});
}

}  // namespace

void rungs(const Report& report) {
  const models::Problem rows = songs_problem();
  const search::Scheduling hyperband{.scheduler = search::Scheduler::hyperband, .eta = 3};
  compare(report, "Hyperband, up to 81 epochs", rows, drawn(search::hyperband_size(hyperband, 81), 81),
          hyperband);
  compare(report, "1,024 candidates, halving to 27 epochs", rows, drawn(1024, 27),
          {.scheduler = search::Scheduler::halving, .eta = 3});
}

}  // namespace runnel::bench
