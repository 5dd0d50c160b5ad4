#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "core/fail.h"
#include "core/text.h"

namespace runnel::cli {
namespace {

constexpr std::size_t shown_candidates = 5, shown_columns = 40, shown_dropped = 20;

// ---- fit: the data
// -------------------------------------------------------------------------------------------

std::string data_part(const Style& style, const FitPlan& plan, const FitData& data) {
  std::string out =
      part(style, "data") + fmt::format("{}: {}, {}", data.table.source, counted(data.table.rows, "row"),
                                        counted(data.table.columns.size(), "column"));
  if (data.table.block) {
    out += fmt::format(" and '{}' of {} numbers a row", data.table.block->name, data.table.block->width());
  }
  out += "\n";
  if (data.test != nullptr) {
    out += fmt::format("{}{}: {} to test\n", margin, data.test->source, counted(data.test->rows, "row"));
  }
  for (const std::string& note : data.notes) out += fmt::format("{}{}\n", margin, note);
  const Target& target = plan.target;
  out += part(style, "target") +
         fmt::format("'{}', {}: {}", target.column(), task_name(target.task()), target.why());
  if (!target.classes().empty()) {
    const std::string names = fmt::format("{}", fmt::join(target.classes(), ", "));
    out += target.task() == Task::binary
               ? fmt::format("; the positive class is '{}'", shortened(target.classes().back()))
               : fmt::format("; {} classes: {}", target.classes().size(), shortened(names, 60));
  }
  return out + "\n";
}

std::string columns_part(const Style& style, const FitPlan& plan) {
  const std::vector<ColumnDecision>& columns = plan.columns;
  const auto of_role = [&](Role role) {
    return static_cast<std::size_t>(std::count_if(columns.begin(), columns.end(),
                                                  [&](const ColumnDecision& c) { return c.role == role; }));
  };
  const auto used = static_cast<std::size_t>(
      std::count_if(columns.begin(), columns.end(), [](const ColumnDecision& c) { return c.features > 0; }));
  std::string out = part(style, "columns") + fmt::format("{} used, as {}; {} dropped\n", grouped(used),
                                                         counted(plan.features, "feature"),
                                                         grouped(of_role(Role::dropped)));
  const bool all = columns.size() <= shown_columns;
  Columns list;
  std::size_t shown = 0, hidden = 0;
  for (const ColumnDecision& column : columns) {
    if (!all && (column.role != Role::dropped || shown == shown_dropped)) {
      ++hidden;
      continue;
    }
    ++shown;
    list.add({shortened(column.name, 28), std::string(role_name(column.role)), column.why});
  }
  out += list.text(margin);
  if (hidden > 0) out += fmt::format("{}and {} more (--json lists all)\n", margin, grouped(hidden));
  return out;
}

std::string rows_part(const Style& style, const FitPlan& plan) {
  const Split& split = plan.split;
  std::string out = part(style, "rows");
  if (plan.folds > 0) {
    out += fmt::format("{} for {} folds", grouped(split.train.size() + split.validation.size()), plan.folds);
  } else {
    out += fmt::format("{} train, {} choose", grouped(split.train.size()), grouped(split.validation.size()));
  }
  return out + fmt::format(", {} test; {}\n", grouped(plan.test_rows), split.how);
}

// ---- fit: the search
// -----------------------------------------------------------------------------------------

std::vector<const search::Candidate*> ranked(const FitResult& result) {
  std::vector<const search::Candidate*> out;
  for (const search::Candidate& outcome : result.search.candidates) {
    const bool judged = outcome.status == search::Status::interrupted && outcome.best_epoch > 0;
    if (outcome.status == search::Status::done || judged) out.push_back(&outcome);
  }
  const bool higher = models::higher_is_better(result.metric);
  std::stable_sort(out.begin(), out.end(), [&](const auto* a, const auto* b) {
    const double one = models::metric_of(*a), other = models::metric_of(*b);
    if (one != other) return higher == (one > other);
    return models::loss_of(*a) < models::loss_of(*b);
  });
  // The winner stands first also where others reached the same.
  const auto at =
      std::find_if(out.begin(), out.end(), [&](const auto* o) { return o->number == result.best; });
  if (at != out.end()) std::rotate(out.begin(), at, at + 1);
  return out;
}

// Hyperparameters that differ among the candidates, and those that are the same for all.
struct Fields {
  std::vector<std::string> varied, same;
};

Fields fields_of(const models::Result& search) {
  Fields out;
  for (const params::Parameter& p : models::network_schema()->parameters()) {
    std::set<std::string> values;  // of those in which it takes part
    bool worth_telling = false;
    for (const search::Candidate& outcome : search.candidates) {
      const params::Value& value = outcome.configuration[p.name];
      if (!value.is_nothing()) values.insert(to_string(value));
      worth_telling = worth_telling || params::is_worth_telling(p, value);
    }
    if (values.size() > 1)
      out.varied.push_back(p.name);
    else if (worth_telling)
      out.same.push_back(p.name);
  }
  return out;
}

std::string search_part(const Style& style, const FitResult& result) {
  const models::Result& search = result.search;
  std::string out = part(style, "search");
  out +=
      fmt::format("{} in {}, {}", counted(search.candidates.size(), "candidate"),
                  counted(static_cast<std::size_t>(search.blocks), "block"), duration_text(search.seconds));
  const auto diverged =
      std::count_if(search.candidates.begin(), search.candidates.end(),
                    [](const search::Candidate& o) { return o.status == search::Status::diverged; });
  if (diverged > 0) out += fmt::format("; {} diverged", diverged);
  const auto retired = std::count_if(search.candidates.begin(), search.candidates.end(),
                                     [](const auto& o) { return o.status == search::Status::retired; });
  if (retired > 0)
    out += fmt::format("; {} retired before their ends", grouped(static_cast<std::size_t>(retired)));
  out += "\n";
  for (const std::string& line : rung_lines(search.rungs, search.interrupted ? 0 : search.trajectories))
    out += fmt::format("{}{}\n", margin, line);

  const Fields fields = fields_of(search);
  const std::vector<const search::Candidate*> best = ranked(result);
  Columns table;
  const bool stopped = std::any_of(best.begin(), best.end(), [](const search::Candidate* o) {
    return o->status == search::Status::interrupted;
  });
  std::vector<std::string> head = {"candidate", std::string(models::metric_name(result.metric))};
  if (stopped) head.emplace_back("after epochs");
  for (const std::string& name : fields.varied) head.push_back(name);
  for (std::size_t c = 0; c < 2; ++c) table.align_right(c);
  table.add(head);
  for (std::size_t i = 0, shown = 0; i < best.size() && shown < shown_candidates; ++i) {
    const auto repeats = [&](const auto* other) { return other->configuration == best[i]->configuration; };
    if (std::any_of(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(i), repeats)) continue;
    ++shown;
    std::vector<std::string> row = {fmt::format("{}", best[i]->number),
                                    number_text(result.metric, models::metric_of(*best[i]))};
    if (stopped)
      row.push_back(fmt::format("{} of {}", best[i]->epochs, models::epochs_of(best[i]->configuration)));
    for (const std::string& name : fields.varied) row.push_back(to_string(best[i]->configuration[name]));
    table.add(row);
  }
  out += table.text(margin);
  std::string same;
  for (const std::string& name : fields.same)
    for (const search::Candidate& c : search.candidates) {
      const params::Value& value = c.configuration[name];
      if (value.is_nothing()) continue;  // of the first in which it takes part
      same += fmt::format("{}{} {}", same.empty() ? "" : ", ", name, to_string(value));
      break;
    }
  if (!same.empty()) {
    out += fmt::format("{}{}{}\n", margin, search.candidates.size() > 1 ? "all: " : "", same);
  }
  const search::Candidate& winner = search.candidates.at(static_cast<std::size_t>(result.best));
  if (models::patience_of(winner.configuration) > 0 && winner.status != search::Status::interrupted) {
    out += fmt::format("{}{} was best after {} of {} epochs{}\n", margin, winner.number,
                       fmt::format("{:.4g}", winner.best_epoch), models::epochs_of(winner.configuration),
                       result.folds > 0 ? " (the mean of the folds); trained so long on all rows" : "");
  }
  if (const std::string text = on_its_way_text(result); !text.empty())
    out += fmt::format("{}{}\n", margin, text);
  if (!search.tried.empty())
    out += fmt::format("{}{} known before (--try): {}\n", margin,
                       search.tried.size() == 1 ? "a candidate was" : "candidates were",
                       shortened(fmt::format("{}", fmt::join(search.tried, ", ")), 60));
  if (const std::int64_t fresh = std::ssize(search.candidates) - search.known; search.known > 0 && fresh > 0)
    out +=
        fmt::format("{}{} of the study, and {} more from {} on\n", margin, search.known, fresh, search.known);
  if (!result.model.others.empty()) {
    const bool candidates = result.members.size() > 1;
    out +=
        fmt::format("{}the model is the average of {} networks: {}\n", margin, 1 + result.model.others.size(),
                    candidates ? fmt::format("candidates {}", fmt::join(result.members, ", "))
                               : fmt::format("candidate {} under as many seeds", result.best));
  }
  return out;
}

// ---- fit: the result
// -----------------------------------------------------------------------------------------

std::string test_part(const Style& style, const FitReport& report) {
  const FitResult& result = report.result;
  const Score& test = result.test;
  if (test.rows == 0) return part(style, "test") + "no rows to test on\n";
  const auto text_of = [&](models::Metric metric, double value) {  // r2 of one row
    return test.rows == 1 && std::isnan(value) ? "undefined" : number_text(metric, value);
  };
  const auto text = [&](double value) { return text_of(result.metric, value); };
  std::string out = part(style, "test") +
                    style.strong(fmt::format("{} {}", models::metric_name(result.metric), text(test.value)));
  out += fmt::format(" ({})", interval_text(result.metric, test));
  for (const auto& [name, value] : result.also) {
    out += fmt::format(", {} {}", name, text_of(models::metric_from_name(name), value));
  }
  if (!result.model.others.empty()) {
    out += fmt::format("\n{}the best of its networks alone {} ({} to {})", margin, text(result.single.value),
                       text(result.single.low), text(result.single.high));
  }
  return out + fmt::format("\n{}the best constant {}, the best linear model {}\n", margin,
                           text(result.constant_baseline), text(result.linear_baseline));
}

std::string bytes_text(double n) {
  return n < 1e6 ? fmt::format("{:.1f} kB", n / 1e3) : fmt::format("{:.1f} MB", n / 1e6);
}

std::string number_or_nothing(double value) {
  return std::isfinite(value) ? fmt::format("{:.4g}", value + 0.0) : "";  // 0 for -0
}

std::string top_text(const ColumnSummary& column) {
  if (std::isfinite(column.mean) && column.distinct > 20) return "";
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, column.top.size()); ++i) {
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", shortened(column.top[i].first, 16),
                       grouped(column.top[i].second));
  }
  return out;
}

