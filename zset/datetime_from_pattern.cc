// to_date() and to_timestamp(): text read by a format of patterns, as PostgreSQL's formatting.c reads it.
//
// The format is cut as to_char cuts it. Outside of FX a space or separator of the format matches one of the text or nothing, spaces before and behind fields are read
// over, and another character of the format stands for any of the text.

#include <weir/error.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <string>
#include <vector>

#include "zset/ascii.h"
#include "zset/datetime.h"
#include "zset/datetime_patterns.h"
#include "zset/datetime_range.h"

namespace weir {
namespace {

using namespace datetime;

[[noreturn]] void fail(const std::string& message) { throw Failure(ErrorCode::kEvaluation, message); }

bool is_separator(char c) { return c > ' ' && c < 127 && !is_alpha(c) && !is_digit(c); }

struct Item {
  const Keyword* keyword = nullptr;  // null: a character of the format
  std::string_view name;             // the keyword as it is spelled; or the character, whole
  bool fill_mode = false;            // FM
  bool ordinal = false;              // TH
  bool quoted = false;
};

std::string_view character_at(std::string_view s) {
  std::size_t n = s.empty() ? 0 : 1;
  while (n < s.size() && (static_cast<unsigned char>(s[n]) & 0xC0) == 0x80) ++n;
  return s.substr(0, n);
}

std::vector<Item> cut(std::string_view s) {
  std::vector<Item> items;
  const auto take = [&](std::size_t n) {
    const std::string_view taken = s.substr(0, n);
    s.remove_prefix(n);
    return taken;
  };
  while (!s.empty()) {
    Item item;
    if (s.starts_with("FM") || s.starts_with("fm")) {
      item.fill_mode = true;
      take(2);
    } else if (s.starts_with("TM") || s.starts_with("tm")) {
      take(2);
    }
    Case how{};
    if (const Keyword* k = keyword_at(s, how)) {
      item.keyword = k;
      item.name = take(k->text.size());
      if (s.starts_with("TH") || s.starts_with("th")) {
        item.ordinal = true;
        take(2);
      } else if (s.starts_with("SP")) {
        take(2);
      }
      items.push_back(item);
    } else if (s.starts_with('"')) {
      take(1);
      while (!s.empty() && s[0] != '"') {
        if (s[0] == '\\' && s.size() > 1) take(1);
        items.push_back({.name = take(character_at(s).size()), .quoted = true});
      }
      if (!s.empty()) take(1);
    } else if (!s.empty()) {
      if (s.starts_with("\\\"")) take(1);
      items.push_back({.name = take(character_at(s).size())});
    }
  }
  return items;
}

// Is what the pattern writes a number?
bool is_number(Pattern p) {
  switch (p) {
    case Pattern::kEra: case Pattern::kEraDots: case Pattern::kHalfOfDay: case Pattern::kHalfOfDayDots: case Pattern::kMonthName: case Pattern::kMonthShort:
    case Pattern::kDayName: case Pattern::kDayShort: case Pattern::kFixed: case Pattern::kRoman: case Pattern::kZone: case Pattern::kZoneOffset:
    case Pattern::kZoneHour: return false;
    default: return true;
  }
}

enum class Calendar : std::uint8_t { kOpen, kGregorian, kIsoWeek };

Calendar calendar_of(Pattern p) {
  switch (p) {
    case Pattern::kIsoDayOfYear: case Pattern::kIsoDayOfWeek: case Pattern::kIsoWeek: case Pattern::kIsoYear4: case Pattern::kIsoYear3: case Pattern::kIsoYear2:
    case Pattern::kIsoYear1: return Calendar::kIsoWeek;
    case Pattern::kDayOfYear: case Pattern::kDay: case Pattern::kDayOfWeek: case Pattern::kMonth: case Pattern::kMonthName: case Pattern::kMonthShort:
    case Pattern::kRoman: case Pattern::kWeekOfYear: case Pattern::kWeekOfMonth: case Pattern::kYearComma: case Pattern::kYear4: case Pattern::kYear3:
    case Pattern::kYear2: case Pattern::kYear1: return Calendar::kGregorian;
    default: return Calendar::kOpen;
  }
}

int completed_year(int year) { return year < 70 ? year + 2000 : year < 100 ? year + 1900 : year < 520 ? year + 2000 : year < 1000 ? year + 1000 : year; }

struct Reader {
  std::string_view whole, text;
  std::vector<Item> items;
  Calendar calendar = Calendar::kOpen;
  bool fixed = false;       // FX
  bool twelve_hours = false;
  int extra = 0;            // characters of the text read over beyond those of the format
  int half_of_day = 0, hour = 0, minute = 0, second = 0, second_of_day = 0, millis = 0, micros = 0, digits = 0;
  int day_of_week = 0, day = 0, day_of_year = 0, week = 0, week_of_month = 0, month = 0, year = 0, year_digits = 0, century = 0, julian = 0;
  int before_christ = 0, zone_sign = 0, zone_hour = 0, zone_minute = 0;
  // What comes of it.
  std::int64_t civil_year = 0;
  int civil_month = 1, civil_day = 1;

