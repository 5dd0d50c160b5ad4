// L15: a vector times a Jacobian without the Jacobian, and the gradient of a block with a skip.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "lab/arrays.h"
#include "lab/context.h"
#include "lab/table.h"
#include "runnel/cost.h"
#include "runnel/linalg.h"
#include "runnel/transforms.h"

namespace runnel::lab {
namespace {

// f(x) = v (vᵀ x).
Array rank_one(const Array& v, const Array& x) { return v * dot(v, x); }
auto of_x(const Array& v) {
  return [v](const Array& x) -> Array { return rank_one(v, x); };
}
Array pulled(const Array& v, const Array& x, const Array& y) { return vjp(of_x(v), x).second(y); }

void small(Context& c) {
  c.part("v = (1, 2, 3)", {"S1.3", "S1.5"});
  const Array v = vec({1, 2, 3}), x = normals(c.key(1), {3}), j = jacobian(of_x(v))(x);
  const Array expected = Array::from(std::vector<double>{1, 2, 3, 2, 4, 6, 3, 6, 9}, {3, 3});
  c.holds("J is [[1, 2, 3], [2, 4, 6], [3, 6, 9]], to the last bit", same_bits(j, expected));
  c.holds("forward mode gives the same", same_bits(jacobian_forward(of_x(v))(x), expected));
  const std::vector<double> s = svd(j).s.to_doubles();
  c.absolute("its largest eigenvalue", s[0], 14, 1e-13);
  c.absolute("the next", s[1], 0, 1e-13);
  c.absolute("the last", s[2], 0, 1e-13);
  c.holds("Jᵀ (1, 1, 1), pulled back without J, is (6, 12, 18), to the last bit",
          same_bits(pulled(v, x, vec({1, 1, 1})), vec({6, 12, 18})));
}

// The exponent of a power law through points, by least squares of the logarithms.
double exponent(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  double mx = 0, my = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mx += std::log(x[i]) / n;
    my += std::log(y[i]) / n;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (std::log(x[i]) - mx) * (std::log(x[i]) - mx);
    xy += (std::log(x[i]) - mx) * (std::log(y[i]) - my);
  }
  return xy / xx;
}

void costs(Context& c) {
  std::vector<double> sizes, j_operations, j_bytes, v_operations, v_bytes;
  double most_apart = 0;
  for (std::int64_t k = 6; k <= c.whole("power"); ++k) {
    const std::int64_t n = std::int64_t{1} << k;
    const Type vector{DType::f64, {n}}, matrix{DType::f64, {n, n}};
    // Graphs are counted and need not be run. The rows of J are pull-backs of the rows of a basis.
    const Cost whole = cost_of(*trace(
                                    [](const std::vector<Array>& in) {
                                      return std::vector{vmap(vjp(of_x(in[0]), in[1]).second)(in[2])};
                                    },
                                    {vector, vector, matrix})
                                    .graph);
    const Cost one =
        cost_of(*trace([](const std::vector<Array>& in) { return std::vector{pulled(in[0], in[1], in[2])}; },
                       {vector, vector, vector})
                     .graph);
    const auto size = static_cast<double>(n);
    sizes.push_back(size);
    j_operations.push_back(whole.operations);
    j_bytes.push_back(whole.bytes);
    v_operations.push_back(one.operations);
    v_bytes.push_back(one.bytes);
    most_apart = std::max(most_apart, std::abs(one.operations / size - 3));
  }
  c.part("What J costs, counted in its graph", {"S1.4"});
  c.absolute("exponent of n in its operations", exponent(sizes, j_operations), 2, 0.02);
  c.absolute("exponent of n in its bytes", exponent(sizes, j_bytes), 2, 0.02);
  c.part("What Jᵀy costs", {"S1.5"});
  c.absolute("exponent of n in its operations", exponent(sizes, v_operations), 1, 0.02);
  c.absolute("exponent of n in its bytes", exponent(sizes, v_bytes), 1, 0.02);
  c.exact("operations / n less 3 (2n multiplications, n additions), at most", most_apart, 0);
  const std::int64_t n = 200;
  const Array v = normals(c.key(2), {n}), x = normals(c.key(3), {n}), y = normals(c.key(4), {n});
  const Array by_matrix = matmul(transpose(jacobian(of_x(v))(x)), y);
  c.at_most("of 200 numbers: against Jᵀ times y",
            norm(pulled(v, x, y) - by_matrix).item() / norm(by_matrix).item(), 1e-12);
  Panel panel{
      "What a Jacobian costs, and one product with it", {"n", Scale::log}, {"operations, bytes", Scale::log}};
  panel.line("J, operations", sizes, j_operations);
  panel.line("J, bytes", sizes, j_bytes).dashed = true;
  panel.line("Jᵀy, operations", sizes, v_operations);
  panel.line("Jᵀy, bytes", sizes, v_bytes).dashed = true;
  c.panel(panel);
}

// z = W1 x + b1, h = sigmoid(z), y = x + W2 h + b2, L = |y - s|² / 2 + rᵀh, of x (n,) and h (k,).
struct Block {
  Array w1, b1, w2, b2, s, r;
  Array loss(const Array& x) const {
    const Array h = logistic(matmul(w1, x) + b1), y = x + matmul(w2, h) + b2;
    return 0.5 * sum(square(y - s)) + dot(r, h);
  }
};

// What the exercise asks for: the derivatives of L by every value on the way back.
struct Backward {
  Array y_bar, h_bar, z_bar, x_bar, h, z, y;
};
Backward by_hand(const Block& m, const Array& x, bool skip, bool penalty) {
  Backward b;
  b.z = matmul(m.w1, x) + m.b1;
  b.h = logistic(b.z);
  b.y = x + matmul(m.w2, b.h) + m.b2;
  b.y_bar = b.y - m.s;
  b.h_bar = matmul(transpose(m.w2), b.y_bar) + (penalty ? m.r : 0 * m.r);
  b.z_bar = b.h_bar * b.h * (1 - b.h);
  b.x_bar = matmul(transpose(m.w1), b.z_bar) + (skip ? b.y_bar : 0 * b.y_bar);
  return b;
}

// The equations of a graph that read a value, views looked through.
std::int64_t readers(const Graph& graph, ValueId id) {
  std::int64_t count = 0;
  for (const Equation& eq : graph.equations())
    count += static_cast<std::int64_t>(std::count(eq.inputs.begin(), eq.inputs.end(), id));
  return count;
}

std::string numbers(const Array& x) {
  std::string out;
  for (const double v : x.to_doubles()) out += fmt::format("{}{:.2f}", out.empty() ? "" : ", ", v);
  return "(" + out + ")";
}

void draw(Context& c, const Backward& b, const Array& x) {
  // From x at the bottom up to L; what goes around the layer, the skip, on the left.
  struct Node {
    const char* text;
    double x, y;
  };
  const Node x_node{"x", 1, 0}, z{"z = W1 x + b1", 1.8, 1}, h{"h = sigmoid(z)", 1.8, 2},
      y{"y = x + W2 h + b2", 0.4, 3}, big_s{"S = |y - s|²/2", 0.4, 4}, big_r{"R = rᵀh", 1.8, 4},
      loss{"L = S + R", 1.1, 5};
  Panel panel{"The graph, and the shapes of its values"};
  panel.diagram = true;
  panel.x.low = -0.2;
  panel.x.high = 2.4;
  panel.y.low = -0.4;
  panel.y.high = 5.4;
  const std::string of_x = fmt::format("({},)", x.size()), of_h = fmt::format("({},)", b.h.size());
  for (const auto& [from, to] : {std::pair{x_node, z},
                                 {z, h},
                                 {h, y},
                                 {x_node, y},
                                 {h, big_r},
                                 {y, big_s},
                                 {big_s, loss},
                                 {big_r, loss}})
    panel.arrow(from.x, from.y, to.x, to.y);
  for (const auto& [node, shape] : {std::pair{x_node, of_x},
                                    {z, of_h},
                                    {h, of_h},
                                    {y, of_x},
                                    {big_s, std::string("()")},
                                    {big_r, std::string("()")},
                                    {loss, std::string("()")}})
    panel.box(fmt::format("{}\n{}", node.text, shape), node.x, node.y);
  c.panel(panel);
  c.table({"Forwards and backwards through the block",
           {"value", "is", "derivative of L by it"},
           {{"x", numbers(x), numbers(b.x_bar)},
            {"z", numbers(b.z), numbers(b.z_bar)},
            {"h", numbers(b.h), numbers(b.h_bar)},
            {"y", numbers(b.y), numbers(b.y_bar)}}});
}

void block(Context& c) {
  const std::int64_t n = c.whole("n"), k = c.whole("k");
  const Block m{normals(c.key(10), {k, n}), normals(c.key(11), {k}), normals(c.key(12), {n, k}),
                normals(c.key(13), {n}),    normals(c.key(14), {n}), normals(c.key(15), {k})};
  const Array x = normals(c.key(16), {n});
  const auto loss = [&](const Array& at) { return m.loss(at); };

  c.part("The graph of the block: x goes into the layer and around it", {"S1.1"});
  const Traced traced =
      trace([&](const std::vector<Array>& in) { return std::vector{loss(in[0])}; }, {{DType::f64, {n}}});
  c.exact("equations that read x: W1 x, and the skip",
          static_cast<double>(readers(*traced.graph, traced.graph->inputs()[0])), 2);
  ValueId h = 0;
  for (const Equation& eq : traced.graph->equations())
    if (std::string_view(eq.op->name) == "logistic") h = eq.outputs[0];
  c.exact("equations that read h: W2 h, and r h", static_cast<double>(readers(*traced.graph, h)), 2);

  c.part("The derivative by x", {"S1.2"});
  const Array reverse = grad(loss)(x), forward = jacobian_forward(loss)(x);
  const Backward right = by_hand(m, x, true, true);
  const auto apart = [&](const Array& got) { return norm(got - forward).item() / norm(forward).item(); };
  c.at_most("the formula against forward mode", apart(right.x_bar), 1e-13);
  c.at_most("reverse mode against forward mode", apart(reverse), 1e-13);
  c.at_least("without the skip it would be off by", apart(by_hand(m, x, false, true).x_bar), 1e-9);
  c.at_least("without r it would be off by", apart(by_hand(m, x, true, false).x_bar), 1e-9);
  draw(c, right, x);
}

void run(Context& c) {
  small(c);
  costs(c);
  block(c);
  c.caption(
      "A product with the Jacobian of v vᵀx costs a few times n; the Jacobian itself costs n². What comes "
      "back to x "
      "is the sum over both of its ways to the loss.");
}

}  // namespace

