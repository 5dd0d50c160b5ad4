// The table of layers: the only list of their kinds.
#include <algorithm>

#include "core/fail.h"
#include "nn/layer.h"
#include "ops/keys.h"

namespace runnel::nn {

// Each is defined in the file of its name.
LayerKind dense_kind();
LayerKind layer_norm_kind();
LayerKind periodic_kind();
LayerKind linear_pieces_kind();
LayerKind activation_kind();
LayerKind dropout_kind();
LayerKind residual_kind();

// Files and studies hold the leaves of networks in this order (see Network): a new kind goes to the end.
const std::vector<LayerKind>& layer_table() {
  // Never destroyed: networks are taken apart in the destructors of static objects, too.
  static const auto& table =
      *new std::vector<LayerKind>{dense_kind(),      layer_norm_kind(), periodic_kind(), linear_pieces_kind(),
                                  activation_kind(), dropout_kind(),    residual_kind()};
  return table;
}

const LayerKind& kind_of(const Layer& layer) {
  for (const LayerKind& kind : layer_table())
    if (layer.kind == kind.name) return kind;
  fail("there is no kind of layer named \"{}\"", layer.kind);
}

Array key_of(const LayerKind& kind, const Start& start) {
  const auto same = [&](const LayerKind& row) { return std::string_view(row.name) == kind.name; };
  const std::vector<LayerKind>& table = layer_table();
  const auto place = std::find_if(table.begin(), table.end(), same) - table.begin();
  const Array of_kind = random::child_key(start.key, static_cast<std::uint32_t>(place), domain::kLayerKinds);
  return random::child_key(of_kind, start.number, domain::kLayers);
}

std::int64_t attribute(const Layer& layer, const char* name) {
  const auto at = layer.attributes.find(name);
  if (at == layer.attributes.end()) fail("[{}] the layer does not say its {}", layer.kind, name);
  return at->second;
}

}  // namespace runnel::nn
