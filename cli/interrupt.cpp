#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace runnel::cli {
namespace {

std::atomic<bool> stopping = false, silent = false;
std::atomic<int> caught = SIGINT;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

extern "C" void runnel_on_signal(int signal) {
  const int error = errno;
  caught = signal;
  stopping = true;
  if (!silent) {
    constexpr std::string_view text = "\nrunnel: stopping, the best so far is kept (again: end at once)\n";
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text.data(), text.size());
  }
  errno = error;
}

void set_handler(void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt(bool quiet) {
  stopping = false;
  silent = quiet;
  // SA_RESETHAND: the second signal finds the system's own handling, which ends the program.
  set_handler(runnel_on_signal, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

Interrupt::~Interrupt() { set_handler(SIG_DFL, 0); }

const std::atomic<bool>* Interrupt::flag() const { return &stopping; }

int code_of_stop() { return 128 + caught; }

}  // namespace runnel::cli
