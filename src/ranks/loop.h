// What the loops of leader and followers share: waiting without keeping a core busy.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace runnel::ranks {

// Training on a thread of its own, while this one carries messages.
class Training {
 public:
  // `wake` is called (by the other thread) when the work has ended.
  void start(const std::function<void()>& work, const std::function<void()>& wake) {
    ended_ = false;
    failure_ = nullptr;
    thread_ = std::thread([this, work, wake] {
      try {
        work();
      } catch (...) {
        failure_ = std::current_exception();
      }
      ended_ = true;
      wake();
    });
  }
  ~Training() {
    if (thread_.joinable()) thread_.join();
  }

  bool is_on() const { return thread_.joinable(); }
  bool has_ended() const { return is_on() && ended_; }
  // Waits for it, and throws what it threw.
  void join() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::thread thread_;
  std::atomic<bool> ended_{false};
  std::exception_ptr failure_;
};

// A bell that another thread rings. Messages of other ranks do not ring it: they are looked for every
// millisecond, which costs a core under a percent, and twenty times as often by a process that has had no
// work for less than a twentieth of a second.
class Bell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    changed_.notify_one();
  }
  void wait(bool is_training) {
    constexpr int kHasty = 500;
    idle_ = is_training ? 0 : std::min(idle_ + 1, kHasty + 1);
    const auto most = std::chrono::microseconds(is_training || idle_ > kHasty ? 1000 : 50);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [&] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
  int idle_ = 0;  // waits one after another without work
};

}  // namespace runnel::ranks
