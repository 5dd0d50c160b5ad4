#include <iostream>
#include <nlohmann/json.hpp>

#include "timing.h"

namespace runnel::bench {
namespace {
void write(nlohmann::ordered_json line, const Facts& facts) {
  for (const auto& [name, value] : facts) line[name] = value;
  std::cout << line.dump() << std::endl;
}
}  // namespace

void Report::time(const std::string& name, const std::string& who, const Timing& t,
                  const Facts& facts) const {
  write({{"row", row_},
         {"case", name},
         {"threads", threads_},
         {"who", who},
         {"seconds", t.median},
         {"min", t.min},
         {"max", t.max},
         {"runs", t.runs}},
        facts);
}

void Report::figure(const std::string& name, const std::string& who, double value, const std::string& unit,
                    const Facts& facts) const {
  write(
      {{"row", row_}, {"case", name}, {"threads", threads_}, {"who", who}, {"value", value}, {"unit", unit}},
      facts);
}

}  // namespace runnel::bench
