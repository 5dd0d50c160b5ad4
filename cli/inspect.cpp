// runnel inspect: what lies in a file of data, or in a model.
#include <memory>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/read_options.h"
#include "cli/report.h"
#include "core/fail.h"

namespace runnel::cli {
namespace {

constexpr const char* examples = R"(Examples:
  runnel inspect songs.csv
  runnel inspect songs.csv --target hit       also says which columns give the target away
  runnel inspect songs.runnel.safetensors)";

struct Arguments {
  std::string file, target;
  ReadArguments read;
  Manner manner;
};

int act(const Arguments& arguments) {
  const Manner& manner = arguments.manner;
  if (is_model_file(arguments.file) || arguments.file.ends_with(".safetensors")) {
    const Model model = Model::load(arguments.file);
    refuse_reading(arguments.read, arguments.file, "a model");
    if (!arguments.target.empty())
      fail("{}: --target names a column of data, and this is a model; leave it out", arguments.file);
    write_stdout(manner.json ? dumped(model_json(model, arguments.file)) : model_text(model, arguments.file));
    return 0;
  }
  const Table table = read_table(arguments.file, read_options(arguments.read));
  refuse_idle_reading(arguments.read, table);
  const std::vector<ColumnSummary> columns = summarize(table, arguments.target);
  write_stdout(manner.json ? dumped(table_json(table, columns)) : table_text(table, columns));
  return 0;
}

}  // namespace

Action add_inspect(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("inspect", "Show what lies in a data file or a model");
  auto arguments = std::make_shared<Arguments>();
  app.add_option("FILE", arguments->file, std::string(data_help) + "; or a model")->required()->type_name("");
  app.add_option("--target", arguments->target, "Look also for columns that give this one away")
      ->type_name("COLUMN");
  add_read_options(app, arguments->read);
  add_manner(app, arguments->manner);
  app.footer(examples);
  return [arguments] { return act(*arguments); };
}

}  // namespace runnel::cli
