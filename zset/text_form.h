#pragma once
// Values to text and back, in PostgreSQL's text form: what psql prints and what a quoted literal means.
//
// Errors   Failure(kInput): "invalid input syntax for type integer: \"abc\"", "value \"40000\" is out of range for type smallint", ...
// Threads  pure functions.

#include <weir/value.h>

#include <string>
#include <string_view>

#include "zset/slot.h"

namespace weir {

// Reads a literal of this type, typmod applied (NUMERIC rounds to its scale; VARCHAR(n) longer than n is an error unless only spaces are cut). Bytes go to the arena.
Datum parse_datum(std::string_view text, const Type& type, Arena& arena);
// Appends the text form; NULL appends nothing. Booleans are t and f; doubles shortest-round-trip as PostgreSQL's extra_float_digits = 1.
void format_datum(const Datum& value, const Type& type, std::string& out);
std::string format_double(double d);
std::string format_real(float f);

// The door's values. from_value converts as an assignment does: integers into any numeric column, texts by parse_datum. Failure(kInput) if it can't.
Datum from_value(const Value& value, const Type& type, Arena& arena);
Value to_value(const Datum& value, const Type& type);

}  // namespace weir
