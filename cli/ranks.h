// The program as one of several, as mpirun and srun start it.
#pragma once

#include <string>

#include "ranks/process.h"

namespace runnel::cli {

using ranks::is_rank;
// Whether this process speaks for the program: it is rank 0, or alone.
inline bool speaks() { return ranks::is_root(); }
// Whether this program can run over ranks: "with MPI" or "without MPI", and why.
inline std::string ranks_text() {
  return ranks::has_mpi() ? "with MPI (mpirun runnel fit ...)" : "without MPI";
}

}  // namespace runnel::cli
