// runnel fit: from a table to a model with an honest score.
#include "runnel/fit.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>

#include "artifact/output_file.h"
#include "cli/fit_command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/page.h"
#include "cli/program.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/read_options.h"
#include "cli/replaced_model.h"
#include "cli/report.h"
#include "cli/report_study.h"
#include "core/fail.h"
#include "core/stopwatch.h"
#include "core/text.h"

namespace runnel::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* examples = R"(Examples:
  runnel fit songs.csv --target hit
  runnel fit adult.data --test adult.test --test-skip-rows 1 --no-header --target column15
  runnel fit songs.csv --target popularity --positive '>50' --group track_id
  runnel fit train-images-idx3-ubyte --test t10k-images-idx3-ubyte
  runnel fit houses.csv --target price --grid rate=0.001,0.003,0.01 --grid hidden=none,64,64x64
  runnel fit houses.csv --target price --random 50 --space rate=1e-4..1e-1 --space l2=1e-6..1e-2
  runnel fit houses.csv --target price --random 50 --space rate=1e-4..1e-1 --study houses.study
  runnel fit houses.csv --target price --space space.toml --random 81 --scheduler halving --plan)";

// The test file is read as the data is, unless flags of its own say otherwise,
// and its cells mean what they mean there.
Table read_test(const FitCommand& arguments, ReadOptions options, const Table& data) {
  options.reading = reading_of(data);
  options.skip_rows = arguments.test_skip_rows.value_or(options.skip_rows);
  options.labels = arguments.test_labels;
  options.encoding = arguments.test_encoding.value_or(options.encoding);
  try {
    Table test = read_table(arguments.test, options);
    ReadArguments own;  // flags of the file alone; the others were given for DATA
    own.options.skip_rows = arguments.test_skip_rows.value_or(0);
    own.options.encoding = arguments.test_encoding.value_or("");
    own.options.labels = arguments.test_labels;
    refuse_idle_reading(own, test);
    return test;
  } catch (const Error& e) {
    // The reader knows one file and its flags; here they are those of the second file.
    std::string text = e.what();
    for (const std::string flag : {"--skip-rows", "--labels", "--encoding"}) {
      if (const auto at = text.find(flag); at != std::string::npos) text.replace(at, 2, "--test-");
    }
    throw Error(e.kind(), text);
  }
}

// Columns that are declared to be numbers are numbers in every row, or an error when they are read.
ReadOptions read_options_of(const FitCommand& arguments) {
  ReadOptions read = read_options(arguments.read);
  read.numeric = arguments.fit.options.triage.numeric;
  return read;
}

// songs.csv -> songs.runnel.safetensors, in the current folder; demo:songs likewise.
std::string usual_model_path(const std::string& data) {
  if (data == "-") return "model.runnel.safetensors";
  const fs::path path = data.ends_with(".gz") ? fs::path(data).stem() : fs::path(data);
  std::string stem = data.starts_with("demo:") ? data.substr(5) : path.stem().string();
  if (const auto comma = stem.find(','); comma != std::string::npos) stem.resize(comma);
  return (stem.empty() ? "model" : stem) + ".runnel.safetensors";
}

std::string page_path(const FitCommand& arguments, const std::string& model) {
  if (arguments.no_report && !arguments.report.empty())
    fail("--report {} and --no-report: leave one of them out", arguments.report);
  if (arguments.no_report) return "";
  return arguments.report.empty() ? page_beside(model) : arguments.report;
}

std::vector<std::string> input_files(const FitCommand& arguments, const ReadOptions& read) {
  std::vector<std::string> files{arguments.data, arguments.test, read.labels, arguments.test_labels,
                                 arguments.fit.options.space_file};
  for (const std::string& file : arguments.fit.try_files) files.push_back(file);
  return files;
}

// A plan writes nothing but the split.
void check_place_of_split(const FitCommand& arguments, const ReadOptions& read) {
  if (arguments.write_split.empty()) return;
  std::vector<std::string> inputs = input_files(arguments, read);
  inputs.push_back(arguments.fit.options.study.file);
  refuse_to_overwrite(arguments.write_split, inputs, "--write-split");
  check_writable(arguments.write_split);
}

