#include "zset/numeric.h"

#include <weir/error.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "zset/ascii.h"
#include "zset/hash.h"
#include "zset/limbs.h"
#include "zset/numeric_parts.h"

namespace weir {
namespace {

using Int = __int128;
using UInt = unsigned __int128;
using Class = Numeric::Class;

constexpr Int kIntMin = static_cast<Int>(UInt{1} << 127);  // not a coefficient: its magnitude takes 128 bits
constexpr std::uint8_t kNegativeBit = 0x80;
constexpr std::size_t kHeaderBytes = 3;
constexpr int kPowersOfTen = 39;

constexpr std::array<Int, kPowersOfTen> kTen = [] {
  std::array<Int, kPowersOfTen> powers{1};
  for (int i = 1; i < kPowersOfTen; ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

UInt absolute(Int v) {
  const auto sign = static_cast<UInt>(v >> 127);  // no branch
  return (static_cast<UInt>(v) ^ sign) - sign;
}
bool fits_int64(Int v) { return v == static_cast<std::int64_t>(v); }
bool fits_small(const Limbs& a) { return a.size() < 4 || (a.size() == 4 && a[3] >> 31 == 0); }
std::int32_t floor_divide(std::int32_t a, std::int32_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// c * 10^k, where that has less than 127 bits.
bool times_power_of_ten(Int c, std::int32_t k, Int& out) {
  if (k == 0 || c == 0) {
    out = c;
    return true;
  }
  return k < kPowersOfTen && !__builtin_mul_overflow(c, kTen[k], &out) && out != kIntMin;
}

bool small_product(Int a, Int b, Int& out) {
  if (fits_int64(a) && fits_int64(b)) {
    out = a * b;
    return true;
  }
  return !__builtin_mul_overflow(a, b, &out) && out != kIntMin;
}

bool small_sum(Int a, std::int32_t a_scale, Int b, std::int32_t b_scale, Int& out) {
  if (a_scale < b_scale) {
    if (!times_power_of_ten(a, b_scale - a_scale, a)) return false;
  } else if (a_scale > b_scale) {
    if (!times_power_of_ten(b, a_scale - b_scale, b)) return false;
  }
  return !__builtin_add_overflow(a, b, &out) && out != kIntMin;
}

int small_compare(Int a, std::int32_t a_scale, Int b, std::int32_t b_scale) {
  // What does not fit 127 bits when brought to the other's scale is further from zero than the other.
  Int x = a, y = b;
  if (a_scale < b_scale) {
    if (!times_power_of_ten(a, b_scale - a_scale, x)) return a < 0 ? -1 : 1;
  } else if (a_scale > b_scale) {
    if (!times_power_of_ten(b, a_scale - b_scale, y)) return b < 0 ? 1 : -1;
  }
  return x < y ? -1 : x > y ? 1 : 0;
}

// c / 10^k, halves away from zero.
Int small_rounded(Int c, std::int32_t k) {
  if (k == 0) return c;
  if (k >= kPowersOfTen) return 0;
  const Int quotient = c / kTen[k];
  const Int remainder = c % kTen[k];
  const UInt rest = absolute(remainder);
  return rest >= static_cast<UInt>(kTen[k]) - rest ? quotient + (c < 0 ? -1 : 1) : quotient;
}

std::int32_t digits_of(UInt v) {
  if (v == 0) return 0;
  const auto high = static_cast<std::uint64_t>(v >> 64);
  const int bits = high != 0 ? 128 - std::countl_zero(high) : 64 - std::countl_zero(static_cast<std::uint64_t>(v));
  const int estimate = bits * 1233 >> 12;  // bits log10(2): the number of digits, or one too few
  return estimate + (estimate < kPowersOfTen && v >= static_cast<UInt>(kTen[estimate]) ? 1 : 0);
}

bool finite(const Numeric& n) { return n.kind == Class::kFinite; }
bool is_small(const Numeric& n) { return n.limbs.empty(); }
bool below_zero(const Numeric& n) { return is_small(n) ? n.small < 0 : n.negative; }

Limbs aligned(const Numeric& n, std::int32_t scale) {
  Limbs m = magnitude(n);
  return scale == n.scale ? m : limbs_multiply(m, limbs_power_of_ten(static_cast<std::size_t>(scale - n.scale)));
}

// PostgreSQL's choice for quotients: 16 significant digits at least, going by the first digits of base 10000.
std::int32_t quotient_scale(const Numeric& a, const Numeric& b) {
  const Head x = head_of(a), y = head_of(b);
  const std::int32_t weight = x.weight - y.weight - (x.first <= y.first ? 1 : 0);
  const std::int32_t scale = std::max({kSignificantDigitsMin - weight * 4, a.scale, b.scale, 0});
  return std::min(scale, kResultScaleMax);
}

// Quotients and remainders of an infinity, or by one.
bool infinite_quotient(const Numeric& a, const Numeric& b, Numeric& out) {
  if (finite(a) && finite(b)) return false;
  if (a.kind == Class::kNaN || b.kind == Class::kNaN) {
    out = Numeric::special(Class::kNaN);
  } else if (finite(a)) {
    out = Numeric();
  } else if (!finite(b)) {
    out = Numeric::special(Class::kNaN);
  } else {
    if (b.is_zero()) throw_division_by_zero();
    out = Numeric::special((a.kind == Class::kInfinity) == (b.sign() > 0) ? Class::kInfinity : Class::kMinusInfinity);
  }
  return true;
}

// The magnitude divided by 10^k, rounded down; `inexact` where that loses something.
Numeric truncated(const Numeric& n, std::int32_t k, bool& inexact) {
  if (is_small(n)) {
    const Int quotient = k < kPowersOfTen ? n.small / kTen[k] : 0;
    inexact = k < kPowersOfTen ? quotient * kTen[k] != n.small : n.small != 0;
    return Numeric::make(quotient, n.scale - k);
  }
  Limbs remainder;
  Limbs quotient = limbs_divide(n.limbs, limbs_power_of_ten(static_cast<std::size_t>(k)), &remainder);
  inexact = !remainder.empty();
  return from_magnitude(n.negative, std::move(quotient), n.scale - k);
}

// The same value with a larger scale; where `scale` is below 0, of a number that has been divided by 10^-scale, the number as it was, with scale 0.
Numeric extended(const Numeric& n, std::int32_t scale) {
  const std::int32_t to = std::max(scale, 0);
  Int c;
  if (is_small(n) && times_power_of_ten(n.small, to - n.scale, c)) return Numeric::make(c, to);
  return checked(from_magnitude(below_zero(n), limbs_multiply(magnitude(n), limbs_power_of_ten(static_cast<std::size_t>(to - n.scale))), to));
}

[[noreturn]] void throw_invalid(std::string_view text) {
  throw Failure(ErrorCode::kInput, "invalid input syntax for type numeric: \"" + std::string(text) + "\"");
}

// `text` without `word` at its beginning, in any case.
bool skip_word(std::string_view& text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != word[i]) return false;
  }
  text.remove_prefix(word.size());
  return true;
}

bool parse_special(std::string_view text, Numeric& out) {
  Class kind = Class::kInfinity;
  if (skip_word(text, "nan")) {
    kind = Class::kNaN;
  } else {
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
      if (text[0] == '-') kind = Class::kMinusInfinity;
      text.remove_prefix(1);
    }
    if (!skip_word(text, "infinity") && !skip_word(text, "inf")) return false;
  }
  if (!text.empty()) return false;
  out = Numeric::special(kind);
  return true;
}

void append_digits(std::string& out, UInt v) {
  char buffer[40];
  char* at = std::end(buffer);
  while (v >> 64 != 0) {
    auto group = static_cast<std::uint64_t>(v % static_cast<UInt>(kTen[18]));
    v /= static_cast<UInt>(kTen[18]);
    for (int i = 0; i < 18; ++i, group /= 10) *--at = static_cast<char>('0' + group % 10);
  }
  for (auto rest = static_cast<std::uint64_t>(v); rest != 0; rest /= 10) *--at = static_cast<char>('0' + rest % 10);
  out.append(at, std::end(buffer));
}

// Byte 0: the class, and the sign.
Class class_in(const char* head) { return static_cast<Class>(static_cast<std::uint8_t>(head[0]) & ~kNegativeBit); }
bool negative_in(const char* head) { return (static_cast<std::uint8_t>(head[0]) & kNegativeBit) != 0; }
// Bytes 1 and 2, the scale.
std::int32_t scale_in(const char* head) {
  std::uint16_t scale;
  std::memcpy(&scale, head + 1, 2);
  return scale;
}

Bytes packed(Int coefficient, std::int32_t scale, Arena& arena) {
  const UInt m = absolute(coefficient);
  const auto high = static_cast<std::uint64_t>(m >> 64), low = static_cast<std::uint64_t>(m);
  const std::size_t size = kHeaderBytes + static_cast<std::size_t>(high != 0 ? 16 - std::countl_zero(high) / 8 : 8 - std::countl_zero(low) / 8);
  char head[kHeaderBytes];
  head[0] = static_cast<char>(coefficient < 0 ? kNegativeBit : 0);
  const auto short_scale = static_cast<std::uint16_t>(scale);
  std::memcpy(head + 1, &short_scale, 2);
  if (size <= Bytes::kInline) {
    Bytes bytes;
    bytes.size = static_cast<std::uint32_t>(size);
    std::memcpy(bytes.head, head, kHeaderBytes);
    bytes.head[3] = static_cast<char>(low);
    const auto tail = static_cast<std::uint64_t>(m >> 8);
    std::memcpy(bytes.tail, &tail, 8);
    return bytes;
  }
  char* p = arena.array<char>(kHeaderBytes + 16);
  std::memcpy(p, head, kHeaderBytes);
  std::memcpy(p + kHeaderBytes, &m, 16);
  return Bytes(std::string_view(p, size));
}

// Arithmetic of hashes, modulo the prime 2^61 - 1: there 10 has an inverse, so that coefficient / 10^scale is the same whatever the scale.
constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
constexpr std::uint64_t modulo(UInt v) {
  std::uint64_t sum = (static_cast<std::uint64_t>(v) & kPrime) + static_cast<std::uint64_t>(v >> 61 & kPrime) + static_cast<std::uint64_t>(v >> 122);
  sum = (sum & kPrime) + (sum >> 61);
  return sum >= kPrime ? sum - kPrime : sum;
}
constexpr std::uint64_t power_modulo(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t power = 1;
  for (; exponent != 0; exponent >>= 1, base = modulo(UInt{base} * base)) {
    if ((exponent & 1) != 0) power = modulo(UInt{power} * base);
  }
  return power;
}
constexpr std::uint64_t kTenth = power_modulo(10, kPrime - 2);
constexpr std::array<std::uint64_t, 40> kTenths = [] {
  std::array<std::uint64_t, 40> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = modulo(UInt{powers[i - 1]} * kTenth);
  return powers;
}();

std::uint64_t hash_of(bool negative, std::uint64_t coefficient_modulo, std::int32_t scale) {
  const std::uint64_t tenths = scale < static_cast<std::int32_t>(kTenths.size()) ? kTenths[static_cast<std::size_t>(scale)]
                                                                                   : power_modulo(kTenth, static_cast<std::uint64_t>(scale));
  const std::uint64_t value = modulo(UInt{coefficient_modulo} * tenths);
  return hash_int(negative && value != 0 ? kPrime - value : value);
}

}  // namespace

void throw_numeric_overflow() { throw Failure(ErrorCode::kEvaluation, "value overflows numeric format"); }
void throw_division_by_zero() { throw Failure(ErrorCode::kEvaluation, "division by zero"); }

Limbs magnitude(const Numeric& n) { return is_small(n) ? limbs_from(absolute(n.small)) : n.limbs; }

Numeric from_magnitude(bool negative, Limbs coefficient, std::int32_t scale) {
  Numeric n;
  n.scale = scale;
  if (fits_small(coefficient)) {
    const auto c = static_cast<Int>(limbs_to_128(coefficient));
    n.small = negative ? -c : c;
  } else {
    n.negative = negative;
    n.limbs = std::move(coefficient);
  }
  return n;
}

Numeric checked(Numeric n) {
  if (n.scale > kScaleMax) throw_numeric_overflow();
  constexpr double kBitsPerDigit = 3.3219280948873623;
  const std::int32_t digits_max = (kWeightMax + 1) * 4 + n.scale;
  if (static_cast<double>(limbs_bits(n.limbs)) >= digits_max * kBitsPerDigit - 1 && coefficient_digits(n) > digits_max) throw_numeric_overflow();
  return n;
}

Numeric sum_of_any_size(const Numeric& a, const Numeric& b) {
  if (!finite(a) || !finite(b)) {
    if (a.kind == Class::kNaN || b.kind == Class::kNaN) return Numeric::special(Class::kNaN);
    if (finite(a)) return b;
    return finite(b) || a.kind == b.kind ? a : Numeric::special(Class::kNaN);
  }
  const std::int32_t scale = std::max(a.scale, b.scale);
  if (is_small(a) && is_small(b)) {
    Int sum;
    if (small_sum(a.small, a.scale, b.small, b.scale, sum)) return Numeric::make(sum, scale);
  }
  const Limbs x = aligned(a, scale), y = aligned(b, scale);
  if (below_zero(a) == below_zero(b)) return from_magnitude(below_zero(a), limbs_add(x, y), scale);
  return limbs_compare(x, y) >= 0 ? from_magnitude(below_zero(a), limbs_subtract(x, y), scale)
                                  : from_magnitude(below_zero(b), limbs_subtract(y, x), scale);
}

Numeric multiply_rounded(const Numeric& a, const Numeric& b, std::int32_t scale) {
  const std::int32_t full = a.scale + b.scale;
  const std::int32_t drop = std::max(full - scale, 0);
  if (is_small(a) && is_small(b)) {
    Int product;
    if (small_product(a.small, b.small, product)) return Numeric::make(small_rounded(product, drop), full - drop);
  }
  Limbs product = limbs_multiply(magnitude(a), magnitude(b));
  if (drop > 0) product = limbs_divide_nearest(product, limbs_power_of_ten(static_cast<std::size_t>(drop)));
  return from_magnitude(below_zero(a) != below_zero(b), std::move(product), full - drop);
}

Numeric divide_rounded(const Numeric& a, const Numeric& b, std::int32_t scale) {
  if (b.is_zero()) throw_division_by_zero();
  const std::int32_t shift = scale + b.scale - a.scale;
  if (is_small(a) && is_small(b)) {
    Int dividend = a.small, divisor = b.small;
    if (shift >= 0 ? times_power_of_ten(a.small, shift, dividend) : times_power_of_ten(b.small, -shift, divisor)) {
      const UInt n = absolute(dividend), d = absolute(divisor);
      UInt quotient = n / d;
      const UInt remainder = n - quotient * d;
      if (remainder >= d - remainder) ++quotient;
      const auto signed_quotient = static_cast<Int>(quotient);  // at most the dividend
      return Numeric::make((dividend < 0) != (divisor < 0) ? -signed_quotient : signed_quotient, scale);
    }
  }
  Limbs dividend = magnitude(a), divisor = magnitude(b);
  if (shift >= 0) dividend = limbs_multiply(dividend, limbs_power_of_ten(static_cast<std::size_t>(shift)));
  else divisor = limbs_multiply(divisor, limbs_power_of_ten(static_cast<std::size_t>(-shift)));
  return from_magnitude(below_zero(a) != below_zero(b), limbs_divide_nearest(dividend, divisor), scale);
}

double approximate(const Numeric& n) {
  // Both exact as doubles: the quotient is rounded once.
  if (is_small(n) && n.scale <= 22 && absolute(n.small) <= UInt{1} << 53) {
    double power = 1;
    for (std::int32_t i = 0; i < n.scale; ++i) power *= 10;
    return static_cast<double>(static_cast<std::int64_t>(n.small)) / power;
  }
  const std::string text = n.to_string();
  double value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc::result_out_of_range) {
    const bool large = coefficient_digits(n) > n.scale;
    return std::copysign(large ? std::numeric_limits<double>::infinity() : 0.0, n.sign());
  }
  return value;
}

