#include "graph/digest.h"

#include "core/digest.h"
#include "graph/node.h"
#include "graph/op.h"

namespace runnel {
namespace {

void add(Digest& digest, const Type& type) {
  digest.number(static_cast<std::uint64_t>(type.dtype)).number(static_cast<std::uint64_t>(type.shape.rank()));
  for (const std::int64_t size : type.shape) digest.number(static_cast<std::uint64_t>(size));
}

void add(Digest& digest, const std::vector<ValueId>& ids) {
  digest.number(ids.size());
  for (const ValueId id : ids) digest.number(id);
}

void add(Digest& digest, const AttrValue& value) {
  digest.number(value.index());
  std::visit(
      [&](const auto& v) {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          digest.text(v);
        } else if constexpr (std::is_same_v<T, Dims>) {
          digest.number(static_cast<std::uint64_t>(v.size()));
          for (const std::int64_t size : v) digest.number(static_cast<std::uint64_t>(size));
        } else if constexpr (std::is_same_v<T, GraphPtr>) {
          digest.text(digest_of(*v));
        } else {
          digest.number(static_cast<std::uint64_t>(v));
        }
      },
      value);
}

}  // namespace

std::string digest_of(const Graph& graph) {
  Digest digest;
  add(digest, graph.inputs());
  for (const ValueId id : graph.inputs()) add(digest, graph.type(id));
  digest.number(graph.constants().size());
  for (const Graph::Constant& constant : graph.constants()) {
    digest.number(constant.id);
    add(digest, constant.value.type());
    const auto bytes = static_cast<std::size_t>(constant.value.size()) * size_of(constant.value.dtype());
    digest.bytes(detail::dense_bytes(constant.value), bytes);
  }
  digest.number(graph.equations().size());
  for (const Equation& equation : graph.equations()) {
    digest.text(equation.op->name);
    add(digest, equation.inputs);
    add(digest, equation.outputs);
    for (const auto& [name, value] : equation.attrs.entries()) {
      digest.text(name);
      add(digest, value);
    }
  }
  add(digest, graph.outputs());
  return digest.hex();
}

}  // namespace runnel
