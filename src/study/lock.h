// One writer at a time.
#pragma once

#include <string>

namespace runnel::study {

// Holds the file `path`-lock, with flock: the lock goes with the process, however it ends. (SQLite's own
// locks leave a second writer waiting between two commits of the first; this one tells it at once.)
class WriterLock {
 public:
  // Fails, naming the other process, where somebody else holds it or no file can be made.
  explicit WriterLock(const std::string& path);
  ~WriterLock();  // removes the file
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace runnel::study
