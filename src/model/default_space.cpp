#include "model/default_space.h"

#include <algorithm>

namespace runnel {

std::vector<sweep::Choice> default_space(std::size_t rows, std::size_t features,
                                         const std::vector<std::string>& fixed) {
  std::vector<sweep::Choice> all;
  const bool wide = features >= 200;  // images: the first layer is all the cost, and wants breadth
  if (wide) {
    all = {{"hidden", {"256"}},     {"batch", {"128"}},          {"rate", {"0.001", "0.002"}},
           {"l2", {"0", "0.0003"}}, {"dropout", {"0.2", "0.5"}}, {"epochs", {"20", "40"}}};
  } else if (rows < 2000) {
    // Few rows: small networks, strong regularisation, and stopping early.
    all = {{"hidden", {"16", "32x16"}},    {"batch", {"32"}},         {"rate", {"0.001", "0.003", "0.01"}},
           {"l2", {"0", "0.003", "0.03"}}, {"dropout", {"0", "0.3"}}, {"epochs", {"5", "10", "20", "40"}}};
  } else {
    all = {{"hidden", {"64", "128x64"}}, {"batch", {"128"}},        {"rate", {"0.001", "0.003"}},
           {"l2", {"0", "0.0003"}},      {"dropout", {"0", "0.2"}}, {"epochs", {"5", "10", "20", "30"}}};
  }
  std::erase_if(all, [&](const sweep::Choice& c) {
    return std::find(fixed.begin(), fixed.end(), c.name) != fixed.end();
  });
  return all;
}

}  // namespace runnel
