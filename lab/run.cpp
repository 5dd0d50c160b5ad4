// Running an experiment: its parameters, its checks, its clock.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/fail.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "lab/context.h"

namespace runnel::lab {
namespace {

std::vector<std::string> parameter_names(const std::vector<const Experiment*>& chosen) {
  std::vector<std::string> names;
  for (const Experiment* experiment : chosen)
    for (const Parameter& p : experiment->parameters)
      if (std::find(names.begin(), names.end(), p.name) == names.end()) names.push_back(p.name);
  return names;
}

double value_of(const Experiment& experiment, const Parameter& p, const std::string& text) {
  const std::optional<double> value = to_number(text);
  const auto wrong = [&](const std::string& wanted) {
    fail("--set {}={}: {} takes {} for {}", p.name, text, experiment.name, wanted, p.name);
  };
  const std::string range = fmt::format("{} from {} to {}", p.whole ? "a whole number" : "a number",
                                        from_number(p.least), from_number(p.most));
  if (!value || !(*value >= p.least && *value <= p.most)) wrong(range);
  if (p.whole && *value != std::floor(*value)) wrong(range);
  return *value;
}

Settings settings_of(const Experiment& experiment, const Options& options) {
  Settings settings;
  for (const Parameter& p : experiment.parameters) {
    const auto given = options.set.find(p.name);
    if (given != options.set.end())
      settings[p.name] = value_of(experiment, p, given->second);
    else
      settings[p.name] = options.reduced ? p.reduced : p.full;
  }
  return settings;
}

void expect_runnable(const Experiment& experiment) {
  if (experiment.run == nullptr)
    fail("{} is planned and cannot be run yet; runnel lab list shows those that can", experiment.name);
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::right:
      return "right";
    case Verdict::wrong:
      return "wrong";
    case Verdict::ambiguous:
      return "ambiguous";
    case Verdict::incomplete:
      return "incomplete";
    case Verdict::asked:
      return "asked";
  }
  return "";
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::absolute:
      return "absolute";
    case Kind::relative:
      return "relative";
    case Kind::exact:
      return "exact";
    case Kind::standard_errors:
      return "standard errors";
    case Kind::at_most:
      return "at most";
    case Kind::at_least:
      return "at least";
    case Kind::holds:
      return "holds";
    case Kind::reported:
      return "reported";
  }
  return "";
}

bool Check::passed() const {
  const double off = std::abs(measured - expected);
  switch (kind) {
    case Kind::absolute:
      return off <= tolerance;
    case Kind::relative:
      return off <= tolerance * std::abs(expected);
    case Kind::exact:
      return measured == expected;
    case Kind::standard_errors:
      return off <= tolerance * standard_error;
    case Kind::at_most:
      return measured <= expected;
    case Kind::at_least:
      return measured >= expected;
    case Kind::holds:
      return measured == 1;
    case Kind::reported:
      return !std::isnan(measured);
  }
  return false;
}

bool Part::passed() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& c) { return c.passed(); });
}

bool Result::passed() const {
  return !failure && std::all_of(parts.begin(), parts.end(), [](const Part& p) { return p.passed(); });
}

std::int64_t Result::checks() const {
  std::int64_t n = 0;
  for (const Part& p : parts) n += static_cast<std::int64_t>(p.checks.size());
  return n;
}

std::int64_t Result::failed() const {
  std::int64_t n = 0;
  for (const Part& p : parts)
    n += std::count_if(p.checks.begin(), p.checks.end(), [](const Check& c) { return !c.passed(); });
  return n;
}

std::pair<std::int64_t, std::int64_t> Result::checks_of(std::string_view claim) const {
  std::int64_t passed = 0, all = 0;
  for (const Part& p : parts) {
    if (std::find(p.claims.begin(), p.claims.end(), claim) == p.claims.end()) continue;
    for (const Check& c : p.checks) {
      if (c.kind == Kind::reported) continue;
      ++all;
      passed += c.passed();
    }
  }
  return {passed, all};
}

void check_options(const std::vector<const Experiment*>& chosen, const Options& options) {
  for (const Experiment* experiment : chosen) expect_runnable(*experiment);
  const std::vector<std::string> names = parameter_names(chosen);
  for (const auto& [name, text] : options.set)
    if (std::find(names.begin(), names.end(), name) == names.end())
      fail("--set {}={}: there is no parameter '{}'{}", name, text, name, suggestion(name, names));
  for (const Experiment* experiment : chosen) settings_of(*experiment, options);
}

Result run(const Experiment& experiment, const Options& options) {
  expect_runnable(experiment);
  Result result;
  result.experiment = &experiment;
  result.seed = options.seed.value_or(experiment.seed());
  result.settings = settings_of(experiment, options);
  const Stopwatch watch;
  try {
    Context context(result);
    experiment.run(context);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::input) throw;
    result.failure = e.what();
  }
  result.seconds = watch.total();
  return result;
}

}  // namespace runnel::lab
