// Contraction: dot_general, and the front ends einsum, matmul, dot, outer.
#include <algorithm>

#include "kernels/fast.h"
#include "kernels/reference/dot.h"
#include "ops/helpers.h"

namespace runnel {
namespace {

struct Spec {
  std::string a, b, out;
};

bool contains(std::string_view letters, char c) { return letters.find(c) != std::string_view::npos; }

Spec parse(std::string_view spec) {
  const std::size_t comma = spec.find(',');
  const std::size_t arrow = spec.find("->");
  if (comma == std::string_view::npos || arrow == std::string_view::npos || comma > arrow)
    fail("[dot_general] \"{}\" is not of the form \"ik,kj->ij\"", spec);
  return {std::string(spec.substr(0, comma)), std::string(spec.substr(comma + 1, arrow - comma - 1)),
          std::string(spec.substr(arrow + 2))};
}

std::string join(std::string_view a, std::string_view b, std::string_view out) {
  return fmt::format("{},{}->{}", a, b, out);
}

void expect_distinct_letters(std::string_view spec, std::string_view letters) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const bool letter = (letters[i] >= 'a' && letters[i] <= 'z') || (letters[i] >= 'A' && letters[i] <= 'Z');
    if (!letter) fail("[dot_general] \"{}\": axes are named by letters, not '{}'", spec, letters[i]);
    if (contains(letters.substr(i + 1), letters[i]))
      fail("[dot_general] \"{}\": '{}' stands twice in one operand", spec, letters[i]);
  }
}

Types type_rule(std::span<const Type> in, const Attrs& attrs) {
  const std::string& text = attrs.get<std::string>("spec");
  const Spec spec = parse(text);
  for (const std::string* letters : {&spec.a, &spec.b, &spec.out}) expect_distinct_letters(text, *letters);
  if (static_cast<int>(spec.a.size()) != in[0].shape.rank() ||
      static_cast<int>(spec.b.size()) != in[1].shape.rank())
    fail("[dot_general] \"{}\" does not fit the shapes {} and {}", text, to_string(in[0].shape),
         to_string(in[1].shape));
  if (in[0].dtype != in[1].dtype || in[0].dtype == DType::boolean)
    fail("[dot_general] {} and {}: dtypes must agree and be numeric", to_string(in[0]), to_string(in[1]));
  for (std::size_t i = 0; i < spec.a.size(); ++i) {
    const std::size_t j = spec.b.find(spec.a[i]);
    if (j == std::string::npos) {
      if (!contains(spec.out, spec.a[i]))
        fail("[dot_general] \"{}\": '{}' stands in the first operand alone", text, spec.a[i]);
    } else if (in[0].shape[i] != in[1].shape[j]) {
      fail("[dot_general] {} and {} as \"{}\": the sizes {} and {} of '{}' differ", to_string(in[0].shape),
           to_string(in[1].shape), text, in[0].shape[i], in[1].shape[j], spec.a[i]);
    }
  }
  for (char c : spec.b)
    if (!contains(spec.a, c) && !contains(spec.out, c))
      fail("[dot_general] \"{}\": '{}' stands in the second operand alone", text, c);
  Type out{in[0].dtype, {}};
  for (char c : spec.out) {
    const std::size_t i = spec.a.find(c);
    const std::size_t j = spec.b.find(c);
    if (i != std::string::npos)
      out.shape.push_back(in[0].shape[i]);
    else if (j != std::string::npos)
      out.shape.push_back(in[1].shape[j]);
    else
      fail("[dot_general] \"{}\": '{}' of the output stands in no operand", text, c);
  }
  return {out};
}

