// Text to DATE, TIMESTAMP, TIMESTAMPTZ and TIME, in all the spellings that PostgreSQL reads (DateStyle ISO, MDY).
//
// First the text is cut into fields by shape alone (zset/datetime_fields.h), then the fields are given a meaning from left to right.
// The usual spellings never come here: see read_canonical.

#include <weir/error.h>

#include <string>
#include <vector>

#include "zset/datetime.h"
#include "zset/datetime_fields.h"
#include "zset/datetime_range.h"
#include "zset/timezone_names.h"

namespace weir {
namespace {

using namespace datetime;
using Part = DatePart;
using Word = DateWord::Kind;

struct DateReader {
  enum class Special : std::uint8_t { kNo, kEpoch, kInfinity, kMinusInfinity };

  const Source& source;
  int year = 0, month = 0, day = 0, day_of_year = 0;
  int hour = 0, minute = 0, second = 0, micros = 0;
  std::uint32_t seen = 0;         // parts that have a value
  bool short_year = false;        // one or two digits: 1970 to 2069
  bool month_in_words = false;
  bool julian = false;
  bool before_christ = false;
  std::int32_t east = 0;          // of the zone, in seconds
  bool named_zone = false;        // of the IANA database: knows its own daylight saving
  std::string unsettled_zone{};   // one whose clocks change, or changed
  int half_of_day = -1;           // 0 am, 1 pm
  Part label = Part::kNone;       // a unit that names what the next field is
  Special special = Special::kNo;

  // A number that stands for a part of the date, by its place and its length.
  Fault number(std::string_view text, bool word_month, std::uint32_t have, std::uint32_t& mask) {
    mask = 0;
    std::string_view rest = text;
    int value = 0;
    if (const Fault fault = leading_integer(rest, value); fault != Fault::kNone) return fault;
    if (front(rest) == '.') {
      if (text.size() - rest.size() > 2) return run_together(text, have | kDateBits, mask);
      if (const Fault fault = read_micros(rest, micros); fault != Fault::kNone) return fault;
    } else if (!rest.empty()) {
      return Fault::kSyntax;
    }
    const std::size_t length = text.size();
    if (length == 3 && (have & kDateBits) == bit(Part::kYear) && value >= 1 && value <= 366) {
      mask = bit(Part::kDayOfYear) | bit(Part::kMonth) | bit(Part::kDay);
      day_of_year = value;
      return Fault::kNone;
    }
    const auto set = [&](Part part, int& field) {
      mask = bit(part);
      field = value;
    };
    switch (have & kDateBits) {
      case 0:
        if (length >= 3) set(Part::kYear, year);
        else set(Part::kMonth, month);
        break;
      case bit(Part::kYear):
      case bit(Part::kDay): set(Part::kMonth, month); break;
      case bit(Part::kMonth):
        if (word_month && length >= 3) set(Part::kYear, year);
        else set(Part::kDay, day);
        break;
      case bit(Part::kYear) | bit(Part::kMonth):
        if (word_month && length >= 3 && short_year) {  // what was taken for a year was the day: 07-Jan-1999
          day = year;
          year = value;
          short_year = false;
          mask = bit(Part::kDay);
        } else {
          set(Part::kDay, day);
        }
        break;
      case bit(Part::kMonth) | bit(Part::kDay): set(Part::kYear, year); break;
      case kDateBits: return run_together(text, have, mask);
      default: return Fault::kSyntax;
    }
    if (mask == bit(Part::kYear)) short_year = length <= 2;
    return Fault::kNone;
  }