  char next() const { return text.empty() ? '\0' : text[0]; }

  static void set(int& part, int value, const Item& item) {
    if (part != 0 && part != value) fail("conflicting values for \"" + std::string(item.name) + "\" field in formatting string");
    part = value;
  }

  bool digits_end_here(std::size_t i) const {
    if (items[i].ordinal || i + 1 == items.size()) return true;
    const Item& after = items[i + 1];
    return after.keyword ? !is_number(after.keyword->pattern) : !(after.name.size() == 1 && is_digit(after.name[0]));
  }

  // A number of `length` characters, or of as many digits as there are. Returns how many characters it took.
  int integer(int* part, std::size_t i, std::size_t length) {
    const Item& item = items[i];
    const std::string name = "\"" + std::string(item.name) + "\"";
    const std::size_t before = text.size();
    while (is_space(next())) text.remove_prefix(1);
    const bool whole_number = item.fill_mode || digits_end_here(i);
    std::string_view source = whole_number ? text : text.substr(0, length);
    if (source.size() < length && !whole_number) fail("source string too short for " + name + " formatting field");
    std::size_t used = 0;
    while (used < source.size() && is_space(source[used])) ++used;
    const bool negative = used < source.size() && source[used] == '-';
    if (used < source.size() && (source[used] == '-' || source[used] == '+')) ++used;
    const std::size_t first = used;
    std::int64_t value = 0;
    for (; used < source.size() && is_digit(source[used]); ++used) value = std::min<std::int64_t>(value * 10 + (source[used] - '0'), std::int64_t{INT_MAX} + 2);
    if (used == first) used = 0;
    if (!whole_number && used > 0 && used < length) fail("invalid value \"" + std::string(source) + "\" for " + name);
    if (used == 0 && (whole_number || text.size() == before)) fail("invalid value \"" + std::string(text.substr(0, length)) + "\" for " + name);
    text.remove_prefix(used);
    if (negative) value = -value;
    if (value < INT_MIN || value > INT_MAX) fail("value for " + name + " in source string is out of range");
    if (part) set(*part, static_cast<int>(value), item);
    return static_cast<int>(before - text.size());
  }
  int integer(int* part, std::size_t i) { return integer(part, i, items[i].keyword->text.size()); }

  // One of some words, by its place.
  template <class Words>
  int word(const Words& words, std::size_t i, std::size_t length = std::string_view::npos) {
    int at = 0;
    for (std::string_view w : words) {
      w = w.substr(0, length);
      bool same = !text.empty() && text.size() >= w.size();
      for (std::size_t k = 0; same && k < w.size(); ++k) same = lower(text[k]) == lower(w[k]);
      if (same) {
        text.remove_prefix(w.size());
        return at;
      }
      ++at;
    }
    const auto end = std::find_if(text.begin(), text.end(), is_space);
    fail("invalid value \"" + std::string(text.begin(), end) + "\" for \"" + std::string(items[i].name) + "\"");
  }

  void skip_spaces() {
    for (; is_space(next()); ++extra) text.remove_prefix(1);
  }

  void read_year(std::size_t i, int of_digits) {
    if (of_digits == 4) {
      integer(&year, i);
    } else {
      int value = 0;
      const int length = integer(&value, i);
      set(year, length < 4 ? completed_year(value) : value, items[i]);
    }
    year_digits = of_digits;
  }

