// The plain models that a fit is measured beside: the best constant and the best linear model.
#pragma once

#include <vector>

#include "fit/prepared.h"

namespace runnel::fitting {

// The best constant for the metric given the targets y, as outputs for n rows: the mean or median; the
// logarithm of the classes' shares.
std::vector<double> constant_outputs(const Work& w, std::vector<double> y, std::size_t n);

// The best linear model, its penalty chosen as the candidates' hyperparameters are.
struct Linear {
  nn::Network model;
  params::Configuration configuration{models::network_schema()};

  std::vector<double> outputs(const Array& x) const {
    return models::predict(model, configuration, x).to_doubles();
  }
};

// Chosen on the problem's validation rows; trained on all of `all` where the winner is. Every row counts
// once, whatever the rows weigh for the candidates. Without layers when it was stopped half-way.
Linear best_linear(const Prepared& p);

}  // namespace runnel::fitting
