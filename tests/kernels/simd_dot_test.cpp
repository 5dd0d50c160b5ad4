// The prepared products give the bits of the definition of dot_general (reference/dot.h), on every
// instruction set and number of threads.
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "core/threads.h"
#include "counting_new.h"
#include "kernels/fast.h"
#include "kernels/isa.h"
#include "kernels/support.h"

namespace runnel::testing {
namespace {

using kernels::Isa;
using Sizes = std::map<char, std::int64_t>;

// Every set of this machine in turn, then what was before.
void on_every_isa(const std::function<void(const std::string&)>& test) {
  const Isa before = kernels::isa();
  for (Isa isa : kernels::isas_here()) {
    if (isa == Isa::reference) continue;
    kernels::force_isa(isa);
    test(std::string(kernels::name_of(isa)));
  }
  kernels::force_isa(before);
}

Shape shape_of(const std::string& letters, const Sizes& sizes) {
  Shape shape;
  for (char c : letters) shape.push_back(sizes.at(c));
  return shape;
}

enum class Layout { dense, strided, repeated };

Held operand(DType dtype, const Shape& shape, Layout layout, Random& random) {
  if (layout != Layout::dense) return strided(dtype, shape, random, layout == Layout::repeated);
  Held held = dense(dtype, shape);
  fill_random(held, random);
  return held;
}

void expect_bits(const View& got, const View& want, const std::string& what) {
  dispatch_float("test", got.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    expect_same<T>(
        got, [&](const Index& at) { return element<T>(want, at); }, what);
  });
}

void check(const std::string& text, const View& a, const View& b, const View& expected) {
  const Shape& shape = expected.shape;
  on_every_isa([&](const std::string& isa) {
    const std::string what = fmt::format("{} {} {} x {} on {}", text, name_of(a.dtype), to_string(a.shape),
                                         to_string(b.shape), isa);
    // Prepared from views without data; memory beyond out and scratch must stay as it is.
    const auto bare = [](View v) {
      v.data = nullptr;
      return v;
    };
    const View wanted = dense_view(nullptr, a.dtype, shape);
    const kernels::PreparedPtr product = kernels::prepare_dot(text, bare(a), bare(b), wanted);
    if (product == nullptr) {
      EXPECT_TRUE(expected.size() == 0 || a.size() == 0 || b.size() == 0)
          << what << " is left to the reference";
      return;
    }
    const std::size_t bytes = static_cast<std::size_t>(expected.size()) * size_of(a.dtype);
    const std::shared_ptr<std::byte> out = allocate_buffer(bytes + 128);
    std::memset(out.get(), 0x5A, bytes + 128);
    const std::size_t scratch_bytes = product->scratch_bytes();
    const std::shared_ptr<std::byte> scratch = allocate_buffer(scratch_bytes + 64);
    std::memset(scratch.get(), 0x33, scratch_bytes + 64);
    std::byte* const data[] = {a.data, b.data, out.get() + 64};
    product->run(data, scratch.get());
    expect_bits(dense_view(out.get() + 64, a.dtype, shape), expected, what);
    for (std::size_t i = 0; i < 64; ++i) {
      ASSERT_EQ(scratch.get()[scratch_bytes + i], std::byte{0x33}) << "scratch overrun: " << what;
      ASSERT_EQ(out.get()[i], std::byte{0x5A}) << "written before out: " << what;
      ASSERT_EQ(out.get()[64 + bytes + i], std::byte{0x5A}) << "written behind out: " << what;
    }
  });
}

struct Product {
  std::string a, b, out;
  explicit Product(const std::string& text)
      : a(text.substr(0, text.find(','))),
        b(text.substr(a.size() + 1, text.find("->") - a.size() - 1)),
        out(text.substr(text.find("->") + 2)) {}
};

// The definition, letter by letter: for each output fused multiply-adds in order of k inside blocks of 512,
// the blocks' results added in order.
Held defined(const std::string& text, const View& a, const View& b, const Shape& out) {
  const Product p(text);
  const Held held = dense(a.dtype, out);
  std::string contracted;
  Shape along;
  for (std::size_t i = 0; i < p.a.size(); ++i)
    if (p.out.find(p.a[i]) == p.out.npos) {
      contracted += p.a[i];
      along.push_back(a.shape[i]);
    }
  const auto offset = [](const std::string& letters, const View& x, const std::string& among,
                         const Index& at) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < letters.size(); ++i)
      if (const std::size_t in = among.find(letters[i]); in != among.npos) sum += x.strides[i] * at[in];
    return sum;
  };
  std::vector<std::array<std::int64_t, 2>> steps;
  each_index(along, [&](const Index& at) {
    steps.push_back({offset(p.a, a, contracted, at), offset(p.b, b, contracted, at)});
  });
  dispatch_float("test", a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_index(out, [&](const Index& at) {
      const T* x = a.as<T>() + offset(p.a, a, p.out, at);
      const T* y = b.as<T>() + offset(p.b, b, p.out, at);
      T sum{0};
      for (std::size_t k0 = 0; k0 < steps.size(); k0 += 512) {
        T acc{0};
        for (std::size_t k = k0; k < std::min(k0 + 512, steps.size()); ++k)
          acc = std::fma(x[steps[k][0]], y[steps[k][1]], acc);
        sum = k0 == 0 ? acc : sum + acc;
      }
      element<T>(held, at) = sum;
    });
  });
  return held;
}

