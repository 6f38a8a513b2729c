#pragma once
// Semijoin and antijoin: EXISTS and NOT EXISTS, IN and NOT IN, and the outer half of outer joins.
//
// Law      out = Σ over a of a · [key(a) ∈ b]; the set b changes only where the total weight of a key passes between 0 and more:
//          Δout = Δa · [key ∈ I(b)] + Σ over keys that appear (+) or vanish (−) of ± z⁻¹(I(a))[key].   Derivation: docs/derivations/semijoin.md
// State    the arrangement of `left` by key (shared), and the weight of each key of `right`.
// Cost     O(|Δa| + |Δb| + |rows of a under keys that appear or vanish|).
// Nulls    null_matches = false: a key with NULL is never among the others (semi drops the row, anti keeps it); true: NULL equals NULL (set operations).

#include <vector>

#include "circuit/circuit.h"

namespace weir {

// Rows of `left` whose key is (semi) or is not (anti) among the keys of `right`, with their own weights.
NodeId semi_join(Circuit& circuit, NodeId left, NodeId right, std::vector<std::uint16_t> left_keys, std::vector<std::uint16_t> right_keys, bool anti,
                 bool null_matches);

// LEFT, RIGHT and FULL joins are composed of these: a ⟕ b = a ⋈ b + (a ▷ b) × NULL; with a condition beyond the keys, a ⟕ b = J + (a ▷ π_a(J)) × NULL,
// where J is the inner join and ▷ compares whole rows of a, NULL equal to NULL. See sql/lower.cc and docs/derivations/outer_join.md.

}  // namespace weir
