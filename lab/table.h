// One function for each experiment, which stands in the file of its name; table.cpp is the only list of them.
#pragma once

#include "lab/lab.h"

namespace runnel::lab {

Experiment min_norm();
Experiment hypergradient();
Experiment decay_vs_l2();
Experiment noise_floor();
Experiment self_tuning();
Experiment clipping();
Experiment two_rules();
Experiment not_rmsprop();
Experiment gradient_audit();
Experiment sampling();
Experiment xor_();
Experiment double_descent();
Experiment vjp_();
Experiment mae();
Experiment gaussian_mle();
Experiment dropout_ridge();
Experiment same_bits_experiment();
Experiment depth_experiment();
Experiment grid_256();
Experiment halving();
Experiment two_hundred();

}  // namespace runnel::lab
