#include "cli/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include "cli/output.h"
#include "core/fail.h"
#include "core/text.h"

namespace runnel::cli {

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 99.5) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<long>(std::lround(seconds / 60));
  if (minutes < 120) return fmt::format("{} min", minutes);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string progress_text(const search::Progress& progress) {
  std::string out = fmt::format("{}/{} candidates", progress.done, progress.total);
  if (progress.best) out += fmt::format(", best {:.4f}", *progress.best);
  if (progress.seconds_left > 0) out += fmt::format(", {} left", duration_text(progress.seconds_left));
  return out;
}

ProgressLine::ProgressLine(bool quiet) : on_(!quiet), live_(is_terminal(STDERR_FILENO)), every_(0.1) {
  if (!live_) {
    every_ = std::chrono::seconds(30);
    last_ = std::chrono::steady_clock::now();
    if (const char* told = std::getenv("RUNNEL_PROGRESS")) {
      const auto seconds = to_number(told);
      if (!seconds || !(*seconds >= 0)) fail("RUNNEL_PROGRESS: '{}' is no number of seconds", told);
      every_ = std::chrono::duration<double>(*seconds);
      on_ = on_ && *seconds > 0;
    }
  }
}

void ProgressLine::show(const search::Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_ || ((shown_ || !live_) && now - last_ < every_)) return;
  last_ = now;
  shown_ = true;
  const std::string text = fmt::format("{:3.0f}%  {}", 100 * progress.fraction, progress_text(progress));
  // Back to the line's beginning, and what stood there is cleared: plain text on any terminal.
  write_stderr(live_ ? "\r\x1B[K" + text : "runnel: " + text + "\n");
}

void ProgressLine::clear() {
  if (shown_ && live_) write_stderr("\r\x1B[K");
  shown_ = false;
}

}  // namespace runnel::cli