  void read_fraction(std::size_t i, std::size_t length) {
    int value = 0;
    const int taken = integer(&value, i, length);
    for (int k = taken; k < 6; ++k) value *= 10;
    set(micros, value, items[i]);
  }

  void read(std::size_t i) {
    static constexpr std::string_view kHalves[] = {"am", "pm"}, kHalvesDots[] = {"a.m.", "p.m."}, kEras[] = {"ad", "bc"}, kErasDots[] = {"a.d.", "b.c."};
    const Item& item = items[i];
    switch (item.keyword->pattern) {
      case Pattern::kFixed: fixed = true; break;
      case Pattern::kHalfOfDay: set(half_of_day, word(kHalves, i), item); twelve_hours = true; break;
      case Pattern::kHalfOfDayDots: set(half_of_day, word(kHalvesDots, i), item); twelve_hours = true; break;
      case Pattern::kHour12: integer(&hour, i, 2); twelve_hours = true; break;
      case Pattern::kHour24: integer(&hour, i, 2); break;
      case Pattern::kMinute: integer(&minute, i); break;
      case Pattern::kSecond: integer(&second, i); break;
      case Pattern::kMillisecond: {
        const int length = integer(&millis, i, 3);
        millis *= length == 1 ? 100 : length == 2 ? 10 : 1;
        break;
      }
      case Pattern::kFraction: digits = item.keyword->digits; read_fraction(i, static_cast<std::size_t>(digits)); break;
      case Pattern::kMicrosecond: read_fraction(i, 6); break;
      case Pattern::kSecondOfDay: integer(&second_of_day, i); break;
      case Pattern::kZone: case Pattern::kZoneOffset: fail("formatting field \"" + std::string(item.name) + "\" is only supported in to_char");
      case Pattern::kZoneHour:
        if (next() == '+' || next() == '-' || next() == ' ') {
          zone_sign = next() == '-' ? -1 : 1;
          text.remove_prefix(1);
        } else {  // a minus may have been taken for a separator
          zone_sign = extra > 0 && text.size() < whole.size() && whole[whole.size() - text.size() - 1] == '-' ? -1 : 1;
        }
        integer(&zone_hour, i, 2);
        return;
      case Pattern::kZoneMinute:
        if (zone_sign == 0) zone_sign = 1;
        integer(&zone_minute, i, 2);
        return;
      case Pattern::kEra: set(before_christ, word(kEras, i), item); break;
      case Pattern::kEraDots: set(before_christ, word(kErasDots, i), item); break;
      case Pattern::kMonthName: set(month, word(kMonths, i) + 1, item); break;
      case Pattern::kMonthShort: set(month, word(kMonths, i, 3) + 1, item); break;
      case Pattern::kMonth: integer(&month, i); break;
      case Pattern::kRoman: set(month, 12 - word(std::vector<std::string_view>(std::rbegin(kRomans), std::rend(kRomans)), i), item); break;
      case Pattern::kDayName: set(day_of_week, word(kDays, i), item); ++day_of_week; break;
      case Pattern::kDayShort: set(day_of_week, word(kDays, i, 3), item); ++day_of_week; break;
      case Pattern::kDayOfYear: integer(&day_of_year, i); break;
      case Pattern::kIsoDayOfYear: integer(&day_of_year, i, 3); break;
      case Pattern::kDay: integer(&day, i); break;
      case Pattern::kDayOfWeek: integer(&day_of_week, i); break;
      case Pattern::kIsoDayOfWeek:  // counted from Sunday
        integer(&day_of_week, i, 1);
        if (++day_of_week > 7) day_of_week = 1;
        break;
      case Pattern::kWeekOfYear: case Pattern::kIsoWeek: integer(&week, i); break;
      case Pattern::kQuarter: integer(nullptr, i); break;
      case Pattern::kCentury: integer(&century, i); break;
      case Pattern::kYearComma: {
        const std::size_t comma = text.find(',');
        const std::string_view thousands = text.substr(0, std::min(comma, text.size()));
        std::size_t end = thousands.size() + 1;
        while (end < text.size() && end < thousands.size() + 4 && is_digit(text[end])) ++end;
        const bool good = comma != std::string_view::npos && !thousands.empty() && thousands.size() < 7 && std::all_of(thousands.begin(), thousands.end(), is_digit);
        if (!good || end == thousands.size() + 1) fail("invalid input string for \"Y,YYY\"");
        set(year, std::stoi(std::string(thousands)) * 1000 + std::stoi(std::string(text.substr(thousands.size() + 1, end - thousands.size() - 1))), item);
        year_digits = 4;
        text.remove_prefix(end);
        break;
      }
      case Pattern::kYear4: case Pattern::kIsoYear4: read_year(i, 4); break;
      case Pattern::kYear3: case Pattern::kIsoYear3: read_year(i, 3); break;
      case Pattern::kYear2: case Pattern::kIsoYear2: read_year(i, 2); break;
      case Pattern::kYear1: case Pattern::kIsoYear1: read_year(i, 1); break;
      case Pattern::kWeekOfMonth: integer(&week_of_month, i); break;
      case Pattern::kJulian: integer(&julian, i); break;
    }
    for (int k = 0; k < 2 && item.ordinal; ++k) text.remove_prefix(character_at(text).size());
  }

