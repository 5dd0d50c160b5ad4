// Splits and folds as functions of (rows, labels, groups, times, fractions, seed) alone.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/fail.h"
#include "core/text.h"
#include "data/borders.h"
#include "data/random.h"
#include "runnel/data.h"

namespace runnel {
namespace data {

std::vector<std::size_t> permutation(std::size_t n, const Draws& draws) {
  std::vector<std::pair<std::uint64_t, std::size_t>> keyed(n);
  for (std::size_t i = 0; i < n; ++i) keyed[i] = {draws.bits(i), i};
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = keyed[i].second;
  return order;
}

namespace {

using Rows = std::vector<std::size_t>;

void check(const SplitKeys& keys) {
  const auto fits = [&](const auto& v) { return v.empty() || v.size() == keys.rows; };
  if (!fits(keys.labels) || !fits(keys.groups) || !fits(keys.times)) {
    fail("[split] labels, groups or times are not as many as the {}", counted(keys.rows, "row"));
  }
  if (!keys.groups.empty() && !keys.times.empty()) {
    fail(
        "[split] --group and --time-column cannot be combined: a group's rows may lie on both sides of a "
        "date");
  }
}

void check_fractions(double validation, double test) {
  if (!(validation >= 0) || !(test >= 0) || !(validation + test < 1)) {
    fail("[split] validation {} and test {} must not be negative and must leave rows to train on", validation,
         test);
  }
}

// The rows in random order.
Rows shuffled(const SplitKeys& keys, std::uint64_t seed, Stream stream) {
  return permutation(keys.rows, Draws(seed, stream));
}

// The rows in time; ties in the order of the table, which decides nothing: no border lies between them.
Rows in_time(const SplitKeys& keys) {
  Rows order(keys.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return keys.times[a] < keys.times[b]; });
  return order;
}

// The places in an order of rows where another time begins.
Rows new_times(const SplitKeys& keys, const Rows& order) {
  std::vector<double> times;
  for (const std::size_t row : order) times.push_back(keys.times[row]);
  return changes(times);
}

// Members of each label (or group), every list in the given order of the rows, the lists in order of label.
std::vector<Rows> members(const Rows& order, const std::vector<std::size_t>& labels) {
  std::vector<Rows> out(labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end()) + 1);
  for (const std::size_t row : order) out[labels[row]].push_back(row);
  return out;
}

// Groups in random order: that of their first rows in a random order of the rows. A group's place does not
// depend on how groups are numbered.
std::vector<Rows> groups_in_order(const Rows& order, const std::vector<std::size_t>& groups) {
  std::vector<Rows> all = members(order, groups), out;
  for (const std::size_t row : order) {
    Rows& group = all[groups[row]];
    if (!group.empty()) out.push_back(std::move(group));
    group.clear();
  }
  return out;
}

std::size_t share(double fraction, std::size_t n) {
  return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(n)));
}

struct Sizes {
  std::size_t test, validation;
};

Sizes sizes(const SplitOptions& options, std::size_t n) {
  const std::size_t test = share(options.test, n);
  return {test, std::min(share(options.validation, n), n - test)};
}

void sort_all(Split& split) {
  for (Rows* rows : {&split.train, &split.validation, &split.test}) std::sort(rows->begin(), rows->end());
}

void check_parts(const Split& split, const SplitOptions& options, std::size_t n) {
  if (split.train.empty() || (options.validation > 0 && split.validation.empty()) ||
      (options.test > 0 && split.test.empty())) {
    fail("[split] {} are too few rows for the fractions: {} to train, {} to validate, {} to test", n,
         split.train.size(), split.validation.size(), split.test.size());
  }
}

// Rows that stay together in so many units, a group or a time each, do not make a unit for every part.
[[noreturn]] void fail_few_units(std::size_t n, const std::string& unit, const std::string& column,
                                 const SplitOptions& options) {
  std::string parts = "training";
  if (options.validation > 0) parts += options.test > 0 ? ", validation" : " and validation";
  if (options.test > 0) parts += " and test";
  const std::size_t needed = 1 + (options.validation > 0) + (options.test > 0);
  const std::string name = unit == "time" ? "--time-column" : "--" + unit;
  const std::string flag = column.empty() ? name : fmt::format("{} {}", name, column);
  const bool for_two = options.test > 0 && n + 1 == needed && n > 1;
  fail("[split] the rows are of {} ({}), and {} rows need {}: rows of one {} stay together; {}leave {} out",
       counted(n, unit == "time" ? "different time" : unit), flag, parts, needed, unit,
       for_two ? "give the test rows by --test FILE, or " : "", name);
}

