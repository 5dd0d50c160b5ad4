// The options that say which rows train, choose and test.
#include "core/fail.h"
#include "core/text.h"
#include "fit/fit_option_parts.h"
#include "fit/prepared.h"

namespace runnel::fitting {
namespace {

constexpr std::string_view kGroup = "Split";

SplitKind split_kind(const std::string& text) {
  if (text == "random") return SplitKind::random;
  if (text == "stratified") return SplitKind::stratified;
  fail("--split: there is no kind '{}'{}", text, suggestion(text, {"random", "stratified"}));
}

std::vector<std::string> kind_texts(const FitOptions& o) {
  switch (o.split.kind) {
    case SplitKind::random:
      return {"random"};
    case SplitKind::stratified:
      return {"stratified"};
    default:
      return {};
  }
}

std::string test_refusal(const Asked& asked) {
  if (!asked.test_file) return "";
  return "--test-fraction is a share of DATA, and the rows of --test test the winner; leave one of them out";
}

std::string test_idle(const Prepared& p) {
  if (!p.w.table.test_begin || p.w.options.split.test == 0 || p.w.test_table != nullptr) return "";
  return fmt::format("--test-fraction does nothing: {} test rows are {}'s own (0 leaves them out)",
                     p.w.split.test.size(), p.w.table.source);
}

std::string validation_refusal(const Asked& asked) {
  const auto& folds = asked.options.folds;
  if (!folds || *folds <= 1) return "";
  return fmt::format(
      "--validation is the share of the one part that chooses, and --folds {} chooses by folds; leave one of "
      "them out",
      *folds);
}

std::string validation_idle(const Prepared& p) {
  if (p.folds == 0 || p.w.options.folds) return "";
  return fmt::format(
      "--validation does nothing: {} folds choose among candidates, as the rows are few; --folds 0 has one "
      "part of them choose",
      p.folds);
}

std::string kind_refusal(const Asked& asked) {
  const FitOptions& o = asked.options;
  if (!o.split.group.empty())
    return fmt::format(
        "--split: rows of one group stay together (--group {}), so they are cut by group; "
        "leave one of them out",
        o.split.group);
  if (!o.split.time.empty())
    return fmt::format("--split: rows are cut in their order (--time-column {}); leave one of them out",
                       o.split.time);
  if (o.split.kind == SplitKind::stratified && o.target.positive.empty() && o.target.task == Task::regression)
    return "--split stratified spreads classes over the parts, and --task regression has none; leave one of "
           "them out";
  return "";
}

std::string time_refusal(const Asked& asked) {
  if (asked.options.split.group.empty()) return "";
  return "--group and --time-column cannot be combined: a group's rows may lie on both sides of a date";
}

}  // namespace

const std::vector<FitOption>& split_options() {
  static const std::vector<FitOption> options = {
      {.name = "test-fraction",
       .group = kGroup,
       .value = "N",
       .what = "Share of the rows that tests the winner",
       .flaw = flaw_of_fraction,
       .set = [](FitOptions& o, const std::string& text) { o.split.test = number_from(text); },
       .texts = [](const FitOptions& o) { return text_of(o.split.test); },
       .told = Told::rows,
       .refusal = test_refusal,
       .idle = test_idle},
      {.name = "validation",
       .group = kGroup,
       .value = "N",
       .what = "Share of the rows that chooses among candidates",
       .flaw = flaw_of_fraction,
       .set = [](FitOptions& o, const std::string& text) { o.split.validation = number_from(text); },
       .texts = [](const FitOptions& o) { return text_of(o.split.validation); },
       .told = Told::rows,
       .refusal = validation_refusal,
       .idle = validation_idle},
      {.name = "folds",
       .group = kGroup,
       .value = "N",
       .what = "Choose by K-fold cross-validation; 0 does not",
       .usual = "5 for fewer than 2000 rows, or as many as there are groups; else 0",
       .flaw = whole<0>,
       .set =
           [](FitOptions& o, const std::string& text) {
             o.folds = whole_from<std::size_t>(text);
             if (*o.folds == 1) fail("--folds 1: one fold has no rows to train on; give 0, or 2 or more");
           },
       .texts = [](const FitOptions& o) { return o.folds ? text_of(*o.folds) : std::vector<std::string>{}; },
       .told = Told::rows},
      {.name = "split",
       .group = kGroup,
       .value = "KIND",
       .what = "random or stratified",
       .usual = "stratified for classes",
       .set = [](FitOptions& o, const std::string& text) { o.split.kind = split_kind(text); },
       .texts = kind_texts,
       .told = Told::rows,
       .refusal = kind_refusal},
      {.name = "group",
       .group = kGroup,
       .value = "COLUMN",
       .what = "Rows that agree in this column stay on one side of every split",
       .set = [](FitOptions& o, const std::string& text) { o.split.group = text; },
       .texts = [](const FitOptions& o) { return texts_of(o.split.group); },
       .told = Told::rows},
      {.name = "time-column",
       .group = kGroup,
       .value = "COLUMN",
       .what = "Order rows by this column: the last ones test",
       .set = [](FitOptions& o, const std::string& text) { o.split.time = text; },
       .texts = [](const FitOptions& o) { return texts_of(o.split.time); },
       .told = Told::rows,
       .refusal = time_refusal},
  };
  return options;
}

}  // namespace runnel::fitting
