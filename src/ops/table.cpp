#include "ops/table.h"

#include <string_view>
#include <unordered_map>

#include "core/fail.h"

namespace runnel {

std::span<const Op> op_table() {
  // Never destroyed: functions are traced in the destructors of static objects, too.
  static const std::vector<Op>& table = *[] {
    auto* made = new std::vector<Op>;
    std::vector<Op>& all = *made;
    for (auto family : {elementwise_ops, reduction_ops, shape_ops, index_ops, contraction_ops, random_ops,
                        linalg_ops, control_ops, compiled_ops}) {
      std::vector<Op> rows = family();
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return made;
  }();
  return table;
}

const Op& find_op(std::string_view name) {
  static const auto& by_name = *[] {
    auto* made = new std::unordered_map<std::string_view, const Op*>;
    for (const Op& op : op_table()) made->emplace(op.name, &op);
    return made;
  }();
  const auto at = by_name.find(name);
  if (at == by_name.end()) fail("there is no op named \"{}\"", name);
  return *at->second;
}

}  // namespace runnel
