// How columns are read, as a model file holds it.
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  Reading reading;
  if (!accepted([&] { reading = Reading::from_json(bytes); })) return;
  expect(Reading::from_json(reading.to_json()) == reading, "a reading that is written reads back as itself");
}

const Target target("reading", run);

}  // namespace
}  // namespace runnel::fuzz
