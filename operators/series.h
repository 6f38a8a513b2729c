#pragma once
// generate_series: each row of the input, once for every value from its start to its stop.
//
// Law      a row's values depend on that row alone, so Q is linear and Q^Δ = Q.   Derivation: docs/derivations/series.md
// State    none.
// Cost     O(|output|).
// Nulls    a NULL start, stop or step: no rows.
// Errors   Failure(kEvaluation): a step of zero, a NUMERIC bound that is no finite number, a TIMESTAMP out of range, more than 10,000,000 values for one row.
// Output   the columns of the input, then the value.

#include <functional>

#include "circuit/circuit.h"
#include "operators/expression.h"
#include "weir/type.h"

namespace weir {

// type: of the values: INTEGER, BIGINT, NUMERIC or TIMESTAMP (then the step is an INTERVAL).
void each_of_series(const Datum& start, const Datum& stop, const Datum& step, TypeId type, Arena& arena, const std::function<void(const Datum&)>& put);
NodeId series(Circuit& circuit, NodeId input, ExpressionPtr start, ExpressionPtr stop, ExpressionPtr step, TypeId type);

}  // namespace weir
