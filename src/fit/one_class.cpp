#include "fit/one_class.h"

#include <algorithm>
#include <optional>

#include "core/fail.h"
#include "core/text.h"

namespace runnel {
namespace {

using Classes = std::vector<double>;

Classes classes_of(const Classes& y, const std::vector<std::size_t>& rows) {
  Classes out;
  for (const std::size_t row : rows) out.push_back(y[row]);
  return out;
}

std::optional<std::size_t> only_class(const Classes& y) {
  if (y.empty() || std::any_of(y.begin(), y.end(), [&](double c) { return c != y[0]; })) return std::nullopt;
  return static_cast<std::size_t>(y[0]);
}

// What stands against parts that hold every class.
std::string advice(const SplitOptions& options) {
  if (!options.group.empty())
    return "rows of one group stay together, so classes cannot be spread over the parts: more groups would "
           "help";
  if (!options.time.empty())
    return "rows in time cannot be spread over the parts by class: rows of a longer time would help";
  if (options.kind == SplitKind::random) return "--split stratified spreads the classes over the parts";
  return "more rows of the other classes would help";
}

std::string name_of_class(const ClassParts& p, std::size_t c) {
  return fmt::format("'{}'", shortened(p.target.classes()[c]));
}

std::string of_one_class(const ClassParts& p, std::size_t n, std::string_view rows, std::size_t only) {
  return fmt::format("the {} {} of one class only, {}", counted(n, rows), n == 1 ? "is" : "are",
                     name_of_class(p, only));
}

// "'a' in fold 2, 'b' in folds…": the folds in which `rows` picks rows of one class.
template <class Pick>
void add_folds(const ClassParts& p, const std::string& part, const std::string& therefore, Pick rows,
               std::vector<std::string>& out) {
  constexpr std::size_t kShown = 5;
  std::string list;
  std::size_t n = 0;
  for (std::size_t k = 0; k < p.folds.size(); ++k) {
    const auto only = only_class(classes_of(p.y, rows(p.folds[k])));
    if (!only) continue;
    if (n < kShown)
      list += fmt::format("{}{} in fold {}", n == 0 ? "" : ", ", name_of_class(p, *only), k + 1);
    ++n;
  }
  if (n == 0) return;
  out.push_back(fmt::format("the {} rows of {} of {} folds are of one class only ({}{}): {}; {}", part, n,
                            p.folds.size(), list, n > kShown ? ", ..." : "", therefore, advice(p.options)));
}

}  // namespace

std::vector<std::string> one_class_warnings(const ClassParts& p) {
  std::vector<std::string> out;
  if (p.target.task() == Task::regression) return out;
  const Classes trained = classes_of(p.y, p.training);
  if (const auto only = only_class(trained))
    fail("{}: there is nothing to learn from them; {}",
         of_one_class(p, trained.size(), "training row", *only), advice(p.options));
  add_folds(
      p, "training", "a network that trained there says nothing of the candidate",
      [](const Fold& f) { return f.train; }, out);
  if (!p.together)
    add_folds(
        p, "validation", "they do not tell who tells the classes apart",
        [](const Fold& f) { return f.validation; }, out);
  if (const auto only = only_class(classes_of(p.y, p.validation)))
    out.push_back(
        fmt::format("{}: they do not tell who tells the classes apart; {}, or choose by folds (--folds K)",
                    of_one_class(p, p.validation.size(), "validation row", *only), advice(p.options)));
  if (const auto only = only_class(p.y_test)) {
    const bool known = std::find(trained.begin(), trained.end(), p.y_test[0]) != trained.end();
    out.push_back(fmt::format(
        "{}{}: the score does not say how well classes are told apart; {}",
        of_one_class(p, p.y_test.size(), "test row", *only), known ? "" : ", which no training row has",
        p.separate_test ? "test rows of the other classes would help" : advice(p.options)));
  }
  return out;
}

}  // namespace runnel
