// 60% of the rows of spotify_songs.csv to train, 20% to choose, standardised; split as the peers do where
// RUNNEL_BENCH_SPLIT names their rows. Generated rows of the same shape where the file is not at hand.
#pragma once

#include "runnel/ops.h"
#include "runnel/sweep.h"

namespace runnel::bench {

sweep::Problem songs_problem();

}  // namespace runnel::bench
