// A search over networks of tables is the search of any training.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "core/fail.h"
#include "core/text.h"
#include "models/networks.h"
#include "models/schema.h"

namespace runnel::models {

void check_problem(const Problem& problem) {
  if (problem.folds.empty()) fail("the search has no rows to train on");
  for (const Fold& fold : problem.folds) {
    if (fold.x.rank() != 2 || fold.x_validation.rank() != 2 || fold.x.dim(1) != fold.x_validation.dim(1))
      fail("training rows {} and validation rows {} do not have the same features", to_string(fold.x.shape()),
           to_string(fold.x_validation.shape()));
    if (fold.x.dim(0) == 0 || fold.x_validation.dim(0) == 0)
      fail("a search needs rows to train on and rows to choose by; one of the two is empty");
    if (fold.y.shape() != Shape{fold.x.dim(0)} ||
        fold.y_validation.shape() != Shape{fold.x_validation.dim(0)})
      fail("targets {} and {} do not go with {} and {} rows", to_string(fold.y.shape()),
           to_string(fold.y_validation.shape()), fold.x.dim(0), fold.x_validation.dim(0));
    if (problem.metric == Metric::r2 && !problem.spread && fold.x_validation.dim(0) == 1)
      fail("r2 of one validation row is undefined: choose by rmse or mae, or measure folds together");
    if (fold.weights && (fold.weights->shape() != fold.y.shape() || fold.weights->dtype() != fold.x.dtype()))
      fail("weights {} do not go with training rows {}", to_string(fold.weights->type()),
           to_string(fold.x.type()));
  }
}

namespace {

search::Options options_for(const Problem& problem, search::Options options) {
  if (problem.folds.size() != 1) options.states = 0;  // nobody asks for networks of folds
  return options;
}

// What differs among candidates.
Space differences(const std::vector<Configuration>& candidates) {
  Space space(network_schema());
  for (const params::Parameter& p : network_schema()->parameters()) {
    std::vector<params::Value> values;
    for (const Configuration& c : candidates)
      if (const params::Value& value = c[p.name];
          !value.is_nothing() && std::find(values.begin(), values.end(), value) == values.end())
        values.push_back(value);
    if (values.size() > 1) space.vary(p.name, std::move(values));
  }
  return space;
}

void expect_some(const std::vector<Configuration>& candidates) {
  if (candidates.empty()) fail("the search has no candidates");
}

}  // namespace

double metric_of(const search::Candidate& c) {
  return c.measures.empty() || c.best_epoch == 0 ? std::nan("") : c.measures[0];
}

double loss_of(const search::Candidate& c) {
  return c.measures.size() < 2 || c.best_epoch == 0 ? std::nan("") : c.measures[1];
}

Result run(const Problem& problem, const Space& space, const search::SamplerPtr& sampler,
           const search::Options& options) {
  check_problem(problem);
  const Networks networks(problem);
  Result result{search::run(networks, networks.folds(), space, sampler, options_for(problem, options)), {}};
  for (search::Candidate& c : result.candidates)
    if (!c.states.empty())
      result.networks.emplace(c.number, networks.network(c.configuration, 0, c.states[0]));
  return result;
}

Result run(const Problem& problem, const std::vector<Configuration>& candidates,
           const search::Options& options) {
  expect_some(candidates);
  return run(problem, differences(candidates), search::these(candidates), options);
}

search::Plan plan(const Problem& problem, const Space& space, const search::SamplerPtr& sampler,
                  const search::Options& options) {
  check_problem(problem);
  const Networks networks(problem);
  return search::plan(networks, networks.folds(), space, sampler, options_for(problem, options));
}

search::Plan plan(const Problem& problem, const std::vector<Configuration>& candidates,
                  const search::Options& options) {
  expect_some(candidates);
  return plan(problem, differences(candidates), search::these(candidates), options);
}

const std::vector<std::string>& sampler_names() {
  static const std::vector<std::string> names{"grid", "random", "sobol", "tpe"};
  return names;
}

search::SamplerPtr sampler_from_name(std::string_view name, std::int64_t n) {
  if (name == "grid") return search::grid();
  if (name == "random") return search::random(n);
  if (name == "sobol") return search::sobol(n);
  if (name == "tpe") return search::tpe(n);
  fail("there is no sampler \"{}\"{}", name, suggestion(name, sampler_names()));
}

}  // namespace runnel::models
