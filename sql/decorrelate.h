#pragma once
// Sub-selects that speak of the query around them, as plans that do not: Neumann and Kemper, "Unnesting Arbitrary Queries" (BTW 2015).
//
//     for each row r outside: q(r)    =    outside ⋈ q′ on the conjuncts
//
// Law      for every row r outside, q(r) is the outputs of those rows of q′ for which the conjuncts hold, references standing for r's values.
//          What only filters is pulled up and becomes a conjunct; grouping, DISTINCT, LIMIT and windows above equalities take their columns as keys. Below all else the
//          domain D, the distinct values outside, is joined in: q′ = D ⋈ q and a conjunct d = r for each of D's columns.   Derivation: docs/derivations/subquery.md
// Cost     of q′: what a change touches, times the values outside that it concerns.
// Nulls    NULL outside is a value like any other: D is joined with NULL equal to NULL.

#include <functional>
#include <vector>

#include "sql/plan_build.h"

namespace weir {

// The query around a sub-select.
struct Outside {
  std::function<bool(std::uint16_t)> has;                 // is this outer column one of its?
  std::function<PlanPtr(const Columns& references)> rows;  // these outer columns' values in all its rows, a column each
};

struct Dependent {
  PlanPtr plan;                    // speaks of nothing outside
  std::vector<ExprPtr> outputs;    // the columns of the sub-select, over the plan's columns and references
  std::vector<ExprPtr> conjuncts;  // which rows belong to the one outside, over the plan's columns and references
  bool of_nothing = false;         // where no row does, there is one all the same: the outputs over NULLs
  Columns keys;                    // kKeyed: the plan's columns are the outputs and then these, one for each conjunct, which compares it with something outside
};

enum class Form : std::uint8_t {
  kAny,
  kKeyed,    // the conjuncts are equalities of `keys`, the outputs do not speak of what is outside
  kOneRow,   // may be of_nothing
};
Dependent decorrelate(PlanPtr plan, const Outside& outside, Form form);

// Does the plan, or an expression, speak of such columns?
bool mentions(const Plan& plan, const std::function<bool(std::uint16_t)>& which);
bool mentions(const Expr& expr, const std::function<bool(std::uint16_t)>& which);

}  // namespace weir
