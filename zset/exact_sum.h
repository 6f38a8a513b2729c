#pragma once
// SUM over DOUBLE that is exact: correctly rounded, independent of order, and reversible.
//
// Law      a homomorphism from Z-sets of doubles: add(x, w) then add(x, -w) restores the state bit by bit in value().
// State    a few hundred bits around the exponents seen; one group of ordinary numbers costs under 64 bytes.
// Threads  one at a time.

#include <cstddef>
#include <cstdint>

namespace weir {

class ExactSum {
 public:
  ExactSum() = default;
  ExactSum(const ExactSum&);
  ExactSum(ExactSum&&) noexcept;
  ExactSum& operator=(const ExactSum&);
  ExactSum& operator=(ExactSum&&) noexcept;
  ~ExactSum();

  void add(double x, std::int64_t weight);  // NaN and infinities are counted apart
  void add(const ExactSum& other);
  double value() const;                     // nearest double; NaN if a NaN or both infinities are in; an infinity if only that
  bool overflows() const;                   // all terms are finite but the sum is no double: "value out of range: overflow"
  std::size_t heap_bytes() const;

 private:
  std::int64_t nan_ = 0, plus_infinity_ = 0, minus_infinity_ = 0;
  void* state_ = nullptr;  // a window of 64-bit limbs around the exponents seen, grown on either side
};

}  // namespace weir
