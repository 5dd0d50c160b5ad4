// The states of the best candidates so far: as many as are asked for, whatever order they come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "search/block.h"

namespace runnel::search {

class TopK {
 public:
  using States = std::vector<std::vector<Array>>;  // of each fold

  // `programs` outlive it: they know what folds come to together.
  TopK(std::int64_t most, const Programs& programs)
      : most_(static_cast<std::size_t>(most)), programs_(programs), folds_(programs.folds().size()) {}

  // Takes a reading's state if its candidate can still be among the best. A candidate is one of them once
  // every fold has been read.
  void read(const Reading& reading, const std::function<std::vector<Array>()>& state);

  // None for a candidate that is not among the best.
  const States* find(std::int64_t candidate) const;

 private:
  struct Entry {
    std::int64_t candidate = 0;
    std::vector<Reading> readings = {};  // of each fold
    States states = {};
    std::size_t seen = 0;
    bool finite = true;

    Score score = {};  // of all folds
    bool before(const Entry& other) const;
    // Whether both are readings of one state: candidates that differ in their epochs alone and stopped early.
    bool is_twin(const Entry& other) const;
  };
  bool wants(const Entry& entry) const;
  void take(Entry entry);
  Score score_of_all(const Entry& entry) const;

  std::size_t most_;
  const Programs& programs_;
  std::size_t folds_;
  std::vector<Entry> all_;  // the best first
  std::map<std::int64_t, Entry> pending_;
};

}  // namespace runnel::search
