#include "cli/options.h"
#include <algorithm>

#include <charconv>
#include <cstdint>
#include <filesystem>

#include "cli/points.h"
#include "core/fail.h"
#include "core/text.h"
#include "data/list.h"
#include "data/readers.h"

namespace runnel::cli {

CLI::Validator whole_number(std::uint64_t least) {
  return {[least](std::string& text) -> std::string {
            std::uint64_t value = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (error == std::errc() && end == text.data() + text.size() && value >= least) return "";
            return fmt::format("'{}' is not a whole number of at least {}", text, least);
          },
          ""};
}

namespace {

// ---- checks of values, with our words
// ----------------------------------------------------------------------

CLI::Validator fraction() {
  return {[](std::string& text) -> std::string {
            const auto value = to_number(text);
            if (value && *value >= 0 && *value < 1) return "";
            return fmt::format("'{}' is not a fraction from 0 to below 1", text);
          },
          ""};
}

CLI::Validator positive_number() {
  return {[](std::string& text) -> std::string {
            const auto value = to_number(text);
            if (value && *value > 0) return "";
            return fmt::format("'{}' is not a number above 0", text);
          },
          ""};
}

// An option that takes one value at a time and may be repeated.
CLI::Option* add_repeatable(CLI::App& app, const std::string& flag, std::vector<std::string>& values,
                            const std::string& what) {
  return app.add_option(flag, values, what)->allow_extra_args(false);
}

template <class T>
CLI::Option* add_checked(CLI::App& app, const std::string& flag, T& value, const std::string& what,
                         const CLI::Validator& check) {
  return app.add_option(flag, value, what)->check(check)->type_name("N");
}

char separator_from(const std::string& text) {
  const std::pair<std::string_view, char> names[] = {{"tab", '\t'},      {"\\t", '\t'}, {"comma", ','},
                                                     {"semicolon", ';'}, {"pipe", '|'}, {"space", ' '}};
  for (const auto& [name, separator] : names) {
    if (text == name) return separator;
  }
  if (text.size() == 1 && text != "\"" && text != "\n") return text[0];
  fail("--separator '{}': give one character, or tab, comma, semicolon, pipe, space", text);
}

// "comma", or of one column "price=comma": its name, empty for all, and what the word stands for.
template <class T>
std::vector<std::pair<std::string, T>> column_words(const std::string& flag,
                                                    const std::vector<std::string>& texts,
                                                    const std::vector<std::pair<std::string, T>>& words) {
  std::vector<std::pair<std::string, T>> out;
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  for (const std::string& text : texts) {
    const auto at = text.rfind('=');
    const std::string word = at == std::string::npos ? text : text.substr(at + 1);
    const auto known =
        std::find_if(words.begin(), words.end(), [&](const auto& entry) { return entry.first == word; });
    if (known == words.end()) fail("{} {}: there is no '{}'{}", flag, text, word, suggestion(word, names));
    std::string name = at == std::string::npos ? "" : text.substr(0, at);
    if (name.starts_with('"')) name = data::split_list(name).at(0);  // as in the flags that take lists
    out.emplace_back(std::move(name), known->second);
  }
  return out;
}

// ---- parts of the fit options
// ------------------------------------------------------------------------------

void add_target_options(CLI::App& app, FitArguments& fit) {
  TargetOptions& target = fit.options.target;
  app.add_option("--target", target.column, "Column to predict (generated tables and images know theirs)")
      ->type_name("COLUMN")
      ->group("Target");
  app.add_option("--task", fit.task, "regression, binary or multiclass (found from the target)")
      ->type_name("TASK")
      ->group("Target");
  app.add_option("--positive", target.positive, "Make a binary target: '>50', '<=2', '==yes', '!=no'")
      ->type_name("EXPR")
      ->group("Target");
  add_checked(app, "--max-classes", target.max_classes, "More classes than this are an error (100)",
              whole_number(2))
      ->group("Target");
}

void add_split_options(CLI::App& app, FitArguments& fit) {
  SplitOptions& split = fit.options.split;
  const std::string group = "Split";
  add_checked(app, "--test-fraction", split.test, "Share of the rows that tests the winner (0.2)", fraction())
      ->group(group);
  add_checked(app, "--validation", split.validation, "Share of the rows that chooses among candidates (0.2)",
              fraction())
      ->group(group);
  add_checked(
      app, "--folds", fit.options.folds,
      "Choose by K-fold cross-validation; 0 does not (5 for fewer than 2000 rows, or as many as there "
      "are groups; else 0)",
      whole_number(0))
      ->group(group);
  app.add_option("--split", fit.split, "random or stratified (stratified for classes)")
      ->type_name("KIND")
      ->group(group);
  app.add_option("--group", split.group, "Rows that agree in this column stay on one side of every split")
      ->type_name("COLUMN")
      ->group(group);
  app.add_option("--time-column", split.time, "Order rows by this column: the last ones test")
      ->type_name("COLUMN")
      ->group(group);
}

void add_column_options(CLI::App& app, FitArguments& fit) {
  TriageOptions& triage = fit.options.triage;
  const std::string group = "Columns";
  add_column_lists(app, fit.columns, group);
  add_checked(app, "--max-levels", triage.max_levels, "Features of a category; the rest is \"other\" (32)",
              whole_number(1))
      ->group(group);
  add_checked(app, "--feature-clip", triage.clip, "Standardised features are cut to this size (10)",
              positive_number())
      ->group(group);
  app.add_flag("--raw", fit.raw, "Numbers as they are: all three of the following")->group(group);
  app.add_flag("--no-standardize", fit.no_standardize, "Do not bring features to mean 0, deviation 1")
      ->group(group);
  app.add_flag("--no-log-companions", fit.no_log_companions,
               "No second, logarithmic feature for skewed numbers")
      ->group(group);
  app.add_flag("--no-scale-target", fit.no_scale_target, "Train on the target's own scale")->group(group);
}

void add_search_options(CLI::App& app, FitArguments& fit) {
  const std::string group = "Search";
  add_repeatable(app, "--grid", fit.options.grid,
                 "Values to try, as rate=0.001,0.01; repeat for every combination")
      ->type_name("NAME=V1,V2")
      ->group(group);
  add_checked(app, "--random", fit.options.random, "Draw N candidates instead", whole_number(1))
      ->group(group);
  add_repeatable(
      app, "--space", fit.options.space,
      "What they are drawn from: rate=1e-4..1e-1, layers=1..3 with width=8..64, batch=32,128, or a TOML "
      "file (docs/search.md)")
      ->type_name("NAME=LOW..HIGH")
      ->group(group);
  app.add_option("--sampler", fit.sampler, "grid, random or sobol, which is spread more evenly (found)")
      ->type_name("NAME")
      ->group(group);
  app.add_option("--scheduler", fit.scheduler,
                 "full, or who is retired early: halving, hyperband or median (full)")
      ->type_name("NAME")
      ->group(group);
  add_repeatable(app, "--try", fit.tries,
                 "A known point, as rate=0.003,hidden=64, to begin with; or a file of them, one on each line")
      ->type_name("POINT")
      ->group(group);
  add_repeatable(
      app, "--time", fit.times,
      "End the search after this long, as 90s, 5m or 1h30m, and keep the best so far. Behind it come the "
      "training of a winner of folds on all rows, the linear baseline and the test")
      ->type_name("TIME")
      ->group(group);
  add_checked(app, "--eta", fit.eta, "Halving and hyperband: a rung keeps one candidate of N (3)",
              whole_number(2))
      ->group(group);
  add_checked(app, "--min-epochs", fit.min_epochs,
              "Before anybody is retired; median: also between looks (1)", whole_number(1))
      ->group(group);
  app.add_option("--loss", fit.loss, "squared, half-squared, absolute, huber, logistic or softmax")
      ->type_name("LOSS")
      ->group(group);
  app.add_option(
         "--weight", fit.options.weight,
         "Column of what training rows weigh in the loss: numbers of at least 0; not a feature. Rows of "
         "weight 0 are left out")
      ->type_name("COLUMN")
      ->group(group);
  app.add_option("--class-weight", fit.class_weight,
                 "What classes weigh in the loss: balanced, none, or yes=3,no=1 (none); names in quotes as "
                 "for --keep")
      ->type_name("WEIGHTS")
      ->group(group);
  add_checked(app, "--ensemble", fit.options.ensemble,
              "The model is the average of the best K networks (5 of the default space, else 1)",
              whole_number(1))
      ->group(group);
  app.add_option("--ensemble-of", fit.ensemble_of, "candidates, or seeds: of the best candidate (candidates)")
      ->type_name("WHAT")
      ->group(group);
  add_checked(app, "--noise-seeds", fit.options.noise_seeds,
              "Further seeds the winner is trained under, to tell choice from chance (3 with folds, else 0)",
              whole_number(0))
      ->group(group);
  app.add_option("--metric", fit.metric, "What chooses: r2, rmse, mae, accuracy or log_loss")
      ->type_name("METRIC")
      ->group(group);
  app.add_flag("--f64", fit.options.f64, "Train in double precision")->group(group);
  add_checked(app, "--seed", fit.options.seed, "Of the split, the order of rows and the initial weights (0)",
              whole_number(0))
      ->group(group);
  add_checked(app, "--threads", fit.options.threads, "Threads to use (as many as there are cores)",
              whole_number(1))
      ->group(group);
}

// --seed is the run's; a candidate's own seed can still be searched with --grid seed=0,1,2.
bool has_flag(const params::Parameter& p) { return p.role != params::Role::seed; }

// "clip_value" is --clip-value.
std::string flag_of(const params::Parameter& p) {
  std::string flag = "--" + p.name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

void add_hyper_options(CLI::App& app, FitArguments& fit) {
  const auto& all = sweep::network_schema()->parameters();
  fit.hyper.resize(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!has_flag(all[i])) continue;
    const bool numeric = all[i].kind == params::Kind::real || all[i].kind == params::Kind::integer;
    app.add_option(all[i].name == "rate" ? "--rate,--lr" : flag_of(all[i]), fit.hyper[i],
                   fmt::format("{} ({})", all[i].meaning, to_string(*all[i].standard)))
        ->type_name(numeric ? "X" : "VALUE")
        ->group("One value for all candidates");
  }
}

void set_hyper(FitArguments& fit) {
  const auto& all = sweep::network_schema()->parameters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string &text = fit.hyper[i], name = all[i].name;
    if (text.empty()) continue;
    if (name == "hidden" && text.find(',') != std::string::npos)
      fail(
          "--hidden '{}': widths are joined with x, as in 64x64; try several networks with --grid "
          "hidden=64,64x64",
          text);
    const bool is_range = text.find("..") != std::string::npos;
    if (text.find(',') != std::string::npos || is_range) {
      fail("{} '{}': one value goes here; try several with {} {}={}", flag_of(all[i]), text,
           is_range ? "--random N --space" : "--grid", name, text);
    }
    try {
      fit.options.set[name] = params::read(all[i], text);
    } catch (const Error& e) {
      fail("{}: {}", flag_of(all[i]), e.what());
    }
  }
}

// What all candidates have but what a point says.
params::Configuration base_of(const FitOptions& options) {
  params::Configuration base(sweep::network_schema());
  for (const auto& [name, value] : options.set) base.set(name, value);
  return base;
}

// How many candidates there are, and whence.
void check_draws(const FitOptions& options) {
  const bool space = !options.space.empty() || !options.space_file.empty();
  if (!options.grid.empty() && options.random > 0)
    fail("--grid and --random do not go together; give one of them");
  if (!options.grid.empty() && space) fail("--grid and --space do not go together; give one of them");
  if (options.sampler == sweep::Sampler::grid && options.random > 0)
    fail("--sampler grid counts through the space, and --random draws from it; give one of them");
  if (options.random > 0 || options.scheduling.scheduler == sweep::Scheduler::hyperband) return;
  if (options.sampler && *options.sampler != sweep::Sampler::grid)
    fail("--sampler {} needs --random N, the number of candidates to draw",
         sweep::sampler_name(*options.sampler));
  if (!options.space.empty() && !options.sampler)
    fail("--space needs --random N, the number of candidates to draw");
}

// Parameters that are sound one by one, together.
void check_space(const FitOptions& options) {
  params::Space space(sweep::network_schema());
  for (const auto& [name, value] : options.set) space.set(name, value);
  for (const auto* texts : {&options.grid, &options.space})
    for (const std::string& text : *texts) space.vary(text);
  if (!options.space_file.empty())
    params::read_space(space, options.space_file, data::read_bytes(options.space_file));
  space.expect_sound();
}

// --space FILE, as against --space name=…
void take_space_file(FitOptions& options) {
  std::vector<std::string> texts;
  for (std::string& text : options.space) {
    if (text.find('=') != std::string::npos && !text.ends_with(".toml")) {
      texts.push_back(std::move(text));
      continue;
    }
    if (!options.space_file.empty())
      fail("--space: {} and {} are two files; put the parameters into one", options.space_file, text);
    options.space_file = std::move(text);
  }
  options.space = std::move(texts);
  if (std::error_code error; options.space_file.empty() || std::filesystem::exists(options.space_file, error))
    return;
  fail("--space {}: there is no such file (a parameter is given as name=low..high or name=value,value)",
       options.space_file);
}

void set_scheduling(const FitArguments& fit, FitOptions& out) {
  if (!fit.sampler.empty()) out.sampler = sweep::sampler_from_name(fit.sampler);
  if (!fit.scheduler.empty()) out.scheduling.scheduler = sweep::scheduler_from_name(fit.scheduler);
  const sweep::Scheduler scheduler = out.scheduling.scheduler;
  const bool halves = scheduler == sweep::Scheduler::halving || scheduler == sweep::Scheduler::hyperband;
  if (fit.eta && !halves)
    fail("--eta says how many a rung keeps; give --scheduler halving or hyperband with it");
  if (fit.min_epochs && scheduler == sweep::Scheduler::full)
    fail(
        "--min-epochs says when somebody may be retired; give --scheduler halving, hyperband or median with "
        "it");
  out.scheduling.eta = fit.eta.value_or(out.scheduling.eta);
  out.scheduling.min_epochs = fit.min_epochs.value_or(out.scheduling.min_epochs);
}

void check_search(const FitOptions& options) {
  const auto checked = [](const char* flag, const std::string& text, auto parse) {
    try {
      parse(text);
    } catch (const Error& e) {
      fail("{} {}: {}", flag, text, e.what());
    }
  };
  for (const std::string& text : options.grid) {
    if (text.find("..") != std::string::npos && text.find(':') == std::string::npos) {
      fail(
          "--grid {}: a range is drawn from, not counted through; give --random N --space {}, or list the "
          "values",
          text, text);
    }
    checked("--grid", text, [](const std::string& t) { params::Space(sweep::network_schema()).vary(t); });
  }
  for (const std::string& text : options.space) {
    checked("--space", text, [](const std::string& t) { params::Space(sweep::network_schema()).vary(t); });
  }
  check_draws(options);
  check_space(options);
}

// --time was the name of --time-column once, and studies keep their commands.
void set_time(const FitArguments& fit, FitOptions& out) {
  for (const std::string& text : fit.times) {
    if (const auto seconds = seconds_from(text)) {
      if (out.seconds > 0) fail("--time {}: a time is given already; leave one of them out", text);
      out.seconds = *seconds;
      continue;
    }
    const bool looks_like_one = text.empty() || (text[0] >= '0' && text[0] <= '9') || text[0] == '.';
    if (looks_like_one)
      fail("--time '{}': a time is given as 90s, 5m or 1h30m (rows are ordered by --time-column COLUMN)",
           text);
    if (!out.split.time.empty() && out.split.time != text)
      fail("--time {}: rows are ordered by one column, and {} is given already", text, out.split.time);
    out.split.time = text;
  }
}

SplitKind split_kind(const std::string& text) {
  if (text.empty()) return SplitKind::automatic;
  if (text == "random") return SplitKind::random;
  if (text == "stratified") return SplitKind::stratified;
  fail("--split: there is no kind '{}'{}", text, suggestion(text, {"random", "stratified"}));
}

void set_weights_and_ensemble(FitArguments& fit) {
  FitOptions& out = fit.options;
  if (!fit.class_weight.empty()) {
    try {
      out.class_weights = class_weights_from(fit.class_weight);
    } catch (const Error& e) {
      fail("--class-weight: {}", e.what());
    }
  }
  if (fit.ensemble_of.empty()) return;
  if (fit.ensemble_of != "candidates" && fit.ensemble_of != "seeds")
    fail("--ensemble-of: an ensemble is of candidates or of seeds, not of '{}'{}", fit.ensemble_of,
         suggestion(fit.ensemble_of, {"candidates", "seeds"}));
  if (out.ensemble <= 1) fail("--ensemble-of needs --ensemble K, the number of networks");
  out.ensemble_of_seeds = fit.ensemble_of == "seeds";
}

}  // namespace