  // Digits without anything between them: yyyymmdd, hhmmss, hhmm.
  Fault run_together(std::string_view text, std::uint32_t have, std::uint32_t& mask) {
    const auto digits = [](std::string_view s) {
      std::uint64_t value = 0;
      for (char c : s) value = value * 10 + static_cast<std::uint64_t>(c - '0');
      return static_cast<int>(value);  // wraps, as PostgreSQL's does; a year that is too long is out of range sooner or later
    };
    for (char c : text) {
      if (!is_digit(c) && c != '.') return Fault::kSyntax;
    }
    const std::size_t dot = text.find('.');
    if (dot != std::string_view::npos) {
      if (const Fault fault = read_micros(text.substr(dot), micros); fault != Fault::kNone) return fault;
      text = text.substr(0, dot);
    } else if ((have & kDateBits) != kDateBits && text.size() >= 6) {
      const std::size_t n = text.size();
      mask = kDateBits;
      day = digits(text.substr(n - 2));
      month = digits(text.substr(n - 4, 2));
      year = digits(text.substr(0, n - 4));
      if (n == 6) short_year = true;
      return Fault::kNone;
    }
    if ((have & kTimeBits) != kTimeBits && (text.size() == 6 || text.size() == 4)) {
      mask = kTimeBits;
      hour = digits(text.substr(0, 2));
      minute = digits(text.substr(2, 2));
      second = text.size() == 6 ? digits(text.substr(4, 2)) : 0;
      return Fault::kNone;
    }
    return Fault::kSyntax;
  }

  // 2001-02-03, 8-jan-1999, 1/8/99.
  Fault date(std::string_view text, std::uint32_t& mask) {
    std::vector<std::string_view> parts;
    for (std::size_t i = 0; i < text.size();) {
      while (i < text.size() && !is_alnum(text[i])) ++i;
      if (i == text.size()) return Fault::kSyntax;
      const std::size_t start = i;
      if (is_digit(text[i])) while (i < text.size() && is_digit(text[i])) ++i;
      else while (i < text.size() && is_alpha(text[i])) ++i;
      parts.push_back(text.substr(start, i - start));
      if (i < text.size()) ++i;  // as PostgreSQL: what ends a part is dropped, whatever it is
    }
    std::uint32_t have = seen;
    bool word = false;
    for (auto& part : parts) {
      if (!is_alpha(part[0])) continue;
      const DateWord meaning = date_word(part);
      if (meaning.kind == Word::kIgnored) continue;
      if (meaning.kind != Word::kMonth || (have & bit(Part::kMonth))) return Fault::kSyntax;
      month = meaning.value;
      word = true;
      have |= bit(Part::kMonth);
      mask |= bit(Part::kMonth);
      part = {};
    }
    for (const auto part : parts) {
      if (part.empty()) continue;
      std::uint32_t got = 0;
      if (const Fault fault = number(part, word, have, got); fault != Fault::kNone) return fault;
      if (have & got) return Fault::kSyntax;
      have |= got;
      mask |= got;
    }
    return (have & ~(bit(Part::kDayOfYear) | bit(Part::kZone))) == kDateBits ? Fault::kNone : Fault::kSyntax;
  }

  // hh:mm, hh:mm:ss, hh:mm:ss.ffffff, mm:ss.ffffff.
  Fault time(std::string_view s, std::uint32_t& mask) {
    mask = kTimeBits;
    if (const Fault fault = leading_integer(s, hour); fault != Fault::kNone) return fault;
    if (front(s) != ':') return Fault::kSyntax;
    s.remove_prefix(1);
    minute = 0;
    if (!s.empty()) {
      if (const Fault fault = leading_integer(s, minute); fault == Fault::kRange) return fault;
    }
    second = 0;
    micros = 0;
    if (front(s) == '.') {
      if (const Fault fault = read_micros(s, micros); fault != Fault::kNone) return fault;
      second = minute;
      minute = hour;
      hour = 0;
    } else if (front(s) == ':') {
      s.remove_prefix(1);
      if (!s.empty()) {
        if (const Fault fault = leading_integer(s, second); fault == Fault::kRange) return fault;
      }
      if (front(s) == '.') {
        if (const Fault fault = read_micros(s, micros); fault != Fault::kNone) return fault;
      } else if (!s.empty()) {
        return Fault::kSyntax;
      }
    } else if (!s.empty()) {
      return Fault::kSyntax;
    }
    return hour < 0 || minute < 0 || minute > 59 || second < 0 || second > 60 ? Fault::kRange : Fault::kNone;
  }

