#pragma once
// DATE, TIME, TIMESTAMP, TIMESTAMPTZ and INTERVAL: parsing, text form (DateStyle ISO, IntervalStyle postgres) and arithmetic, as PostgreSQL does them.
//
// Units    a date is days, a timestamp microseconds, both since 2000-01-01 (Gregorian, proleptic). kInfinity and kMinusInfinity are 'infinity' and '-infinity'.
//          A timestamp with time zone is one of UTC, the time zone of every session: it has the functions of a timestamp where none is named for it.
//          A time is microseconds since midnight, 0 to kMicrosPerDay.
// Errors   Failure(kInput) for text that is no date ("invalid input syntax for type date: ..."), Failure(kEvaluation) out of range.
// Threads  pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zset/numeric.h"
#include "zset/slot.h"

namespace weir {

inline constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;

struct CivilTime {
  std::int64_t year = 2000;  // astronomical: 0 is 1 BC
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0;
};

std::int64_t days_from_civil(std::int64_t year, int month, int day);
CivilTime civil_from_timestamp(std::int64_t micros);
CivilTime civil_from_date(std::int64_t days);
std::int64_t timestamp_from_civil(const CivilTime& t);  // checks the range

std::int64_t round_seconds(std::int64_t micros, int precision);  // to so many digits behind the point; to all where it is negative
std::int64_t parse_date(std::string_view text);
std::int64_t parse_timestamp(std::string_view text, int precision = -1);
std::int64_t parse_timestamptz(std::string_view text, int precision = -1);  // without a zone: UTC. Failure(kUnsupported) for a zone whose clocks change
std::int64_t parse_time(std::string_view text, int precision = -1);         // reads over a date and a zone
Interval parse_interval(std::string_view text);
std::string format_date(std::int64_t days);
std::string format_timestamp(std::int64_t micros);
std::string format_timestamptz(std::int64_t micros);
std::string format_time(std::int64_t micros);
std::string format_interval(const Interval& i);

std::int64_t date_to_timestamp(std::int64_t days);
std::int64_t timestamp_to_date(std::int64_t micros);
std::optional<std::int64_t> timestamp_to_time(std::int64_t micros);    // nothing for an infinite one
std::int64_t interval_to_time(const Interval& i);                      // its time alone, around the clock
std::int64_t time_plus(std::int64_t time, const Interval& i);          // around the clock; days and months do not count
std::int64_t date_plus_time(std::int64_t days, std::int64_t time);
// What the clocks of a zone show at a moment, and the moment at which they show it (AT TIME ZONE). Failure(kEvaluation) for an unknown zone, (kUnsupported) for one
// whose clocks change.
std::int64_t in_zone(std::int64_t moment, std::string_view zone);
std::int64_t from_zone(std::int64_t local, std::string_view zone);
std::int64_t in_zone(std::int64_t moment, const Interval& east);
std::int64_t from_zone(std::int64_t local, const Interval& east);
std::int64_t from_written_zone(std::int64_t local, std::string_view zone);  // as timestamps are written: "+02" lies east
[[noreturn]] void refuse_timezone(std::string_view name);
std::int64_t timestamp_plus(std::int64_t micros, const Interval& i);   // months first, clamped to the month's end, then days, then time
Interval timestamp_minus(std::int64_t a, std::int64_t b);              // days and time
Interval interval_plus(const Interval& a, const Interval& b);
Interval interval_negate(const Interval& a);
Interval interval_times(const Interval& a, double factor);
Interval interval_divide(const Interval& a, double divisor);
int interval_compare(const Interval& a, const Interval& b);            // 30-day months, 24-hour days
std::uint64_t interval_hash(const Interval& a);                        // equal intervals hash alike
Interval age(std::int64_t a, std::int64_t b);
Interval justify_hours(const Interval& i);
Interval justify_days(const Interval& i);
Interval justify_interval(const Interval& i);

// `zoned`: of a timestamp with time zone, which has fields of its own (timezone) and another name in messages.
std::int64_t date_trunc(std::string_view field, std::int64_t micros, bool zoned = false);
Interval date_trunc(std::string_view field, const Interval& i);
std::int64_t date_bin(const Interval& stride, std::int64_t micros, std::int64_t origin);
// EXTRACT: numeric, PostgreSQL 14 and later. Nothing (NULL) for a field that goes round, of an infinite date: extract(hour from 'infinity').
std::optional<Numeric> extract_timestamp(std::string_view field, std::int64_t micros, bool zoned = false);
Numeric extract_time(std::string_view field, std::int64_t time);
std::optional<Numeric> extract_date(std::string_view field, std::int64_t days);
Numeric extract_interval(std::string_view field, const Interval& i);
// Text read by a format of to_char's patterns: days, a moment.
std::int64_t to_date(std::string_view text, std::string_view format);
std::int64_t to_timestamp(std::string_view text, std::string_view format);
// Nothing (NULL) for an empty format and for an infinite timestamp.
std::optional<std::string> to_char_timestamp(std::int64_t micros, std::string_view format, bool zoned = false);
std::optional<std::string> to_char_interval(const Interval& i, std::string_view format);

}  // namespace weir
