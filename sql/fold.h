#pragma once
// Plans that differ in constants alone, as one plan with parameters over a relation of bindings.
//
//     σ[c = k₁] a, σ[c = k₂] a, …        ⇒        a ⋈[c = p] B,     B = {(1, k₁), (2, k₂), …}: a binding a view
//
// The number of the binding travels with the rows: it is one more column of every node above. A view's contents are the rows that carry its number.
//
// Derivation: docs/derivations/fold.md
//
// Law      where lift(Q) exists: σ[binding = i] lift(Q)(a, B) = Q with the constants of B's row i (a) × {i}. It exists for conditions column = constant below filters,
//          projections, joins whose kept sides carry the number, semijoins likewise, GROUP BY, DISTINCT, UNION ALL, INTERSECT, EXCEPT, top-k and windows.
//          Of a recursion it is one for each binding, if what it starts from carries the number.
//          An aggregate without keys has a row also of no input: a row of B itself marks the group, and FILTER keeps it out of the aggregates.
// Cost     a change of `a` meets the bindings whose constants it has, whatever their number.
// Nulls    a constant NULL is no parameter: nothing equals it.
// Errors   rows that no binding asks for are not evaluated any further, as with the filter.
// Threads  pure.

#include <span>
#include <string>
#include <vector>

#include "sql/plan.h"

namespace weir {

// A plan with parameters in place of some constants. Plans whose texts are equal differ in `values` alone.
struct Parametrised {
  PlanPtr plan;
  std::string text;
  std::vector<ExprPtr> values;  // constants, by parameter
};

// The ways to take constants of a plan for parameters: those of any one filter; those of all filters, where all compare with the same constants.
std::vector<Parametrised> parametrise(const Plan& plan);
PlanPtr instantiate(const Plan& parametrised, std::span<const ExprPtr> values);

// The plan over bindings, a relation (binding BIGINT, parameters…) whose scans are called kBindings and carry `bindings_id`; null where the law has no case.
// The output has one more column, the binding's number, at `binding`.
inline constexpr char kBindings[] = "";  // no relation is called so
struct Lifted {
  PlanPtr plan;
  std::uint16_t binding = 0;
};
Lifted lift(const Plan& parametrised, std::span<const ExprPtr> values, std::uint64_t bindings_id);

}  // namespace weir
