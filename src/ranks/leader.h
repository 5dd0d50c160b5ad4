// Rank 0: hands out blocks and puts together what comes back.
#pragma once

#include <memory>
#include <vector>

#include "ranks/wire.h"
#include "sweep/crew.h"

namespace runnel::ranks {

class Leader : public sweep::Crew {
 public:
  Leader(Wire& wire, int threads);
  ~Leader() override;

  int threads() const override;
  void agree(const std::vector<sweep::Fact>& facts) override;
  void train(const sweep::Problem& problem, const sweep::Options& options,
             std::span<const sweep::Block> blocks, sweep::Desk& desk) override;
  void serve(const sweep::Problem&, const std::vector<sweep::Hyper>&, const sweep::Options&) override;

 private:
  Wire& wire_;
  std::vector<int> threads_;  // of each rank
  std::vector<std::string> names_;
  const std::unique_ptr<sweep::Exchange> exchange_;
  const std::unique_ptr<sweep::Crew> own_;
  sweep::BlockPrograms programs_;  // what networks of other ranks look like
};

}  // namespace runnel::ranks
