// The states of the best candidates so far: as many as are asked for, whatever order they come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "search/block.h"

namespace runnel::search {

class Kept {
 public:
  using States = std::vector<std::vector<Array>>;  // of each fold

  Kept(std::int64_t most, std::size_t folds) : most_(static_cast<std::size_t>(most)), folds_(folds) {}

  // Takes a reading's state if its candidate can still be among the best. A candidate is one of them once
  // every fold has been read.
  void read(const Reading& reading, const std::function<std::vector<Array>()>& state);

  // None for a candidate that is not among the best.
  const States* find(std::int64_t candidate) const;

 private:
  struct Entry {
    std::int64_t candidate = 0;
    std::vector<Score> scores = {};  // of each fold
    States states = {};
    std::size_t seen = 0;
    bool finite = true;

    Score score() const;  // mean over folds
    bool before(const Entry& other) const;
  };
  bool wants(const Entry& entry) const { return all_.size() < most_ || entry.before(all_.back()); }

  std::size_t most_, folds_;
  std::vector<Entry> all_;  // the best first
  std::map<std::int64_t, Entry> pending_;
};

}  // namespace runnel::search
