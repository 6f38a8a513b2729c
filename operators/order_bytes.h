#pragma once
// Values as bytes that compare like ORDER BY: one comparison for any number of keys of any type, direction and place of NULL.
//
// Law      compare(bytes(a), bytes(b)) = ORDER BY's comparison of a and b, byte by byte; what SQL calls equal (1.0 and 1.00, NULL and NULL) gives equal bytes.
//          No encoding of a value is the beginning of another's, so that more may follow.
// Threads  pure functions.

#include <string>

#include "zset/hash.h"
#include "zset/slot.h"

namespace weir {

void append_order_bytes(std::string& out, const Datum& value, KeyKind kind, bool descending, bool nulls_first);

}  // namespace weir
