// Text to INTERVAL, in all the spellings that PostgreSQL reads: "1 year 2 days 03:04", "3 hours ago", "1-2", "P1Y2M3DT4H5M6S".
//
// The fields are given a meaning from right to left, since units follow their numbers.

#include <weir/error.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "zset/datetime.h"
#include "zset/datetime_fields.h"

namespace weir {
namespace {

using namespace datetime;
using Part = DatePart;
using Word = DateWord::Kind;

// An interval while it is read: years apart from months, all sums checked.
struct IntervalReader {
  std::int32_t years = 0, months = 0, days = 0;
  std::int64_t micros = 0;

  template <class I>
  static bool add(I& sum, std::int64_t value, std::int64_t scale = 1) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(value, scale, &product)) return false;
    return !__builtin_add_overflow(sum, product, &sum);
  }
  bool fraction_of_time(double fraction, std::int64_t scale) {
    if (fraction == 0) return true;
    fraction *= static_cast<double>(scale);
    auto whole = static_cast<std::int64_t>(fraction);
    fraction -= static_cast<double>(whole);
    if (fraction > 0.5) ++whole;
    else if (fraction < -0.5) --whole;
    return add(micros, whole);
  }
  bool fraction_of_days(double fraction, int scale) {
    if (fraction == 0) return true;
    fraction *= scale;
    const auto whole = static_cast<int>(fraction);
    return add(days, whole) && fraction_of_time(fraction - whole, kMicrosPerDay);
  }
  bool fraction_of_years(double fraction, int scale) {
    return add(months, static_cast<int>(std::rint(fraction * scale * 12)));
  }
  bool add_time(std::int64_t value, double fraction, std::int64_t scale) { return add(micros, value, scale) && fraction_of_time(fraction, scale); }
  bool add_years(std::int64_t value, double fraction, int scale) { return add(years, value, scale) && fraction_of_years(fraction, scale); }
  bool add_months(std::int64_t value, double fraction) { return add(months, value) && fraction_of_days(fraction, 30); }
  bool add_weeks(std::int64_t value, double fraction) { return add(days, value, 7) && fraction_of_days(fraction, 7); }
  bool add_days(std::int64_t value, double fraction) { return add(days, value) && fraction_of_time(fraction, kMicrosPerDay); }

  bool add_unit(Part part, std::int64_t value, double fraction) {
    switch (part) {
      case Part::kMicrosecond: return add_time(value, fraction, 1);
      case Part::kMillisecond: return add_time(value, fraction, 1000);
      case Part::kSecond: return add_time(value, fraction, kMicrosPerSecond);
      case Part::kMinute: return add_time(value, fraction, 60 * kMicrosPerSecond);
      case Part::kHour: return add_time(value, fraction, 3600 * kMicrosPerSecond);
      case Part::kDay: return add_days(value, fraction);
      case Part::kWeek: return add_weeks(value, fraction);
      case Part::kMonth: return add_months(value, fraction);
      case Part::kYear: return add_years(value, fraction, 1);
      case Part::kDecade: return add_years(value, fraction, 10);
      case Part::kCentury: return add_years(value, fraction, 100);
      case Part::kMillennium: return add_years(value, fraction, 1000);
      default: return false;
    }
  }
  static bool is_unit(Part part) {
    switch (part) {
      case Part::kMicrosecond: case Part::kMillisecond: case Part::kSecond: case Part::kMinute: case Part::kHour: case Part::kDay: case Part::kWeek:
      case Part::kMonth: case Part::kYear: case Part::kDecade: case Part::kCentury: case Part::kMillennium: return true;
      default: return false;
    }
  }

  // hh:mm, hh:mm:ss.ffffff, mm:ss.ffffff
  Fault clock(std::string_view s, std::uint32_t& mask) {
    mask = kTimeBits;
    std::int64_t hour = 0;
    int minute = 0, second = 0, fraction = 0;
    if (const Fault fault = leading_integer(s, hour); fault != Fault::kNone) return fault;
    if (front(s) != ':') return Fault::kSyntax;
    s.remove_prefix(1);
    if (!s.empty()) {
      if (const Fault fault = leading_integer(s, minute); fault == Fault::kRange) return fault;
    }
    if (front(s) == '.') {
      if (const Fault fault = read_micros(s, fraction); fault != Fault::kNone) return fault;
      if (hour > std::numeric_limits<int>::max()) return Fault::kRange;
      second = minute;
      minute = static_cast<int>(hour);
      hour = 0;
    } else if (front(s) == ':') {
      s.remove_prefix(1);
      if (!s.empty()) {
        if (const Fault fault = leading_integer(s, second); fault == Fault::kRange) return fault;
      }
      if (front(s) == '.') {
        if (const Fault fault = read_micros(s, fraction); fault != Fault::kNone) return fault;
      } else if (!s.empty()) {
        return Fault::kSyntax;
      }
    } else if (!s.empty()) {
      return Fault::kSyntax;
    }
    if (hour < 0 || minute < 0 || minute > 59 || second < 0 || second > 60) return Fault::kRange;
    micros = 0;
    return add(micros, hour, 3600 * kMicrosPerSecond) && add(micros, minute, 60 * kMicrosPerSecond) && add(micros, second, kMicrosPerSecond) && add(micros, fraction)
               ? Fault::kNone
               : Fault::kRange;
  }

