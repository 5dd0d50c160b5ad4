// A transport that counts what it carries.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "ranks/transport.h"

namespace runnel::ranks {

// What the messages of a process were.
struct Traffic {
  std::int64_t sent = 0, received = 0;  // messages
  std::int64_t bytes_sent = 0, bytes_received = 0;
  std::int64_t gathered = 0, bytes_gathered = 0;  // all_gather, with what came from all
};

class CountedTransport : public Transport {
 public:
  explicit CountedTransport(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}
  const Traffic& traffic() const { return traffic_; }

  int rank() const override { return transport_->rank(); }
  int size() const override { return transport_->size(); }
  std::string host() const override { return transport_->host(); }
  int local_rank() const override { return transport_->local_rank(); }
  int local_size() const override { return transport_->local_size(); }
  void send(int to, Bytes bytes) override {
    ++traffic_.sent;
    traffic_.bytes_sent += std::ssize(bytes);
    transport_->send(to, std::move(bytes));
  }
  std::optional<Envelope> receive() override {
    auto envelope = transport_->receive();
    if (envelope) {
      ++traffic_.received;
      traffic_.bytes_received += std::ssize(envelope->bytes);
    }
    return envelope;
  }
  bool is_idle() override { return transport_->is_idle(); }
  void abort() override { transport_->abort(); }
  std::vector<Bytes> all_gather(const Bytes& mine) override {
    auto all = transport_->all_gather(mine);
    ++traffic_.gathered;
    for (const Bytes& bytes : all) traffic_.bytes_gathered += std::ssize(bytes);
    return all;
  }

 private:
  const std::unique_ptr<Transport> transport_;
  Traffic traffic_;
};

}  // namespace runnel::ranks
