#include "fit/fit_options.h"

#include <algorithm>

#include "core/fail.h"
#include "core/text.h"
#include "fit/fit_option_parts.h"
#include "fit/prepared.h"

namespace runnel::fitting {

std::string flaw_of_whole(const std::string& text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end == text.data() + text.size() && error != std::errc::invalid_argument;
  if (whole && (error == std::errc::result_out_of_range || value > most))
    return fmt::format("'{}' is more than {}", text, most);
  if (whole && value >= least) return "";
  return fmt::format("'{}' is not a whole number of at least {}", text, least);
}

std::string flaw_of_fraction(const std::string& text) {
  const auto value = to_number(text);
  if (value && *value >= 0 && *value < 1) return "";
  return fmt::format("'{}' is not a fraction from 0 to below 1", text);
}

std::string flaw_of_positive(const std::string& text) {
  const auto value = to_number(text);
  if (value && *value > 0) return "";
  return fmt::format("'{}' is not a number above 0", text);
}

double number_from(const std::string& text) { return to_number(text).value_or(0); }

const std::vector<const FitOption*>& fit_options() {
  static const std::vector<const FitOption*> all = [] {
    std::vector<const FitOption*> out;
    for (const auto* part : {&target_options(), &split_options(), &column_options(), &candidate_options(),
                             &training_options(), &study_options()})
      for (const FitOption& option : *part) out.push_back(&option);
    return out;
  }();
  return all;
}

const FitOption& fit_option(std::string_view name) {
  std::vector<std::string> names;
  for (const FitOption* option : fit_options()) {
    if (option->name == name) return *option;
    names.emplace_back(option->name);
  }
  fail("a fit has no option '{}'{}", name, suggestion(name, names));
}

void set_option(FitOptions& options, const FitOption& option, const std::string& text) {
  if (option.flaw != nullptr)
    if (const std::string flaw = option.flaw(text); !flaw.empty()) fail("--{}: {}", option.name, flaw);
  option.set(options, text);
  if (!is_given(options, option.name)) options.given.emplace_back(option.name);
}

bool is_given(const FitOptions& options, std::string_view name) {
  return std::find(options.given.begin(), options.given.end(), name) != options.given.end();
}

std::string usual_text(const FitOption& option) {
  if (!option.usual.empty()) return std::string(option.usual);
  const std::vector<std::string> texts = option.texts({});
  return texts.size() == 1 ? texts[0] : "";
}

namespace {

std::vector<std::string> refusals(const Asked& asked) {
  std::vector<std::string> out;
  for (const FitOption* option : fit_options())
    if (option->refusal != nullptr && is_given(asked.options, option->name))
      if (std::string text = option->refusal(asked); !text.empty()) out.push_back(std::move(text));
  return out;
}

}  // namespace

void refuse_idle(const Asked& asked) {
  if (asked.options.study.resume && !asked.options.study.file.empty()) return;
  if (const std::vector<std::string> all = refusals(asked); !all.empty()) fail("{}", all[0]);
}

std::vector<std::string> idle_warnings(const Prepared& prepared) {
  const FitOptions& options = prepared.w.options;
  std::vector<std::string> out = refusals({options, prepared.w.test_table != nullptr});
  for (const FitOption* option : fit_options())
    if (option->idle != nullptr && is_given(options, option->name))
      if (std::string text = option->idle(prepared); !text.empty()) out.push_back(std::move(text));
  return out;
}

std::vector<std::pair<int, std::pair<std::string, std::string>>> option_settings(const Searching& fit) {
  std::vector<std::pair<int, std::pair<std::string, std::string>>> out;
  for (const FitOption* option : fit_options()) {
    const Setting& setting = option->setting;
    if (setting.text == nullptr) continue;
    if (const auto text = setting.text(fit))
      out.push_back({setting.place, {std::string(setting.name), *text}});
  }
  return out;
}

}  // namespace runnel::fitting
