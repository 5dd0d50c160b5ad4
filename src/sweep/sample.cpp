// Candidates from a space: as a grid, at random, or along a scrambled Sobol sequence.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/fail.h"
#include "core/philox.h"
#include "core/text.h"
#include "runnel/space.h"
#include "search/sobol.h"
#include "sweep/parameter.h"

namespace runnel::sweep {
namespace {

using search::kSobolDimensions;
using search::scrambled;
using search::sobol;

constexpr double kMostCounted = 100;  // values of a whole-numbered range that a grid counts through

// Uniform in [0, 1): draw `i` of dimension `d`.
double draw(std::uint64_t seed, std::int64_t i, std::size_t d) {
  const auto block =
      Philox::block({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(d), 0, domain::kSpace},
                    {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (block[0] / 32 * 0x1p26 + block[1] / 64) * 0x1p-53;
}

// The same of a scrambled Sobol sequence: the middle of the cell that its 32 bits name.
double sobol_draw(std::uint64_t seed, std::int64_t i, std::size_t d) {
  return (scrambled(sobol(d, static_cast<std::uint32_t>(i)), d, seed) + 0.5) * 0x1p-32;
}

// A candidate in the making: values by name, of the parameters that take part.
using Values = std::map<std::string, std::string>;

bool takes_part(const Space& space, const Parameter& p, const Values& values) {
  if (!p.when) return true;
  const auto at = values.find(p.when->name);
  std::string value;
  if (at != values.end()) {
    value = canonical(p.when->name, at->second);
  } else {
    // A parameter that does not take part has no value to meet a condition with.
    for (const Parameter& other : space.parameters)
      if (other.name == p.when->name) return false;
    value = canonical(p.when->name, hyper_field(p.when->name).get(space.base));
  }
  return std::find(p.when->values.begin(), p.when->values.end(), value) != p.when->values.end();
}

Hyper resolved(const Space& space, const Values& values) {
  Hyper hyper = space.base;
  for (const auto& [name, value] : values)
    if (!builds_hidden(name)) hyper_field(name).set(hyper, value);
  if (const auto layers = values.find(std::string(kLayers)); layers != values.end()) {
    hyper.hidden.clear();
    const auto count = static_cast<int>(number(kLayers, layers->second));
    for (int k = 1; k <= count; ++k)
      hyper.hidden.push_back(
          static_cast<std::int64_t>(number(kWidth, values.at(fmt::format("{}{}", kWidth, k)))));
  }
  return hyper;
}

// The places of the parameters, each behind the one it depends on.
std::vector<std::size_t> in_order(const Space& space) {
  std::vector<std::size_t> order;
  std::vector<bool> placed(space.parameters.size(), false);
  const auto ready = [&](const Parameter& p) {
    if (!p.when) return true;
    for (std::size_t i = 0; i < placed.size(); ++i)
      if (space.parameters[i].name == p.when->name) return static_cast<bool>(placed[i]);
    return true;
  };
  while (order.size() < placed.size()) {
    const std::size_t before = order.size();
    for (std::size_t i = 0; i < placed.size(); ++i) {
      if (placed[i] || !ready(space.parameters[i])) continue;
      order.push_back(i);
      placed[i] = true;
    }
    if (order.size() == before) fail("the conditions of the space lead in a circle");
  }
  return order;
}

// Every value of the parameters order[depth], order[depth + 1], …
void count_through(const Space& space, const std::vector<std::size_t>& order, std::size_t depth,
                   Values& values, std::vector<Hyper>& out) {
  if (depth == order.size()) {
    if (std::ssize(out) >= kMostCandidates) fail("the grid has more than {} candidates", kMostCandidates);
    out.push_back(resolved(space, values));
    return;
  }
  const Parameter& p = space.parameters[order[depth]];
  if (!takes_part(space, p, values)) return count_through(space, order, depth + 1, values, out);
  for (const std::string& value : grid_values(p)) {
    values[p.name] = value;
    count_through(space, order, depth + 1, values, out);
  }
  values.erase(p.name);
}

template <class Draw>
std::vector<Hyper> drawn(const Space& space, std::int64_t n, const Draw& draw_at) {
  if (n < 1 || n > kMostCandidates)
    fail("a random search draws from 1 to {} candidates, not {}", kMostCandidates, n);
  const std::vector<std::size_t> order = in_order(space);
  std::vector<Hyper> all;
  for (std::int64_t i = 0; i < n; ++i) {
    Values values;
    for (std::size_t dimension :
         order) {  // a dimension belongs to its parameter, whether it takes part or not
      const Parameter& p = space.parameters[dimension];
      if (takes_part(space, p, values)) values[p.name] = value_at(p, draw_at(i, dimension));
    }
    all.push_back(resolved(space, values));
  }
  return all;
}

}  // namespace

std::string value_at(const Parameter& p, double u) {
  if (!p.values.empty()) return p.values[static_cast<std::size_t>(u * static_cast<double>(p.values.size()))];
  if (p.integer) {
    const double low = p.logarithmic ? std::log(p.low) : p.low;
    const double high = p.logarithmic ? std::log(p.high + 1) : p.high + 1;
    const double x = low + u * (high - low);
    return fmt::format(
        "{}", static_cast<std::int64_t>(std::min(std::floor(p.logarithmic ? std::exp(x) : x), p.high)));
  }
  const double x = p.logarithmic ? std::exp(std::log(p.low) + u * (std::log(p.high) - std::log(p.low)))
                                 : p.low + u * (p.high - p.low);
  return fmt::format("{:.6g}", x);  // as it is shown, so that what is shown can be run again
}

std::vector<std::string> grid_values(const Parameter& p) {
  if (!p.values.empty()) return p.values;
  std::vector<std::string> values;
  if (p.points == 0 && p.integer && p.high - p.low < kMostCounted) {
    for (double x = p.low; x <= p.high; ++x) values.push_back(fmt::format("{}", x));
    return values;
  }
  if (p.points == 0)
    fail("{}{} is a range, which a grid cannot count through: give its `points`, or draw at random",
         p.where.empty() ? "" : p.where + ": ", p.name);
  for (std::int64_t i = 0; i < p.points; ++i) {
    const double t = p.points == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(p.points - 1);
    const double x = p.logarithmic ? std::exp(std::log(p.low) + t * (std::log(p.high) - std::log(p.low)))
                                   : p.low + t * (p.high - p.low);
    std::string text = p.integer ? fmt::format("{}", std::llround(x)) : fmt::format("{:.6g}", x);
    if (values.empty() || values.back() != text) values.push_back(std::move(text));
  }
  return values;
}

std::string_view sampler_name(Sampler sampler) {
  return sampler == Sampler::grid ? "grid" : sampler == Sampler::random ? "random" : "sobol";
}

Sampler sampler_from_name(std::string_view name) {
  for (Sampler sampler : {Sampler::grid, Sampler::random, Sampler::sobol})
    if (sampler_name(sampler) == name) return sampler;
  fail("there is no sampler \"{}\"{}", name, suggestion(name, {"grid", "random", "sobol"}));
}

std::vector<Hyper> grid(const Space& space) {
  double least = 1;  // parameters with a condition may add to it
  for (const Parameter& p : space.parameters)
    if (!p.when) least *= static_cast<double>(grid_values(p).size());
  if (least > static_cast<double>(kMostCandidates))
    fail("the grid has more than {} candidates", kMostCandidates);
  std::vector<Hyper> all;
  Values values;
  count_through(space, in_order(space), 0, values, all);
  return all;
}

std::vector<Hyper> sample(const Space& space, Sampler sampler, std::int64_t n, std::uint64_t seed) {
  switch (sampler) {
    case Sampler::grid:
      return grid(space);
    case Sampler::random:
      return drawn(space, n, [&](std::int64_t i, std::size_t d) { return draw(seed, i, d); });
    case Sampler::sobol:
      if (space.parameters.size() > kSobolDimensions)
        fail("a Sobol sequence has at most {} dimensions here, the space {} parameters: draw at random",
             kSobolDimensions, space.parameters.size());
      return drawn(space, n, [&](std::int64_t i, std::size_t d) { return sobol_draw(seed, i, d); });
  }
  fail("unknown sampler");
}

std::vector<Hyper> grid(const Hyper& base, const std::vector<Choice>& choices) {
  std::vector<Parameter> parameters;
  for (const Choice& choice : choices) parameters.push_back({choice.name, choice.values});
  return grid(make_space(base, parameters));
}

std::vector<Hyper> random(const Hyper& base, const std::vector<Choice>& choices,
                          const std::vector<Range>& ranges, std::int64_t n, std::uint64_t seed) {
  std::vector<Parameter> parameters;
  for (const Choice& choice : choices) parameters.push_back({choice.name, choice.values});
  for (const Range& r : ranges) parameters.push_back({r.name, {}, r.low, r.high, r.logarithmic, r.integer});
  return sample(make_space(base, parameters), Sampler::random, n, seed);
}

bool takes_part(const Space& space, const Parameter& parameter, const Hyper& candidate) {
  if (!parameter.when) return true;
  const std::string& name = parameter.when->name;
  for (const Parameter& other : space.parameters)
    if (other.name == name && !takes_part(space, other, candidate)) return false;
  const std::string value =
      name == kLayers ? std::to_string(candidate.hidden.size()) : hyper_field(name).get(candidate);
  const auto& values = parameter.when->values;
  return std::find(values.begin(), values.end(), canonical(name, value)) != values.end();
}

bool takes_part(const Space& space, std::string_view name, const Hyper& candidate) {
  for (const Parameter& parameter : space.parameters)
    if (parameter.name == name) return takes_part(space, parameter, candidate);
  return true;
}

}  // namespace runnel::sweep
