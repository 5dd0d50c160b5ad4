// runnel refit: the winner of a study, trained again.
#include <filesystem>
#include <memory>

#include "artifact/output_file.h"
#include "cli/fit_command.h"
#include "cli/output.h"
#include "cli/program.h"
#include "core/fail.h"
#include "core/text.h"
#include "runnel/study.h"

namespace runnel::cli {
namespace {

constexpr const char* examples = R"(Examples:
  runnel refit songs.study
  runnel refit songs.study --on train+validation -o release.safetensors)";

struct Arguments {
  std::string study, on = "train", data, model;
  FitCommand page;  // of which only the page's options are read
  int threads = 0;
  Manner manner;
};

bool with_validation(const std::string& on) {
  const std::vector<std::string> names{"train", "train+validation"};
  if (on == names[0]) return false;
  if (on == names[1]) return true;
  fail("--on {}: there are no such rows{}", on, suggestion(on, names));
}

int act(const Arguments& arguments) {
  const bool validation = with_validation(arguments.on);
  const study::Study study = study::read(arguments.study);
  FitCommand command;
  read_kept_command(study, command);
  if (!arguments.data.empty()) command.data = arguments.data;
  command.manner = arguments.manner;
  command.model = arguments.model;
  command.usual_model = std::filesystem::path(arguments.study).stem().string() + ".refit.safetensors";
  if (arguments.threads > 0) given_to(command.fit, "threads") = {std::to_string(arguments.threads)};
  command.report = arguments.page.report;
  command.no_report = arguments.page.no_report;
  for (const std::string& output :
       {command.model.empty() ? command.usual_model : command.model, command.report})
    if (!output.empty()) refuse_to_overwrite(output, {arguments.study});
  return fit_and_save(command, [&](const Table& table, const FitOptions& options, const Table* test) {
    return refit(table, options, study, validation, test);
  });
}

}  // namespace

Action add_refit(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("refit", "Train the winner of a study again, alone");
  auto arguments = std::make_shared<Arguments>();
  app.add_option("STUDY", arguments->study, "A study, as `runnel fit --study` writes it")
      ->required()
      ->type_name("");
  app.add_option("--on", arguments->on,
                 "train, which gives the study's model again, or train+validation for a release (train)")
      ->type_name("ROWS");
  app.add_option("--data", arguments->data, "Where the study's data lie now")->type_name("FILE");
  app.add_option("-o,--model", arguments->model, "Where the model goes (STUDY's name + .refit.safetensors)")
      ->type_name("FILE");
  add_page_options(app, arguments->page);
  app.add_option("--threads", arguments->threads, "Threads to use (as the study)")
      ->check(whole_number(1))
      ->type_name("N");
  add_manner(app, arguments->manner);
  app.footer(examples);
  return [arguments] { return act(*arguments); };
}

}  // namespace runnel::cli