  void read_all() {
    for (std::size_t i = 0; i < items.size() && !text.empty(); ++i) {
      const Item& item = items[i];
      if (!fixed && (i == 0 || item.keyword) && !(item.keyword && item.keyword->pattern == Pattern::kFixed)) skip_spaces();
      if (item.keyword) {
        const Calendar own = calendar_of(item.keyword->pattern);
        if (own != Calendar::kOpen && calendar != Calendar::kOpen && own != calendar) {
          Failure failure(ErrorCode::kEvaluation, "invalid combination of date conventions");
          failure.error().hint = "Do not mix Gregorian and ISO week date conventions in a formatting template.";
          throw failure;
        }
        if (own != Calendar::kOpen) calendar = own;
        read(i);
        if (!fixed) {
          extra = 0;
          skip_spaces();
        }
      } else if (fixed) {
        text.remove_prefix(character_at(text).size());
      } else if (!item.quoted && (is_separator(item.name[0]) || is_space(item.name[0]))) {
        --extra;
        if (is_space(next()) || is_separator(next())) {
          text.remove_prefix(1);
          ++extra;
        }
      } else if (extra > 0) {
        --extra;
      } else {
        text.remove_prefix(character_at(text).size());
      }
    }
  }

  [[noreturn]] void out_of_range() const { fail("date/time field value out of range: \"" + std::string(whole) + "\""); }

  void set_civil(std::int64_t days) {
    const CivilTime t = civil_from_date(days);
    civil_year = t.year;
    civil_month = t.month;
    civil_day = t.day;
  }
  std::int64_t iso_week_start(std::int64_t of_week) const {  // a Monday
    const std::int64_t fourth = days_from_civil(civil_year, 1, 4);
    const std::int64_t monday = fourth - ((fourth + 5) % 7 + 7) % 7;
    return monday + (of_week - 1) * 7;
  }

  void settle_year(bool& given) {
    given = year != 0 || century != 0;
    if (year != 0 && century != 0 && year_digits <= 2) {  // the two last digits of a year of the century
      if (before_christ) century = -century;
      civil_year = year % 100;
      if (civil_year == 0) civil_year = std::int64_t{century} * 100 + (century >= 0 ? 0 : 1);
      else if (century >= 0) civil_year += (std::int64_t{century} - 1) * 100;
      else civil_year = (std::int64_t{century} + 1) * 100 - civil_year + 1;
    } else if (year != 0) {
      civil_year = before_christ ? -std::int64_t{year} : year;
      if (civil_year < 0) ++civil_year;
    } else if (century != 0) {
      if (before_christ) century = -century;
      civil_year = century >= 0 ? (std::int64_t{century} - 1) * 100 + 1 : std::int64_t{century} * 100 + 1;
    }
  }