std::string milliseconds(double seconds) { return fmt::format("{:.1f} ms", 1e3 * seconds); }

}  // namespace

std::string stopped_text(const FitResult& result) {
  if (result.ended == SearchEnd::whole) return "";
  const std::vector<search::Candidate>& all = result.search.candidates;
  const auto on_their_way = std::count_if(all.begin(), all.end(), [](const search::Candidate& o) {
    return o.status == search::Status::interrupted;
  });
  const auto judged = std::count_if(all.begin(), all.end(), [](const search::Candidate& o) {
    return o.status == search::Status::interrupted && o.best_epoch > 0;
  });
  // Those that were retired had come as far as they were to come.
  std::string out = fmt::format("{}: {} of {} candidates finished",
                                result.ended == SearchEnd::stopped ? "stopped" : "the time was over",
                                std::ssize(all) - on_their_way, all.size());
  if (judged > 0) out += fmt::format(", {} judged on {} way", judged, judged == 1 ? "its" : "their");
  if (on_their_way > judged) out += fmt::format(", {} without a reading", on_their_way - judged);
  return out + "; the model is the best of these";
}

std::string on_its_way_text(const FitResult& result) {
  const search::Candidate& winner = result.search.candidates.at(static_cast<std::size_t>(result.best));
  if (winner.status != search::Status::interrupted) return "";
  return fmt::format("candidate {} was on its way, after {} of {}{}", winner.number, winner.epochs,
                     counted(static_cast<std::size_t>(models::epochs_of(winner.configuration)), "epoch"),
                     result.folds == 0 ? ""
                     : result.model.stopped_after
                         ? fmt::format("; trained for {} on all rows", result.model.stopped_after)
                         : "; trained for all of them on all rows");
}

