#pragma once
// One NaN is like another, also bit by bit: rows are told apart by their bits, and a file that knows only one NaN has to give back the rows that it got.
//
// Threads    a pure function

#include <limits>

namespace weir {

// What any double that is computed or comes from outside passes: every NaN becomes the positive, quiet one.
inline double one_nan(double d) { return d == d ? d : std::numeric_limits<double>::quiet_NaN(); }

}  // namespace weir
