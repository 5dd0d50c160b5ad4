#include "ranks/part.h"

#include "ranks/loop.h"
#include "ranks/message.h"

namespace runnel::ranks {

namespace {

// Takes in whatever the others still send, for a message can be as long as to leave only while its receiver
// looks after the transport: until each has said its last word.
void dismiss(Transport& transport) {
  Bell bell;
  int left = 0;
  for (int rank = 1; rank < transport.size(); ++rank) transport.send(rank, Writer(Kind::goodbye).take());
  while (left < transport.size() - 1 || !transport.is_idle()) {
    const auto envelope = transport.receive();
    if (!envelope)
      bell.wait(/*is_training=*/true);
    else if (Reader(envelope->bytes).get<Kind>() == Kind::left)
      ++left;
  }
}

void wait_for_dismissal(Transport& transport) {
  Bell bell;
  for (;;) {
    const auto envelope = transport.receive();
    if (!envelope)
      bell.wait(/*is_training=*/true);
    else if (Reader(envelope->bytes).get<Kind>() == Kind::goodbye)
      return;
  }
}

}  // namespace

void part(Transport& transport, bool dismissed) {
  if (transport.rank() == 0) return dismiss(transport);
  if (!dismissed) wait_for_dismissal(transport);
  transport.send(0, Writer(Kind::left).take());
  Bell bell;
  while (!transport.is_idle()) bell.wait(/*is_training=*/true);
}

}  // namespace runnel::ranks
