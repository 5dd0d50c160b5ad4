#include "study/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/fail.h"
#include "runnel/study.h"

namespace runnel::study {
namespace {

// The holder of a lock writes its number into it.
std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const auto size = ::pread(descriptor, text.data(), text.size(), 0);
  return size > 0
             ? fmt::format(" (process {})", std::string_view(text.data(), static_cast<std::size_t>(size)))
             : "";
}

// Whether the name still leads to the opened file: its former holder may have removed it meanwhile.
bool is_current(const std::string& name, int descriptor) {
  struct stat by_name = {}, opened = {};
  return ::stat(name.c_str(), &by_name) == 0 && ::fstat(descriptor, &opened) == 0 &&
         by_name.st_ino == opened.st_ino && by_name.st_dev == opened.st_dev;
}

[[noreturn]] void fail_opening(const std::string& path) {
  const int reason = errno;
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  if (reason == ENOENT)
    fail("{}: there is no folder {}; make it, or choose another place", path, folder.string());
  fail("{}: cannot be written, because no file can be made in {}: {}; choose another place", path,
       folder.string(), std::strerror(reason));
}

}  // namespace

WriterLock::WriterLock(const std::string& path) : name_(path + "-lock") {
  for (;;) {
    descriptor_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail_opening(path);
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const std::string who = holder(descriptor_);
      ::close(descriptor_);
      fail("{}: another program is writing to it{}; wait for it to end, or give another file", path, who);
    }
    if (is_current(name_, descriptor_)) break;
    ::close(descriptor_);
  }
  const std::string number = std::to_string(::getpid());
  // Without the number the message about us is a little shorter.
  [[maybe_unused]] const bool told =
      ::ftruncate(descriptor_, 0) == 0 && ::pwrite(descriptor_, number.data(), number.size(), 0) > 0;
}

WriterLock::~WriterLock() {
  ::unlink(name_.c_str());  // while it is held, so that nobody locks a file that has no name
  ::close(descriptor_);
}

bool has_writer(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return false;
  const int descriptor = ::open((real.string() + "-lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  ::close(descriptor);
  return held;
}

}  // namespace runnel::study
