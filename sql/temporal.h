#pragma once
// now() in live views: which conditions may ask for the time, and what of them becomes a filter by time.
//
// A condition that is monotone in the time changes at most once for a row, at a moment that can be searched for: comparisons of what only grows with what does not, AND and OR
// of such that go the same way. `=` is two of them. A month added to now() is monotone from day to day alone (operators/temporal_filter.h).
//
// Errors   Failure(kUnsupported) at the now() that stands elsewhere.

#include <cstdint>
#include <vector>

#include "operators/temporal_filter.h"
#include "sql/plan.h"

namespace weir {

bool mentions_now(const Expr& expr);
bool mentions_now(const Plan& plan);  // anywhere in it

// A filter's condition taken apart.
struct TimedCondition {
  ExprPtr timeless;  // first; null: nothing
  struct Part {
    ExprPtr condition;  // over the input's columns, followed by the time
    bool enters = false, by_day = false;
  };
  std::vector<Part> timed;
};
TimedCondition split_by_time(const Expr& condition, std::size_t width);  // width: of the input

// Failure where a view's plan, optimised, can't be kept as time passes.
void check_now(const Plan& plan);

}  // namespace weir
