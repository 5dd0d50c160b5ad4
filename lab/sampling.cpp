// L13: how many examples an epoch misses, and how far the gradient of a batch is from that of all examples.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/statistics.h"
#include "lab/table.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

const double e_inverse = std::exp(-1.0);

double missed_by_one(double n) { return std::pow(1 - 1 / n, n); }

// ---- how many are missed --------------------------------------------------------------------------------

// The probabilities of 0 … n - 1 missed after n draws with replacement: the number of examples seen so far
// grows with each draw by one with probability 1 - seen / n.
std::vector<double> occupancy(std::int64_t n) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> seen(size + 1, 0);
  seen[0] = 1;
  for (std::size_t draw = 1; draw <= size; ++draw)
    for (std::size_t k = draw + 1; k-- > 0;)
      seen[k] = seen[k] * static_cast<double>(k) / static_cast<double>(size) +
                (k > 0 ? seen[k - 1] * static_cast<double>(size - k + 1) / static_cast<double>(size) : 0);
  std::vector<double> missed(size);
  for (std::size_t m = 0; m < size; ++m) missed[m] = seen[size - m];
  return missed;
}

struct Law {
  std::vector<double> probabilities;  // of 0, 1, … missed
  double mean = 0, deviation = 0;     // of the fraction
  double mode = 0;
};
Law law_of(std::int64_t n) {
  Law law{occupancy(n)};
  const auto size = static_cast<double>(n);
  double square = 0;
  for (std::size_t m = 0; m < law.probabilities.size(); ++m) {
    const double fraction = static_cast<double>(m) / size;
    law.mean += law.probabilities[m] * fraction;
    square += law.probabilities[m] * fraction * fraction;
  }
  law.deviation = std::sqrt(square - law.mean * law.mean);
  const auto top = std::max_element(law.probabilities.begin(), law.probabilities.end());
  law.mode = static_cast<double>(top - law.probabilities.begin());
  return law;
}

// The fraction of n examples that n draws with replacement miss, in every one of `epochs`.
std::vector<double> missed(const Array& key, std::int64_t n, std::int64_t epochs) {
  auto one = [&](const Array& epoch) {
    const Array u = random::uniform(random::fold_in(key, epoch), {n}, 0, 1, DType::f64);
    const Array drawn = convert(floor(u * static_cast<double>(n)), DType::i32);
    const Array counts = scatter_add(zeros({n}), drawn, Array::ones({n}, DType::f64));
    return mean(convert(equal(counts, 0), DType::f64));
  };
  return jit(vmap(one))(arange(epochs)).to_doubles();
}

void check_law(Context& c, std::int64_t n, const Law& law, const std::vector<double>& fractions) {
  const double expected = missed_by_one(static_cast<double>(n)),
               epochs = static_cast<double>(fractions.size());
  const Moments m = moments(fractions);
  const std::string name = fmt::format("n = {}", n);
  c.relative(name + ": (1 - 1/n)^n against the enumerated mean", expected, law.mean, 1e-11);
  c.within(name + ": mean", m.mean, expected, law.deviation / std::sqrt(epochs));
  // 2% is four standard errors of a deviation from 20,000 epochs.
  c.relative(name + ": deviation", m.deviation, law.deviation, 0.02 * std::sqrt(20000 / epochs));
}

// The exact law as a line, what was seen as points, one for each number of examples or for a few of them.
void draw_law(Panel& panel, std::int64_t n, const Law& law, const std::vector<double>& fractions) {
  const double step = 1 / static_cast<double>(n), reach = 5 * law.deviation;
  const double low = std::max(0.0, law.mean - reach), high = std::min(1.0, law.mean + reach);
  std::vector<double> x, y;
  for (std::size_t k = 0; k < law.probabilities.size(); ++k)
    if (const double f = static_cast<double>(k) * step; f >= low && f <= high) {
      x.push_back(f);
      y.push_back(law.probabilities[k] / step);
    }
  panel.line(fmt::format("n = {}, exact", n), x, y).dashed = true;
  const double width = step * std::ceil((high - low) / step / 40),
               first = std::floor(low / step) * step - step / 2;
  const auto bins = static_cast<std::int64_t>(std::ceil((high - first) / width));
  const Histogram h = histogram(fractions, first, first + static_cast<double>(bins) * width, bins);
  panel.points(fmt::format("n = {}", n), h.middles, h.densities);
}