// Cuts an order: test, then validation, then training rows.
Split cut(const Rows& order, const Sizes& size) {
  Split split;
  const auto test_end = order.begin() + static_cast<std::ptrdiff_t>(size.test);
  const auto validation_end = test_end + static_cast<std::ptrdiff_t>(size.validation);
  split.test.assign(order.begin(), test_end);
  split.validation.assign(test_end, validation_end);
  split.train.assign(validation_end, order.end());
  return split;
}

// From the last row backwards; a border within one time is moved to the nearest beginning of another.
Split cut_in_time(const SplitKeys& keys, const SplitOptions& options) {
  Rows order = in_time(keys);
  std::reverse(order.begin(), order.end());
  const Rows allowed = new_times(keys, order);
  const Sizes size = sizes(options, order.size());
  Rows wanted;
  if (options.test > 0) wanted.push_back(size.test);
  if (options.validation > 0) wanted.push_back(size.test + size.validation);
  if (allowed.size() < wanted.size()) fail_few_units(allowed.size() + 1, "time", options.time, options);
  const Rows borders = nearest_borders(wanted, allowed);
  const std::size_t test = options.test > 0 ? borders.front() : 0;
  Split split = cut(order, {test, borders.empty() ? 0 : borders.back() - test});
  split.how = "in time: the last rows test, those before them validate";
  if (borders != wanted) split.how += "; borders were moved so that rows of one time stay together";
  return split;
}

// Whole numbers between low and high that come close to `wanted` and add up to `total` where the bounds allow
// it: the method of largest remainders.
std::vector<std::size_t> apportioned(const std::vector<double>& wanted, const std::vector<std::size_t>& low,
                                     const std::vector<std::size_t>& high, std::size_t total) {
  std::vector<std::size_t> out = low, order(low.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return wanted[a] - static_cast<double>(low[a]) > wanted[b] - static_cast<double>(low[b]);
  });
  std::size_t sum = std::accumulate(low.begin(), low.end(), std::size_t{0});
  for (const std::size_t c : order) {
    if (sum < total && out[c] < high[c]) {
      ++out[c];
      ++sum;
    }
  }
  return out;
}

// Every class is within one row of its proportion in each part. First the rows held out of training are
// apportioned to the classes, then the test rows among them.
Split cut_stratified(const Rows& order, const std::vector<std::size_t>& labels, const SplitOptions& options) {
  const std::vector<Rows> classes = members(order, labels);
  const Sizes size = sizes(options, order.size());
  const std::size_t n = classes.size();
  std::vector<double> held_wanted(n), test_wanted(n);
  std::vector<std::size_t> low(n), high(n);
  // A fraction of a count that is meant to be whole must not be pushed above it by rounding: 0.2 * 15.
  const auto down = [](double x) { return static_cast<std::size_t>(std::floor(x + 1e-9)); };
  const auto up = [](double x) { return static_cast<std::size_t>(std::ceil(x - 1e-9)); };
  for (std::size_t c = 0; c < n; ++c) {
    const auto count = static_cast<double>(classes[c].size());
    test_wanted[c] = options.test * count;
    held_wanted[c] = (options.test + options.validation) * count;
    low[c] = down(held_wanted[c]);
    high[c] = up(held_wanted[c]);
  }
  const auto held = apportioned(held_wanted, low, high, size.test + size.validation);
  for (std::size_t c = 0; c < n; ++c) {
    const double validation = held_wanted[c] - test_wanted[c];
    low[c] = std::max(down(test_wanted[c]), held[c] - std::min(held[c], up(validation)));
    high[c] = std::min(up(test_wanted[c]), held[c] - std::min(held[c], down(validation)));
  }
  const auto test = apportioned(test_wanted, low, high, size.test);

  Split split;
  for (std::size_t c = 0; c < n; ++c) {
    const auto begin = classes[c].begin();
    const auto test_end = begin + static_cast<std::ptrdiff_t>(test[c]);
    const auto held_end = begin + static_cast<std::ptrdiff_t>(held[c]);
    split.test.insert(split.test.end(), begin, test_end);
    split.validation.insert(split.validation.end(), test_end, held_end);
    split.train.insert(split.train.end(), held_end, classes[c].end());
  }
  return split;
}

