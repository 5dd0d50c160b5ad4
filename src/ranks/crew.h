// A crew of several processes. Rank 0 leads: it runs the search, keeps the study, hands blocks to ranks that
// are free (itself among them), and puts together what they bring. The others prepare the same search and
// train what they are handed. What a block comes to does not depend on who trains it, so the bits of a search
// are those of one process.
#pragma once

#include <memory>
#include <string>

#include "ranks/wire.h"
#include "runnel/error.h"
#include "sweep/crew.h"

namespace runnel::ranks {

// `threads` are those of this process. The wire must outlive it.
std::unique_ptr<sweep::Crew> crew_over(Wire& wire, int threads);

// A rank that does not lead tells why it cannot go on; rank 0 raises it with the rank's number.
void tell_failure(Wire& wire, ErrorKind kind, const std::string& text);
// The end of the program: rank 0 sends the others home, who wait for that, however the search went, unless
// they were `dismissed` before.
void part(Wire& wire, bool dismissed = false);

}  // namespace runnel::ranks
