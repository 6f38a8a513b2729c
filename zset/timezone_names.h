#pragma once
// The names of time zones that text may end with: "2001-02-03 04:05 PST", "... Europe/Vienna".
//
// A TIMESTAMP without time zone reads over its zone, but a misspelt one is an error.
// Threads  pure functions.

#include <string_view>

namespace weir {

bool is_timezone_abbreviation(std::string_view lower);  // PostgreSQL's default set: "pst", "utc", "z", ...
bool is_timezone_name(std::string_view lower);          // of the IANA database, or a POSIX rule as "gmt+3", "est5edt"

}  // namespace weir
