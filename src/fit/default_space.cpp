#include "fit/default_space.h"

#include <algorithm>

namespace runnel {
namespace {

using params::Value;
using Choices = std::vector<Choice>;

// How finely numeric columns are cut, so that what the first layer reads stays a few hundred numbers; 0: not.
std::size_t bins_for(std::size_t numeric) { return numeric == 0 || numeric > 96 ? 0 : numeric > 24 ? 8 : 32; }

// Images and the like: the first layer is all the cost, and wants breadth.
Choices for_wide() {
  return {{"hidden", {"256"}}, {"batch", {128}},        {"rate", {0.001, 0.002}},
          {"l2", {0, 0.0003}}, {"dropout", {0.2, 0.5}}, {"epochs", {20, 40}}};
}

// Few rows: small networks, strong regularisation, and stopping early.
Choices for_few() {
  return {{"hidden", {"16", "32x16"}},      {"batch", {32}},
          {"rate", {0.001, 0.003, 0.01}},   {"l2", {0, 0.003, 0.03}},
          {"dropout", {Value::off(), 0.3}}, {"epochs", {5, 10, 20, 40}}};
}

// One shape, so that all candidates train as lanes of one program; two where there are rows to spare time
// for, since pieces are worth it on some tables and not on others. Columns as linear pieces and an average of
// the weights in place of a falling rate, so that every number of epochs can be read from one run.
Choices for_many(std::size_t numeric, std::size_t rows) {
  Choices all = {{"hidden", {"128x64"}},    {"batch", {128}},
                 {"rate", {0.001, 0.003}},  {"l2", {0, 0.0003}},
                 {"dropout", {0.1, 0.3}},   {"epochs", {5, 10, 20, 40}},
                 {"norm", {"layer"}},       {"averaging", {"exponential"}},
                 {"average_decay", {0.995}}};
  if (const std::size_t bins = bins_for(numeric); bins > 0) {
    constexpr std::size_t kQuick = 10000;
    if (rows < kQuick)
      all.push_back({"embedding", {"none", "linear-pieces"}});
    else
      all.push_back({"embedding", {"linear-pieces"}});
    all.push_back({"bins", {static_cast<std::int64_t>(bins)}});
  }
  return all;
}

}  // namespace

Choices default_space(const TableSize& table, const std::map<std::string, Value>& set) {
  constexpr std::size_t kWide = 200, kFew = 2000;
  Choices all = table.features >= kWide ? for_wide()
                : table.rows < kFew     ? for_few()
                                        : for_many(table.numeric, table.rows);
  std::erase_if(all, [&](const Choice& c) { return set.contains(c.first); });
  return all;
}

}  // namespace runnel