  void settle_date() {
    bool have_year = false, have_month = false, have_day = false;
    settle_year(have_year);
    const auto have_all = [&] { have_year = have_month = have_day = true; };
    if (julian != 0) {
      set_civil(julian - kPostgresEpochJulian);
      have_all();
    }
    if (week != 0) {
      if (calendar == Calendar::kIsoWeek) {
        set_civil(iso_week_start(week) + (day_of_week == 0 ? 0 : day_of_week > 1 ? day_of_week - 2 : 6));
        have_all();
      } else {
        day_of_year = (week - 1) * 7 + 1;
      }
    }
    if (week_of_month != 0) day = (week_of_month - 1) * 7 + 1;
    if (day != 0) {
      civil_day = day;
      have_day = true;
    }
    if (month != 0) {
      civil_month = month;
      have_month = true;
    }
    if (day_of_year != 0 && (civil_month <= 1 || civil_day <= 1)) {
      if (civil_year == 0 && !before_christ) fail("cannot calculate day of year without year information");
      if (calendar == Calendar::kIsoWeek) {
        set_civil(iso_week_start(1) + day_of_year - 1);
        have_all();
      } else {
        int in_month = 1, before = 0;
        while (in_month <= 12 && day_of_year > before + days_in_month(civil_year, in_month)) before += days_in_month(civil_year, in_month++);
        if (civil_month <= 1) civil_month = in_month;
        if (civil_day <= 1) civil_day = day_of_year - before;
        have_month = have_day = true;
      }
    }
    if (have_month && (civil_month < 1 || civil_month > 12)) out_of_range();
    if (have_day && (civil_day < 1 || civil_day > 31)) out_of_range();
    if (have_year && have_month && have_day && civil_day > days_in_month(civil_year, civil_month)) out_of_range();
  }

  std::int64_t settle_time() {
    int h = second_of_day / 3600, m = second_of_day % 3600 / 60, s = second_of_day % 60;
    if (second != 0) s = second;
    if (minute != 0) m = minute;
    if (hour != 0) h = hour;
    if (twelve_hours) {
      if (h < 1 || h > 12) {
        Failure failure(ErrorCode::kEvaluation, "hour \"" + std::to_string(h) + "\" is invalid for the 12-hour clock");
        failure.error().hint = "Use the 24-hour clock, or give an hour between 1 and 12.";
        throw failure;
      }
      if (half_of_day && h < 12) h += 12;
      else if (!half_of_day && h == 12) h = 0;
    }
    settle_date();
    const std::int64_t fraction = std::int64_t{millis} * 1000 + micros;
    if (h < 0 || h >= 24 || m < 0 || m >= 60 || s < 0 || s >= 60 || fraction < 0 || fraction >= kMicrosPerSecond) out_of_range();
    if (zone_sign != 0 && (zone_hour < 0 || zone_hour > 15 || zone_minute < 0 || zone_minute >= 60)) {
      fail("time zone displacement out of range: \"" + std::string(whole) + "\"");
    }
    return ((h * 60LL + m) * 60 + s) * kMicrosPerSecond + fraction;
  }

  std::int64_t days() const { return days_from_civil(civil_year, civil_month, civil_day); }
};

Reader read_pattern(std::string_view text, std::string_view format) {
  Reader reader{.whole = text, .text = text, .items = cut(format)};
  reader.read_all();
  return reader;
}

}  // namespace

std::int64_t to_date(std::string_view text, std::string_view format) {
  Reader reader = read_pattern(text, format);
  reader.settle_time();
  const std::int64_t days = reader.days();
  if (!date_in_range(days)) fail("date out of range: \"" + std::string(text) + "\"");
  return days;
}

std::int64_t to_timestamp(std::string_view text, std::string_view format) {
  Reader reader = read_pattern(text, format);
  std::int64_t time = reader.settle_time();
  const std::int64_t days = reader.days();
  if (!date_in_range(days)) fail("timestamp out of range");
  time -= std::int64_t{reader.zone_sign} * (reader.zone_hour * 60 + reader.zone_minute) * 60 * kMicrosPerSecond;
  const __int128 micros = static_cast<__int128>(days) * kMicrosPerDay + time;
  if (micros < kTimestampMin || micros >= kTimestampEnd) fail("timestamp out of range");
  std::int64_t unit = 1;
  for (int k = reader.digits; k > 0 && k < 6; ++k) unit *= 10;
  const auto exact = static_cast<std::int64_t>(micros);
  return exact >= 0 ? (exact + unit / 2) / unit * unit : -((-exact + unit / 2) / unit * unit);
}

}  // namespace weir
