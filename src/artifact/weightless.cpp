#include "artifact/weightless.h"

#include "core/fail.h"
#include "core/text.h"

namespace runnel {

void leave_out_weightless(const Table& table, const std::string& weight, TargetValues& y,
                          std::vector<std::string>& warnings) {
  std::vector<std::size_t> weighty = rows_of_weight(table, weight, y.rows);
  if (weighty.size() == y.rows.size()) return;
  if (weighty.empty())
    fail("{}, column '{}': every row has the weight 0 (--weight): no row is left", table.source, weight);
  warnings.push_back(fmt::format("{}: {} of weight 0 (--weight {}) {} left out", table.source,
                                 counted(y.rows.size() - weighty.size(), "row"), weight,
                                 y.rows.size() - weighty.size() == 1 ? "is" : "are"));
  y.rows = std::move(weighty);
}

}  // namespace runnel
