#include "zset/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "zset/limbs.h"

namespace weir {
namespace {

using Limb = std::uint64_t;

constexpr int kLimbBits = 64;

// The sum of all finite terms as one two's complement number: limb i weighs 2^(64 (low + i) - 1074), so that every double is a whole number of bit 0 of
// limb 0. The limbs lie behind this header.
struct Window {
  std::int16_t low;
  std::int16_t size;
  std::int16_t capacity;

  Limb* limbs() { return reinterpret_cast<Limb*>(reinterpret_cast<char*>(this) + kHeaderBytes); }
  const Limb* limbs() const { return reinterpret_cast<const Limb*>(reinterpret_cast<const char*>(this) + kHeaderBytes); }
  int high() const { return low + size; }
  bool negative() const { return static_cast<std::int64_t>(limbs()[size - 1]) < 0; }

  static constexpr std::size_t kHeaderBytes = 8;
  static std::size_t bytes(int limbs) { return kHeaderBytes + static_cast<std::size_t>(limbs) * sizeof(Limb); }
};

Limb sign_fill(Limb top) { return static_cast<Limb>(static_cast<std::int64_t>(top) >> 63); }

// A window that covers [low, high) as well as what `old` covers, with the same value. Frees `old`.
Window* grow(Window* old, int low, int high) {
  if (old != nullptr) {
    low = std::min<int>(low, old->low);
    high = std::max(high, old->high());
    if (low == old->low && high - low <= old->capacity) {
      const Limb fill = sign_fill(old->limbs()[old->size - 1]);
      for (int i = old->size; i < high - low; ++i) old->limbs()[i] = fill;
      old->size = static_cast<std::int16_t>(high - low);
      return old;
    }
  }
  const int capacity = (high - low) | 1;  // with the header a multiple of 16 bytes, as malloc rounds anyway
  auto* grown = static_cast<Window*>(std::malloc(Window::bytes(capacity)));
  if (grown == nullptr) throw std::bad_alloc();
  grown->low = static_cast<std::int16_t>(low);
  grown->size = static_cast<std::int16_t>(high - low);
  grown->capacity = static_cast<std::int16_t>(capacity);
  Limb* to = grown->limbs();
  std::memset(to, 0, static_cast<std::size_t>(high - low) * sizeof(Limb));
  if (old != nullptr) {
    std::memcpy(to + (old->low - low), old->limbs(), static_cast<std::size_t>(old->size) * sizeof(Limb));
    const Limb fill = sign_fill(old->limbs()[old->size - 1]);
    for (int i = old->high(); i < high; ++i) to[i - low] = fill;
    std::free(old);
  }
  return grown;
}

// Adds the two's complement number `limbs` (its last limb carries the sign), whose first limb has the index `low`.
Window* add_limbs(Window* window, int low, const Limb* limbs, int count) {
  while (count > 0 && limbs[0] == 0) ++limbs, ++low, --count;
  if (count == 0) return window;
  while (count > 1 && limbs[count - 1] == sign_fill(limbs[count - 2])) --count;
  const Limb fill = sign_fill(limbs[count - 1]);
  if (window == nullptr || low < window->low || low + count > window->high()) window = grow(window, low, low + count);

  Limb* to = window->limbs() + (low - window->low);
  const int room = window->high() - low;
  const bool was_negative = window->negative();
  Limb carry = 0;
  int i = 0;
  for (; i < count; ++i) {
    Limb sum;
    const bool first = __builtin_add_overflow(to[i], limbs[i], &sum);
    const bool second = __builtin_add_overflow(sum, carry, &to[i]);
    carry = static_cast<Limb>(first | second);
  }
  // Above the number lies its sign: adding 0 without a carry, or -1 with one, changes nothing more.
  for (; i < room && (carry != 0) != (fill != 0); ++i) {
    to[i] += fill + carry;
    carry = fill != 0 ? to[i] != ~Limb{0} : to[i] == 0;
  }
  if (was_negative == (fill != 0) && window->negative() != was_negative) {
    const int top = window->size;
    window = grow(window, window->low, window->high() + 1);
    window->limbs()[top] = fill;
  }
  return window;
}

}  // namespace

ExactSum::~ExactSum() { std::free(state_); }

void ExactSum::add(double x, std::int64_t weight) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const bool negative = bits >> 63 != 0;
  const int exponent = static_cast<int>(bits >> 52) & 0x7ff;
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  if (exponent == 0x7ff) {
    (fraction != 0 ? nan_ : negative ? minus_infinity_ : plus_infinity_) += weight;
    return;
  }
  const std::uint64_t mantissa = exponent == 0 ? fraction : fraction | std::uint64_t{1} << 52;
  const int position = exponent == 0 ? 0 : exponent - 1;  // of the mantissa's lowest bit, above 2^-1074
  const __int128 sign = -static_cast<__int128>(negative);  // 0 or -1
  const __int128 product = (static_cast<__int128>(mantissa) * weight ^ sign) - sign;

