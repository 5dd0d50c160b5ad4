// L11: Hyperband inside a run of many lanes: who is retired, what it costs, and what survivors come to.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/context.h"
#include "lab/images.h"
#include "lab/table.h"
#include "runnel/models.h"

namespace runnel::lab {
namespace {

constexpr std::int64_t most = 81, eta = 3;

// Lanes that enter the rungs of Hyperband's brackets for 81 epochs and a third at each (Li, Jamieson,
// DeSalvo, Rostamizadeh and Talwalkar, "Hyperband", JMLR 18, 2018, table 1), the last being the end.
using Entered = std::vector<std::int64_t>;
const std::vector<Entered> published{{81, 27, 9, 3, 1}, {34, 11, 3, 1}, {15, 5, 1}, {8, 2}, {5}};

// Epochs of lanes when survivors go on from where they stand, and when each rung trains from scratch.
struct Cost {
  std::int64_t resumed = 0, restarted = 0;
};
Cost cost_of(const Entered& entered) {
  Cost cost;
  std::int64_t before = 0, budget = most;
  for (std::size_t i = 1; i < entered.size(); ++i) budget /= eta;
  for (const std::int64_t lanes : entered) {
    cost.resumed += lanes * (budget - before);
    cost.restarted += lanes * budget;
    before = budget;
    budget *= eta;
  }
  return cost;
}

models::Problem problem_of(const Context& c) {
  const std::int64_t n = 80 * c.whole("rows"), side = c.whole("side");
  const Images all = stand_in_images(c.key(1), n + n / 4, side);
  models::Fold fold;
  fold.x = slice(all.x, 0, 0, n);
  fold.y = slice(all.y, 0, 0, n);
  fold.x_validation = slice(all.x, 0, n, n + n / 4);
  fold.y_validation = slice(all.y, 0, n, n + n / 4);
  return {{fold}, models::Loss::half_squared, models::Metric::rmse};
}

// The grid of L03 but for its numbers of epochs, then draws from the box around it, up to Hyperband's number.
std::vector<params::Configuration> candidates_of(const Context& c, std::int64_t rows) {
  const double more = 2304 / (c.number("side") * c.number("side"));
  std::vector<params::Value> batches, rates;
  for (const std::int64_t steps : {20, 16, 8, 5}) batches.emplace_back(rows / steps);
  for (const double rate : {3e-8, 3e-6, 3e-5, 3e-3}) rates.emplace_back(rate * more);
  params::Space grid(models::network_schema());
  grid.set("hidden", "none").set("optimizer", "sgd").set("bias", 0.1).set("epochs", most);
  grid.vary("batch", batches);
  params::Space box = grid;
  grid.vary("rate", rates).vary("l2", {1e-7, 1e-5, 1e-3, 1e-1});
  box.range("rate", 3e-8 * more, 3e-3 * more).range("l2", 1e-7, 1e-1);
  std::vector<params::Configuration> all = grid.grid();
  const std::int64_t wanted = search::hyperband_size({search::Scheduler::hyperband, eta, 1}, most);
  const std::int64_t drawn = wanted - std::ssize(all);
  for (params::Configuration& h : search::random(drawn)->ask(box, c.seed(), 0, drawn, {}))
    all.push_back(std::move(h));
  return all;
}

bool same_outcome(const search::Candidate& a, const search::Candidate& b) {
  if (a.states.empty() || b.states.empty() || a.curve != b.curve) return false;
  return std::equal(a.states[0].begin(), a.states[0].end(), b.states[0].begin(), b.states[0].end(),
                    [](const Array& x, const Array& y) { return same_bits(x, y); });
}

void brackets(Context& c, const models::Result& r) {
  c.part("Brackets, rungs and what they cost", {"S0.15", "S2.14"});
  std::map<std::int64_t, Entered> entered;
  for (const search::Rung& rung : r.rungs) {
    Entered& of = entered[rung.bracket];
    if (of.empty()) of.push_back(rung.entered);
    of.push_back(rung.kept);
  }
  std::int64_t resumed = 0, restarted = 0;
  Table table{"Hyperband's brackets", {"lanes", "epochs of lanes, resumed", "restarted"}};
  const std::vector<std::pair<std::int64_t, std::int64_t>> costs{
      {297, 405}, {276, 363}, {279, 351}, {324, 378}, {405, 405}};
  for (std::size_t b = 0; b < published.size(); ++b) {
    const Cost cost = cost_of(published[b]);
    c.exact(fmt::format("bracket {}: epochs of lanes, resumed", b), static_cast<double>(cost.resumed),
            static_cast<double>(costs[b].first));
    c.exact(fmt::format("bracket {}: epochs of lanes, each rung from scratch", b),
            static_cast<double>(cost.restarted), static_cast<double>(costs[b].second));
    // The last bracket has no rung.
    if (published[b].size() > 1)
      c.holds(fmt::format("bracket {}: as many lanes at every rung as published", b),
              entered[static_cast<std::int64_t>(b)] == published[b]);
    resumed += cost.resumed;
    restarted += cost.restarted;
    table.rows.push_back({fmt::format("{}", fmt::join(published[b], ", ")), std::to_string(cost.resumed),
                          std::to_string(cost.restarted)});
  }
  std::int64_t candidates = 0;
  for (const Entered& of : published) candidates += of[0];
  c.exact("candidates", static_cast<double>(r.candidates.size()), static_cast<double>(candidates));
  c.exact("epochs of lanes that were trained", static_cast<double>(r.epochs), static_cast<double>(resumed));
  c.exact("all brackets, resumed", static_cast<double>(resumed), 1581);
  c.exact("all brackets, each rung from scratch", static_cast<double>(restarted), 1902);
  c.table(std::move(table));
}

void survivors(Context& c, const models::Problem& problem, const std::vector<params::Configuration>& all,
               const models::Result& thinned, const models::Result& whole, const search::Options& options) {
  c.part("Survivors come to what they come to alone, and among all", {"S0.15"});
  std::int64_t done = 0, equal_among_all = 0, equal_alone = 0, prefixes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const search::Candidate &one = thinned.candidates[i], &other = whole.candidates[i];
    prefixes += static_cast<std::int64_t>(one.curve.size()) == one.epochs &&
                std::equal(one.curve.begin(), one.curve.end(), other.curve.begin());
    if (one.status != search::Status::done) continue;
    ++done;
    equal_among_all += same_outcome(one, other);
    if (done > c.whole("alone")) continue;
    equal_alone += same_outcome(one, models::run(problem, {all[i]}, options).candidates[0]);
  }
  std::int64_t last = 0;
  for (const Entered& of : published) last += of.back();
  c.exact("survivors", static_cast<double>(done), static_cast<double>(last));
  c.exact("of them, equal to the last bit in a run that retires nobody", static_cast<double>(equal_among_all),
          static_cast<double>(done));
  const std::int64_t alone = std::min(done, c.whole("alone"));
  c.exact(fmt::format("of the first {}, equal to the last bit when trained alone", alone),
          static_cast<double>(equal_alone), static_cast<double>(alone));
  c.exact("candidates whose curve is the beginning of the one they have when nobody is retired",
          static_cast<double>(prefixes), static_cast<double>(all.size()));
}

void what_it_saves(Context& c, const models::Result& thinned, const models::Result& whole) {
  c.part("Lanes taken out, against lanes that only are no longer looked at", {"S0.15", "S2.14"});
  c.exact("epochs of lanes when retired lanes train on, masked", static_cast<double>(whole.epochs),
          static_cast<double>(std::ssize(whole.candidates) * most));
  c.at_least("these over those of the thinned run",
             static_cast<double>(whole.epochs) / static_cast<double>(thinned.epochs), 7);

  c.part("Whether the best survives", {"S2.14"});
  const auto at = [](const models::Result& r) { return static_cast<std::size_t>(r.best.value()); };
  const search::Candidate &best = whole.candidates[at(whole)], &found = thinned.candidates[at(thinned)];
  const bool survived = thinned.candidates[at(whole)].status == search::Status::done;
  c.note(survived ? "The best of all, trained to the end, survived its bracket."
                  : fmt::format("The best of all, trained to the end, was retired after {} epochs.",
                                thinned.candidates[at(whole)].epochs));
  c.report("loss of the chosen one over that of the best of all, less 1",
           models::loss_of(found) / models::loss_of(best) - 1);
  if (survived)
    c.exact("the best of all survived and is the one that is chosen", static_cast<double>(found.number),
            static_cast<double>(best.number));
  double least = INFINITY;
  for (std::size_t i = 0; i < thinned.candidates.size(); ++i)
    if (thinned.candidates[i].status == search::Status::done)
      least = std::min(least, models::loss_of(whole.candidates[i]));
  c.exact("loss of the chosen one: the least of all survivors", models::loss_of(found), least);
}

// Candidates in the order of their epochs, as rows; what they had come to after each epoch.
Panel bars(const models::Result& thinned) {
  Panel panel{"Lanes over time, cut where they are retired", {"epochs"}, {"lane"}};
  HeatMap map{"half the mean squared error on validation rows", Scale::log};
  std::vector<const search::Candidate*> order;
  for (const search::Candidate& o : thinned.candidates) order.push_back(&o);
  std::stable_sort(order.begin(), order.end(), [](const search::Candidate* a, const search::Candidate* b) {
    return a->epochs > b->epochs;
  });
  map.x = evenly(1, most, most);
  for (std::size_t i = 0; i < order.size(); ++i) {
    map.y.push_back(static_cast<double>(i));
    std::vector<double> values(most, NAN);
    for (std::size_t e = 0; e < order[i]->curve.size(); ++e)
      values[e] = order[i]->curve[e] * order[i]->curve[e] / 2;
    map.values.push_back(std::move(values));
  }
  panel.map = std::move(map);
  return panel;
}

Panel lanes_left(const models::Result& thinned) {
  Panel panel{"Lanes in training", {"epochs"}, {"lanes"}};
  const std::vector<double> epochs = evenly(1, most, most);
  std::vector<double> left(most, 0);
  for (const search::Candidate& o : thinned.candidates)
    for (std::int64_t e = 0; e < o.epochs; ++e) left[static_cast<std::size_t>(e)] += 1;
  panel.line("taken out at rungs", epochs, left);
  panel.line("masked", epochs, std::vector<double>(most, static_cast<double>(thinned.candidates.size())))
      .dashed = true;
  return panel;
}

void run(Context& c) {
  const models::Problem problem = problem_of(c);
  const std::vector<params::Configuration> all = candidates_of(c, problem.folds[0].x.dim(0));
  search::Options options;
  options.seed = c.seed();
  options.states = std::ssize(all);
  const models::Result whole = models::run(problem, all, options);
  options.scheduling = {search::Scheduler::hyperband, eta, 1};
  const models::Result thinned = models::run(problem, all, options);
  brackets(c, thinned);
  options.scheduling = {};
  survivors(c, problem, all, thinned, whole, options);
  what_it_saves(c, thinned, whole);
  c.panel(bars(thinned));
  c.panel(lanes_left(thinned));
  c.caption(
      "Most lanes are retired after a few epochs; ten are trained to the end, and they come to the same "
      "bits "
      "as if nobody had been retired.");
}

}  // namespace

