// Files that are whole or not there: written under a temporary name and renamed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace runnel {

// Fails (Error(input)) where write_file(path, ...) could not begin: no such folder, no permission, a folder
// in its place. To be asked before hours of work whose result is to lie there. Leaves nothing behind.
void check_writable(const std::string& path);

// The same for a folder that is made where it is missing, with those above it.
void check_folder(const std::string& path);

// Writes all bytes, or raises Error(run) and leaves what stood there before. A symbolic link is followed; a
// device or a pipe is written to directly.
void write_file(const std::string& path, std::string_view bytes);

// The same for bytes that come one piece after another.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;
  ~OutputFile();  // before finish(): what stood there stays

  void write(std::string_view bytes);
  void finish();  // all is written: from now on it stands under its name

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel
