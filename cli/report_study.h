// What a study has to tell, as text, as JSON and as CSV.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/report.h"
#include "runnel/study.h"

namespace runnel::cli {

// A study as it was read, and how it stands: "running" without a writer means that it was killed.
struct StudyReport {
  study::Study study;
  std::string path;   // as the user gave it
  std::string state;  // running, killed, interrupted, finished
};

// What candidates can be sorted by: candidate, metric, loss, epochs, status, and every hyperparameter.
std::vector<std::string> sort_names(const study::Study& study);
// The candidates' numbers, sorted: metrics and ranks the best first, others ascending; what has no value
// comes last. Fails for an unknown name.
std::vector<std::int64_t> sorted_candidates(const study::Study& study, const std::string& name);

// A candidate's status, or "under way" for one that waits no more.
std::string_view status_text(const study::Candidate& candidate);
// How many candidates there are of each, in the order in which they are told.
std::vector<std::pair<std::string, std::int64_t>> statuses_of(const study::Study& study);
double seconds_of(const study::Study& study);  // of all its runs

std::string studies_text(const std::vector<StudyReport>& reports);
Json studies_json(const std::vector<StudyReport>& reports);

// "rank 2: 5 candidates (3, 4, 5, 9, 10)": a line of Study::under_way.
std::string under_way_text(std::int64_t rank, const std::vector<std::int64_t>& candidates);

std::string study_text(const StudyReport& report);
Json study_json(const StudyReport& report);

std::string candidate_text(const StudyReport& report, std::int64_t index);
// "index", "hyper", "status", "validation", "validation_loss" as in `fit --json`, "epochs" (trained),
// "readings".
Json candidate_json(const study::Study& study, std::int64_t index);

// Candidates as an aligned table of what differs among all of them, and a line of what does not.
std::string candidates_text(const study::Study& study, const std::vector<std::int64_t>& which,
                            std::string_view indent);
std::string candidates_csv(const study::Study& study, const std::vector<std::int64_t>& which);

}  // namespace runnel::cli
