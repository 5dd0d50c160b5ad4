// The formulas of math.h: exponentials, logarithms and powers. No include guard: this text is included into
// each namespace that defines numbers (math.h for float and double, simd/math-inl.h for vectors of them), V
// being one number or a vector of them. Every step is one IEEE operation or works on bits.

template <class V>
inline V absolute(V x) {
  return as_number<V>(as_bits(x) & bit_literal<V>(Format<Element<V>>::all_but_sign));
}

template <class V>
inline V with_sign_of(V magnitude, V sign) {
  const auto rest = bit_literal<V>(Format<Element<V>>::all_but_sign);
  const auto top = bit_literal<V>(~Format<Element<V>>::all_but_sign);
  return as_number<V>((as_bits(magnitude) & rest) | (as_bits(sign) & top));
}

// (e^r - 1 - r) / r^2 = 1/2! + r/3! + ... by Horner's rule.
template <class V, int K = 2>
inline V exp_tail(V r) {
  using T = Element<V>;
  if constexpr (K == Format<T>::exp_terms) {
    return literal<V>(inverse_factorial<T, K>());
  } else {
    return fused(r, exp_tail<V, K + 1>(r), literal<V>(inverse_factorial<T, K>()));
  }
}

// x = n ln 2 + r + lost with |r| <= ln 2 / 2; `lost` is what the rounding of r lost. `shifted` holds n in its
// low bits: adding 1.5 * 2^mantissa rounds to an integer. A nan stays in all of them.
template <class V>
struct Reduced {
  V n;
  V r;
  V lost;
  V shifted;
};

template <class V>
inline Reduced<V> reduce_exp(V x) {
  using T = Element<V>;
  using F = Format<T>;
  const V shifted = fused(x, literal<V>(F::log2_e), literal<V>(F::rounder));
  const V n = shifted - literal<V>(F::rounder);
  const V high = fused_minus(n, literal<V>(F::ln2_high), x);
  const V r = fused_minus(n, literal<V>(F::ln2_low), high);
  return {n, r, fused_minus(n, literal<V>(F::ln2_low), high - r), shifted};
}

// e^(r + lost) - 1.
template <class V>
inline V exp_less_one(V r, V lost) {
  return r + fused(r * r, exp_tail(r), fused(lost, r, lost));
}

// 2^n for n held in the low bits (two's complement), |n| within the exponents of normal numbers.
template <class V, class B>
inline V power_of_two(B n) {
  using F = Format<Element<V>>;
  return as_number<V>(shift_left<F::mantissa>(n + bit_literal<V>(F::bias)));
}

// (1 + less) 2^n, in two factors of 2^(n/2), for n may lie outside the normal exponents; the product rounds
// once.
template <class V>
inline V scale_exp(const Reduced<V>& z, V less) {
  using T = Element<V>;
  const V rounder = literal<V>(Format<T>::rounder);
  const V half = fused(z.n, literal<V>(T{0.5}), rounder);
  const auto n = as_bits(z.shifted) - as_bits(rounder);
  const auto n0 = as_bits(half) - as_bits(rounder);
  return (literal<V>(T{1}) + less) * power_of_two<V>(n0) * power_of_two<V>(n - n0);
}

template <class V>
inline V exp(V x) {
  using F = Format<Element<V>>;
  const Reduced<V> z = reduce_exp(at_least(at_most(x, F::exp_largest), F::exp_least));
  return scale_exp(z, exp_less_one(z.r, z.lost));
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), each halved so that 2^n cannot overflow first; for x within the
// bounds.
template <class V>
inline V expm1_within(V x) {
  using T = Element<V>;
  const Reduced<V> z = reduce_exp(x);
  const auto n = as_bits(z.shifted) - as_bits(literal<V>(Format<T>::rounder));
  const V half = power_of_two<V>(n - bit_literal<V>(1));
  const V less = exp_less_one(z.r, z.lost);
  return literal<V>(T{2}) * fused(less, half, half - literal<V>(T{0.5}));
}

template <class V>
inline V expm1(V x) {
  using F = Format<Element<V>>;
  const V result = expm1_within(at_least(at_most(x, F::exp_largest), F::expm1_least));
  return choose(absolute(x) < literal<V>(F::tiny), x, result);
}

