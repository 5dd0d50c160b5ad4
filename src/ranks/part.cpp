#include "ranks/part.h"

#include "ranks/loop.h"
#include "ranks/message.h"

namespace runnel::ranks {

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