char unused_letter(std::string_view spec) {
  for (char c : std::string_view("LABCDEFGHIJKMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    if (!contains(spec, c)) return c;
  fail("[dot_general] \"{}\" uses every letter", spec);
}

Op dot_general_row() {
  return {
      "dot_general",
      "Einstein summation of two operands, one letter per axis",
      2,
      {"spec"},
      type_rule,
      Linear{Linear::How::each,
             [](std::size_t) { return true; },
             [](const Array& ct, std::span<const Array> in, std::size_t operand, const Attrs& attrs) {
               const Spec s = parse(attrs.get<std::string>("spec"));
               return operand == 0 ? dot_general(join(s.out, s.b, s.a), ct, in[1])
                                   : dot_general(join(s.a, s.out, s.b), in[0], ct);
             },
             {}},
      BatchRule{[](std::span<const Array> in, const std::vector<bool>& batched, const Attrs& attrs,
                   std::int64_t) {
        const std::string& text = attrs.get<std::string>("spec");
        const Spec s = parse(text);
        const std::string lane(1, unused_letter(text));
        return Arrays{dot_general(
            join(batched[0] ? s.a + lane : s.a, batched[1] ? s.b + lane : s.b, s.out + lane), in[0], in[1])};
      }},
      [](const KernelCall& c) {
        kernels::dot_general(c.attrs.get<std::string>("spec"), c.in[0], c.in[1], c.out[0], c.scratch);
      },
      [](std::span<const Type> in, std::span<const Type> out, const Attrs& attrs) {
        return kernels::dot_general_scratch(attrs.get<std::string>("spec"), in[0].shape, in[1].shape,
                                            out[0].shape, in[0].dtype);
      },
      Fusion::contraction,
      [] {
        auto spec = [](const char* s) { return Attrs{{"spec", std::string(s)}}; };
        return std::vector<Sample>{{{sample({3, 4}), sample({4, 2}, -2, 2, 1)}, spec("ik,kj->ij")},
                                   {{sample({3, 4}), sample({4, 2, 5}, -2, 2, 1)}, spec("nd,dhl->nhl")},
                                   {{sample({3, 4, 5}), sample({4, 2, 5}, -2, 2, 1)}, spec("nhl,hol->nol")},
                                   {{sample({3, 4}), sample({3, 2}, -2, 2, 1)}, spec("nd,nh->dh")},
                                   {{sample({4}), sample({4}, -2, 2, 1)}, spec("i,i->")},
                                   {{sample({3}), sample({4}, -2, 2, 1)}, spec("i,j->ji")}};
      },
      nullptr,
      [](const PrepareCall& c) {
        return kernels::prepare_dot(c.attrs.get<std::string>("spec"), c.in[0], c.in[1], c.out[0]);
      }};
}

// Letters of one operand that stand nowhere else are summed away.
void sum_lonely(std::string& letters, Array& x, std::string_view elsewhere) {
  Dims axes;
  std::string kept;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (contains(elsewhere, letters[i]))
      kept += letters[i];
    else
      axes.push_back(static_cast<std::int64_t>(i));
  }
  if (axes.empty()) return;
  x = sum(x, axes);
  letters = kept;
}

}  // namespace

std::vector<Op> contraction_ops() { return {dot_general_row()}; }

Array dot_general(std::string_view spec, const Array& a, const Array& b) {
  static const Op& op = find_op("dot_general");
  const DType dtype = promote(a.dtype(), b.dtype());
  return bind_one(op, {convert(a, dtype), convert(b, dtype)}, {{"spec", std::string(spec)}});
}