std::int32_t coefficient_digits(const Numeric& n) {
  if (is_small(n)) return digits_of(absolute(n.small));
  const auto estimate = static_cast<std::size_t>(static_cast<double>(limbs_bits(n.limbs) - 1) * 0.30102999566398119521);  // the digits less one, or less two
  return static_cast<std::int32_t>(estimate + (limbs_compare(n.limbs, limbs_power_of_ten(estimate + 1)) >= 0 ? 2 : 1));
}

std::uint64_t leading_digits(const Numeric& n, std::int32_t count) {
  const std::int32_t digits = coefficient_digits(n);
  if (count >= digits) return static_cast<std::uint64_t>(absolute(n.small) * static_cast<UInt>(kTen[count - digits]));
  if (is_small(n)) return static_cast<std::uint64_t>(absolute(n.small) / static_cast<UInt>(kTen[digits - count]));
  return static_cast<std::uint64_t>(limbs_to_128(limbs_divide(n.limbs, limbs_power_of_ten(static_cast<std::size_t>(digits - count)))));
}

Head head_of(const Numeric& n) {
  const std::int32_t digits = coefficient_digits(n);
  if (digits == 0) return {0, 0, 1};
  const std::int32_t exponent = digits - 1 - n.scale;
  const std::int32_t weight = floor_divide(exponent, 4);
  const std::int32_t first_digits = exponent - 4 * weight + 1;
  return {weight, static_cast<std::int32_t>(leading_digits(n, first_digits)), first_digits};
}

