// The program as one of several, as mpirun and srun start it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ranks/counted.h"
#include "ranks/crew.h"
#include "ranks/wire.h"

namespace runnel::cli {

// Whether a launcher started this process as one of several (or of one).
bool is_rank();
// Whether this process speaks for the program: it is rank 0, or alone.
bool speaks();
// Whether this program can run over ranks: "with MPI" or "without MPI", and why.
std::string ranks_text();

class Ranks {
 public:
  // None where the program was started alone. Gives this process its share of the machine's cores. `threads`:
  // as the user asked for, or 0. Throws Error(run) where the program was built without MPI.
  static std::unique_ptr<Ranks> begin(int threads);
  ~Ranks();  // waits for all others
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  bool leads() const { return wire_->rank() == 0; }
  int size() const { return wire_->size(); }
  const ranks::Traffic& traffic() const { return wire_->traffic(); }
  sweep::Crew* crew() { return crew_.get(); }
  // What rank 0 is to tell, in place of this rank.
  void tell_failure(ErrorKind kind, const std::string& text) { ranks::tell_failure(*wire_, kind, text); }

 private:
  Ranks(std::unique_ptr<ranks::CountedWire> wire, int threads);
  std::unique_ptr<ranks::CountedWire> wire_;
  std::unique_ptr<sweep::Crew> crew_;
};

}  // namespace runnel::cli
