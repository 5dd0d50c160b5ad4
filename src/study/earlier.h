// Studies of formats before the present one (schema.h). In format 1 a candidate of a fit had a number for
// every hyperparameter, 0 where it was off or the optimiser's own, and a value also for those that took no
// part.
#pragma once

#include "runnel/study.h"
#include "study/sqlite.h"

namespace runnel::study {

bool is_earlier(const Database& database);
// As the present format would have it, of a study that was read.
void bring_up(Study& study);
// The file itself, before it is gone on with. States of candidates are dropped where their numbers are not
// those of today (they are trained anew).
void bring_up(const Database& database);

}  // namespace runnel::study