Numeric Numeric::decode(const Bytes& bytes) {
  Numeric n;
  if (numeric_small(bytes, n.small, n.scale)) return n;
  const std::string_view view = bytes.view();
  n.kind = class_in(view.data());
  if (n.kind != Class::kFinite) return n;
  n.negative = negative_in(view.data());
  n.scale = scale_in(view.data());
  n.limbs.resize((view.size() - kHeaderBytes + 3) / 4);
  std::memcpy(n.limbs.data(), view.data() + kHeaderBytes, view.size() - kHeaderBytes);
  return n;
}

Bytes Numeric::encode(Arena& arena) const {
  if (kind != Class::kFinite) {
    const char c = static_cast<char>(kind);
    return Bytes(std::string_view(&c, 1));
  }
  if (limbs.empty()) return packed(small, scale, arena);
  const std::size_t size = kHeaderBytes + (limbs_bits(limbs) + 7) / 8;
  char* p = arena.array<char>(size);
  p[0] = static_cast<char>(negative ? kNegativeBit : 0);
  const auto short_scale = static_cast<std::uint16_t>(scale);
  std::memcpy(p + 1, &short_scale, 2);
  std::memcpy(p + kHeaderBytes, limbs.data(), size - kHeaderBytes);
  return Bytes(std::string_view(p, size));
}