// The parts of a split, as groups fill them.
struct Parts {
  Rows* rows[3];
  double wanted[3];  // rows; 0 for a part that gets none

  // A group goes to the part that is relatively emptiest, of those that can hold at least half of it; a group
  // too large for all goes where most rows are lacking. Only to an empty part where `only_empty` says so.
  void add(const Rows& group, bool only_empty) {
    const auto size = static_cast<double>(group.size());
    std::size_t best = 0;
    double most = -1e300;
    for (std::size_t p = 0; p < 3; ++p) {
      if (wanted[p] == 0 || (only_empty && !rows[p]->empty())) continue;
      const double lack = wanted[p] - static_cast<double>(rows[p]->size());
      const double score = lack >= size / 2 ? 1e9 + lack / wanted[p] : lack;
      if (score > most) {
        most = score;
        best = p;
      }
    }
    rows[best]->insert(rows[best]->end(), group.begin(), group.end());
  }

  std::size_t empty() const {
    std::size_t n = 0;
    for (std::size_t p = 0; p < 3; ++p) n += wanted[p] > 0 && rows[p]->empty();
    return n;
  }
};

Split cut_groups(const Rows& order, const std::vector<std::size_t>& groups, const SplitOptions& options) {
  std::vector<Rows> all = groups_in_order(order, groups);
  const Sizes size = sizes(options, order.size());
  const auto rows = [](double fraction, std::size_t n) {  // of a part that is wanted, at least one
    return fraction > 0 ? std::max(1.0, static_cast<double>(n)) : 0;
  };
  const double train = std::max(1.0, static_cast<double>(order.size() - size.test - size.validation));
  const auto filled = [&](Split& split, bool leave_none_empty) {
    Parts parts{{&split.train, &split.validation, &split.test},
                {train, rows(options.validation, size.validation), rows(options.test, size.test)}};
    if (all.size() < parts.empty()) fail_few_units(all.size(), "group", options.group, options);
    for (std::size_t g = 0; g < all.size(); ++g)
      parts.add(all[g], leave_none_empty && all.size() - g <= parts.empty());
    return parts.empty() == 0;
  };
  Split split;
  if (filled(split, false)) return split;
  // Large groups that come late find no room: they are placed first, and the last small ones fill the rest.
  std::stable_sort(all.begin(), all.end(), [](const Rows& a, const Rows& b) { return a.size() > b.size(); });
  Split second;
  filled(second, true);
  return second;
}

}  // namespace
}  // namespace data

Split split_rows(const SplitKeys& keys, const SplitOptions& options) {
  using namespace data;
  check(keys);
  check_fractions(options.validation, options.test);
  Split split;
  if (!keys.times.empty()) {
    split = cut_in_time(keys, options);
  } else if (!keys.groups.empty()) {
    split = cut_groups(shuffled(keys, options.seed, Stream::split), keys.groups, options);
    split.how = "random by group: the rows of a group stay together";
  } else if (!keys.labels.empty() && options.kind != SplitKind::random) {
    split = cut_stratified(shuffled(keys, options.seed, Stream::split), keys.labels, options);
    split.how = "random, stratified by class";
  } else {
    if (options.kind == SplitKind::stratified)
      fail("[split] a stratified split needs classes; the target has none");
    split = cut(shuffled(keys, options.seed, Stream::split), sizes(options, keys.rows));
    split.how = "random";
  }
  sort_all(split);
  check_parts(split, options, keys.rows);
  return split;
}

