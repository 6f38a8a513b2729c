#pragma once
// Equi-join of two streams of changes, with any further condition.
//
//     Δ(a ⋈ b) = Δa ⋈ Δb + Δa ⋈ z⁻¹(I(b)) + z⁻¹(I(a)) ⋈ Δb
//
// Law      ⋈ is bilinear and time-invariant: DBSP, Theorem 3.4.  Derivation: docs/derivations/join.md
// State    none of its own: both integrals are arrangements, shared with every operator that keys the stream alike.
// Cost     O(|Δa| + |Δb| + |pairs with equal keys|) expected, whatever the size of a and b. Without keys every pair is one.
// Nulls    null_matches = false: a key that holds NULL matches nothing, not even another NULL; true: NULL equals NULL.
// Threads  evaluation is const; chunks of a large delta are probed in parallel.
// Errors   a product of weights beyond 64 bits is Failure(kEvaluation).

#include <vector>

#include "circuit/circuit.h"
#include "operators/expression.h"
#include "operators/semi_join.h"

namespace weir {

struct JoinColumn {
  bool right;            // of which side
  std::uint16_t column;
};

struct JoinSpec {
  std::vector<std::uint16_t> left_keys, right_keys;  // pairwise equal types; both empty: a cross join
  std::vector<JoinColumn> output;                    // columns of the result, in order
  ExpressionPtr condition;                           // over `output`; may be null
  bool null_matches = false;
};
NodeId join(Circuit& circuit, NodeId left, NodeId right, JoinSpec spec);

}  // namespace weir
