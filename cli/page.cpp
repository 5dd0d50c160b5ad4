#include "cli/page.h"

#include <filesystem>

#include "artifact/output_file.h"
#include "cli/program.h"
#include "report/fit_page.h"
#include "report/study_page.h"
#include "web/page.h"

namespace runnel::cli {

namespace fs = std::filesystem;

std::string page_beside(const std::string& model) {
  std::error_code error;
  if (fs::exists(model, error) && !fs::is_regular_file(model, error)) return "";
  fs::path path(model);
  if (path.extension() == ".safetensors") path.replace_extension();
  if (path.extension() == ".runnel" || path.extension() == ".rnl") path.replace_extension();
  return path.string() + ".report.html";
}

std::string study_page_path(const std::string& study) {
  return fs::path(study).filename().string() + ".report.html";
}

void write_study_page(const study::Study& study, const std::string& state, const std::string& path) {
  write_file(path, report::filled(web::page(), report::study_page(study, state)));
}

void write_fit_page(const FitReport& report, const Timings& timings) {
  if (report.page.empty()) return;
  report::Fit fit{report.result,     report.options, report.data.table, report.data.test,
                  report.data.notes, command_line(), report.model_path, {}};
  fit.timings = phases_of(timings);
  write_file(report.page, report::filled(web::page(), report::fit_page(fit)));
}

}  // namespace runnel::cli