  bool time_overflows() const {
    if (hour > 24 || minute > 59 || second > 60) return true;
    return time_of_day() > kMicrosPerDay;
  }

  Fault zone_by_name(const std::string& text, bool full_name, std::uint32_t& mask) {
    mask = bit(Part::kZone);
    named_zone = full_name;
    const std::optional<std::int32_t> offset = timezone_offset(text);
    if (!offset) unsettled_zone = text;
    east = offset.value_or(0);
    return Fault::kNone;
  }

  void set_julian(std::int64_t value) {
    const CivilTime t = civil_from_date(value - kPostgresEpochJulian);
    year = static_cast<int>(t.year);
    month = t.month;
    day = t.day;
    julian = true;
  }

  // A number after a unit that said what it is: "y2001", "J2451187".
  Fault labelled(std::string_view text, std::uint32_t& mask) {
    const Part part = label;
    label = Part::kNone;
    special = Special::kNo;
    if (part == Part::kOtherZone) {
      mask = bit(Part::kZone);
      return read_zone(text, east);
    }
    std::string_view rest = text;
    int value = 0;
    if (const Fault fault = leading_integer(rest, value); fault == Fault::kRange) return fault;
    if (front(rest) == '.' ? part != Part::kJulian && part != Part::kTime && part != Part::kSecond : !rest.empty()) return Fault::kSyntax;
    const auto set = [&](Part p, int& field) {
      field = value;
      mask = bit(p);
      return Fault::kNone;
    };
    switch (part) {
      case Part::kYear: return set(Part::kYear, year);
      case Part::kMonth: return (seen & bit(Part::kMonth)) && (seen & bit(Part::kHour)) ? set(Part::kMinute, minute) : set(Part::kMonth, month);
      case Part::kDay: return set(Part::kDay, day);
      case Part::kHour: return set(Part::kHour, hour);
      case Part::kMinute: return set(Part::kMinute, minute);
      case Part::kSecond:
        set(Part::kSecond, second);
        if (front(rest) != '.') return Fault::kNone;
        mask = kSecondBits;
        return read_micros(rest, micros);
      case Part::kJulian: {
        if (value < 0) return Fault::kRange;
        mask = kDateBits;
        set_julian(value);
        if (front(rest) != '.') return Fault::kNone;
        double fraction = 0;
        if (const Fault fault = read_fraction(rest, fraction); fault != Fault::kNone) return fault;
        const auto time = static_cast<std::int64_t>(fraction * static_cast<double>(kMicrosPerDay));
        hour = static_cast<int>(time / (3600 * kMicrosPerSecond));
        minute = static_cast<int>(time / (60 * kMicrosPerSecond) % 60);
        second = static_cast<int>(time / kMicrosPerSecond % 60);
        micros = static_cast<int>(time % kMicrosPerSecond);
        mask |= kTimeBits;
        return Fault::kNone;
      }
      case Part::kTime: {
        const Fault fault = run_together(text, seen | kDateBits, mask);
        if (fault != Fault::kNone) return fault;
        return mask == kTimeBits ? Fault::kNone : Fault::kSyntax;
      }
      default: return Fault::kSyntax;
    }
  }