void check_counts(Context& c, std::int64_t n, const Law& law, const std::vector<double>& fractions) {
  c.part(fmt::format("How many of {} are missed", n), {"S3.1"});
  const auto all = static_cast<double>(fractions.size());
  std::vector<double> counts(law.probabilities.size(), 0);
  for (const double f : fractions)
    ++counts[static_cast<std::size_t>(std::lround(f * static_cast<double>(n)))];
  c.at_least("fit of the counts to the exact probabilities (chi-squared test, p)",
             fit_of_counts(counts, law.probabilities), 1e-4);
  for (const double m : {law.mode - 1, law.mode, law.mode + 1}) {
    const double p = law.probabilities[static_cast<std::size_t>(m)];
    c.within(fmt::format("share of epochs that miss {:g}", m), counts[static_cast<std::size_t>(m)] / all, p,
             std::sqrt(p * (1 - p) / all));
  }
  const Law twenty = law_of(20);
  c.exact("the most frequent number of 20, which the document's run showed", twenty.mode, 0.35 * 20);
  c.at_least("deviation of one such run, over the distance of 0.35 from the probability",
             twenty.deviation / std::abs(0.35 - twenty.mean), 1);
}

Panel one_epoch(Context& c) {
  const std::int64_t epochs = c.whole("epochs"), chosen = c.whole("n");
  c.part("The examples that n draws with replacement miss", {"S0.1", "S0.2", "S3.1"});
  Panel panel{"What an epoch misses", {"fraction missed"}, {"probability density"}};
  std::vector<std::int64_t> sizes{5, 20, 100, c.whole("many")};
  if (std::find(sizes.begin(), sizes.end(), chosen) == sizes.end()) sizes.push_back(chosen);
  std::vector<double> seen;
  for (const std::int64_t n : sizes) {
    const std::vector<double> fractions = missed(c.key(static_cast<std::uint32_t>(n)), n, epochs);
    const Law law = law_of(n);
    check_law(c, n, law, fractions);
    draw_law(panel, n, law, fractions);
    if (n == chosen) seen = fractions;
  }
  panel.mark("1/e", e_inverse);
  check_counts(c, chosen, law_of(chosen), seen);
  return panel;
}

void limit(Context& c) {
  c.part("The limit 1/e", {"S0.2", "S3.2", "S3.3"});
  double least_gap = 1, remainder = 0, apart = 1, product = 0;
  for (const double n : {1.0, 2.0, 5.0, 20.0, 100.0, 3200.0}) {
    const double p = missed_by_one(n), series = e_inverse * (1 - 1 / (2 * n) - 5 / (24 * n * n));
    least_gap = std::min(least_gap, e_inverse - p);
    if (n >= 5) remainder = std::max(remainder, std::abs(p - series) * n * n * n);
    if (n == 1) continue;
    const double other = 1 / std::pow(1 + 1 / n, n);
    apart = std::min(apart, other - p);
    product = std::max(product, std::abs(p / other - std::pow(1 - 1 / (n * n), n)));
  }
  c.at_least("least gap below 1/e, of n from 1 to 3200", least_gap, 1e-5);
  c.at_most("|(1 - 1/n)^n - (1 - 1/(2n) - 5/(24n²)) / e| n³", remainder, 0.05);
  c.at_least("least excess of (1 + 1/n)^-n over (1 - 1/n)^n", apart, 1e-5);
  c.at_most("their ratio against (1 - 1/n²)^n", product, 1e-12);
  c.at_most("1/2.718 against the printed 0.3679", std::abs(1 / 2.718 - 0.3679), 5e-5);
  c.at_most("1/e against the printed 0.3679", std::abs(e_inverse - 0.3679), 5e-5);
}

// ---- how far a batch's gradient is off ------------------------------------------------------------------

// The gradients by w of (w x - y)² / 2 for each of n examples.
Array gradients(const Context& c, std::int64_t n) {
  auto loss = [](const Array& w, const Array& x, const Array& y) { return 0.5 * square(w * x - y); };
  return vmap(grad(loss), {shared, 0, 0})(f64(0.4), normals(c.key(31), {n}), normals(c.key(32), {n}));
}

double population_variance(const Array& values) { return variance(values).item(); }

// Every choice of b of the n examples, each example at most once: the variance of the mean.
double without_replacement(const std::vector<double>& g, std::size_t b) {
  std::vector<double> means;
  for (std::uint32_t subset = 0; subset < (1U << g.size()); ++subset) {
    double sum = 0;
    std::size_t members = 0;
    for (std::size_t i = 0; i < g.size(); ++i)
      if ((subset >> i & 1U) != 0) {
        sum += g[i];
        ++members;
      }
    if (members == b) means.push_back(sum / static_cast<double>(b));
  }
  return population_variance(vec(means));
}

// Every sequence of b draws.
double with_replacement(const std::vector<double>& g, std::size_t b) {
  std::vector<double> sums{0};
  for (std::size_t draw = 0; draw < b; ++draw) {
    std::vector<double> next;
    for (const double sum : sums)
      for (const double value : g) next.push_back(sum + value);
    sums = next;
  }
  return population_variance(vec(sums) / static_cast<double>(b));
}