// The places of all that a fit writes, found out before the search and not after it. Returns the page's.
std::string checked_places(const FitCommand& arguments, const ReadOptions& read, const std::string& model) {
  const FitStudy& study = arguments.fit.options.study;
  const std::string page = page_path(arguments, model);
  const std::vector<std::string> inputs = input_files(arguments, read);
  expect_apart({{"-o", "the model", model},
                {"-o", "the model of a search that is stopped", model + ".partial"},
                {"--study", "the study", study.resume ? "" : study.file},
                {"--report", "the report", page},
                {"--write-split", "the split", arguments.write_split},
                {"--tensorboard", "the folder of event files", study.tensorboard}},
               inputs);
  if (study.resume) {  // an input that is written to
    expect_apart({{"-o", "the model", model},
                  {"--report", "the report", page},
                  {"--write-split", "the split", arguments.write_split}},
                 {study.file});
  }
  for (const std::string& file : {model, page, arguments.write_split})
    if (!file.empty()) check_writable(file);
  return page;
}

std::string target_of(const Table& table, const std::string& given) {
  if (!given.empty()) return given;
  if (!table.usual_target.empty()) return table.usual_target;
  fail("{}: which column is the target? Give --target COLUMN; there is: {}", table.source,
       shortened(fmt::format("{}", fmt::join(table.names(), ", ")), 200));
}

// Which row of the table, counted from 0, trains, validates or tests: for whoever wants the same rows
// elsewhere. Rows without a target are in no part; where folds choose, all but the test rows train.
std::string split_csv(const FitPlan& plan) {
  const Split& split = plan.split;
  std::vector<std::pair<std::size_t, const char*>> parts;
  for (const auto& [rows, part] : {std::pair(&split.train, "train"),
                                   {&split.validation, plan.folds > 0 ? "train" : "validation"},
                                   {&split.test, "test"}})
    for (const std::size_t row : *rows) parts.emplace_back(row, part);
  std::sort(parts.begin(), parts.end());
  std::string out = "row,part\n";
  for (const auto& [row, part] : parts) out += fmt::format("{},{}\n", row, part);
  return out;
}

// What is known is told at once: the plan before the search, the search before the baselines and the test. A
// reader that has gone by then still gets its model.
void tell(const std::string& text) {
  try {
    write_stdout(text);
  } catch (const ReaderGone&) {
  }
}

// Hands a plan to `then` as well, when there is a file for the split.
void add_split_file(FitOptions& options, const std::string& file) {
  if (file.empty()) return;
  options.planned = [file, then = options.planned](const FitPlan& plan) {
    write_file(file, split_csv(plan));
    if (then) then(plan);
  };
}

// What cannot be written once the search is over is left in `untold`: its model is to be kept first.
FitResult search(const FitData& data, FitOptions options, const FitCommand& command, const Fitting& fitting,
                 std::exception_ptr& untold) {
  const Manner& manner = command.manner;
  const Interrupt interrupt(manner.quiet);
  ProgressLine line(manner.quiet);
  options.stop = interrupt.flag();
  if (!manner.quiet && !manner.json) {
    options.planned = [&](const FitPlan& plan) { tell(fit_plan_text(plan, data)); };
    options.searched = [&](const FitResult& result) {
      line.clear();
      try {
        tell(fit_search_text(result));
      } catch (const Error&) {
        untold = std::current_exception();
      }
    };
  }
  add_split_file(options, command.write_split);
  if (line.is_on()) options.progress = [&](const search::Progress& progress) { line.show(progress); };
  return fitting(data.table, options, data.test);
}

// What a search has found is written wherever it can be: one place that fails costs no other.
class Outcome {
 public:
  explicit Outcome(std::vector<std::string> failures) : failures_(std::move(failures)) {}

  bool attempt(const std::function<void()>& write) {
    try {
      write();
      return true;
    } catch (const ReaderGone&) {
      reader_gone_ = true;
    } catch (const Error& e) {
      failures_.emplace_back(e.what());
    }
    return false;
  }

  bool failed() const { return !failures_.empty(); }

  // To be asked last: a reader that has gone ends the program as it ends others.
  void tell() const {
    for (const std::string& text : failures_) complain(text);
    if (reader_gone_ && failures_.empty()) throw ReaderGone();
  }

 private:
  std::vector<std::string> failures_;
  bool reader_gone_ = false;
};

int tell_plan(const FitData& data, FitOptions options, const FitCommand& command) {
  const Manner& manner = command.manner;
  if (!manner.quiet && !manner.json)
    options.planned = [&](const FitPlan& plan) { tell(fit_plan_text(plan, data)); };
  add_split_file(options, command.write_split);
  Forecast forecast = runnel::forecast(data.table, options, data.test);
  if (options.study.resume)
    forecast.warnings.emplace_back("--plan is of the whole search, not of what --resume has left to do");
  write_stdout(manner.json ? dumped(forecast_json(forecast, data, options))
                           : forecast_text(forecast, options));
  return 0;
}