  Fault date_shaped(const DateField& field, std::uint32_t& mask) {
    if (label == Part::kJulian) {  // J2451187-08: a zone behind it
      label = Part::kNone;
      std::string_view rest = field.text;
      int value = 0;
      if (const Fault fault = leading_integer(rest, value); fault != Fault::kNone) return fault;
      if (value < 0) return Fault::kRange;
      set_julian(value);
      mask = kDateBits | kTimeBits | bit(Part::kZone);
      return read_zone(rest, east);
    }
    const std::uint32_t month_and_day = bit(Part::kMonth) | bit(Part::kDay);
    if (label == Part::kNone && (seen & month_and_day) != month_and_day) return date(field.text, mask);
    if (!is_digit(field.text[0]) && label == Part::kNone) {
      if (!is_timezone_name(field.text)) throw Failure(ErrorCode::kInput, "time zone \"" + field.text + "\" not recognized");
      return zone_by_name(field.text, true, mask);
    }
    // A time with its zone: 040506-08.
    if (label != Part::kNone && label != Part::kTime) return Fault::kSyntax;
    label = Part::kNone;
    if ((seen & kTimeBits) == kTimeBits) return Fault::kSyntax;
    const std::size_t minus = field.text.find('-');
    if (minus == std::string::npos) return Fault::kSyntax;
    if (const Fault fault = read_zone(std::string_view(field.text).substr(minus), east); fault != Fault::kNone) return fault;
    const Fault fault = run_together(std::string_view(field.text).substr(0, minus), seen, mask);
    mask |= bit(Part::kZone);
    return fault;
  }

  Fault number_shaped(std::string_view text, std::uint32_t& mask) {
    if (label != Part::kNone) return labelled(text, mask);
    const std::size_t dot = text.find('.');
    const bool have_date = (seen & kDateBits) != 0, all_time = (seen & kTimeBits) != 0;
    if (dot != std::string_view::npos && !have_date) return date(text, mask);
    if (dot != std::string_view::npos && dot > 2) return run_together(text, seen, mask);
    if (text.size() >= 6 && (!have_date || !all_time)) return run_together(text, seen, mask);
    return number(text, month_in_words, seen, mask);
  }

  Fault word(const std::vector<DateField>& fields, std::size_t i, std::uint32_t& mask) {
    const std::string& text = fields[i].text;
    if (is_timezone_abbreviation(text)) return zone_by_name(text, false, mask);
    const DateWord meaning = date_word(text);
    switch (meaning.kind) {
      case Word::kIgnored: return Fault::kNone;
      case Word::kMonth:
        mask = bit(Part::kMonth);
        if ((seen & bit(Part::kMonth)) && !month_in_words && !(seen & bit(Part::kDay)) && month >= 1 && month <= 31) {
          day = month;
          mask = bit(Part::kDay);
        }
        month_in_words = true;
        month = meaning.value;
        return Fault::kNone;
      case Word::kDayOfWeek: mask = bit(Part::kDayOfWeek); return Fault::kNone;
      case Word::kHalfOfDay: mask = bit(Part::kHalfOfDay); half_of_day = meaning.value; return Fault::kNone;
      case Word::kEra: mask = bit(Part::kEra); before_christ = meaning.value == 1; return Fault::kNone;
      case Word::kDaylight: mask = bit(Part::kDaylight); east += 3600; return Fault::kNone;
      case Word::kUnit:
        label = meaning.part;
        return Fault::kNone;
      case Word::kIsoTime: {
        if ((seen & kDateBits) != kDateBits || i + 1 >= fields.size()) return Fault::kSyntax;
        const auto next = fields[i + 1].shape;
        if (next != DateField::Shape::kNumber && next != DateField::Shape::kTime && next != DateField::Shape::kDate) return Fault::kSyntax;
        label = Part::kTime;
        return Fault::kNone;
      }
      case Word::kEpoch: mask = bit(Part::kEpoch); special = Special::kEpoch; return Fault::kNone;
      case Word::kInfinity: mask = bit(Part::kEpoch); special = Special::kInfinity; return Fault::kNone;
      case Word::kMinusInfinity: mask = bit(Part::kEpoch); special = Special::kMinusInfinity; return Fault::kNone;
      case Word::kAllBalls: mask = kTimeBits | bit(Part::kZone); hour = minute = second = 0; return Fault::kNone;
      case Word::kVolatile:
        throw Failure(ErrorCode::kUnsupported, "\"" + text + "\" in a " + source.type + " is not supported: it would mean another value every day");
      case Word::kAgo:
      case Word::kUnknown: break;
    }
    return is_timezone_name(text) ? zone_by_name(text, true, mask) : Fault::kSyntax;
  }

