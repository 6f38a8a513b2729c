// to_char for timestamps and intervals.
//
// A format is cut into patterns, the longest first ("YYYY" before "YY"), each with an optional FM or TM before and TH behind it. What is no pattern, and what
// stands between double quotes, is copied. An interval has no calendar: month names and the like are refused for it, other fields are those it has, signed.

#include <weir/error.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "zset/datetime.h"
#include "zset/datetime_patterns.h"

namespace weir {
namespace {

using namespace datetime;

// What is formatted: a timestamp's civil time, or the fields of an interval, which may be negative.
struct Parts {
  bool interval = false;
  bool zoned = false;
  std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0, day_of_year = 0;
};

// The Julian day of a date whose month need not be one.
std::int64_t julian_day(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t y = month > 2 ? year + 4800 : year + 4799, m = month > 2 ? month + 1 : month + 13, century = y / 100;
  return y * 365 - 32167 + y / 4 - century + century / 4 + 7834 * m / 256 + day;
}

struct IsoDate {
  std::int64_t year, week, day_of_year;
};

IsoDate iso_date(const Parts& p) {
  const auto start = [](std::int64_t year) {  // the Monday of the week that holds the 4th of January
    const std::int64_t fourth = julian_day(year, 1, 4);
    return fourth - (fourth % 7 + 7) % 7;
  };
  const std::int64_t n = julian_day(p.year, p.month, p.day);
  std::int64_t year = p.year;
  if (n < start(year)) --year;
  std::int64_t week = (n - start(year)) / 7 + 1;
  if (week >= 52 && n >= start(year + 1)) {
    ++year;
    week = (n - start(year)) / 7 + 1;
  }
  return {year, week, n - start(year) + 1};
}

// printf's %0*d.
std::string padded(std::int64_t value, std::size_t width) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  const std::size_t sign = value < 0;
  if (digits.size() + sign < width) digits.insert(0, width - sign - digits.size(), '0');
  return value < 0 ? "-" + digits : digits;
}

std::string_view ordinal_ending(std::string_view number) {
  const char last = number.back();
  if (number.size() > 1 && number[number.size() - 2] == '1') return "th";
  return last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
}

std::string in_case(std::string_view word, Case how) {
  std::string out(word);
  if (how != Case::kCapital) std::transform(out.begin(), out.end(), out.begin(), how == Case::kUpper ? upper : lower);
  return out;
}

struct Writer {
  const Parts& p;
  bool fill = true;        // not FM
  bool translated = false; // TM: no padding of names of months and days
  Case how = Case::kUpper;
  bool number = false;     // the text written last is a number: TH may follow

  std::string numeric(std::int64_t value, std::size_t width) {
    number = true;
    return padded(value, fill ? width : 0);
  }
  // Two digits, or a sign and two.
  std::string signed_pair(std::int64_t value, std::int64_t sign_of) { return numeric(value, sign_of >= 0 ? 2 : 3); }
  std::string fixed_digits(std::int64_t value, std::size_t width) {
    number = true;
    return padded(value, width);
  }
  std::string name(std::string_view word, std::size_t width, bool may_fill) const {
    std::string out = in_case(word, how);
    if (may_fill && out.size() < width) out.append(width - out.size(), ' ');
    return out;
  }
  void needs_calendar() const {
    if (!p.interval) return;
    Failure failure(ErrorCode::kEvaluation, "invalid format specification for an interval value");
    failure.error().hint = "Intervals are not tied to specific calendar dates.";
    throw failure;
  }
  std::int64_t shown(std::int64_t year) const { return p.interval || year > 0 ? year : 1 - year; }  // BC years without their sign
  std::string year(std::int64_t value, std::size_t digits) {
    std::int64_t modulus = 1;
    for (std::size_t i = 0; i < digits; ++i) modulus *= 10;
    return numeric(digits == 4 ? shown(value) : shown(value) % modulus, shown(p.year) >= 0 || digits == 1 ? digits : digits + 1);
  }
  std::int64_t day_of_week() const { return (julian_day(p.year, p.month, p.day) + 1) % 7; }

