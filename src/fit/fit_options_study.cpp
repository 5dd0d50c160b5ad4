// The options of the file that keeps a search.
#include "fit/fit_option_parts.h"

namespace runnel::fitting {
namespace {

constexpr std::string_view kGroup = "Study";

std::string no_study(const Asked& asked, const char* text) {
  return asked.options.study.file.empty() ? text : "";
}

}  // namespace

const std::vector<FitOption>& study_options() {
  static const std::vector<FitOption> options = {
      {.name = "study",
       .group = kGroup,
       .value = "FILE",
       .what = "Keep the search in this file: it outlives a crash, and tells all",
       .set = [](FitOptions& o, const std::string& text) { o.study.file = text; },
       .texts = [](const FitOptions& o) { return texts_of(o.study.file); },
       .told = Told::manner,
       .left = always},
      {.name = "resume",
       .group = kGroup,
       .value = "",
       .what = "Go on with the study, to the result of an undisturbed search",
       .set = [](FitOptions& o, const std::string&) { o.study.resume = true; },
       .texts = [](const FitOptions& o) { return flag_if(o.study.resume); },
       .told = Told::manner,
       .left = always,
       .refusal =
           [](const Asked& asked) {
             return no_study(asked, "--resume goes on with a study; name it by --study FILE");
           }},
      {.name = "study-every",
       .group = kGroup,
       .value = "N",
       .what = "Seconds between states that are kept, at least",
       .flaw = whole<0>,
       .set =
           [](FitOptions& o, const std::string& text) {
             o.study.every = static_cast<double>(whole_from<std::uint64_t>(text));
           },
       .texts = [](const FitOptions& o) { return text_of(o.study.every); },
       .told = Told::manner,
       .left = always,
       .refusal =
           [](const Asked& asked) {
             return no_study(
                 asked, "--study-every says how often a study is written; name its file by --study FILE");
           }},
      {.name = "tensorboard",
       .group = kGroup,
       .value = "DIR",
       .what = "Write event files here when the search has ended",
       .set = [](FitOptions& o, const std::string& text) { o.study.tensorboard = text; },
       .texts = [](const FitOptions& o) { return texts_of(o.study.tensorboard); },
       .told = Told::manner,
       .left = always,
       .refusal =
           [](const Asked& asked) {
             return no_study(asked, "--tensorboard is written from a study; name its file by --study FILE");
           }},
  };
  return options;
}

}  // namespace runnel::fitting
