// runnel predict: a saved model on the rows of a table.
#include <memory>
#include <numeric>

#include "cli/model_data.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/report.h"
#include "model/output_file.h"

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

int act(const Arguments& arguments) {
  if (!arguments.output.empty()) {
    refuse_to_overwrite(arguments.output,
                        {arguments.in.model, arguments.in.data, arguments.in.read.options.labels});
    check_writable(arguments.output);
  }
  const ModelData in = read_model_and_data(arguments.in);
  write_notes(in.notes, arguments.manner.quiet);
  std::vector<std::size_t> rows(in.table.rows);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  const Predictions predictions = in.model.predict(in.table, rows);
  const std::string text = arguments.manner.json ? dumped(predictions_json(in.model, predictions))
                                                 : predictions_csv(in.model, predictions);
  if (arguments.output.empty()) {
    write_stdout(text);
  } else {
    write_file(arguments.output, text);
  }
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
