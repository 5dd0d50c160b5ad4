#include "fit/answers.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"

namespace runnel {
namespace {

// As train::measure counts it for the accuracy.
std::size_t answer(const double* logits, std::size_t width) {
  if (width == 1) return logits[0] > 0 ? 1 : 0;
  return static_cast<std::size_t>(std::max_element(logits, logits + width) - logits);
}

std::string listed(const std::vector<std::string>& items) {
  constexpr std::size_t kShown = 5;
  std::string out;
  const std::size_t shown = std::min(items.size(), kShown);
  for (std::size_t i = 0; i < shown; ++i)
    out += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
  return items.size() > shown ? fmt::format("{} and {} more", out, items.size() - shown) : out;
}

std::vector<std::size_t> counts_of(const std::vector<double>& y, std::size_t classes) {
  std::vector<std::size_t> out(classes, 0);
  for (const double c : y) ++out[static_cast<std::size_t>(c)];
  return out;
}

// Classes with how many rows are of them.
struct Named {
  std::vector<std::string> names = {}, counts = {};
  std::size_t rows = 0;

  void add(const std::string& name, std::size_t count) {
    names.push_back(fmt::format("'{}'", shortened(name)));
    counts.push_back(grouped(count));
    rows += count;
  }
};

}  // namespace

Answers answers_of(const std::vector<double>& logits, const std::vector<double>& y,
                   const std::vector<double>& y_training, const std::vector<std::string>& classes,
                   const std::string& rows, bool weighed) {
  Answers out;
  if (y.empty()) return out;
  const std::size_t width = logits.size() / y.size();
  std::vector<std::size_t> answered(classes.size(), 0);
  for (std::size_t i = 0; i < y.size(); ++i) ++answered[answer(&logits[i * width], width)];
  const std::vector<std::size_t> there = counts_of(y, classes.size()),
                                 trained = counts_of(y_training, classes.size());
  const std::string all = counted(y.size(), rows + " row");
  Named never, unknown;
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (there[c] > 0 && answered[c] == 0) (trained[c] > 0 ? never : unknown).add(classes[c], there[c]);
  // Rows of one class are another warning (model/one_class.h).
  if (!unknown.names.empty() && unknown.rows < y.size())
    out.warnings.push_back(fmt::format("no training row has {} ({} of the {}): the model cannot answer so",
                                       listed(unknown.names), listed(unknown.counts), all));
  if (never.names.empty()) return out;
  const std::string advice =
      weighed ? "" : "; --class-weight balanced makes rare classes count as much as others";
  const auto only = std::find(answered.begin(), answered.end(), y.size());
  out.one_for_all = only != answered.end();
  out.warnings.push_back(
      out.one_for_all
          ? fmt::format(
                "the model has learnt nothing: it answers '{}' for all {}, and never {} ({} of them){}",
                shortened(classes[static_cast<std::size_t>(only - answered.begin())]), all,
                listed(never.names), listed(never.counts), advice)
          : fmt::format("the model never answers {} ({} of the {}){}", listed(never.names),
                        listed(never.counts), all, advice));
  return out;
}

}  // namespace runnel