  const int shift = position % kLimbBits;
  const auto low = static_cast<Limb>(product);
  const auto high = static_cast<std::int64_t>(product >> 64);
  Limb limbs[3] = {low, static_cast<Limb>(high), sign_fill(static_cast<Limb>(high))};
  if (shift != 0) {
    limbs[2] = static_cast<Limb>(high >> (kLimbBits - shift));
    limbs[1] = static_cast<Limb>(high) << shift | low >> (kLimbBits - shift);
    limbs[0] = low << shift;
  }
  state_ = add_limbs(static_cast<Window*>(state_), position / kLimbBits, limbs, 3);
}

void ExactSum::add_product(double x, double y, std::int64_t weight) {
  if (!std::isfinite(x) || !std::isfinite(y)) {
    nan_ += weight;
    return;
  }
  const auto mantissa = [](std::uint64_t bits) {
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    return (bits >> 52 & 0x7ff) == 0 ? fraction : fraction | std::uint64_t{1} << 52;
  };
  const auto position = [](std::uint64_t bits) { return std::max(static_cast<int>(bits >> 52 & 0x7ff) - 1, 0); };
  const auto a = std::bit_cast<std::uint64_t>(x), b = std::bit_cast<std::uint64_t>(y);
  const bool negative = ((a ^ b) >> 63 != 0) != (weight < 0);
  const std::uint64_t times = weight < 0 ? -static_cast<std::uint64_t>(weight) : static_cast<std::uint64_t>(weight);
  using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(mantissa(a)) * mantissa(b);
  const Wide low = static_cast<Wide>(static_cast<Limb>(product)) * times;
  const Wide high = static_cast<Wide>(static_cast<Limb>(product >> 64)) * times + (low >> 64);
  Limb limbs[5] = {static_cast<Limb>(low), static_cast<Limb>(high), static_cast<Limb>(high >> 64), 0, 0};
  const int at = position(a) + position(b) - 1074;  // of the lowest bit, above 2^-1074; may be below it
  if (const int shift = at & (kLimbBits - 1); shift != 0) {
    for (int i = 3; i > 0; --i) limbs[i] = limbs[i] << shift | limbs[i - 1] >> (kLimbBits - shift);
    limbs[0] <<= shift;
  }
  if (negative) {
    Limb carry = 1;
    for (Limb& limb : limbs) {
      limb = ~limb + carry;
      carry = static_cast<Limb>(carry != 0 && limb == 0);
    }
  }
  state_ = add_limbs(static_cast<Window*>(state_), at >> 6, limbs, 5);
}

double ExactSum::value() const {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (nan_ != 0 || (plus_infinity_ != 0 && minus_infinity_ != 0)) return std::numeric_limits<double>::quiet_NaN();
  if (plus_infinity_ != 0) return kInfinite;
  if (minus_infinity_ != 0) return -kInfinite;
  if (state_ == nullptr) return 0.0;

  const auto* window = static_cast<const Window*>(state_);
  const Limb* limbs = window->limbs();
  const bool negative = window->negative();
  // Limb i of the magnitude: below the lowest limb that is not zero, zero; that one negated; above it, complemented.
  int lowest = 0;
  while (lowest < window->size && limbs[lowest] == 0) ++lowest;
  if (lowest == window->size) return 0.0;
  const auto magnitude = [&](int i) -> Limb {
    if (i < lowest || i >= window->size) return 0;
    return !negative ? limbs[i] : i == lowest ? ~limbs[i] + 1 : ~limbs[i];
  };
  int top = window->size - 1;
  while (top > lowest && magnitude(top) == 0) --top;
  const Limb head = magnitude(top);
  const int top_bit = (window->low + top) * kLimbBits + (kLimbBits - 1 - std::countl_zero(head));  // above 2^-1074

  const std::uint64_t sign = negative ? std::uint64_t{1} << 63 : 0;
  // Up to 2^53 units of 2^-1074 the bits of a double are that number itself.
  if (top_bit <= 52) return std::bit_cast<double>(sign | head);
  const int leading = std::countl_zero(head);
  const Limb below = top > 0 ? magnitude(top - 1) : 0;
  const Limb aligned = leading == 0 ? head : head << leading | below >> (kLimbBits - leading);
  std::uint64_t mantissa = aligned >> 11;
  const bool half = (aligned >> 10 & 1) != 0;
  bool rest = (aligned & 0x3ff) != 0 || (leading != 0 && below << leading != 0) || (leading == 0 && below != 0);
  if (!rest) rest = lowest < top - 1;
  const int shift = top_bit - 52;
  if (shift + 1 >= 0x7ff) return negative ? -kInfinite : kInfinite;
  // A mantissa that rounds up to 2^53 carries into the exponent; beyond the largest exponent lies infinity.
  std::uint64_t bits = (static_cast<std::uint64_t>(shift) << 52) + mantissa;
  if (half && (rest || (mantissa & 1) != 0)) ++bits;
  return std::bit_cast<double>(sign | bits);
}