// 2/(2K+1) + 2/(2K+3) z + ..., K = 1 at first.
template <class V, int K = 1>
inline V log_tail(V z) {
  using T = Element<V>;
  constexpr T c = static_cast<T>(2.0L / (2 * K + 1));
  if constexpr (K == Format<T>::log_terms) {
    return literal<V>(c);
  } else {
    return fused(z, log_tail<V, K + 1>(z), literal<V>(c));
  }
}

// e ln 2 + log(1 + f) + c for 1 + f in [sqrt(1/2), sqrt(2)) and c far below f. With s = f / (2 + f),
// log(1 + f) = 2 atanh(s) = f - (f²/2 - s (f²/2 + 2/3 s² + 2/5 s⁴ + ...)): the leading f is exact.
template <class V>
inline V log_sum(V f, V e, V c) {
  using T = Element<V>;
  using F = Format<T>;
  const V s = f / (literal<V>(T{2}) + f);
  const V z = s * s;
  const V h = literal<V>(T{0.5}) * f * f;
  const V low = fused(s, fused(z, log_tail(z), h), fused(e, literal<V>(F::ln2_low), c));
  return fused(e, literal<V>(F::ln2_high), f - (h - low));
}

// x = 2^e (1 + f) for a positive normal x.
template <class V>
struct Split {
  V f;
  V e;
};

template <class V>
inline Split<V> split(V x) {
  using T = Element<V>;
  using F = Format<T>;
  // The exponent plus bias as the low bits of 2^mantissa: a conversion that needs no integer instruction.
  const auto moved = as_bits(x) - bit_literal<V>(F::sqrt_half) + bit_literal<V>(F::bias << F::mantissa);
  const V biased = as_number<V>(shift_right<F::mantissa>(moved) | bit_literal<V>(F::magic_exponent));
  const V e = biased - literal<V>(F::magic + static_cast<T>(F::bias));
  const auto fraction = (moved & bit_literal<V>(F::all_of_mantissa)) + bit_literal<V>(F::sqrt_half);
  return {as_number<V>(fraction) - literal<V>(T{1}), e};
}

// The same for subnormal numbers too.
template <class V>
inline Split<V> split_any(V x) {
  using T = Element<V>;
  using F = Format<T>;
  const auto subnormal = x < literal<V>(std::numeric_limits<T>::min());
  const Split<V> y = split(choose(subnormal, x * literal<V>(F::lift), x));
  return {y.f, y.e - choose(subnormal, literal<V>(F::lift_exponent), literal<V>(T{0}))};
}

template <class V>
inline V log(V x) {
  using T = Element<V>;
  using Limits = std::numeric_limits<T>;
  const V zero = literal<V>(T{0});
  const Split<V> y = split_any(x);
  V result = log_sum(y.f, y.e, zero);
  result = choose(x < literal<V>(Limits::infinity()), result, x);  // infinity and nan
  result = choose(x < zero, literal<V>(Limits::quiet_NaN()), result);
  return choose(x == zero, literal<V>(-Limits::infinity()), result);
}

// log(1 + x): u = 1 + x rounded, and what the rounding lost comes back as (1 + x - u) / u.
template <class V>
inline V log1p(V x) {
  using T = Element<V>;
  using Limits = std::numeric_limits<T>;
  const V zero = literal<V>(T{0});
  const V one = literal<V>(T{1});
  const V u = one + x;
  const V lost = choose(x > one, one - (u - x), x - (u - one));
  const Split<V> y = split(u);
  const auto near = y.e == zero;
  V result = log_sum(choose(near, x, y.f), y.e, choose(near, zero, lost / u));
  result = choose(x < literal<V>(Limits::infinity()), result, x);
  result = choose(x < literal<V>(T{-1}), literal<V>(Limits::quiet_NaN()), result);
  result = choose(x == literal<V>(T{-1}), literal<V>(-Limits::infinity()), result);
  return choose(absolute(x) < literal<V>(Format<T>::tiny), x, result);
}

// With t = e^(2|x|) - 1, tanh |x| = t / (t + 2), which never magnifies the error of t.
template <class V>
inline V tanh(V x) {
  using T = Element<V>;
  const V a = at_most(absolute(x), Format<T>::tanh_largest);
  const V t = expm1_within(literal<V>(T{2}) * a);
  return with_sign_of(t / (t + literal<V>(T{2})), x);
}

// 1 / (1 + e^-x), or e^x / (1 + e^x) for negative x: the exponential never overflows.
template <class V>
inline V logistic(V x) {
  using T = Element<V>;
  const V one = literal<V>(T{1});
  const Reduced<V> z = reduce_exp(at_least(literal<V>(T{0}) - absolute(x), Format<T>::exp_least));
  const V e = scale_exp(z, exp_less_one(z.r, z.lost));
  return choose(x < literal<V>(T{0}), e, one) / (one + e);
}

