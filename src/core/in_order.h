// Work on a stream of things: made one after another, worked on by several threads, used in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "core/threads.h"

namespace runnel {

// make() gives the next thing, or nothing at the end; work(thing) what is made of it; use(thing, made) takes
// both. make and use are called by one thread at a time and in the order of the things, work by several at
// once. No more things are there at a time than threads. Of failures the first in this order is thrown, once
// all before it is used; nothing behind it is.
template <class Make, class Work, class Use>
void in_order(int threads, const Make& make, const Work& work, const Use& use) {
  std::mutex making, using_;
  std::condition_variable turn;
  std::size_t made = 0, used = 0;
  bool over = false;
  std::exception_ptr failure;
  const auto one = [&] {  // false: there is nothing more to do
    decltype(make()) thing;
    std::optional<decltype(work(*thing))> result;
    std::exception_ptr wrong;
    std::size_t number = 0;
    {
      const std::lock_guard lock(making);
      if (over) return false;
      try {
        thing = make();
      } catch (...) {
        wrong = std::current_exception();
      }
      over = !thing;
      if (!thing && !wrong) return false;
      number = made++;
    }
    try {
      if (!wrong) result.emplace(work(*thing));
    } catch (...) {
      wrong = std::current_exception();
    }
    std::unique_lock lock(using_);
    turn.wait(lock, [&] { return used == number || failure; });
    if (failure) return false;
    try {
      if (wrong) std::rethrow_exception(wrong);
      use(*std::move(thing), *std::move(result));
    } catch (...) {
      failure = std::current_exception();
    }
    ++used;
    turn.notify_all();
    return !failure;
  };
  // A part that throws nothing: `one` keeps what goes wrong.
  parallel_parts(threads, [&](int) {
    while (one()) {
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace runnel
