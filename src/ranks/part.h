// How the processes of a program end together.
#pragma once

#include "ranks/transport.h"

namespace runnel::ranks {

// The end of the program: rank 0 sends the others home, who wait for that, however the search went, unless
// they were `dismissed` before.
void part(Transport& transport, bool dismissed = false);

}  // namespace runnel::ranks
