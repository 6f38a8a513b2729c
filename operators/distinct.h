#pragma once
// Each row of the input that has a positive weight, once.
//
// Law      distinct(a)[x] = 1 if a[x] > 0, else 0; Δout = −1, 0 or +1 by how I(a)[x] passes zero: DBSP, Proposition 4.7.  Derivation: docs/derivations/distinct.md
// State    the weight of each row, by SQL equality (1.0 and 1.00 are one; the first seen stands for both).
// Cost     O(|Δ|) expected.

#include "circuit/circuit.h"

namespace weir {

NodeId distinct(Circuit& circuit, NodeId input);

}  // namespace weir