void check(const std::string& text, const Sizes& sizes, DType dtype, Layout layout, Random& random) {
  const Product p(text);
  const Held a = operand(dtype, shape_of(p.a, sizes), layout, random);
  const Held b = operand(dtype, shape_of(p.b, sizes), layout, random);
  check(text, a, b, defined(text, a, b, shape_of(p.out, sizes)));
}

const char* const kSpecs[] = {
    "mk,kn->mn",       "mk,nk->mn",
    "km,kn->mn",       "km,nk->mn",
    "mk,kn->nm",       "km,nk->nm",
    "k,k->",           "mk,k->m",
    "k,kn->n",         "m,n->mn",
    "m,n->nm",         "lk,lk->l",
    "lmk,lkn->lmn",    "mkl,knl->mnl",
    "mkl,knl->nml",    "kml,knl->mnl",
    "mk,knl->mnl",     "kl,kl->l",
    "kml,kl->ml",      "nd,dhl->nhl",
    "nd,nhl->dhl",     "nhl,dhl->ndl",
    "ndl,nhl->dhl",    "ndl,dhl->nhl",
    "nhl,dh->ndl",     "nhl,nd->dhl",
    "mjk,kjn->mn",     "mkj,kjn->mn",
    "jmk,kjn->mn",     "jkl,kjl->l",
    "jmkl,kjnl->mnl",  "amk,kbn->ambn",
    "amk,kbn->bman",   "xymk,xykn->xymn",
    "xmky,xkny->xmny", "l,l->l",
    "lm,lm->ml",       ",->",
    ",n->n",           "m,->m",
    "ml,l->ml",        "amkl,bknl->abmnl",
    "xk,yk->xy",       "lmk,lkn->mln",
    "ijk,kji->",
};

TEST(SimdDot, FollowsTheDefinitionBitForBit) {
  Random random(11);
  for (const char* text : kSpecs)
    for (int round = 0; round < 24; ++round) {
      Sizes sizes;
      std::int64_t budget = 6000;
      for (const char* c = text; *c != 0; ++c) {
        if (*c < 'a' || *c > 'z' || sizes.count(*c) > 0) continue;
        const std::int64_t most = round % 3 == 0 ? 5 : (round % 3 == 1 ? 19 : 70);
        sizes[*c] = uniform(random, 1, std::min(most, std::max<std::int64_t>(budget, 1)));
        budget /= std::max<std::int64_t>(sizes[*c], 1);
      }
      if (round % 12 == 11 && !sizes.empty()) sizes.begin()->second = 0;
      const Layout layout = static_cast<Layout>(round / 2 % 3);
      check(text, sizes, round % 2 == 0 ? DType::f32 : DType::f64, layout, random);
    }
}

TEST(SimdDot, BlocksOfKAddInOrder) {
  Random random(12);
  for (const char* text : {"mk,kn->mn", "km,kn->mn", "mk,nk->mn", "km,nk->nm", "k,k->", "mk,k->m", "k,kn->n",
                           "mkl,knl->mnl", "kl,kl->l", "kml,kn->nml"})
    for (std::int64_t k : {511, 512, 513, 1024, 1300})
      for (DType dtype : {DType::f32, DType::f64})
        check(text, {{'m', 9}, {'n', 37}, {'k', k}, {'l', 21}}, dtype,
              k % 2 == 0 ? Layout::dense : Layout::strided, random);
  check("mij,ijn->mn", {{'m', 3}, {'n', 17}, {'i', 40}, {'j', 33}}, DType::f32, Layout::strided, random);
}

