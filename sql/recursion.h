#pragma once
// A recursive term over all its iterations at once: every row carries the number of its iteration, as one more column.
//
// Law      lifted(Q)(W) holds at iteration i just Q(Wᵢ), whatever Q: an operator is lifted by what keeps iterations apart: a filter and a join with
//          what is outside as they are; grouping, DISTINCT, windows and joins of two lifted sides by the iteration as one more key.
// Cost     a join with what is outside finds its rows by its own keys, at all iterations at once.

#include <cstdint>
#include <vector>

#include "sql/plan.h"

namespace weir {

struct LiftedTerm {
  PlanPtr plan;                 // over kScan nodes whose relation_id is 0: the working table and its iteration, as the last column; or n: others[n - 1]
  std::vector<PlanPtr> others;  // each once: what the term reads but the working table
};
// REQUIRES: an optimised kRecursion.
// Errors   Failure(kUnsupported) where the term does with its working table what has no lifted form.
LiftedTerm lift_recursive_term(const Plan& recursion);

bool reads_working_table(const Plan& plan);  // of a recursion that `plan` stands in

}  // namespace weir
