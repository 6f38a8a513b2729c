#pragma once
// Accumulators for bits, variances and regressions: counters and exact sums, all of them linear. For operators/accumulator.cc alone.
//
// Law      BIT_AND, BIT_OR, BIT_XOR: how many values have bit i, for each i. VAR, STDDEV: Σx, Σx². COVAR, CORR, REGR: Σx, Σy, Σx², Σy², Σxy.
// State    bits: 8 bytes for each bit of the type. Integers and NUMERIC: exact sums, from which PostgreSQL's result follows digit by digit. Doubles: exact sums
//          (zset/exact_sum.h), from which Σ(x-mean)(y-mean) follows correctly rounded, so that nothing drifts; PostgreSQL's own may differ in the last digits.
// Errors   doubles: a spread beyond the range of DOUBLE, from finite values, is Failure(kEvaluation), as in PostgreSQL.

#include <memory>

#include "operators/accumulator.h"

namespace weir {

std::unique_ptr<Accumulator> make_bits(TypeId argument);
std::unique_ptr<Accumulator> make_variance(TypeId argument);
std::unique_ptr<Accumulator> make_regression();

}  // namespace weir
