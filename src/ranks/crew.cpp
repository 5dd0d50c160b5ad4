#include "ranks/crew.h"

#include "ranks/follower.h"
#include "ranks/leader.h"
#include "ranks/loop.h"
#include "ranks/message.h"

namespace runnel::ranks {

std::unique_ptr<sweep::Crew> crew_over(Wire& wire, int threads) {
  if (wire.rank() == 0) return std::make_unique<Leader>(wire, threads);
  return std::make_unique<Follower>(wire, threads);
}

void tell_failure(Wire& wire, ErrorKind kind, const std::string& text) {
  wire.send(0, Writer(Kind::failed).put(std::int64_t{0}).put(kind).put(text).take());
}

void part(Wire& wire, bool dismissed) {
  Bell bell;
  bool is_over = dismissed;
  if (wire.rank() == 0) {
    for (int rank = 1; rank < wire.size(); ++rank) wire.send(rank, Writer(Kind::goodbye).take());
    is_over = true;
  }
  while (!is_over || !wire.is_idle()) {
    const auto envelope = wire.receive();
    if (!envelope)
      bell.wait(/*is_training=*/true);
    else if (wire.rank() != 0)
      is_over = is_over || Reader(envelope->bytes).get<Kind>() == Kind::goodbye;
  }
}

}  // namespace runnel::ranks
