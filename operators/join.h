#pragma once
// Equi-join of two streams of changes, with any further condition.
//
//     Δ(a ⋈ b) = Δa ⋈ Δb + Δa ⋈ z⁻¹(I(b)) + z⁻¹(I(a)) ⋈ Δb
//
// Law      ⋈ is bilinear and time-invariant: DBSP, Theorem 3.4.  Derivation: docs/derivations/join.md
// State    none of its own: both integrals are arrangements, shared with every operator that keys the stream alike.
// Cost     O(|Δa| + |Δb| + |pairs with equal keys|) expected, whatever the size of a and b. Without keys every pair is one.
// Nulls    a key that holds NULL matches nothing, not even another NULL.
// Threads  evaluation is const; chunks of a large delta are probed in parallel.
// Errors   a product of weights beyond 64 bits is Failure(kEvaluation).

#include <vector>

#include "circuit/circuit.h"
#include "operators/expression.h"

namespace weir {

struct JoinColumn {
  bool right;            // of which side
  std::uint16_t column;
};

struct JoinSpec {
  std::vector<std::uint16_t> left_keys, right_keys;  // pairwise equal types; both empty: a cross join
  std::vector<JoinColumn> output;                    // columns of the result, in order
  ExpressionPtr condition;                           // over `output`; may be null
};
NodeId join(Circuit& circuit, NodeId left, NodeId right, JoinSpec spec);

// Rows of `left` whose key is (semi) or is not (anti) among the keys of `right`, with their own weights.
//
// Law      out = Σ over a of a · [key(a) ∈ b]; the set b changes only where the total weight of a key passes between 0 and more:
//          Δout = Δa · [key ∈ I(b)] + Σ over keys that appear (+) or vanish (−) of ± z⁻¹(I(a))[key].   Derivation: docs/derivations/semijoin.md
// State    the arrangement of `left` by key (shared), and the weight of each key of `right`.
// Cost     O(|Δa| + |Δb| + |rows of a under keys that appear or vanish|).
// Nulls    null_matches = false: a key with NULL is never among the others (semi drops the row, anti keeps it); true: NULL equals NULL (set operations).
NodeId semi_join(Circuit& circuit, NodeId left, NodeId right, std::vector<std::uint16_t> left_keys, std::vector<std::uint16_t> right_keys, bool anti,
                 bool null_matches);

// LEFT, RIGHT and FULL joins are composed of these: a ⟕ b = a ⋈ b + (a ▷ b) × NULL; with a condition beyond the keys, a ⟕ b = J + (a ▷ π_a(J)) × NULL,
// where J is the inner join and ▷ compares whole rows of a, NULL equal to NULL. See sql/lower.cc and docs/derivations/outer_join.md.

}  // namespace weir
