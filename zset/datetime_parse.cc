// Text to DATE, TIMESTAMP and INTERVAL, in all the spellings that PostgreSQL reads (DateStyle ISO, MDY).
//
// First the text is cut into fields by shape alone (split), then the fields are given a meaning from left to right for dates, from right to left for
// intervals, whose units follow their numbers. The usual spellings of DATE and TIMESTAMP never come here: see read_canonical.

#include <weir/error.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "zset/datetime.h"
#include "zset/datetime_range.h"
#include "zset/datetime_words.h"
#include "zset/timezone_names.h"

namespace weir {
namespace {

using Part = DatePart;
using Word = DateWord::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_punct(char c) { return c > ' ' && c < 127 && !is_alnum(c); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

enum class Fault : std::uint8_t { kNone, kSyntax, kRange, kOrder, kZone };

// What is being read, for messages.
struct Source {
  std::string_view text;
  const char* type;

  [[noreturn]] void fail(Fault fault) const {
    const std::string quoted = "\"" + std::string(text) + "\"";
    switch (fault) {
      case Fault::kRange:
      case Fault::kOrder: {
        const bool interval = std::string_view(type) == "interval";
        Failure failure(ErrorCode::kInput, std::string(interval ? "interval" : "date/time") + " field value out of range: " + quoted);
        if (fault == Fault::kOrder) failure.error().hint = "Dates are read as month, day, year, or year-month-day.";
        throw failure;
      }
      case Fault::kZone: throw Failure(ErrorCode::kInput, "time zone displacement out of range: " + quoted);
      case Fault::kNone:
      case Fault::kSyntax: break;
    }
    throw Failure(ErrorCode::kInput, "invalid input syntax for type " + std::string(type) + ": " + quoted);
  }
  [[noreturn]] void out_of_range() const {
    throw Failure(ErrorCode::kInput, std::string(type) + " out of range: \"" + std::string(text) + "\"");
  }
};

// --- fields ----------------------------------------------------------------------------------------------------------------------------------------

struct Field {
  enum class Shape : std::uint8_t { kNumber, kString, kDate, kTime, kSigned, kSpecial } shape;
  std::string text;  // in lower case
};

constexpr std::size_t kFieldsMax = 25;
constexpr std::size_t kTextMax = 150;

// Cuts `s` into fields; false where that is not possible.
bool split(std::string_view s, std::vector<Field>& out) {
  using Shape = Field::Shape;
  std::size_t i = 0, total = 0;
  const auto at = [&](std::size_t k) { return k < s.size() ? s[k] : '\0'; };
  while (i < s.size()) {
    if (is_space(s[i])) {
      ++i;
      continue;
    }
    Field f{Shape::kNumber, {}};
    const auto take = [&] { f.text += lower(s[i++]); };
    const auto digits = [&] { while (is_digit(at(i))) take(); };
    if (is_digit(s[i])) {
      digits();
      if (at(i) == ':') {
        f.shape = Shape::kTime;
        while (is_digit(at(i)) || at(i) == ':' || at(i) == '.') take();
      } else if (at(i) == '-' || at(i) == '/' || at(i) == '.') {
        const char delimiter = s[i];
        take();
        if (is_digit(at(i))) {
          f.shape = delimiter == '.' ? Shape::kNumber : Shape::kDate;
          digits();
          if (at(i) == delimiter) {  // a date has the same delimiter twice
            f.shape = Shape::kDate;
            take();
            while (is_digit(at(i)) || at(i) == delimiter) take();
          }
        } else {
          f.shape = Shape::kDate;
          while (is_alnum(at(i)) || at(i) == delimiter) take();
        }
      }
    } else if (s[i] == '.') {
      take();
      digits();
    } else if (is_alpha(s[i])) {
      f.shape = Shape::kString;
      while (is_alpha(at(i))) take();
      const char next = at(i);
      const bool joined = next == '-' || next == '/' || next == '.' ||
                          ((next == '+' || is_digit(next)) && date_word(f.text).kind == Word::kUnknown);
      if (joined) {
        f.shape = Shape::kDate;
        do take();
        while (is_alnum(at(i)) || at(i) == '+' || at(i) == '-' || at(i) == '/' || at(i) == '_' || at(i) == '.' || at(i) == ':');
      }
    } else if (s[i] == '+' || s[i] == '-') {
      take();
      while (is_space(at(i))) ++i;
      if (is_digit(at(i))) {
        f.shape = Shape::kSigned;
        while (is_digit(at(i)) || at(i) == ':' || at(i) == '.' || at(i) == '-') take();
      } else if (is_alpha(at(i))) {
        f.shape = Shape::kSpecial;
        while (is_alpha(at(i))) take();
      } else {
        return false;
      }
    } else if (is_punct(s[i])) {
      ++i;
      continue;
    } else {
      return false;
    }
    total += f.text.size() + 1;
    out.push_back(std::move(f));
    if (out.size() > kFieldsMax || total > kTextMax + kFieldsMax) return false;
  }
  return true;
}

// A number at the front of `s`, which is moved behind it. Faults where it does not fit an int.
template <class I>
Fault leading_integer(std::string_view& s, I& value) {
  const char* first = s.data();
  const char* last = first + s.size();
  if (first != last && *first == '+') ++first;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc::result_out_of_range) return Fault::kRange;
  if (error != std::errc{}) return Fault::kSyntax;
  s.remove_prefix(static_cast<std::size_t>(end - s.data()));
  return Fault::kNone;
}

int front(const std::string_view& s) { return s.empty() ? 0 : static_cast<unsigned char>(s.front()); }

// ".25" to 0.25; "." is 0. Nothing may follow.
Fault read_fraction(std::string_view s, double& fraction) {
  fraction = 0;
  if (s.size() <= 1) return Fault::kNone;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), fraction, std::chars_format::fixed);
  return error != std::errc{} || end != s.data() + s.size() ? Fault::kSyntax : Fault::kNone;
}

