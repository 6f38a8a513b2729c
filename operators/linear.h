#pragma once
// Filter, project and union: the linear operators. They keep nothing; a delta is treated as if it were the whole.
//
//     Δ(σ a) = σ Δa        Δ(π a) = π Δa        Δ(a + b) = Δa + Δb        Δ(−a) = −Δa
//
// Law      linear operators commute with D and I: DBSP, Theorem 3.3.  Derivation: docs/derivations/linear.md
// State    none.
// Cost     O(|Δ|). A filter selects, a projected column is passed by reference: nothing is copied.

#include <vector>

#include "circuit/circuit.h"
#include "operators/expression.h"

namespace weir {

NodeId filter(Circuit& circuit, NodeId input, ExpressionPtr condition);
NodeId project(Circuit& circuit, NodeId input, std::vector<ExpressionPtr> columns);
// UNION ALL. Same types in all inputs. The same stream may stand in it twice.
NodeId union_all(Circuit& circuit, std::span<const NodeId> inputs);
// A stream that never changes: the rows of VALUES, or one row without columns for SELECT without FROM. `rows` is copied.
NodeId constant(Circuit& circuit, std::vector<KeyKind> types, const Delta& rows);

}  // namespace weir
