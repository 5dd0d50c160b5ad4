// The options that say which columns are features, and how.
#include <algorithm>

#include "data/list.h"
#include "fit/fit_option_parts.h"
#include "fit/fit_study.h"
#include "fit/prepared.h"

namespace runnel::fitting {
namespace {

constexpr std::string_view kGroup = "Columns";

std::string yes_no(bool value) { return value ? "yes" : "no"; }

template <std::vector<std::string> TriageOptions::*list>
std::optional<std::string> names_setting(const Searching& fit) {
  const std::vector<std::string>& names = fit.options.triage.*list;
  return names.empty() ? "none" : data::joined_list(names);
}

template <std::vector<std::string> TriageOptions::*list>
std::vector<std::string> names_texts(const FitOptions& o) {
  const std::vector<std::string>& names = o.triage.*list;
  return names.empty() ? std::vector<std::string>{} : std::vector<std::string>{data::joined_list(names)};
}

void add_names(const char* flag, const std::string& text, std::vector<std::string>& names) {
  for (std::string& name : data::names_in(flag, text)) names.push_back(std::move(name));
}

bool any_of(const Prepared& p, const std::vector<Role>& roles) {
  const auto& columns = p.preprocessor.decisions();
  return std::any_of(columns.begin(), columns.end(), [&](const ColumnDecision& column) {
    return std::find(roles.begin(), roles.end(), column.role) != roles.end();
  });
}

// What scaling and cutting are for: of two texts neither is a number.
bool has_numbers(const Prepared& p) {
  const auto& columns = p.preprocessor.decisions();
  return any_of(p, {Role::numeric, Role::date}) ||
         std::any_of(columns.begin(), columns.end(), [&](const ColumnDecision& decision) {
           const Column* column = p.w.table.find(decision.name);
           return decision.role == Role::boolean && column != nullptr && column->type == Column::Type::number;
         });
}

bool has_texts(const Prepared& p) {
  const auto& columns = p.w.table.columns;
  return any_of(p, {Role::categorical}) ||
         std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
           return column.type == Column::Type::text && column.name != p.w.target.column();
         });
}

std::string without_numbers(const Prepared& p, std::string_view flag) {
  if (has_numbers(p)) return "";
  return fmt::format("--{} does nothing: no feature is of a column of numbers", flag);
}

// What --raw says besides.
std::string said_by_raw(const FitOptions& o, std::string_view flag) {
  if (!is_given(o, "raw")) return "";
  return fmt::format("--raw says --{} as well; leave one of them out", flag);
}

std::string companions_refusal(const Asked& asked) {
  const FitOptions& o = asked.options;
  if (o.triage.standardize) return "";
  if (const std::string text = said_by_raw(o, "no-log-companions"); !text.empty()) return text;
  return "--no-log-companions leaves out what only standardised features have, and --no-standardize has "
         "none; "
         "leave one of them out";
}

std::string scale_refusal(const Asked& asked) {
  const FitOptions& o = asked.options;
  if (const std::string text = said_by_raw(o, "no-scale-target"); !text.empty()) return text;
  const bool classes = !o.target.positive.empty() || (o.target.task && *o.target.task != Task::regression);
  if (!classes) return "";
  return fmt::format(
      "--no-scale-target is for numbers, and {} makes classes of the target, which nothing scales; "
      "leave one of them out",
      o.target.positive.empty() ? fmt::format("--task {}", task_name(*o.target.task))
                                : std::string("--positive"));
}

std::string clip_refusal(const Asked& asked) {
  if (asked.options.triage.standardize) return "";
  return fmt::format(
      "--feature-clip cuts standardised features, and --{} leaves them as they are; leave one of "
      "them out",
      is_given(asked.options, "raw") ? "raw" : "no-standardize");
}

std::vector<FitOption> lists() {
  return {
      {.name = "keep",
       .group = kGroup,
       .value = "A,B",
       .what = "Columns never dropped; a name with a comma stands in double quotes",
       .repeats = true,
       .columns = true,
       .set = [](FitOptions& o, const std::string& text) { add_names("--keep", text, o.triage.keep); },
       .texts = names_texts<&TriageOptions::keep>,
       .told = Told::setting,
       .setting = {8, "keep", names_setting<&TriageOptions::keep>}},
      {.name = "drop",
       .group = kGroup,
       .value = "A,B",
       .what = "Columns always dropped",
       .repeats = true,
       .columns = true,
       .set = [](FitOptions& o, const std::string& text) { add_names("--drop", text, o.triage.drop); },
       .texts = names_texts<&TriageOptions::drop>,
       .told = Told::setting,
       .setting = {9, "drop", names_setting<&TriageOptions::drop>}},
      {.name = "numeric",
       .group = kGroup,
       .value = "A,B",
       .what = "Columns that are numbers, or an error",
       .repeats = true,
       .columns = true,
       .set = [](FitOptions& o, const std::string& text) { add_names("--numeric", text, o.triage.numeric); },
       .texts = names_texts<&TriageOptions::numeric>,
       .told = Told::setting,
       .setting = {10, "numeric", names_setting<&TriageOptions::numeric>}},
      {.name = "categorical",
       .group = kGroup,
       .value = "A,B",
       .what = "Columns that are categories, numbers too",
       .repeats = true,
       .columns = true,
       .set = [](FitOptions& o,
                 const std::string& text) { add_names("--categorical", text, o.triage.categorical); },
       .texts = names_texts<&TriageOptions::categorical>,
       .told = Told::setting,
       .setting = {11, "categorical", names_setting<&TriageOptions::categorical>}},
  };
}

