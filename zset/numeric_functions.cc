// Roots, exponentials, logarithms and powers of NUMERIC.
//
// The scale of each result is PostgreSQL's choice; the digits are those of the exact result, rounded, wherever PostgreSQL's own are (it computes with
// eight digits to spare). Logarithms are computed in binary fixed point: a natural number f stands for f / 2^point.

#include <weir/error.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "zset/limbs.h"
#include "zset/numeric.h"
#include "zset/numeric_parts.h"

namespace weir {
namespace {

using Class = Numeric::Class;

constexpr double kLog10E = 0.434294481903252;
constexpr double kLn10 = 2.302585092994046;
constexpr double kLog10Of2 = 0.301029995663981;
constexpr double kExponentMax = 6000;       // e^6000 is refused, e^-6000 is 0
constexpr std::int32_t kGuardDigits = 8;    // beyond what a result keeps
constexpr std::size_t kGuardBits = 128;     // of logarithms

Numeric zero(std::int32_t scale) { return Numeric::make(0, scale); }
[[noreturn]] void refuse(const char* message) { throw Failure(ErrorCode::kEvaluation, message); }

std::int32_t result_scale(std::int32_t wanted, std::int32_t input_scale) {
  return std::min(std::max({wanted, input_scale, 0}), kResultScaleMax);
}

bool is_whole(const Numeric& n) { return n.scale == 0 || n.compare(n.trunc(0)) == 0; }
bool is_odd(const Numeric& whole) { return !(whole % Numeric(2)).is_zero(); }

std::size_t bits_for(std::int32_t digits) { return static_cast<std::size_t>(std::max(digits, 0) * 3.3219280948873623) + 1; }
Limbs one_at(std::size_t point) { return limbs_shift_left(Limbs{1}, point); }
Limbs multiply_at(std::size_t point, const Limbs& a, const Limbs& b) { return limbs_shift_right(limbs_multiply(a, b), point); }

// The fixed point number as a decimal of this scale, rounded.
Numeric decimal_at(std::size_t point, bool negative, const Limbs& f, std::int32_t scale) {
  const Limbs scaled = limbs_multiply(f, limbs_power_of_ten(static_cast<std::size_t>(scale)));
  return from_magnitude(negative, limbs_shift_right(limbs_add(scaled, one_at(point - 1)), point), scale);
}

// z + z^3/3 + z^5/5 + ...
Limbs inverse_tanh(std::size_t point, const Limbs& z) {
  const Limbs square = multiply_at(point, z, z);
  Limbs sum = z, power = z;
  for (std::uint32_t n = 3;; n += 2) {
    power = multiply_at(point, power, square);
    Limbs term = power;
    limbs_divide_small(term, n);
    if (term.empty()) return sum;
    sum = limbs_add(sum, term);
  }
}

// The same of 1/n, times `factor`.
Limbs inverse_tanh_of_inverse(std::size_t point, std::uint32_t n, std::uint32_t factor) {
  Limbs power = one_at(point);
  limbs_multiply_add(power, factor, 0);
  limbs_divide_small(power, n);
  Limbs sum = power;
  for (std::uint32_t k = 3;; k += 2) {
    limbs_divide_small(power, n);
    limbs_divide_small(power, n);
    Limbs term = power;
    limbs_divide_small(term, k);
    if (term.empty()) return sum;
    sum = limbs_add(sum, term);
  }
}

// ln 2 = 18 artanh(1/26) - 2 artanh(1/4801) + 8 artanh(1/8749)
Limbs natural_logarithm_of_two(std::size_t point) {
  return limbs_subtract(limbs_add(inverse_tanh_of_inverse(point, 26, 18), inverse_tanh_of_inverse(point, 8749, 8)),
                        inverse_tanh_of_inverse(point, 4801, 2));
}

// In decimal, step by step at the scales that PostgreSQL takes: e^x of a small round x lies so close to a tie that it is the last digit kept which decides.
Numeric exponential(const Numeric& x, std::int32_t scale) {
  const double value = approximate(x);
  if (std::fabs(value) >= kExponentMax) {
    if (value > 0) throw_numeric_overflow();
    return zero(scale);
  }
  std::int32_t halvings = 0;
  for (double rest = std::fabs(value); rest > 0.01; rest /= 2) ++halvings;
  // x / 2^halvings = x 5^halvings / 10^halvings
  Limbs coefficient = magnitude(x);
  for (std::int32_t i = 0; i < halvings; ++i) limbs_multiply_add(coefficient, 5, 0);
  const Numeric reduced = from_magnitude(x.sign() < 0, std::move(coefficient), x.scale + halvings);

  const std::int32_t wanted = 1 + static_cast<std::int32_t>(value * kLog10E) + scale + static_cast<std::int32_t>(halvings * kLog10Of2);
  const std::int32_t digits = std::max(wanted, 0) + kGuardDigits;
  Numeric sum = sum_of_any_size(Numeric(1), reduced);
  Numeric term = reduced;
  for (std::int64_t n = 2;; ++n) {
    term = divide_rounded(multiply_rounded(term, reduced, digits - 1), Numeric(n), digits - 1);
    if (term.is_zero()) break;
    sum = sum_of_any_size(sum, term);
  }
  for (std::int32_t i = 0; i < halvings; ++i) sum = multiply_rounded(sum, sum, std::max(digits - 8 * head_of(sum).weight, 0));
  return checked(sum.round(scale));
}

Numeric natural_logarithm(const Numeric& x, std::int32_t scale) {
  if (x.sign() == 0) refuse("cannot take logarithm of zero");
  if (x.sign() < 0) refuse("cannot take logarithm of a negative number");
  // x = m 2^exponent with m about 1.
  const std::size_t point = bits_for(scale) + kGuardBits;
  Limbs numerator = magnitude(x), denominator = limbs_power_of_ten(static_cast<std::size_t>(x.scale));
  auto exponent = static_cast<std::int64_t>(limbs_bits(numerator)) - static_cast<std::int64_t>(limbs_bits(denominator));
  const std::int64_t shift = static_cast<std::int64_t>(point) - exponent;
  if (shift >= 0) numerator = limbs_shift_left(numerator, static_cast<std::size_t>(shift));
  else denominator = limbs_shift_left(denominator, static_cast<std::size_t>(-shift));
  Limbs m = limbs_divide(numerator, denominator);
  const Limbs one = one_at(point);
  const Limbs half = one_at(point - 1), quarter = one_at(point - 2);
  if (limbs_compare(m, limbs_add(one, half)) >= 0) {
    m = limbs_shift_right(m, 1);
    ++exponent;
  } else if (limbs_compare(m, limbs_add(half, quarter)) < 0) {
    m = limbs_shift_left(m, 1);
    --exponent;
  }
  // ln m = 2 artanh((m - 1) / (m + 1))
  const bool above = limbs_compare(m, one) >= 0;
  const Limbs distance = above ? limbs_subtract(m, one) : limbs_subtract(one, m);
  const Limbs logarithm = limbs_shift_left(inverse_tanh(point, limbs_divide(limbs_shift_left(distance, point), limbs_add(m, one))), 1);
  if (exponent == 0) return decimal_at(point, !above, logarithm, scale);

  Limbs whole = natural_logarithm_of_two(point);
  limbs_multiply_add(whole, static_cast<std::uint32_t>(std::llabs(exponent)), 0);  // larger than |ln m|
  const bool negative = exponent < 0;
  return decimal_at(point, negative, above != negative ? limbs_add(whole, logarithm) : limbs_subtract(whole, logarithm), scale);
}

// The power of ten of ln x, by PostgreSQL's estimate.
std::int32_t logarithm_weight(const Numeric& x) {
  if (x.sign() <= 0) return 0;
  if (x.compare(Numeric::make(9, 1)) >= 0 && x.compare(Numeric::make(11, 1)) <= 0) {
    const Numeric distance = x - Numeric(1);  // ln (1 + d) is about d
    if (distance.is_zero()) return 0;
    const Head head = head_of(distance);
    return head.weight * 4 + head.first_digits - 1;
  }
  const Head head = head_of(x);
  std::int32_t digits = head.first, weight = head.weight * 4;
  Numeric whole = x;
  whole.scale = 0;
  const std::int32_t below = coefficient_digits(x) - head.first_digits;
  const bool more = below > 0 && whole.compare(whole.trunc(-below)) != 0;
  if (more) {
    digits = static_cast<std::int32_t>(leading_digits(x, head.first_digits + 4));
    weight -= 4;
  }
  return static_cast<std::int32_t>(std::log10(std::fabs(std::log(static_cast<double>(digits)) + weight * kLn10)));
}

// Repeated squaring, each product cut to the digits that the result needs.
Numeric whole_power(const Numeric& base, std::int32_t exponent, std::int32_t scale) {
  if (exponent == 0) return Numeric(1).round(scale);
  if (exponent == 1) return base.round(scale);
  if (exponent == -1) return divide_rounded(Numeric(1), base, scale);
  if (exponent == 2) return checked(multiply_rounded(base, base, scale)).round(scale);
  if (base.is_zero()) return zero(scale);

  // log10 of the result
  const std::int32_t lead = std::min(coefficient_digits(base), 16);
  const std::int32_t rest = coefficient_digits(base) - lead - base.scale;
  const double size = exponent * (std::log10(static_cast<double>(leading_digits(base, lead))) + rest);
  if (size > 3.0 * kWeightMax * 4) throw_numeric_overflow();
  if (size + 1 < -scale || size + 1 < -kResultScaleMax) return zero(scale);
  const std::int32_t digits = 1 + scale + static_cast<std::int32_t>(size) + static_cast<std::int32_t>(std::log(std::fabs(exponent))) + kGuardDigits;

  Numeric square = base;
  Numeric power = (exponent & 1) != 0 ? base : Numeric(1);
  for (std::uint32_t mask = static_cast<std::uint32_t>(std::abs(static_cast<std::int64_t>(exponent))) >> 1; mask != 0; mask >>= 1) {
    square = multiply_rounded(square, square, std::max(digits - 2 * head_of(square).weight * 4, 0));
    if ((mask & 1) != 0) {
      power = multiply_rounded(square, power, std::max(digits - (head_of(square).weight + head_of(power).weight) * 4, 0));
    }
    if (head_of(square).weight > kWeightMax || head_of(power).weight > kWeightMax) {
      if (exponent > 0) throw_numeric_overflow();
      return zero(scale);
    }
  }
  return exponent < 0 ? divide_rounded(Numeric(1), power, scale) : checked(power.round(scale));
}

// The power where the base, the exponent or both are no finite numbers. POSIX's rules for pow().
Numeric special_power(const Numeric& base, const Numeric& exponent) {
  const auto is_one = [](const Numeric& n) { return n.kind == Class::kFinite && n.compare(Numeric(1)) == 0; };
  if (base.kind == Class::kNaN) return exponent.is_zero() ? Numeric(1) : base;
  if (exponent.kind == Class::kNaN) return is_one(base) ? Numeric(1) : exponent;
  if (base.is_zero() && exponent.sign() < 0) refuse("zero raised to a negative power is undefined");
  const bool whole = exponent.kind != Class::kFinite || is_whole(exponent);
  if (base.sign() < 0 && !whole) refuse("a negative number raised to a non-integer power yields a complex result");
  if (is_one(base) || exponent.is_zero()) return Numeric(1);
  if (base.is_zero()) return Numeric();
  if (exponent.kind != Class::kFinite) {
    const Numeric size = base.abs();
    if (is_one(size)) return Numeric(1);
    return (size.compare(Numeric(1)) > 0) == (exponent.sign() > 0) ? Numeric::special(Class::kInfinity) : Numeric();
  }
  if (exponent.sign() < 0) return Numeric();
  return Numeric::special(base.kind == Class::kMinusInfinity && is_odd(exponent) ? Class::kMinusInfinity : Class::kInfinity);
}

// REQUIRES: not negative
Numeric root_rounded(const Numeric& n, std::int32_t scale) {
  // One digit more, then rounded: the root is rounded down before, which rounding halves up does not notice.
  const std::int32_t shift = 2 * (scale + 1) - n.scale;
  Limbs square = magnitude(n);
  if (shift >= 0) square = limbs_multiply(square, limbs_power_of_ten(static_cast<std::size_t>(shift)));
  else square = limbs_divide(square, limbs_power_of_ten(static_cast<std::size_t>(-shift)));
  return from_magnitude(false, limbs_divide_nearest(limbs_root(square), Limbs{10}), scale);
}

}  // namespace

Numeric Numeric::sqrt() const {
  if (kind == Class::kMinusInfinity || (kind == Class::kFinite && sign() < 0)) refuse("cannot take square root of a negative number");
  if (kind != Class::kFinite) return *this;
  const std::int32_t to = result_scale(kSignificantDigitsMin - ((head_of(*this).weight + 1) * 2 - 1), scale);
  return root_rounded(*this, to);
}

Numeric numeric_variance(std::int64_t n, const Numeric& sum, const Numeric& squares, bool sample, bool root) {
  if (sum.kind != Class::kFinite) return Numeric::special(Class::kNaN);
  const Numeric count(n);
  const std::int32_t scale = 2 * sum.scale;
  const Numeric spread = sum_of_any_size(multiply_rounded(count, squares, scale), -multiply_rounded(sum, sum, scale));
  if (spread.sign() <= 0) return Numeric();
  const Numeric variance = spread / (count * Numeric(sample ? n - 1 : n));
  return root ? root_rounded(variance, variance.scale) : variance;
}

Numeric Numeric::exp() const {
  if (kind == Class::kMinusInfinity) return Numeric();
  if (kind != Class::kFinite) return *this;
  const double weight = std::clamp(approximate(*this) * kLog10E, -2000.0, 2000.0);
  return exponential(*this, result_scale(kSignificantDigitsMin - static_cast<std::int32_t>(weight), scale));
}

Numeric Numeric::ln() const {
  if (kind == Class::kMinusInfinity) refuse("cannot take logarithm of a negative number");
  if (kind != Class::kFinite) return *this;
  return natural_logarithm(*this, result_scale(kSignificantDigitsMin - logarithm_weight(*this), scale));
}

Numeric Numeric::log(const Numeric& base) const {
  if (kind != Class::kFinite || base.kind != Class::kFinite) {
    if (kind == Class::kNaN || base.kind == Class::kNaN) return Numeric::special(Class::kNaN);
    if (sign() < 0 || base.sign() < 0) refuse("cannot take logarithm of a negative number");
    if (is_zero() || base.is_zero()) refuse("cannot take logarithm of zero");
    if (base.kind == Class::kInfinity) return kind == Class::kInfinity ? Numeric::special(Class::kNaN) : Numeric();
    return *this;
  }
  const std::int32_t base_weight = logarithm_weight(base), weight = logarithm_weight(*this);
  const std::int32_t result_weight = weight - base_weight;
  const std::int32_t to = result_scale(kSignificantDigitsMin - result_weight, std::max(base.scale, scale));
  const Numeric divisor = natural_logarithm(base, std::max(to + result_weight - base_weight + kGuardDigits, 0));
  const Numeric dividend = natural_logarithm(*this, std::max(to + result_weight - weight + kGuardDigits, 0));
  return divide_rounded(dividend, divisor, to);
}

Numeric Numeric::power(const Numeric& exponent) const {
  if (kind != Class::kFinite || exponent.kind != Class::kFinite) return special_power(*this, exponent);
  if (is_zero() && exponent.sign() < 0) refuse("zero raised to a negative power is undefined");
  const bool whole = is_whole(exponent);
  if (whole) {
    const Numeric n = exponent.trunc(0);
    if (n.limbs.empty() && n.small >= std::numeric_limits<std::int32_t>::min() && n.small <= std::numeric_limits<std::int32_t>::max()) {
      return whole_power(*this, static_cast<std::int32_t>(n.small), result_scale(kSignificantDigitsMin, scale));
    }
  }
  if (is_zero()) return zero(kSignificantDigitsMin);
  if (sign() < 0 && !whole) refuse("a negative number raised to a non-integer power yields a complex result");
  const Numeric base = abs();
  const bool negative = sign() < 0 && is_odd(exponent);

  // A first logarithm with eight digits tells how large the result is.
  const std::int32_t weight = logarithm_weight(base);
  const std::int32_t rough_scale = std::max(8 - weight, 0);
  const double rough = approximate(multiply_rounded(natural_logarithm(base, rough_scale), exponent, rough_scale));
  if (std::fabs(rough) > 6020) {
    if (rough > 0) throw_numeric_overflow();
    return zero(kResultScaleMax);
  }
  const auto result_weight = static_cast<std::int32_t>(rough * kLog10E);
  const std::int32_t to = result_scale(kSignificantDigitsMin - result_weight, std::max(scale, exponent.scale));
  const std::int32_t working_scale = std::max(std::max(to + result_weight, 0) - weight + kGuardDigits, 0);
  const Numeric result = exponential(multiply_rounded(natural_logarithm(base, working_scale), exponent, working_scale), to);
  return negative ? -result : result;
}

}  // namespace weir
