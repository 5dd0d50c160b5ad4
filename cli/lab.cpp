// runnel lab: experiments that check what courses claim.
#include "lab/lab.h"

#include <unistd.h>

#include "artifact/output_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/parts.h"
#include "cli/program.h"
#include "cli/report.h"
#include "cli/report_lab.h"
#include "core/fail.h"
#include "lab/json.h"
#include "lab/page.h"
#include "report/page.h"
#include "web/page.h"

namespace runnel::cli {
namespace {

constexpr const char* examples = R"(Examples:
  runnel lab list
  runnel lab show not-rmsprop
  runnel lab show S4.7
  runnel lab list --document 4
  runnel lab run not-rmsprop --set eta=0.02
  runnel lab all --reduced
  runnel lab all --report lab.html)";

using lab::Experiment;

// ---- list and show ---------------------------------------------------------------------------------------

struct ListArguments {
  bool json = false, markdown = false;
  std::optional<std::size_t> document;  // its claims alone
};

int list(const ListArguments& arguments) {
  if (arguments.document) {
    const std::size_t last = lab::documents().size() - 1;
    if (*arguments.document > last) fail("--document {}: there are 0 to {}", *arguments.document, last);
    if (arguments.json || arguments.markdown) fail("--document goes without --json and --markdown");
    write_stdout(document_text(*arguments.document));
  } else if (arguments.markdown) {
    write_stdout(lab::markdown());
  } else if (arguments.json) {
    Json out = {{"schema", json_schema}, {"experiments", Json::array()}};
    for (const Experiment& experiment : lab::experiments())
      out["experiments"].push_back(lab::to_json(experiment));
    write_stdout(dumped(out));
  } else {
    write_stdout(experiments_text());
  }
  return 0;
}

struct ShowArguments {
  std::string name;
  bool json = false;
};

int show(const ShowArguments& arguments) {
  if (lab::document_of(arguments.name)) {
    const auto claims = lab::claims_named(arguments.name);
    if (!arguments.json) {
      write_stdout(claim_text(claims));
      return 0;
    }
    Json out = {{"schema", json_schema}, {"claims", Json::array()}};
    for (const auto& [experiment, claim] : claims)
      out["claims"].push_back({{"id", claim->id},
                               {"document", lab::documents()[*lab::document_of(claim->id)]},
                               {"said", claim->said},
                               {"verdict", lab::verdict_name(claim->verdict)},
                               {"so", claim->so},
                               {"experiment", experiment->name}});
    write_stdout(dumped(out));
    return 0;
  }
  const Experiment& experiment = lab::find(arguments.name);
  if (!arguments.json) {
    write_stdout(experiment_text(experiment));
    return 0;
  }
  Json out = {{"schema", json_schema}};
  out.update(lab::to_json(experiment));
  write_stdout(dumped(out));
  return 0;
}

// ---- run and all -----------------------------------------------------------------------------------------

struct RunArguments {
  std::vector<std::string> names;  // none: all
  std::vector<std::string> settings;
  std::optional<std::uint64_t> seed;
  bool reduced = false;
  std::string report;  // none: no page
  Manner manner;
};

std::vector<const Experiment*> chosen(const RunArguments& arguments) {
  std::vector<const Experiment*> out;
  for (const std::string& name : arguments.names) out.push_back(&lab::find(name));
  if (!arguments.names.empty()) return out;
  for (const Experiment& experiment : lab::experiments())
    if (experiment.run != nullptr) out.push_back(&experiment);
  return out;
}

lab::Options options_of(const RunArguments& arguments) {
  lab::Options options;
  options.seed = arguments.seed;
  options.reduced = arguments.reduced;
  for (const std::string& setting : arguments.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      fail("--set {}: write NAME=VALUE, as in --set n=20", setting);
    if (!options.set.emplace(setting.substr(0, equals), setting.substr(equals + 1)).second)
      fail("--set {}: {} is set twice", setting, setting.substr(0, equals));
  }
  return options;
}

Json json_of(const std::vector<lab::Result>& results, bool passed) {
  Json out = {{"schema", json_schema}, {"passed", passed}, {"experiments", Json::array()}};
  for (const lab::Result& result : results) out["experiments"].push_back(lab::to_json(result));
  return out;
}

int run_experiments(const RunArguments& arguments) {
  const std::vector<const Experiment*> which = chosen(arguments);
  const lab::Options options = options_of(arguments);
  lab::check_options(which, options);
  if (!arguments.report.empty()) check_writable(arguments.report);  // found out now, not in ten minutes
  const Style style(STDOUT_FILENO);
  std::vector<lab::Result> results;
  bool passed = true;
  for (const Experiment* experiment : which) {
    results.push_back(lab::run(*experiment, options));
    passed = passed && results.back().passed();
    if (!arguments.manner.json) write_stdout(lab_result_text(results.back(), style, arguments.manner.quiet));
  }
  if (!arguments.report.empty())
    write_file(arguments.report, report::filled(web::page(), lab::page(results, command_line())));
  if (arguments.manner.json)
    write_stdout(dumped(json_of(results, passed)));
  else if (results.size() > 1)
    write_stdout(lab_summary_text(results));
  return passed ? 0 : 1;
}

// ---- the sub-commands ------------------------------------------------------------------------------------

void add_run_options(CLI::App& part, RunArguments& arguments) {
  part.add_option("--set", arguments.settings, "A size or rate of the experiment; `lab show` lists them")
      ->type_name("NAME=VALUE")
      ->take_all();
  part.add_option("--seed", arguments.seed, "Of all random numbers (each experiment's own)")
      ->type_name("N")
      ->check(whole_number(0));
  part.add_flag("--reduced", arguments.reduced, "Smaller sizes: what the tests run");
  part.add_option("--report", arguments.report, "Write an HTML page with all checks and pictures here")
      ->type_name("FILE");
  part.add_flag("--json", arguments.manner.json, "Everything as JSON, tables and pictures among it");
  part.add_flag("--quiet", arguments.manner.quiet, "One line for each experiment, and checks that failed");
}

std::vector<Part> add_parts(CLI::App& app) {
  std::vector<Part> parts;
  parts.push_back(add_part<ListArguments>(
      app, "list", "One line for each experiment", list, [](CLI::App& part, ListArguments& arguments) {
        part.add_flag("--json", arguments.json, "All that is known before they run, as JSON");
        part.add_flag("--markdown", arguments.markdown, "The same as docs/lab.md");
        part.add_option("--document", arguments.document, "The claims of this document, 0 to 4")
            ->type_name("N")
            ->check(whole_number(0));
      }));
  parts.push_back(add_part<ShowArguments>(app, "show", "What an experiment does, or what is so of a claim",
                                          show, [](CLI::App& part, ShowArguments& arguments) {
                                            part.add_option("NAME", arguments.name,
                                                            "As in `lab list`, or a claim: S4.7")
                                                ->required()
                                                ->type_name("");
                                            part.add_flag("--json", arguments.json, "As JSON");
                                          }));
  parts.push_back(add_part<RunArguments>(
      app, "run", "Run some of them", run_experiments, [](CLI::App& part, RunArguments& arguments) {
        part.add_option("NAME", arguments.names, "As in `lab list`")->required()->type_name("...");
        add_run_options(part, arguments);
      }));
  parts.push_back(add_part<RunArguments>(app, "all", "Run all of them", run_experiments, add_run_options));
  return parts;
}

}  // namespace

Action add_lab(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("lab", "Check what courses claim: experiments that run");
  app.footer(examples);
  return [parts = add_parts(app)] {
    for (const Part& part : parts)
      if (part.app->parsed()) return part.act();
    fail("lab: give a sub-command: list, show, run or all; see runnel lab --help");
  };
}

}  // namespace runnel::cli