void add_manner(CLI::App& app, Manner& manner) {
  app.add_flag("--json", manner.json, "Print one JSON object");
  app.add_flag("--quiet,-q", manner.quiet, "No progress, no notes, the shortest output");
}

void add_read_options(CLI::App& app, ReadArguments& read) {
  const std::string group = "Reading";
  app.add_option("--separator", read.separator,
                 "Of columns: one character, tab, or space for any number of them (found)")
      ->type_name("C")
      ->group(group);
  app.add_flag("--header", read.header, "The first line holds names, though they look like numbers")
      ->group(group);
  app.add_flag("--no-header", read.no_header, "No names: columns are column1, column2, ...")->group(group);
  add_checked(app, "--skip-rows", read.options.skip_rows, "Lines at the top that are not part of the table",
              whole_number(0))
      ->group(group);
  app.add_option("--encoding", read.options.encoding,
                 "Of a text file, as windows-1251 (found: UTF-8, UTF-16, and cells in Windows-1252)")
      ->type_name("NAME")
      ->group(group);
  add_missing_options(app, read.missing, group);
  add_text_list(app, read.text, group);
  add_repeatable(app, "--decimal", read.decimal, "The decimal mark of numbers: point or comma (found)")
      ->type_name("[COLUMN=]MARK")
      ->group(group);
  add_repeatable(app, "--thousands", read.thousands,
                 "What stands between thousands: comma, point, space or apostrophe (found)")
      ->type_name("[COLUMN=]MARK")
      ->group(group);
  add_repeatable(app, "--dates", read.dates, "The order of dates: dmy, mdy or ymd (found)")
      ->type_name("[COLUMN=]ORDER")
      ->group(group);
  app.add_option("--labels", read.options.labels, "Labels of an image or array file (found by name for idx)")
      ->type_name("FILE")
      ->group(group);
  add_checked(app, "--rows", read.options.rows, "Rows of a generated table", whole_number(1))->group(group);
  add_checked(app, "--data-seed", read.options.seed, "Seed of a generated table (0)", whole_number(0))
      ->group(group);
}