TEST(SimdDot, EveryRemainderOfRowsColumnsAndLanes) {
  Random random(13);
  for (std::int64_t m = 1; m <= 18; ++m)
    for (std::int64_t n = 1; n <= 70; n += m % 3 + 1)
      check("mk,kn->mn", {{'m', m}, {'n', n}, {'k', 6}}, n % 2 == 0 ? DType::f32 : DType::f64,
            Layout(n % 4 / 2), random);
  for (std::int64_t l = 1; l <= 40; ++l)
    for (std::int64_t m = 1; m <= 11; m += 2)
      for (const char* text : {"mkl,knl->mnl", "mkl,kn->mnl"})
        for (DType dtype : {DType::f32, DType::f64})
          check(text, {{'m', m}, {'n', (m * 3 + l) % 11 + 1}, {'k', 5}, {'l', l}}, dtype, Layout(l % 4 / 2),
                random);
}

TEST(SimdDot, LargeEnoughForEveryPanelAndRowBlock) {
  Random random(14);
  for (const char* text : {"mk,kn->mn", "km,kn->mn", "mk,nk->mn", "km,nk->mn", "mk,kn->nm"})
    for (DType dtype : {DType::f32, DType::f64})
      check(text, {{'m', 150}, {'n', 530}, {'k', 530}}, dtype, Layout::dense, random);
  check("mk,kn->mn", {{'m', 700}, {'n', 40}, {'k', 33}}, DType::f32, Layout::dense, random);
  check("km,nk->mn", {{'m', 530}, {'n', 3000}, {'k', 17}}, DType::f64, Layout::dense, random);
  check("mkl,knl->mnl", {{'m', 32}, {'n', 16}, {'k', 12}, {'l', 256}}, DType::f32, Layout::dense, random);
  check("kml,knl->mnl", {{'m', 16}, {'n', 8}, {'k', 40}, {'l', 300}}, DType::f64, Layout::dense, random);
}

// Overflow, infinities, nan, zeros of both signs and denormals travel as in the definition.
TEST(SimdDot, ExtremeNumbersTravelAsDefined) {
  Random random(15);
  const double extremes[] = {0.0, -0.0, 1e30, -1e30, INFINITY, -INFINITY, NAN, 1e-42, -1e-42, 1.0};
  for (const char* text : {"mk,kn->mn", "mk,nk->mn", "mkl,knl->mnl", "mkl,kn->mnl", "kl,kl->l"})
    for (DType dtype : {DType::f32, DType::f64})
      for (int round = 0; round < 8; ++round) {
        const Sizes sizes{{'m', 7}, {'n', 20}, {'k', 1 + round}, {'l', 9 + round}};
        const Product p(text);
        const Held a = operand(dtype, shape_of(p.a, sizes), Layout::dense, random);
        const Held b = operand(dtype, shape_of(p.b, sizes), Layout::dense, random);
        for (const Held* x : {&a, &b})
          dispatch_float("test", dtype, [&](auto tag) {
            using T = typename decltype(tag)::type;
            for (std::int64_t i = 0; i < x->view.size(); ++i)
              if (uniform(random, 0, 3) == 0)
                x->view.as<T>()[i] = static_cast<T>(extremes[uniform(random, 0, std::size(extremes) - 1)]);
          });
        check(text, a, b, defined(text, a, b, shape_of(p.out, sizes)));
      }
}

