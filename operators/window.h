#pragma once
// Window functions over the rows of each partition in their order: each row of the input, with one column more for each function.
//
// Law      Q adds to a row what its partition says about it, so Q is local to partitions: Δout = Σ over touched partitions of Q(after) − Q(before), and of these only
//          the positions whose value may differ: from the first changed one less what frames look ahead, to the last one and what frames look back.
//          Derivation: docs/derivations/window.md
// State    each partition's rows in order (order-statistic). For the linear aggregates (all but MIN, MAX, STRING_AGG) over frames without a bound on one side: their value over the
//          whole partition, from which a frame's value is what lies outside of the frame taken out.
// Cost     O(log n) a change, plus the positions between, as above: ROW_NUMBER, RANK and running aggregates: those behind the change. LAG, LEAD, ROWS and
//          RANGE frames with offsets: the neighbours. Aggregates of the whole partition: all of it, if the value changed. Proportional to the partition where it is
//          touched: DENSE_RANK, PERCENT_RANK, CUME_DIST, NTILE, and MIN, MAX without a bound on one side. STRING_AGG: the texts that it puts out. EXCLUDE: for each row what it excludes (MIN, MAX: the frame).
// Order    ties stand in the order of their remaining columns, left to right.
// Nulls    by nulls_first of each order key; NULL partition keys form one partition. Aggregates skip NULLs; LAG, LEAD and FIRST, LAST, NTH_VALUE respect them.
// Errors   Failure(kEvaluation) for a row whose weight would fall below 0, for NTILE and NTH_VALUE of less than 1, for sums beyond their type.
// Output   the columns of the input, then one a call.

#include <string>
#include <vector>

#include "operators/aggregate.h"
#include "operators/order_key.h"

namespace weir {

enum class WindowFunction : std::uint8_t {
  kRowNumber, kRank, kDenseRank, kPercentRank, kCumeDist, kNtile, kLag, kLead, kFirstValue, kLastValue, kNthValue, kAggregate
};

// Does it look at the rows of a frame, and not of the partition?
constexpr bool has_frame(WindowFunction f) {
  return f == WindowFunction::kFirstValue || f == WindowFunction::kLastValue || f == WindowFunction::kNthValue || f == WindowFunction::kAggregate;
}

struct FrameBound {
  enum class Kind : std::uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
  Kind kind = Kind::kCurrentRow;
  // PRECEDING, FOLLOWING: rows, groups, or for RANGE a distance, in the member of the order column's kind. Never negative.
  std::int64_t count = 0;
  double number = 0;
  std::string numeric;   // in the encoding of zset/numeric.h
  Interval interval;     // for dates, timestamps and intervals
  bool operator==(const FrameBound&) const = default;
};

struct Frame {
  enum class Mode : std::uint8_t { kRows, kRange, kGroups };
  enum class Exclude : std::uint8_t { kNothing, kCurrentRow, kGroup, kTies };
  Mode mode = Mode::kRange;
  FrameBound start{FrameBound::Kind::kUnboundedPreceding, 0, 0, {}, {}}, end;
  Exclude exclude = Exclude::kNothing;
  bool operator==(const Frame&) const = default;
};

struct WindowCall {
  WindowFunction function = WindowFunction::kRowNumber;
  AggregateFunction aggregate = AggregateFunction::kCountStar;  // of kAggregate; MIN and MAX of booleans are none
  int argument = -1;       // a column of the input, as are the others: -1 where there is none
  int second = -1;         // the second argument of an aggregate that has two
  int count_column = -1;   // NTILE's buckets, LAG's and LEAD's offset, NTH_VALUE's n where it is not constant
  int fallback = -1;       // LAG's and LEAD's default
  std::int64_t count = 1;  // the same, constant
  TypeId argument_type = TypeId::kUnknown;
  TypeId result_type = TypeId::kBigint;
  Frame frame;
  bool operator==(const WindowCall&) const = default;
};

struct WindowSpec {
  std::vector<std::uint16_t> partition;
  std::vector<OrderKey> order;
  TypeId order_type = TypeId::kUnknown;  // of the one order column, for RANGE with an offset
  std::vector<WindowCall> calls;
};
// REQUIRES: RANGE with an offset has exactly one order key.
NodeId window(Circuit& circuit, NodeId input, WindowSpec spec);

}  // namespace weir
