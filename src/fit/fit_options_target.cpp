// The options that say what is predicted.
#include "data/positive.h"
#include "fit/fit_option_parts.h"
#include "fit/fit_study.h"
#include "fit/prepared.h"

namespace runnel::fitting {
namespace {

constexpr std::string_view kGroup = "Target";

std::string positive_refusal(const Asked& asked) {
  const auto& task = asked.options.target.task;
  if (!task || *task == Task::binary) return "";
  return fmt::format("--positive makes a binary target; it does not go with --task {}", task_name(*task));
}

std::string max_classes_refusal(const Asked& asked) {
  const TargetOptions& target = asked.options.target;
  if (!target.positive.empty())
    return "--max-classes limits the classes of the target, and --positive makes two; leave one of them out";
  if (!target.task || *target.task == Task::multiclass) return "";
  return fmt::format(
      "--max-classes limits the classes of a multiclass target, and --task {} has {}; leave one of them out",
      task_name(*target.task), *target.task == Task::binary ? "two" : "none");
}

}  // namespace

const std::vector<FitOption>& target_options() {
  static const std::vector<FitOption> options = {
      {.name = "target",
       .group = kGroup,
       .value = "COLUMN",
       .what = "Column to predict (generated tables and images know theirs)",
       .set = [](FitOptions& o, const std::string& text) { o.target.column = text; },
       .texts = [](const FitOptions& o) { return texts_of(o.target.column); },
       .told = Told::setting,
       .setting = {1, "target", [](const Searching& fit) { return std::optional(fit.target.column()); }}},
      {.name = "task",
       .group = kGroup,
       .value = "TASK",
       .what = "regression, binary or multiclass",
       .usual = "found from the target",
       .set = [](FitOptions& o, const std::string& text) { o.target.task = task_from_name(text); },
       .texts =
           [](const FitOptions& o) {
             return texts_of(o.target.task ? std::string(task_name(*o.target.task)) : "");
           },
       .told = Told::setting,
       .setting = {2, "task",
                   [](const Searching& fit) {
                     return std::optional(std::string(task_name(fit.target.task())));
                   }}},
      {.name = "positive",
       .group = kGroup,
       .value = "EXPR",
       .what = "Make a binary target: '>50', '<=2', '==yes', '!=no'",
       .set =
           [](FitOptions& o, const std::string& text) {
             data::PositiveRule::parse(text);
             o.target.positive = text;
           },
       .texts = [](const FitOptions& o) { return texts_of(o.target.positive); },
       .told = Told::setting,
       .setting = {3, "positive",
                   [](const Searching& fit) { return std::optional(fit.options.target.positive); }},
       .refusal = positive_refusal},
      {.name = "max-classes",
       .group = kGroup,
       .value = "N",
       .what = "More classes than this are an error",
       .flaw = whole<2>,
       .set = [](FitOptions& o,
                 const std::string& text) { o.target.max_classes = whole_from<std::size_t>(text); },
       .texts = [](const FitOptions& o) { return text_of(o.target.max_classes); },
       .told = Told::manner,
       .refusal = max_classes_refusal,
       .idle = [](const Prepared& p) -> std::string {
         if (p.w.target.task() != Task::regression) return "";
         return fmt::format("--max-classes does nothing: the target '{}' holds numbers, which are no classes",
                            p.w.target.column());
       }},
  };
  return options;
}

}  // namespace runnel::fitting
