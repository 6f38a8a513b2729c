#pragma once
// One key of ORDER BY.
//
// Nulls    on the side that nulls_first says. PostgreSQL's default: last when ascending, first when descending.

#include <cstdint>

namespace weir {

struct OrderKey {
  std::uint16_t column;
  bool descending = false;
  bool nulls_first = false;
};

}  // namespace weir
