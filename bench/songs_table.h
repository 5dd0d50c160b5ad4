// 60% of the rows of spotify_songs.csv to train, 20% to choose, standardised; split as the peers do where
// RUNNEL_BENCH_SPLIT names their rows. Generated rows of the same shape where the file is not at hand.
#pragma once

#include "runnel/models.h"
#include "runnel/ops.h"

namespace runnel::bench {

models::Problem songs_problem();

}  // namespace runnel::bench
