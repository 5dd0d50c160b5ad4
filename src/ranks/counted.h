// A wire that counts what it carries.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "ranks/wire.h"

namespace runnel::ranks {

// What the messages of a process were.
struct Traffic {
  std::int64_t sent = 0, received = 0;  // messages
  std::int64_t bytes_sent = 0, bytes_received = 0;
  std::int64_t gathered = 0, bytes_gathered = 0;  // all_gather, with what came from all
};

class CountedWire : public Wire {
 public:
  explicit CountedWire(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
  const Traffic& traffic() const { return traffic_; }

  int rank() const override { return wire_->rank(); }
  int size() const override { return wire_->size(); }
  std::string host() const override { return wire_->host(); }
  int local_rank() const override { return wire_->local_rank(); }
  int local_size() const override { return wire_->local_size(); }
  void send(int to, Bytes bytes) override {
    ++traffic_.sent;
    traffic_.bytes_sent += std::ssize(bytes);
    wire_->send(to, std::move(bytes));
  }
  std::optional<Envelope> receive() override {
    auto envelope = wire_->receive();
    if (envelope) {
      ++traffic_.received;
      traffic_.bytes_received += std::ssize(envelope->bytes);
    }
    return envelope;
  }
  bool is_idle() override { return wire_->is_idle(); }
  void abort() override { wire_->abort(); }
  std::vector<Bytes> all_gather(const Bytes& mine) override {
    auto all = wire_->all_gather(mine);
    ++traffic_.gathered;
    for (const Bytes& bytes : all) traffic_.bytes_gathered += std::ssize(bytes);
    return all;
  }

 private:
  const std::unique_ptr<Wire> wire_;
  Traffic traffic_;
};

}  // namespace runnel::ranks
