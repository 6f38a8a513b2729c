#pragma once
// Adds up the weights of equal rows and drops those whose weight is 0.
//
// Law      consolidate(Δ) is the same Z-set as Δ, in its unique form: every row once, no weight 0.
// Order    first appearance.
// Cost     O(rows) expected: one hash table in the arena. A delta of one row is passed on as it is.
// Errors   a sum of weights beyond 64 bits is Failure(kEvaluation).

#include "zset/chunk.h"

namespace weir {

void consolidate(const Delta& in, Arena& arena, Delta& out);

}  // namespace weir