// Products with 0 are left out where rows are mostly 0: what they would have made of a nan, an infinity and
// the sign of a zero is there nevertheless. Products of `tiny` numbers are too small to be any but a zero of
// either sign.
TEST(SimdDot, RowsThatAreMostlyZeroFollowTheDefinition) {
  Random random(18);
  for (DType dtype : {DType::f32, DType::f64})
    for (const char* kind : {"ordinary", "tiny", "infinite", "nan"})
      for (const Sizes& sizes :
           {Sizes{{'m', 40}, {'n', 16}, {'k', 33}}, Sizes{{'m', 17}, {'n', 128}, {'k', 249}},
            Sizes{{'m', 21}, {'n', 176}, {'k', 600}}}) {
        const Held a = operand(dtype, shape_of("mk", sizes), Layout::dense, random);
        const Held b = operand(dtype, shape_of("kn", sizes), Layout::dense, random);
        dispatch_float("test", dtype, [&](auto tag) {
          using T = typename decltype(tag)::type;
          const bool tiny = kind == std::string("tiny");
          const T scale = tiny ? std::numeric_limits<T>::min() : T{1};
          for (const Held* x : {&a, &b})
            for (std::int64_t i = 0; i < x->view.size(); ++i) x->view.as<T>()[i] *= scale;
          for (std::int64_t i = 0; i < a.view.size(); ++i)
            if (uniform(random, 0, 19) > (tiny ? 0 : 1)) a.view.as<T>()[i] = i % 3 == 0 ? -T{0} : T{0};
          T& last = b.view.as<T>()[b.view.size() - 1];
          if (kind == std::string("infinite")) last = std::numeric_limits<T>::infinity();
          if (kind == std::string("nan")) last = std::numeric_limits<T>::quiet_NaN();
        });
        check("mk,kn->mn", a, b, defined("mk,kn->mn", a, b, shape_of("mn", sizes)));
      }
}

TEST(SimdDot, TheNumberOfThreadsDoesNotShow) {
  Random random(16);
  struct Case {
    const char* text;
    Sizes sizes;
  };
  const Case cases[] = {{"mk,kn->mn", {{'m', 200}, {'n', 310}, {'k', 600}}},
                        {"mk,kn->mn", {{'m', 900}, {'n', 64}, {'k', 300}}},
                        {"mk,nk->mn", {{'m', 61}, {'n', 800}, {'k', 200}}},
                        {"km,kn->mn", {{'m', 800}, {'n', 130}, {'k', 64}}},
                        {"mkl,knl->mnl", {{'m', 32}, {'n', 16}, {'k', 64}, {'l', 250}}}};
  for (const Case& c : cases) {
    const Product p(c.text);
    const Held a = operand(DType::f32, shape_of(p.a, c.sizes), Layout::dense, random);
    const Held b = operand(DType::f32, shape_of(p.b, c.sizes), Layout::dense, random);
    const Held expected = defined(c.text, a, b, shape_of(p.out, c.sizes));
    for (int threads : {1, 2, 4, 7}) {
      set_threads(threads);
      check(c.text, a, b, expected);
    }
    set_threads(0);
  }
}

TEST(SimdDot, RunningAllocatesNothing) {
  Random random(17);
  struct Case {
    const char* text;
    Sizes sizes;
  };
  const Case cases[] = {{"km,nk->mn", {{'m', 300}, {'n', 300}, {'k', 600}}},
                        {"mik,kni->mn", {{'m', 20}, {'n', 30}, {'k', 7}, {'i', 5}}},
                        {"mkl,knl->mnl", {{'m', 32}, {'n', 16}, {'k', 64}, {'l', 256}}},
                        {"nhl,dh->ndl", {{'n', 9}, {'h', 8}, {'d', 7}, {'l', 20}}}};
  for (int threads : {1, 2}) {
    set_threads(threads);
    for (const Case& c : cases) {
      const Product p(c.text);
      const Held a = operand(DType::f32, shape_of(p.a, c.sizes), Layout::dense, random);
      const Held b = operand(DType::f32, shape_of(p.b, c.sizes), Layout::dense, random);
      const Held out = dense(DType::f32, shape_of(p.out, c.sizes));
      on_every_isa([&](const std::string& isa) {
        const kernels::PreparedPtr product = kernels::prepare_dot(c.text, a, b, out);
        const auto scratch = allocate_buffer(product->scratch_bytes() + 1);
        std::byte* const data[] = {a.view.data, b.view.data, out.view.data};
        product->run(data, scratch.get());  // the first run may start threads
        const std::size_t before = allocations_so_far();
        product->run(data, scratch.get());
        EXPECT_EQ(allocations_so_far(), before) << c.text << " on " << isa;
      });
    }
  }
  set_threads(0);
}

TEST(SimdDot, ThereIsNoneForIntegersAndForTheReference) {
  const Held f = dense(DType::f32, {20, 20});
  const Held i = dense(DType::i32, {20, 20});
  EXPECT_EQ(kernels::prepare_dot("mk,kn->mn", i, i, i), nullptr);
  const Isa before = kernels::isa();
  kernels::force_isa(Isa::reference);
  EXPECT_EQ(kernels::prepare_dot("mk,kn->mn", f, f, f), nullptr);
  kernels::force_isa(before);
}

}  // namespace
}  // namespace runnel::testing
