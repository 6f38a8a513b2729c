#pragma once
// The ranges of DATE and TIMESTAMP, and the calendar behind them.
//
// Units    as in zset/datetime.h: days, microseconds since 2000-01-01.
// Threads  pure functions.

#include <cstdint>

namespace weir {

inline constexpr std::int64_t kPostgresEpochJulian = 2'451'545;              // the Julian day of 2000-01-01
inline constexpr std::int64_t kDateEnd = 2'147'483'494 - kPostgresEpochJulian;  // 5874898-06-03, the first that is too late
inline constexpr std::int64_t kTimestampMin = -211'813'488'000'000'000;      // 4714-11-24 BC
inline constexpr std::int64_t kTimestampEnd = 9'223'371'331'200'000'000;     // 294277-01-01, the first that is too late

constexpr bool date_in_range(std::int64_t days) { return days >= -kPostgresEpochJulian && days < kDateEnd; }
constexpr bool timestamp_in_range(std::int64_t micros) { return micros >= kTimestampMin && micros < kTimestampEnd; }
constexpr bool is_leap_year(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
constexpr int days_in_month(std::int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : kDays[month - 1];
}

}  // namespace weir