ReadOptions read_options(const ReadArguments& read) {
  ReadOptions out = read.options;
  out.text = text_list(read.text);
  out.decimal = column_words<char>("--decimal", read.decimal, {{"point", '.'}, {"comma", ','}});
  out.grouping = column_words<char>("--thousands", read.thousands,
                                    {{"comma", ','}, {"point", '.'}, {"space", ' '}, {"apostrophe", '\''}});
  out.dates = column_words<DateFormat::Order>(
      "--dates", read.dates,
      {{"dmy", DateFormat::Order::dmy}, {"mdy", DateFormat::Order::mdy}, {"ymd", DateFormat::Order::ymd}});
  if (!read.separator.empty()) out.separator = separator_from(read.separator);
  if (read.header && read.no_header) fail("--header and --no-header do not go together; give one of them");
  if (read.header) out.header = true;
  if (read.no_header) out.header = false;
  out.missing = missing_words(read.missing, out.missing);
  return out;
}

void add_fit_options(CLI::App& app, FitArguments& fit) {
  add_target_options(app, fit);
  add_split_options(app, fit);
  add_column_options(app, fit);
  add_search_options(app, fit);
  add_hyper_options(app, fit);
}

FitOptions fit_options(FitArguments& fit) {
  FitOptions& out = fit.options;
  read_column_lists(fit.columns, out.triage);
  if (!fit.task.empty()) out.target.task = task_from_name(fit.task);
  if (!fit.metric.empty()) out.metric = sweep::metric_from_name(fit.metric);
  if (!fit.loss.empty()) out.loss = sweep::loss_from_name(fit.loss);
  out.split.kind = split_kind(fit.split);
  if (fit.raw || fit.no_standardize) out.triage.standardize = false;
  if (fit.raw || fit.no_log_companions) out.triage.log_companions = false;
  if (fit.raw || fit.no_scale_target) out.scale_target = false;
  set_weights_and_ensemble(fit);
  set_hyper(fit);
  set_scheduling(fit, out);
  set_time(fit, out);
  take_space_file(out);
  check_search(out);
  Points points = points_from(fit.tries, base_of(out));
  out.tries = std::move(points.points);
  fit.try_files = std::move(points.files);
  return out;
}

}  // namespace runnel::cli
