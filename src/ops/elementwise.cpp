// Elementwise ops: one row each, with its partial derivatives.
#include "kernels/reference/elementwise.h"

#include <limits>
#include <numbers>

#include "graph/node.h"
#include "ops/helpers.h"

namespace runnel {
namespace {

using kernels::Binary;
using kernels::Compare;
using kernels::Unary;
using Ins = std::span<const Array>;
using ElementKind = kernels::ElementCode::Kind;

Partial zero() { return {Partial::Kind::zero, {}}; }
Partial one() { return {Partial::Kind::one, {}}; }
Partial minus_one() { return {Partial::Kind::minus_one, {}}; }
Partial expression(std::function<Array(Ins, const Array&)> f) {
  return {Partial::Kind::expression, std::move(f)};
}

// ---- type rules ----------------------------------------------------------------------------------------

enum class Domain { floats, signed_numbers, numbers, booleans, any };

void expect_domain(const char* name, Domain domain, const Type& type) {
  const DType d = type.dtype;
  const bool fits = domain == Domain::any || (domain == Domain::floats && is_float(d)) ||
                    (domain == Domain::signed_numbers && d != DType::boolean && d != DType::u32) ||
                    (domain == Domain::numbers && d != DType::boolean) ||
                    (domain == Domain::booleans && d == DType::boolean);
  static constexpr const char* kNames[] = {"f32 or f64", "i32, f32 or f64", "a numeric dtype", "bool", ""};
  if (!fits) fail("[{}] needs {}, got {}", name, kNames[static_cast<int>(domain)], to_string(type));
}

auto same_type(const char* name, Domain domain) {
  return [name, domain](std::span<const Type> in, const Attrs&) -> Types {
    expect_domain(name, domain, in[0]);
    expect_alike(name, in);
    return {in[0]};
  };
}

// ---- kernels -------------------------------------------------------------------------------------------

template <ElementKind K, std::uint8_t Code>
kernels::PreparedPtr prepare_element(const PrepareCall& c) {
  kernels::ElementProgram program;
  kernels::ElementOp op{{K, Code}, c.in.back().dtype, c.out[0].dtype, {}};
  for (std::size_t i = 0; i < c.in.size(); ++i) {
    program.inputs.push_back(c.in[i].dtype);
    op.in[i] = static_cast<std::uint16_t>(i);
  }
  program.ops = {op};
  program.outputs = {static_cast<std::uint16_t>(c.in.size())};
  return kernels::prepare_elements(program, c.in, c.out, c.alias);
}

// Completes a row with what fused programs and fast kernels need to know of it.
template <ElementKind K, std::uint8_t Code = 0>
Op with_element(Op row) {
  row.prepare = prepare_element<K, Code>;
  row.element = kernels::ElementCode{K, Code};
  return row;
}

// ---- rows ----------------------------------------------------------------------------------------------

using SamplesFn = std::function<std::vector<Sample>()>;

SamplesFn unary_samples(double low, double high) {
  return [=] {
    return std::vector<Sample>{
        {{sample({3, 4}, low, high)}, {}}, {{sample({}, low, high, 1)}, {}}, {{sample({0, 2})}, {}}};
  };
}

template <Unary U>
Op unary(const char* name, const char* meaning, Domain domain, Derivative derivative, double low,
         double high) {
  return with_element<ElementKind::unary, static_cast<std::uint8_t>(U)>(
      {name,
       meaning,
       1,
       {},
       same_type(name, domain),
       std::move(derivative),
       same_op_with_lanes(name),
       [](const KernelCall& c) { kernels::unary(U, c.in[0], c.out[0]); },
       nullptr,
       Fusion::elementwise,
       unary_samples(low, high)});
}

Derivative partial(std::function<Array(const Array& x, const Array& y)> f) {
  return Partials{{expression([f](Ins in, const Array& out) { return f(in[0], out); })}};
}

SamplesFn binary_samples(double low, double high) {
  return [=] {
    return std::vector<Sample>{{{sample({3, 4}, low, high), sample({3, 4}, low, high, 1)}, {}},
                               {{sample({}, low, high), sample({}, low, high, 1)}, {}}};
  };
}

template <Binary B>
Op binary(const char* name, const char* meaning, Domain domain, Derivative derivative, SamplesFn samples) {
  return with_element<ElementKind::binary, static_cast<std::uint8_t>(B)>(
      {name,
       meaning,
       2,
       {},
       same_type(name, domain),
       std::move(derivative),
       same_op_with_lanes(name),
       [](const KernelCall& c) { kernels::binary(B, c.in[0], c.in[1], c.out[0]); },
       nullptr,
       Fusion::elementwise,
       std::move(samples)});
}

template <Compare C>
Op comparison(const char* name, const char* meaning) {
  return with_element<ElementKind::compare, static_cast<std::uint8_t>(C)>(
      {name,
       meaning,
       2,
       {},
       [name](std::span<const Type> in, const Attrs&) -> Types {
         expect_alike(name, in);
         return {{DType::boolean, in[0].shape}};
       },
       NoDerivative{},
       same_op_with_lanes(name),
       [](const KernelCall& c) { kernels::compare(C, c.in[0], c.in[1], c.out[0]); },
       nullptr,
       Fusion::elementwise,
       binary_samples(-2, 2)});
}

std::vector<Sample> boolean_samples() {
  return {{{Array({{1, 0, 1, 0}}, DType::boolean), Array({{1, 1, 0, 0}}, DType::boolean)}, {}}};
}

Array as(const Array& like, double value) { return Array::scalar(value, like.dtype()); }
Array half_where_equal(const Array& winner, const Array& a, const Array& b) {
  return select(winner, as(a, 1), select(equal(a, b), as(a, 0.5), as(a, 0)));
}

// Below it 1 / a is not finite.
double least_inverse(DType dtype) {
  return dtype == DType::f64 ? std::numeric_limits<double>::min() : double{std::numeric_limits<float>::min()};
}

std::vector<Op> unary_rows() {
  return {
      unary<Unary::neg>("neg", "-x", Domain::signed_numbers, Partials{{minus_one()}}, -2, 2),
      unary<Unary::abs>("abs", "the magnitude of x; its derivative at 0 is 0", Domain::signed_numbers,
                        partial([](auto& x, auto&) { return sign(x); }), -2, 2),
      unary<Unary::sign>("sign", "-1, 0 or 1, nan for nan", Domain::signed_numbers, Partials{{zero()}}, -2,
                         2),
      unary<Unary::exp>("exp", "e to the power x", Domain::floats, partial([](auto&, auto& y) { return y; }),
                        -2, 2),
      unary<Unary::expm1>("expm1", "exp(x) - 1, accurate near 0", Domain::floats,
                          partial([](auto&, auto& y) { return y + 1; }), -2, 2),
      unary<Unary::log>("log", "natural logarithm", Domain::floats,
                        partial([](auto& x, auto&) { return 1 / x; }), 0.2, 3),
      unary<Unary::log1p>("log1p", "log(1 + x), accurate near 0", Domain::floats,
                          partial([](auto& x, auto&) { return 1 / (1 + x); }), -0.8, 3),
      unary<Unary::sqrt>("sqrt", "square root", Domain::floats,
                         partial([](auto&, auto& y) { return 0.5 / y; }), 0.2, 3),
      unary<Unary::rsqrt>("rsqrt", "1 / sqrt(x)", Domain::floats,
                          partial([](auto&, auto& y) { return -0.5 * y * y * y; }), 0.2, 3),
      unary<Unary::sin>("sin", "sine", Domain::floats, partial([](auto& x, auto&) { return cos(x); }), -2, 2),
      unary<Unary::cos>("cos", "cosine", Domain::floats, partial([](auto& x, auto&) { return neg(sin(x)); }),
                        -2, 2),
      unary<Unary::tanh>("tanh", "hyperbolic tangent", Domain::floats,
                         partial([](auto&, auto& y) { return 1 - y * y; }), -2, 2),
      unary<Unary::logistic>("logistic", "1 / (1 + exp(-x))", Domain::floats,
                             partial([](auto&, auto& y) { return y * (1 - y); }), -2, 2),
      unary<Unary::erf>(
          "erf", "the error function", Domain::floats,
          partial([](auto& x, auto&) { return 2 * std::numbers::inv_sqrtpi * exp(neg(x * x)); }), -2, 2),
      unary<Unary::floor>("floor", "the largest integer not above x", Domain::floats, Partials{{zero()}}, -2,
                          2),
      with_element<ElementKind::unary, static_cast<std::uint8_t>(Unary::logical_not)>(
          {"logical_not",
           "true where x is false",
           1,
           {},
           same_type("logical_not", Domain::booleans),
           NoDerivative{},
           same_op_with_lanes("logical_not"),
           [](const KernelCall& c) { kernels::unary(Unary::logical_not, c.in[0], c.out[0]); },
           nullptr,
           Fusion::elementwise,
           [] {
             return std::vector<Sample>{{{Array({{1, 0}}, DType::boolean)}, {}}};
           }}),
  };
}

std::vector<Op> binary_rows() {
  return {
      binary<Binary::add>("add", "a + b", Domain::numbers, Partials{{one(), one()}}, binary_samples(-2, 2)),
      binary<Binary::sub>("sub", "a - b", Domain::numbers, Partials{{one(), minus_one()}},
                          binary_samples(-2, 2)),
      binary<Binary::mul>("mul", "a * b", Domain::numbers,
                          Partials{{expression([](Ins in, auto&) { return in[1]; }),
                                    expression([](Ins in, auto&) { return in[0]; })}},
                          binary_samples(-2, 2)),
      binary<Binary::div>("div", "a / b; integers truncate towards zero", Domain::numbers,
                          Partials{{expression([](Ins in, auto&) { return 1 / in[1]; }),
                                    expression([](Ins in, auto& out) { return neg(out / in[1]); })}},
                          binary_samples(0.5, 3)),
      binary<Binary::pow>(
          "pow", "a to the power b", Domain::numbers,
          Partials{{expression([](Ins in, auto&) {
                      // At b = 0 this is 0, though a^-1 is not finite at a = 0: 1 stands there for a. Where a
                      // is not 0 its derivative by b must stay a^-1.
                      const Array lost =
                          logical_and(equal(in[1], 0), abs(in[0]) < least_inverse(in[0].dtype()));
                      // Of a base that is not positive no derivative by b is taken, here neither.
                      const Array b =
                          in[1].is_traced() ? select(in[0] > 0, in[1], stop_gradient(in[1])) : in[1];
                      return b * pow(select(lost, as(in[0], 1), in[0]), b - 1);
                    }),
                    expression([](Ins in, auto& out) {
                      const Array positive = in[0] > 0;
                      return select(positive, out * log(select(positive, in[0], as(in[0], 1))), as(in[0], 0));
                    })}},
          binary_samples(0.5, 3)),
      binary<Binary::max>(
          "max", "the larger of a and b, nan if either is nan", Domain::numbers,
          Partials{{expression([](Ins in, auto&) { return half_where_equal(in[0] > in[1], in[0], in[1]); }),
                    expression([](Ins in, auto&) { return half_where_equal(in[1] > in[0], in[0], in[1]); })}},
          binary_samples(-2, 2)),
      binary<Binary::min>(
          "min", "the smaller of a and b, nan if either is nan", Domain::numbers,
          Partials{{expression([](Ins in, auto&) { return half_where_equal(in[0] < in[1], in[0], in[1]); }),
                    expression([](Ins in, auto&) { return half_where_equal(in[1] < in[0], in[0], in[1]); })}},
          binary_samples(-2, 2)),
      binary<Binary::logical_and>("logical_and", "true where both are", Domain::booleans, NoDerivative{},
                                  boolean_samples),
      binary<Binary::logical_or>("logical_or", "true where either is", Domain::booleans, NoDerivative{},
                                 boolean_samples),
      binary<Binary::logical_xor>("logical_xor", "true where just one is", Domain::booleans, NoDerivative{},
                                  boolean_samples),
      comparison<Compare::eq>("eq", "a == b"),
      comparison<Compare::ne>("ne", "a != b"),
      comparison<Compare::lt>("lt", "a < b"),
      comparison<Compare::le>("le", "a <= b"),
      comparison<Compare::gt>("gt", "a > b"),
      comparison<Compare::ge>("ge", "a >= b"),
  };
}

Op select_row() {
  return with_element<ElementKind::select>(
      {"select",
       "a where the condition holds, b elsewhere",
       3,
       {},
       [](std::span<const Type> in, const Attrs&) -> Types {
         expect_domain("select", Domain::booleans, in[0]);
         expect_alike("select", in.subspan(1));
         if (in[0].shape != in[1].shape)
           fail("[select] {} and {}: shapes must agree", to_string(in[0]), to_string(in[1]));
         return {in[1]};
       },
       Linear{Linear::How::jointly,
              [](std::size_t i) { return i > 0; },
              [](const Array& ct, Ins in, std::size_t i, const Attrs&) {
                const Array none = Array::zeros({}, ct.dtype());
                return i == 1 ? select(in[0], ct, none) : select(in[0], none, ct);
              },
              {}},
       same_op_with_lanes("select"),
       [](const KernelCall& c) { kernels::select(c.in[0], c.in[1], c.in[2], c.out[0]); },
       nullptr,
       Fusion::elementwise,
       [] {
         return std::vector<Sample>{
             {{sample({3, 4}) > 0, sample({3, 4}, -2, 2, 1), sample({3, 4}, -2, 2, 2)}, {}}};
       }});
}

Op stop_gradient_row() {
  return {"stop_gradient",
          "x, whose derivative is zero",
          1,
          {},
          same_type("stop_gradient", Domain::any),
          Partials{{zero()}},
          same_op_with_lanes("stop_gradient"),
          [](const KernelCall& c) { kernels::copy(c.in[0], c.out[0]); },
          nullptr,
          Fusion::view,
          unary_samples(-2, 2),
          [](const View& in, const Type&, const Attrs&) { return std::optional<View>(in); }};
}

Op convert_row() {
  return with_element<ElementKind::convert>(
      {"convert",
       "x as another dtype",
       1,
       {"dtype"},
       [](std::span<const Type> in, const Attrs& attrs) -> Types {
         return {{attrs.get<DType>("dtype"), in[0].shape}};
       },
       Linear{Linear::How::jointly,
              [](std::size_t) { return true; },
              [](const Array& ct, Ins in, std::size_t, const Attrs&) { return convert(ct, in[0].dtype()); },
              {}},
       same_op_with_lanes("convert"),
       [](const KernelCall& c) { kernels::convert(c.in[0], c.out[0]); },
       nullptr,
       Fusion::elementwise,
       [] {
         return std::vector<Sample>{{{convert(sample({3, 2}), DType::f32)}, {{"dtype", DType::f64}}},
                                    {{sample({3, 2})}, {{"dtype", DType::i32}}}};
       }});
}

// ---- free functions ------------------------------------------------------------------------------------

struct Pair {
  Array a, b;
};

// Both operands in one dtype and shape.
Pair meet(const char* name, const Operand& a, const Operand& b) {
  Array x = a.resolve(b.weak() ? DType::f32 : b.array().dtype());
  Array y = b.resolve(a.weak() ? DType::f32 : a.array().dtype());
  const DType dtype = promote(x.dtype(), y.dtype());
  const Shape shape = broadcast_shapes(name, x.shape(), y.shape());
  return {broadcast_to(convert(x, dtype), shape), broadcast_to(convert(y, dtype), shape)};
}

Array binary_of(const Op& op, const Operand& a, const Operand& b) {
  auto [x, y] = meet(op.name, a, b);
  return bind_one(op, {x, y});
}

}  // namespace

std::vector<Op> elementwise_ops() {
  std::vector<Op> rows = unary_rows();
  for (Op& row : binary_rows()) rows.push_back(std::move(row));
  rows.push_back(select_row());
  rows.push_back(stop_gradient_row());
  rows.push_back(convert_row());
  return rows;
}

namespace {

// The product of a norm with itself: of the norm's derivatives, which are taken to be 0 at 0, all derivatives
// of the product would be 0 there. So it takes those of the sum of squares; its value stays the product's.
Array with_slopes_of(const Array& squares, const Array& product) {
  const Array slopes = squares - stop_gradient(squares);  // its value is 0, or nan where the squares overflow
  return stop_gradient(product) + select(less(squares, std::numeric_limits<double>::infinity()), slopes, 0);
}

bool is_norm(const Operand& x) { return !x.weak() && detail::ArrayAccess::node(x.array()).square != nullptr; }

}  // namespace

Array mul(const Operand& a, const Operand& b) {
  static const Op& op = find_op("mul");
  const Array product = binary_of(op, a, b);
  const bool squared = is_norm(a) && is_norm(b) &&
                       &detail::ArrayAccess::node(a.array()) == &detail::ArrayAccess::node(b.array());
  return squared ? with_slopes_of(detail::ArrayAccess::square_of(a.array()), product) : product;
}

Array pow(const Operand& a, const Operand& b) {
  static const Op& op = find_op("pow");
  const Array power = binary_of(op, a, b);
  const bool squared = is_norm(a) && b.weak() && b.value() == 2;
  return squared ? with_slopes_of(detail::ArrayAccess::square_of(a.array()), power) : power;
}

// A free function that is just its op.
#define RUNNEL_UNARY(function, name)     \
  Array function(const Array& x) {       \
    static const Op& op = find_op(name); \
    return bind_one(op, {x});            \
  }
#define RUNNEL_BINARY(function, name)                  \
  Array function(const Operand& a, const Operand& b) { \
    static const Op& op = find_op(name);               \
    return binary_of(op, a, b);                        \
  }
#define RUNNEL_LOGIC(function)                     \
  Array function(const Array& a, const Array& b) { \
    static const Op& op = find_op(#function);      \
    return binary_of(op, a, b);                    \
  }
RUNNEL_UNARY(neg, "neg")
RUNNEL_UNARY(abs, "abs")
RUNNEL_UNARY(sign, "sign")
RUNNEL_UNARY(exp, "exp")
RUNNEL_UNARY(expm1, "expm1")
RUNNEL_UNARY(log, "log")
RUNNEL_UNARY(log1p, "log1p")
RUNNEL_UNARY(sqrt, "sqrt")
RUNNEL_UNARY(rsqrt, "rsqrt")
RUNNEL_UNARY(sin, "sin")
RUNNEL_UNARY(cos, "cos")
RUNNEL_UNARY(tanh, "tanh")
RUNNEL_UNARY(logistic, "logistic")
RUNNEL_UNARY(erf, "erf")
RUNNEL_UNARY(floor, "floor")
RUNNEL_UNARY(logical_not, "logical_not")
RUNNEL_UNARY(stop_gradient, "stop_gradient")
RUNNEL_BINARY(add, "add")
RUNNEL_BINARY(sub, "sub")
RUNNEL_BINARY(div, "div")
RUNNEL_BINARY(maximum, "max")
RUNNEL_BINARY(minimum, "min")
RUNNEL_BINARY(equal, "eq")
RUNNEL_BINARY(not_equal, "ne")
RUNNEL_BINARY(less, "lt")
RUNNEL_BINARY(less_equal, "le")
RUNNEL_BINARY(greater, "gt")
RUNNEL_BINARY(greater_equal, "ge")
RUNNEL_LOGIC(logical_and)
RUNNEL_LOGIC(logical_or)
RUNNEL_LOGIC(logical_xor)
#undef RUNNEL_UNARY
#undef RUNNEL_BINARY
#undef RUNNEL_LOGIC

Array select(const Array& condition, const Operand& a, const Operand& b) {
  static const Op& op = find_op("select");
  auto [x, y] = meet("select", a, b);
  const Shape shape = broadcast_shapes("select", condition.shape(), x.shape());
  return bind_one(op, {broadcast_to(condition, shape), broadcast_to(x, shape), broadcast_to(y, shape)});
}

Array convert(const Array& x, DType dtype) {
  static const Op& op = find_op("convert");
  if (x.dtype() == dtype) return x;
  return bind_one(op, {x}, {{"dtype", dtype}});
}

}  // namespace runnel