Fault read_micros(std::string_view s, int& micros) {
  double fraction = 0;
  const Fault fault = read_fraction(s, fraction);
  micros = static_cast<int>(std::rint(fraction * 1e6));
  return fault;
}

// --- dates and timestamps --------------------------------------------------------------------------------------------------------------------------

constexpr std::uint32_t kDateBits = bit(Part::kYear) | bit(Part::kMonth) | bit(Part::kDay);
constexpr std::uint32_t kSecondBits = bit(Part::kSecond) | bit(Part::kMillisecond) | bit(Part::kMicrosecond);
constexpr std::uint32_t kTimeBits = bit(Part::kHour) | bit(Part::kMinute) | kSecondBits;

Fault check_zone(std::string_view s) {
  if (s.empty() || (s[0] != '+' && s[0] != '-')) return Fault::kSyntax;
  s.remove_prefix(1);
  const std::size_t length = s.size();
  int hour = 0, minute = 0, second = 0;
  if (leading_integer(s, hour) == Fault::kRange) return Fault::kZone;
  if (front(s) == ':') {
    s.remove_prefix(1);
    if (leading_integer(s, minute) == Fault::kRange) return Fault::kZone;
    if (front(s) == ':') {
      s.remove_prefix(1);
      if (leading_integer(s, second) == Fault::kRange) return Fault::kZone;
    }
  } else if (s.empty() && length > 2) {
    minute = hour % 100;
    hour /= 100;
  }
  if (hour < 0 || hour > 15 || minute < 0 || minute >= 60 || second < 0 || second >= 60) return Fault::kZone;
  return s.empty() ? Fault::kNone : Fault::kSyntax;
}

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
  bool named_zone = false;        // of the IANA database: knows its own daylight saving
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
    return ((hour * 60LL + minute) * 60 + second) * kMicrosPerSecond + micros > kMicrosPerDay;
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
      return check_zone(text);
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

  Fault date_shaped(const Field& field, std::uint32_t& mask) {
    if (label == Part::kJulian) {  // J2451187-08: a zone behind it
      label = Part::kNone;
      std::string_view rest = field.text;
      int value = 0;
      if (const Fault fault = leading_integer(rest, value); fault != Fault::kNone) return fault;
      if (value < 0) return Fault::kRange;
      set_julian(value);
      mask = kDateBits | kTimeBits | bit(Part::kZone);
      return check_zone(rest);
    }
    const std::uint32_t month_and_day = bit(Part::kMonth) | bit(Part::kDay);
    if (label == Part::kNone && (seen & month_and_day) != month_and_day) return date(field.text, mask);
    if (!is_digit(field.text[0]) && label == Part::kNone) {
      if (!is_timezone_name(field.text)) throw Failure(ErrorCode::kInput, "time zone \"" + field.text + "\" not recognized");
      named_zone = true;
      mask = bit(Part::kZone);
      return Fault::kNone;
    }
    // A time with its zone: 040506-08.
    if (label != Part::kNone && label != Part::kTime) return Fault::kSyntax;
    label = Part::kNone;
    if ((seen & kTimeBits) == kTimeBits) return Fault::kSyntax;
    const std::size_t minus = field.text.find('-');
    if (minus == std::string::npos) return Fault::kSyntax;
    if (const Fault fault = check_zone(std::string_view(field.text).substr(minus)); fault != Fault::kNone) return fault;
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

  Fault word(const std::vector<Field>& fields, std::size_t i, std::uint32_t& mask) {
    const std::string& text = fields[i].text;
    if (is_timezone_abbreviation(std::string_view(text).substr(0, 10))) {
      mask = bit(Part::kZone);
      return Fault::kNone;
    }
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
      case Word::kDaylight: mask = bit(Part::kDaylight); return Fault::kNone;
      case Word::kUnit:
        label = meaning.part;
        return Fault::kNone;
      case Word::kIsoTime: {
        if ((seen & kDateBits) != kDateBits || i + 1 >= fields.size()) return Fault::kSyntax;
        const auto next = fields[i + 1].shape;
        if (next != Field::Shape::kNumber && next != Field::Shape::kTime && next != Field::Shape::kDate) return Fault::kSyntax;
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
    if (!is_timezone_name(text)) return Fault::kSyntax;
    named_zone = true;
    mask = bit(Part::kZone);
    return Fault::kNone;
  }

  Fault field(const std::vector<Field>& fields, std::size_t i, std::uint32_t& mask) {
    const Field& f = fields[i];
    switch (f.shape) {
      case Field::Shape::kDate: return date_shaped(f, mask);
      case Field::Shape::kTime: {
        if (label != Part::kNone && label != Part::kTime) return Fault::kSyntax;
        label = Part::kNone;
        if (const Fault fault = time(f.text, mask); fault != Fault::kNone) return fault;
        return time_overflows() ? Fault::kRange : Fault::kNone;
      }
      case Field::Shape::kSigned: mask = bit(Part::kZone); return check_zone(f.text);
      case Field::Shape::kNumber: return number_shaped(f.text, mask);
      case Field::Shape::kString:
      case Field::Shape::kSpecial: return word(fields, i, mask);
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

  void read() {
    std::vector<Field> fields;
    if (!split(source.text, fields)) source.fail(Fault::kSyntax);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      std::uint32_t mask = 0;
      if (const Fault fault = field(fields, i, mask); fault != Fault::kNone) source.fail(fault);
      if (mask & seen) source.fail(Fault::kSyntax);
      seen |= mask;
    }
    if (const Fault fault = validate_date(); fault != Fault::kNone) source.fail(fault);
    if (special != Special::kNo) return;
    if (half_of_day >= 0 && hour > 12) source.fail(Fault::kRange);
    if (half_of_day == 0 && hour == 12) hour = 0;
    if (half_of_day == 1 && hour != 12) hour += 12;
    if ((seen & kDateBits) != kDateBits) source.fail(Fault::kSyntax);
    if ((seen & bit(Part::kDaylight)) && (named_zone || !(seen & bit(Part::kZone)))) source.fail(Fault::kSyntax);
  }
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

std::int64_t round_to(std::int64_t micros, int precision) {
  if (precision < 0 || precision >= 6) return micros;
  std::int64_t scale = 1;
  for (int i = precision; i < 6; ++i) scale *= 10;
  const std::int64_t half = scale / 2;
  return micros >= 0 ? (micros + half) / scale * scale : -((-micros + half) / scale * scale);
}

// --- intervals -------------------------------------------------------------------------------------------------------------------------------------

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
    std::vector<Field> fields;
    if (!split(text, fields)) return Fault::kSyntax;
    std::uint32_t seen = 0;
    Part unit = Part::kNone;
    bool ago = false;
    for (std::size_t i = fields.size(); i-- > 0;) {
      const std::string& field = fields[i].text;
      std::uint32_t mask = 0;
      Fault fault = Fault::kNone;
      switch (fields[i].shape) {
        case Field::Shape::kTime:
          fault = clock(field, mask);
          unit = Part::kDay;
          break;
        case Field::Shape::kSigned:
          if (field.find(':') != std::string::npos && clock(std::string_view(field).substr(1), mask) == Fault::kNone) {
            if (field[0] == '-') micros = -micros;
            unit = Part::kDay;
            break;
          }
          fault = number(field, unit, mask);
          break;
        case Field::Shape::kDate:
        case Field::Shape::kNumber: fault = number(field, unit, mask); break;
        case Field::Shape::kString:
        case Field::Shape::kSpecial: {
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

std::int64_t parse_date(std::string_view text) {
  std::int64_t days = 0, time = 0;
  if (read_canonical(text, false, days, time)) return days;
  const Source source{text, "date"};
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

std::int64_t parse_timestamp(std::string_view text, int precision) {
  std::int64_t days = 0, time = 0;
  if (read_canonical(text, true, days, time)) return round_to(days * kMicrosPerDay + time, precision);
  const Source source{text, "timestamp"};
  DateReader reader{source};
  reader.read();
  switch (reader.special) {
    case DateReader::Special::kEpoch: return days_from_civil(1970, 1, 1) * kMicrosPerDay;
    case DateReader::Special::kInfinity: return kInfinity;
    case DateReader::Special::kMinusInfinity: return kMinusInfinity;
    case DateReader::Special::kNo: break;
  }
  if (!julian_valid(reader.year, reader.month)) source.out_of_range();
  const __int128 micros = static_cast<__int128>(days_from_civil(reader.year, reader.month, reader.day)) * kMicrosPerDay +
                          ((reader.hour * 60LL + reader.minute) * 60 + reader.second) * kMicrosPerSecond + reader.micros;
  if (micros < kTimestampMin || micros >= kTimestampEnd) source.out_of_range();
  return round_to(static_cast<std::int64_t>(micros), precision);
}

Interval parse_interval(std::string_view text) {
  const Source source{text, "interval"};
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