  // A number, whose unit stood behind it (and was read before it).
  Fault number(std::string_view text, Part& unit, std::uint32_t& mask) {
    if (unit == Part::kNone) unit = Part::kSecond;
    const bool negative = text[0] == '-';
    std::string_view rest = text;
    std::int64_t value = 0;
    double fraction = 0;
    // ".5" has no digits before its point.
    if (text[0] != '.') {
      if (const Fault fault = leading_integer(rest, value); fault != Fault::kNone) return fault;
    }
    if (front(rest) == '-') {  // years-months
      rest.remove_prefix(1);
      int months_given = 0;
      if (const Fault fault = rest.empty() ? Fault::kNone : leading_integer(rest, months_given); fault == Fault::kRange) return fault;
      if (months_given < 0 || months_given >= 12) return Fault::kRange;
      if (!rest.empty()) return Fault::kSyntax;
      unit = Part::kMonth;
      if (__builtin_mul_overflow(value, std::int64_t{12}, &value) || __builtin_add_overflow(value, negative ? -months_given : months_given, &value)) return Fault::kRange;
    } else if (front(rest) == '.') {
      if (const Fault fault = read_fraction(rest, fraction); fault != Fault::kNone) return fault;
      if (negative) fraction = -fraction;
    } else if (!rest.empty()) {
      return Fault::kSyntax;
    }
    if (!is_unit(unit)) return Fault::kSyntax;
    if (!add_unit(unit, value, fraction)) return Fault::kRange;
    mask = unit == Part::kSecond && fraction != 0 ? kSecondBits : bit(unit);
    if (unit == Part::kHour) unit = Part::kDay;  // for the next number to the left
    return Fault::kNone;
  }

  Fault traditional(std::string_view text) {
    std::vector<DateField> fields;
    if (!split(text, fields)) return Fault::kSyntax;
    std::uint32_t seen = 0;
    Part unit = Part::kNone;
    bool ago = false;
    for (std::size_t i = fields.size(); i-- > 0;) {
      const std::string& field = fields[i].text;
      std::uint32_t mask = 0;
      Fault fault = Fault::kNone;
      switch (fields[i].shape) {
        case DateField::Shape::kTime:
          fault = clock(field, mask);
          unit = Part::kDay;
          break;
        case DateField::Shape::kSigned:
          if (field.find(':') != std::string::npos && clock(std::string_view(field).substr(1), mask) == Fault::kNone) {
            if (field[0] == '-') micros = -micros;
            unit = Part::kDay;
            break;
          }
          fault = number(field, unit, mask);
          break;
        case DateField::Shape::kDate:
        case DateField::Shape::kNumber: fault = number(field, unit, mask); break;
        case DateField::Shape::kString:
        case DateField::Shape::kSpecial: {
          const DateWord word = unit_word(field);
          if (word.kind == Word::kIgnored) continue;
          if (word.kind == Word::kUnit) {
            unit = word.part;
          } else if (word.kind == Word::kAgo) {
            ago = true;
            unit = Part::kEra;  // of no number: "1 ago" is an error
          } else {
            fault = Fault::kSyntax;
          }
          break;
        }
      }
      if (fault != Fault::kNone) return fault;
      if (mask & seen) return Fault::kSyntax;
      seen |= mask;
    }
    if (seen == 0) return Fault::kSyntax;
    if (ago) {
      if (micros == std::numeric_limits<std::int64_t>::min()) return Fault::kRange;
      for (std::int32_t* part : {&years, &months, &days}) {
        if (*part == std::numeric_limits<std::int32_t>::min()) return Fault::kRange;
        *part = -*part;
      }
      micros = -micros;
    }
    return Fault::kNone;
  }

  static Fault iso_number(std::string_view& s, std::int64_t& whole, double& fraction) {
    if (!is_digit(static_cast<char>(front(s))) && front(s) != '-' && front(s) != '.') return Fault::kSyntax;
    double value = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (error != std::errc{} || end == s.data()) return Fault::kSyntax;
    s.remove_prefix(static_cast<std::size_t>(end - s.data()));
    if (std::isnan(value) || value < -1.0e15 || value > 1.0e15) return Fault::kRange;
    whole = static_cast<std::int64_t>(value);
    fraction = value - static_cast<double>(whole);
    return Fault::kNone;
  }
  static std::size_t integer_width(std::string_view s) {
    if (front(s) == '-') s.remove_prefix(1);
    std::size_t n = 0;
    while (n < s.size() && is_digit(s[n])) ++n;
    return n;
  }

