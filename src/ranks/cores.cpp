#include "ranks/cores.h"

#include <sched.h>
#include <sys/types.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace runnel::ranks {
namespace {

std::vector<int> cores_of(const cpu_set_t& set) {
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

// Those that this process may use, and the machine's name: equal for ranks that were given the same.
Bytes told_of(const cpu_set_t& mine, const std::string& host) {
  Bytes told(sizeof mine + host.size());
  std::memcpy(told.data(), &mine, sizeof mine);
  for (std::size_t i = 0; i < host.size(); ++i) told[sizeof mine + i] = static_cast<std::byte>(host[i]);
  return told;
}

// All threads that there are, for a program may have worked before; those to come are like who starts them.
void bind(const cpu_set_t& share) {
  ::sched_setaffinity(0, sizeof share, &share);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error))
    ::sched_setaffinity(static_cast<::pid_t>(std::atoi(entry.path().filename().c_str())), sizeof share,
                        &share);
}

}  // namespace

int take_share_of_cores(Transport& transport) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  const bool known = ::sched_getaffinity(0, sizeof mine, &mine) == 0;
  const Bytes told = told_of(mine, transport.host());
  const std::vector<Bytes> all = transport.all_gather(told);
  if (!known) return 0;
  const auto place = static_cast<std::size_t>(std::count(all.begin(), all.begin() + transport.rank(), told));
  const auto sharing = static_cast<std::size_t>(std::count(all.begin(), all.end(), told));
  const std::vector<int> cores = cores_of(mine);
  if (sharing < 2 || cores.empty()) return static_cast<int>(cores.size());
  const std::size_t n = std::max<std::size_t>(1, cores.size() / sharing);
  cpu_set_t share;
  CPU_ZERO(&share);
  for (std::size_t i = 0; i < n; ++i) CPU_SET(cores[(place * n + i) % cores.size()], &share);
  bind(share);
  return static_cast<int>(n);
}

}  // namespace runnel::ranks
