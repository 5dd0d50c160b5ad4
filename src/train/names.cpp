// Losses and metrics by name.
#include <algorithm>
#include <array>

#include "core/fail.h"
#include "core/text.h"
#include "runnel/train.h"

namespace runnel::train {
namespace {

constexpr std::array<std::string_view, 6> kLosses{"squared", "half-squared", "absolute",
                                                  "huber",   "logistic",     "softmax"};
constexpr std::array<std::string_view, 5> kMetrics{"r2", "rmse", "mae", "accuracy", "log_loss"};

template <class Enum, std::size_t N>
Enum from_name(const char* what, std::string_view name, const std::array<std::string_view, N>& names) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end()) return static_cast<Enum>(at - names.begin());
  fail("there is no {} \"{}\"{}", what, name, suggestion(name, {names.begin(), names.end()}));
}

}  // namespace

std::string_view loss_name(Loss loss) { return kLosses[static_cast<std::size_t>(loss)]; }
std::string_view metric_name(Metric metric) { return kMetrics[static_cast<std::size_t>(metric)]; }
Loss loss_from_name(std::string_view name) { return from_name<Loss>("loss", name, kLosses); }
Metric metric_from_name(std::string_view name) { return from_name<Metric>("metric", name, kMetrics); }
bool higher_is_better(Metric metric) { return metric == Metric::r2 || metric == Metric::accuracy; }
bool is_classification(Loss loss) { return loss == Loss::logistic || loss == Loss::softmax; }

}  // namespace runnel::train
