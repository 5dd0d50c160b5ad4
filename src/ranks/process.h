// This process as one of several, as mpirun and srun start it.
#pragma once

#include "ranks/counted.h"
#include "ranks/rank.h"

namespace runnel::ranks {

// Whether a launcher started this process as one of several (or of one).
bool is_rank();
// Whether this process speaks for the program: it is rank 0, or alone.
bool is_root();
// Whether MPI was there when this Runnel was built.
bool has_mpi();

// The process's place among the others. It is held until the process exits, which waits for them.
class Process {
 public:
  // None where the process was started alone, or as one of one. The first call loads MPI and gives this
  // process its share of the machine's cores. Throws Error(run) where Runnel was built without MPI, and where
  // its library of MPI is not found.
  static Process* current();
  // From now on this process is alone, and rank 0 of its launcher's: its searches are its own. Before the
  // first call of `current`.
  static void stay_alone();
  // A rank that ends with exit code 0 and has never joined the others joins them then, for they would wait
  // for it; from now on this one does not, for its program knows that the others do not either.
  static void end_without_joining();

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  CountedTransport& transport() { return transport_; }
  Rank& rank() { return rank_; }
  // As thread_count, of this process's share of the cores.
  int threads(int wanted) const;

 private:
  explicit Process(std::unique_ptr<Transport> transport);
  CountedTransport transport_;
  const int cores_;
  Rank rank_;
};

}  // namespace runnel::ranks
