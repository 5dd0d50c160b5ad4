// The candidates of a search that goes on with its study and is to have more of them.
#pragma once

#include <string>
#include <vector>

#include "model/searched.h"
#include "runnel/study.h"

namespace runnel::fitting {

// Puts the study's candidates in front, and behind them what the options ask for besides: points to try;
// where there are to be more epochs, all that was drawn once more with these; draws behind those that were
// made; values more of a grid. What cannot be grown is left as it was asked for, and told in `refusal`. To do
// it again changes nothing.
void grow(Searched& search, const study::Study& study, const FitOptions& options);

}  // namespace runnel::fitting
