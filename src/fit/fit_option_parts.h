// The list of the fit's options, part by part, and what its rows are made with.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fit/fit_options.h"

namespace runnel::fitting {

const std::vector<FitOption>& target_options();
const std::vector<FitOption>& split_options();
const std::vector<FitOption>& column_options();
const std::vector<FitOption>& candidate_options();
const std::vector<FitOption>& training_options();
const std::vector<FitOption>& study_options();

// Why a text is no whole number in these limits, no fraction, no number above 0; empty where it is.
std::string flaw_of_whole(const std::string& text, std::uint64_t least,
                          std::uint64_t most = std::numeric_limits<std::int64_t>::max());
std::string flaw_of_fraction(const std::string& text);
std::string flaw_of_positive(const std::string& text);
template <std::uint64_t least, class T = std::int64_t>
std::string whole(const std::string& text) {
  return flaw_of_whole(text, least, std::numeric_limits<T>::max());
}

// A text that has no flaw.
template <class T>
T whole_from(const std::string& text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
double number_from(const std::string& text);

inline std::vector<std::string> texts_of(const std::string& text) {
  return text.empty() ? std::vector<std::string>{} : std::vector<std::string>{text};
}
template <class T>
std::vector<std::string> text_of(const T& value) {
  return {fmt::format("{}", value)};
}
inline std::vector<std::string> flag_if(bool on) {
  return on ? std::vector<std::string>{""} : std::vector<std::string>{};
}

inline bool always(const std::string&) { return true; }

}  // namespace runnel::fitting