  Fault field(const std::vector<DateField>& fields, std::size_t i, std::uint32_t& mask) {
    const DateField& f = fields[i];
    switch (f.shape) {
      case DateField::Shape::kDate: return date_shaped(f, mask);
      case DateField::Shape::kTime: {
        if (label != Part::kNone && label != Part::kTime) return Fault::kSyntax;
        label = Part::kNone;
        if (const Fault fault = time(f.text, mask); fault != Fault::kNone) return fault;
        return time_overflows() ? Fault::kRange : Fault::kNone;
      }
      case DateField::Shape::kSigned: mask = bit(Part::kZone); return read_zone(f.text, east);
      case DateField::Shape::kNumber: return number_shaped(f.text, mask);
      case DateField::Shape::kString:
      case DateField::Shape::kSpecial: return word(fields, i, mask);
    }
    return Fault::kSyntax;
  }

  Fault validate_date() {
    if ((seen & bit(Part::kYear)) && !julian) {
      if (before_christ) {
        if (year <= 0) return Fault::kRange;
        year = -(year - 1);
      } else if (short_year) {
        if (year < 70) year += 2000;
        else if (year < 100) year += 1900;
      } else if (year <= 0) {
        return Fault::kRange;
      }
    }
    if (seen & bit(Part::kDayOfYear)) {
      const CivilTime t = civil_from_date(days_from_civil(year, 1, 1) + day_of_year - 1);
      year = static_cast<int>(t.year);
      month = t.month;
      day = t.day;
    }
    if ((seen & bit(Part::kMonth)) && (month < 1 || month > 12)) return Fault::kOrder;
    if ((seen & bit(Part::kDay)) && (day < 1 || day > 31)) return Fault::kOrder;
    if ((seen & kDateBits) == kDateBits && day > days_in_month(year, month)) return Fault::kRange;
    return Fault::kNone;
  }

  void settle_half_of_day() {
    if (half_of_day >= 0 && hour > 12) source.fail(Fault::kRange);
    if (half_of_day == 0 && hour == 12) hour = 0;
    if (half_of_day == 1 && hour != 12) hour += 12;
  }

  template <class F>
  void each_field(F&& meaning) {
    std::vector<DateField> fields;
    if (!split(source.text, fields)) source.fail(Fault::kSyntax);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      std::uint32_t mask = 0;
      if (const Fault fault = meaning(fields, i, mask); fault != Fault::kNone) source.fail(fault);
      if (mask & seen) source.fail(Fault::kSyntax);
      seen |= mask;
    }
    if (const Fault fault = validate_date(); fault != Fault::kNone) source.fail(fault);
  }

  void read() {
    each_field([this](const auto& fields, std::size_t i, std::uint32_t& mask) { return field(fields, i, mask); });
    if (special != Special::kNo) return;
    settle_half_of_day();
    if ((seen & kDateBits) != kDateBits) source.fail(Fault::kSyntax);
    if ((seen & bit(Part::kDaylight)) && (named_zone || !(seen & bit(Part::kZone)))) source.fail(Fault::kSyntax);
  }

