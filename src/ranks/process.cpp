#include "ranks/process.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/fail.h"
#include "core/threads.h"
#include "ranks/cores.h"

namespace runnel::ranks {
namespace {

// What launchers tell the processes that they start: Open MPI's mpirun; PMIx and PMI, which srun speaks.
const char* rank_told() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* text = std::getenv(name); text != nullptr && *text != '\0') return text;
  return nullptr;
}

#ifdef RUNNEL_MPI_FOLDER

namespace fs = std::filesystem;

// Beside the program, as it is built, or where an installed program has it. Else the name alone: the loader
// looks where the program was linked to look (an installed Runnel says so to whoever finds it,
// CMakeLists.txt) and in LD_LIBRARY_PATH.
std::string library_path() {
  constexpr const char* kName = "runnel_mpi.so";
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& path : {folder / kName, (folder / RUNNEL_MPI_FOLDER / kName).lexically_normal()})
    if (fs::exists(path, error)) return path.string();
  return kName;
}

std::unique_ptr<Transport> open_transport() {
  const std::string path = library_path();
  // Open MPI's own parts look for its symbols among all.
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    const std::string why = ::dlerror();
    fail_run(
        "{}, which connects ranks, cannot be loaded: {}; it belongs beside the program, where Runnel is "
        "installed, or in a folder of LD_LIBRARY_PATH",
        path, why);
  }
  using Open = Transport* (*)(int*, char***);
  const auto open = reinterpret_cast<Open>(::dlsym(library, "runnel_open_transport"));
  if (open == nullptr) fail_run("{} is of another Runnel: {}", path, ::dlerror());
  try {
    return std::unique_ptr<Transport>(open(nullptr, nullptr));
  } catch (const std::runtime_error& e) {
    fail_run("MPI: {}", e.what());
  }
}

#else

std::unique_ptr<Transport> open_transport() {
  fail_run(
      "started as one of several ranks, but this runnel was built without MPI: build it with libopenmpi-dev "
      "installed, or start it alone");
}

#endif

bool are_threads_told() {
  const char* told = std::getenv("RUNNEL_THREADS");
  return told != nullptr && *told != '\0';
}

std::atomic<bool> alone = false;
std::atomic<bool> is_awaited = true;  // by others, when the program ends

bool is_only_one() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* text = std::getenv(name); text != nullptr) return std::string_view(text) == "1";
  return false;
}

// Whoever searches waits in MPI_Init until all ranks are there. One that ends its program before it has
// searched comes there on its way out, says that it leaves, and waits as the others do. With another exit
// code the launcher ends everybody at once.
void join_at_last(int code, void*) {
  if (code != 0 || !is_awaited) return;
  try {
    Process::current();
  } catch (const Error&) {  // nobody can be told, and the others find the same
  }
}

[[maybe_unused]] const bool joins_at_last =
    is_rank() && !is_only_one() && ::on_exit(join_at_last, nullptr) == 0;

// The transport of a process that is alone among ranks is kept as well: its end is that of MPI.
struct Place {
  std::unique_ptr<Transport> of_one;
  std::unique_ptr<Process> process;
};

}  // namespace

bool is_rank() { return rank_told() != nullptr; }

bool is_root() {
  const char* rank = rank_told();
  return rank == nullptr || std::string_view(rank) == "0";
}

bool has_mpi() {
#ifdef RUNNEL_MPI_FOLDER
  return true;
#else
  return false;
#endif
}

void Process::stay_alone() { alone = true; }
void Process::end_without_joining() { is_awaited = false; }

Process* Process::current() {
  if (alone || !is_rank()) return nullptr;
  // Made after MPI was loaded, and so ended before it.
  static const Place place = [] {
    Place made;
    std::unique_ptr<Transport> transport = open_transport();
    if (transport->size() == 1)
      made.of_one = std::move(transport);
    else
      made.process.reset(new Process(std::move(transport)));
    return made;
  }();
  return place.process.get();
}

Process::Process(std::unique_ptr<Transport> transport)
    : transport_(std::move(transport)), cores_(take_share_of_cores(transport_)), rank_(transport_) {
  // What is told is found by whoever wants to know, and may be no number: MPI can be begun but once.
  if (!are_threads_told()) set_threads(threads(0));
}

// oneTBB counts the cores once, which may have been before this process got its share.
int Process::threads(int wanted) const {
  const int n = thread_count(wanted);
  return wanted > 0 || are_threads_told() || cores_ == 0 ? n : std::min(n, cores_);
}

}  // namespace runnel::ranks