Experiment vjp_() {
  Experiment e{"vjp", "L15", "A vector times a Jacobian, and the gradient of a block with a skip"};
  e.claim =
      "For f = v vᵀx the product Jᵀy costs O(n) and J itself O(n²); back-propagation through a residual "
      "block has a term for the skip.";
  e.source = "document 1, exercise on automatic differentiation";
  e.protocol =
      "J and Jᵀy for v = (1, 2, 3); operations and bytes counted in the engine's graphs for n = 2^6 to "
      "2^14; the residual block with 4 numbers and 3 hidden units, its formula and reverse mode against "
      "forward mode (which stands where a complex step could).";
  e.pass =
      "J and (6, 12, 18) exact; exponents 2.00 and 1.00 within 0.02, from counters and not from time; the "
      "derivative by x to 1e-13; leaving out the skip or r is noticed.";
  e.claims = {
      {"S1.1", Verdict::asked, "Draw the computation graph of the residual block.",
       "x goes to z, h and y, and around them to y (the skip); h goes to y and to R, y to S, and L = S + R."},
      {"S1.2", Verdict::asked, "Derive dL/dx.",
       "dL/dy = y - s, dL/dh = W2ᵀ dL/dy + r, dL/dz = dL/dh h (1 - h), dL/dx = W1ᵀ dL/dz + dL/dy: the last "
       "term "
       "is the skip's."},
      {"S1.3", Verdict::asked, "Give the Jacobian of v vᵀx for v = (1, 2, 3) (called f in print).",
       "J = v vᵀ = [[1, 2, 3], [2, 4, 6], [3, 6, 9]], of rank 1 with the eigenvalues 14, 0, 0."},
      {"S1.4", Verdict::asked, "What do time and memory of J cost?",
       "n² numbers, each to be computed: O(n²) of both."},
      {"S1.5", Verdict::asked, "Find Jᵀy at linear cost.",
       "v (vᵀy): 2n multiplications and no matrix; for y = (1, 1, 1) it is 6 v = (6, 12, 18)."},
  };
  e.parameters = {{"power", "the largest n is 2 to this", 14, 14, 8, 20},
                  {"n", "numbers that the block takes", 4, 4, 2, 100},
                  {"k", "its hidden units", 3, 3, 2, 100}};
  e.also = {{{"n", 9}, {"k", 5}, {"power", 12}}};
  e.run = run;
  return e;
}

}  // namespace runnel::lab