  // P1Y2M3DT4H5M6S and its alternative forms P0001-02-03T04:05:06, P00010203T040506.
  Fault iso8601(std::string_view s) {
    if (s.size() < 2 || s[0] != 'P') return Fault::kSyntax;
    s.remove_prefix(1);
    bool in_date = true, have_field = false;
    const auto fits = [](bool ok) { return ok ? Fault::kNone : Fault::kRange; };
    while (!s.empty()) {
      if (s[0] == 'T') {
        in_date = false;
        have_field = false;
        s.remove_prefix(1);
        continue;
      }
      const std::string_view start = s;
      std::int64_t value = 0;
      double fraction = 0;
      if (const Fault fault = iso_number(s, value, fraction); fault != Fault::kNone) return fault;
      const char unit = static_cast<char>(front(s));
      if (!s.empty()) s.remove_prefix(1);
      Fault fault = Fault::kNone;
      if (in_date) {
        switch (unit) {
          case 'Y': fault = fits(add_years(value, fraction, 1)); break;
          case 'M': fault = fits(add_months(value, fraction)); break;
          case 'W': fault = fits(add_weeks(value, fraction)); break;
          case 'D': fault = fits(add_days(value, fraction)); break;
          case 'T':
          case '\0':
          case '-':
            if (unit != '-' && integer_width(start) == 8 && !have_field) {
              if (!add(years, value / 10000) || !add(months, value / 100 % 100) || !add(days, value % 100) || !fraction_of_time(fraction, kMicrosPerDay)) return Fault::kRange;
              if (unit == '\0') return Fault::kNone;
              in_date = false;
              have_field = false;
              continue;
            }
            if (have_field) return Fault::kSyntax;
            if (!add_years(value, fraction, 1)) return Fault::kRange;
            if (unit == '\0') return Fault::kNone;
            if (unit == '-') {
              if (const Fault f = iso_number(s, value, fraction); f != Fault::kNone) return f;
              if (!add_months(value, fraction)) return Fault::kRange;
              if (s.empty()) return Fault::kNone;
              if (s[0] != 'T') {
                if (s[0] != '-') return Fault::kSyntax;
                s.remove_prefix(1);
                if (const Fault f = iso_number(s, value, fraction); f != Fault::kNone) return f;
                if (!add_days(value, fraction)) return Fault::kRange;
                if (s.empty()) return Fault::kNone;
                if (s[0] != 'T') return Fault::kSyntax;
              }
            }
            in_date = false;
            have_field = false;
            continue;
          default: return Fault::kSyntax;
        }
      } else {
        switch (unit) {
          case 'H': fault = fits(add_time(value, fraction, 3600 * kMicrosPerSecond)); break;
          case 'M': fault = fits(add_time(value, fraction, 60 * kMicrosPerSecond)); break;
          case 'S': fault = fits(add_time(value, fraction, kMicrosPerSecond)); break;
          case '\0':
          case ':':
            if (unit == '\0' && integer_width(start) == 6 && !have_field) {
              return fits(add_time(value / 10000, 0, 3600 * kMicrosPerSecond) && add_time(value / 100 % 100, 0, 60 * kMicrosPerSecond) &&
                          add_time(value % 100, 0, kMicrosPerSecond) && fraction_of_time(fraction, 1));
            }
            if (have_field) return Fault::kSyntax;
            if (!add_time(value, fraction, 3600 * kMicrosPerSecond)) return Fault::kRange;
            if (unit == '\0') return Fault::kNone;
            if (const Fault f = iso_number(s, value, fraction); f != Fault::kNone) return f;
            if (!add_time(value, fraction, 60 * kMicrosPerSecond)) return Fault::kRange;
            if (s.empty()) return Fault::kNone;
            if (s[0] != ':') return Fault::kSyntax;
            s.remove_prefix(1);
            if (const Fault f = iso_number(s, value, fraction); f != Fault::kNone) return f;
            if (!add_time(value, fraction, kMicrosPerSecond)) return Fault::kRange;
            return s.empty() ? Fault::kNone : Fault::kSyntax;
          default: return Fault::kSyntax;
        }
      }
      if (fault != Fault::kNone) return fault;
      have_field = true;
    }
    return Fault::kNone;
  }
};
}  // namespace

Interval parse_interval(std::string_view text) {
  const Source source{text, "interval", "interval"};
  IntervalReader reader;
  Fault fault = reader.traditional(text);
  if (fault == Fault::kSyntax) {
    reader = {};
    fault = reader.iso8601(text);
  }
  if (fault != Fault::kNone) source.fail(fault);
  const std::int64_t months = std::int64_t{reader.years} * 12 + reader.months;
  if (months != static_cast<std::int32_t>(months)) throw Failure(ErrorCode::kInput, "interval out of range");
  return {reader.micros, reader.days, static_cast<std::int32_t>(months)};
}

}  // namespace weir
