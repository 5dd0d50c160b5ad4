// Every rank but 0: trains what it is handed.
#pragma once

#include <memory>
#include <vector>

#include "ranks/wire.h"
#include "sweep/crew.h"

namespace runnel::ranks {

class Follower : public sweep::Crew {
 public:
  Follower(Wire& wire, int threads);
  ~Follower() override;

  int threads() const override { return threads_; }
  void agree(const std::vector<sweep::Fact>& facts) override;
  void train(const sweep::Problem& problem, const sweep::Options& options,
             std::span<const sweep::Block> blocks, sweep::Desk& desk) override;
  void serve(const sweep::Problem& problem, const std::vector<sweep::Hyper>& candidates,
             const sweep::Options& options) override;

 private:
  Wire& wire_;
  int threads_;
  const std::unique_ptr<sweep::Exchange> exchange_;
  const std::unique_ptr<sweep::Crew> own_;
};

}  // namespace runnel::ranks
