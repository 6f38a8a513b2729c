#pragma once
// The words of dates and times: "jan", "days", "bc", "epoch", and the fields that EXTRACT and date_trunc name.
//
// As in PostgreSQL a word counts with its first ten characters only ("millennium", "microseconds").
// Threads  pure functions.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

// What a part of a date is. Also bits of a mask: a part may be given once.
enum class DatePart : std::uint8_t {
  kNone, kYear, kMonth, kDay, kHour, kMinute, kSecond, kMillisecond, kMicrosecond, kDayOfYear, kZone, kDaylight, kHalfOfDay, kEra, kDayOfWeek, kIsoDayOfWeek,
  kWeek, kQuarter, kDecade, kCentury, kMillennium, kJulian, kIsoYear, kEpoch, kTime, kZoneHour, kZoneMinute,
  kOtherZone,  // timezone as a field of EXTRACT
};
constexpr std::uint32_t bit(DatePart part) { return std::uint32_t{1} << static_cast<unsigned>(part); }

struct DateWord {
  enum class Kind : std::uint8_t {
    kUnknown,
    kIgnored,      // "at", "on", "@"
    kMonth,        // value 1..12
    kDayOfWeek,    // value 0..6
    kHalfOfDay,    // value 0 am, 1 pm
    kEra,          // value 0 AD, 1 BC
    kDaylight,     // "dst"
    kUnit,         // part
    kIsoTime,      // "t"
    kEpoch,
    kAllBalls,     // 00:00:00 UTC
    kVolatile,     // now, today, tomorrow, yesterday
    kInfinity,
    kMinusInfinity,
    kAgo,
  } kind = Kind::kUnknown;
  std::int8_t value = 0;
  DatePart part = DatePart::kNone;
};

DateWord date_word(std::string_view lower);  // inside a date or timestamp
DateWord unit_word(std::string_view lower);  // inside an interval, a field named to date_trunc

const std::string& lower_case(std::string_view text, std::string& lower);  // ASCII only; returns `lower`

// A field named to EXTRACT: unit_word, else date_word. `lower` receives its name for messages.
DateWord field_word(std::string_view name, std::string& lower);

}  // namespace weir
