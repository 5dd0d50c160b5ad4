// Whether a search has grown from the one that a study holds: more candidates, more epochs, a wider space.
#pragma once

#include <cstdint>
#include <string>

#include "runnel/study.h"
#include "search/archive.h"
#include "study/hyper_json.h"

namespace runnel::study {

// What decides which candidates a search has and how they are judged. A study keeps it, beside `tried` and
// `settled` as search::Earlier has them.
Json plan_of(const search::Beginning& beginning);
// The same as fingerprints, to say what differs between two ranks.
Fingerprint schema_fingerprint(const params::Schema& schema);
Fingerprint search_fingerprint(const search::Beginning& beginning);

// The candidates of a study, as a search of `now` begins with them. Throws Error(input) naming what differs
// where it has not grown from the study's.
search::Earlier grown_from(const Study& study, const search::Beginning& beginning);

}  // namespace runnel::study