std::string number_text(models::Metric metric, double value) {
  return number_text(models::metric_name(metric), value);
}

std::string number_text(std::string_view metric, double value) {
  if (!std::isfinite(value)) return "-";
  const bool share = metric == models::metric_name(models::Metric::accuracy) ||
                     metric == models::metric_name(models::Metric::r2);
  if (share) return fmt::format("{:.4f}", value);
  return std::abs(value) >= 1000 && std::abs(value) < 1e9 ? fmt::format("{:.0f}", value)
                                                          : fmt::format("{:.4g}", value);
}

// "95% interval 0.7 to 0.9, 40 rows"; of one row there is no interval.
std::string interval_text(models::Metric metric, const Score& score) {
  const std::string rows = counted(score.rows, "row");
  if (score.rows < 2 || !std::isfinite(score.low) || !std::isfinite(score.high)) return rows;
  return fmt::format("95% interval {} to {}, {}", number_text(metric, score.low),
                     number_text(metric, score.high), rows);
}

std::string fit_plan_text(const FitPlan& plan, const FitData& data) {
  const Style style(STDOUT_FILENO);
  return data_part(style, plan, data) + columns_part(style, plan) + rows_part(style, plan);
}

std::vector<std::pair<std::string, double>> phases_of(const Timings& t) {
  return {{"reading", t.reading},           {"preparing", t.fit.preparing}, {"searching", t.fit.searching},
          {"retraining", t.fit.retraining}, {"doubting", t.fit.doubting},   {"baselines", t.fit.baselines},
          {"testing", t.fit.testing},       {"saving", t.saving},           {"total", t.total}};
}