namespace data {
namespace {

// Blocks of rows, one per fold, in which each row stands once.
std::vector<Rows> fold_parts(const SplitKeys& keys, std::size_t folds, const SplitOptions& options) {
  const Rows order = shuffled(keys, options.seed, Stream::folds);
  std::vector<Rows> parts(folds);
  if (!keys.groups.empty()) {
    // The largest groups first, each to the fold that has least: folds of near equal size.
    std::vector<Rows> groups = groups_in_order(order, keys.groups);
    if (groups.size() < folds) {
      const std::string most = groups.size() < 2 ? "--folds 0" : fmt::format("--folds {}", groups.size());
      fail(
          "[folds] {} for {} folds: the rows that train and validate have no more groups, and each fold "
          "needs "
          "one; give {}",
          counted(groups.size(), "group"), folds, most);
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Rows& a, const Rows& b) { return a.size() > b.size(); });
    for (const Rows& group : groups) {
      Rows& least = *std::min_element(parts.begin(), parts.end(),
                                      [](const Rows& a, const Rows& b) { return a.size() < b.size(); });
      least.insert(least.end(), group.begin(), group.end());
    }
    return parts;
  }
  const bool stratified = !keys.labels.empty() && options.kind != SplitKind::random;
  if (!stratified) {
    for (std::size_t k = 0; k < order.size(); ++k) parts[k % folds].push_back(order[k]);
    return parts;
  }
  // Class after class is dealt out, each going on where the one before it stopped.
  std::size_t next = 0;
  for (const Rows& rows : members(order, keys.labels)) {
    for (const std::size_t row : rows) parts[next++ % folds].push_back(row);
  }
  return parts;
}

// Fold j trains on the first j + 1 of folds + 1 stretches of time and validates on the one after. A border
// within one time is moved to the nearest beginning of another.
std::vector<Fold> folds_in_time(const SplitKeys& keys, std::size_t folds) {
  const Rows order = in_time(keys), allowed = new_times(keys, order);
  if (allowed.size() < folds) {
    const std::string most = allowed.empty() ? "--folds 0" : fmt::format("--folds {}", allowed.size());
    fail(
        "[folds] the rows that train and validate are of {} (--time-column), and {} need {}: rows of one "
        "time stay "
        "together; give {}",
        counted(allowed.size() + 1, "different time"), counted(folds, "fold"), folds + 1, most);
  }
  Rows wanted;
  for (std::size_t k = 1; k <= folds; ++k) wanted.push_back(k * keys.rows / (folds + 1));
  Rows borders = nearest_borders(wanted, allowed);
  borders.push_back(keys.rows);
  const auto border = [&](std::size_t k) {
    return order.begin() + static_cast<std::ptrdiff_t>(borders[k - 1]);
  };
  std::vector<Fold> out(folds);
  for (std::size_t j = 0; j < folds; ++j) {
    out[j].train.assign(order.begin(), border(j + 1));
    out[j].validation.assign(border(j + 1), border(j + 2));
    std::sort(out[j].train.begin(), out[j].train.end());
    std::sort(out[j].validation.begin(), out[j].validation.end());
  }
  return out;
}

}  // namespace
}  // namespace data

std::vector<Fold> fold_rows(const SplitKeys& keys, std::size_t folds, const SplitOptions& options) {
  using namespace data;
  check(keys);
  const bool timed = !keys.times.empty();
  if (folds < (timed ? 1u : 2u)) fail("[folds] {} folds: at least two are needed", folds);
  if (keys.rows < folds + (timed ? 1 : 0))
    fail("[folds] {} for {} folds: each fold needs a row{}; give --folds {} or fewer",
         counted(keys.rows, "row"), folds, timed ? ", and the first row in time trains" : "",
         keys.rows - (timed ? 1 : 0));
  if (timed) return folds_in_time(keys, folds);
  const std::vector<Rows> parts = fold_parts(keys, folds, options);
  std::vector<Fold> out(folds);
  for (std::size_t j = 0; j < folds; ++j) {
    for (std::size_t k = 0; k < folds; ++k) {
      Rows& side = k == j ? out[j].validation : out[j].train;
      side.insert(side.end(), parts[k].begin(), parts[k].end());
    }
    std::sort(out[j].train.begin(), out[j].train.end());
    std::sort(out[j].validation.begin(), out[j].validation.end());
  }
  return out;
}

}  // namespace runnel
