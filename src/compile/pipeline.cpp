#include "compile/pipeline.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/fail.h"

namespace runnel {

std::span<const Pass> passes() {
  // In order. Lanes come first, for they decide the shapes that the others see; fusion comes last, for no
  // other pass looks into what it makes.
  static constexpr Pass kPasses[] = {
      {"inline_subgraphs", inline_subgraphs},      //
      {"assign_lanes", assign_lanes},              //
      {"remove_dead_code", remove_dead_code},      //
      {"sink_views", sink_views},                  //
      {"narrow_elementwise", narrow_elementwise},  //
      {"simplify", simplify},                      //
      {"fold_constants", fold_constants},          //
      {"share_common", share_common},              //
      {"hoist_invariants", hoist_invariants},      //
      {"remove_dead_code", remove_dead_code},      // what the passes above left without use
      {"fuse_elementwise", fuse_elementwise},      //
      {"fuse_products", fuse_products},            //
  };
  return kPasses;
}

namespace {

// What RUNNEL_DUMP asks for: "pass", the name of one, or nothing.
std::string_view wanted_dump() {
  const char* text = std::getenv("RUNNEL_DUMP");
  const std::string_view wanted = text != nullptr ? text : "";
  if (wanted.empty() || wanted == "pass") return wanted;
  std::string names;
  for (const Pass& pass : passes()) {
    if (wanted == pass.name) return wanted;
    if (names.find(pass.name) == std::string::npos) names += fmt::format(", {}", pass.name);
  }
  fail("RUNNEL_DUMP is \"{}\": it must be one of pass{}", wanted, names);
}

void dump(const char* when, const char* pass, const GraphPtr& graph) {
  fmt::print(stderr, "-- {} {}\n{}\n", when, pass, to_string(*graph));
}

}  // namespace

GraphPtr optimise(const GraphPtr& graph) {
  GraphPtr g = graph;
  const std::string_view wanted = wanted_dump();
  for (const Pass& pass : passes()) {
    const bool shown = wanted == "pass" || wanted == pass.name;
    if (shown) dump("before", pass.name, g);
    g = pass.run(g);
    if (shown) dump("after", pass.name, g);
  }
  return g;
}

GraphPtr optimise_after_lanes(const GraphPtr& graph) {
  GraphPtr g = graph;
  bool after = false;
  for (const Pass& pass : passes()) {
    if (after) g = pass.run(g);
    after = after || std::string_view(pass.name) == "assign_lanes";
  }
  return g;
}

std::shared_ptr<const Program> compile(const GraphPtr& graph) { return plan(optimise(graph)); }

}  // namespace runnel
