// Law 1: the op table is the only list of ops; every cell is filled or says why not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "laws/rows.h"
#include "transforms/control.h"

namespace runnel::laws {
namespace {
TEST(Table, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const Op& op : op_table()) {
    EXPECT_TRUE(names.insert(op.name).second) << op.name;
    EXPECT_EQ(&find_op(op.name), &op);
  }
  EXPECT_THROW(find_op("no such op"), Error);
}

TEST(Table, HasTheOpsThatTheEngineIsMadeOf) {
  for (const char* name : {"neg",
                           "abs",
                           "sign",
                           "exp",
                           "expm1",
                           "log",
                           "log1p",
                           "sqrt",
                           "rsqrt",
                           "sin",
                           "cos",
                           "tanh",
                           "logistic",
                           "erf",
                           "floor",
                           "add",
                           "sub",
                           "mul",
                           "div",
                           "pow",
                           "max",
                           "min",
                           "eq",
                           "ne",
                           "lt",
                           "le",
                           "gt",
                           "ge",
                           "logical_and",
                           "logical_or",
                           "logical_xor",
                           "logical_not",
                           "select",
                           "stop_gradient",
                           "convert",
                           "reduce_sum",
                           "reduce_max",
                           "reduce_min",
                           "argmax",
                           "cumsum",
                           "reshape",
                           "transpose",
                           "broadcast",
                           "slice",
                           "concatenate",
                           "pad",
                           "reverse",
                           "gather",
                           "scatter_add",
                           "iota",
                           "sort",
                           "dot_general",
                           "philox",
                           "qr",
                           "svd",
                           "cholesky",
                           "triangular_solve",
                           "symmetric_root",
                           "lyapunov",
                           "scan",
                           "checkpoint",
                           "vmap",
                           "fused",
                           "strip",
                           "call"})
    EXPECT_NO_THROW(find_op(name)) << name;
}

TEST(Table, EveryCellIsFilledOrSaysWhy) {
  auto says_why = [](const auto& cell) {
    const auto* unsupported = std::get_if<Unsupported>(&cell);
    return unsupported == nullptr ||
           (unsupported->why != nullptr && std::string_view(unsupported->why).size() > 10);
  };
  for (const Op& op : op_table()) {
    SCOPED_TRACE(op.name);
    EXPECT_GT(std::string_view(op.meaning).size(), 1u);
    EXPECT_TRUE(op.type);
    EXPECT_NE(op.kernel, nullptr);
    EXPECT_TRUE(says_why(op.derivative));
    EXPECT_TRUE(says_why(op.batching));
    EXPECT_FALSE(op.samples().empty());
    if (const auto* partials = std::get_if<Partials>(&op.derivative)) {
      EXPECT_EQ(static_cast<int>(partials->of.size()), op.operands);
      for (const Partial& partial : partials->of)
        EXPECT_EQ(partial.kind == Partial::Kind::expression, static_cast<bool>(partial.expression));
    }
    if (const auto* linear = std::get_if<Linear>(&op.derivative)) {
      EXPECT_TRUE(linear->transpose);
      EXPECT_TRUE(linear->in);
    }
    if (const auto* forward = std::get_if<ForwardRule>(&op.derivative)) {
      EXPECT_TRUE(forward->jvp);
    }
    if (const auto* batching = std::get_if<BatchRule>(&op.batching)) {
      EXPECT_TRUE(batching->rule);
    }
    if (std::holds_alternative<NeverBatched>(op.batching)) {
      EXPECT_EQ(op.operands, 0);
    }
    const bool is_fused = std::string_view(op.name) == "fused";
    EXPECT_EQ(op.element.has_value(), op.fusion == Fusion::elementwise && !is_fused);
    if (op.view != nullptr) {
      EXPECT_EQ(op.fusion, Fusion::view);
    }
  }
}

TEST(Table, RowsWithSubgraphsHaveTheirRules) {
  for (const Op& op : op_table()) {
    SCOPED_TRACE(op.name);
    const bool by_subgraph =
        std::holds_alternative<BySubgraph>(op.derivative) || std::holds_alternative<BySubgraph>(op.batching);
    const bool by_compiler = std::holds_alternative<Dissolves>(op.derivative) ||
                             std::holds_alternative<Unsupported>(op.derivative);
    EXPECT_TRUE(op.fusion != Fusion::control || by_subgraph || by_compiler);
    EXPECT_TRUE(op.fusion == Fusion::control || !by_subgraph);
    if (by_subgraph) {
      const ControlRule& rule = control_rule(op);
      EXPECT_TRUE(rule.push_forward && rule.run_forward && rule.pull_back && rule.run_batched &&
                  rule.active_outputs);
    } else {
      EXPECT_THROW(control_rule(op), Error);
    }
  }
}

TEST(Table, SamplesFitTheirRows) {
  for (const Row& r : all_rows()) {
    SCOPED_TRACE(r.name());
    if (r.op->operands >= 0) {
      EXPECT_EQ(static_cast<int>(r.sample.operands.size()), r.op->operands);
    }
    std::set<std::string> given;
    for (const auto& [key, value] : r.sample.attrs.entries()) given.insert(key);
    EXPECT_EQ(given, std::set<std::string>(r.op->attributes.begin(), r.op->attributes.end()));
    Types types;
    for (const Array& x : r.sample.operands) types.push_back(x.type());
    const Types promised = result_types(*r.op, types, r.sample.attrs);
    const Arrays out = function_of(r)(r.sample.operands);
    ASSERT_EQ(out.size(), promised.size());
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i].type(), promised[i]);
  }
}

TEST(Table, AWrongNumberOfOperandsIsAnError) {
  for (const Op& op : op_table()) {
    if (op.operands < 0) continue;
    const Sample sample = op.samples()[0];
    Arrays more = sample.operands;
    more.push_back(Array());
    EXPECT_THROW(bind_op(op, more, sample.attrs), Error) << op.name;
  }
}

// An attribute with its value changed to another of its kind.
AttrValue changed(const AttrValue& value) {
  struct Visitor {
    AttrValue operator()(bool b) const { return !b; }
    AttrValue operator()(std::int64_t i) const { return i + 1; }
    AttrValue operator()(const std::string& s) const { return s + "x"; }
    AttrValue operator()(DType d) const { return d == DType::f32 ? DType::f64 : DType::f32; }
    AttrValue operator()(Dims d) const {
      d.push_back(1);
      return d;
    }
    AttrValue operator()(const GraphPtr& g) const {
      return trace(
                 [&](const Arrays& x) {
                   Arrays out = evaluate(*g, x);
                   out.push_back(out.at(0));
                   return out;
                 },
                 g->input_types())
          .graph;
    }
  };
  return std::visit(Visitor{}, value);
}

TEST(Table, EqualityOfAttributesComparesAllOfThem) {
  for (const Row& r : all_rows()) {
    SCOPED_TRACE(r.name());
    EXPECT_TRUE(r.sample.attrs == r.sample.attrs);
    for (const auto& [key, value] : r.sample.attrs.entries())
      EXPECT_FALSE(r.sample.attrs == r.sample.attrs.with(key, changed(value))) << key;
    EXPECT_FALSE(r.sample.attrs == r.sample.attrs.with("one more", std::int64_t{1}));
  }
}

TEST(Table, EqualSubgraphsMakeEqualAttributes) {
  for (const char* name : {"scan", "checkpoint", "call"}) {
    // Each call of samples() traces its sub-graphs anew.
    EXPECT_TRUE(find_op(name).samples()[0].attrs == find_op(name).samples()[0].attrs) << name;
  }
}

}  // namespace
}  // namespace runnel::laws
