// The options that say which candidates there are, how long they are trained and who is retired.
#include <algorithm>

#include "core/fail.h"
#include "core/text.h"
#include "fit/fit_option_parts.h"
#include "fit/fit_study.h"
#include "fit/prepared.h"

namespace runnel::fitting {

std::optional<double> seconds_from(const std::string& text) {
  constexpr std::string_view units = "dhms";  // in this order
  constexpr double seconds_of[] = {86400, 3600, 60, 1};
  double total = 0;
  std::size_t begin = 0, next_unit = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find_first_not_of("0123456789.", begin);
    if (end == std::string::npos) return std::nullopt;
    const std::size_t unit = units.find(text[end], next_unit);
    const auto value = to_number(text.substr(begin, end - begin));
    if (unit == std::string_view::npos || !value) return std::nullopt;
    total += *value * seconds_of[unit];
    next_unit = unit + 1;
    begin = end + 1;
  }
  return total > 0 ? std::optional(total) : std::nullopt;
}

namespace {

using search::Scheduler;

constexpr std::string_view kGroup = "Search";

bool halves(Scheduler scheduler) {
  return scheduler == Scheduler::halving || scheduler == Scheduler::hyperband;
}

// --time was the name of --time-column once, and studies keep their commands.
void set_time(FitOptions& o, const std::string& text) {
  if (const auto seconds = seconds_from(text)) {
    if (o.seconds > 0) fail("--time {}: a time is given already; leave one of them out", text);
    o.seconds = *seconds;
    return;
  }
  const bool looks_like_one = text.empty() || (text[0] >= '0' && text[0] <= '9') || text[0] == '.';
  if (looks_like_one)
    fail("--time '{}': a time is given as 90s, 5m or 1h30m (rows are ordered by --time-column COLUMN)", text);
  if (!o.split.time.empty() && o.split.time != text)
    fail("--time {}: rows are ordered by one column, and {} is given already", text, o.split.time);
  o.split.time = text;
}

std::string sampler_text(const FitOptions& o) { return o.sampler; }

// Why nobody could be retired before the end of so many epochs; empty where somebody could.
std::string without_rungs(const search::Scheduling& s, std::int64_t most) {
  const std::int64_t latest = halves(s.scheduler) ? most / s.eta : most - 1;
  if (latest >= s.min_epochs) return "";
  std::string out =
      fmt::format("candidates train for at most {}", counted(static_cast<std::size_t>(most), "epoch"));
  if (halves(s.scheduler))
    out += fmt::format(" and the last rung before their end is after {} (eta {})", latest, s.eta);
  if (latest < 1) return out + "; give more epochs";
  return out + fmt::format("; give --min-epochs {} or less", latest);
}

std::string refusal_without_rungs(const Asked& asked) {
  const FitOptions& o = asked.options;
  if (o.scheduling.scheduler == Scheduler::full) return "";
  const auto most = most_epochs(o);
  return most ? without_rungs(o.scheduling, *most) : "";
}

std::string eta_refusal(const Asked& asked) {
  if (halves(asked.options.scheduling.scheduler)) return "";
  return "--eta says how many a rung keeps; give --scheduler halving or hyperband with it";
}

std::string min_epochs_refusal(const Asked& asked) {
  const search::Scheduling& s = asked.options.scheduling;
  if (s.scheduler == Scheduler::full)
    return "--min-epochs says when somebody may be retired; give --scheduler halving, hyperband or median "
           "with "
           "it";
  const std::string why = refusal_without_rungs(asked);
  return why.empty() ? "" : fmt::format("--min-epochs {}: nobody would be retired: {}", s.min_epochs, why);
}

std::string scheduler_refusal(const Asked& asked) {
  if (is_given(asked.options, "min-epochs")) return "";  // which says it
  const std::string why = refusal_without_rungs(asked);
  if (why.empty()) return "";
  return fmt::format("--scheduler {}: nobody would be retired: {}",
                     search::scheduler_name(asked.options.scheduling.scheduler), why);
}

// What only the default space, which is that of the table, shows; and searches of one training run.
std::string scheduler_idle(const Prepared& p) {
  const FitOptions& o = p.w.options;
  const Scheduler scheduler = o.scheduling.scheduler;
  if (scheduler == Scheduler::full || !p.search.given.empty()) return "";
  std::string why = most_epochs(o) ? "" : without_rungs(o.scheduling, most_epochs(p.search.space));
  if (p.search.draws->size(p.search.space) + std::ssize(p.search.tries) == 1) why = "there is one candidate";
  if (why.empty()) return "";
  return fmt::format("--scheduler {} retires nobody: {}", search::scheduler_name(scheduler), why);
}

std::vector<FitOption> spaces() {
  return {
      {.name = "grid",
       .group = kGroup,
       .value = "NAME=V1,V2",
       .what = "Values to try, as rate=0.001,0.01; repeat for every combination",
       .repeats = true,
       .set = [](FitOptions& o, const std::string& text) { o.grid.push_back(text); },
       .texts = [](const FitOptions& o) { return o.grid; },
       .told = Told::candidates,
       .left = always},
      {.name = "random",
       .group = kGroup,
       .value = "N",
       .what = "Draw N candidates instead",
       .flaw = whole<1>,
       .set = [](FitOptions& o, const std::string& text) { o.random = whole_from<std::int64_t>(text); },
       .texts = [](const FitOptions& o) { return texts_of(o.random > 0 ? std::to_string(o.random) : ""); },
       .told = Told::candidates,
       .left = always},
      {.name = "space",
       .group = kGroup,
       .value = "NAME=LOW..HIGH",
       .what =
           "What they are drawn from: rate=1e-4..1e-1, layers=1..3 with width=8..64, batch=32,128, or a TOML "
           "file (docs/search.md)",
       .repeats = true,
       .set = [](FitOptions& o, const std::string& text) { o.space.push_back(text); },
       .texts =
           [](const FitOptions& o) {
             std::vector<std::string> texts = o.space;
             if (!o.space_file.empty()) texts.push_back(o.space_file);
             return texts;
           },
       .told = Told::candidates,
       .left = always},
      {.name = "sampler",
       .group = kGroup,
       .value = "NAME",
       .what = "grid, random, sobol, which is spread more evenly, or tpe, which learns from earlier ones",
       .usual = "found",
       .set =
           [](FitOptions& o, const std::string& text) {
             models::sampler_from_name(text, 1);  // fails for another name
             o.sampler = text;
           },
       .texts = [](const FitOptions& o) { return texts_of(sampler_text(o)); },
       .told = Told::candidates,
       .left = always},
      {.name = "try",
       .group = kGroup,
       .value = "POINT",
       .what = "A known point, as rate=0.003,hidden=64, to begin with; or a file of them, one on each line",
       .repeats = true,
       .set = [](FitOptions& o, const std::string& text) { o.tries.push_back(text); },
       .texts = [](const FitOptions& o) { return o.tries; },
       .told = Told::candidates,
       .left = always},
  };
}

std::vector<FitOption> ends() {
  return {
      {.name = "scheduler",
       .group = kGroup,
       .value = "NAME",
       .what = "full, or who is retired early: halving, hyperband or median",
       .set = [](FitOptions& o,
                 const std::string& text) { o.scheduling.scheduler = search::scheduler_from_name(text); },
       .texts =
           [](const FitOptions& o) {
             return texts_of(std::string(search::scheduler_name(o.scheduling.scheduler)));
           },
       .told = Told::setting,
       .setting = {17, "scheduler",
                   [](const Searching& fit) {
                     return std::optional(
                         std::string(search::scheduler_name(fit.options.scheduling.scheduler)));
                   }},
       .left = always,
       .refusal = scheduler_refusal,
       .idle = scheduler_idle},
      {.name = "eta",
       .group = kGroup,
       .value = "N",
       .what = "Halving and hyperband: a rung keeps one candidate of N",
       .flaw = whole<2>,
       .set = [](FitOptions& o,
                 const std::string& text) { o.scheduling.eta = whole_from<std::int64_t>(text); },
       .texts = [](const FitOptions& o) { return text_of(o.scheduling.eta); },
       .told = Told::setting,
       .setting = {18, "eta",
                   [](const Searching& fit) -> std::optional<std::string> {
                     const search::Scheduling& s = fit.options.scheduling;
                     if (!halves(s.scheduler)) return std::nullopt;
                     return std::to_string(s.eta);
                   }},
       .left = always,
       .refusal = eta_refusal},
      {.name = "min-epochs",
       .group = kGroup,
       .value = "N",
       .what = "Before anybody is retired; median: also between looks",
       .flaw = whole<1>,
       .set = [](FitOptions& o,
                 const std::string& text) { o.scheduling.min_epochs = whole_from<std::int64_t>(text); },
       .texts = [](const FitOptions& o) { return text_of(o.scheduling.min_epochs); },
       .told = Told::setting,
       .setting = {19, "min-epochs",
                   [](const Searching& fit) -> std::optional<std::string> {
                     const search::Scheduling& s = fit.options.scheduling;
                     if (s.scheduler == Scheduler::full) return std::nullopt;
                     return std::to_string(s.min_epochs);
                   }},
       .left = always,
       .refusal = min_epochs_refusal},
      {.name = "time",
       .group = kGroup,
       .value = "TIME",
       .what = "End the search after this long, as 90s, 5m or 1h30m, and keep the best so far. Behind it "
               "come the "
               "training of a winner of folds on all rows, the linear baseline and the test",
       .repeats = true,
       .set = set_time,
       .texts =
           [](const FitOptions& o) { return texts_of(o.seconds > 0 ? fmt::format("{}s", o.seconds) : ""); },
       .told = Told::manner,
       .left = [](const std::string& text) { return seconds_from(text).has_value(); }},
  };
}

}  // namespace

const std::vector<FitOption>& candidate_options() {
  static const std::vector<FitOption> options = [] {
    std::vector<FitOption> all = spaces();
    const std::vector<FitOption> more = ends();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return options;
}

}  // namespace runnel::fitting