Array einsum(std::string_view spec, const std::vector<Array>& operands) {
  std::string text(spec);
  std::erase(text, ' ');
  const std::size_t arrow = text.find("->");
  std::vector<std::string> letters(1);
  for (char c : text.substr(0, arrow)) {
    if (c == ',')
      letters.emplace_back();
    else
      letters.back() += c;
  }
  if (letters.size() != operands.size())
    fail("[einsum] \"{}\" names {} operands, {} were given", spec, letters.size(), operands.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (static_cast<int>(letters[i].size()) != operands[i].rank())
      fail("[einsum] \"{}\": operand {} has shape {}", spec, i, to_string(operands[i].shape()));
    expect_distinct_letters(spec, letters[i]);
  }
  std::string out;
  if (arrow != std::string::npos) {
    out = text.substr(arrow + 2);
  } else {
    std::string all;
    for (const auto& l : letters) all += l;
    for (char c : all)
      if (std::count(all.begin(), all.end(), c) == 1) out += c;
    std::sort(out.begin(), out.end());
  }
  std::string left = letters[0];
  Array x = operands[0];
  for (std::size_t i = 1; i < operands.size(); ++i) {
    std::string later = out;
    for (std::size_t j = i + 1; j < letters.size(); ++j) later += letters[j];
    std::string right = letters[i];
    Array y = operands[i];
    sum_lonely(left, x, later + right);
    sum_lonely(right, y, later + left);
    std::string result;
    for (char c : left + right)
      if (!contains(result, c) && contains(later, c)) result += c;
    if (i + 1 == operands.size()) result = out;
    x = dot_general(join(left, right, result), x, y);
    left = result;
  }
  sum_lonely(left, x, out);
  if (left.size() != out.size()) fail("[einsum] \"{}\": a letter of the output stands in no operand", spec);
  Dims permutation;
  for (char c : out) {
    const std::size_t i = left.find(c);
    if (i == std::string::npos) fail("[einsum] \"{}\": '{}' of the output stands in no operand", spec, c);
    permutation.push_back(static_cast<std::int64_t>(i));
  }
  return transpose(x, permutation);
}

Array matmul(const Array& a, const Array& b) {
  if (a.rank() == 0 || b.rank() == 0)
    fail("[matmul] {} and {}: scalars are multiplied with *", to_string(a.shape()), to_string(b.shape()));
  const std::int64_t inner_b = b.rank() == 1 ? b.dim(0) : b.dim(-2);
  if (a.dim(-1) != inner_b)
    fail("[matmul] {} and {}: the inner sizes {} and {} differ", to_string(a.shape()), to_string(b.shape()),
         a.dim(-1), inner_b);
  if (a.rank() <= 2 && b.rank() <= 2) {
    const std::string rows = a.rank() == 2 ? "i" : "";
    const std::string columns = b.rank() == 2 ? "j" : "";
    return dot_general(join(rows + "k", "k" + columns, rows + columns), a, b);
  }
  const Array x = a.rank() == 1 ? expand_dims(a, 0) : a;
  const Array y = b.rank() == 1 ? expand_dims(b, 1) : b;
  auto stack_of = [](const Array& m) { return Shape(std::span(m.shape().begin(), m.shape().size() - 2)); };
  Shape batch = broadcast_shapes("matmul", stack_of(x), stack_of(y));
  auto spread = [&](const Array& m) {
    Shape shape = batch;
    shape.push_back(m.dim(-2));
    shape.push_back(m.dim(-1));
    return broadcast_to(m, shape);
  };
  const std::string letters = std::string("abcdef").substr(0, batch.size());
  Array out = dot_general(join(letters + "xz", letters + "zy", letters + "xy"), spread(x), spread(y));
  if (b.rank() == 1) out = squeeze(out, -1);
  if (a.rank() == 1) out = squeeze(out, b.rank() == 1 ? -1 : -2);
  return out;
}

Array dot(const Array& a, const Array& b) {
  if (a.rank() != 1 || b.rank() != 1)
    fail("[dot] needs two vectors, got {} and {}", to_string(a.shape()), to_string(b.shape()));
  return matmul(a, b);
}

Array outer(const Array& a, const Array& b) {
  if (a.rank() != 1 || b.rank() != 1)
    fail("[outer] needs two vectors, got {} and {}", to_string(a.shape()), to_string(b.shape()));
  return dot_general("i,j->ij", a, b);
}

}  // namespace runnel