std::vector<FitOption> features() {
  return {
      {.name = "max-levels",
       .group = kGroup,
       .value = "N",
       .what = "Features of a category; the rest is \"other\"",
       .flaw = whole<1>,
       .set = [](FitOptions& o,
                 const std::string& text) { o.triage.max_levels = whole_from<std::size_t>(text); },
       .texts = [](const FitOptions& o) { return text_of(o.triage.max_levels); },
       .told = Told::setting,
       .setting = {12, "max-levels",
                   [](const Searching& fit) {
                     return std::optional(std::to_string(fit.options.triage.max_levels));
                   }},
       .idle = [](const Prepared& p) -> std::string {
         return has_texts(p) ? "" : "--max-levels does nothing: no column is a category or a text";
       }},
      {.name = "feature-clip",
       .group = kGroup,
       .value = "N",
       .what = "Standardised features are cut to this size",
       .flaw = flaw_of_positive,
       .set = [](FitOptions& o, const std::string& text) { o.triage.clip = number_from(text); },
       .texts = [](const FitOptions& o) { return text_of(o.triage.clip); },
       .told = Told::setting,
       .setting = {14, "feature-clip",
                   [](const Searching& fit) {
                     return std::optional(fmt::format("{}", fit.options.triage.clip));
                   }},
       .refusal = clip_refusal,
       .idle =
           [](const Prepared& p) {
             return p.w.options.triage.standardize ? without_numbers(p, "feature-clip") : "";
           }},
  };
}

std::vector<FitOption> scales() {
  return {
      {.name = "raw",
       .group = kGroup,
       .value = "",
       .what = "Numbers as they are: all three of the following",
       .set =
           [](FitOptions& o, const std::string&) {
             o.triage.standardize = o.triage.log_companions = o.scale_target = false;
           },
       .texts =
           [](const FitOptions& o) {
             return flag_if(!o.triage.standardize && !o.triage.log_companions && !o.scale_target);
           },
       .told = Told::by_others,
       .idle =
           [](const Prepared& p) {
             return p.w.target.task() == Task::regression ? "" : without_numbers(p, "raw");
           }},
      {.name = "no-standardize",
       .group = kGroup,
       .value = "",
       .what = "Do not bring features to mean 0, deviation 1",
       .set = [](FitOptions& o, const std::string&) { o.triage.standardize = false; },
       .texts = [](const FitOptions& o) { return flag_if(!o.triage.standardize); },
       .told = Told::setting,
       .setting = {13, "standardize",
                   [](const Searching& fit) {
                     return std::optional(yes_no(fit.options.triage.standardize));
                   }},
       .refusal = [](const Asked& asked) { return said_by_raw(asked.options, "no-standardize"); },
       .idle = [](const Prepared& p) { return without_numbers(p, "no-standardize"); }},
      {.name = "no-log-companions",
       .group = kGroup,
       .value = "",
       .what = "No second, logarithmic feature for skewed numbers",
       .set = [](FitOptions& o, const std::string&) { o.triage.log_companions = false; },
       .texts = [](const FitOptions& o) { return flag_if(!o.triage.log_companions); },
       .told = Told::setting,
       .setting = {15, "log-companions",
                   [](const Searching& fit) {
                     return std::optional(yes_no(fit.options.triage.log_companions));
                   }},
       .refusal = companions_refusal,
       .idle =
           [](const Prepared& p) {
             return p.w.options.triage.standardize ? without_numbers(p, "no-log-companions") : "";
           }},
      {.name = "no-scale-target",
       .group = kGroup,
       .value = "",
       .what = "Train on the target's own scale",
       .set = [](FitOptions& o, const std::string&) { o.scale_target = false; },
       .texts = [](const FitOptions& o) { return flag_if(!o.scale_target); },
       .told = Told::setting,
       .setting = {16, "scale-target",
                   [](const Searching& fit) { return std::optional(yes_no(fit.options.scale_target)); }},
       .refusal = scale_refusal,
       .idle = [](const Prepared& p) -> std::string {
         const FitOptions& o = p.w.options;
         if (p.w.target.task() == Task::regression || !o.target.positive.empty() || o.target.task) return "";
         return fmt::format(
             "--no-scale-target does nothing: the target '{}' holds classes, which nothing scales",
             p.w.target.column());
       }},
  };
}

}  // namespace

const std::vector<FitOption>& column_options() {
  static const std::vector<FitOption> options = [] {
    std::vector<FitOption> all = lists();
    for (const auto& part : {features(), scales()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return options;
}

}  // namespace runnel::fitting
