#include "cli/report_study.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <set>

#include "cli/output.h"
#include "cli/progress.h"
#include "core/fail.h"
#include "core/text.h"

namespace runnel::cli {
namespace {

using study::Candidate;
using study::Status;
using study::Study;

constexpr std::size_t shown_candidates = 5, shown_epochs = 10;

const Candidate& at(const Study& study, std::int64_t index) {
  return study.candidates[static_cast<std::size_t>(index)];
}

std::string metric_text(const Study& study, double value) {
  return number_text(study.description.metric, value);
}

// What decides where the metric is equal: the loss of a fit, the second measure of any other search, if it
// has one.
std::string second_of(const study::Description& d) { return d.more.empty() ? "loss" : d.loss; }

std::string loss_text(double value) { return std::isfinite(value) ? fmt::format("{:.4g}", value) : "-"; }

// As in the reports of `fit`: options that few ask for are told only where they are not as usual.
bool worth_telling(const std::string& name, std::string_view text) {
  for (const params::Parameter& p : models::network_schema()->parameters())
    if (p.name == name) return !p.is_rare || to_string(*p.standard) != text;
  return true;
}

// Hyperparameters that differ among the candidates, and those that are the same for all, in their order.
struct Names {
  std::vector<std::string> varied, same;
};

Names names_of(const Study& study) {
  Names out;
  if (study.candidates.empty()) return out;
  for (const Candidate::Value& value : study.candidates[0].hyper) {
    std::set<std::string_view> values;  // of those in which it takes part
    for (const Candidate& c : study.candidates)
      if (const std::string_view text = c.value(value.name); !text.empty()) values.insert(text);
    if (values.size() > 1)
      out.varied.push_back(value.name);
    else if (values.size() == 1 && worth_telling(value.name, *values.begin()))
      out.same.push_back(value.name);
  }
  return out;
}

std::string hyper_text(const Candidate& candidate, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    if (const std::string_view value = candidate.value(name); !value.empty())
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, value);
  return out;
}

// "7 of 30" where the epochs are searched and patience or a rung ended it before.
std::string epochs_text(const Candidate& c, bool searched) {
  const std::string made = fmt::format("{}", c.epochs);
  const std::string_view planned = c.value("epochs");
  return searched && !planned.empty() && planned != made ? fmt::format("{} of {}", made, planned) : made;
}

// "30 done, 2 diverged"
std::string statuses_text(const Study& study) {
  std::string out;
  for (const auto& [status, n] : statuses_of(study))
    if (n > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, status);
  return out;
}

std::int64_t finished(const Study& study) {
  return study.count(Status::done) + study.count(Status::retired) + study.count(Status::diverged);
}

// "2026-03-01 14:05 UTC"
std::string time_text(double since_1970) {
  const auto seconds = static_cast<std::time_t>(since_1970);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

std::string began_text(const Study& study) {
  return study.runs.empty() ? "" : time_text(study.runs[0].began);
}

std::string ordinal(std::size_t n) {
  const char* tail = n % 100 / 10 == 1 ? "th"
                     : n % 10 == 1     ? "st"
                     : n % 10 == 2     ? "nd"
                     : n % 10 == 3     ? "rd"
                                       : "th";
  return fmt::format("{}{}", n, tail);
}

// ---- order ---------------------------------------------------------------------------------------------

int group_of(Status status) {
  switch (status) {
    case Status::done:
      return 0;
    case Status::retired:
      return 1;
    case Status::interrupted:
      return 2;
    case Status::diverged:
      return 3;
    case Status::waiting:
      return 4;
  }
  return 5;
}

// Ascending, numbers before what is none.
bool number_before(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

// Numbers by value, before texts by their letters.
bool text_before(std::string_view a, std::string_view b) {
  const auto x = to_number(a), y = to_number(b);
  if (x && y) return *x < *y;
  return x || y ? x.has_value() : a < b;
}

// ---- parts of `study show` -----------------------------------------------------------------------------

std::string head_part(const Style& style, const StudyReport& report) {
  const Study& study = report.study;
  const study::Description& d = study.description;
  std::string out = part(style, "study");
  out += fmt::format("{}: {}; {}: {}\n", report.path, report.state,
                     counted(study.candidates.size(), "candidate"), statuses_text(study));
  out += fmt::format("{}begun {}, {} in {}, Runnel {}\n", margin, began_text(study),
                     duration_text(seconds_of(study)), counted(study.runs.size(), "run"), d.version);
  out += part(style, "data") + d.source + "\n";
  out += part(style, "command") + shortened(d.command, 200) + "\n";
  out += part(style, "chosen by");
  out += fmt::format("{} on {}, {}seed {}\n", d.metric,
                     d.folds > 1 ? fmt::format("{} folds", d.folds) : "validation rows",
                     d.loss.empty()   ? ""
                     : d.more.empty() ? fmt::format("loss {}, ", d.loss)
                                      : fmt::format("then {}, ", d.loss),
                     d.seed);
  return out;
}

// "bracket 1: 32 -> 11 after 3 epochs, 11 -> 4 after 9 epochs"
std::string rungs_part(const Style& style, const Study& study) {
  std::map<std::int64_t, std::string> brackets;
  for (const study::Rung& rung : study.rungs) {
    std::string& line = brackets[rung.bracket];
    line += fmt::format("{}{} -> {} after {}", line.empty() ? "" : ", ", rung.entered, rung.kept,
                        counted(static_cast<std::size_t>(rung.epochs), "epoch"));
  }
  std::string out;
  for (const auto& [bracket, line] : brackets) {
    out += out.empty() ? part(style, "rungs") : std::string(margin);
    out += (brackets.size() > 1 ? fmt::format("bracket {}: ", bracket + 1) : "") + line + "\n";
  }
  return out;
}

// "rank 2: 3, 4, 5, …": what they were, or are, training.
std::string under_way_part(const Style& style, const Study& study) {
  std::string out;
  for (const auto& [rank, candidates] : study.under_way) {
    out += out.empty() ? part(style, "under way") : std::string(margin);
    out += under_way_text(rank, candidates) + "\n";
  }
  return out;
}

// Candidates in training, the best first.
std::vector<std::int64_t> in_training(const Study& study) {
  std::vector<std::int64_t> out;
  for (const Candidate& c : study.candidates)
    if (c.is_under_way()) out.push_back(c.index);
  const double sign = study::higher_is_better(study.description) ? -1 : 1;
  std::stable_sort(out.begin(), out.end(), [&](std::int64_t a, std::int64_t b) {
    return number_before(sign * at(study, a).metric, sign * at(study, b).metric);
  });
  return out;
}

// Those under way and what they have come to, the best so far of all, and how fast it goes.
std::string training_part(const Style& style, const Study& study) {
  std::vector<std::int64_t> now = in_training(study);
  if (now.empty()) return "";
  const std::vector<std::int64_t> ended = study.ranked();
  const bool higher = study::higher_is_better(study.description);
  const Candidate& first = at(study, now[0]);
  const bool leads =
      !std::isnan(first.metric) && (ended.empty() || (higher ? first.metric > at(study, ended[0]).metric
                                                             : first.metric < at(study, ended[0]).metric));
  std::string out = part(style, "under way") + counted(now.size(), "candidate");
  if (leads)
    out += fmt::format("; the best so far is {}, with {} {}", first.index, study.description.metric,
                       metric_text(study, first.metric));
  out += "\n";
  Columns table;
  for (std::size_t c = 0; c < 3; ++c) table.align_right(c);
  table.add({"candidate", study.description.metric, "epochs so far"});
  if (now.size() > shown_candidates) now.resize(shown_candidates);
  for (const std::int64_t i : now) {
    const Candidate& c = at(study, i);
    const std::string_view planned = c.value("epochs");
    table.add({fmt::format("{}", i), metric_text(study, c.metric),
               planned.empty() ? fmt::format("{}", c.epochs) : fmt::format("{} of {}", c.epochs, planned)});
  }
  out += table.text(margin);
  const double seconds = seconds_of(study);
  if (seconds > 0)
    out += part(style, "pace") +
           fmt::format("{:.3g} epochs a second: {} in {}, of all candidates{} together\n",
                       static_cast<double>(study.trained) / seconds,
                       grouped(static_cast<std::size_t>(study.trained)), duration_text(seconds),
                       study.description.folds > 1 ? " and folds" : "");
  return out;
}

std::string timings_part(const Style& style, const Study& study) {
  std::string line;
  for (const auto& [name, seconds] : study.timings)
    line += fmt::format("{}{} {:.2f} s", line.empty() ? "" : ", ", name, seconds);
  return line.empty() ? "" : part(style, "timings") + line + "\n";
}

std::string and_second(const Study& study, double value) {
  const std::string second = second_of(study.description);
  return second.empty() ? "" : fmt::format(", {} {}", second, loss_text(value));
}

std::string curves_part(const Style& style, const Study& study, const Candidate& candidate) {
  std::string out;
  for (const study::Reading& reading : candidate.readings) {
    out += part(style, out.empty() ? "curve" : "");
    if (study.description.folds > 1) {
      out += fmt::format("fold {}: {} {}{}\n", reading.fold + 1, study.description.metric,
                         metric_text(study, reading.metric), and_second(study, reading.loss));
      out += margin;
    }
    // So many to a line; the line begins with the first one's epoch.
    Columns lines;
    for (std::size_t i = 0; i < reading.curve.size(); i += shown_epochs) {
      std::vector<std::string> row{fmt::format("epoch {}", i + 1)};
      for (std::size_t k = i; k < std::min(i + shown_epochs, reading.curve.size()); ++k)
        row.push_back(metric_text(study, reading.curve[k]));
      lines.add(row);
    }
    for (std::size_t c = 0; c <= shown_epochs; ++c) lines.align_right(c);
    const std::string text = lines.text(margin);
    out += text.substr(std::min(margin.size(), text.size()));
  }
  return out;
}

// ---- CSV -----------------------------------------------------------------------------------------------

std::string cell(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

}  // namespace

std::string_view status_text(const Candidate& c) {
  return c.is_under_way() ? "under way" : study::status_name(c.status);
}

// How many there are of each, in this order.
std::vector<std::pair<std::string, std::int64_t>> statuses_of(const Study& study) {
  std::vector<std::pair<std::string, std::int64_t>> out;
  for (const Status status : {Status::done, Status::retired, Status::diverged, Status::interrupted})
    out.emplace_back(study::status_name(status), study.count(status));
  const auto under_way = std::count_if(study.candidates.begin(), study.candidates.end(),
                                       [](const Candidate& c) { return c.is_under_way(); });
  out.emplace_back("under way", under_way);
  out.emplace_back(study::status_name(Status::waiting), study.count(Status::waiting) - under_way);
  return out;
}

double seconds_of(const Study& study) {
  double seconds = 0;
  for (const study::Run& run : study.runs) seconds += run.seconds;
  return seconds;
}

std::string under_way_text(std::int64_t rank, const std::vector<std::int64_t>& candidates) {
  return fmt::format("rank {}: {} ({})", rank, counted(candidates.size(), "candidate"),
                     shortened(fmt::format("{}", fmt::join(candidates, ", ")), 80));
}

std::vector<std::string> sort_names(const Study& study) {
  std::vector<std::string> names{"candidate", "metric", "loss", "epochs", "status"};
  if (study.candidates.empty()) return names;
  for (const Candidate::Value& value : study.candidates[0].hyper)
    // The epochs that were trained, rather than those that were planned.
    if (value.name != "epochs") names.push_back(value.name);
  return names;
}

std::vector<std::int64_t> sorted_candidates(const Study& study, const std::string& name) {
  const std::vector<std::string> names = sort_names(study);
  if (std::find(names.begin(), names.end(), name) == names.end())
    fail("--sort {}: candidates cannot be sorted by that{}", name, suggestion(name, names));
  std::vector<std::int64_t> out;
  for (const Candidate& c : study.candidates) out.push_back(c.index);
  const bool higher = study::higher_is_better(study.description);
  std::stable_sort(out.begin(), out.end(), [&](std::int64_t i, std::int64_t j) {
    const Candidate &a = at(study, i), &b = at(study, j);
    if (name == "candidate") return i < j;
    if (name == "loss") return number_before(a.loss, b.loss);
    if (name == "epochs") return a.epochs < b.epochs;
    if (name != "metric" && name != "status") return text_before(a.value(name), b.value(name));
    if (group_of(a.status) != group_of(b.status)) return group_of(a.status) < group_of(b.status);
    return name == "metric" && number_before(higher ? -a.metric : a.metric, higher ? -b.metric : b.metric);
  });
  return out;
}

std::string studies_text(const std::vector<StudyReport>& reports) {
  Columns table;
  table.add({"study", "state", "candidates", "best", "begun", "data"});
  table.align_right(2);
  for (const StudyReport& report : reports) {
    const Study& study = report.study;
    const auto ranked = study.ranked();
    table.add({report.path, report.state, fmt::format("{}/{}", finished(study), study.candidates.size()),
               fmt::format("{} {}", study.description.metric,
                           ranked.empty() ? "-" : metric_text(study, at(study, ranked[0]).metric)),
               began_text(study), shortened(study.description.source)});
  }
  return table.text();
}

std::string candidates_text(const Study& study, const std::vector<std::int64_t>& which,
                            std::string_view indent) {
  const Names names = names_of(study);
  Columns table;
  const std::string second = second_of(study.description);
  std::vector<std::string> head{"candidate", study.description.metric, second, "epochs"};
  if (second.empty()) head.erase(head.begin() + 2);
  // Searched epochs stand with those that were made.
  std::vector<std::string> varied;
  for (const std::string& name : names.varied)
    if (name != "epochs") varied.push_back(name);
  head.insert(head.end(), varied.begin(), varied.end());
  const bool all_done = std::all_of(which.begin(), which.end(),
                                    [&](std::int64_t i) { return at(study, i).status == Status::done; });
  if (!all_done) head.emplace_back("status");
  for (std::size_t c = 0; c < (second.empty() ? 3 : 4); ++c) table.align_right(c);
  table.add(head);
  for (const std::int64_t i : which) {
    const Candidate& c = at(study, i);
    std::vector<std::string> row{fmt::format("{}", i), metric_text(study, c.metric), loss_text(c.loss),
                                 epochs_text(c, std::ssize(varied) < std::ssize(names.varied))};
    if (second.empty()) row.erase(row.begin() + 2);
    for (const std::string& name : varied) row.emplace_back(c.value(name).empty() ? "-" : c.value(name));
    if (!all_done) row.emplace_back(status_text(c));
    table.add(row);
  }
  std::string out = table.text(indent);
  std::vector<std::string> same;
  for (const std::string& name : names.same)
    if (name != "epochs") same.push_back(name);
  if (!which.empty() && !same.empty())
    out += fmt::format("{}{}{}\n", indent, study.candidates.size() > 1 ? "all: " : "",
                       hyper_text(at(study, which[0]), same));
  return out;
}

std::string study_text(const StudyReport& report) {
  const Style style(STDOUT_FILENO);
  const Study& study = report.study;
  std::string out = head_part(style, report);
  std::vector<std::int64_t> best = study.ranked();
  if (best.size() > shown_candidates) best.resize(shown_candidates);
  if (!best.empty()) out += part(style, "best") + candidates_text(study, best, margin).substr(margin.size());
  out += training_part(style, study);
  out += rungs_part(style, study);
  out += under_way_part(style, study);
  out += timings_part(style, study);
  out += warnings_part(style, study.warnings);
  return out;
}

std::string candidate_text(const StudyReport& report, std::int64_t index) {
  const Style style(STDOUT_FILENO);
  const Study& study = report.study;
  const Candidate& c = at(study, index);
  const auto ranked = study.ranked();
  const auto rank = std::find(ranked.begin(), ranked.end(), index);
  std::string out = part(style, "candidate");
  out += fmt::format("{} of {}: {}", index, report.path, status_text(c));
  if (rank != ranked.end())
    out += fmt::format(
        ", the {}best of {}",
        rank == ranked.begin() ? "" : ordinal(static_cast<std::size_t>(rank - ranked.begin()) + 1) + " ",
        ranked.size());
  std::vector<std::string> names;
  for (const Candidate::Value& value : c.hyper)
    if (value.active && worth_telling(value.name, value.text)) names.push_back(value.name);
  out += fmt::format("\n{}{}\n", margin, hyper_text(c, names));
  if (!std::isnan(c.metric) || !std::isnan(c.loss))
    out +=
        fmt::format("{}{}{}, after {}\n", part(style, study.description.metric), metric_text(study, c.metric),
                    and_second(study, c.loss), counted(static_cast<std::size_t>(c.epochs), "epoch"));
  return out + curves_part(style, study, c);
}

std::string candidates_csv(const Study& study, const std::vector<std::int64_t>& which) {
  // Of another search than a fit the measures have their names.
  const study::Description& d = study.description;
  const std::string measures = d.more.empty()
                                   ? "validation,validation_loss"
                                   : cell(d.metric) + "," + (d.loss.empty() ? "second" : cell(d.loss));
  std::string out = "index,status," + measures + ",epochs_done";
  if (study.candidates.empty()) return out + "\n";
  for (const Candidate::Value& value : study.candidates[0].hyper) out += "," + cell(value.name);
  out += "\n";
  for (const std::int64_t i : which) {
    const Candidate& c = at(study, i);
    out +=
        fmt::format("{},{},{},{},{}", i, status_text(c), csv_number(c.metric), csv_number(c.loss), c.epochs);
    for (const Candidate::Value& value : study.candidates[0].hyper) out += "," + cell(c.value(value.name));
    out += "\n";
  }
  return out;
}

}  // namespace runnel::cli
