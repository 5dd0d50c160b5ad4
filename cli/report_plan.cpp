// What --plan says, in words.
#include <unistd.h>

#include <algorithm>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "core/fail.h"
#include "core/text.h"
#include "search/settings.h"

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
  if (forecast.sampler == "grid") return "a grid";
  if (forecast.sampler == "random") return "drawn at random";
  if (forecast.sampler == "sobol") return "along a scrambled Sobol sequence";
  return fmt::format("chosen by {} from what earlier ones came to", forecast.sampler);
}

std::string how_scheduled(const search::Scheduling& s) {
  std::string out(search::scheduler_name(s.scheduler));
  if (s.scheduler == search::Scheduler::full) return "all trained to their ends";
  if (s.scheduler != search::Scheduler::median) out += fmt::format(", eta {}", s.eta);
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

std::string shapes_part(const Style& style, const search::Plan& plan) {
  Columns list;
  list.add({"hidden", "activation", "optimizer", "batch", "with", "lanes", "blocks", "steps", "flops"});
  for (std::size_t c : {3u, 5u, 6u, 7u, 8u}) list.align_right(c);
  const std::vector<search::PlannedProgram> shapes = shapes_of(plan);
  for (std::size_t i = 0; i < std::min(shown_shapes, shapes.size()); ++i) {
    const search::PlannedProgram& s = shapes[i];
    const auto field = [&](const char* name) { return to_string(s.example[name]); };
    list.add({field("hidden"), field("activation"), field("optimizer"), field("batch"), with(s.example),
              count_text(s.lanes), count_text(s.blocks), count_text(s.steps), flops_text(s.operations)});
  }
  std::string out = part(style, "shapes") + list.text(margin).substr(margin.size());
  if (shapes.size() > shown_shapes)
    out += fmt::format("{}and {} more (--json lists all)\n", margin, shapes.size() - shown_shapes);
  return out + fmt::format("{}steps and operations (flop) of one lane in one epoch\n", margin);
}

std::string stretches_part(const Style& style, const search::Plan& plan) {
  Columns list;
  list.add({"epochs", "lanes", "blocks", "steps", "flops", "time"});
  for (std::size_t c = 1; c < 6; ++c) list.align_right(c);
  for (const search::PlannedStretch& s : plan.stretches)
    list.add({fmt::format("{} to {}", s.begin + 1, s.end), count_text(s.lanes), count_text(s.blocks),
              count_text(s.steps), flops_text(s.operations), short_time(s.seconds)});
  return part(style, "work") + list.text(margin).substr(margin.size());
}

std::string time_part(const Style& style, const search::Plan& plan) {
  const auto shapes = std::ssize(shapes_of(plan));
  const std::string timed =
      std::min<std::int64_t>(plan.timed, shapes) == shapes
          ? "from the first steps of each shape, timed on this machine"
          : fmt::format(
                "from the first steps of the {} costliest shapes, timed on this machine; "
                "the others at their rate",
                plan.timed);
  return part(style, "time") + fmt::format("about {} on {}, {} of compiling among it; {}\n",
                                           short_time(plan.seconds), counted(plan.threads, "thread"),
                                           short_time(plan.compiling / plan.threads), timed);
}

}  // namespace

// Folds of other numbers of rows have programs of their own, and are told as one.
std::vector<search::PlannedProgram> shapes_of(const search::Plan& plan) {
  std::vector<search::PlannedProgram> shapes;
  for (const search::PlannedProgram& p : plan.programs) {
    const auto same = std::find_if(shapes.begin(), shapes.end(), [&](const search::PlannedProgram& s) {
      return search::fixed_key(s.example) == search::fixed_key(p.example);
    });
    if (same == shapes.end()) {
      shapes.push_back(p);
      continue;
    }
    same->lanes += p.lanes;
    same->blocks += p.blocks;
    same->steps = std::max(same->steps, p.steps);
    same->operations = std::max(same->operations, p.operations);
    same->seconds = std::max(same->seconds, p.seconds);
  }
  return shapes;
}

std::vector<std::string> rung_lines(const std::vector<search::Rung>& rungs, std::int64_t trajectories) {
  std::int64_t brackets = 0;
  for (const search::Rung& rung : rungs) brackets = std::max(brackets, rung.bracket + 1);
  std::vector<std::string> lines;
  for (std::int64_t b = 0; b < brackets; ++b) {
    std::string line;
    bool any = false;
    for (const search::Rung& rung : rungs) {
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

const search::Rung* first_rung(const std::vector<search::Rung>& rungs) {
  const auto first = std::min_element(rungs.begin(), rungs.end(), [](const auto& a, const auto& b) {
    const bool retires_a = a.kept < a.entered, retires_b = b.kept < b.entered;
    return retires_a != retires_b ? retires_a : a.epochs < b.epochs;
  });
  return first == rungs.end() || first->kept == first->entered ? nullptr : &*first;
}

namespace {

// Which rung comes first and after which epoch; nothing where all are trained to their ends.
std::string first_rung_line(const search::Scheduling& s, const std::vector<search::Rung>& rungs) {
  if (s.scheduler == search::Scheduler::full) return "";
  if (s.scheduler == search::Scheduler::median)
    return fmt::format("first look after {}: who is behind the median is retired",
                       counted(s.min_epochs, "epoch"));
  const search::Rung* first = first_rung(rungs);
  if (first == nullptr) return "no rung retires anybody: all are trained to their ends";
  const bool one = s.scheduler == search::Scheduler::halving;
  return fmt::format("first rung after {}{}: {} of {} go on", counted(first->epochs, "epoch"),
                     one ? "" : fmt::format(", of bracket {}", first->bracket + 1), count_text(first->kept),
                     count_text(first->entered));
}

}  // namespace

std::string forecast_text(const Forecast& forecast, const FitOptions& options) {
  const Style style(STDOUT_FILENO);
  const search::Plan& plan = forecast.plan;
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
  if (const std::string line = first_rung_line(options.scheduling, plan.rungs); !line.empty())
    out += fmt::format("{}{}\n", margin, line);
  out += shapes_part(style, plan) + stretches_part(style, plan) + time_part(style, plan);
  if (options.seconds > 0 && options.seconds < plan.seconds)
    out += fmt::format("{}--time ends the search after {} of it\n", margin, short_time(options.seconds));
  for (const std::string& warning : forecast.warnings)
    out += style.warning(fmt::format("{:<11}", "warning")) + warning + "\n";
  return out;
}

}  // namespace runnel::cli
