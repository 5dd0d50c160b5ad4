#include "ranks/data_parallel.h"

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace runnel::ranks {
namespace {

using search::Block;
using search::LaneState;
using search::Reading;

class OverTransport : public search::Exchange {
 public:
  explicit OverTransport(Transport& transport) : transport_(transport) {}
  std::int64_t parties() const override { return transport_.size(); }
  std::int64_t place() const override { return transport_.rank(); }
  std::vector<Bytes> all_gather(const Bytes& mine) override { return transport_.all_gather(mine); }

 private:
  Transport& transport_;
};

// All ranks decide alike whether to go on: after each epoch rank 0 says so.
class InStep : public search::Coordinator {
 public:
  InStep(Transport& transport, search::Coordinator* coordinator, std::vector<LaneState> states)
      : transport_(transport), coordinator_(coordinator), states_(std::move(states)) {}

  std::vector<LaneState> take(const Block&) override { return std::move(states_); }
  void give_back(std::vector<LaneState> states) override {
    if (coordinator_ != nullptr) coordinator_->give_back(std::move(states));
  }
  void read(const Reading& reading, const std::function<std::vector<Array>()>& state) override {
    if (coordinator_ != nullptr) coordinator_->read(reading, state);
  }
  void note(const LaneState& lane) override {
    if (coordinator_ != nullptr) coordinator_->note(lane);
  }
  void advance(double work) override {
    if (coordinator_ != nullptr) coordinator_->advance(work);
  }
  bool wants_states() override {
    Bytes mine;
    if (coordinator_ != nullptr)
      mine = {std::byte{coordinator_->is_stopped()}, std::byte{coordinator_->wants_states()}};
    const Bytes said = transport_.all_gather(mine)[0];
    stopped_ = said.at(0) != std::byte{0};
    return coordinator_ != nullptr && said.at(1) != std::byte{0};
  }
  void keep(std::span<const LaneState> states) override { coordinator_->keep(states); }
  void thin_out() override {
    if (coordinator_ != nullptr) coordinator_->thin_out();
  }
  bool is_stopped() override { return stopped_; }
  void note_handed(int, std::span<const Block>) override {}

 private:
  Transport& transport_;
  search::Coordinator* const coordinator_;
  std::vector<LaneState> states_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<search::Exchange> search_exchange_over(Transport& transport) {
  return std::make_unique<OverTransport>(transport);
}

void train_data_parallel(Transport& transport, search::Executor& own, const search::Programs& programs,
                         const search::BlockManner& manner, std::size_t memory, const Block& block,
                         search::Coordinator* coordinator, std::vector<LaneState> states) {
  std::string text;
  try {
    InStep in_step(transport, coordinator, std::move(states));
    own.train(programs, manner, memory, {&block, 1}, in_step);
    return;
  } catch (const std::exception& e) {
    text = e.what();
  }
  std::fprintf(stderr, "error: rank %d failed while all ranks trained one candidate: %s\n", transport.rank(),
               text.c_str());
  transport.abort();
}

}  // namespace runnel::ranks
