#pragma once
// GROUP BY with any number of aggregates, each with DISTINCT and FILTER.
//
// Law      for each touched group: Δout = −[row before] + [row after]. COUNT, SUM and AVG are linear in the Z-set of a group (DBSP, section 7.2), doubles
//          included (exact sums); MIN and MAX keep an ordered multiset.   Derivation: docs/derivations/aggregate.md
// State    one entry a group: its key, its number of rows, its accumulators. For DISTINCT the weight of each (group, value). For MIN/MAX the values of each group in order.
// Cost     O(|Δ|) expected for the linear ones, O(|Δ| log n) for MIN and MAX and never a scan of the group; many changes of one group are merged in one pass.
// Order    groups come out in order of first touch in the step.
// Nulls    NULL keys form one group. Aggregates skip NULL arguments; SUM, AVG, MIN, MAX of none are NULL, COUNT is 0.
// Errors   sums beyond their type are Failure(kEvaluation). A group whose row count would fall below 0 likewise.
// Output   the key columns, then one column an aggregate. Without keys: always exactly one row, from backfill() on.

#include <vector>

#include "circuit/circuit.h"
#include "operators/distinct.h"
#include "operators/expression.h"
#include "operators/set_operations.h"

namespace weir {

enum class AggregateFunction : std::uint8_t { kCountStar, kCount, kSum, kAvg, kMin, kMax, kBoolAnd, kBoolOr };

struct AggregateSpec {
  AggregateFunction function;
  ExpressionPtr argument;      // null for COUNT(*)
  ExpressionPtr filter;        // boolean; may be null
  bool distinct = false;
  TypeId argument_type = TypeId::kUnknown;
  TypeId result_type = TypeId::kUnknown;  // PostgreSQL's: COUNT bigint; SUM smallint, integer → bigint, bigint → numeric, real → real, double → double, numeric, interval;
                                          // AVG integers and numeric → numeric, real and double → double, interval; MIN, MAX the argument's
};
NodeId aggregate(Circuit& circuit, NodeId input, std::vector<ExpressionPtr> keys, std::vector<AggregateSpec> aggregates);

}  // namespace weir