void batches(Context& c) {
  const std::int64_t n = c.whole("examples");
  const auto size = static_cast<double>(n);
  const Array all = gradients(c, n);
  const std::vector<double> g = all.to_doubles();
  const double sigma2 = population_variance(all);
  Panel panel{"The variance of a batch's gradient", {"b / n"}, {"over sigma²/b"}};

  c.part(fmt::format("Every batch of {} examples, without replacement", n), {"S0.3", "S0.4", "S3.4"});
  std::vector<double> shares, ratios, variances{0};
  for (std::int64_t b = 1; b <= n; ++b) {
    const auto batch = static_cast<double>(b);
    const double v = without_replacement(g, static_cast<std::size_t>(b)),
                 factor = (size - batch) / (size - 1);
    variances.push_back(v);
    shares.push_back(batch / size);
    ratios.push_back(v / (sigma2 / batch));
    c.absolute(fmt::format("b = {}: the variance over sigma²/b, against (n - b) / (n - 1)", b), ratios.back(),
               factor, 1e-13 * std::max(factor, 1.0));
  }
  const double doubled = variances[4] / variances[2];
  c.relative("from b = 2 to b = 4 it falls by (n - 4) / (2 (n - 2))", doubled, (size - 4) / (2 * (size - 2)),
             1e-12);
  c.at_most("which is less than 1/2", doubled, 0.5 - 1e-6);

  c.part("Every batch with replacement", {"S0.3", "S0.4"});
  std::vector<double> with_shares, with_ratios;
  for (const std::int64_t b : {1, 2, 4}) {
    const auto batch = static_cast<double>(b);
    with_shares.push_back(batch / size);
    with_ratios.push_back(with_replacement(g, static_cast<std::size_t>(b)) / (sigma2 / batch));
    c.relative(fmt::format("b = {}: the variance over sigma²/b", b), with_ratios.back(), 1, 1e-12);
  }
  panel.points("without replacement", shares, ratios);
  panel.points("with replacement", with_shares, with_ratios);
  panel.line("(n - b) / (n - 1)", {0, 1}, {size / (size - 1), 0}).dashed = true;
  panel.line("1", {0, 1}, {1, 1}).dashed = true;
  c.panel(panel);
}

// ---- one order or many ----------------------------------------------------------------------------------

// The means of the batches of b that an order of n examples is cut into.
Array batch_means(const Array& values, const Array& order, std::int64_t b) {
  const std::int64_t steps = values.dim(0) / b;
  const Array rows = slice(order, 0, 0, steps * b);
  return mean(reshape(gather(values, rows), {steps, b}), 1);
}

void orders(Context& c) {
  const std::int64_t n = c.whole("n"), b = std::max<std::int64_t>(2, n / 5), epochs = c.whole("epochs");
  c.part("Each example once in an epoch: shuffled once, or again every time", {"S3.9"});
  const Array g = gradients(c, n);
  const Array once = random::permutation(c.key(41), n);
  const Array key = c.key(42);
  auto epoch = [&](const Array& number) {
    const Array order = random::permutation(random::fold_in(key, number), n);
    const Array counts = scatter_add(zeros({n}), order, Array::ones({n}, DType::f64));
    return std::tuple(batch_means(g, order, b), batch_means(g, once, b),
                      sum(convert(equal(counts, 0), DType::f64)));
  };
  const auto [shuffled, cyclic, never] = jit(vmap(epoch))(arange(epochs));
  c.exact("examples that a shuffled epoch misses, of all epochs together", sum(never).item(), 0);
  c.exact("examples that the one order misses", sum(abs(sort(once).first - arange(n))).item(), 0);
  const std::vector<double> first = slice(shuffled, 1, 0, 1).to_doubles();
  const Moments m = moments(first);
  const auto size = static_cast<double>(n), batch = static_cast<double>(b);
  const double expected = variance(g).item() / batch * (size - batch) / (size - 1);
  std::vector<double> squares;
  for (const double v : first) squares.push_back((v - mean(g).item()) * (v - mean(g).item()));
  const Moments of_squares = moments(squares);
  c.within("shuffled again: variance of the first batch's gradient from epoch to epoch", of_squares.mean,
           expected, of_squares.error);
  c.within("and its mean, against the gradient of all examples", m.mean, mean(g).item(), m.error);
  c.exact("shuffled once: the widest range of a batch's gradient over all epochs",
          max(max(cyclic, 0) - min(cyclic, 0)).item(), 0);

  // Sorted rows: their first 80% are another population than the rest.
  const std::int64_t all = 5 * n, kept = 4 * n;
  const Array sorted = arange(all, DType::f64);
  const double off = mean(slice(sorted, 0, 0, kept)).item() - mean(sorted).item();
  c.relative("the first 80% of 5 n sorted rows: their mean less that of all rows, over n / 2",
             off / (size / 2), -1, 1e-12);
  auto split = [&](const Array& number) {
    const Array order = random::permutation(random::fold_in(key, number + 1000000), all);
    return mean(gather(sorted, slice(order, 0, 0, kept)));
  };
  const Moments drawn = moments(jit(vmap(split))(arange(500)).to_doubles());
  c.within("80% drawn at random: how far their mean is off", drawn.mean - mean(sorted).item(), 0,
           drawn.error);
}

