// Spaces: grids, random draws, and what to say of a winner at the edge of one.
#include <fast_float/fast_float.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/fail.h"
#include "core/philox.h"
#include "runnel/sweep.h"

namespace runnel::sweep {
namespace {

constexpr std::size_t kMostCandidates = 1'000'000;

struct Named {
  std::string name, values;
};

Named cut(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    fail("\"{}\" is not of the form name=value,value,… or name=low..high", text);
  // The field's own name, whatever alias was used; throws for an unknown one.
  return {hyper_field(text.substr(0, equals)).name, text.substr(equals + 1)};
}

double number(const std::string& whole, const std::string& text) {
  double value = 0;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    fail("\"{}\": \"{}\" is not a number", whole, text);
  return value;
}

// Uniform in [0, 1): draw `i` of dimension `d`.
double draw(std::uint64_t seed, std::int64_t i, std::size_t d) {
  const auto block =
      Philox::block({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(d), 0, 0x73706163u},
                    {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (block[0] / 32 * 0x1p26 + block[1] / 64) * 0x1p-53;
}

std::string in_range(const Range& r, double u) {
  if (r.integer) {
    const double low = r.logarithmic ? std::log(r.low) : r.low;
    const double high = r.logarithmic ? std::log(r.high + 1) : r.high + 1;
    const double x = low + u * (high - low);
    return fmt::format(
        "{}", static_cast<std::int64_t>(std::min(std::floor(r.logarithmic ? std::exp(x) : x), r.high)));
  }
  const double x = r.logarithmic ? std::exp(std::log(r.low) + u * (std::log(r.high) - std::log(r.low)))
                                 : r.low + u * (r.high - r.low);
  return fmt::format("{:.6g}", x);  // as it is shown, so that what is shown can be run again
}

}  // namespace

bool is_range(const std::string& text) { return text.find("..") != std::string::npos; }

Choice parse_choice(const std::string& text) {
  const Named named = cut(text);
  Choice choice{named.name, {}};
  Hyper probe;
  std::size_t begin = 0;
  while (begin <= named.values.size()) {
    const std::size_t end = std::min(named.values.find(',', begin), named.values.size());
    choice.values.push_back(named.values.substr(begin, end - begin));
    hyper_field(named.name).set(probe, choice.values.back());
    begin = end + 1;
  }
  return choice;
}

Range parse_range(const std::string& text) {
  const Named named = cut(text);
  const std::size_t dots = named.values.find("..");
  const HyperField& field = hyper_field(named.name);
  if (!field.numeric || dots == std::string::npos)
    fail("\"{}\": {} takes values, not a range", text, field.name);
  Range range{named.name, number(text, named.values.substr(0, dots)),
              number(text, named.values.substr(dots + 2)), false, false};
  if (range.low >= range.high) fail("\"{}\": the range is empty", text);
  range.integer = named.name == "batch" || named.name == "epochs" || named.name == "seed";
  range.logarithmic = range.low > 0 && range.high / range.low >= 20;
  Hyper probe;
  for (double end : {range.low, range.high}) field.set(probe, fmt::format("{}", end));
  return range;
}

std::vector<Hyper> grid(const Hyper& base, const std::vector<Choice>& choices) {
  std::vector<Hyper> all{base};
  std::set<std::string> seen;
  for (const Choice& choice : choices) {
    if (!seen.insert(choice.name).second) fail("the grid names {} twice", choice.name);
    if (all.size() * choice.values.size() > kMostCandidates)
      fail("the grid has more than {} candidates", kMostCandidates);
    std::vector<Hyper> next;
    for (const Hyper& hyper : all)
      for (const std::string& value : choice.values) {
        next.push_back(hyper);
        hyper_field(choice.name).set(next.back(), value);
      }
    all = std::move(next);
  }
  return all;
}

std::vector<Hyper> random(const Hyper& base, const std::vector<Choice>& choices,
                          const std::vector<Range>& ranges, std::int64_t n, std::uint64_t seed) {
  if (n < 1 || n > static_cast<std::int64_t>(kMostCandidates))
    fail("a random search draws from 1 to {} candidates, not {}", kMostCandidates, n);
  std::vector<Hyper> all;
  for (std::int64_t i = 0; i < n; ++i) {
    Hyper hyper = base;
    std::size_t dimension = 0;
    for (const Choice& choice : choices) {
      const auto k =
          static_cast<std::size_t>(draw(seed, i, dimension++) * static_cast<double>(choice.values.size()));
      hyper_field(choice.name).set(hyper, choice.values[k]);
    }
    for (const Range& range : ranges)
      hyper_field(range.name).set(hyper, in_range(range, draw(seed, i, dimension++)));
    all.push_back(std::move(hyper));
  }
  return all;
}

std::vector<std::string> edge_warnings(const std::vector<Hyper>& candidates, const Hyper& best) {
  std::vector<std::string> warnings;
  for (const HyperField& field : hyper_fields()) {
    if (!field.numeric || std::string_view(field.name) == "seed") continue;
    std::set<double> tried;
    for (const Hyper& hyper : candidates) tried.insert(number(field.name, field.get(hyper)));
    if (tried.size() < 3) continue;  // two values are a comparison, not a range
    const double value = number(field.name, field.get(best));
    const bool least = value == *tried.begin();
    if (!least && value != *tried.rbegin()) continue;
    if (least && value == 0) continue;  // "none" is not the end of a range that could go on
    warnings.push_back(fmt::format("the best {} ({}) is the {} tried: {} values may be better still",
                                   field.name, field.get(best), least ? "smallest" : "largest",
                                   least ? "smaller" : "larger"));
  }
  return warnings;
}

}  // namespace runnel::sweep
