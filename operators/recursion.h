#pragma once
// WITH RECURSIVE: a query over its own result, brought to its end by a nested circuit, and kept there by deltas at every iteration.
//
//                        ┌────────── nested: time is (step, iteration) ───────────┐
//     base ──▶ C₀ ──▶ ┌──────┐  Wᵢ   ┌──────┐  at i  ┌─────┐                      │
//                     │ + │new├─────▶│ step ├───────▶│ z⁻¹ │ at i+1 ──▶ Cᵢ₊₁ ──┐  │
//                     └──────┘       └──┬───┘        └─────┘                   │  │
//                        ▲              │ others (the same at every iteration) │  │
//                        └──────────────┴──────────────────────────────────────┘  │
//                                                                                 ▼  out = Σ Wᵢ
//
// Law      C₀ = base, Cᵢ₊₁ = step(Wᵢ). UNION: Wᵢ is the rows of Cᵢ that are in no Cⱼ, j < i; UNION ALL: Wᵢ = Cᵢ. Rows carry i as a column, so the delta of
//          Wᵢ is found from the deltas of iterations before i and from what all iterations were before the step. DBSP, sections 5 and 6.
//          Derivation: docs/derivations/recursion.md
// State    of each row the weight in every Cᵢ (UNION); what the operators of `step` keep over all Wᵢ together; the integrals of `others`, as sources
//          of the inner circuit.
// Cost     O(rows of all Cᵢ and Wᵢ that change), each with the cost of `step`, and one inner step for each iteration at which one does. Not the size of
//          the result.
// Nulls    NULL is NULL: a row with NULLs is new once.
// Errors   Failure(kEvaluation) where rows still come after `iterations_most` iterations.
//          Where evaluation fails all is computed once more from nothing: a row that only comes and goes within a step is no error.
// Output   the columns of base, each row once in a delta.

#include <cstdint>
#include <functional>
#include <span>

#include "circuit/circuit.h"

namespace weir {

struct RecursionSpec {
  bool all = false;  // UNION ALL
  // Builds the recursive term in the inner circuit: from `working`, whose rows are those of base and the iteration as a last BIGINT column, and the
  // others to a stream of that form. REQUIRES: its rows of iteration i depend on the rows of iteration i of `working` alone, and of the others.
  std::function<NodeId(Circuit& inner, NodeId working, std::span<const NodeId> others)> step;
  std::uint32_t iterations_most = 1'000'000;
};
NodeId recursion(Circuit& circuit, NodeId base, std::span<const NodeId> others, const RecursionSpec& spec);

}  // namespace weir