// A number as the sum of two, the second below the last place of the first.
template <class V>
struct Pair {
  V high;
  V low;
};

// log x of a positive finite double to some 68 bits: log_sum's series with the first terms carried as pairs.
// (T. J. Dekker, "A floating-point technique for extending the available precision", 1971, has the sums and
// products of pairs.)
template <class V>
inline Pair<V> log_pair(V x) {
  using F = Format<double>;
  const V one = literal<V>(1.0);
  const V two = literal<V>(2.0);
  const Split<V> y = split_any(x);
  // s = f / (2 + f)
  const V u = two + y.f;
  const V u_low = y.f - (u - two);
  const V inverse = one / u;
  const V s = y.f * inverse;
  const V s_low = fused_minus(s, u_low, fused_minus(s, u, y.f)) * inverse;
  // z = s²
  const V z = s * s;
  const V z_low = fused(two * s, s_low, fused(s, s, literal<V>(0.0) - z));
  // c = 2/3 + 2/5 z + ...
  const V q = z * log_tail<V, 2>(z);
  const V c = literal<V>(F::two_thirds) + q;
  const V c_low = (literal<V>(F::two_thirds) - c) + q + literal<V>(F::two_thirds_low);
  // t = s z c
  const V p = z * c;
  const V p_low = fused(z, c, literal<V>(0.0) - p) + fused(z, c_low, z_low * c);
  const V t = s * p;
  const V t_low = fused(s, p, literal<V>(0.0) - t) + fused(s, p_low, s_low * p);
  // log(1 + f) = 2 s + t
  const V m = fused(two, s, t);
  const V m_low = fused(two, s, literal<V>(0.0) - m) + t + fused(two, s_low, t_low);
  const V h = y.e * literal<V>(F::ln2_high);
  const V sum = h + m;
  const V low = (h - sum) + m + fused(y.e, literal<V>(F::ln2_low), m_low);
  const V high = sum + low;
  return {high, (sum - high) + low};
}

// a^y for positive finite doubles a: e^(y log a), with the low part of the product.
template <class V>
inline V power_of_positive(V a, V y) {
  using F = Format<double>;
  const Pair<V> l = log_pair(a);
  const V p = y * l.high;
  const V p_low = fused(y, l.low, fused(y, l.high, literal<V>(0.0) - p));
  const auto over = p > literal<V>(F::exp_largest);
  const auto under = p < literal<V>(F::exp_least);
  const Reduced<V> z = reduce_exp(at_least(at_most(p, F::exp_largest), F::exp_least));
  const V low = choose(over, literal<V>(0.0), choose(under, literal<V>(0.0), p_low));
  // The low part may be hundreds of units of the last place of the result: e^low is 1 + low.
  const V less = exp_less_one(z.r, z.lost);
  return scale_exp(z, fused(low, literal<V>(1.0) + less, less));
}

// With the special cases of IEEE 754-2008, section 9.2.1, as C's annex F has them.
template <class V>
inline V pow(V x, V y) {
  using T = Element<V>;
  using Limits = std::numeric_limits<T>;
  const V zero = literal<V>(T{0});
  const V one = literal<V>(T{1});
  const V infinity = literal<V>(Limits::infinity());
  const V a = absolute(x);
  const V half = literal<V>(T{0.5}) * y;
  const auto odd = both(floor(y) == y, not_equal(floor(half), half));
  V result = positive_power(a, y);
  // A magnitude of 0 or infinity, then an exponent of infinity: what grows goes to infinity, the rest to 0.
  const V grows = choose(y > zero, infinity, zero);
  const V shrinks = choose(y > zero, zero, infinity);
  result = choose(a == infinity, grows, result);
  result = choose(a == zero, shrinks, result);
  const V endless = choose(a > one, grows, choose(a < one, shrinks, one));
  result = choose(absolute(y) == infinity, endless, result);
  const V signed_result = choose(odd, with_sign_of(result, x), result);
  const auto no_root = both(both(x < zero, a < infinity), not_equal(floor(y), y));
  result = choose(no_root, literal<V>(Limits::quiet_NaN()), signed_result);
  result = choose(x == x, choose(y == y, result, y), x);
  return choose(y == zero, one, choose(x == one, one, result));
}
