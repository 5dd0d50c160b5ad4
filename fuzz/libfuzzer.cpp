// The door that libFuzzer comes in by. A program of one target has this file; the replay of all has not.
#include <cstddef>
#include <cstdint>

#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  runnel::fuzz::targets().front()->run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
