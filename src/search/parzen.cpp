#include "search/parzen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace runnel::search {
namespace {

constexpr double kBroad = 1;         // width of the kernel over all
constexpr double kJointWidth = 0.1;  // of one joint kernel, of the interval
constexpr std::size_t kFull = 25;    // the latest observations, which have full weight

double below(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }  // of a standard normal

// Older observations count less, in a ramp down to 1 / n.
std::vector<double> weights_of(std::size_t n) {
  std::vector<double> weights(n, 1.0);
  if (n <= kFull) return weights;
  const std::size_t old = n - kFull;
  const double first = 1.0 / static_cast<double>(n);
  for (std::size_t i = 0; i < old; ++i) {
    const double t = old == 1 ? 0 : static_cast<double>(i) / static_cast<double>(old - 1);
    weights[i] = first + t * (1 - first);
  }
  return weights;
}

// x with `share` of a normal's mass within the unit interval below it.
double quantile(double middle, double width, double share) {
  const double low = below((0 - middle) / width);
  const double wanted = low + share * (below((1 - middle) / width) - low);
  double a = 0, b = 1;
  for (int i = 0; i < 48; ++i) {
    const double x = (a + b) / 2;
    (below((x - middle) / width) < wanted ? a : b) = x;
  }
  return (a + b) / 2;
}

}  // namespace

Parzen::Parzen(std::vector<ParzenAxis> axes, const std::vector<std::vector<double>>& points, bool joint)
    : axes_(std::move(axes)) {
  const std::vector<double> weights = weights_of(points.size());
  const double total = std::accumulate(weights.begin(), weights.end(), 1.0);
  for (std::size_t i = 0; i < points.size(); ++i)
    kernels_.push_back({std::log(weights[i] / total), points[i]});
  Kernel broad{std::log(1 / total), {}};
  for (const ParzenAxis& axis : axes_) broad.middle.push_back(axis.choices > 0 ? -1 : 0.5);
  kernels_.push_back(std::move(broad));
  set_widths(joint);
}

void Parzen::set_widths(bool joint) {
  const std::size_t n = kernels_.size() - 1;
  const double least = kBroad / std::min(100.0, 1.0 + static_cast<double>(kernels_.size()));
  for (Kernel& k : kernels_) {
    k.width.assign(axes_.size(), kBroad);
    k.log_mass.assign(axes_.size(), 0.0);
  }
  for (std::size_t d = 0; d < axes_.size(); ++d) {
    if (axes_[d].choices > 0) continue;
    if (joint) {
      const double width = kJointWidth * std::pow(static_cast<double>(std::max<std::size_t>(n, 1)),
                                                  -1.0 / (static_cast<double>(axes_.size()) + 4));
      for (std::size_t i = 0; i < n; ++i) kernels_[i].width[d] = std::clamp(width, least, kBroad);
    } else {
      std::vector<std::size_t> order(kernels_.size());
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return kernels_[a].middle[d] < kernels_[b].middle[d];
      });
      for (std::size_t at = 0; at < order.size(); ++at) {
        const double own = kernels_[order[at]].middle[d];
        const double left = at == 0 ? own : own - kernels_[order[at - 1]].middle[d];
        const double right = at + 1 == order.size() ? 1 - own : kernels_[order[at + 1]].middle[d] - own;
        if (order[at] < n) kernels_[order[at]].width[d] = std::clamp(std::max(left, right), least, kBroad);
      }
    }
    for (Kernel& k : kernels_)
      k.log_mass[d] = std::log(below((1 - k.middle[d]) / k.width[d]) - below((0 - k.middle[d]) / k.width[d]));
  }
}

double Parzen::log_kernel(const Kernel& k, std::size_t d, double x) const {
  if (const auto choices = static_cast<double>(axes_[d].choices); choices > 0) {
    if (k.middle[d] < 0) return -std::log(choices);
    // An observation, and a share of the broad kernel's uniform weight.
    const double share = 1 / static_cast<double>(kernels_.size());
    return std::log(((k.middle[d] == x ? 1.0 : 0.0) + share) / (1 + choices * share));
  }
  const double z = (x - k.middle[d]) / k.width[d];
  return -0.5 * z * z - std::log(k.width[d]) - 0.5 * std::log(2 * std::numbers::pi) - k.log_mass[d];
}

std::vector<double> Parzen::draw(const std::function<double()>& uniform) const {
  double left = uniform();
  std::size_t chosen = kernels_.size() - 1;
  for (std::size_t i = 0; i < kernels_.size(); ++i) {
    left -= std::exp(kernels_[i].log_weight);
    if (left < 0) {
      chosen = i;
      break;
    }
  }
  const Kernel& k = kernels_[chosen];
  std::vector<double> point;
  for (std::size_t d = 0; d < axes_.size(); ++d) {
    double u = uniform();
    if (axes_[d].choices == 0) {
      point.push_back(std::min(quantile(k.middle[d], k.width[d], u), std::nextafter(1.0, 0.0)));
      continue;
    }
    std::size_t word = axes_[d].choices - 1;
    for (std::size_t c = 0; c < axes_[d].choices; ++c) {
      u -= std::exp(log_kernel(k, d, static_cast<double>(c)));
      if (u < 0) {
        word = c;
        break;
      }
    }
    point.push_back(static_cast<double>(word));
  }
  return point;
}

double Parzen::log_density(std::span<const double> point) const {
  std::vector<double> terms;
  double most = -std::numeric_limits<double>::infinity();
  for (const Kernel& k : kernels_) {
    double term = k.log_weight;
    for (std::size_t d = 0; d < axes_.size(); ++d) term += log_kernel(k, d, point[d]);
    terms.push_back(term);
    most = std::max(most, term);
  }
  double sum = 0;
  for (const double term : terms) sum += std::exp(term - most);
  return most + std::log(sum);
}

}  // namespace runnel::search
