#pragma once
// The loops of accumulators: over the rows of a chunk that have values, each with its weight. For operators/accumulator*.cc alone.
//
// Threads  pure functions.

#include "operators/accumulator.h"

namespace weir {

using Wide __attribute__((aligned(8))) = __int128;  // as it may lie in the row of a group

// Calls f(position) for each row whose value is not NULL.
template <class F>
void each_value(const Chunk& rows, const Column* value, F&& f) {
  if (!value || !value->valid) {
    rows.each(f);
    return;
  }
  rows.each([&](std::uint32_t i) {
    if (value->is_valid(i)) f(i);
  });
}

inline std::int64_t wrapped_negation(std::int64_t w) { return static_cast<std::int64_t>(-static_cast<std::uint64_t>(w)); }

// f(position, weight), with one loop a direction.
template <class F>
void each_weighted(const Chunk& rows, const Column* value, bool negate, F&& f) {
  const std::int64_t* w = rows.weights;
  if (negate) each_value(rows, value, [&](std::uint32_t i) { f(i, wrapped_negation(w[i])); });
  else each_value(rows, value, [&](std::uint32_t i) { f(i, w[i]); });
}

inline bool add_to(std::int64_t& n, std::int64_t w) { return __builtin_add_overflow(n, w, &n); }

}  // namespace weir