// What an earlier run of the study over ranks had handed out and never got back.
std::vector<std::string> notes_of_earlier_run(const FitStudy& wanted) {
  std::vector<std::string> notes;
  if (!wanted.resume || !study::is_study_file(wanted.file)) return notes;
  for (const auto& [rank, candidates] : study::read(wanted.file).under_way)
    notes.push_back("under way when the run before ended, and trained on now: " +
                    under_way_text(rank, candidates));
  return notes;
}

}  // namespace

namespace {

// One file can come through the standard input, and is gone when it was read.
void expect_one_standard_input(const FitCommand& arguments) {
  std::vector<std::string> from;
  for (const auto& [flag, path] : {std::pair("DATA", arguments.data),
                                   {"--labels", read_options_of(arguments).labels},
                                   {"--test", arguments.test},
                                   {"--test-labels", arguments.test_labels}})
    if (path == "-") from.emplace_back(flag);
  if (from.size() > 1)
    fail("the standard input (-) can be read once, not for {} and {}; name a file for one of them", from[0],
         from[1]);
}

// A rank other than 0 makes the same fit, whose searches all ranks make together, and says nothing: what
// stops it is told by rank 0.
int fit_quietly(FitCommand& arguments, ranks::Rank& rank) {
  try {
    const Interrupt interrupt(/*quiet=*/true);
    FitOptions options = fit_options(arguments.fit, !arguments.test.empty());
    options.stop = interrupt.flag();
    options.study = {};  // which rank 0 keeps
    const ReadOptions read = read_options_of(arguments);
    const Table table = read_table(arguments.data, read);
    std::optional<Table> test;
    if (!arguments.test.empty()) test = read_test(arguments, read, table);
    options.target.column = target_of(table, options.target.column);
    fit(table, options, test ? &*test : nullptr);
  } catch (const Error& e) {
    rank.tell_failure(e.kind(), e.what());
  } catch (const std::bad_alloc&) {
    rank.tell_failure(ErrorKind::run, "out of memory; use fewer ranks on a machine");
  } catch (const std::exception& e) {
    rank.tell_failure(ErrorKind::run, fmt::format("unexpected: {}", e.what()));
  }
  return 0;
}

// "ranks      2; rank 0 sent 7 messages (12.0 kB) and received 40 (88.0 kB)"
std::string traffic_text(int ranks, const ranks::Traffic& t) {
  const auto kb = [](std::int64_t bytes) { return static_cast<double>(bytes) / 1e3; };
  std::string out =
      fmt::format("{:<{}}{}; rank 0 sent {} messages ({:.1f} kB) and received {} ({:.1f} kB)", "ranks",
                  margin.size(), ranks, t.sent, kb(t.bytes_sent), t.received, kb(t.bytes_received));
  if (t.gathered > 0)
    out += fmt::format("; {} exchanges among all ({:.1f} kB)", t.gathered, kb(t.bytes_gathered));
  return out + "\n";
}

int fit_over_ranks(FitCommand& arguments, const Fitting& fitting) {
  if (arguments.plan) {  // of one process, whoever else there is
    if (!speaks()) return 0;
    ranks::Process::stay_alone();
  }
  ranks::Process* const process = ranks::Process::current();
  if (process == nullptr) return fit_and_save(arguments, fitting);
  if (process->transport().rank() != 0) return fit_quietly(arguments, process->rank());
  const int code = fit_and_save(arguments, fitting);
  if (arguments.timings)
    write_stderr(traffic_text(process->transport().size(), process->transport().traffic()));
  return code;
}

}  // namespace

namespace {

// What a search that was stopped has found does not take the place of an earlier model, nor its page that of
// an earlier one, or one that would look like that model's. Returns the model that stays; empty where there
// is none.
std::string yield_to_earlier(const FitResult& result, const FitCommand& arguments, std::string& model,
                             std::string& page) {
  std::error_code error;
  if (result.ended != SearchEnd::stopped || !fs::is_regular_file(model, error)) return "";
  std::string earlier = model;
  model += ".partial";
  if (!page.empty() && (arguments.report.empty() || fs::exists(page, error))) page = model + ".report.html";
  return earlier;
}

}  // namespace