void generator(Context& c) {
  c.part("The generator's published words for key 0 and counter 0", {});
  const Array words = random::bits(Array::zeros({2}, DType::u32), {4});
  const std::uint32_t published[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (std::int64_t i = 0; i < 4; ++i)
    c.exact(fmt::format("word {} of Philox4x32-10", i), words.at({i}), published[i]);
}

void run(Context& c) {
  const Panel panel = one_epoch(c);
  limit(c);
  c.panel(panel);
  batches(c);
  orders(c);
  generator(c);
  c.caption(
      "Draws with replacement miss about 1/e of the examples, the more surely the more there are. Without "
      "replacement a batch's gradient is less noisy than sigma²/b, and a batch of all has no noise.");
}

}  // namespace

Experiment sampling() {
  Experiment e{"sampling", "L13", "What an epoch misses, and how noisy a batch is"};
  e.claim =
      "n draws with replacement miss a fraction with mean (1 - 1/n)^n, close to 1/e; a batch's gradient "
      "has variance sigma²/b with replacement and (n - b)/(n - 1) of that without; shuffled epochs miss "
      "nobody.";
  e.source = "documents 0 and 3, question 1 (stochastic gradient descent: sampling and batches)";
  e.protocol =
      "20,000 epochs as lanes for n of 5, 20, 100 and 3,200, against the exact occupancy probabilities; "
      "every subset and every sequence of draws of 8 per-example gradients; one order for all epochs "
      "against a new one for each.";
  e.pass =
      "mean fraction within 4 standard errors, deviation within 2% (as four standard errors grow with "
      "fewer epochs), chi-squared p above 1e-4 for n = 20; enumerations equal the formula to 1e-13 (1e-12 "
      "with replacement); the generator gives its published words.";
  e.claims = {
      {"S0.1", Verdict::right,
       "An example is missed by all n draws with probability (1 - 1/n)^n (a minus is lost in print).",
       "So it is, for each example and so for the mean fraction of examples."},
      {"S0.2", Verdict::right,
       "For many examples that tends to 1/e = 0.3679 (n and x are mixed up in print).",
       "It does, from below for every n: 0.3585 for 20 examples, 0.36782 for 3,200."},
      {"S0.3", Verdict::wrong, "Sampled without replacement, a batch's gradient has variance sigma²/b.",
       "That is the variance with replacement; without, it is smaller by the factor (n - b)/(n - 1), which "
       "is 0 "
       "for a batch of all examples."},
      {"S0.4", Verdict::incomplete, "A batch k times as large has 1/k of the variance.",
       "True with replacement; without, it is (n - k b)/(k (n - b)), which is less: 1/3 for n = 8 from 2 "
       "to 4."},
      {"S3.1", Verdict::incomplete, "A simulated epoch of 20 draws gives the probability 0.35.",
       "That is the fraction of one run, which is 0.36 give or take 0.07; it is the most frequent one, and "
       "the probability is its mean over many runs, 0.3585."},
      {"S3.2", Verdict::incomplete, "lim (1 - 1/n)^n = lim ((1 + 1/n)^n)^-1.",
       "The limits are equal but the terms are not (0.358 and 0.377 for n = 20): their ratio is (1 - "
       "1/n²)^n, which needs to be shown to tend to 1."},
      {"S3.3", Verdict::right, "1/2.718 = 0.3679.", "To four digits, as is 1/e."},
      {"S3.4", Verdict::wrong, "The variance of a batch's gradient is sigma²/b.",
       "With replacement; the question is about sampling without, where it is smaller by the factor (n - "
       "b)/(n - 1)."},
      {"S3.9", Verdict::incomplete, "The first 3,200 rows train, and one shuffle serves all epochs.",
       "Then every epoch repeats the same batches, so that what is off in a batch is off in every epoch; and "
       "if rows are "
       "sorted the training rows are another population than the rest: shuffle before the split and before "
       "each epoch."},
  };
  e.parameters = {{"epochs", "simulated epochs", 20000, 2000, 500, 200000},
                  {"n", "examples of the chi-squared test and of the orders", 20, 20, 10, 200},
                  {"many", "most examples of an epoch", 3200, 3200, 101, 5000},
                  {"examples", "whose every batch is enumerated", 8, 8, 5, 12}};
  e.also = {{{"n", 33}, {"many", 400}, {"examples", 9}, {"epochs", 3000}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
