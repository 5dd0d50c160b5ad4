#include "cli/ranks.h"

namespace runnel::cli {

std::string ranks_text() { return ranks::has_mpi() ? "with MPI (mpirun runnel fit ...)" : "without MPI"; }

std::unique_ptr<Ranks> Ranks::begin(int threads) {
  ranks::Process* process = ranks::Process::current();
  if (process == nullptr) return nullptr;
  return std::unique_ptr<Ranks>(new Ranks(process->wire(), process->threads(threads)));
}

Ranks::Ranks(ranks::CountedWire& wire, int threads) : wire_(wire), crew_(ranks::crew_over(wire, threads)) {}

}  // namespace runnel::cli
