#pragma once
// The names of time zones: "2001-02-03 04:05 PST", "... Europe/Vienna", AT TIME ZONE 'UTC'.
//
// A TIMESTAMP without time zone reads over its zone, but a misspelt one is an error. Elsewhere a zone must be one whose clocks never change.
// Threads  pure functions.

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

bool is_timezone_abbreviation(std::string_view lower);  // PostgreSQL's default set: "pst", "utc", "z", ...
bool is_timezone_name(std::string_view lower);          // of the IANA database, or a POSIX rule as "gmt+3", "est5edt"
// Seconds east of UTC, of an abbreviation or a name with one offset for all times; nothing for every other. As in POSIX "gmt+3" and "+3" lie west.
std::optional<std::int32_t> timezone_offset(std::string_view lower);

}  // namespace weir