Experiment halving() {
  Experiment e{"halving", "L11", "Hyperband inside a run of many lanes"};
  e.claim =
      "Halving can take lanes out of a run: survivors come to the same bits as alone, and the work is that "
      "of "
      "budgets that are resumed, not restarted.";
  e.source = "documents 0 and 3 (the search that they ask for); document 2, problem 4 (i), early stopping";
  e.protocol =
      "The made images of grid-256, its grid without numbers of epochs and draws from the box around it, 143 "
      "candidates of up to 81 epochs in all five brackets of Hyperband, a third of the lanes going on at "
      "each "
      "rung. The same candidates with nobody retired, and survivors alone.";
  e.pass =
      "lanes per rung (81, 27, 9, 3, 1), (34, 11, 3, 1), (15, 5, 1), (8, 2), (5); 1581 epochs of lanes, "
      "where "
      "restarting takes 1902; survivors have the bits of the run that retires nobody, and of solo runs.";
  e.claims = {
      {"S0.15", Verdict::asked, "Choose among at least 256 configurations on validation rows.",
       "Not all need be trained to the end: Hyperband retires most after a few epochs, and those that are "
       "left "
       "come to exactly what they would have come to."},
      {"S2.14", Verdict::asked, "Name ways to improve the trade-off of bias and variance.",
       "Early stopping is one of them, and it is cheap: candidates that are stopped at rungs took 1581 "
       "epochs "
       "of training here instead of 11,583."},
  };
  e.parameters = {{"rows", "training rows, in eighties", 20, 2, 1, 100},
                  {"side", "pixels along an image", 24, 6, 4, 48},
                  {"alone", "survivors that are also trained alone", 10, 3, 1, 10}};
  e.also = {{{"rows", 3}, {"side", 8}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
