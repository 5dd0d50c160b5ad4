#include "compile/pipeline.h"

namespace runnel {

std::shared_ptr<const Program> compile(const GraphPtr& graph) {
  GraphPtr g = graph;
  g = inline_subgraphs(g);
  return plan(g);
}

}  // namespace runnel
