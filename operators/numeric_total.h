#pragma once
// Σ of NUMERIC in the row of a group: the value and the display scale of the sum, which is the largest among the values present.
//
// Law      a homomorphism from Z-sets of NUMERIC: add(x, w) then add(x, -w) restores the sum, its scale included.
// State    as long as all values have one scale and the sum of their coefficients fits 128 bits, that sum is all there is; otherwise a sum and a count for each scale.
// Errors   add() is false where there are more values than 64 bits count. total() may be more than a NUMERIC holds.
// Ownership  all zero is the empty sum; destroy() frees. A copy is an alias, until freeze() makes it the sum as it is.
// Threads  one at a time.

#include <cstdint>

#include "zset/numeric.h"

namespace weir {

struct NumericTotal {
  enum class Form : std::uint32_t { kOneScale, kParts, kFrozen };
  using Wide __attribute__((aligned(8))) = __int128;  // as it may lie in the row of a group
  Wide small;
  std::int64_t n;  // values, the infinities and NaN among them
  std::int32_t scale;
  Form form;
  void* more;  // what kParts and kFrozen need

  bool add(const Bytes& value, std::int64_t weight);
  bool add_square(const Bytes& value, std::int64_t weight);  // of each value its square
  Numeric total() const;
  void release() noexcept;  // gives back what is no longer needed
  void destroy() noexcept;
  void freeze(Arena& arena);
  std::size_t heap_bytes() const;

 private:
  struct Parts;
  void add_small(__int128 coefficient, std::int32_t scale, std::int64_t weight);
  void add_number(const Numeric& number, std::int64_t weight);
  Parts& parts();
};
static_assert(alignof(NumericTotal) == 8);

}  // namespace weir
