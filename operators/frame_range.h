#pragma once
// RANGE frames with a distance: which values lie within it of a row's own.
//
// Law      PostgreSQL's in_range functions: value ≤ own ± distance, or ≥ it. Integers beyond 64 bits are beyond all values; NaN is the largest and within any distance
//          of NaN; an infinity less an infinite distance is all values.
// Nulls    a NULL lies at its end of the order, together with the other NULLs.
// Errors   Failure(kEvaluation) where a date plus an interval has no value.
// Threads  pure functions.

#include "operators/order_key.h"
#include "operators/window.h"

namespace weir {

class FrameRange {
 public:
  FrameRange(const Frame& frame, const OrderKey& key, TypeId type) : frame_(frame), key_(key), type_(type) {}

  // Is the value not before the start of the frame of the row whose order column is `own`?
  bool from_start(const Datum& value, const Datum& own) const;
  // Is it not behind its end?
  bool until_end(const Datum& value, const Datum& own) const;

 private:
  bool within(const Datum& value, const Datum& own, const FrameBound& bound, bool below) const;
  const Frame& frame_;
  OrderKey key_;
  TypeId type_;
};

}  // namespace weir
