// The rows of the table, one file each.
#pragma once

#include "timing.h"

namespace runnel::bench {

void machine(const Report& report);      // what the processor can do
void openblas(const Report& report);     // of that, OpenBLAS alone
void grid(const Report& report);         // P1: 256 linear regressions on images
void abreast(const Report& report);      // P2, P3: small networks side by side
void alone(const Report& report);        // P4, P5: one network
void point(const Report& report);        // P6: value and gradient at a point, and at many
void products(const Report& report);     // P7: matrix products beside OpenBLAS
void songs(const Report& report);        // P8: a search of 64 candidates
void startup(const Report& report);      // P9: the program from start to result
void studies(const Report& report);      // P10: what keeping a study costs
void ranks(const Report& report);        // P11: a search over ranks
void rungs(const Report& report);        // P12: what retiring candidates at rungs saves
void predictions(const Report& report);  // P13: a saved model at work

}  // namespace runnel::bench
