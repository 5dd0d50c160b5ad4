// NPZ archives.
#include "data/readers.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  Table table;
  if (accepted([&] { table = data::read_npz("input", std::string(bytes), {}); })) expect_sound(table);
}

const Target target("npz", run);

}  // namespace
}  // namespace runnel::fuzz
