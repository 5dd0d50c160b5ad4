// Working memory that threads take and give back.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace runnel {

// There are as many things as were in use at a time at most; none is freed before the pool.
template <class T>
class Pool {
 public:
  // One that nobody uses, or a new one by make() -> std::unique_ptr<T>.
  template <class Make>
  std::unique_ptr<T> take(const Make& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> out = std::move(idle_.back());
        idle_.pop_back();
        return out;
      }
    }
    return make();
  }
  void give_back(std::unique_ptr<T> thing) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(thing));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace runnel
