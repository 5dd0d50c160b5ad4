// runnel predict: a saved model on the rows of a table.
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <exception>
#include <memory>
#include <numeric>
#include <optional>

#include "artifact/output_file.h"
#include "cli/interrupt.h"
#include "cli/model_data.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/read_options.h"
#include "cli/report.h"
#include "core/fail.h"
#include "core/in_order.h"
#include "data/unseen.h"
#include "runnel/predictor.h"
#include "runnel/stream.h"

namespace runnel::cli {
namespace {

constexpr const char* examples = R"(Examples:
  runnel predict songs.runnel.safetensors new.csv
  runnel predict songs.runnel.safetensors new.csv -o predictions.csv
  runnel predict songs.runnel.safetensors new.csv --json

One line for each row, in order: `prediction`, and for classes the probability of each (p_CLASS).
Columns are matched by name; the target need not be there.)";

struct Arguments {
  ModelDataArguments in;
  std::string output;
  Manner manner;
};

// The answers on their way out: to a file, which is there once all are, or to the standard output.
class Output {
 public:
  explicit Output(const std::string& path) {
    if (!path.empty()) file_.emplace(path);
  }

  void write(std::string_view text) {
    if (file_) {
      file_->write(text);
    } else {
      write_stdout(text);
    }
  }
  void finish() {
    if (file_) file_->finish();
  }

 private:
  std::optional<OutputFile> file_ = {};
};

// Rows of the table, and what its reader had told when it had read them.
struct Piece {
  Table table;
  std::vector<std::string> notes;
};

// What was made of a piece of the table, or why nothing was.
struct Answers {
  std::string lines = {};
  Predictions predictions = {};  // where they are told together in the end
  std::exception_ptr failure = {};
};

void append(const Predictions& from, Predictions& to) {
  to.values.insert(to.values.end(), from.values.begin(), from.values.end());
  to.labels.insert(to.labels.end(), from.labels.begin(), from.labels.end());
  std::vector<double>& p = to.probabilities.values;
  p.insert(p.end(), from.probabilities.values.begin(), from.probabilities.values.end());
  to.probabilities.rows += from.probabilities.rows;
  to.probabilities.cols = from.probabilities.cols;
}

// A table piece by piece: while one is read others are predicted, on several threads; answers are written in
// the order of the rows. Notes are sums over the whole table, so they come last but one: before the last
// piece's answers, as people who read them at a terminal want it.
class Run {
 public:
  explicit Run(const Arguments& arguments) : Run(arguments, read_model(arguments.in)) {}

  void operator()() {
    try {
      constexpr int kMostThreads = 8;  // there is a piece of the table for each
      in_order(
          std::min(kMostThreads, most_work_threads()), [&] { return next(); },
          [&](const Piece& piece) { return answered(piece.table); },
          [&](Piece piece, Answers answers) { take(std::move(piece), std::move(answers)); });
    } catch (const Error& error) {
      // The rows before the one at fault have their answers.
      if (error.kind() == ErrorKind::input && taken_ && !json_) output_.write(waiting_);
      if (unanswered_) tell();
      throw;
    }
    tell();
    if (json_) waiting_ = dumped(predictions_json(predictor_.model(), all_));
    output_.write(waiting_);
    output_.finish();
  }

 private:
  Run(const Arguments& arguments, ModelAndReading in)
      : read_(arguments.in.read),
        json_(arguments.manner.json),
        quiet_(arguments.manner.quiet),
        predictor_(std::move(in.model)),
        stream_(arguments.in.data, in.options),
        unseen_(predictor_.model().preprocessor),
        path_(arguments.output),
        output_(arguments.output) {
    if (!path_.empty()) stopped_.emplace(/*quiet=*/true);
    if (!json_) waiting_ = predictions_header(predictor_.model());
  }

  std::optional<Piece> next() {
    if (stopped_ && *stopped_->flag()) fail_run("stopped: {} is not written", path_);
    std::optional<Table> table = stream_.next();
    if (!table) return std::nullopt;
    refuse_idle_reading(read_, *table);
    return Piece{*std::move(table), stream_.notes()};
  }

  Answers answered(const Table& piece) const {
    Answers out;
    try {
      Predictions predictions = predictor_.predict(piece);
      if (json_) {
        out.predictions = std::move(predictions);
      } else {
        out.lines = predictions_lines(predictor_.model(), predictions);
      }
    } catch (const Error&) {
      out.failure = std::current_exception();
    }
    return out;
  }

  void take(Piece piece, Answers answers) {
    std::vector<std::size_t> rows(piece.table.rows);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    unseen_.add(piece.table, rows);
    reader_notes_ = std::move(piece.notes);
    if (answers.failure) {
      unanswered_ = true;
      std::rethrow_exception(answers.failure);
    }
    if (json_) {
      append(answers.predictions, all_);
    } else if (taken_) {
      output_.write(waiting_);
      waiting_ = std::move(answers.lines);
    } else {
      waiting_ += answers.lines;
    }
    taken_ = true;
  }

  void tell() const {
    std::vector<std::string> notes = reader_notes_;
    for (std::string& note : unseen_.texts()) notes.push_back(std::move(note));
    write_notes(notes, quiet_);
  }

  ReadArguments read_;
  bool json_, quiet_;
  Predictor predictor_;
  TableStream stream_;
  data::Unseen unseen_;
  std::vector<std::string> reader_notes_ = {};
  std::string path_;                       // where the answers go; empty: the standard output
  std::optional<Interrupt> stopped_ = {};  // so that no half of a file stays behind
  Output output_;
  std::string waiting_ = {};  // answers that are not written yet
  bool taken_ = false;        // a piece
  bool unanswered_ = false;   // a piece was read but could not be answered
  Predictions all_ = {};
};

// Every piece of the table wants the memory of the one before: without this most of it would go back to the
// system in between, and come again page by page.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 16 << 20);
#endif
}

int act(const Arguments& arguments) {
  keep_freed_memory();
  if (!arguments.output.empty()) {
    refuse_to_overwrite(arguments.output,
                        {arguments.in.model, arguments.in.data, arguments.in.read.options.labels});
    check_writable(arguments.output);
  }
  Run run(arguments);
  run();
  return 0;
}

}  // namespace

Action add_predict(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("predict", "Predict the rows of a table with a saved model");
  auto arguments = std::make_shared<Arguments>();
  add_model_and_data(app, arguments->in);
  app.add_option("-o,--output", arguments->output, "Where the predictions go (the standard output)")
      ->type_name("FILE");
  add_manner(app, arguments->manner);
  app.footer(examples);
  return [arguments] { return act(*arguments); };
}

}  // namespace runnel::cli
