#pragma once
// What zset/numeric.cc and zset/numeric_functions.cc share: numbers by magnitude, digit counts and PostgreSQL's idea of a number's first digit.
//
// PostgreSQL computes in digits of base 10000. Where the scale of a result depends on that ("weight": the power of 10000 of the first digit), so do we.
// Threads  pure functions.

#include <cstdint>

#include "zset/limbs.h"
#include "zset/numeric.h"

namespace weir {

inline constexpr std::int32_t kScaleMax = 16383;          // of a NUMERIC at rest
inline constexpr std::int32_t kResultScaleMax = 1000;     // of what division and the functions choose
inline constexpr std::int32_t kSignificantDigitsMin = 16; // of what division and the functions choose
inline constexpr std::int32_t kWeightMax = 32767;         // so that values stay below 10^131072

[[noreturn]] void throw_numeric_overflow();               // "value overflows numeric format"
[[noreturn]] void throw_division_by_zero();

Limbs magnitude(const Numeric& n);                        // of the coefficient. REQUIRES: finite
Numeric from_magnitude(bool negative, Limbs coefficient, std::int32_t scale);          // of any size
Numeric checked(Numeric n);                               // n, or "value overflows numeric format"
Numeric sum_of_any_size(const Numeric& a, const Numeric& b);
Numeric multiply_rounded(const Numeric& a, const Numeric& b, std::int32_t scale);      // of any size; keeps a scale that is smaller. REQUIRES: finite
Numeric divide_rounded(const Numeric& a, const Numeric& b, std::int32_t scale);        // REQUIRES: finite
double approximate(const Numeric& n);                     // nearest double; an infinity or 0 where out of range. REQUIRES: finite

std::int32_t coefficient_digits(const Numeric& n);        // decimal; 0 where zero. REQUIRES: finite
std::uint64_t leading_digits(const Numeric& n, std::int32_t count);  // the coefficient's first digits, zeros behind. REQUIRES: count <= 18

// The first digits of base 10000.
struct Head {
  std::int32_t weight = 0;
  std::int32_t first = 0;     // 0 where the number is zero
  std::int32_t first_digits;  // decimal digits of `first`
};
Head head_of(const Numeric& n);                           // REQUIRES: finite

}  // namespace weir
