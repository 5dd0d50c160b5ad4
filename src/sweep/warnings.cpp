#include "sweep/warnings.h"

#include <algorithm>
#include <set>

#include "core/fail.h"

namespace runnel::sweep {

std::vector<std::string> batch_warnings(const std::vector<Hyper>& candidates, std::int64_t rows) {
  std::vector<std::string> out;
  constexpr std::int64_t tenth = 10;
  bool cut = false;
  std::int64_t most = 0, of = 0;  // rows left out, and the batch that does it
  for (const Hyper& hyper : candidates) {
    if (hyper.batch > rows && !cut)
      out.push_back(fmt::format("a batch of {} is more than the {} training rows: all of them make one step",
                                hyper.batch, rows));
    cut = cut || hyper.batch > rows;
    if (const std::int64_t left = hyper.batch < rows ? rows % hyper.batch : 0; left > most) {
      most = left;
      of = hyper.batch;
    }
  }
  if (most * tenth > rows)
    out.push_back(
        fmt::format("a batch of {} leaves {} of the {} training rows out of every epoch (others each time): "
                    "a batch that divides them, or a smaller one, leaves fewer",
                    of, most, rows));
  return out;
}

std::vector<std::string> repeat_warnings(const std::vector<Hyper>& candidates) {
  std::set<std::vector<std::string>> different;
  for (const Hyper& hyper : candidates) {
    std::vector<std::string> texts;
    for (const HyperField& field : hyper_fields()) texts.push_back(field.get(hyper));
    different.insert(std::move(texts));
  }
  if (different.size() == candidates.size()) return {};
  return {fmt::format("{} of the {} candidates repeat others, and a repeat costs no training: {} differ",
                      candidates.size() - different.size(), candidates.size(), different.size())};
}

std::vector<std::string> scheduler_warnings(const Scheduling& scheduling,
                                            const std::vector<Bracket>& brackets,
                                            const std::vector<Hyper>& candidates) {
  if (scheduling.scheduler == Scheduler::full || candidates.size() < 2) return {};
  for (const Bracket& bracket : brackets)
    if (!bracket.rungs.empty()) return {};
  std::int64_t most = 0;
  for (const Hyper& hyper : candidates) most = std::max(most, hyper.epochs);
  const bool median = scheduling.scheduler == Scheduler::median;
  return {
      fmt::format("the scheduler {} stops nobody early: it takes {} epochs ({}), and no candidate makes "
                  "more than {}",
                  scheduler_name(scheduling.scheduler),
                  median ? scheduling.min_epochs + 1 : scheduling.eta * scheduling.min_epochs,
                  median ? "more than --min-epochs" : "--eta times --min-epochs", most)};
}

}  // namespace runnel::sweep
