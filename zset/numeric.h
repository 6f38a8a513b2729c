#pragma once
// PostgreSQL's NUMERIC: exact decimal numbers of any length, each with a display scale, plus NaN and the infinities.
//
// A NUMERIC travels as Bytes (zset/slot.h): see encode(). Up to about 22 digits are inline and never touch the heap; arithmetic has a fast path for
// coefficients that fit 128 bits. Results (value and display scale) are those of PostgreSQL 15's numeric.c, division, AVG, roots and logarithms included.
//
// Encoding  byte 0: 0 finite, 1 NaN, 2 infinity, 3 -infinity. Finite: byte 0 has 0x80 set where negative; bytes 1-2 the display scale (little endian);
//           then the coefficient's magnitude, little endian, without leading zero bytes (zero has none). value = ± coefficient / 10^scale. Canonical: equal value and
//           scale give equal bytes; zero is never negative.
// Errors    Failure(kEvaluation), PostgreSQL's words: "numeric field overflow", "division by zero", "value overflows numeric format".
// Threads   pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zset/slot.h"

namespace weir {

// A number taken apart. `small` holds it where |coefficient| < 2^127; otherwise `limbs` (base 2^32, little endian) does.
struct Numeric {
  enum class Class : std::uint8_t { kFinite, kNaN, kInfinity, kMinusInfinity };
  Class kind = Class::kFinite;
  bool negative = false;              // of `limbs`
  std::int32_t scale = 0;             // display scale, 0..16383
  __int128 small = 0;
  std::vector<std::uint32_t> limbs;   // empty: `small` holds the value

  Numeric() = default;
  Numeric(std::int64_t v) : small(v) {}
  static Numeric make(__int128 coefficient, std::int32_t scale) { Numeric n; n.small = coefficient; n.scale = scale; return n; }
  static Numeric special(Class kind) { Numeric n; n.kind = kind; return n; }

  static Numeric decode(const Bytes& bytes);
  Bytes encode(Arena& arena) const;

  static Numeric parse(std::string_view text);        // PostgreSQL's input syntax, spaces around it allowed. Failure(kInput) if it is none
  static Numeric from_double(double d, int digits);   // float8 -> numeric keeps 15 significant digits, float4 6
  std::string to_string() const;                      // with exactly `scale` digits after the point; "NaN", "Infinity", "-Infinity"
  double to_double() const;                           // nearest; Failure where out of range, as PostgreSQL's casts
  float to_float() const;                             // the same for REAL, rounded once
  std::int64_t to_int64() const;                      // rounds half away from zero; Failure "bigint out of range"
  bool is_zero() const;
  int sign() const;                                   // -1, 0, 1; NaN 1

  int compare(const Numeric& other) const;            // NaN equals NaN and is above everything
  Numeric operator-() const;
  friend Numeric operator+(const Numeric&, const Numeric&);
  friend Numeric operator-(const Numeric&, const Numeric&);
  friend Numeric operator*(const Numeric&, const Numeric&);
  friend Numeric operator/(const Numeric&, const Numeric&);  // scale as PostgreSQL's select_div_scale
  friend Numeric operator%(const Numeric&, const Numeric&);  // sign of the dividend
  Numeric div_trunc(const Numeric&) const;                   // div()
  Numeric abs() const;
  Numeric round(std::int32_t scale) const;            // half away from zero; scale may be negative
  Numeric trunc(std::int32_t scale) const;
  Numeric ceil() const;
  Numeric floor() const;
  Numeric sqrt() const;
  Numeric exp() const;
  Numeric ln() const;
  Numeric log(const Numeric& base) const;             // log(base, *this)
  Numeric power(const Numeric& exponent) const;
  Numeric typed(std::int32_t precision, std::int32_t scale) const;  // the cast to NUMERIC(p, s): rounds, or "numeric field overflow"
  std::int32_t min_scale() const;                     // without trailing zeros
  Numeric trim_scale() const;
};

// VAR_POP and STDDEV_POP of n values, or VAR_SAMP and STDDEV_SAMP, from Σx and Σx²: PostgreSQL's digits and scale. REQUIRES: n > 0, n > 1 of a sample
Numeric numeric_variance(std::int64_t n, const Numeric& sum, const Numeric& squares, bool sample, bool root);

// Hot paths on the encoding, without taking apart where inline: same results as above.
Bytes numeric_add(const Bytes& a, const Bytes& b, Arena& arena);
Bytes numeric_subtract(const Bytes& a, const Bytes& b, Arena& arena);
Bytes numeric_multiply(const Bytes& a, const Bytes& b, Arena& arena);
int numeric_compare(const Bytes& a, const Bytes& b);
std::uint64_t numeric_hash(const Bytes& a);           // equal numbers hash alike, whatever their scales
// The coefficient and scale where the number is finite and fits 128 bits.
bool numeric_small(const Bytes& a, __int128& coefficient, std::int32_t& scale);

}  // namespace weir
