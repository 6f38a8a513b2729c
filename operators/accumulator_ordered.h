#pragma once
// Accumulators for aggregates over values in an order: MODE, PERCENTILE_…, hypothetical RANKs, STRING_AGG, ARRAY_AGG. For operators/accumulator.cc alone.
//
// Law      the values of a group with their weights are a Z-set, to which a delta is added; the answers are read off it.
// State    an order-statistic tree a group. For MODE a second one, of the distinct values by their frequency; for DENSE_RANK one of the distinct values.
// Cost     a change: O(log n). MODE, PERCENTILE_…, RANKs: O(log n) a touched group. STRING_AGG, ARRAY_AGG: O(log n) a change, and the length of the text
//          or array for each touched group, which it takes to put it out.
// Nulls    skipped, but by RANKs, which count them where ORDER BY puts them, and ARRAY_AGG, which keeps them. STRING_AGG takes a NULL separator as none.
// Errors   finish() throws for a fraction outside 0 … 1, and for a text or an array beyond 1 GB.

#include <memory>

#include "operators/accumulator.h"

namespace weir {

std::unique_ptr<Accumulator> make_ordered_set(TypeId argument);
std::unique_ptr<Accumulator> make_hypothetical(const AggregateSpec& spec);
std::unique_ptr<Accumulator> make_text_list(const AggregateSpec& spec);
std::unique_ptr<Accumulator> make_array_list(const AggregateSpec& spec);

}  // namespace weir
