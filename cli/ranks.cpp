#include "cli/ranks.h"

#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/fail.h"
#include "core/threads.h"

namespace runnel::cli {
namespace {

// What launchers tell the processes that they start: Open MPI's mpirun; PMIx and PMI, which srun speaks.
const char* rank_told() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* text = std::getenv(name); text != nullptr && *text != '\0') return text;
  return nullptr;
}

#ifdef RUNNEL_MPI_FOLDER

namespace fs = std::filesystem;

// Beside the program, as it is built, or where it is installed.
std::string library_path() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& path :
       {folder / "runnel_mpi.so", (folder / RUNNEL_MPI_FOLDER / "runnel_mpi.so").lexically_normal()})
    if (fs::exists(path, error)) return path.string();
  return "";
}

std::unique_ptr<ranks::Wire> open_wire() {
  const std::string path = library_path();
  if (path.empty())
    fail_run("runnel_mpi.so, which connects ranks, is not beside the program: install Runnel as a whole");
  // Open MPI's own parts look for its symbols among all.
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) fail_run("{} cannot be loaded: {}", path, ::dlerror());
  using Open = ranks::Wire* (*)(int*, char***);
  const auto open = reinterpret_cast<Open>(::dlsym(library, "runnel_open_wire"));
  if (open == nullptr) fail_run("{} is of another Runnel: {}", path, ::dlerror());
  try {
    return std::unique_ptr<ranks::Wire>(open(nullptr, nullptr));
  } catch (const std::runtime_error& e) {
    fail_run("MPI: {}", e.what());
  }
}

#else

std::unique_ptr<ranks::Wire> open_wire() {
  fail_run(
      "started as one of several ranks, but this runnel was built without MPI: build it with libopenmpi-dev "
      "installed, or start it alone");
}

#endif

// The cores that this process may use.
std::vector<int> cores_of(const cpu_set_t& set) {
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

// Ranks of a machine that were given the same cores share them out, in one piece each: those whom the
// launcher bound to cores of their own stay there. More ranks than cores: one each, in turn.
void take_share_of_cores(ranks::Wire& wire) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  const bool known = ::sched_getaffinity(0, sizeof mine, &mine) == 0;
  ranks::Bytes told(sizeof mine);
  std::memcpy(told.data(), &mine, sizeof mine);
  const std::string host = wire.host();
  told.insert(told.end(), reinterpret_cast<const std::byte*>(host.data()),
              reinterpret_cast<const std::byte*>(host.data() + host.size()));
  const std::vector<ranks::Bytes> all = wire.all_gather(told);
  if (!known) return;
  const auto place = static_cast<std::size_t>(std::count(all.begin(), all.begin() + wire.rank(), told));
  const auto sharing = static_cast<std::size_t>(std::count(all.begin(), all.end(), told));
  const std::vector<int> cores = cores_of(mine);
  if (sharing < 2 || cores.empty()) return;
  const std::size_t n = std::max<std::size_t>(1, cores.size() / sharing);
  cpu_set_t share;
  CPU_ZERO(&share);
  for (std::size_t i = 0; i < n; ++i) CPU_SET(cores[(place * n + i) % cores.size()], &share);
  ::sched_setaffinity(0, sizeof share, &share);
}

}  // namespace

bool is_rank() { return rank_told() != nullptr; }

bool speaks() {
  const char* rank = rank_told();
  return rank == nullptr || std::string_view(rank) == "0";
}

std::string ranks_text() {
#ifdef RUNNEL_MPI_FOLDER
  return "with MPI (mpirun runnel fit ...)";
#else
  return "without MPI";
#endif
}

std::unique_ptr<Ranks> Ranks::begin(int threads) {
  if (rank_told() == nullptr) return nullptr;
  auto wire = std::make_unique<ranks::CountedWire>(open_wire());
  if (wire->size() == 1) return nullptr;
  take_share_of_cores(*wire);
  return std::unique_ptr<Ranks>(new Ranks(std::move(wire), thread_count(threads)));
}

Ranks::Ranks(std::unique_ptr<ranks::CountedWire> wire, int threads)
    : wire_(std::move(wire)), crew_(ranks::crew_over(*wire_, threads)) {}

Ranks::~Ranks() {
  crew_.reset();
  ranks::part(*wire_);
}

}  // namespace runnel::cli