  // A field of a time of day, before which or behind which a date may stand.
  Fault field_of_time(const std::vector<DateField>& fields, std::size_t i, std::uint32_t& mask) {
    using Shape = DateField::Shape;
    const DateField& f = fields[i];
    const bool first_of_many = i == 0 && fields.size() >= 2;
    switch (f.shape) {
      case Shape::kDate: {
        if (first_of_many && (fields.back().shape == Shape::kDate || fields[1].shape == Shape::kTime)) return date(f.text, mask);
        if (!is_digit(f.text[0])) {
          if (!is_timezone_name(f.text)) throw Failure(ErrorCode::kInput, "time zone \"" + f.text + "\" not recognized");
          return zone_by_name(f.text, true, mask);
        }
        const std::size_t minus = f.text.find('-');
        if ((seen & kTimeBits) == kTimeBits || minus == std::string::npos) return Fault::kSyntax;
        if (const Fault fault = read_zone(std::string_view(f.text).substr(minus), east); fault != Fault::kNone) return fault;
        const Fault fault = run_together(std::string_view(f.text).substr(0, minus), seen | kDateBits, mask);
        mask |= bit(Part::kZone);
        return fault;
      }
      case Shape::kTime: return time(f.text, mask);
      case Shape::kSigned: mask = bit(Part::kZone); return read_zone(f.text, east);
      case Shape::kNumber: {
        if (label != Part::kNone) return labelled(f.text, mask);
        const std::size_t dot = f.text.find('.');
        if (dot == std::string::npos) {
          if (f.text.size() > 4) return run_together(f.text, seen | kDateBits, mask);
          return number(f.text, false, seen | kDateBits, mask);
        }
        if (first_of_many && fields.back().shape == Shape::kDate) return date(f.text, mask);
        return dot > 2 ? run_together(f.text, seen | kDateBits, mask) : Fault::kSyntax;
      }
      case Shape::kString:
      case Shape::kSpecial: break;
    }
    if (is_timezone_abbreviation(f.text)) return zone_by_name(f.text, false, mask);
    const DateWord meaning = date_word(f.text);
    switch (meaning.kind) {
      case Word::kIsoTime: label = Part::kTime; return Fault::kNone;
      case Word::kIgnored: case Word::kHalfOfDay: case Word::kEra: case Word::kDaylight: case Word::kUnit: case Word::kAllBalls: return word(fields, i, mask);
      case Word::kVolatile:
        if (f.text.substr(0, 10) == "now") return word(fields, i, mask);
        return Fault::kSyntax;
      case Word::kUnknown: return is_timezone_name(f.text) ? zone_by_name(f.text, true, mask) : Fault::kSyntax;
      default: return Fault::kSyntax;
    }
  }

  void read_time() {
    each_field([this](const auto& fields, std::size_t i, std::uint32_t& mask) { return field_of_time(fields, i, mask); });
    settle_half_of_day();
    if (time_overflows()) source.fail(Fault::kRange);
    if ((seen & kTimeBits) != kTimeBits) source.fail(Fault::kSyntax);
    if (named_zone && !unsettled_zone.empty() && (seen & kDateBits) != kDateBits) source.fail(Fault::kSyntax);
  }

  std::int64_t time_of_day() const { return ((hour * 60LL + minute) * 60 + second) * kMicrosPerSecond + micros; }
};

bool julian_valid(std::int64_t year, int month) {
  return (year > -4713 || (year == -4713 && month >= 11)) && (year < 5874898 || (year == 5874898 && month < 6));
}

// YYYY-MM-DD, then nothing or [ T]HH:MM:SS with up to six digits of fraction. False for every other spelling and for what is out of range.
bool read_canonical(std::string_view s, bool with_time, std::int64_t& days, std::int64_t& time) {
  const auto pair = [&](std::size_t i) { return (s[i] - '0') * 10 + (s[i + 1] - '0'); };
  const auto digits = [&](std::size_t i, std::size_t n) {
    for (std::size_t k = i; k < i + n; ++k) {
      if (!is_digit(s[k])) return false;
    }
    return true;
  };
  if (s.size() < 10 || !digits(0, 4) || s[4] != '-' || !digits(5, 2) || s[7] != '-' || !digits(8, 2)) return false;
  const int year = pair(0) * 100 + pair(2), month = pair(5), day = pair(8);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
  time = 0;
  if (s.size() > 10) {
    if (!with_time || s.size() < 19 || (s[10] != ' ' && s[10] != 'T') || !digits(11, 2) || s[13] != ':' || !digits(14, 2) || s[16] != ':' || !digits(17, 2)) return false;
    const int hour = pair(11), minute = pair(14), second = pair(17);
    if (hour > 23 || minute > 59 || second > 59) return false;
    time = ((hour * 60LL + minute) * 60 + second) * kMicrosPerSecond;
    if (s.size() > 19) {
      if (s[19] != '.' || s.size() > 26 || !digits(20, s.size() - 20)) return false;
      std::int64_t fraction = 0;
      for (std::size_t i = 20; i < 26; ++i) fraction = fraction * 10 + (i < s.size() ? s[i] - '0' : 0);
      time += fraction;
    }
  }
  days = days_from_civil(year, month, day);
  return true;
}

}  // namespace

