// ARFF.
#include "data/readers.h"
#include "target.h"

namespace runnel::fuzz {
namespace {

void run(std::string_view bytes) {
  if (!is_utf8(bytes) || !data::is_arff(bytes)) return;  // as read_text sees to
  Table table;
  if (accepted([&] { table = data::typed(data::read_arff("input", bytes, {}), {}); })) expect_sound(table);
}

const Target target("arff", run);

}  // namespace
}  // namespace runnel::fuzz
