// The tree-structured Parzen estimator: candidates are drawn from a density of the good ones, and that one is
// taken which is likeliest among these against a density of the others.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/fail.h"
#include "search/draws.h"
#include "search/parzen.h"
#include "search/sobol.h"

namespace runnel::search {
namespace {

using params::Varied;

constexpr double kGoodShare = 0.2;  // of the candidates so far
constexpr std::size_t kMostGood = 25;

// A candidate in the estimator's coordinates, by varied parameter; nan where one takes no part.
std::vector<double> coordinates(const Space& space, const Configuration& c) {
  std::vector<double> out;
  for (const Varied& v : space.varied()) {
    const Value value = space.value_of(c, v);
    if (value.is_nothing()) {
      out.push_back(std::nan(""));
    } else if (!v.values.empty()) {
      const auto at = std::find(v.values.begin(), v.values.end(), value);
      out.push_back(at == v.values.end() ? std::nan("") : static_cast<double>(at - v.values.begin()));
    } else {
      out.push_back(value.is_number() ? std::clamp(v.place_in_unit(value), 0.0, 1.0) : std::nan(""));
    }
  }
  return out;
}

// Parameters that always take part together make a group.
std::vector<std::vector<std::size_t>> groups_of(const std::vector<std::vector<double>>& points,
                                                std::size_t axes, bool joint) {
  std::vector<std::vector<std::size_t>> groups;
  if (!joint) {
    for (std::size_t d = 0; d < axes; ++d) groups.push_back({d});
    return groups;
  }
  std::vector<std::vector<bool>> patterns(axes);
  for (std::size_t d = 0; d < axes; ++d)
    for (const std::vector<double>& p : points) patterns[d].push_back(!std::isnan(p[d]));
  for (std::size_t d = 0; d < axes; ++d) {
    const auto at = std::find_if(groups.begin(), groups.end(),
                                 [&](const auto& group) { return patterns[group[0]] == patterns[d]; });
    if (at == groups.end())
      groups.push_back({d});
    else
      at->push_back(d);
  }
  return groups;
}

class TpeSampler : public Sampler {
 public:
  TpeSampler(std::int64_t n, const Tpe& how) : n_(n), how_(how) {
    if (how.startup < 1 || how.candidates < 1)
      fail(
          "the Parzen estimator begins with {} candidates of no choice and chooses from {} draws: both are "
          "at "
          "least 1",
          how.startup, how.candidates);
  }

  bool reads_results() const override { return true; }
  std::int64_t size(const Space& /*space*/) const override { return n_; }
  std::string name() const override { return "tpe"; }

  std::vector<Configuration> ask(const Space& space, std::uint64_t seed, std::int64_t first, std::int64_t n,
                                 std::span<const Told> earlier) const override {
    std::vector<std::vector<double>> points;
    for (const Told& told : earlier) points.push_back(coordinates(space, told.configuration));
    const std::vector<bool> good = good_of(earlier);
    std::vector<Configuration> out;
    for (std::int64_t i = first; i < first + n; ++i) {
      out.push_back(i < how_.startup || earlier.empty() ? begin_with(space, seed, i)
                                                        : chosen(space, seed, i, points, good));
      // What has been asked for and is not told of yet counts as not good, so that others keep away from it.
      points.push_back(coordinates(space, out.back()));
    }
    return out;
  }

 private:
  static Configuration begin_with(const Space& space, std::uint64_t seed, std::int64_t number) {
    return space.varied().size() <= kSobolDimensions ? sobol_candidate(space, seed, number)
                                                     : random_candidate(space, seed, number);
  }

  // The best share of those that are told.
  static std::vector<bool> good_of(std::span<const Told> earlier) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < earlier.size(); ++i)
      if (earlier[i].finite) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return earlier[a].value < earlier[b].value; });
    const auto share = static_cast<std::size_t>(std::ceil(kGoodShare * static_cast<double>(earlier.size())));
    order.resize(std::min({order.size(), share, kMostGood}));
    std::vector<bool> good(earlier.size(), false);
    for (const std::size_t i : order) good[i] = true;
    return good;
  }

  Configuration chosen(const Space& space, std::uint64_t seed, std::int64_t number,
                       const std::vector<std::vector<double>>& points, const std::vector<bool>& good) const {
    std::vector<double> unit(space.varied().size(), 0.5);
    std::uint32_t draws = 0;
    const auto uniform = [&] {
      return uniform_draw(seed, {static_cast<std::uint32_t>(number), draws++, 0, domain::kTpe});
    };
    for (const std::vector<std::size_t>& group : groups_of(points, unit.size(), how_.multivariate)) {
      const std::vector<double> best = best_draw(space, group, points, good, uniform);
      for (std::size_t i = 0; i < group.size(); ++i) {
        const std::size_t words = space.varied()[group[i]].values.size();
        unit[group[i]] = words > 0 ? (best[i] + 0.5) / static_cast<double>(words) : best[i];
      }
    }
    return space.at(unit);
  }

  std::vector<double> best_draw(const Space& space, const std::vector<std::size_t>& group,
                                const std::vector<std::vector<double>>& points, const std::vector<bool>& good,
                                const std::function<double()>& uniform) const {
    std::vector<ParzenAxis> axes;
    for (const std::size_t d : group) axes.push_back({space.varied()[d].values.size()});
    std::vector<std::vector<double>> of_good, of_others;
    for (std::size_t i = 0; i < points.size(); ++i) {
      std::vector<double> p;
      for (const std::size_t d : group) p.push_back(points[i][d]);
      if (std::any_of(p.begin(), p.end(), [](double x) { return std::isnan(x); })) continue;
      (i < good.size() && good[i] ? of_good : of_others).push_back(std::move(p));
    }
    const Parzen near(axes, of_good, how_.multivariate);
    const Parzen far(axes, of_others, how_.multivariate);
    std::vector<double> best;
    double most = -std::numeric_limits<double>::infinity();
    for (std::int64_t k = 0; k < how_.candidates; ++k) {
      std::vector<double> draw = near.draw(uniform);
      const double gain = near.log_density(draw) - far.log_density(draw);
      if (!best.empty() && !(gain > most)) continue;
      most = gain;
      best = std::move(draw);
    }
    return best;
  }

  std::int64_t n_;
  Tpe how_;
};

}  // namespace

SamplerPtr tpe(std::int64_t n, Tpe how) {
  check_size(n);
  return std::make_shared<const TpeSampler>(n, how);
}

}  // namespace runnel::search
