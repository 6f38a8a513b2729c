#pragma once
// UNNEST: each row of the input, once for every element of its arrays, side by side.
//
// Law      what a row becomes depends on that row alone, so Q is linear and Q^Δ = Q.   Derivation: docs/derivations/unnest.md
// State    none.
// Cost     O(|output|).
// Nulls    a NULL array has no elements; an array that is shorter than another of its row goes on with NULLs.
//          keep: a row without elements stays, beside NULLs.
// Output   the columns of the input, then an element of each array, then its place, counted from 1.

#include <vector>

#include "circuit/circuit.h"
#include "operators/expression.h"
#include "weir/type.h"

namespace weir {

// types: of the arrays.
NodeId unnest(Circuit& circuit, NodeId input, std::vector<ExpressionPtr> arrays, std::vector<TypeId> types, bool keep = false);

}  // namespace weir
