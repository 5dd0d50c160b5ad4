// Ranks as threads of one process, and messages in queues.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ranks/transport.h"

namespace runnel::ranks {

struct Hub {
  explicit Hub(int ranks) : inbox(static_cast<std::size_t>(ranks)), gathered(inbox.size()) {}
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::deque<Envelope>> inbox;
  std::vector<Bytes> gathered;
  std::size_t given = 0, taken = 0;
};

class QueueTransport : public Transport {
 public:
  QueueTransport(Hub& hub, int rank) : hub_(hub), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(hub_.inbox.size()); }
  std::string host() const override { return "here"; }
  int local_rank() const override { return rank_; }
  int local_size() const override { return size(); }
  void send(int to, Bytes bytes) override {
    const std::lock_guard lock(hub_.mutex);
    hub_.inbox[static_cast<std::size_t>(to)].push_back({rank_, std::move(bytes)});
  }
  std::optional<Envelope> receive() override {
    const std::lock_guard lock(hub_.mutex);
    auto& mine = hub_.inbox[static_cast<std::size_t>(rank_)];
    if (mine.empty()) return std::nullopt;
    Envelope envelope = std::move(mine.front());
    mine.pop_front();
    return envelope;
  }
  bool is_idle() override { return true; }
  void abort() override { std::abort(); }
  std::vector<Bytes> all_gather(const Bytes& mine) override {
    std::unique_lock lock(hub_.mutex);
    const std::size_t all = hub_.inbox.size();
    hub_.changed.wait(lock, [&] { return hub_.taken == 0; });  // the gathering before is over
    hub_.gathered[static_cast<std::size_t>(rank_)] = mine;
    ++hub_.given;
    hub_.changed.notify_all();
    hub_.changed.wait(lock, [&] { return hub_.given == all; });
    std::vector<Bytes> out = hub_.gathered;
    if (++hub_.taken == all) hub_.given = hub_.taken = 0;
    hub_.changed.notify_all();
    hub_.changed.wait(lock, [&] { return hub_.taken == 0; });
    return out;
  }

 private:
  Hub& hub_;
  int rank_;
};

}  // namespace runnel::ranks