  std::string write(const Keyword& k) {
    number = false;
    switch (k.pattern) {
      case Pattern::kEra: needs_calendar(); return in_case(p.year <= 0 ? "BC" : "AD", how);
      case Pattern::kEraDots: needs_calendar(); return in_case(p.year <= 0 ? "B.C." : "A.D.", how);
      case Pattern::kHalfOfDay: return in_case(p.hour % 24 >= 12 ? "PM" : "AM", how);
      case Pattern::kHalfOfDayDots: return in_case(p.hour % 24 >= 12 ? "P.M." : "A.M.", how);
      case Pattern::kCentury: {
        const std::int64_t century = p.interval ? p.year / 100 : p.year > 0 ? (p.year - 1) / 100 + 1 : p.year / 100 - 1;
        return century <= 99 && century >= -99 ? signed_pair(century, century) : fixed_digits(century, 0);
      }
      case Pattern::kMonthName: needs_calendar(); return name(kMonths[p.month - 1], 9, fill && !translated);
      case Pattern::kMonthShort: needs_calendar(); return in_case(kMonths[p.month - 1].substr(0, 3), how);
      case Pattern::kDayName: needs_calendar(); return name(kDays[day_of_week()], 9, fill && !translated);
      case Pattern::kDayShort: needs_calendar(); return in_case(kDays[day_of_week()].substr(0, 3), how);
      case Pattern::kDayOfYear: return numeric(p.day_of_year, 3);
      case Pattern::kDay: return numeric(p.day, 2);
      case Pattern::kDayOfWeek: needs_calendar(); return fixed_digits(day_of_week() + 1, 0);
      case Pattern::kFraction: {
        std::int64_t unit = 1;
        for (int i = k.digits; i < 6; ++i) unit *= 10;
        return fixed_digits(p.micros / unit, static_cast<std::size_t>(k.digits));
      }
      case Pattern::kFixed: return {};
      case Pattern::kHour24: return signed_pair(p.hour, p.hour);
      case Pattern::kHour12: return signed_pair(p.hour % 12 == 0 ? 12 : p.hour % 12, p.hour);
      case Pattern::kIsoDayOfYear: return numeric(iso_date(p).day_of_year, 3);
      case Pattern::kIsoDayOfWeek: needs_calendar(); return fixed_digits(day_of_week() == 0 ? 7 : day_of_week(), 0);
      case Pattern::kIsoWeek: return numeric(iso_date(p).week, 2);
      case Pattern::kIsoYear4: return year(iso_date(p).year, 4);
      case Pattern::kIsoYear3: return year(iso_date(p).year, 3);
      case Pattern::kIsoYear2: return year(iso_date(p).year, 2);
      case Pattern::kIsoYear1: return year(iso_date(p).year, 1);
      case Pattern::kJulian: return fixed_digits(julian_day(p.year, p.month, p.day), 0);
      case Pattern::kMinute: return signed_pair(p.minute, p.minute);
      case Pattern::kMonth: return signed_pair(p.month, p.month);
      case Pattern::kMillisecond: return fixed_digits(p.micros / 1000, 3);
      case Pattern::kZoneOffset: needs_calendar(); return fill ? "+00" : "+0";
      case Pattern::kZoneHour: needs_calendar(); return "+00";
      case Pattern::kZoneMinute: needs_calendar(); return "00";
      case Pattern::kZone: needs_calendar(); return p.zoned ? in_case("UTC", how) : std::string();
      case Pattern::kQuarter: return p.month == 0 ? std::string() : fixed_digits((p.month - 1) / 3 + 1, 0);
      case Pattern::kRoman: {
        if (p.month == 0 && p.year == 0) return {};
        const std::int64_t at = p.month == 0 ? (p.year >= 0 ? 11 : 0) : p.month < 0 ? p.month + 12 : p.month - 1;
        return name(kRomans[at], 4, fill);
      }
      case Pattern::kSecondOfDay: return fixed_digits((p.hour * 60 + p.minute) * 60 + p.second, 0);
      case Pattern::kSecond: return signed_pair(p.second, p.second);
      case Pattern::kMicrosecond: return fixed_digits(p.micros, 6);
      case Pattern::kWeekOfYear: return numeric((p.day_of_year - 1) / 7 + 1, 2);
      case Pattern::kWeekOfMonth: return fixed_digits((p.day - 1) / 7 + 1, 0);
      case Pattern::kYearComma: {
        const std::int64_t thousands = shown(p.year) / 1000;
        number = true;
        return std::to_string(thousands) + "," + padded(shown(p.year) - thousands * 1000, 3);
      }
      case Pattern::kYear4: return year(p.year, 4);
      case Pattern::kYear3: return year(p.year, 3);
      case Pattern::kYear2: return year(p.year, 2);
      case Pattern::kYear1: return year(p.year, 1);
    }
    return {};
  }
};

std::string format(const Parts& parts, std::string_view s) {
  std::string out;
  while (!s.empty()) {
    Writer writer{parts};
    if (s.starts_with("FM") || s.starts_with("fm")) {
      writer.fill = false;
      s.remove_prefix(2);
    } else if (s.starts_with("TM") || s.starts_with("tm")) {
      writer.translated = true;
      s.remove_prefix(2);
    }
    if (const Keyword* k = keyword_at(s, writer.how)) {
      s.remove_prefix(k->text.size());
      std::string text = writer.write(*k);
      if (s.starts_with("TH") || s.starts_with("th")) {
        if (writer.number && !text.empty()) text += in_case(ordinal_ending(text), s[0] == 'T' ? Case::kUpper : Case::kLower);
        s.remove_prefix(2);
      } else if (s.starts_with("SP")) {
        s.remove_prefix(2);
      }
      out += text;
    } else if (!s.empty() && s[0] == '"') {
      s.remove_prefix(1);
      while (!s.empty() && s[0] != '"') {
        if (s[0] == '\\' && s.size() > 1) s.remove_prefix(1);
        out += s[0];
        s.remove_prefix(1);
      }
      if (!s.empty()) s.remove_prefix(1);
    } else if (!s.empty()) {
      if (s[0] == '\\' && s.size() > 1 && s[1] == '"') s.remove_prefix(1);
      out += s[0];
      s.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> to_char_timestamp(std::int64_t micros, std::string_view text, bool zoned) {
  if (text.empty() || micros == kInfinity || micros == kMinusInfinity) return std::nullopt;
  const CivilTime t = civil_from_timestamp(micros);
  Parts p{false, zoned, t.year, t.month, t.day, t.hour, t.minute, t.second, t.micros, 0};
  p.day_of_year = days_from_civil(t.year, t.month, t.day) - days_from_civil(t.year, 1, 1) + 1;
  return format(p, text);
}

std::optional<std::string> to_char_interval(const Interval& i, std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::int64_t seconds = i.micros / kMicrosPerSecond;
  Parts p{true, false, i.months / 12, i.months % 12, i.days, seconds / 3600, seconds / 60 % 60, seconds % 60, i.micros % kMicrosPerSecond, 0};
  p.day_of_year = std::int64_t{i.months} * 30 + i.days;
  return format(p, text);
}

}  // namespace weir