std::string timings_text(const Timings& timings) {
  const Style style(STDERR_FILENO);
  Columns list;
  list.align_right(1);
  for (const auto& [name, seconds] : phases_of(timings)) list.add({name, milliseconds(seconds)});
  const std::string text = list.text(margin);
  const CompileStatistics& compiling = timings.compiling;
  return part(style, "timings") + text.substr(margin.size()) +
         fmt::format("{}compiling {} took {} of these, the longest {} (threads add up)\n", margin,
                     counted(static_cast<std::size_t>(compiling.programs), "program"),
                     milliseconds(compiling.seconds), milliseconds(compiling.longest));
}

std::string fit_search_text(const FitResult& result) { return search_part(Style(STDOUT_FILENO), result); }

std::string fit_text(const FitReport& report, bool quiet) {
  const Style style(STDOUT_FILENO);
  std::string out = test_part(style, report);
  out += warnings_part(style, report.result.warnings);
  if (report.result.ended != SearchEnd::whole) out += warnings_part(style, {stopped_text(report.result)});
  if (const std::string& file = report.options.study.file; !file.empty() && !quiet)
    out += part(style, "study") + (report.result.ended != SearchEnd::whole
                                       ? file + ": the same command with --resume goes on with it\n"
                                       : fmt::format("runnel study show {}\n", shell_quoted(file)));
  const bool saved = !report.model_path.empty();
  if (saved) out += part(style, "model") + report.model_path + "\n";
  if (saved && !report.kept_model.empty())
    out += fmt::format("{}{} stays as it was, for the search was stopped\n", margin, report.kept_model);
  if (!quiet && !report.page.empty()) out += part(style, "report") + report.page + "\n";
  if (!quiet && saved)
    out += fmt::format("{}runnel predict {} NEW_DATA\n", part(style, "predict"),
                       shell_quoted(report.model_path));
  return out;
}

std::string score_text(const ScoreReport& report, bool quiet) {
  const auto metric = report.model.metric;
  std::string out = fmt::format("{} {} ({})\n", models::metric_name(metric),
                                number_text(metric, report.score.value), interval_text(metric, report.score));
  if (quiet) return out;
  for (const auto& [name, value] : report.also) {
    out += fmt::format("{} {}\n", name, number_text(name, value));
  }
  return out;
}

