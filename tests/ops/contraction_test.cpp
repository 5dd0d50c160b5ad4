// Products: einsum against plain loops, matmul by NumPy's rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "ops/helpers.h"
#include "runnel/transforms.h"

namespace runnel {
namespace {

using testing::DoubleNear;
using testing::Pointwise;

// The definition: for every assignment of sizes to letters, the product of the operands is added to the
// output's element.
Array by_loops(const std::string& spec, const std::vector<Array>& operands) {
  const std::size_t arrow = spec.find("->");
  std::vector<std::string> terms(1);
  for (char c : spec.substr(0, arrow)) {
    if (c == ',')
      terms.emplace_back();
    else
      terms.back() += c;
  }
  const std::string out = spec.substr(arrow + 2);
  std::map<char, std::int64_t> size;
  for (std::size_t i = 0; i < terms.size(); ++i)
    for (std::size_t j = 0; j < terms[i].size(); ++j) size[terms[i][j]] = operands[i].shape()[j];
  std::map<char, std::int64_t> at;
  auto place = [&](const std::string& letters) {
    std::int64_t p = 0;
    for (char c : letters) p = p * size[c] + at[c];
    return static_cast<std::size_t>(p);
  };
  Shape shape;
  for (char c : out) shape.push_back(size[c]);
  std::vector<std::vector<double>> values;
  for (const Array& x : operands) values.push_back(x.to_doubles());
  std::vector<double> result(static_cast<std::size_t>(shape.product()), 0.0);
  std::int64_t total = 1;
  for (const auto& [c, n] : size) total *= n;
  for (std::int64_t i = 0; i < total; ++i) {
    std::int64_t rest = i;
    for (const auto& [c, n] : size) {
      at[c] = rest % n;
      rest /= n;
    }
    double product = 1;
    for (std::size_t k = 0; k < terms.size(); ++k) product *= values[k][place(terms[k])];
    result[place(out)] += product;
  }
  return Array::from(result, shape);
}

void expect_close(const Array& got, const Array& wanted) {
  ASSERT_EQ(got.type(), wanted.type());
  EXPECT_THAT(got.to_doubles(), Pointwise(DoubleNear(1e-12), wanted.to_doubles()));
}

TEST(Einsum, IsTheLoopOverAllLetters) {
  const std::map<char, std::int64_t> sizes{{'a', 2}, {'b', 3}, {'c', 4}, {'d', 5}, {'e', 1}};
  for (const char* spec :
       {"ab,bc->ac",  "ab,bc->ca", "ab,cb->ac", "ba,bc->ac",   "ab,ab->ab",    "ab,ab->",
        "ab,ab->b",   "a,b->ab",   "a,b->ba",   "abc,cd->abd", "abc,abd->acd", "abc,bad->dca",
        "ab,c->abc",  "ab,->ab",   ",->",       "abcd,dcb->a", "ab,bc,cd->ad", "ab,bc,cd->da",
        "a,b,c->cab", "abc->cab",  "abc->b",    "abc->",       "ab->ab",       "ab,cd->ac",
        "ae,eb->ab",  "abe,ce->b", "a,ab,b->",  "ab,ab,ab->ba"}) {
    SCOPED_TRACE(spec);
    const std::string text = spec;
    std::vector<Array> operands;
    Shape shape;
    std::uint32_t stream = 0;
    for (char c : text.substr(0, text.find("->")) + ",") {
      if (c != ',') {
        shape.push_back(sizes.at(c));
        continue;
      }
      operands.push_back(sample(shape, -1, 1, stream++));
      shape = {};
    }
    expect_close(einsum(text, operands), by_loops(text, operands));
  }
}

TEST(Einsum, WithoutAnArrowTheLonelyLettersAreTheOutput) {
  const Array a = sample({3, 2}, -1, 1, 0);
  const Array b = sample({2, 4}, -1, 1, 1);
  expect_close(einsum("zb, ba", {a, b}), by_loops("zb,ba->az", {a, b}));
  expect_close(einsum("ba", {a}), transpose(a));
}

TEST(Matmul, IsNumPys) {
  const struct {
    Shape a, b;
    std::string spec;
  } cases[] = {{{3}, {3}, "k,k->"},
               {{2, 3}, {3}, "ik,k->i"},
               {{3}, {3, 4}, "k,kj->j"},
               {{2, 3}, {3, 4}, "ik,kj->ij"},
               {{5, 2, 3}, {5, 3, 4}, "bik,bkj->bij"},
               {{6, 5, 2, 3}, {6, 5, 3, 4}, "abik,abkj->abij"},
               {{5, 2, 3}, {3, 4}, "bik,kj->bij"},
               {{2, 3}, {5, 3, 4}, "ik,bkj->bij"},
               {{5, 2, 3}, {3}, "bik,k->bi"},
               {{3}, {5, 3, 4}, "k,bkj->bj"},
               {{6, 5, 2, 3}, {5, 3, 4}, "abik,bkj->abij"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.spec);
    const Array a = sample(c.a, -1, 1, 0);
    const Array b = sample(c.b, -1, 1, 1);
    expect_close(matmul(a, b), by_loops(c.spec, {a, b}));
  }
  EXPECT_EQ(matmul(Array::zeros({5, 1, 2, 3}), Array::zeros({4, 3, 7})).shape(), (Shape{5, 4, 2, 7}));
  EXPECT_EQ(matmul(Array::zeros({2, 0}), Array::zeros({0, 3})).to_doubles(), std::vector<double>(6, 0.0));
  EXPECT_EQ(matmul(Array({{1, 2}, {3, 4}}, DType::i32), Array({5, 6}, DType::i32)).to_doubles(),
            (std::vector<double>{17, 39}));
  EXPECT_EQ(matmul(Array({{1, 2}}, DType::i32), Array({0.5, 1})).dtype(), DType::f32);
}

TEST(Matmul, GradientsOfStacksOfMatrices) {
  const Array a = sample({5, 2, 3}, -1, 1, 0);
  const Array b = sample({3, 4}, -1, 1, 1);
  const Array u = sample({5, 2, 4}, -1, 1, 2);
  auto [da, db] = grad([&](const std::pair<Array, Array>& p) { return sum(u * matmul(p.first, p.second)); })(
      std::pair(a, b));
  expect_close(da, by_loops("bij,kj->bik", {u, b}));
  expect_close(db, by_loops("bij,bik->kj", {u, a}));
}

TEST(Dot, AndOuter) {
  const Array a({1, 2, 3});
  const Array b({4, 5, 6});
  EXPECT_EQ(dot(a, b).item(), 32);
  EXPECT_EQ(outer(a, Array({1, 10})).to_doubles(), (std::vector<double>{1, 10, 2, 20, 3, 30}));
}

}  // namespace
}  // namespace runnel
