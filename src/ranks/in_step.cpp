#include "ranks/in_step.h"

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace runnel::ranks {
namespace {

using sweep::LaneState;
using sweep::Reading;

class OverWire : public sweep::Exchange {
 public:
  explicit OverWire(Wire& wire) : wire_(wire) {}
  std::int64_t parties() const override { return wire_.size(); }
  std::int64_t place() const override { return wire_.rank(); }
  std::vector<Bytes> all_gather(const Bytes& mine) override { return wire_.all_gather(mine); }

 private:
  Wire& wire_;
};

// All ranks decide alike whether to go on: after each epoch rank 0 says so.
class InStep : public sweep::Desk {
 public:
  InStep(Wire& wire, sweep::Desk* desk, std::vector<LaneState> states)
      : wire_(wire), desk_(desk), states_(std::move(states)) {}

  std::vector<LaneState> take(const sweep::Block&) override { return std::move(states_); }
  void give_back(std::vector<LaneState> states, bool stopped) override {
    if (desk_ != nullptr) desk_->give_back(std::move(states), stopped);
  }
  bool read(const Reading& reading) override { return desk_ != nullptr && desk_->read(reading); }
  void take_model(const Reading& reading, nn::Network network) override {
    if (desk_ != nullptr) desk_->take_model(reading, std::move(network));
  }
  bool wants_states() override {
    Bytes mine;
    if (desk_ != nullptr) mine = {std::byte{desk_->is_stopped()}, std::byte{desk_->wants_states()}};
    const Bytes said = wire_.all_gather(mine)[0];
    stopped_ = said.at(0) != std::byte{0};
    return desk_ != nullptr && said.at(1) != std::byte{0};
  }
  void keep(std::span<const LaneState> states) override {
    if (desk_ != nullptr) desk_->keep(states);
  }
  void advance(double work) override {
    if (desk_ != nullptr) desk_->advance(work);
  }
  void thin_out() override {
    if (desk_ != nullptr) desk_->thin_out();
  }
  bool is_stopped() const override { return stopped_; }
  void note_handed(int, std::span<const sweep::Block>) override {}

 private:
  Wire& wire_;
  sweep::Desk* const desk_;
  std::vector<LaneState> states_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<sweep::Exchange> exchange_over(Wire& wire) { return std::make_unique<OverWire>(wire); }

void train_in_step(Wire& wire, sweep::Crew& own, const sweep::Problem& problem, const sweep::Options& options,
                   const sweep::Block& block, sweep::Desk* desk, std::vector<LaneState> states) {
  std::string text;
  try {
    InStep in_step(wire, desk, std::move(states));
    own.train(problem, options, {&block, 1}, in_step);
    return;
  } catch (const std::exception& e) {
    text = e.what();
  }
  std::fprintf(stderr, "runnel: error: rank %d failed while all ranks trained one network: %s\n", wire.rank(),
               text.c_str());
  wire.abort();
}

}  // namespace runnel::ranks
