#pragma once
// The patterns of to_char(), to_date() and to_timestamp(): "YYYY", "Month", "HH24", ...
//
// Threads  pure functions.

#include <cstdint>
#include <string_view>

#include "zset/ascii.h"

namespace weir::datetime {

enum class Pattern : std::uint8_t {
  kEra, kEraDots, kHalfOfDay, kHalfOfDayDots, kCentury, kMonthName, kMonthShort, kDayName, kDayShort, kDayOfYear, kDay, kDayOfWeek, kFraction,
  kFixed, kHour24, kHour12, kIsoDayOfYear, kIsoDayOfWeek, kIsoWeek, kIsoYear4, kIsoYear3, kIsoYear2, kIsoYear1, kJulian, kMinute, kMonth, kMillisecond,
  kZoneOffset, kQuarter, kRoman, kSecondOfDay, kSecond, kZoneHour, kZoneMinute, kZone, kMicrosecond, kWeekOfYear, kWeekOfMonth, kYearComma, kYear4,
  kYear3, kYear2, kYear1,
};

enum class Case : std::uint8_t { kUpper, kCapital, kLower };

struct Keyword {
  std::string_view text;  // in upper case
  Pattern pattern;
  bool capital = false;   // has a spelling with one capital: "Month"
  int digits = 0;         // kFraction
};

// The pattern that `s` begins with, the longest; null where there is none. `how` is its spelling.
const Keyword* keyword_at(std::string_view s, Case& how);

inline constexpr std::string_view kMonths[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
inline constexpr std::string_view kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
inline constexpr std::string_view kRomans[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};

}  // namespace weir::datetime
