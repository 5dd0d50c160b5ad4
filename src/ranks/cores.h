// Which cores of a machine each of its ranks runs on.
#pragma once

#include "ranks/transport.h"

namespace runnel::ranks {

// Ranks of a machine that were given the same cores share them out, in one piece each: those whom the
// launcher bound to cores of their own stay there. More ranks than cores: one each, in turn. Every rank must
// call it. Returns how many cores this one has; 0: not known.
int take_share_of_cores(Transport& transport);

}  // namespace runnel::ranks
