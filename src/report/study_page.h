// The page of a study: what a search came to, as its file tells it, finished or not.
#pragma once

#include <string>

#include "report/page.h"
#include "runnel/study.h"

namespace runnel::report {

// `state`: as study::state_name, or "killed".
Json study_page(const study::Study& study, const std::string& state);

}  // namespace runnel::report
