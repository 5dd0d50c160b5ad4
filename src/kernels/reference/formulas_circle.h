// The formulas of math.h: sine, cosine and the error function. No include guard; see formulas_exp.h.

// c(k) z^((k-K)/2) + ... with c(k) = ±1/k!, the signs alternating, up to k = Last.
template <class V, int K, int Last, bool Negative>
inline V alternating(V z) {
  using T = Element<V>;
  constexpr T c = Negative ? -inverse_factorial<T, K>() : inverse_factorial<T, K>();
  if constexpr (K == Last) {
    return literal<V>(c);
  } else {
    return fused(z, alternating<V, K + 2, Last, !Negative>(z), literal<V>(c));
  }
}

// Sine or cosine of (q pi/2 + r + low), q in the low bits of `quadrant`, |r| up to a little over pi/4 and
// `low` below its last place: by the quadrant ±sin r or ±cos r. (cos q = sin (q + 1).)
template <class V, class B>
inline V sine_in_quadrant(B quadrant, V r, V low) {
  using T = Element<V>;
  using F = Format<T>;
  const V one = literal<V>(T{1});
  const V z = r * r;
  const V h = literal<V>(T{0.5}) * z;
  const V sine = r + fused(r * z, alternating<V, 3, F::sin_terms, true>(z), fused_minus(h, low, low));
  const V w = one - h;
  const V rest = fused(z * z, alternating<V, 4, F::cos_terms, false>(z), fused_minus(r, low, (one - w) - h));
  const V cosine = w + rest;
  const V magnitude = choose(is_zero<V>(quadrant & bit_literal<V>(1)), sine, cosine);
  const auto turned = shift_left<F::mantissa + F::exponent - 1>(quadrant & bit_literal<V>(2));
  return as_number<V>(as_bits(magnitude) ^ turned);
}

// For 0 <= a < circle_limit: Cody and Waite's reduction with pi/2 in three parts. The first difference is
// exact; of the second the rounding errors of product and sum are kept, for near a multiple of pi/2 they are
// all that is left. `ahead` is 1 for the cosine.
template <class V>
inline V sine_near(V a, typename Format<Element<V>>::Bits ahead) {
  using T = Element<V>;
  using F = Format<T>;
  const V rounder = literal<V>(F::rounder);
  const V shifted = fused(a, literal<V>(F::two_over_pi), rounder);
  const V n = shifted - rounder;
  const V first = fused_minus(n, literal<V>(F::half_pi), a);
  const V second = literal<V>(T{0}) - n * literal<V>(F::half_pi_2);
  const V second_low = fused(n, literal<V>(F::half_pi_2), second);  // to be subtracted
  const V sum = first + second;
  const V part = sum - first;
  const V lost = (first - (sum - part)) + (second - part);
  const V rest = lost - fused(n, literal<V>(F::half_pi_3), second_low);
  const V r = sum + rest;
  return sine_in_quadrant(as_bits(shifted) - as_bits(rounder) + bit_literal<V>(ahead), r, (sum - r) + rest);
}

// Beyond the limit (and for infinity and nan) number by number: far::sin and far::cos.
template <class V>
inline V sin(V x) {
  using T = Element<V>;
  const V a = absolute(x);
  const auto turned = as_bits(x) & bit_literal<V>(~Format<T>::all_but_sign);
  const V near = as_number<V>(as_bits(sine_near(a, 0)) ^ turned);
  return where_far<T (*)(T)>(a < literal<V>(Format<T>::circle_limit), near, x, far::sin);
}

template <class V>
inline V cos(V x) {
  using T = Element<V>;
  const V a = absolute(x);
  return where_far<T (*)(T)>(a < literal<V>(Format<T>::circle_limit), sine_near(a, 1), x, far::cos);
}

template <class V, std::size_t K = 0, class Coefficients>
inline V polynomial(V x, const Coefficients& c) {
  if constexpr (K + 1 == std::tuple_size_v<Coefficients>) {
    return literal<V>(c[K]);
  } else {
    return fused(x, polynomial<V, K + 1>(x, c), literal<V>(c[K]));
  }
}

// Below 1: x + x P(x²). Above: 1 - e^(-x²) Q(t) with t = (x - 2) / (x + 2), where Q = e^(x²) erfc x.
template <class V>
inline V erf(V x) {
  using T = Element<V>;
  using F = Format<T>;
  const V one = literal<V>(T{1});
  const V two = literal<V>(T{2});
  const V a = absolute(x);
  const V small = fused(a, polynomial(a * a, F::erf_small), a);
  const V b = at_most(a, F::erf_largest);
  const V q = polynomial((b - two) / (b + two), F::erf_large);
  const V large = fused_minus(exp(literal<V>(T{0}) - b * b), q, one);
  return with_sign_of(choose(a < one, small, large), x);
}
