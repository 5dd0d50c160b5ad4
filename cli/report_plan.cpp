// What --plan says, in words.
#include <unistd.h>

#include <algorithm>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "core/fail.h"
#include "core/text.h"

namespace runnel::cli {
namespace {

constexpr std::size_t shown_shapes = 12;

std::string count_text(std::int64_t n) { return grouped(static_cast<std::size_t>(n)); }
std::string counted(std::int64_t n, std::string_view noun) {
  return runnel::counted(static_cast<std::size_t>(n), noun);
}

std::string flops_text(double flops) {
  const char* names[] = {"", "k", "M", "G", "T", "P"};
  std::size_t i = 0;
  for (; flops >= 1000 && i + 1 < std::size(names); ++i) flops /= 1000;
  return fmt::format("{:.3g} {}flop", flops, names[i]);
}

// 0.4 ms is not "0.0 s".
std::string short_time(double seconds) {
  return seconds < 0.1 ? fmt::format("{:.3g} ms", 1000 * seconds) : duration_text(seconds);
}

std::string how_drawn(const Forecast& forecast) {
  switch (forecast.sampler) {
    case sweep::Sampler::grid:
      return "a grid";
    case sweep::Sampler::random:
      return "drawn at random";
    case sweep::Sampler::sobol:
      return "along a scrambled Sobol sequence";
  }
  return "";
}

std::string how_scheduled(const sweep::Scheduling& s) {
  std::string out(sweep::scheduler_name(s.scheduler));
  if (s.scheduler == sweep::Scheduler::full) return "all trained to their ends";
  if (s.scheduler != sweep::Scheduler::median) out += fmt::format(", eta {}", s.eta);
  return out + fmt::format(", from {}", counted(s.min_epochs, "epoch"));
}

// What changes the program by being there.
std::string with(const params::Configuration& c) {
  std::vector<std::string> parts;
  for (const char* name : {"dropout", "decay", "clip", "clip_value", "clip_example"})
    if (c[name].is_number()) parts.emplace_back(name);
  if (const std::string schedule = to_string(c["schedule"]); schedule != "constant")
    parts.push_back(schedule);
  if (const std::string averaging = to_string(c["averaging"]); averaging != "none")
    parts.push_back(averaging + " average");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string shapes_part(const Style& style, const sweep::Plan& plan) {
  Columns list;
  list.add({"hidden", "activation", "optimizer", "batch", "with", "lanes", "blocks", "steps", "flops"});
  for (std::size_t c : {3u, 5u, 6u, 7u, 8u}) list.align_right(c);
  for (std::size_t i = 0; i < std::min(shown_shapes, plan.shapes.size()); ++i) {
    const sweep::PlannedShape& s = plan.shapes[i];
    const auto field = [&](const char* name) { return to_string(s.example[name]); };
    list.add({field("hidden"), field("activation"), field("optimizer"), field("batch"), with(s.example),
              count_text(s.lanes * plan.folds), count_text(s.blocks), count_text(s.steps),
              flops_text(s.flops)});
  }
  std::string out = part(style, "shapes") + list.text(margin).substr(margin.size());
  if (plan.shapes.size() > shown_shapes)
    out += fmt::format("{}and {} more (--json lists all)\n", margin, plan.shapes.size() - shown_shapes);
  return out + fmt::format("{}steps and operations (flop) of one lane in one epoch\n", margin);
}

std::string stretches_part(const Style& style, const sweep::Plan& plan) {
  Columns list;
  list.add({"epochs", "lanes", "blocks", "steps", "flops", "time"});
  for (std::size_t c = 1; c < 6; ++c) list.align_right(c);
  for (const sweep::PlannedStretch& s : plan.stretches)
    list.add({fmt::format("{} to {}", s.begin + 1, s.end), count_text(s.lanes), count_text(s.blocks),
              count_text(s.steps), flops_text(s.flops), short_time(s.seconds)});
  return part(style, "work") + list.text(margin).substr(margin.size());
}

std::string time_part(const Style& style, const sweep::Plan& plan) {
  const auto shapes = std::ssize(plan.shapes);
  const std::string timed =
      plan.timed == shapes ? "from the first steps of each shape, timed on this machine"
                           : fmt::format(
                                 "from the first steps of the {} costliest shapes, timed on this machine; "
                                 "the others at their rate",
                                 plan.timed);
  return part(style, "time") + fmt::format("about {} on {}, {} of compiling among it; {}\n",
                                           short_time(plan.seconds), counted(plan.threads, "thread"),
                                           short_time(plan.compiling / plan.threads), timed);
}

}  // namespace

std::vector<std::string> rung_lines(const std::vector<sweep::Rung>& rungs, std::int64_t trajectories) {
  std::int64_t brackets = 0;
  for (const sweep::Rung& rung : rungs) brackets = std::max(brackets, rung.bracket + 1);
  std::vector<std::string> lines;
  for (std::int64_t b = 0; b < brackets; ++b) {
    std::string line;
    bool any = false;
    for (const sweep::Rung& rung : rungs) {
      if (rung.bracket != b) continue;
      if (line.empty()) {
        line = count_text(rung.entered);
        trajectories -= rung.entered;
      }
      if (rung.kept == rung.entered) continue;  // nobody was retired
      line += fmt::format(", {} after {}", count_text(rung.kept),
                          any ? count_text(rung.epochs) : counted(rung.epochs, "epoch"));
      any = true;
    }
    if (line.empty()) continue;
    if (!any) line += ", of whom nobody was retired";
    lines.push_back(brackets > 1 || trajectories > 0 ? fmt::format("bracket {}: {}", b + 1, line)
                                                     : "rungs: " + line);
  }
  // Hyperband's last bracket has no rungs.
  if (brackets > 0 && trajectories > 0)
    lines.push_back(fmt::format("bracket {}: {} to the end", brackets + 1, count_text(trajectories)));
  return lines;
}

std::string forecast_text(const Forecast& forecast, const FitOptions& options) {
  const Style style(STDOUT_FILENO);
  const sweep::Plan& plan = forecast.plan;
  std::string out = part(style, "plan");
  out += fmt::format("{}, {}; {}\n", counted(plan.candidates, "candidate"), how_drawn(forecast),
                     how_scheduled(options.scheduling));
  out += margin;
  if (plan.trajectories < plan.candidates)
    out += fmt::format("{}, for those that differ in epochs alone are one, ",
                       counted(plan.trajectories, "training run"));
  else
    out += fmt::format("{} ", counted(plan.trajectories, "training run"));
  out += fmt::format("on {}, {} of all lanes\n", counted(plan.folds, "fold"), counted(plan.epochs, "epoch"));
  for (const std::string& line : rung_lines(plan.rungs, plan.trajectories))
    out += fmt::format("{}{}\n", margin, line);
  out += shapes_part(style, plan) + stretches_part(style, plan) + time_part(style, plan);
  for (const std::string& warning : forecast.warnings)
    out += style.warning(fmt::format("{:<11}", "warning")) + warning + "\n";
  return out;
}

}  // namespace runnel::cli
