// Files that are whole or not there: written under a temporary name and renamed.
#pragma once

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

}  // namespace runnel
