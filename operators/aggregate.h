#pragma once
// GROUP BY with any number of aggregates, each with DISTINCT and FILTER.
//
// Law      for each touched group: Δout = −[row before] + [row after]. Counts, sums, bits, variances and regressions are linear in the Z-set of a group (DBSP,
//          section 7.2), doubles included (exact sums); MIN, MAX, MODE, percentiles, RANKs, STRING_AGG and ARRAY_AGG keep an ordered multiset.
//          Derivation: docs/derivations/aggregate.md
// State    one entry a group: its key, its number of rows, its accumulators. For DISTINCT the weight of each (group, value). For the ordered ones the values in order.
// Cost     O(|Δ|) expected for the linear ones, O(|Δ| log n) for the ordered ones and never a scan of the group, but by STRING_AGG and ARRAY_AGG, whose text
//          or array is put out whole; many changes of one group are merged in one pass.
// Order    groups come out in order of first touch in the step.
// Nulls    NULL keys form one group. Aggregates but ARRAY_AGG skip NULL arguments; SUM, AVG, MIN, MAX of none are NULL, COUNT is 0.
// Errors   sums beyond their type are Failure(kEvaluation). A group whose row count would fall below 0 likewise.
// Output   the key columns, then one column an aggregate. Without keys: always exactly one row, from backfill() on.

#include <vector>

#include "circuit/circuit.h"
#include "operators/distinct.h"
#include "operators/expression.h"
#include "operators/order_key.h"
#include "operators/set_operations.h"

namespace weir {

enum class AggregateFunction : std::uint8_t {
  kCountStar, kCount, kSum, kAvg, kMin, kMax, kBoolAnd, kBoolOr, kBitAnd, kBitOr, kBitXor,
  kVarPop, kVarSamp, kStddevPop, kStddevSamp,
  kStringAgg,                                 // of (text, separator)
  kArrayAgg,                                  // NULLs too
  kMode, kPercentileCont, kPercentileDisc,    // WITHIN GROUP (ORDER BY …)
  kRank, kDenseRank, kPercentRank, kCumeDist, // of a row that is not there, among those of the group
  kCovarPop, kCovarSamp, kCorr, kRegrCount, kRegrAvgX, kRegrAvgY, kRegrSxx, kRegrSyy, kRegrSxy, kRegrSlope, kRegrIntercept, kRegrR2,  // of (y, x), both double
};
constexpr bool is_ordered_set(AggregateFunction f) { return f == AggregateFunction::kMode || f == AggregateFunction::kPercentileCont || f == AggregateFunction::kPercentileDisc; }
constexpr bool is_hypothetical(AggregateFunction f) { return f >= AggregateFunction::kRank && f <= AggregateFunction::kCumeDist; }
// Is it a count, and so 0 of nothing?
constexpr bool is_count(AggregateFunction f) {
  return f == AggregateFunction::kCountStar || f == AggregateFunction::kCount || f == AggregateFunction::kRegrCount;
}
// Is its answer made of all values, in the order that its ORDER BY says?
constexpr bool is_list(AggregateFunction f) { return f == AggregateFunction::kStringAgg || f == AggregateFunction::kArrayAgg; }
// Is it the same with DISTINCT and without?
constexpr bool ignores_repeats(AggregateFunction f) {
  using F = AggregateFunction;
  return f == F::kMin || f == F::kMax || f == F::kBoolAnd || f == F::kBoolOr || f == F::kBitAnd || f == F::kBitOr;
}

struct AggregateSpec {
  AggregateFunction function;
  ExpressionPtr argument;      // null for COUNT(*)
  ExpressionPtr filter;        // boolean; may be null
  bool distinct = false;       // not with WITHIN GROUP
  TypeId argument_type = TypeId::kUnknown;
  TypeId result_type = TypeId::kUnknown;  // PostgreSQL's: COUNT bigint; SUM smallint, integer → bigint, bigint → numeric, real → real, double → double, numeric, interval;
                                          // AVG integers and numeric → numeric, real and double → double, interval; MIN, MAX, BIT_… the argument's;
                                          // VAR_…, STDDEV_… integers and numeric → numeric, else double; REGR_COUNT bigint; COVAR_…, CORR, REGR_… double
  std::vector<ExpressionPtr> more = {};      // further arguments, and what `order` needs
  std::vector<OrderKey> order = {};          // of argument (column 0) and more (from 1 on): in the aggregate's parentheses, or WITHIN GROUP
  std::vector<Constant> direct = {};         // PERCENTILE_…: the fraction, double. RANKs: the row, a value an order key
};
NodeId aggregate(Circuit& circuit, NodeId input, std::vector<ExpressionPtr> keys, std::vector<AggregateSpec> aggregates);

}  // namespace weir
