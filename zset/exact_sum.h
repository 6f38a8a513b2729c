#pragma once
// SUM over DOUBLE that is exact: correctly rounded, independent of order, and reversible.
//
// Law      a homomorphism from Z-sets of doubles: add(x, w) then add(x, -w) restores the state bit by bit in value().
// State    a few hundred bits around the exponents seen; one group of ordinary numbers costs under 64 bytes.
// Threads  one at a time.

#include <cstddef>
#include <cstdint>

namespace weir {

class ExactSum;
double comoment(std::int64_t n, const ExactSum& x, const ExactSum& y, const ExactSum& xy);
bool comoment_overflows(std::int64_t n, const ExactSum& x, const ExactSum& y, const ExactSum& xy);

class ExactSum {
 public:
  ExactSum() = default;
  ExactSum(const ExactSum&) = delete;
  ExactSum& operator=(const ExactSum&) = delete;
  ~ExactSum();

  void add(double x, std::int64_t weight);  // NaN and infinities are counted apart
  void add_product(double x, double y, std::int64_t weight);  // x y, exact: REQUIRES that this sum has terms of this form alone, and value() is not asked for
  double value() const;                     // nearest double; NaN if a NaN or both infinities are in; an infinity if only that
  bool overflows() const;                   // all terms are finite but the sum is no double: "value out of range: overflow"
  std::size_t heap_bytes() const;

  // Σ(x - mean x)(y - mean y) of n pairs, from Σx, Σy and Σxy: correctly rounded; NaN where a term is not finite. REQUIRES: n > 0
  friend double comoment(std::int64_t n, const ExactSum& x, const ExactSum& y, const ExactSum& xy);
  // All terms are finite, but n times that is beyond DOUBLE. (PostgreSQL squares n x - Σx on its way: of two values it fails for the same, of more at about there.)
  friend bool comoment_overflows(std::int64_t n, const ExactSum& x, const ExactSum& y, const ExactSum& xy);

 private:
  bool is_finite() const { return nan_ == 0 && plus_infinity_ == 0 && minus_infinity_ == 0; }
  std::int64_t nan_ = 0, plus_infinity_ = 0, minus_infinity_ = 0;
  void* state_ = nullptr;  // a window of 64-bit limbs around the exponents seen, grown on either side
};

}  // namespace weir