bool ExactSum::overflows() const {
  if (nan_ != 0 || plus_infinity_ != 0 || minus_infinity_ != 0) return false;
  const double sum = value();
  return sum > std::numeric_limits<double>::max() || sum < std::numeric_limits<double>::lowest();
}

namespace {

// ± limbs 2^exponent
struct Scaled {
  bool negative = false;
  Limbs limbs;
  int exponent = 0;
};

Scaled scaled_of(const void* state) {
  Scaled out;
  if (state == nullptr) return out;
  const auto* window = static_cast<const Window*>(state);
  out.negative = window->negative();
  out.exponent = window->low * kLimbBits - 1074;
  Limb carry = 1;
  for (int i = 0; i < window->size; ++i) {
    Limb limb = window->limbs()[i];
    if (out.negative) {
      limb = ~limb + carry;
      carry = static_cast<Limb>(carry != 0 && limb == 0);
    }
    out.limbs.push_back(static_cast<std::uint32_t>(limb));
    out.limbs.push_back(static_cast<std::uint32_t>(limb >> 32));
  }
  while (!out.limbs.empty() && out.limbs.back() == 0) out.limbs.pop_back();
  return out;
}

// n Σxy - Σx Σy
Scaled spread_of(std::int64_t n, const void* x, const void* y, const void* xy) {
  Scaled a = scaled_of(xy);
  a.limbs = limbs_multiply(a.limbs, limbs_from(static_cast<unsigned __int128>(n)));
  const Scaled left = scaled_of(x), right = scaled_of(y);
  Scaled b{left.negative != right.negative, limbs_multiply(left.limbs, right.limbs), left.exponent + right.exponent};
  if (b.limbs.empty()) return a;
  if (a.limbs.empty()) return {!b.negative, std::move(b.limbs), b.exponent};
  const int exponent = std::min(a.exponent, b.exponent);
  a.limbs = limbs_shift_left(a.limbs, static_cast<std::size_t>(a.exponent - exponent));
  b.limbs = limbs_shift_left(b.limbs, static_cast<std::size_t>(b.exponent - exponent));
  if (a.negative != b.negative) return {a.negative, limbs_add(a.limbs, b.limbs), exponent};
  if (limbs_compare(a.limbs, b.limbs) >= 0) return {a.negative, limbs_subtract(a.limbs, b.limbs), exponent};
  return {!a.negative, limbs_subtract(b.limbs, a.limbs), exponent};
}

double rounded(const Scaled& s) {
  const int bits = static_cast<int>(limbs_bits(s.limbs));
  const int drop = std::max({bits - 53, -1074 - s.exponent, 0});
  const Limbs kept = limbs_shift_right(s.limbs, static_cast<std::size_t>(drop));
  auto mantissa = static_cast<std::uint64_t>(limbs_to_128(kept));
  if (drop > 0) {
    const Limbs twice = limbs_shift_left(limbs_subtract(s.limbs, limbs_shift_left(kept, static_cast<std::size_t>(drop))), 1);
    const int c = limbs_compare(twice, limbs_shift_left(Limbs{1}, static_cast<std::size_t>(drop)));
    if (c > 0 || (c == 0 && (mantissa & 1) != 0)) ++mantissa;
  }
  const double value = std::ldexp(static_cast<double>(mantissa), s.exponent + drop);
  return s.negative ? -value : value;
}

}  // namespace

double comoment(std::int64_t n, const ExactSum& x, const ExactSum& y, const ExactSum& xy) {
  if (!x.is_finite() || !y.is_finite() || !xy.is_finite()) return std::numeric_limits<double>::quiet_NaN();
  Scaled spread = spread_of(n, x.state_, y.state_, xy.state_);
  if (spread.limbs.empty()) return 0.0;
  // Divided by n with more bits than a double has, the last of which says whether there are more.
  const Limbs divisor = limbs_from(static_cast<unsigned __int128>(n));
  const int more = std::max(0, 128 - static_cast<int>(limbs_bits(spread.limbs)) + static_cast<int>(limbs_bits(divisor)));
  Limbs remainder;
  spread.limbs = limbs_divide(limbs_shift_left(spread.limbs, static_cast<std::size_t>(more)), divisor, &remainder);
  spread.limbs = limbs_shift_left(spread.limbs, 1);
  if (!remainder.empty()) spread.limbs = limbs_add(spread.limbs, Limbs{1});
  spread.exponent -= more + 1;
  return rounded(spread);
}

bool comoment_overflows(std::int64_t n, const ExactSum& x, const ExactSum& y, const ExactSum& xy) {
  if (n <= 0 || !x.is_finite() || !y.is_finite() || !xy.is_finite()) return false;
  const Scaled spread = spread_of(n, x.state_, y.state_, xy.state_);
  return !spread.limbs.empty() && static_cast<int>(limbs_bits(spread.limbs)) + spread.exponent > 1024;
}

std::size_t ExactSum::heap_bytes() const {
  return state_ == nullptr ? 0 : Window::bytes(static_cast<const Window*>(state_)->capacity);
}

}  // namespace weir
