#pragma once
// Moving values between chunks: by position, by reference, and the small arithmetic of weights.
//
// Errors   Failure(kEvaluation) "weight out of range" where 64 bits do not hold a weight.
// Threads  pure functions, but for the arena.

#include <span>
#include <vector>

#include "zset/chunk.h"
#include "zset/hash.h"

namespace weir {

constexpr Kind physical(KeyKind kind) {
  switch (kind) {
    case KeyKind::kBool: return Kind::kBool;
    case KeyKind::kInt: return Kind::kInt;
    case KeyKind::kDouble: return Kind::kDouble;
    case KeyKind::kText: case KeyKind::kNumeric: case KeyKind::kPadded: case KeyKind::kArray: case KeyKind::kJson: return Kind::kBytes;
    case KeyKind::kInterval: return Kind::kInterval;
  }
  return Kind::kBytes;
}

// The values at these positions, densely.
Column gather(const Column& from, const std::uint32_t* positions, std::uint32_t n, Arena& arena);
// Drops the bitmap of a column of n values of which none is NULL.
void trim_bitmap(Column& column, std::uint32_t n);
// The rows of `chunk`, with these of its columns, by reference.
Chunk pick(const Chunk& chunk, std::span<const std::uint16_t> columns, Arena& arena);
// The rows in which no column is NULL.
Chunk without_nulls(const Chunk& chunk, Arena& arena);
// A dense chunk of n rows.
Chunk dense_chunk(std::uint32_t n, std::span<Column> columns, const std::int64_t* weights);
// Bit-by-bit equality of two values of one column, both NULL included.
bool identical_at(const Column& column, std::uint32_t a, std::uint32_t b);
// SQL equality of two values that are not NULL.
bool equal_at(const Column& a, std::uint32_t i, const Column& b, std::uint32_t j, KeyKind kind);

[[noreturn]] void throw_weight_out_of_range();

inline std::int64_t add_weights(std::int64_t a, std::int64_t b) {
  std::int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) throw_weight_out_of_range();
  return sum;
}
inline std::int64_t multiply_weights(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) throw_weight_out_of_range();
  return product;
}

// Calls f with a null pointer of the C++ type behind a kind: one loop a type, no branch a row.
template <class F>
decltype(auto) with_type(Kind kind, F&& f) {
  switch (kind) {
    case Kind::kBool: return f(static_cast<std::uint8_t*>(nullptr));
    case Kind::kInt: return f(static_cast<std::int64_t*>(nullptr));
    case Kind::kDouble: return f(static_cast<double*>(nullptr));
    case Kind::kBytes: return f(static_cast<Bytes*>(nullptr));
    case Kind::kInterval: break;
  }
  return f(static_cast<Interval*>(nullptr));
}

}  // namespace weir
