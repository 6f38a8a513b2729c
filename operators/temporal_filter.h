#pragma once
// A filter whose conditions ask for the time: rows enter and leave as it passes, though nobody touches them.
//
//     Δ(σ_now a) = σ_now' Δa + (σ_now' − σ_now) I(a)          now' the time of the step, now that of the step before
//
// Law      σ_now a is the join of a with the singleton Z-set {now}, and ⋈ is bilinear: DBSP, Theorem 3.4.  Derivation: docs/derivations/temporal.md
// State    the rows that will enter or leave yet, by identity and in the order of the next moment at which they do. A row that will be there, or away, for ever is not kept.
// Cost     a moment that passes: O(rows that enter or leave · log n). A row that comes or goes: O(log n), and some 60 evaluations of each condition, a vector at a time,
//          to find that moment; none of them where the condition no longer changes.
// Order    conditions are asked of rows for which those before them may still hold.
// Nulls    a condition that is NULL does not hold.
// Errors   a condition that fails for a row now. Where it fails at a later time, it is asked again on the way there.

#include <vector>

#include "circuit/circuit.h"
#include "operators/expression.h"

namespace weir {

struct TimeCondition {
  ExpressionPtr condition;  // over the input's columns, followed by the time (kInt)
  // As the time passes it changes at most once, to true (enters) or from true (leaves). `by_day`: so within each day (UTC), among the first moments of all days, and among
  // their last ones; but it may fall back at midnight: 1 March is a month after 1 February, and 30 March one after 28 February, at any hour.
  bool enters = false;
  bool by_day = false;
};

NodeId temporal_filter(Circuit& circuit, NodeId input, std::vector<TimeCondition> conditions);

}  // namespace weir
