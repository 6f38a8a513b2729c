#include "zset/limbs.h"

#include <algorithm>
#include <bit>

namespace weir {
namespace {

constexpr std::uint32_t kBillion = 1'000'000'000;

void trim(Limbs& a) {
  while (!a.empty() && a.back() == 0) a.pop_back();
}

}  // namespace

Limbs limbs_from(unsigned __int128 value) {
  Limbs a;
  for (; value != 0; value >>= 32) a.push_back(static_cast<std::uint32_t>(value));
  return a;
}

unsigned __int128 limbs_to_128(const Limbs& a) {
  unsigned __int128 value = 0;
  for (std::size_t i = a.size(); i-- > 0;) value = value << 32 | a[i];
  return value;
}

Limbs limbs_from_decimal(std::string_view digits) {
  Limbs a;
  a.reserve(digits.size() / 9 + 1);
  while (!digits.empty()) {
    const std::size_t n = digits.size() % 9 == 0 ? 9 : digits.size() % 9;  // so that what follows is whole groups of nine
    std::uint32_t group = 0, scale = 1;
    for (std::size_t i = 0; i < n; ++i) group = group * 10 + static_cast<std::uint32_t>(digits[i] - '0'), scale *= 10;
    limbs_multiply_add(a, scale, group);
    digits.remove_prefix(n);
  }
  return a;
}

std::string limbs_to_decimal(const Limbs& a) {
  if (a.empty()) return "0";
  // In two halves while long: their division runs on products, that of single limbs on much slower quotients.
  constexpr std::size_t kLong = 64;
  if (a.size() > kLong) {
    const std::size_t low_digits = a.size() * 9 / 2;
    Limbs low;
    std::string text = limbs_to_decimal(limbs_divide(a, limbs_power_of_ten(low_digits), &low));
    const std::string rest = limbs_to_decimal(low);
    return text.append(low_digits - rest.size(), '0').append(rest);
  }
  std::string reversed;
  Limbs rest = a;
  while (!rest.empty()) {
    std::uint32_t group = limbs_divide_small(rest, kBillion);
    for (int i = 0; i < 9 && (!rest.empty() || group != 0); ++i, group /= 10) reversed.push_back(static_cast<char>('0' + group % 10));
  }
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

std::size_t limbs_bits(const Limbs& a) {
  return a.empty() ? 0 : a.size() * 32 - static_cast<std::size_t>(std::countl_zero(a.back()));
}

int limbs_compare(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (std::size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

Limbs limbs_add(const Limbs& a, const Limbs& b) {
  const Limbs& longer = a.size() >= b.size() ? a : b;
  const Limbs& shorter = a.size() >= b.size() ? b : a;
  Limbs sum(longer.size() + 1);
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < longer.size(); ++i) {
    carry += std::uint64_t{longer[i]} + (i < shorter.size() ? shorter[i] : 0);
    sum[i] = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  sum.back() = static_cast<std::uint32_t>(carry);
  trim(sum);
  return sum;
}

Limbs limbs_subtract(const Limbs& a, const Limbs& b) {
  Limbs difference(a.size());
  std::int64_t borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    borrow += std::int64_t{a[i]} - (i < b.size() ? std::int64_t{b[i]} : 0);
    difference[i] = static_cast<std::uint32_t>(borrow);
    borrow >>= 32;
  }
  trim(difference);
  return difference;
}

Limbs limbs_multiply(const Limbs& a, const Limbs& b) {
  if (a.empty() || b.empty()) return {};
  Limbs product(a.size() + b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      carry += std::uint64_t{a[i]} * b[j] + product[i + j];
      product[i + j] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    product[i + b.size()] = static_cast<std::uint32_t>(carry);
  }
  trim(product);
  return product;
}

void limbs_multiply_add(Limbs& a, std::uint32_t factor, std::uint32_t term) {
  std::uint64_t carry = term;
  for (std::uint32_t& limb : a) {
    carry += std::uint64_t{limb} * factor;
    limb = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) a.push_back(static_cast<std::uint32_t>(carry));
  trim(a);
}

std::uint32_t limbs_divide_small(Limbs& a, std::uint32_t divisor) {
  std::uint64_t remainder = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    remainder = remainder << 32 | a[i];
    a[i] = static_cast<std::uint32_t>(remainder / divisor);
    remainder %= divisor;
  }
  trim(a);
  return static_cast<std::uint32_t>(remainder);
}

// Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D.
Limbs limbs_divide(const Limbs& a, const Limbs& b, Limbs* remainder) {
  if (limbs_compare(a, b) < 0) {
    if (remainder != nullptr) *remainder = a;
    return {};
  }
  if (b.size() == 1) {
    Limbs quotient = a;
    const std::uint32_t rest = limbs_divide_small(quotient, b[0]);
    if (remainder != nullptr) *remainder = limbs_from(rest);
    return quotient;
  }
  // Normalised so that the divisor's highest bit is set: then an estimate from two limbs is at most two too large.
  const auto shift = static_cast<std::size_t>(std::countl_zero(b.back()));
  const Limbs v = limbs_shift_left(b, shift);
  Limbs u = limbs_shift_left(a, shift);
  u.resize(a.size() + 1);
  const std::size_t n = v.size();
  Limbs quotient(u.size() - n);
  for (std::size_t j = quotient.size(); j-- > 0;) {
    const std::uint64_t head = std::uint64_t{u[j + n]} << 32 | u[j + n - 1];
    std::uint64_t digit = head / v[n - 1];
    std::uint64_t rest = head % v[n - 1];
    while (digit >> 32 != 0 || digit * v[n - 2] > (rest << 32 | u[j + n - 2])) {
      --digit;
      rest += v[n - 1];
      if (rest >> 32 != 0) break;
    }
    std::uint64_t carry = 0;
    std::int64_t borrow = 0;
    for (std::size_t i = 0; i < n; ++i) {
      carry += digit * v[i];
      borrow += std::int64_t{u[i + j]} - static_cast<std::int64_t>(carry & 0xffffffff);
      u[i + j] = static_cast<std::uint32_t>(borrow);
      borrow >>= 32;
      carry >>= 32;
    }
    borrow += std::int64_t{u[j + n]} - static_cast<std::int64_t>(carry);
    u[j + n] = static_cast<std::uint32_t>(borrow);
    if (borrow < 0) {  // the estimate was one too large
      --digit;
      std::uint64_t back = 0;
      for (std::size_t i = 0; i < n; ++i) {
        back += std::uint64_t{u[i + j]} + v[i];
        u[i + j] = static_cast<std::uint32_t>(back);
        back >>= 32;
      }
      u[j + n] += static_cast<std::uint32_t>(back);
    }
    quotient[j] = static_cast<std::uint32_t>(digit);
  }
  trim(quotient);
  if (remainder != nullptr) {
    trim(u);
    *remainder = limbs_shift_right(u, shift);
  }
  return quotient;
}

Limbs limbs_divide_nearest(const Limbs& a, const Limbs& b) {
  Limbs remainder;
  Limbs quotient = limbs_divide(a, b, &remainder);
  if (limbs_compare(limbs_shift_left(remainder, 1), b) >= 0) limbs_multiply_add(quotient, 1, 1);
  return quotient;
}

Limbs limbs_shift_left(const Limbs& a, std::size_t bits) {
  if (a.empty()) return {};
  const std::size_t whole = bits / 32, part = bits % 32;
  Limbs shifted(a.size() + whole + 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::uint64_t wide = std::uint64_t{a[i]} << part;
    shifted[i + whole] |= static_cast<std::uint32_t>(wide);
    shifted[i + whole + 1] = static_cast<std::uint32_t>(wide >> 32);
  }
  trim(shifted);
  return shifted;
}

Limbs limbs_shift_right(const Limbs& a, std::size_t bits) {
  const std::size_t whole = bits / 32, part = bits % 32;
  if (whole >= a.size()) return {};
  Limbs shifted(a.size() - whole);
  for (std::size_t i = 0; i < shifted.size(); ++i) {
    const std::uint64_t above = i + whole + 1 < a.size() ? a[i + whole + 1] : 0;
    shifted[i] = static_cast<std::uint32_t>((above << 32 | a[i + whole]) >> part);
  }
  trim(shifted);
  return shifted;
}

Limbs limbs_root(const Limbs& a) {
  if (a.empty()) return {};
  // Newton's iteration from above falls until it has reached the root.
  Limbs root = limbs_shift_left(Limbs{1}, (limbs_bits(a) + 1) / 2);
  for (;;) {
    Limbs next = limbs_shift_right(limbs_add(root, limbs_divide(a, root)), 1);
    if (limbs_compare(next, root) >= 0) return root;
    root = std::move(next);
  }
}

Limbs limbs_power_of_ten(std::size_t exponent) {
  // 10^e = 5^e 2^e, by squares.
  Limbs power{1};
  for (int bit = std::bit_width(exponent); bit-- > 0;) {
    power = limbs_multiply(power, power);
    if ((exponent >> bit & 1) != 0) limbs_multiply_add(power, 5, 0);
  }
  return limbs_shift_left(power, exponent);
}

}  // namespace weir
