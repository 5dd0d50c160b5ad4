// Studies of formats before the present one (schema.h). In format 1 a candidate of a fit had a number for
// every hyperparameter, 0 where it was off or the optimiser's own, and a value also for those that took no
// part. Its states were those of another numbering.
#pragma once

#include "runnel/study.h"
#include "study/sqlite.h"

namespace runnel::study {

bool is_earlier(const Database& database);
// As the present format would have it, of a study that was read.
void bring_up(Study& study);
// Throws Error(input), naming the format, for a study that is to be gone on with.
void expect_present_format(const Database& database);

}  // namespace runnel::study
