#include "lab/table.h"

#include <algorithm>

#include "core/fail.h"
#include "data/text.h"

namespace runnel::lab {
namespace {

Experiment planned(std::string name, std::string number, std::string title) {
  return {std::move(name), std::move(number), std::move(title)};
}

std::vector<Experiment> all() {
  std::vector<Experiment> list{
      planned("memory-law", "L02", "What differentiating through training costs in memory"),
      min_norm(),
      hypergradient(),
      decay_vs_l2(),
      noise_floor(),
      self_tuning(),
      clipping(),
      two_rules(),
      not_rmsprop(),
      gradient_audit(),
      sampling(),
      xor_(),
      double_descent(),
      vjp_(),
      mae(),
      gaussian_mle(),
      dropout_ridge(),
      same_bits_experiment(),
      depth_experiment(),
      grid_256(),
      halving(),
      two_hundred(),
      planned("tuning", "L10", "Tuning by hypergradient instead of by grid"),
      planned("convolution", "L24", "The arithmetic of convolutions, measured"),
      planned("chaos", "L25", "Where hypergradients stop meaning anything"),
  };
  std::sort(list.begin(), list.end(),
            [](const Experiment& a, const Experiment& b) { return a.number < b.number; });
  return list;
}

}  // namespace

std::uint64_t Experiment::seed() const { return std::stoull(number.substr(1)); }

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> list = all();
  return list;
}

const Experiment& find(std::string_view name) {
  std::vector<std::string> names;
  for (const Experiment& experiment : experiments()) {
    if (experiment.name == name || data::lower(experiment.number) == data::lower(name)) return experiment;
    names.push_back(experiment.name);
  }
  fail("there is no experiment '{}'{}", name, data::suggestion(name, names));
}

}  // namespace runnel::lab
