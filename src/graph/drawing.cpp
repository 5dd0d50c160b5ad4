// Drawings in Graphviz's language ("The DOT language", graphviz.org/doc/info/lang.html).
#include "runnel/drawing.h"

#include <fmt/format.h>

namespace runnel {
namespace {

std::string label_of(const Drawing::Box& box) {
  std::string out;
  for (const std::string& line : box.lines) {
    if (!out.empty()) out += "\\n";
    for (const char c : line) {
      if (c == '"' || c == '\\') out += '\\';
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

const char* look_of(Drawing::Kind kind) {
  switch (kind) {
    case Drawing::Kind::input:
      return "shape=box, style=\"rounded,filled\", fillcolor=\"#e8f0fb\"";
    case Drawing::Kind::constant:
      return "shape=plaintext";
    case Drawing::Kind::step:
      return "shape=box, style=\"rounded\"";
    case Drawing::Kind::result:
      return "shape=box, style=\"rounded,filled\", fillcolor=\"#fdf0d8\"";
  }
  return "";
}

}  // namespace

std::string to_dot(const Drawing& drawing) {
  std::string out = fmt::format("digraph {{\n  rankdir={};\n  node [fontname=\"sans-serif\", fontsize=11];\n",
                                drawing.downwards ? "TB" : "LR");
  for (std::size_t i = 0; i < drawing.boxes.size(); ++i)
    out += fmt::format("  n{} [{}, label=\"{}\"];\n", i, look_of(drawing.boxes[i].kind),
                       label_of(drawing.boxes[i]));
  for (const Drawing::Arrow& arrow : drawing.arrows)
    out += fmt::format("  n{} -> n{}{};\n", arrow.from, arrow.to, arrow.dashed ? " [style=dashed]" : "");
  return out + "}\n";
}

}  // namespace runnel
