// L22: when trainings that are repeated agree to the last bit, and what it takes for them to part.
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <map>

#include "core/threads.h"
#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/table.h"
#include "runnel/models.h"
#include "runnel/train.h"
#include "runnel/transforms.h"
#include "search/archive.h"

namespace runnel::lab {
namespace {

constexpr std::int64_t batch = 32, columns = 6;

struct Rows {
  Array x, y;
};

Rows made_rows(const Array& key, std::int64_t n) {
  const Array x = normals(random::fold_in(key, 1), {n, columns});
  const Array wave = sin(2 * sum(slice(x, 1, 0, 2), 1)) + squeeze(slice(x, 1, 2, 3), 1);
  return {x, wave + 0.1 * normals(random::fold_in(key, 2), {n})};
}

// What one training depends on beside its rows: keys of initial weights and masks, and the rate.
struct Candidate {
  Array weights, masks, rate;
};

train::Recipe small_network() {
  train::Recipe recipe;
  recipe.sizes = {columns, 16, 16, 1};
  recipe.dropout = true;
  recipe.dtype = DType::f64;
  return recipe;
}

train::Rates rates_of(const Candidate& c) {
  train::Rates rates;
  rates.rate = c.rate;
  for (Array* r : {&rates.l2, &rates.bias}) *r = f64(0);
  rates.dropout = f64(0.3);
  rates.momentum = f64(0.9);
  rates.beta2 = f64(0.999);
  rates.clip = rates.scale = f64(1);
  rates.key = c.masks;
  rates.more = {{"eps_root", f64(1e-12)}};  // Adam's root has no derivative at 0, where a unit is dead
  return rates;
}

train::State start_of(const Candidate& c) {
  train::Rates rates = rates_of(c);
  rates.key = c.weights;
  return train::start(small_network(), rates);
}

train::State train_on(const train::State& from, const Candidate& c, const Rows& data, const Array& rows) {
  return train::steps(small_network(), from, rates_of(c), data.x, data.y, rows).first;
}

using Leaves = std::vector<Array>;

bool same(const Leaves& a, const Leaves& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return false;
  return a.size() == b.size();
}

double distance(const Leaves& a, const Leaves& b) {
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out = std::max(out, max(abs(a[i] - b[i])).item());
  return out;
}

Leaves lane(const Leaves& all, std::int64_t i) {
  Leaves out;
  for (const Array& leaf : all) out.push_back(row(leaf, i));
  return out;
}

// Through the bytes, as a file would keep it.
Leaves copied(const Leaves& leaves) {
  Leaves out;
  for (const Array& leaf : leaves)
    out.push_back(leaf.dtype() == DType::f64 ? Array::from(leaf.to_vector<double>(), leaf.shape())
                                             : Array::from(leaf.to_vector<std::int32_t>(), leaf.shape()));
  return out;
}

class Threads {  // for as long as it lives
 public:
  explicit Threads(int n) : before_(most_work_threads()) { set_threads(n); }
  ~Threads() { set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

// Everything a part of the protocol needs.
struct Setting {
  Rows data;
  Array rows;            // (steps, batch)
  Candidate candidates;  // as lanes
  std::int64_t lanes;
  Candidate at(std::int64_t i) const {
    return {row(candidates.weights, i), row(candidates.masks, i), row(candidates.rate, i)};
  }
};

// (steps, batch) numbers of rows: epochs, each in its own order.
Array orders(const Array& key, std::int64_t n, std::int64_t steps) {
  const std::int64_t per_epoch = n / batch, epochs = (steps + per_epoch - 1) / per_epoch;
  std::vector<Array> parts;
  for (std::int64_t e = 0; e < epochs; ++e)
    parts.push_back(
        slice(random::permutation(random::fold_in(key, static_cast<double>(e)), n), 0, 0, per_epoch * batch));
  return slice(reshape(concatenate(parts), {epochs * per_epoch, batch}), 0, 0, steps);
}

Setting setting(const Context& c) {
  Setting s;
  const std::int64_t n = c.whole("n");
  s.lanes = c.whole("lanes");
  s.data = made_rows(c.key(1), n);
  s.rows = orders(c.key(2), n, c.whole("steps"));
  auto keys = [&](std::uint32_t stream) {
    const Array base = c.key(stream);
    return vmap([&](const Array& i) { return random::fold_in(base, i); })(arange(s.lanes));
  };
  s.candidates = {keys(3), keys(4), vec(by_ratio(1e-3, 1e-2, s.lanes))};
  return s;
}

Leaves trained(const Candidate& candidate, const Rows& data, const Array& rows) {
  auto all = [&](const Candidate& c) { return train_on(start_of(c), c, data, rows); };
  return tree::flatten(jit(all)(candidate));
}

// Runs by name, to be compared with one another.
struct Run {
  std::string name;
  Leaves end;
};

std::vector<Run> repetitions(Context& c, const Setting& s) {
  c.part("The same training, however it is carried out: the same bits", {"S2.15", "S2.19"});
  auto train_all = [&](const Candidate& one) { return train_on(start_of(one), one, s.data, s.rows); };
  const std::int64_t last = s.lanes - 1;
  std::vector<Run> runs;
  const Leaves abreast = tree::flatten(jit(vmap(train_all))(s.candidates));
  for (const std::int64_t i : {std::int64_t{0}, std::int64_t{17}, last}) {
    const Leaves alone = trained(s.at(i), s.data, s.rows);
    const std::string name = fmt::format("lane {} of {}", i, s.lanes);
    c.holds(name + " ends as it does alone", same(lane(abreast, i), alone));
    if (i != 17) continue;
    runs.push_back({"alone", alone});
    runs.push_back({"as " + name, lane(abreast, i)});
  }
  const Candidate one = s.at(17);
  const Leaves alone = runs[0].end;
  auto expect = [&](const std::string& name, const Leaves& end) {
    c.holds(name, same(end, alone));
    runs.push_back({name, end});
  };
  expect("not compiled", tree::flatten(train_all(one)));
  for (const int threads : {1, 2, 4}) {
    const Threads now(threads);
    const Leaves again = tree::flatten(jit(vmap(train_all))(s.candidates));
    expect(fmt::format("abreast on {} thread{}", threads, threads == 1 ? "" : "s"), lane(again, 17));
  }
  const std::int64_t half = s.rows.dim(0) / 2;
  const train::State first = jit(
      [&](const Candidate& k) { return train_on(start_of(k), k, s.data, slice(s.rows, 0, 0, half)); })(one);
  const train::State kept = tree::unflatten(first, copied(tree::flatten(first)));
  expect("stopped half way, kept as bytes, resumed", tree::flatten(jit([&](const train::State& at) {
           return train_on(at, one, s.data, slice(s.rows, 0, half, s.rows.dim(0)));
         })(kept)));
  return runs;
}

// The validation loss after some steps as a function of the rate: its derivative goes back through the steps,
// whose inner values are kept or computed again.
void hypergradient(Context& c, const Setting& s) {
  c.part("A derivative through the training, with steps kept or computed again: the same bits", {"S2.15"});
  const std::int64_t steps = std::min<std::int64_t>(24, s.rows.dim(0)), piece = steps / 4;
  auto loss_after = [&](bool again, const Array& rate) -> Array {
    Candidate one = s.at(17);
    one.rate = rate;
    train::State at = start_of(one);
    for (std::int64_t k = 0; k < 4; ++k) {
      const Array rows = slice(s.rows, 0, k * piece, (k + 1) * piece);
      auto some = [&](const train::State& from, const Array& r) {
        return train_on(from, {one.weights, one.masks, r}, s.data, rows);
      };
      at = again ? checkpoint(some)(at, rate) : some(at, rate);
    }
    return train::loss(small_network(), at.model, rates_of(one), s.data.x, s.data.y);
  };
  auto both = [&](bool again) {
    return jit(value_and_grad([&](const Array& r) -> Array { return loss_after(again, r); }))(f64(3e-3));
  };
  const auto [value, slope] = both(false);
  const auto [value_again, slope_again] = both(true);
  c.holds("the loss", same_bits(value, value_again));
  c.holds("its derivative by the rate", same_bits(slope, slope_again));
  const auto [value_only, tangent] =
      jvp([&](const Array& r) -> Array { return loss_after(false, r); }, f64(3e-3), f64(1));
  c.holds("the loss beside its tangent, not compiled", same_bits(value_only, value));
  c.relative("the derivative, against forward mode", slope.item(), tangent.item(), 1e-10);
}

// A search as any user runs one: its outcome for a candidate, whatever else is in it.
// A study in memory: what lanes come to after the third epoch, when the search is stopped.
class Kept : public search::Archive {
 public:
  search::Earlier begin(const search::Beginning&) override { return {}; }
  std::vector<search::LaneState> begin_generation(const search::Generation&) override { return lanes; }
  bool wants_states() override {
    if (++asked_ == 3) stop = true;
    return asked_ == 3;
  }
  void keep(const search::LaneState& lane, bool, bool) override {
    if (asked_ <= 3) lanes.push_back(lane);
  }
  void end_generation(std::span<const search::Candidate>) override {}
  void finish(const search::Result&) override { stop = false; }

  std::vector<search::LaneState> lanes;
  std::atomic<bool> stop = false;

 private:
  int asked_ = 0;
};

void searches(Context& c, const Setting& s) {
  c.part("A search, with other candidates beside, on any threads, and killed and resumed: the same bits",
         {"S2.15", "S2.19"});
  const std::int64_t n = s.data.x.dim(0), cut = n / 4 * 3;
  models::Fold fold;
  fold.x = slice(s.data.x, 0, 0, cut);
  fold.y = slice(s.data.y, 0, 0, cut);
  fold.x_validation = slice(s.data.x, 0, cut, n);
  fold.y_validation = slice(s.data.y, 0, cut, n);
  const models::Problem problem{{fold}, models::Loss::squared, models::Metric::r2};
  std::vector<params::Configuration> all;
  for (std::int64_t i = 0; i < s.lanes; ++i) {
    all.push_back(models::network({{"hidden", "16x16"},
                                   {"batch", batch},
                                   {"epochs", 6},
                                   {"dropout", 0.3},
                                   {"rate", s.candidates.rate.at({i})},
                                   {"seed", static_cast<std::int64_t>(c.seed()) + i}}));
  }
  search::Options options;
  options.seed = c.seed();
  options.states = s.lanes;
  auto end = [&](const models::Result& r, std::size_t i) {
    const search::Candidate& o = r.candidates.at(i);
    Leaves out = o.states.empty() ? Leaves{} : o.states[0];
    out.push_back(vec(o.curve));
    return out;
  };
  const std::vector<std::size_t> some{0, 17, static_cast<std::size_t>(s.lanes - 1)};
  std::map<std::size_t, Leaves> solo;
  for (const std::size_t i : some) solo[i] = end(models::run(problem, {all[i]}, options), 0);
  auto expect = [&](const std::string& name, const models::Result& r) {
    bool equal = true;
    for (const std::size_t i : some) equal = equal && same(end(r, i), solo[i]);
    c.holds(name, equal);
  };
  for (const int threads : {1, 2, 4}) {
    options.threads = threads;
    expect(fmt::format("abreast on {} thread{}", threads, threads == 1 ? "" : "s"),
           models::run(problem, all, options));
  }
  // A stop after some epochs leaves lanes on the way; a second search begins with what was kept of them.
  const auto kept = std::make_shared<Kept>();
  search::Options first = options;
  first.threads = 1;
  first.stop = &kept->stop;
  first.study = kept;
  const models::Result stopped = models::run(problem, all, first);
  c.holds("the stopped search ended early, with lanes kept", stopped.interrupted && !kept->lanes.empty());
  options.study = kept;
  expect("stopped on the way and resumed on 4 threads", models::run(problem, all, options));
}

// ---- what parts trainings --------------------------------------------------------------------------------

// The next number away from zero, of the first element, or of every so many from there.
Array one_ulp_more(const Array& a, std::int64_t every = 0) {
  std::vector<double> values = a.to_doubles();
  const std::size_t stride = every > 0 ? static_cast<std::size_t>(every) : values.size();
  for (std::size_t i = 0; i < values.size(); i += stride)
    values[i] = std::nextafter(values[i], std::copysign(INFINITY, values[i]));
  return Array::from(values, a.shape());
}

// The mean loss's gradient as a sum over as many parts as there might be threads: the same number, added in
// another order.
Leaves added_in_parts(const Setting& s, std::int64_t parts) {
  const std::int64_t n = s.data.x.dim(0) / parts * parts;
  auto part_gradient = [&](const nn::Mlp& mlp, std::int64_t begin, std::int64_t end) {
    auto loss = [&](const nn::Mlp& m) -> Array {
      const Array out = squeeze(nn::forward(m, slice(s.data.x, 0, begin, end), nn::Activation::relu), 1);
      return sum(square(out - slice(s.data.y, 0, begin, end))) / static_cast<double>(n);
    };
    return grad(loss)(mlp);
  };
  auto gradient = [&](const nn::Mlp& mlp) {
    nn::Mlp all = part_gradient(mlp, 0, n / parts);
    for (std::int64_t p = 1; p < parts; ++p)
      all = optim::apply(all, part_gradient(mlp, p * (n / parts), (p + 1) * (n / parts)));
    return all;
  };
  const nn::Mlp from =
      nn::init_mlp(row(s.candidates.weights, 17), {columns, 16, 16, 1}, nn::Activation::relu, 0, DType::f64);
  const optim::Optimizer rule = optim::sgd({{"learning_rate", f64(0.05)}});
  auto end = [&](const nn::Mlp& m) {
    return optim::descend(rule, gradient, optim::start(rule, m), 50).params;
  };
  return tree::flatten(jit(end)(from));
}

std::vector<Run> changes(Context& c, const Setting& s, const Leaves& alone) {
  c.part("One ingredient changed: another result", {"S2.15"});
  const Candidate one = s.at(17), other = s.at(18);
  const Array within = reverse(s.rows, {1});
  std::vector<Run> runs{
      {"other initial weights", trained({other.weights, one.masks, one.rate}, s.data, s.rows)},
      {"other dropout masks", trained({one.weights, other.masks, one.rate}, s.data, s.rows)},
      {"other batches", trained(one, s.data, orders(c.key(5), s.data.x.dim(0), s.rows.dim(0)))},
      {"batches backwards, row by row", trained(one, s.data, within)},
      {"a rate one ulp larger", trained({one.weights, one.masks, one_ulp_more(one.rate)}, s.data, s.rows)},
      {"one column of the data an ulp larger",
       trained(one, {one_ulp_more(s.data.x, columns), s.data.y}, s.rows)}};
  for (const Run& run : runs) {
    c.at_least(run.name + ": largest difference", distance(run.end, alone),
               std::numeric_limits<double>::denorm_min());
  }
  c.note(
      "A batch read backwards has the same rows, the same masks and mathematically the same gradient; only "
      "the "
      "order of its sum is another.");

  c.part("A sum in as many parts as there are threads: another result for every number of them", {"S2.15"});
  const Leaves whole = added_in_parts(s, 1);
  c.holds("in one part, twice", same(whole, added_in_parts(s, 1)));
  for (const std::int64_t parts : {2, 4})
    c.at_least(fmt::format("in {} parts: largest difference", parts),
               distance(whole, added_in_parts(s, parts)), std::numeric_limits<double>::denorm_min());
  c.note(
      "Which is why a program whose sums follow its threads, or the order in which these end, cannot repeat "
      "itself.");
  return runs;
}

// Two trainings whose starts differ in the last bit of one weight, step by step.
Panel growth(Context& c, const Setting& s) {
  c.part("What becomes of a difference of one ulp", {"S2.15"});
  const Candidate one = s.at(17);
  const train::Rates rates = rates_of(one);
  const train::State from = start_of(one);
  Leaves moved = tree::flatten(from);
  moved[0] = one_ulp_more(moved[0]);
  const double first = distance(tree::flatten(from), moved);
  auto both = [&](const std::pair<train::State, train::State>& at, const Array& rows) {
    auto next = [&](const train::State& state) {
      return train::step(small_network(), state, rates, s.data.x, s.data.y, rows).first;
    };
    const std::pair<train::State, train::State> after(next(at.first), next(at.second));
    const Leaves a = tree::flatten(after.first.model), b = tree::flatten(after.second.model);
    Array apart = f64(0);
    for (std::size_t i = 0; i < a.size(); ++i) apart = maximum(apart, max(abs(a[i] - b[i])));
    return std::pair(after, apart);
  };
  auto run = [&](const std::pair<train::State, train::State>& at) { return scan(both, at, s.rows).second; };
  std::vector<double> apart = jit(run)(std::pair(from, tree::unflatten(from, moved))).to_doubles();
  c.at_most("largest difference of weights before the first step", first, 1e-15);
  c.at_least("after the last step", apart.back(), std::numeric_limits<double>::denorm_min());
  c.report("after the last step, over that before the first", apart.back() / first);
  Panel panel{"A difference of one ulp", {"steps"}, {"largest difference of weights", Scale::log}};
  panel.line("", evenly(1, static_cast<double>(apart.size()), static_cast<std::int64_t>(apart.size())),
             apart);
  return panel;
}

Panel pairs(const std::vector<Run>& runs) {
  Panel panel{"Pairs of runs", {"run"}, {"run"}};
  HeatMap map{"log10 of the largest difference; -20: no bit differs"};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    panel.x.names.push_back(runs[i].name);
    map.x.push_back(static_cast<double>(i));
    std::vector<double> values;
    for (const Run& other : runs)
      values.push_back(
          same(runs[i].end, other.end) ? -20 : std::log10(std::max(distance(runs[i].end, other.end), 1e-19)));
    map.values.push_back(values);
  }
  panel.y.names = panel.x.names;
  map.y = map.x;
  panel.map = map;
  return panel;
}

void run(Context& c) {
  const Setting s = setting(c);
  std::vector<Run> runs = repetitions(c, s);
  hypergradient(c, s);
  searches(c, s);
  for (Run& changed : changes(c, s, runs[0].end)) runs.push_back(std::move(changed));
  c.panel(pairs(runs));
  c.panel(growth(c, s));
  c.caption(
      "A training repeated in another lane, on other threads or after a stop has the same bits; one "
      "ingredient "
      "changed, even by one ulp, and it has others. How far they drift apart the training decides: in the "
      "right picture the difference stays about as small as it began.");
}

}  // namespace

Experiment same_bits_experiment() {
  Experiment e{"same-bits", "L22", "The same again, or different?"};
  e.claim =
      "Trainings with the same initial weights, order of rows, masks and order of sums have the same bits, "
      "on "
      "any number of threads, in any lane of any number of lanes; changing any one of these changes the "
      "result.";
  e.source = "document 2, problem 4 (ii): when do repeated trainings agree?";
  e.protocol =
      "A network 6-16-16-1 with dropout and Adam, trained alone, not compiled, as lanes of one run, on 1, 2 "
      "and 4 "
      "threads, stopped and resumed, inside a derivative, and inside searches. Then one ingredient is "
      "changed "
      "at a time, sums are added in as many parts as threads, and one weight is moved by an ulp.";
  e.pass = "every repetition has the same bits; every change changes at least one.";
  e.claims = {
      {"S2.15", Verdict::asked, "When do repeated trainings agree exactly, and when do they differ?",
       "They agree to the last bit if initial weights, order of rows, dropout masks and the order of every "
       "sum "
       "are the same; change any of these, even the last bit of one number, and the results part."},
      {"S2.19", Verdict::asked, "Implement dropout, in training and in evaluation.",
       "With masks that are a function of candidate, step, layer, example and unit, a dropout network trains "
       "to "
       "the same bits alone and beside 255 others."},
  };
  e.parameters = {{"n", "rows", 512, 128, 64, 4096},
                  {"steps", "steps of a training", 400, 40, 24, 4000},
                  {"lanes", "trainings abreast", 256, 256, 19, 1024}};
  e.also = {{{"n", 96}, {"steps", 30}, {"lanes", 40}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