Numeric Numeric::parse(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
  while (!rest.empty() && is_space(rest.back())) rest.remove_suffix(1);

  std::size_t at = 0;
  const bool minus = !rest.empty() && rest[0] == '-';
  if (minus || (!rest.empty() && rest[0] == '+')) ++at;
  // Digits with at most one point, at least one digit.
  const std::size_t begin = at;
  std::size_t digits = 0, fraction_digits = 0;
  bool point = false;
  for (; at < rest.size(); ++at) {
    if (is_digit(rest[at])) {
      ++digits;
      if (point) ++fraction_digits;
    } else if (rest[at] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (digits == 0) {
    Numeric n;
    if (!parse_special(rest, n)) throw_invalid(text);
    return n;
  }
  const std::string_view body = rest.substr(begin, at - begin);

  std::int64_t exponent = 0;
  if (at < rest.size() && (rest[at] == 'e' || rest[at] == 'E')) {
    constexpr std::int64_t kExponentMax = std::numeric_limits<std::int32_t>::max() / 2;
    ++at;
    const bool down = at < rest.size() && rest[at] == '-';
    if (down || (at < rest.size() && rest[at] == '+')) ++at;
    if (at == rest.size() || !is_digit(rest[at])) throw_invalid(text);
    for (; at < rest.size() && is_digit(rest[at]); ++at) exponent = std::min(exponent * 10 + (rest[at] - '0'), kExponentMax);
    if (at == rest.size() && exponent >= kExponentMax) throw_numeric_overflow();
    if (down) exponent = -exponent;
  }
  if (at != rest.size()) throw_invalid(text);

  const std::int64_t scale = static_cast<std::int64_t>(fraction_digits) - exponent;
  if (scale > kScaleMax) throw_numeric_overflow();
  Numeric n;
  n.scale = static_cast<std::int32_t>(std::max<std::int64_t>(scale, 0));
  UInt small_value = 0;
  if (digits <= 38) {
    std::uint64_t group = 0;
    int in_group = 0;
    for (const char c : body) {
      if (c == '.') continue;
      group = group * 10 + static_cast<std::uint64_t>(c - '0');
      if (++in_group == 18) small_value = small_value * static_cast<UInt>(kTen[18]) + group, group = 0, in_group = 0;
    }
    small_value = small_value * static_cast<UInt>(kTen[in_group]) + group;
    n.small = static_cast<Int>(small_value);
    if (minus) n.small = -n.small;
  } else {
    std::string all;
    all.reserve(digits);
    for (const char c : body) {
      if (c != '.' && (c != '0' || !all.empty())) all.push_back(c);
    }
    if (static_cast<std::int64_t>(all.size()) - scale > (kWeightMax + 1) * 4) throw_numeric_overflow();
    n = from_magnitude(minus, limbs_from_decimal(all), n.scale);
  }
  if (scale >= 0 || n.is_zero()) return n;
  // A whole number with zeros to come.
  if (coefficient_digits(n) - scale > (kWeightMax + 1) * 4) throw_numeric_overflow();
  n.scale = static_cast<std::int32_t>(scale);
  return extended(n, 0);
}

Numeric Numeric::from_double(double d, int digits) {
  if (std::isnan(d)) return Numeric::special(Class::kNaN);
  if (std::isinf(d)) return Numeric::special(d > 0 ? Class::kInfinity : Class::kMinusInfinity);
  char buffer[40];
  const auto end = std::to_chars(std::begin(buffer), std::end(buffer), d, std::chars_format::general, digits).ptr;
  return parse(std::string_view(buffer, static_cast<std::size_t>(end - buffer)));
}

std::string Numeric::to_string() const {
  switch (kind) {
    case Class::kNaN: return "NaN";
    case Class::kInfinity: return "Infinity";
    case Class::kMinusInfinity: return "-Infinity";
    case Class::kFinite: break;
  }
  std::string text;
  if (below_zero(*this)) text.push_back('-');
  std::string digits;
  if (is_small(*this)) append_digits(digits, absolute(small));
  else digits = limbs_to_decimal(limbs);
  const auto places = static_cast<std::size_t>(scale);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  text.append(digits, 0, digits.size() - places);
  if (places > 0) text.append(1, '.').append(digits, digits.size() - places);
  return text;
}

double Numeric::to_double() const {
  switch (kind) {
    case Class::kNaN: return std::numeric_limits<double>::quiet_NaN();
    case Class::kInfinity: return std::numeric_limits<double>::infinity();
    case Class::kMinusInfinity: return -std::numeric_limits<double>::infinity();
    case Class::kFinite: break;
  }
  const double value = approximate(*this);
  if (std::isinf(value) || (value == 0 && !is_zero())) {
    throw Failure(ErrorCode::kEvaluation, "\"" + to_string() + "\" is out of range for type double precision");
  }
  return value;
}

float Numeric::to_float() const {
  if (kind != Class::kFinite) return static_cast<float>(to_double());
  const std::string text = to_string();
  float value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range || std::isinf(value) || (value == 0 && !is_zero())) {
    throw Failure(ErrorCode::kEvaluation, "\"" + text + "\" is out of range for type real");
  }
  return value;
}

std::int64_t Numeric::to_int64() const {
  if (kind == Class::kNaN) throw Failure(ErrorCode::kEvaluation, "cannot convert NaN to bigint");
  if (kind != Class::kFinite) throw Failure(ErrorCode::kEvaluation, "cannot convert infinity to bigint");
  const Numeric whole = scale == 0 ? *this : round(0);
  if (!whole.limbs.empty() || !fits_int64(whole.small)) throw Failure(ErrorCode::kEvaluation, "bigint out of range");
  return static_cast<std::int64_t>(whole.small);
}

bool Numeric::is_zero() const { return kind == Class::kFinite && limbs.empty() && small == 0; }

int Numeric::sign() const {
  if (kind != Class::kFinite) return kind == Class::kMinusInfinity ? -1 : 1;
  return below_zero(*this) ? -1 : is_zero() ? 0 : 1;
}

int Numeric::compare(const Numeric& other) const {
  if (kind != Class::kFinite || other.kind != Class::kFinite) {
    const auto rank = [](Class c) { return c == Class::kMinusInfinity ? 0 : c == Class::kFinite ? 1 : c == Class::kInfinity ? 2 : 3; };
    return rank(kind) < rank(other.kind) ? -1 : rank(kind) > rank(other.kind) ? 1 : 0;
  }
  if (is_small(*this) && is_small(other)) return small_compare(small, scale, other.small, other.scale);
  if (sign() != other.sign()) return sign() < other.sign() ? -1 : 1;
  const std::int32_t common = std::max(scale, other.scale);
  const int order = limbs_compare(aligned(*this, common), aligned(other, common));
  return sign() < 0 ? -order : order;
}

Numeric Numeric::operator-() const {
  Numeric n = *this;
  if (kind == Class::kInfinity) n.kind = Class::kMinusInfinity;
  else if (kind == Class::kMinusInfinity) n.kind = Class::kInfinity;
  n.small = -n.small;
  n.negative = !n.negative && !n.limbs.empty();
  return n;
}

Numeric operator+(const Numeric& a, const Numeric& b) { return checked(sum_of_any_size(a, b)); }
Numeric operator-(const Numeric& a, const Numeric& b) { return checked(sum_of_any_size(a, -b)); }

Numeric operator*(const Numeric& a, const Numeric& b) {
  if (!finite(a) || !finite(b)) {
    if (a.kind == Class::kNaN || b.kind == Class::kNaN || a.is_zero() || b.is_zero()) return Numeric::special(Class::kNaN);
    return Numeric::special(a.sign() == b.sign() ? Class::kInfinity : Class::kMinusInfinity);
  }
  return checked(multiply_rounded(a, b, kScaleMax));
}

Numeric operator/(const Numeric& a, const Numeric& b) {
  Numeric out;
  if (infinite_quotient(a, b, out)) return out;
  if (b.is_zero()) throw_division_by_zero();
  return checked(divide_rounded(a, b, quotient_scale(a, b)));
}

Numeric operator%(const Numeric& a, const Numeric& b) {
  if (!finite(a) || !finite(b)) {
    if (a.kind == Class::kNaN || b.kind == Class::kNaN) return Numeric::special(Class::kNaN);
    if (finite(a)) return a;
    if (b.is_zero()) throw_division_by_zero();
    return Numeric::special(Class::kNaN);
  }
  if (b.is_zero()) throw_division_by_zero();
  const std::int32_t scale = std::max(a.scale, b.scale);
  Int x, y;
  if (is_small(a) && is_small(b) && times_power_of_ten(a.small, scale - a.scale, x) && times_power_of_ten(b.small, scale - b.scale, y)) {
    return Numeric::make(x % y, scale);
  }
  Limbs remainder;
  limbs_divide(aligned(a, scale), aligned(b, scale), &remainder);
  return from_magnitude(below_zero(a), std::move(remainder), scale);
}

Numeric Numeric::div_trunc(const Numeric& other) const {
  Numeric out;
  if (infinite_quotient(*this, other, out)) return out;
  if (other.is_zero()) throw_division_by_zero();
  const std::int32_t common = std::max(scale, other.scale);
  Int x, y;
  if (is_small(*this) && is_small(other) && times_power_of_ten(small, common - scale, x) && times_power_of_ten(other.small, common - other.scale, y)) {
    return make(x / y, 0);
  }
  return checked(from_magnitude(below_zero(*this) != below_zero(other), limbs_divide(aligned(*this, common), aligned(other, common)), 0));
}

Numeric Numeric::abs() const { return sign() < 0 ? -*this : *this; }

Numeric Numeric::round(std::int32_t to) const {
  if (kind != Class::kFinite) return *this;
  to = std::clamp(to, -(kWeightMax + 1) * 4 - 1, kScaleMax);
  Numeric n = *this;
  if (to < scale) {
    const std::int32_t drop = scale - to;
    n = is_small(*this) ? make(small_rounded(small, drop), to)
                        : from_magnitude(negative, limbs_divide_nearest(limbs, limbs_power_of_ten(static_cast<std::size_t>(drop))), to);
  }
  return n.is_zero() ? make(0, std::max(to, 0)) : extended(n, to);
}

Numeric Numeric::trunc(std::int32_t to) const {
  if (kind != Class::kFinite) return *this;
  to = std::clamp(to, -(kWeightMax + 1) * 4 - 1, kScaleMax);
  bool inexact;
  const Numeric n = to < scale ? truncated(*this, scale - to, inexact) : *this;
  return n.is_zero() ? make(0, std::max(to, 0)) : extended(n, to);
}

Numeric Numeric::ceil() const {
  if (kind != Class::kFinite) return *this;
  bool inexact;
  const Numeric whole = truncated(*this, scale, inexact);
  return inexact && sign() > 0 ? whole + Numeric(1) : whole;
}

Numeric Numeric::floor() const {
  if (kind != Class::kFinite) return *this;
  bool inexact;
  const Numeric whole = truncated(*this, scale, inexact);
  return inexact && sign() < 0 ? whole - Numeric(1) : whole;
}

Numeric Numeric::typed(std::int32_t precision, std::int32_t to) const {
  if (kind == Class::kNaN) return *this;
  if (kind == Class::kFinite) {
    const Numeric n = to == scale ? *this : round(to);
    if (coefficient_digits(n) <= precision - std::min(to, 0)) return n;
  }
  throw Failure(ErrorCode::kEvaluation, "numeric field overflow");
}

std::int32_t Numeric::min_scale() const { return trim_scale().scale; }

Numeric Numeric::trim_scale() const {
  if (kind != Class::kFinite) return *this;
  if (is_zero()) return make(0, 0);
  Numeric n = *this;
  while (n.scale > 0) {
    bool inexact;
    Numeric shorter = truncated(n, 1, inexact);
    if (inexact) break;
    n = std::move(shorter);
  }
  return n;
}

bool numeric_small(const Bytes& a, __int128& coefficient, std::int32_t& scale) {
  if (class_in(a.head) != Class::kFinite) return false;
  UInt m;
  if (a.is_inline()) {
    std::uint64_t tail;
    std::memcpy(&tail, a.tail, 8);
    m = UInt{tail} << 8 | static_cast<std::uint8_t>(a.head[3]);
  } else {
    if (a.size > kHeaderBytes + 16) return false;
    m = 0;
    std::memcpy(&m, a.data + kHeaderBytes, a.size - kHeaderBytes);
    if (m >> 127 != 0) return false;
  }
  scale = scale_in(a.head);
  const Int sign = -static_cast<Int>(negative_in(a.head));  // 0 or -1: signs are as good as random, so no branch
  coefficient = (static_cast<Int>(m) ^ sign) - sign;
  return true;
}

Bytes numeric_add(const Bytes& a, const Bytes& b, Arena& arena) {
  Int x, y, sum;
  std::int32_t x_scale, y_scale;
  if (numeric_small(a, x, x_scale) && numeric_small(b, y, y_scale) && small_sum(x, x_scale, y, y_scale, sum)) {
    return packed(sum, std::max(x_scale, y_scale), arena);
  }
  return (Numeric::decode(a) + Numeric::decode(b)).encode(arena);
}

Bytes numeric_subtract(const Bytes& a, const Bytes& b, Arena& arena) {
  Int x, y, difference;
  std::int32_t x_scale, y_scale;
  if (numeric_small(a, x, x_scale) && numeric_small(b, y, y_scale) && small_sum(x, x_scale, -y, y_scale, difference)) {
    return packed(difference, std::max(x_scale, y_scale), arena);
  }
  return (Numeric::decode(a) - Numeric::decode(b)).encode(arena);
}

Bytes numeric_multiply(const Bytes& a, const Bytes& b, Arena& arena) {
  Int x, y, product;
  std::int32_t x_scale, y_scale;
  if (numeric_small(a, x, x_scale) && numeric_small(b, y, y_scale) && x_scale + y_scale <= kScaleMax && small_product(x, y, product)) {
    return packed(product, x_scale + y_scale, arena);
  }
  return (Numeric::decode(a) * Numeric::decode(b)).encode(arena);
}

int numeric_compare(const Bytes& a, const Bytes& b) {
  Int x, y;
  std::int32_t x_scale, y_scale;
  if (numeric_small(a, x, x_scale) && numeric_small(b, y, y_scale)) return small_compare(x, x_scale, y, y_scale);
  return Numeric::decode(a).compare(Numeric::decode(b));
}

std::uint64_t numeric_hash(const Bytes& a) {
  Int c;
  std::int32_t scale;
  if (numeric_small(a, c, scale)) return hash_of(c < 0, modulo(absolute(c)), scale);
  const Numeric n = Numeric::decode(a);
  if (n.kind != Class::kFinite) return hash_int(~static_cast<std::uint64_t>(n.kind));
  std::uint64_t value = 0;
  for (std::size_t i = n.limbs.size(); i-- > 0;) value = modulo(UInt{value} << 32 | n.limbs[i]);
  return hash_of(n.negative, value, n.scale);
}

}  // namespace weir
