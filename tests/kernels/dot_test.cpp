// Contraction, bit for bit against its definition: fused multiply-adds in order of k inside blocks, the
// blocks' results added in order.
#include "kernels/reference/dot.h"

#include <cmath>
#include <map>

#include "kernels/support.h"

namespace runnel::testing {
namespace {

template <class T>
T fused_multiply_add(T a, T b, T c) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fma(a, b, c);
  else
    return static_cast<T>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b) +
                          static_cast<std::uint32_t>(c));
}

struct Parsed {
  std::string a, b, out, contracted;
  explicit Parsed(const std::string& spec) {
    a = spec.substr(0, spec.find(','));
    b = spec.substr(a.size() + 1, spec.find("->") - a.size() - 1);
    out = spec.substr(spec.find("->") + 2);
    for (char c : a)
      if (out.find(c) == out.npos) contracted += c;
  }
};

Shape shape_of(const std::string& letters, const std::map<char, std::int64_t>& sizes) {
  Shape shape;
  for (char c : letters) shape.push_back(sizes.at(c));
  return shape;
}

Index pick(const std::string& letters, const std::map<char, std::int64_t>& at) {
  Index index;
  for (char c : letters) index.push_back(at.at(c));
  return index;
}

template <class T>
T defined(const Parsed& spec, const View& a, const View& b, const std::map<char, std::int64_t>& sizes,
          const Index& out_index) {
  std::map<char, std::int64_t> at;
  for (std::size_t i = 0; i < spec.out.size(); ++i) at[spec.out[i]] = out_index[i];
  T result{0};
  T acc{0};
  std::int64_t k = 0;
  bool first_block = true;
  const auto close_block = [&] {
    result = first_block ? acc : static_cast<T>(fused_multiply_add(T{1}, result, acc));
    first_block = false;
    acc = T{0};
  };
  each_index(shape_of(spec.contracted, sizes), [&](const Index& along) {
    if (k > 0 && k % 512 == 0) close_block();
    for (std::size_t i = 0; i < along.size(); ++i) at[spec.contracted[i]] = along[i];
    acc = fused_multiply_add(element<T>(a, pick(spec.a, at)), element<T>(b, pick(spec.b, at)), acc);
    ++k;
  });
  if (k > 0) close_block();
  return result;
}

void check(const std::string& text, const std::map<char, std::int64_t>& sizes, DType dtype, Random& random,
           bool plain) {
  const Parsed spec(text);
  const Shape a_shape = shape_of(spec.a, sizes);
  const Shape b_shape = shape_of(spec.b, sizes);
  const Shape out_shape = shape_of(spec.out, sizes);
  Held a = plain ? dense(dtype, a_shape) : strided(dtype, a_shape, random, uniform(random, 0, 3) == 0);
  Held b = plain ? dense(dtype, b_shape) : strided(dtype, b_shape, random, uniform(random, 0, 3) == 0);
  fill_random(a, random);
  fill_random(b, random);
  const Held out = dense(dtype, out_shape);
  const std::size_t bytes = kernels::dot_general_scratch(text, a_shape, b_shape, out_shape, dtype);
  const std::shared_ptr<std::byte> scratch = allocate_buffer(bytes + 64);
  std::memset(scratch.get() + bytes, 0x33, 64);
  kernels::dot_general(text, a, b, out, scratch.get());
  for (std::size_t i = 0; i < 64; ++i)
    ASSERT_EQ(scratch.get()[bytes + i], std::byte{0x33}) << "scratch overrun: " << text;
  dispatch_numeric("test", dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    expect_same<T>(
        out, [&](const Index& at) { return defined<T>(spec, a, b, sizes, at); },
        fmt::format("{} {} {} x {}", text, name_of(dtype), to_string(a_shape), to_string(b_shape)));
  });
}

const char* const kSpecs[] = {
    "mk,kn->mn",     "mk,nk->mn",       "km,kn->mn",       "km,nk->mn",      "mk,kn->nm",
    "k,k->",         "mk,k->m",         "k,kn->n",         "m,n->mn",        "m,n->nm",
    "lk,lk->l",      "lmk,lkn->lmn",    "mkl,knl->mnl",    "mkl,knl->nml",   "kml,knl->mnl",
    "mk,knl->mnl",   "kl,kl->l",        "kml,kl->ml",      "nd,dhk->nhk",    "mjk,kjn->mn",
    "mkj,kjn->mn",   "jmk,kjn->mn",     "jkl,kjl->l",      "jmkl,kjnl->mnl", "amk,kbn->ambn",
    "amk,kbn->bman", "xymk,xykn->xymn", "xmky,xkny->xmny", "l,l->l",         "lm,lm->ml",
    ",->",           ",n->n",           "m,->m",           "ml,l->ml",       "amkl,bknl->abmnl",
    "xk,yk->xy",
};

TEST(Dot, FollowsItsOrderBitForBit) {
  Random random(1);
  for (const char* spec : kSpecs) {
    for (int round = 0; round < 12; ++round) {
      std::map<char, std::int64_t> sizes;
      for (const char* c = spec; *c != 0; ++c)
        if (*c >= 'a' && *c <= 'z')
          sizes[*c] = uniform(random, round % 8 == 0 ? 0 : 1,
                              round % 2 == 0 ? 5 : (std::string(spec).size() > 9 ? 7 : 19));
      for (DType dtype : kNumeric) check(spec, sizes, dtype, random, round % 3 == 0);
    }
  }
}

