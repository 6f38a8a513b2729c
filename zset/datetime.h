#pragma once
// DATE, TIMESTAMP and INTERVAL: parsing, text form (DateStyle ISO, IntervalStyle postgres) and arithmetic, as PostgreSQL does them.
//
// Units    a date is days, a timestamp microseconds, both since 2000-01-01 (Gregorian, proleptic). kInfinity and kMinusInfinity are 'infinity' and '-infinity'.
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

std::int64_t parse_date(std::string_view text);
std::int64_t parse_timestamp(std::string_view text, int precision = -1);
Interval parse_interval(std::string_view text);
std::string format_date(std::int64_t days);
std::string format_timestamp(std::int64_t micros);
std::string format_interval(const Interval& i);

std::int64_t date_to_timestamp(std::int64_t days);
std::int64_t timestamp_to_date(std::int64_t micros);
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

std::int64_t date_trunc(std::string_view field, std::int64_t micros);
Interval date_trunc(std::string_view field, const Interval& i);
std::int64_t date_bin(const Interval& stride, std::int64_t micros, std::int64_t origin);
// EXTRACT: numeric, PostgreSQL 14 and later. Nothing (NULL) for a field that goes round, of an infinite date: extract(hour from 'infinity').
std::optional<Numeric> extract_timestamp(std::string_view field, std::int64_t micros);
std::optional<Numeric> extract_date(std::string_view field, std::int64_t days);
Numeric extract_interval(std::string_view field, const Interval& i);
// Nothing (NULL) for an empty format and for an infinite timestamp.
std::optional<std::string> to_char_timestamp(std::int64_t micros, std::string_view format);
std::optional<std::string> to_char_interval(const Interval& i, std::string_view format);

}  // namespace weir
