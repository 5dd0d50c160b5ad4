// runnel study: what stands in the files that searches leave.
#include "runnel/study.h"

#include <algorithm>
#include <optional>

#include "artifact/output_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/page.h"
#include "cli/parts.h"
#include "cli/program.h"
#include "cli/report_study.h"
#include "core/fail.h"
#include "core/text.h"

namespace runnel::cli {
namespace {

constexpr const char* examples = R"(Examples:
  runnel study list *.study
  runnel study show songs.study
  runnel study show songs.study --candidate 7
  runnel study best songs.study -n 10
  runnel study report songs.study --out songs.html
  runnel study export songs.study --format csv -o candidates.csv
  runnel study export songs.study --format tensorboard -o board)";

// Candidates in training stand where they were last read.
void judge_under_way(study::Study& study, bool killed) {
  for (study::Candidate& c : study.candidates) {
    if (!c.is_under_way()) continue;
    const bool on_all_folds = std::ssize(c.readings) == study.description.folds;
    double metric = 0, loss = 0;
    for (const study::Reading& r : c.readings) {
      c.epochs = std::max(c.epochs, r.epochs);
      metric += r.metric / static_cast<double>(study.description.folds);
      loss += r.loss / static_cast<double>(study.description.folds);
    }
    if (on_all_folds) {
      c.metric = metric;
      c.loss = loss;
    }
    if (killed) c.status = study::Status::interrupted;
  }
}

StudyReport report_of(const std::string& path) {
  StudyReport report{study::read(path), path, ""};
  const bool killed = report.study.state == study::State::running && !study::has_writer(path);
  report.state = killed ? "killed" : study::state_name(report.study.state);
  judge_under_way(report.study, killed);
  if (killed)
    for (const auto& [rank, candidates] : report.study.under_way)
      for (const std::int64_t index : candidates) {
        study::Status& status = report.study.candidates.at(static_cast<std::size_t>(index)).status;
        if (status == study::Status::waiting) status = study::Status::interrupted;
      }
  return report;
}

// ---- list ----------------------------------------------------------------------------------------------

struct ListArguments {
  std::vector<std::string> files;
  Manner manner;
};

// What can be read is listed, whatever else there is; the first complaint comes behind it.
int list(const ListArguments& arguments) {
  std::vector<StudyReport> reports;
  std::optional<Error> complaint;
  for (const std::string& file : arguments.files) {
    try {
      reports.push_back(report_of(file));
    } catch (const Error& e) {
      if (!complaint) complaint = e;
    }
  }
  if (!reports.empty() || arguments.manner.json)
    write_stdout(arguments.manner.json ? dumped(studies_json(reports)) : studies_text(reports));
  if (complaint) throw Error(*complaint);
  return 0;
}

// ---- show ----------------------------------------------------------------------------------------------

struct ShowArguments {
  std::string file;
  std::optional<std::uint64_t> candidate;
  Manner manner;
};

int show(const ShowArguments& arguments) {
  const StudyReport report = report_of(arguments.file);
  if (!arguments.candidate) {
    write_stdout(arguments.manner.json ? dumped(study_json(report)) : study_text(report));
    return 0;
  }
  const std::size_t n = report.study.candidates.size();
  if (*arguments.candidate >= n)
    fail("{}: there is no candidate {}; they are numbered from 0 to {}", report.path, *arguments.candidate,
         n - 1);
  const auto index = static_cast<std::int64_t>(*arguments.candidate);
  write_stdout(arguments.manner.json ? dumped(candidate_json(report.study, index))
                                     : candidate_text(report, index));
  return 0;
}

// ---- best ----------------------------------------------------------------------------------------------

struct BestArguments {
  std::string file;
  std::size_t n = 1;
  Manner manner;
};

int best(const BestArguments& arguments) {
  const StudyReport report = report_of(arguments.file);
  std::vector<std::int64_t> ranked = report.study.ranked();
  if (ranked.empty())
    fail_run("{}: no candidate has finished; `runnel study show {}` says how it stands", report.path,
             report.path);
  if (ranked.size() > arguments.n) ranked.resize(arguments.n);
  if (!arguments.manner.json) {
    write_stdout(candidates_text(report.study, ranked, ""));
    return 0;
  }
  Json out = {{"schema", json_schema}, {"metric", report.study.description.metric}, {"best", Json::array()}};
  for (const std::int64_t index : ranked) out["best"].push_back(candidate_json(report.study, index));
  write_stdout(dumped(out));
  return 0;
}

// ---- report --------------------------------------------------------------------------------------------

struct PageArguments {
  std::string file, out;
  bool quiet = false;
};

int report_page(const PageArguments& arguments) {
  const StudyReport report = report_of(arguments.file);
  const std::string out = arguments.out.empty() ? study_page_path(arguments.file) : arguments.out;
  refuse_to_overwrite(out, {arguments.file});
  check_writable(out);
  write_study_page(report.study, report.state, out);
  if (!arguments.quiet) write_stdout(out + "\n");
  return 0;
}

// ---- export --------------------------------------------------------------------------------------------

struct ExportArguments {
  std::string file, format = "table", output, sort;
  bool quiet = false;
};

std::string exported(const study::Study& study, const std::string& format, const std::string& sort) {
  const std::vector<std::int64_t> which = sorted_candidates(study, sort);
  if (format == "table") return candidates_text(study, which, "");
  if (format == "csv") return candidates_csv(study, which);
  std::string lines;
  for (const std::int64_t index : which)
    lines += candidate_json(study, index).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return lines;
}

int export_to_tensorboard(const ExportArguments& arguments) {
  if (arguments.output.empty()) fail("--format tensorboard writes many files; name their folder with -o");
  const std::int64_t written = study::write_tensorboard(study::read(arguments.file), arguments.output);
  std::vector<std::string> notes{fmt::format("{} written; tensorboard --logdir {} shows them",
                                             counted(static_cast<std::size_t>(written), "candidate"),
                                             arguments.output)};
  const std::size_t runs = study::tensorboard_runs(arguments.output).size();
  if (const std::size_t others = runs - static_cast<std::size_t>(written); others > 0)
    notes.push_back(fmt::format("{} of other studies {} in that folder and {} shown beside them",
                                counted(others, "run"), others == 1 ? "lies" : "lie",
                                others == 1 ? "is" : "are"));
  write_notes(notes, arguments.quiet);
  return 0;
}

int export_study(const ExportArguments& arguments) {
  const std::vector<std::string> formats{"table", "jsonl", "csv", "tensorboard"};
  if (std::find(formats.begin(), formats.end(), arguments.format) == formats.end())
    fail("--format {}: there is no such format{}", arguments.format, suggestion(arguments.format, formats));
  if (arguments.format == "tensorboard") {
    if (!arguments.sort.empty())
      fail("--sort {} is an order of lines, and --format tensorboard writes folders; leave one of them out",
           arguments.sort);
    return export_to_tensorboard(arguments);
  }
  const std::string text = exported(study::read(arguments.file), arguments.format,
                                    arguments.sort.empty() ? "candidate" : arguments.sort);
  if (arguments.output.empty()) {
    write_stdout(text);
    return 0;
  }
  refuse_to_overwrite(arguments.output, {arguments.file});
  check_writable(arguments.output);
  write_file(arguments.output, text);
  return 0;
}

// ---- the sub-commands ----------------------------------------------------------------------------------

CLI::Option* add_file(CLI::App& app, std::string& file) {
  return app.add_option("FILE", file, "A study, as `runnel fit --study` writes it")
      ->required()
      ->type_name("");
}

std::vector<Part> add_parts(CLI::App& app) {
  std::vector<Part> parts;
  parts.push_back(add_part<ListArguments>(
      app, "list", "One line for each study", list, [](CLI::App& part, ListArguments& arguments) {
        part.add_option("FILE", arguments.files, "Studies")->required()->type_name("...");
        add_manner(part, arguments.manner);
      }));
  parts.push_back(add_part<ShowArguments>(app, "show", "How a study stands, or all about one candidate", show,
                                          [](CLI::App& part, ShowArguments& arguments) {
                                            add_file(part, arguments.file);
                                            part.add_option("--candidate", arguments.candidate,
                                                            "Its hyperparameters, readings and curve")
                                                ->type_name("N")
                                                ->check(whole_number(0));
                                            add_manner(part, arguments.manner);
                                          }));
  parts.push_back(add_part<BestArguments>(
      app, "best", "The best candidates", best, [](CLI::App& part, BestArguments& arguments) {
        add_file(part, arguments.file);
        part.add_option("-n,--number", arguments.n, "How many (1)")->type_name("K")->check(whole_number(1));
        add_manner(part, arguments.manner);
      }));
  parts.push_back(add_part<PageArguments>(
      app, "report", "An HTML page of its candidates", report_page,
      [](CLI::App& part, PageArguments& arguments) {
        add_file(part, arguments.file);
        part.add_option("-o,--out", arguments.out, "Where it goes (FILE's name + .report.html)")
            ->type_name("OUT");
        part.add_flag("--quiet", arguments.quiet, "Do not say where it went");
      }));
  parts.push_back(add_part<ExportArguments>(
      app, "export", "All candidates, for other programs", export_study,
      [](CLI::App& part, ExportArguments& arguments) {
        add_file(part, arguments.file);
        part.add_option("--format", arguments.format, "table, jsonl, csv or tensorboard (table)")
            ->type_name("FORMAT");
        part.add_option("-o,--output", arguments.output,
                        "A file, or tensorboard's folder (the standard output)")
            ->type_name("OUT");
        part.add_option("--sort", arguments.sort,
                        "candidate, metric, loss, epochs, status or a hyperparameter (candidate)")
            ->type_name("NAME");
        part.add_flag("--quiet", arguments.quiet, "No notes");
      }));
  return parts;
}

}  // namespace

Action add_study(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("study", "Show, rank and export the studies of `fit --study`");
  app.footer(examples);
  return [parts = add_parts(app)] {
    for (const Part& part : parts)
      if (part.app->parsed()) return part.act();
    fail("study: give a sub-command: list, show, best, report or export; see runnel study --help");
  };
}

}  // namespace runnel::cli
