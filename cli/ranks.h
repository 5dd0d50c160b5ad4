// The program as one of several, as mpirun and srun start it.
#pragma once

#include <memory>
#include <string>

#include "ranks/crew.h"
#include "ranks/process.h"

namespace runnel::cli {

using ranks::is_rank;
// Whether this process speaks for the program: it is rank 0, or alone.
inline bool speaks() { return ranks::is_root(); }
// Whether this program can run over ranks: "with MPI" or "without MPI", and why.
std::string ranks_text();

class Ranks {
 public:
  // None where the program was started alone. `threads`: as the user asked for, or 0. Throws as
  // ranks::Process::current does.
  static std::unique_ptr<Ranks> begin(int threads);

  bool leads() const { return wire_.rank() == 0; }
  int size() const { return wire_.size(); }
  const ranks::Traffic& traffic() const { return wire_.traffic(); }
  sweep::Crew* crew() { return crew_.get(); }
  // What rank 0 is to tell, in place of this rank.
  void tell_failure(ErrorKind kind, const std::string& text) { ranks::tell_failure(wire_, kind, text); }

 private:
  Ranks(ranks::CountedWire& wire, int threads);
  ranks::CountedWire& wire_;
  const std::unique_ptr<sweep::Crew> crew_;
};

}  // namespace runnel::cli
