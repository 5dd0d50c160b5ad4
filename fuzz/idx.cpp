// idx files: images and labels.
#include "data/readers.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  Table table;
  if (accepted([&] { table = data::read_idx("input", std::string(bytes), {}); })) expect_sound(table);
}

const Target target("idx", run);

}  // namespace
}  // namespace runnel::fuzz
