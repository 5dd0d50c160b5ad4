// The transport over MPI: a library of its own, which the program loads where it was started as one of
// several ranks, so that nobody else pays for loading MPI.
#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <list>
#include <stdexcept>
#include <utility>

#include "ranks/transport.h"

namespace runnel::ranks {
namespace {

constexpr int kTag = 1;
// MPI counts bytes in an int. A longer message goes in pieces of this size and a shorter one behind them.
constexpr std::size_t kPiece = std::size_t{1} << 30;

class MpiTransport : public Transport {
 public:
  MpiTransport(int* argc, char*** argv) {
    int begun = 0;
    MPI_Initialized(&begun);
    if (begun != 0) throw std::runtime_error("the program has initialised it already: leave that to Runnel");
    int provided = 0;
    MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided);
    if (provided < MPI_THREAD_SERIALIZED)
      throw std::runtime_error("this MPI serves no programs with threads (MPI_THREAD_SERIALIZED)");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm local;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &local);
    MPI_Comm_rank(local, &local_rank_);
    MPI_Comm_size(local, &local_size_);
    MPI_Comm_free(&local);
    arriving_.resize(static_cast<std::size_t>(size_));
  }
  MpiTransport(const MpiTransport&) = delete;
  MpiTransport& operator=(const MpiTransport&) = delete;
  ~MpiTransport() override { MPI_Finalize(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }
  std::string host() const override {
    char name[MPI_MAX_PROCESSOR_NAME];
    int length = 0;
    MPI_Get_processor_name(name, &length);
    return {name, static_cast<std::size_t>(length)};
  }

  void send(int to, Bytes bytes) override {
    Sending& sending = sending_.emplace_back();
    sending.bytes = std::move(bytes);
    for (std::size_t at = 0;; at += kPiece) {
      const std::size_t n = std::min(kPiece, sending.bytes.size() - at);
      MPI_Isend(sending.bytes.data() + at, static_cast<int>(n), MPI_BYTE, to, kTag, MPI_COMM_WORLD,
                &sending.requests.emplace_back());
      if (n < kPiece) break;
    }
  }

  std::optional<Envelope> receive() override {
    is_idle();
    for (;;) {
      int is_there = 0;
      MPI_Message message;
      MPI_Status status;
      MPI_Improbe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &is_there, &message, &status);
      if (is_there == 0) return std::nullopt;
      int n = 0;
      MPI_Get_count(&status, MPI_BYTE, &n);
      Bytes& bytes = arriving_[static_cast<std::size_t>(status.MPI_SOURCE)];
      const std::size_t at = bytes.size();
      bytes.resize(at + static_cast<std::size_t>(n));
      MPI_Mrecv(bytes.data() + at, n, MPI_BYTE, &message, MPI_STATUS_IGNORE);
      if (static_cast<std::size_t>(n) < kPiece) return Envelope{status.MPI_SOURCE, std::exchange(bytes, {})};
    }
  }

  bool is_idle() override {
    std::erase_if(sending_, [](Sending& sending) {
      int done = 0;
      MPI_Testall(static_cast<int>(sending.requests.size()), sending.requests.data(), &done,
                  MPI_STATUSES_IGNORE);
      return done != 0;
    });
    return sending_.empty();
  }

  void abort() override { MPI_Abort(MPI_COMM_WORLD, 1); }

  std::vector<Bytes> all_gather(const Bytes& mine) override {
    if (mine.size() > std::numeric_limits<int>::max())
      throw std::runtime_error("a message of 2 GiB or more to all ranks");
    const int n = static_cast<int>(mine.size());
    std::vector<int> sizes(static_cast<std::size_t>(size_)), begins(sizes.size());
    MPI_Allgather(&n, 1, MPI_INT, sizes.data(), 1, MPI_INT, MPI_COMM_WORLD);
    std::int64_t total = 0;
    for (std::size_t r = 0; r < sizes.size(); ++r) {
      begins[r] = static_cast<int>(total);
      total += sizes[r];
      if (total > std::numeric_limits<int>::max())
        throw std::runtime_error("messages of 2 GiB or more to all ranks");
    }
    Bytes all(static_cast<std::size_t>(total));
    MPI_Allgatherv(mine.data(), n, MPI_BYTE, all.data(), sizes.data(), begins.data(), MPI_BYTE,
                   MPI_COMM_WORLD);
    std::vector<Bytes> parts;
    for (std::size_t r = 0; r < sizes.size(); ++r)
      parts.emplace_back(all.begin() + begins[r], all.begin() + begins[r] + sizes[r]);
    return parts;
  }

 private:
  struct Sending {
    Bytes bytes;
    std::vector<MPI_Request> requests;
  };
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
  std::list<Sending> sending_;
  std::vector<Bytes> arriving_;  // pieces of each rank's message
};

}  // namespace
}  // namespace runnel::ranks

// One for each process. Throws std::runtime_error.
extern "C" runnel::ranks::Transport* runnel_open_transport(int* argc, char*** argv) {
  return new runnel::ranks::MpiTransport(argc, argv);
}
