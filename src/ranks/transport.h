// Messages between the processes of a run, whatever carries them: MPI (src/mpi), or queues in a test. Plain
// virtual functions and nothing else, for the one that knows MPI is a library loaded at run time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace runnel::ranks {

using Bytes = std::vector<std::byte>;

struct Envelope {
  int from = 0;
  Bytes bytes;
};

// Used by one thread at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual std::string host() const = 0;
  // The place of this process among those on its machine, and how many they are.
  virtual int local_rank() const = 0;
  virtual int local_size() const = 0;

  // Returns at once; messages to one rank arrive in the order in which they were sent.
  virtual void send(int to, Bytes bytes) = 0;
  // The next message, or none where there is none yet. What is being sent goes on as well.
  virtual std::optional<Envelope> receive() = 0;
  // Whether all that was sent has left.
  virtual bool is_idle() = 0;
  // Ends all processes with exit code 1, at once.
  virtual void abort() = 0;
  // parts[r] of rank r to everybody, in the order of the ranks; every rank must call it.
  virtual std::vector<Bytes> all_gather(const Bytes& mine) = 0;
};

}  // namespace runnel::ranks
