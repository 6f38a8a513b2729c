#pragma once
// ORDER BY … LIMIT … OFFSET, over all rows or the rows of each partition.
//
// Law      out = for each partition the rows at positions offset+1 … offset+limit in the order given, ties broken by the remaining columns left to right (so that the
//          answer is a function of the input); with ties, also those behind the last of them that the order given puts beside it. Δout is the difference of that window before and after.   Derivation: docs/derivations/top_k.md
// State    each partition's rows in order (order-statistic).
// Cost     O(log n) a change, plus the rows that enter or leave the window.
// Nulls    by nulls_first of each order key; NULL partition keys form one partition.
// Errors   a row whose weight would fall below 0 is Failure(kEvaluation).

#include <optional>
#include <vector>

#include "circuit/circuit.h"
#include "operators/order_key.h"

namespace weir {

struct TopKSpec {
  std::vector<std::uint16_t> partition;
  std::vector<OrderKey> order;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> limit;  // none: all rows from the offset on
  bool row_number = false;             // appends the position in the partition (from 1) as a BIGINT column
  bool ties = false;                   // WITH TIES: the window goes on to the last peer of the row at its limit. Not with row_number
};
NodeId top_k(Circuit& circuit, NodeId input, TopKSpec spec);

}  // namespace weir
