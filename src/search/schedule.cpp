#include "search/schedule.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/fail.h"
#include "core/philox.h"
#include "core/text.h"

namespace runnel::search {
namespace {

// No candidate makes more epochs; products of two such numbers stay within 64 bits.
constexpr std::int64_t kMost = 1'000'000'000;

void check(const Scheduling& s) {
  if (s.eta < 2) fail("eta is {}: a rung keeps one of eta, so it is at least 2", s.eta);
  if (s.min_epochs < 1) fail("min_epochs is {}: nobody can be judged before the first epoch", s.min_epochs);
  if (s.eta > kMost) fail("eta is {}: no rung keeps one of more than {}", s.eta, grouped(kMost));
  if (s.min_epochs > kMost)
    fail("min_epochs is {}: no candidate makes more than {} epochs", s.min_epochs, grouped(kMost));
}

// Epochs of the rungs of a bracket that begins with most / eta^halvings, its end among them.
std::vector<std::int64_t> rung_epochs(std::int64_t most, std::int64_t eta, int halvings) {
  std::vector<std::int64_t> epochs{most};
  for (int i = 0; i < halvings; ++i) {
    std::int64_t divisor = eta;
    for (int k = 0; k < i; ++k) divisor *= eta;
    epochs.push_back(std::max<std::int64_t>(1, most / divisor));
  }
  std::reverse(epochs.begin(), epochs.end());
  return epochs;
}

// The most times that the epochs can be divided by eta down to no fewer than min_epochs.
int most_halvings(const Scheduling& s, std::int64_t most) {
  int halvings = 0;
  for (std::int64_t left = most / s.eta; left >= s.min_epochs; left /= s.eta) ++halvings;
  return halvings;
}

// All rungs but the end: floor(n / eta^(i + 1)) go on after the i-th, one at the least.
std::vector<RungPlan> rungs_of(const std::vector<std::int64_t>& epochs, std::size_t members,
                               std::int64_t eta) {
  std::vector<RungPlan> rungs;
  std::size_t left = members;
  for (std::size_t i = 0; i + 1 < epochs.size(); ++i) {
    left = std::max<std::size_t>(1, left / static_cast<std::size_t>(eta));
    rungs.push_back({epochs[i], left});
  }
  return rungs;
}

// A permutation, a function of the seed: sorted by random words.
std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::uint64_t> keys(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto words =
        Philox::block({static_cast<std::uint32_t>(i), 0, 0, domain::kBrackets},
                      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    keys[i] = (std::uint64_t{words[0]} << 32) | words[1];
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  return order;
}

std::vector<Bracket> hyperband(const Scheduling& s, std::size_t n, std::int64_t most, std::uint64_t seed) {
  const std::vector<HyperbandBracket> own = hyperband_brackets(s, most);
  std::size_t total = 0;
  for (const HyperbandBracket& b : own) total += b.members;
  const std::vector<std::size_t> order = shuffled(n, seed);
  std::vector<Bracket> brackets;
  std::size_t begin = 0;
  std::size_t share = 0;
  for (const HyperbandBracket& b : own) {
    share += b.members;
    const std::size_t end = (2 * n * share + total) / (2 * total);  // n share / total, to the nearest
    Bracket bracket;
    bracket.members.assign(order.begin() + static_cast<std::ptrdiff_t>(begin),
                           order.begin() + static_cast<std::ptrdiff_t>(end));
    std::sort(bracket.members.begin(), bracket.members.end());
    bracket.rungs = rungs_of(b.epochs, bracket.members.size(), s.eta);
    if (!bracket.members.empty()) brackets.push_back(std::move(bracket));
    begin = end;
  }
  return brackets;
}

double mean_of_first(const std::vector<double>& curve, std::int64_t epochs) {
  const std::size_t n = std::min(curve.size(), static_cast<std::size_t>(epochs));
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += curve[i];
  return n == 0 ? std::nan("") : sum / static_cast<double>(n);
}

}  // namespace

std::string_view scheduler_name(Scheduler scheduler) {
  switch (scheduler) {
    case Scheduler::full:
      return "full";
    case Scheduler::halving:
      return "halving";
    case Scheduler::hyperband:
      return "hyperband";
    case Scheduler::median:
      return "median";
  }
  return "?";
}

Scheduler scheduler_from_name(std::string_view name) {
  std::vector<std::string> names;
  for (Scheduler s : {Scheduler::full, Scheduler::halving, Scheduler::hyperband, Scheduler::median}) {
    if (scheduler_name(s) == name) return s;
    names.emplace_back(scheduler_name(s));
  }
  fail("there is no scheduler \"{}\"{}", name, suggestion(name, names));
}

std::vector<HyperbandBracket> hyperband_brackets(const Scheduling& s, std::int64_t most) {
  check(s);
  const int widest = most_halvings(s, most);
  std::vector<HyperbandBracket> brackets;
  for (int halvings = widest; halvings >= 0; --halvings) {
    // n = ceil((s_max + 1) / (s + 1) eta^s)
    std::int64_t members = widest + 1;
    for (int k = 0; k < halvings; ++k) members *= s.eta;
    members = (members + halvings) / (halvings + 1);
    brackets.push_back({static_cast<std::size_t>(members), rung_epochs(most, s.eta, halvings)});
  }
  return brackets;
}

std::int64_t hyperband_size(const Scheduling& scheduling, std::int64_t most_epochs) {
  std::size_t total = 0;
  for (const HyperbandBracket& b : hyperband_brackets(scheduling, most_epochs)) total += b.members;
  return static_cast<std::int64_t>(total);
}

std::vector<Bracket> make_brackets(const Scheduling& s, std::size_t n, std::int64_t most,
                                   std::uint64_t seed) {
  check(s);
  if (s.scheduler == Scheduler::hyperband) return hyperband(s, n, most, seed);
  Bracket all;
  all.members.resize(n);
  std::iota(all.members.begin(), all.members.end(), 0);
  if (s.scheduler == Scheduler::halving)
    all.rungs = rungs_of(rung_epochs(most, s.eta, most_halvings(s, most)), n, s.eta);
  if (s.scheduler == Scheduler::median)
    for (std::int64_t epochs = s.min_epochs; epochs < most; epochs += s.min_epochs)
      all.rungs.push_back({epochs, n});
  return {all};
}

bool stands_before(const Standing& a, const Standing& b, bool higher_is_better) {
  if (a.finite != b.finite) return a.finite;
  if (a.finite && a.metric != b.metric) return higher_is_better == (a.metric > b.metric);
  if (a.finite && a.loss != b.loss) return a.loss < b.loss;
  return a.candidate < b.candidate;
}

std::vector<std::size_t> best_of(std::vector<Standing> standings, std::size_t keep, bool higher_is_better) {
  std::sort(standings.begin(), standings.end(),
            [&](const Standing& a, const Standing& b) { return stands_before(a, b, higher_is_better); });
  std::vector<std::size_t> best;
  for (const Standing& s : standings)
    if (best.size() < keep && s.finite) best.push_back(s.trajectory);
  return best;
}

std::optional<double> median_of_averages(const std::vector<std::vector<double>>& curves,
                                         std::int64_t epochs) {
  std::vector<double> averages;
  for (const std::vector<double>& curve : curves)
    if (const double mean = mean_of_first(curve, epochs); std::isfinite(mean)) averages.push_back(mean);
  if (averages.empty()) return std::nullopt;
  std::sort(averages.begin(), averages.end());
  return (averages[(averages.size() - 1) / 2] + averages[averages.size() / 2]) / 2;
}

double best_so_far(const std::vector<double>& curve, std::int64_t epochs, bool higher_is_better) {
  const auto end = curve.begin() + std::min<std::ptrdiff_t>(std::ssize(curve), epochs);
  return higher_is_better ? *std::max_element(curve.begin(), end) : *std::min_element(curve.begin(), end);
}

}  // namespace runnel::search