std::int64_t round_seconds(std::int64_t micros, int precision) {
  if (precision < 0 || precision >= 6 || micros == kInfinity || micros == kMinusInfinity) return micros;
  std::int64_t scale = 1;
  for (int i = precision; i < 6; ++i) scale *= 10;
  const std::int64_t half = scale / 2;
  return micros >= 0 ? (micros + half) / scale * scale : -((-micros + half) / scale * scale);
}

std::int64_t parse_date(std::string_view text) {
  std::int64_t days = 0, time = 0;
  if (read_canonical(text, false, days, time)) return days;
  const Source source{text, "date", "date"};
  DateReader reader{source};
  reader.read();
  switch (reader.special) {
    case DateReader::Special::kEpoch: return days_from_civil(1970, 1, 1);
    case DateReader::Special::kInfinity: return kInfinity;
    case DateReader::Special::kMinusInfinity: return kMinusInfinity;
    case DateReader::Special::kNo: break;
  }
  if (!julian_valid(reader.year, reader.month)) source.out_of_range();
  days = days_from_civil(reader.year, reader.month, reader.day);
  if (!date_in_range(days)) source.out_of_range();
  return days;
}

namespace {

std::int64_t read_timestamp(const Source& source, bool zoned) {
  DateReader reader{source};
  reader.read();
  switch (reader.special) {
    case DateReader::Special::kEpoch: return days_from_civil(1970, 1, 1) * kMicrosPerDay;
    case DateReader::Special::kInfinity: return kInfinity;
    case DateReader::Special::kMinusInfinity: return kMinusInfinity;
    case DateReader::Special::kNo: break;
  }
  if (zoned && !reader.unsettled_zone.empty()) refuse_timezone(reader.unsettled_zone);
  if (!julian_valid(reader.year, reader.month)) source.out_of_range();
  const __int128 micros = static_cast<__int128>(days_from_civil(reader.year, reader.month, reader.day)) * kMicrosPerDay + reader.time_of_day() -
                          (zoned ? reader.east * kMicrosPerSecond : 0);
  if (micros < kTimestampMin || micros >= kTimestampEnd) source.out_of_range();
  return static_cast<std::int64_t>(micros);
}

}  // namespace

std::int64_t parse_timestamp(std::string_view text, int precision) {
  std::int64_t days = 0, time = 0;
  const bool canonical = read_canonical(text, true, days, time);
  return round_seconds(canonical ? days * kMicrosPerDay + time : read_timestamp({text, "timestamp", "timestamp"}, false), precision);
}

std::int64_t parse_timestamptz(std::string_view text, int precision) {
  std::int64_t days = 0, time = 0;
  const std::string_view local = text.ends_with("+00") ? text.substr(0, text.size() - 3) : text;
  const bool canonical = read_canonical(local, true, days, time) && (local.size() > 10 || local.size() == text.size());
  return round_seconds(canonical ? days * kMicrosPerDay + time : read_timestamp({text, "timestamp with time zone", "timestamp"}, true), precision);
}

std::int64_t parse_time(std::string_view text, int precision) {
  const Source source{text, "time", "time"};
  DateReader reader{source};
  reader.read_time();
  return round_seconds(reader.time_of_day(), precision);
}

}  // namespace weir