int fit_and_save(FitCommand& arguments, const Fitting& fitting) {
  Stopwatch watch;
  FitOptions options = fit_options(arguments.fit, !arguments.test.empty());
  options.study.command = command_line();
  options.study.caller = kept_command();
  const ReadOptions read = read_options_of(arguments);
  if (arguments.test.empty() &&
      (arguments.test_skip_rows || !arguments.test_labels.empty() || arguments.test_encoding)) {
    fail(
        "--test-skip-rows, --test-labels and --test-encoding say how the file of --test is read, which is "
        "not given");
  }
  expect_one_standard_input(arguments);
  const bool named = !arguments.model.empty();
  const std::string usual =
      arguments.usual_model.empty() ? usual_model_path(arguments.data) : arguments.usual_model;
  std::string model = named ? arguments.model : usual;
  std::error_code error;
  if (!arguments.test.empty() && fs::equivalent(arguments.data, arguments.test, error))
    fail(
        "{}: --test is DATA itself, so its score would say nothing about new rows; leave --test out, and a "
        "part of DATA is kept for it",
        arguments.test);
  const Table table = read_table(arguments.data, read);
  if (!arguments.fit.again) refuse_idle_reading(arguments.read, table);
  std::optional<Table> test;
  if (!arguments.test.empty()) test = read_test(arguments, read, table);
  options.target.column = target_of(table, options.target.column);
  check_column_lists(arguments.fit, table);
  const double reading = watch.lap();
  FitData data{table, test ? &*test : nullptr, table.notes};
  if (test) {
    for (const std::string& note : test->notes)
      data.notes.push_back(fmt::format("{}: {}", test->source, note));
  }
  if (arguments.plan) {
    check_place_of_split(arguments, read);
    return tell_plan(data, options, arguments);
  }
  std::string page = checked_places(arguments, read, model);

  write_notes(notes_of_replaced_model(model, named, table, options.target.column), arguments.manner.quiet);
  write_notes(notes_of_earlier_run(options.study), arguments.manner.quiet);
  std::exception_ptr untold;
  FitResult result = search(data, options, arguments, fitting, untold);
  const std::string kept = yield_to_earlier(result, arguments, model, page);
  FitReport report{result, data, options, model, kept, {}, page};
  watch.lap();
  result.model.provenance = dumped(provenance_json(report, command_line(), read));
  Outcome outcome(result.unwritten);
  if (!outcome.attempt([&] { result.model.save(model); })) report.model_path.clear();
  const double saving = watch.lap();
  const Timings timings{reading, result.timings, saving, watch.total(), compile_statistics()};
  if (arguments.timings) report.timings = timings;
  outcome.attempt([&] {
    if (untold) std::rethrow_exception(untold);
    write_stdout(arguments.manner.json ? dumped(fit_json(report)) : fit_text(report, arguments.manner.quiet));
  });
  if (report.timings) write_stderr(timings_text(*report.timings));
  outcome.attempt([&] { write_fit_page(report, timings); });
  outcome.tell();
  if (outcome.failed()) return 1;
  return result.ended == SearchEnd::stopped ? code_of_stop() : 0;
}

void add_page_options(CLI::App& app, FitCommand& command) {
  app.add_option("--report", command.report, "Where the report, an HTML page, goes (beside the model)")
      ->type_name("FILE");
  app.add_flag("--no-report", command.no_report, "Write no report");
}

void add_fit_command(CLI::App& app, FitCommand& command) {
  app.add_option("DATA", command.data, data_help)->required()->type_name("");
  app.add_option("--test", command.test,
                 "A file whose rows test the winner; DATA then only trains and validates")
      ->type_name("FILE");
  app.add_option("-o,--model", command.model, "Where the model goes (DATA's name + .runnel.safetensors)")
      ->type_name("FILE");
  add_page_options(app, command);
  add_manner(app, command.manner);
  app.add_flag("--plan", command.plan, "Say what would be trained and how long it would take; train nothing");
  app.add_flag("--timings", command.timings, "Say on the standard error (and in --json) where the time went");
  app.add_option("--write-split", command.write_split,
                 "Write there, as CSV, which row of DATA trains, validates or tests")
      ->type_name("FILE");
  add_read_options(app, command.read);
  app.add_option("--test-skip-rows", command.test_skip_rows, "Of the file of --test (as --skip-rows)")
      ->type_name("N")
      ->group("Reading");
  app.add_option("--test-encoding", command.test_encoding, "The encoding of --test (as DATA)")
      ->type_name("NAME")
      ->group("Reading");
  app.add_option("--test-labels", command.test_labels, "Of the file of --test, as --labels")
      ->type_name("FILE")
      ->group("Reading");
  add_fit_options(app, command.fit);
}

Action add_fit(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("fit", "Search for a model of a column, test the best, save it");
  auto command = std::make_shared<FitCommand>();
  add_fit_command(app, *command);
  app.footer(examples);
  return [command] {
    return fit_over_ranks(*command, [](const Table& table, const FitOptions& options, const Table* test) {
      return fit(table, options, test);
    });
  };
}

}  // namespace runnel::cli
