// This process as one of several, over a transport: the searches that all of them make together.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ranks/executor.h"
#include "ranks/transport.h"
#include "runnel/error.h"
#include "runnel/search.h"

namespace runnel::ranks {

// Every rank calls the same functions in the same order. Rank 0 coordinates: it samples, schedules and keeps
// the study; the others train what they are handed. All return what rank 0 came to, or throw its error; where
// a rank failed, that is what it failed with, and its number.
class Rank {
 public:
  explicit Rank(Transport& transport) : transport_(transport) {}
  // Waits until rank 0's program is at its end too.
  ~Rank();
  Rank(const Rank&) = delete;
  Rank& operator=(const Rank&) = delete;

  // As search::run and search::plan, on so many threads of this process.
  search::Result run(int threads, const search::Trainable& trainable, const std::vector<search::Fold>& folds,
                     const search::Space& space, const search::SamplerPtr& sampler,
                     const search::Options& options);
  search::Plan plan(int threads, const search::Trainable& trainable, const std::vector<search::Fold>& folds,
                    const search::Space& space, const search::SamplerPtr& sampler,
                    const search::Options& options);

  // Of a rank that cannot come to the next search: rank 0 raises this there, with the rank's number.
  void tell_failure(ErrorKind kind, const std::string& text);

 private:
  template <class Out>
  struct Call;
  template <class Out>
  Out make(const Call<Out>& call);
  template <class Out>
  Out lead(const Call<Out>& call);
  template <class Out>
  Out follow(const Call<Out>& call);
  void tell_all(const Bytes& bytes);
  Bytes wait_until_over();

  Transport& transport_;
  std::atomic<bool> searches_{false};
  std::int64_t number_ = 0;  // of the search
  bool dismissed_ = false;   // rank 0's program has ended
};

}  // namespace runnel::ranks