// A letter of size 1 is no axis: what lies beside it may become the lanes, or the rows, in its place.
TEST(Dot, EveryChoiceOfLettersOfSizeOne) {
  Random random(6);
  for (const char* text : kSpecs) {
    std::string letters;
    for (char c : std::string(text))
      if (c >= 'a' && c <= 'z' && letters.find(c) == letters.npos) letters += c;
    for (std::size_t ones = 0; ones < std::size_t{1} << letters.size(); ++ones) {
      std::map<char, std::int64_t> sizes;
      for (std::size_t i = 0; i < letters.size(); ++i)
        sizes[letters[i]] = (ones >> i & 1) == 1 ? 1 : 2 + static_cast<std::int64_t>(i) * 3 % 7;
      for (int round = 0; round < 3; ++round)
        check(text, sizes, round == 1 ? DType::f64 : DType::f32, random, round == 0);
    }
  }
}

// Seventeen products of rows that lie apart, each a number: the batch letter is what the output is contiguous
// along.
TEST(Dot, LanesBesideLettersOfSizeOneMayLieApart) {
  Random random(7);
  for (const DType dtype : {DType::f32, DType::f64})
    for (std::int64_t k : {2, 5, 600}) {
      check("lmk,lkn->lmn", {{'l', 17}, {'m', 1}, {'n', 1}, {'k', k}}, dtype, random, true);
      check("lmk,lkn->lmn", {{'l', 17}, {'m', 1}, {'n', 1}, {'k', k}}, dtype, random, false);
      check("lxmk,lxkn->lxmn", {{'l', 9}, {'x', 3}, {'m', 1}, {'n', 1}, {'k', k}}, dtype, random, true);
    }
}

TEST(Dot, BlocksOfAThousandAndMoreAddInOrder) {
  Random random(2);
  for (const char* spec :
       {"mk,kn->mn", "km,kn->mn", "mk,nk->mn", "k,k->", "mk,k->m", "k,kn->n", "mkl,knl->mnl", "kl,kl->l"})
    for (std::int64_t k : {511, 512, 513, 1024, 1300, 2304})
      for (DType dtype : {DType::f32, DType::f64})
        check(spec, {{'m', 7}, {'n', 17}, {'k', k}, {'l', 9}}, dtype, random, k % 2 == 0);
  check("mij,ijn->mn", {{'m', 3}, {'n', 17}, {'i', 40}, {'j', 33}}, DType::f32, random, false);
}

TEST(Dot, LargeEnoughForEveryPanelAndRowBlock) {
  Random random(3);
  check("mk,kn->mn", {{'m', 110}, {'n', 300}, {'k', 20}}, DType::f32, random, true);
  check("km,nk->mn", {{'m', 110}, {'n', 270}, {'k', 9}}, DType::f32, random, true);
  check("mk,kn->mn", {{'m', 61}, {'n', 150}, {'k', 20}}, DType::f64, random, false);
  check("mk,kn->nm", {{'m', 270}, {'n', 13}, {'k', 20}}, DType::f64, random, true);
}

TEST(Dot, EveryRemainderOfRowsColumnsAndLanes) {
  Random random(4);
  for (std::int64_t m = 1; m <= 13; ++m)
    for (std::int64_t n = 1; n <= 35; n += m % 3 + 1)
      check("mk,kn->mn", {{'m', m}, {'n', n}, {'k', 6}}, n % 2 == 0 ? DType::f32 : DType::f64, random,
            n % 4 < 2);
  for (std::int64_t l = 1; l <= 20; ++l)
    for (std::int64_t m = 1; m <= 9; m += 2)
      check("mkl,knl->mnl", {{'m', m}, {'n', (m * 3 + l) % 7 + 1}, {'k', 5}, {'l', l}},
            l % 2 == 0 ? DType::f32 : DType::f64, random, l % 4 < 2);
}

TEST(Dot, ALaneAloneGivesTheBitsItGivesAmongOthers) {
  Random random(5);
  const Shape a_shape{5, 700, 21};
  const Shape b_shape{700, 6, 21};
  const Held a = strided(DType::f32, a_shape, random);
  const Held b = strided(DType::f32, b_shape, random);
  const Held all = dense(DType::f32, {5, 6, 21});
  const auto scratch = allocate_buffer(
      kernels::dot_general_scratch("mkl,knl->mnl", a_shape, b_shape, all.view.shape, DType::f32));
  kernels::dot_general("mkl,knl->mnl", a, b, all, scratch.get());
  for (std::int64_t lane = 0; lane < 21; ++lane) {
    const auto slice = [&](const View& x) {
      View one = x;
      one.data += lane * x.strides[2] * 4;
      one.shape.pop_back();
      one.strides.pop_back();
      return one;
    };
    const Held alone = dense(DType::f32, {5, 6});
    kernels::dot_general("mk,kn->mn", slice(a), slice(b), alone, scratch.get());
    expect_same<float>(
        alone,
        [&](const Index& at) {
          return element<float>(all, {at[0], at[1], lane});
        },
        fmt::format("lane {}", lane));
  }
}

}  // namespace
}  // namespace runnel::testing
