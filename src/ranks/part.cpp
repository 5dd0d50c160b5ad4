#include "ranks/part.h"

#include "ranks/loop.h"
#include "ranks/message.h"

namespace runnel::ranks {

namespace {

// Takes in whatever the others still send, for a message can be as long as to leave only while its receiver
// looks after the wire: until each has said its last word.
void dismiss(Wire& wire) {
  Bell bell;
  int left = 0;
  for (int rank = 1; rank < wire.size(); ++rank) wire.send(rank, Writer(Kind::goodbye).take());
  while (left < wire.size() - 1 || !wire.is_idle()) {
    const auto envelope = wire.receive();
    if (!envelope)
      bell.wait(/*is_training=*/true);
    else if (Reader(envelope->bytes).get<Kind>() == Kind::left)
      ++left;
  }
}

void wait_for_dismissal(Wire& wire) {
  Bell bell;
  for (;;) {
    const auto envelope = wire.receive();
    if (!envelope)
      bell.wait(/*is_training=*/true);
    else if (Reader(envelope->bytes).get<Kind>() == Kind::goodbye)
      return;
  }
}

}  // namespace

void part(Wire& wire, bool dismissed) {
  if (wire.rank() == 0) return dismiss(wire);
  if (!dismissed) wait_for_dismissal(wire);
  wire.send(0, Writer(Kind::left).take());
  Bell bell;
  while (!wire.is_idle()) bell.wait(/*is_training=*/true);
}

}  // namespace runnel::ranks
