// Densities over a few parameters, estimated from candidates: what the tree-structured Parzen estimator
// compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runnel/search.h"

namespace runnel::search {

// A parameter as the estimator sees it: a number in the unit interval, or one of so many words.
struct ParzenAxis {
  std::size_t choices = 0;  // 0: a number
};

// A mixture of kernels, one around each observation, and a broad one over all. Numbers have normal kernels
// cut off at the ends of the interval, words a weight of their own.
class Parzen {
 public:
  // Points of one coordinate for each axis: a number, or the place of a word. `joint`: the axes are estimated
  // together, with the bandwidths of Falkner, Klein and Hutter's multivariate form, in Scott's proportion
  // n^(-1/(d + 4)); else each kernel is as wide as its neighbours are away (Bergstra et al. 2011,
  // section 4.2).
  Parzen(std::vector<ParzenAxis> axes, const std::vector<std::vector<double>>& points, bool joint);

  // A draw; `uniform` gives its next number in [0, 1).
  std::vector<double> draw(const std::function<double()>& uniform) const;
  double log_density(std::span<const double> point) const;

 private:
  struct Kernel {
    double log_weight = 0;
    std::vector<double> middle = {}, width = {};  // by axis; of a word: its place, and nothing
    std::vector<double> log_mass = {};            // of the normal within the interval
  };
  double log_kernel(const Kernel& kernel, std::size_t axis, double x) const;
  void set_widths(bool joint);

  std::vector<ParzenAxis> axes_;
  std::vector<Kernel> kernels_;  // the broad one last
};

}  // namespace runnel::search
