// What was made of a graph. It is kept with the graph and goes with it, so that a function that is dropped
// leaves nothing behind: neither its program with its working memory, nor constants in a transformed graph.
#pragma once

#include <any>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "runnel/graph.h"

namespace runnel {

enum class Transform : std::uint8_t { jvp, vjp, split_vjp, vmap };

struct GraphNotes {
  std::mutex mutex;
  std::shared_ptr<void> executable;  // of the compiler (compile/jit.cpp), made at the first compiled call

  // Transforms of one graph are asked for again and again (each call of a compiled function under grad,
  // say): the latest are kept. None of them holds the graph itself.
  struct Made {
    Transform transform;
    std::vector<bool> flags;
    std::int64_t lanes;
    std::any result;
  };
  static constexpr std::size_t kMost = 64;
  std::list<Made> made;
};

// The result of a transform of `graph` for flags and lanes: the one that was kept, or make()'s.
template <class Result, class Make>
Result kept_with(const Graph& graph, Transform transform, const std::vector<bool>& flags, std::int64_t lanes,
                 Make make) {
  GraphNotes& notes = graph.notes();
  {
    const std::lock_guard lock(notes.mutex);
    for (auto it = notes.made.begin(); it != notes.made.end(); ++it)
      if (it->transform == transform && it->flags == flags && it->lanes == lanes) {
        notes.made.splice(notes.made.begin(), notes.made, it);
        return std::any_cast<Result>(it->result);
      }
  }
  Result result = make();
  const std::lock_guard lock(notes.mutex);
  notes.made.push_front({transform, flags, lanes, result});
  if (notes.made.size() > GraphNotes::kMost) notes.made.pop_back();
  return result;
}

}  // namespace runnel
