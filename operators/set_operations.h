#pragma once
// INTERSECT ALL and EXCEPT ALL: min(a[x], b[x]) and max(a[x] − b[x], 0), where a negative weight counts as 0.
//
// Law      pointwise in x: Δout[x] = f(I(a)[x], I(b)[x]) − f(z⁻¹I(a)[x], z⁻¹I(b)[x]).   Derivation: docs/derivations/set_operations.md
// State    both weights of each row, by SQL equality; the first seen stands for all that are equal to it.
// Cost     O(|Δa| + |Δb|) expected.

#include "circuit/circuit.h"

namespace weir {

NodeId intersect_all(Circuit& circuit, NodeId left, NodeId right);
NodeId except_all(Circuit& circuit, NodeId left, NodeId right);

}  // namespace weir