std::string table_text(const Table& table, const std::vector<ColumnSummary>& columns) {
  std::string out = fmt::format("{}: {}, {}\n", table.source, counted(table.rows, "row"),
                                counted(columns.size(), "column"));
  for (const std::string& note : table.notes) out += note + "\n";
  if (!table.usual_target.empty()) out += fmt::format("the usual target is '{}'\n", table.usual_target);
  if (table.block && table.block->shape.size() > 1) {
    out += fmt::format("'{}' is {} in each row\n", table.block->name, fmt::join(table.block->shape, " x "));
  }
  Columns list;
  list.add({"column", "type", "missing", "distinct", "min", "mean", "max", "read as", "most frequent"});
  for (std::size_t c = 2; c < 7; ++c) list.align_right(c);
  for (const ColumnSummary& column : columns) {
    const bool block = table.block && column.name == table.block->name;  // whose values are not counted
    const bool date = !column.first.empty();
    list.add({shortened(column.name, 28), column.type, grouped(column.missing),
              block ? "" : grouped(column.distinct), date ? column.first : number_or_nothing(column.min),
              number_or_nothing(column.mean), date ? column.last : number_or_nothing(column.max), column.read,
              top_text(column)});
  }
  out += "\n" + list.text();
  const Style style(STDOUT_FILENO);
  std::string doubts;
  for (const std::string& warning : table.warnings)
    doubts += fmt::format("{} {}\n", style.warning("look at"), warning);
  for (const ColumnSummary& column : columns) {
    for (const std::string& suspicion : column.suspicions) {
      doubts += fmt::format("{} {}: {}\n", style.warning("look at"), shortened(column.name), suspicion);
    }
  }
  return doubts.empty() ? out : out + "\n" + doubts;
}

std::string model_text(const Model& model, const std::string& path) {
  const Style style(STDOUT_FILENO);
  const Json json = model_json(model, path);
  const auto parameters = json["parameters"].get<std::int64_t>();
  const DType dtype = nn::dtype_of(model.network);
  std::string out = fmt::format("{}: a Runnel model (version {})\n", path, model.version);
  out +=
      part(style, "target") + fmt::format("'{}', {}", model.target.column(), task_name(model.target.task()));
  if (!model.target.classes().empty()) {
    out += fmt::format("; classes {}",
                       shortened(fmt::format("{}", fmt::join(model.target.classes(), ", ")), 70));
  }
  out += fmt::format("\n{}{} parameters of {}, {}\n", part(style, "network"),
                     grouped(static_cast<std::size_t>(parameters)), name_of(dtype),
                     bytes_text(static_cast<double>(parameters) * static_cast<double>(size_of(dtype))));
  if (!model.others.empty())
    out += fmt::format("{}{} networks, whose predictions are averaged; the first:\n", margin,
                       1 + model.others.size());
  for (const std::string& line : nn::lines_of(model.network, models::activation_of(model.configuration)))
    out += fmt::format("{}{}\n", margin, line);
  std::string hyper;
  for (const params::Parameter& p : models::network_schema()->parameters()) {
    const params::Value& value = model.configuration[p.name];
    if (!params::is_worth_telling(p, value)) continue;
    hyper += fmt::format("{}{} {}", hyper.empty() ? "" : ", ", p.name, to_string(value));
  }
  out += part(style, "trained") + hyper + "\n";
  if (model.stopped_after > 0)
    out += fmt::format("{}for {} of these epochs: its search was stopped\n", margin, model.stopped_after);
  out += fmt::format("{}loss {}, chosen by {}\n", margin, models::loss_name(model.loss),
                     models::metric_name(model.metric));
  Columns columns;
  for (const ColumnDecision& column : model.preprocessor.decisions()) {
    columns.add({shortened(column.name, 28), std::string(role_name(column.role)), column.read,
                 column.features > 0 ? counted(column.features, "feature") : "", column.why});
  }
  out += fmt::format("{}{} of {}\n", part(style, "reads"),
                     counted(model.preprocessor.features().size(), "feature"),
                     counted(model.preprocessor.needed_columns().size(), "column"));
  out += columns.text(margin);
  const Json& made = json["provenance"];
  if (!made.is_object()) return out;
  const auto text = [](const Json& value) {
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  Columns provenance;
  for (const auto& [key, value] : made.items()) provenance.add({key, shortened(text(value), 200)});
  const std::string list = provenance.text(margin);
  return out + part(style, "made by") + list.substr(std::min(margin.size(), list.size()));
}

}  // namespace runnel::cli
