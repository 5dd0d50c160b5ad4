#include "artifact/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/fail.h"

namespace runnel {
namespace {

namespace fs = std::filesystem;

// Where the bytes go in the end: the file a link points to, so that renaming does not replace the link.
fs::path destination(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? fs::path(path) : real;
}

// A device, a pipe, a socket: something that a rename would destroy.
bool is_special(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

// A file of its own beside the destination, so that renaming stays within one file system. Removed again
// unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& destination) {
    fs::path folder = destination.parent_path();
    if (folder.empty()) folder = ".";
    name_ = (folder / ".runnel-XXXXXX").string();
    descriptor_ = ::mkostemp(name_.data(), O_CLOEXEC);
    if (descriptor_ < 0) name_.clear();
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

  // mkostemp makes files that only their owner reads; ours are as any other program's, or as the file that
  // is replaced.
  void take_mode_of(const fs::path& destination) const {
    struct stat old = {};
    const ::mode_t mask = ::umask(0);
    ::umask(mask);
    const bool replaces = ::stat(destination.c_str(), &old) == 0;
    // A file system without modes is no reason to lose the file.
    [[maybe_unused]] const int ignored =
        ::fchmod(descriptor_, replaces ? old.st_mode & 07777u : 0666u & ~mask);
  }

  bool rename_to(const fs::path& destination) {
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0 || ::rename(name_.c_str(), destination.c_str()) != 0) return false;
    name_.clear();
    return true;
  }

 private:
  std::string name_;
  int descriptor_ = -1;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ::ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

[[noreturn]] void fail_writing(const std::string& path) {
  const int error = errno;
  fail_run("{}: cannot be written: {}{}", path, std::strerror(error),
           error == ENOSPC || error == EDQUOT ? "; free some space, or choose another place" : "");
}

// A device or a pipe, written to directly.
class SpecialFile {
 public:
  explicit SpecialFile(const std::string& path) : descriptor_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {}
  SpecialFile(const SpecialFile&) = delete;
  SpecialFile& operator=(const SpecialFile&) = delete;
  ~SpecialFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

void check_writable(const std::string& path) {
  const fs::path target = destination(path);
  std::error_code error;
  if (path.empty()) fail("an empty name is no place for a file; name one");
  if (fs::is_directory(target, error)) {
    fail("{}: a folder, not a file; give a file's name, such as {}", path,
         (fs::path(path) / "model").string());
  }
  if (is_special(target)) {
    if (::access(target.c_str(), W_OK) != 0) fail("{}: cannot be written: {}", path, std::strerror(errno));
    return;
  }
  if (TemporaryFile(target).is_open()) return;
  const int reason = errno;
  const fs::path folder = target.parent_path().empty() ? fs::path(".") : target.parent_path();
  if (reason == ENOENT)
    fail("{}: there is no folder {}; make it, or choose another place", path, folder.string());
  fail("{}: cannot be written, because no file can be made in {}: {}; choose another place", path,
       folder.string(), std::strerror(reason));
}

void check_folder(const std::string& path) {
  if (path.empty()) fail("an empty name is no place for a folder; name one");
  std::error_code error;
  fs::path there = fs::absolute(path, error).lexically_normal();
  while (!fs::exists(fs::symlink_status(there, error)) && there != there.parent_path())
    there = there.parent_path();
  if (!fs::is_directory(there, error)) {
    fail("{}: cannot be made, because {} is no folder; give another folder", path, there.string());
  }
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    fail("{}: cannot be written: {}; give another folder", path, std::strerror(errno));
}

struct OutputFile::Impl {
  explicit Impl(std::string given) : path(std::move(given)), target(destination(path)) {
    if (is_special(target)) {
      special.emplace(path);
      if (!special->is_open()) fail_writing(path);
      return;
    }
    file.emplace(target);
    if (!file->is_open()) fail_writing(path);
    file->take_mode_of(target);
  }

  std::string path;
  fs::path target;
  std::optional<SpecialFile> special = {};
  std::optional<TemporaryFile> file = {};
};

OutputFile::OutputFile(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;
OutputFile::~OutputFile() = default;

void OutputFile::write(std::string_view bytes) {
  const int descriptor = impl_->special ? impl_->special->descriptor() : impl_->file->descriptor();
  if (!write_all(descriptor, bytes)) fail_writing(impl_->path);
}

void OutputFile::finish() {
  if (impl_->special) return;
  if (::fsync(impl_->file->descriptor()) != 0 || !impl_->file->rename_to(impl_->target))
    fail_writing(impl_->path);
}

void write_file(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.finish();
}

}  // namespace runnel
