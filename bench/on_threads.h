// One piece of work on several threads at once, as the blocks of a search run.
#pragma once

#include <thread>
#include <vector>

namespace runnel::bench {

// work(0) … work(threads - 1); returns when all have.
template <class Work>
void on_threads(int threads, const Work& work) {
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&work, i] { work(i); });
  work(0);
}

}  // namespace runnel::bench
