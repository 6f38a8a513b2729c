#include "zset/datetime.h"

#include <weir/error.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "zset/datetime_fields.h"
#include "zset/datetime_range.h"
#include "zset/datetime_words.h"
#include "zset/hash.h"
#include "zset/timezone_names.h"

namespace weir {
namespace {

using Part = DatePart;
using Word = DateWord::Kind;

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kUnixEpochDays = -10'957;  // 1970-01-01

[[noreturn]] void interval_out_of_range() { throw Failure(ErrorCode::kEvaluation, "interval out of range"); }
[[noreturn]] void timestamp_out_of_range() { throw Failure(ErrorCode::kEvaluation, "timestamp out of range"); }

bool is_infinite(std::int64_t t) { return t == kInfinity || t == kMinusInfinity; }

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
std::int64_t time_of_day(std::int64_t micros) { return micros % kMicrosPerDay + (micros % kMicrosPerDay < 0 ? kMicrosPerDay : 0); }

void append_padded(std::string& out, std::int64_t value, int width) {
  char digits[20];
  int n = 0;
  do digits[n++] = static_cast<char>('0' + value % 10);
  while ((value /= 10) != 0);
  for (int i = n; i < width; ++i) out += '0';
  while (n > 0) out += digits[--n];
}

// Seconds with the fraction that is there, without trailing zeros.
void append_seconds(std::string& out, std::int64_t second, std::int64_t micros) {
  append_padded(out, second, 2);
  if (micros == 0) return;
  out += '.';
  int width = 6;
  while (micros % 10 == 0) {
    micros /= 10;
    --width;
  }
  append_padded(out, micros, width);
}

void append_time(std::string& out, std::uint64_t time) {
  const auto seconds = static_cast<std::int64_t>(time / kMicrosPerSecond);
  append_padded(out, seconds / 3600, 2);
  out += ':';
  append_padded(out, seconds / 60 % 60, 2);
  out += ':';
  append_seconds(out, seconds % 60, static_cast<std::int64_t>(time % kMicrosPerSecond));
}

void append_date(std::string& out, const CivilTime& t) {
  append_padded(out, t.year > 0 ? t.year : 1 - t.year, 4);
  out += '-';
  append_padded(out, t.month, 2);
  out += '-';
  append_padded(out, t.day, 2);
}

std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) interval_out_of_range();
  return sum;
}
std::int32_t checked_add(std::int32_t a, std::int32_t b) {
  std::int32_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) interval_out_of_range();
  return sum;
}
std::int32_t checked_int32(double d) {
  if (std::isnan(d) || d > std::numeric_limits<std::int32_t>::max() || d < std::numeric_limits<std::int32_t>::min()) interval_out_of_range();
  return static_cast<std::int32_t>(d);
}
std::int64_t checked_int64(double d) {
  if (std::isnan(d) || d >= 9223372036854775808.0 || d < -9223372036854775808.0) interval_out_of_range();
  return static_cast<std::int64_t>(d);
}

double round_micros(double seconds) { return std::rint(seconds * 1e6) / 1e6; }

// Fractions of months become days, fractions of days time: what * and / share. `scaled` is a field times (or by) the number.
template <class Scale>
Interval scale_interval(const Interval& a, Scale scaled) {
  Interval out;
  out.months = checked_int32(scaled(a.months));
  out.days = checked_int32(scaled(a.days));
  const double month_days = round_micros((scaled(a.months) - out.months) * 30);
  double seconds = scaled(a.days) - out.days + month_days - std::trunc(month_days);
  seconds = round_micros(seconds * static_cast<double>(kSecondsPerDay));
  if (std::fabs(seconds) >= static_cast<double>(kSecondsPerDay)) {
    const auto whole_days = static_cast<std::int32_t>(seconds / static_cast<double>(kSecondsPerDay));
    out.days = checked_add(out.days, whole_days);
    seconds -= static_cast<double>(whole_days * kSecondsPerDay);
  }
  out.days = checked_add(out.days, static_cast<std::int32_t>(month_days));
  out.micros = checked_int64(std::rint(scaled(a.micros) + seconds * 1e6));
  return out;
}

// Makes the signs of two neighbouring fields agree.
template <class High, class Low>
void align_signs(High& high, Low& low, std::int64_t unit) {
  if (high > 0 && low < 0) {
    low = static_cast<Low>(low + unit);
    --high;
  } else if (high < 0 && low > 0) {
    low = static_cast<Low>(low - unit);
    ++high;
  }
}

__int128 interval_span(const Interval& i) {
  return static_cast<__int128>(std::int64_t{i.months} * 30 + i.days) * kMicrosPerDay + i.micros;
}

// 0 is Sunday.
int day_of_week(std::int64_t days) {
  const auto r = static_cast<int>((days + 6) % 7);
  return r < 0 ? r + 7 : r;
}
// 1 is Monday, 7 Sunday.
int iso_day_of_week(std::int64_t days) {
  const int d = day_of_week(days);
  return d == 0 ? 7 : d;
}
std::int64_t monday_of(std::int64_t days) { return days - iso_day_of_week(days) + 1; }

std::string quoted_unit(const std::string& name) { return "unit \"" + name + "\""; }
[[noreturn]] void not_recognized(const std::string& name, const char* type) {
  throw Failure(ErrorCode::kEvaluation, quoted_unit(name) + " not recognized for type " + type);
}
[[noreturn]] void not_supported(const std::string& name, const char* type) {
  throw Failure(ErrorCode::kEvaluation, quoted_unit(name) + " not supported for type " + type);
}
constexpr const char* timestamp_name(bool zoned) { return zoned ? "timestamp with time zone" : "timestamp without time zone"; }
constexpr const char* kTimeName = "time without time zone";

// Which parts of an infinite date are infinite; the others go round and are NULL.
bool grows_for_ever(Part part) {
  switch (part) {
    case Part::kYear: case Part::kDecade: case Part::kCentury: case Part::kMillennium: case Part::kJulian: case Part::kIsoYear: case Part::kEpoch: return true;
    default: return false;
  }
}
bool part_of_date(Part part) {
  switch (part) {
    case Part::kDay: case Part::kMonth: case Part::kQuarter: case Part::kWeek: case Part::kDayOfWeek: case Part::kIsoDayOfWeek: case Part::kDayOfYear: return true;
    default: return grows_for_ever(part);
  }
}
bool part_of_time(Part part) {
  switch (part) {
    case Part::kMicrosecond: case Part::kMillisecond: case Part::kSecond: case Part::kMinute: case Part::kHour: return true;
    default: return false;
  }
}

Numeric infinite(std::int64_t t) {
  Numeric n;
  n.kind = t == kInfinity ? Numeric::Class::kInfinity : Numeric::Class::kMinusInfinity;
  return n;
}

// REQUIRES: part_of_date(part), part is neither kEpoch nor kJulian.
std::int64_t date_part_of(Part part, std::int64_t days) {
  const CivilTime t = civil_from_date(days);
  const std::int64_t y = t.year;
  switch (part) {
    case Part::kDay: return t.day;
    case Part::kMonth: return t.month;
    case Part::kQuarter: return (t.month - 1) / 3 + 1;
    case Part::kWeek: {
      const std::int64_t thursday = monday_of(days) + 3;
      return (thursday - days_from_civil(civil_from_date(thursday).year, 1, 1)) / 7 + 1;
    }
    case Part::kDayOfWeek: return day_of_week(days);
    case Part::kIsoDayOfWeek: return iso_day_of_week(days);
    case Part::kDayOfYear: return days - days_from_civil(y, 1, 1) + 1;
    case Part::kYear: return y > 0 ? y : y - 1;
    case Part::kDecade: return y >= 0 ? y / 10 : -((8 - (y - 1)) / 10);
    case Part::kCentury: return y > 0 ? (y + 99) / 100 : -((99 - (y - 1)) / 100);
    case Part::kMillennium: return y > 0 ? (y + 999) / 1000 : -((999 - (y - 1)) / 1000);
    case Part::kIsoYear: {
      const std::int64_t iso = civil_from_date(monday_of(days) + 3).year;
      return iso > 0 ? iso : iso - 1;
    }
    default: return 0;
  }
}

Part part_named(const DateWord& word) {
  if (word.kind == Word::kEpoch) return Part::kEpoch;
  return word.kind == Word::kUnit ? word.part : Part::kNone;
}
bool names_a_part(const DateWord& word) {
  return word.kind == Word::kUnit || word.kind == Word::kEpoch || word.kind == Word::kVolatile || word.kind == Word::kAllBalls ||
         word.kind == Word::kInfinity || word.kind == Word::kMinusInfinity;
}

}  // namespace

std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  // Years that start in March, in eras of 400 years.
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = floor_div(y, 400);
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  constexpr std::int64_t kDaysTo2000 = 730'425;  // from 0000-03-01 to 2000-01-01
  return era * 146'097 + day_of_era - kDaysTo2000;
}

CivilTime civil_from_date(std::int64_t days) {
  const std::int64_t z = days + 730'425;
  const std::int64_t era = floor_div(z, 146'097);
  const std::int64_t day_of_era = z - era * 146'097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t m = (5 * day_of_year + 2) / 153;
  CivilTime t;
  t.day = static_cast<int>(day_of_year - (153 * m + 2) / 5 + 1);
  t.month = static_cast<int>(m < 10 ? m + 3 : m - 9);
  t.year = year_of_era + era * 400 + (t.month <= 2 ? 1 : 0);
  return t;
}

CivilTime civil_from_timestamp(std::int64_t micros) {
  const std::int64_t days = floor_div(micros, kMicrosPerDay);
  std::int64_t time = micros - days * kMicrosPerDay;
  CivilTime t = civil_from_date(days);
  t.micros = static_cast<int>(time % kMicrosPerSecond);
  time /= kMicrosPerSecond;
  t.second = static_cast<int>(time % 60);
  t.minute = static_cast<int>(time / 60 % 60);
  t.hour = static_cast<int>(time / 3600);
  return t;
}

std::int64_t timestamp_from_civil(const CivilTime& t) {
  const __int128 micros = static_cast<__int128>(days_from_civil(t.year, t.month, t.day)) * kMicrosPerDay +
                          ((t.hour * 60LL + t.minute) * 60 + t.second) * kMicrosPerSecond + t.micros;
  if (micros < kTimestampMin || micros >= kTimestampEnd) timestamp_out_of_range();
  return static_cast<std::int64_t>(micros);
}

std::string format_date(std::int64_t days) {
  if (is_infinite(days)) return days == kInfinity ? "infinity" : "-infinity";
  const CivilTime t = civil_from_date(days);
  std::string out;
  append_date(out, t);
  if (t.year <= 0) out += " BC";
  return out;
}

std::string format_time(std::int64_t micros) {
  std::string out;
  append_time(out, static_cast<std::uint64_t>(micros));
  return out;
}

namespace {

std::string format_moment(std::int64_t micros, const char* zone) {
  if (is_infinite(micros)) return micros == kInfinity ? "infinity" : "-infinity";
  const std::int64_t days = floor_div(micros, kMicrosPerDay);
  const CivilTime t = civil_from_date(days);
  std::string out;
  append_date(out, t);
  out += ' ';
  append_time(out, static_cast<std::uint64_t>(micros - days * kMicrosPerDay));
  out += zone;
  if (t.year <= 0) out += " BC";
  return out;
}

}  // namespace

std::string format_timestamp(std::int64_t micros) { return format_moment(micros, ""); }
std::string format_timestamptz(std::int64_t micros) { return format_moment(micros, "+00"); }

std::string format_interval(const Interval& i) {
  std::string out;
  bool after_negative = false;
  const auto part = [&](std::int32_t value, const char* unit) {
    if (value == 0) return;
    if (!out.empty()) out += ' ';
    if (after_negative && value > 0) out += '+';
    out += std::to_string(value);
    out += unit;
    if (value != 1) out += 's';
    after_negative = value < 0;
  };
  part(i.months / 12, " year");
  part(i.months % 12, " mon");
  part(i.days, " day");
  if (!out.empty() && i.micros == 0) return out;
  if (!out.empty()) out += ' ';
  if (i.micros < 0) out += '-';
  else if (after_negative) out += '+';
  const std::uint64_t magnitude = i.micros < 0 ? 0 - static_cast<std::uint64_t>(i.micros) : static_cast<std::uint64_t>(i.micros);
  append_time(out, magnitude);
  return out;
}

std::int64_t date_to_timestamp(std::int64_t days) {
  if (is_infinite(days)) return days;
  if (days >= kTimestampEnd / kMicrosPerDay) throw Failure(ErrorCode::kEvaluation, "date out of range for timestamp");
  return days * kMicrosPerDay;
}

std::int64_t timestamp_to_date(std::int64_t micros) { return is_infinite(micros) ? micros : floor_div(micros, kMicrosPerDay); }

std::optional<std::int64_t> timestamp_to_time(std::int64_t micros) {
  if (is_infinite(micros)) return std::nullopt;
  return time_of_day(micros);
}

std::int64_t interval_to_time(const Interval& i) { return time_of_day(i.micros); }

std::int64_t time_plus(std::int64_t time, const Interval& i) {
  const std::uint64_t sum = static_cast<std::uint64_t>(time) + static_cast<std::uint64_t>(i.micros);  // beyond 64 bits it wraps, as in PostgreSQL
  return interval_to_time({.micros = static_cast<std::int64_t>(sum)});
}

std::int64_t date_plus_time(std::int64_t days, std::int64_t time) {
  const std::int64_t midnight = date_to_timestamp(days);
  if (is_infinite(midnight)) return midnight;
  if (!timestamp_in_range(midnight + time)) timestamp_out_of_range();
  return midnight + time;
}

namespace {

std::int64_t shifted(std::int64_t micros, std::int64_t seconds) {
  if (is_infinite(micros)) return micros;
  const std::int64_t out = micros + seconds * kMicrosPerSecond;
  if (!timestamp_in_range(out)) timestamp_out_of_range();
  return out;
}

std::int64_t seconds_east(std::string_view zone) {
  std::string name;
  lower_case(zone, name);
  if (!is_timezone_abbreviation(name) && !is_timezone_name(name)) {
    throw Failure(ErrorCode::kEvaluation, "time zone \"" + std::string(zone) + "\" not recognized");
  }
  const std::optional<std::int32_t> offset = timezone_offset(name);
  if (!offset) refuse_timezone(zone);
  return *offset;
}

std::int64_t seconds_east(const Interval& east) {
  if (east.months != 0 || east.days != 0) {
    throw Failure(ErrorCode::kEvaluation, "interval time zone \"" + format_interval(east) + "\" must not include months or days");
  }
  return east.micros / kMicrosPerSecond;
}

}  // namespace

void refuse_timezone(std::string_view name) {
  throw Failure(ErrorCode::kUnsupported, "time zone \"" + std::string(name) + "\" is not supported: its clocks change");
}

std::int64_t in_zone(std::int64_t moment, std::string_view zone) { return is_infinite(moment) ? moment : shifted(moment, seconds_east(zone)); }
std::int64_t from_zone(std::int64_t local, std::string_view zone) { return is_infinite(local) ? local : shifted(local, -seconds_east(zone)); }
std::int64_t in_zone(std::int64_t moment, const Interval& east) { return shifted(moment, seconds_east(east)); }
std::int64_t from_zone(std::int64_t local, const Interval& east) { return shifted(local, -seconds_east(east)); }

std::int64_t from_written_zone(std::int64_t local, std::string_view zone) {
  const std::string quoted = "\"" + std::string(zone) + "\"";
  if (!zone.empty() && zone[0] >= '0' && zone[0] <= '9') {
    Failure failure(ErrorCode::kEvaluation, "invalid input syntax for type numeric time zone: " + quoted);
    failure.error().hint = "Numeric time zones must have \"-\" or \"+\" as first character.";
    throw failure;
  }
  std::int32_t east = 0;
  switch (datetime::read_zone(zone, east)) {
    case datetime::Fault::kNone: return shifted(local, -east);
    case datetime::Fault::kZone: throw Failure(ErrorCode::kEvaluation, "numeric time zone " + quoted + " out of range");
    default: return from_zone(local, zone);
  }
}

std::int64_t timestamp_plus(std::int64_t micros, const Interval& i) {
  if (is_infinite(micros)) return micros;
  if (i.months != 0) {
    CivilTime t = civil_from_timestamp(micros);
    const std::int64_t months = t.year * 12 + (t.month - 1) + i.months;
    t.year = floor_div(months, 12);
    t.month = static_cast<int>(months - t.year * 12) + 1;
    t.day = std::min(t.day, days_in_month(t.year, t.month));
    micros = timestamp_from_civil(t);
  }
  if (i.days != 0) {
    const __int128 moved = static_cast<__int128>(micros) + static_cast<__int128>(i.days) * kMicrosPerDay;
    if (moved < kTimestampMin || moved >= kTimestampEnd) timestamp_out_of_range();
    micros = static_cast<std::int64_t>(moved);
  }
  std::int64_t out = 0;
  if (__builtin_add_overflow(micros, i.micros, &out) || !timestamp_in_range(out)) timestamp_out_of_range();
  return out;
}

Interval timestamp_minus(std::int64_t a, std::int64_t b) {
  if (is_infinite(a) || is_infinite(b)) throw Failure(ErrorCode::kEvaluation, "cannot subtract infinite timestamps");
  Interval i;
  if (__builtin_sub_overflow(a, b, &i.micros)) interval_out_of_range();
  return justify_hours(i);
}

Interval interval_plus(const Interval& a, const Interval& b) {
  return {checked_add(a.micros, b.micros), checked_add(a.days, b.days), checked_add(a.months, b.months)};
}

Interval interval_negate(const Interval& a) {
  Interval out;
  if (__builtin_sub_overflow(std::int64_t{0}, a.micros, &out.micros) || __builtin_sub_overflow(0, a.days, &out.days) ||
      __builtin_sub_overflow(0, a.months, &out.months)) {
    interval_out_of_range();
  }
  return out;
}

Interval interval_times(const Interval& a, double factor) {
  return scale_interval(a, [factor](auto field) { return static_cast<double>(field) * factor; });
}

Interval interval_divide(const Interval& a, double divisor) {
  if (divisor == 0) throw Failure(ErrorCode::kEvaluation, "division by zero");
  return scale_interval(a, [divisor](auto field) { return static_cast<double>(field) / divisor; });
}

int interval_compare(const Interval& a, const Interval& b) {
  const __int128 x = interval_span(a), y = interval_span(b);
  return x < y ? -1 : x > y;
}

std::uint64_t interval_hash(const Interval& a) {
  const __int128 span = interval_span(a);
  return hash_combine(hash_int(static_cast<std::uint64_t>(span)), static_cast<std::uint64_t>(span >> 64));
}

Interval age(std::int64_t a, std::int64_t b) {
  if (a == kMinusInfinity || b == kMinusInfinity) timestamp_out_of_range();
  const bool negative = a < b;
  const CivilTime x = civil_from_timestamp(negative ? b : a), y = civil_from_timestamp(negative ? a : b);  // x is the later one
  std::int64_t time = ((x.hour * 60LL + x.minute) * 60 + x.second) * kMicrosPerSecond + x.micros -
                      (((y.hour * 60LL + y.minute) * 60 + y.second) * kMicrosPerSecond + y.micros);
  std::int64_t months = (x.year - y.year) * 12 + x.month - y.month;
  int days = x.day - y.day;
  if (time < 0) {
    time += kMicrosPerDay;
    --days;
  }
  if (days < 0) {  // borrows the month in which the earlier one stands
    days += days_in_month(y.year, y.month);
    --months;
  }
  if (negative) return {-time, -days, static_cast<std::int32_t>(-months)};
  return {time, days, static_cast<std::int32_t>(months)};
}

Interval justify_hours(const Interval& i) {
  Interval out = i;
  out.days = checked_add(i.days, static_cast<std::int32_t>(i.micros / kMicrosPerDay));
  out.micros = i.micros % kMicrosPerDay;
  align_signs(out.days, out.micros, kMicrosPerDay);
  return out;
}

Interval justify_days(const Interval& i) {
  Interval out = i;
  out.months = checked_add(i.months, i.days / 30);
  out.days = i.days % 30;
  align_signs(out.months, out.days, 30);
  return out;
}

Interval justify_interval(const Interval& i) {
  Interval out = i;
  if ((out.days > 0 && out.micros > 0) || (out.days < 0 && out.micros < 0)) {  // whole months first, lest days overflow
    out.months = checked_add(out.months, out.days / 30);
    out.days %= 30;
  }
  out.days = checked_add(out.days, static_cast<std::int32_t>(out.micros / kMicrosPerDay));
  out.micros %= kMicrosPerDay;
  out.months = checked_add(out.months, out.days / 30);
  out.days %= 30;
  if (out.months > 0 && (out.days < 0 || (out.days == 0 && out.micros < 0))) {
    out.days += 30;
    --out.months;
  } else if (out.months < 0 && (out.days > 0 || (out.days == 0 && out.micros > 0))) {
    out.days -= 30;
    ++out.months;
  }
  align_signs(out.days, out.micros, kMicrosPerDay);
  return out;
}

std::int64_t date_trunc(std::string_view field, std::int64_t micros, bool zoned) {
  if (is_infinite(micros)) return micros;
  std::string name;
  const DateWord word = unit_word(lower_case(field, name));
  if (word.kind != Word::kUnit) not_recognized(name, timestamp_name(zoned));
  const auto whole = [&](std::int64_t unit) { return floor_div(micros, unit) * unit; };
  const CivilTime t = civil_from_timestamp(micros);
  const auto year_start = [](std::int64_t year) { return timestamp_from_civil({.year = year}); };
  const std::int64_t y = t.year;
  switch (word.part) {
    case Part::kMicrosecond: return micros;
    case Part::kMillisecond: return whole(1000);
    case Part::kSecond: return whole(kMicrosPerSecond);
    case Part::kMinute: return whole(60 * kMicrosPerSecond);
    case Part::kHour: return whole(3600 * kMicrosPerSecond);
    case Part::kDay: return whole(kMicrosPerDay);
    case Part::kWeek: {
      const std::int64_t start = monday_of(floor_div(micros, kMicrosPerDay)) * kMicrosPerDay;
      if (!timestamp_in_range(start)) timestamp_out_of_range();
      return start;
    }
    case Part::kMonth: return timestamp_from_civil({.year = y, .month = t.month});
    case Part::kQuarter: return timestamp_from_civil({.year = y, .month = 3 * ((t.month - 1) / 3) + 1});
    case Part::kYear: return year_start(y);
    case Part::kDecade: return year_start(y > 0 ? y / 10 * 10 : -((8 - (y - 1)) / 10) * 10);
    case Part::kCentury: return year_start(y > 0 ? (y + 99) / 100 * 100 - 99 : -((99 - (y - 1)) / 100) * 100 + 1);
    case Part::kMillennium: return year_start(y > 0 ? (y + 999) / 1000 * 1000 - 999 : -((999 - (y - 1)) / 1000) * 1000 + 1);
    default: not_supported(name, timestamp_name(zoned));
  }
}

Interval date_trunc(std::string_view field, const Interval& i) {
  std::string name;
  const DateWord word = unit_word(lower_case(field, name));
  if (word.kind != Word::kUnit) not_recognized(name, "interval");
  const auto time = [&](std::int64_t unit) { return Interval{i.micros / unit * unit, i.days, i.months}; };
  const auto months = [&](std::int32_t unit) { return Interval{0, 0, i.months / unit * unit}; };
  switch (word.part) {
    case Part::kMicrosecond: return i;
    case Part::kMillisecond: return time(1000);
    case Part::kSecond: return time(kMicrosPerSecond);
    case Part::kMinute: return time(60 * kMicrosPerSecond);
    case Part::kHour: return time(3600 * kMicrosPerSecond);
    case Part::kDay: return {0, i.days, i.months};
    case Part::kMonth: return months(1);
    case Part::kQuarter: return months(3);
    case Part::kYear: return months(12);
    case Part::kDecade: return months(120);
    case Part::kCentury: return months(1200);
    case Part::kMillennium: return months(12000);
    default: not_supported(name, "interval");
  }
}

std::int64_t date_bin(const Interval& stride, std::int64_t micros, std::int64_t origin) {
  if (is_infinite(micros)) return micros;
  if (is_infinite(origin)) throw Failure(ErrorCode::kEvaluation, "origin out of range");
  if (stride.months != 0) throw Failure(ErrorCode::kEvaluation, "timestamps cannot be binned into intervals containing months or years");
  std::int64_t width = 0, distance = 0, out = 0;
  if (__builtin_mul_overflow(std::int64_t{stride.days}, kMicrosPerDay, &width) || __builtin_add_overflow(width, stride.micros, &width)) interval_out_of_range();
  if (width <= 0) throw Failure(ErrorCode::kEvaluation, "stride must be greater than zero");
  if (__builtin_sub_overflow(micros, origin, &distance)) interval_out_of_range();
  const std::int64_t rest = distance % width;
  if (__builtin_add_overflow(origin, distance - rest, &out)) timestamp_out_of_range();
  if (rest < 0 && __builtin_sub_overflow(out, width, &out)) timestamp_out_of_range();
  if (!timestamp_in_range(out)) timestamp_out_of_range();
  return out;
}

namespace {

// A part of the time within its day.
Numeric time_part_of(Part part, std::int64_t time) {
  const std::int64_t in_minute = time % (60 * kMicrosPerSecond);
  switch (part) {
    case Part::kMicrosecond: return Numeric(in_minute);
    case Part::kMillisecond: return Numeric::make(in_minute, 3);
    case Part::kSecond: return Numeric::make(in_minute, 6);
    case Part::kMinute: return Numeric(time / (60 * kMicrosPerSecond) % 60);
    default: return Numeric(time / (3600 * kMicrosPerSecond));
  }
}

}  // namespace

std::optional<Numeric> extract_timestamp(std::string_view field, std::int64_t micros, bool zoned) {
  std::string name;
  const DateWord word = field_word(field, name);
  if (!names_a_part(word)) not_recognized(name, timestamp_name(zoned));
  const Part part = part_named(word);
  if (is_infinite(micros)) {
    if (grows_for_ever(part)) return infinite(micros);
    if (part_of_date(part) || part_of_time(part) || part == Part::kOtherZone || part == Part::kZoneHour || part == Part::kZoneMinute) return std::nullopt;
    not_supported(name, timestamp_name(zoned));
  }
  const std::int64_t days = floor_div(micros, kMicrosPerDay), time = micros - days * kMicrosPerDay;
  if (part_of_time(part)) return time_part_of(part, time);
  switch (part) {
    case Part::kOtherZone: case Part::kZoneHour: case Part::kZoneMinute:
      if (zoned) return Numeric(0);
      break;
    case Part::kEpoch: {
      std::int64_t since = 0;
      if (!__builtin_sub_overflow(micros, kUnixEpochDays * kMicrosPerDay, &since)) return Numeric::make(since, 6);
      return (Numeric::make(static_cast<__int128>(micros) - kUnixEpochDays * kMicrosPerDay, 0) / Numeric(kMicrosPerSecond)).round(6);  // loses digits as PostgreSQL does
    }
    case Part::kJulian: return Numeric(days + kPostgresEpochJulian) + Numeric(time) / Numeric(kMicrosPerDay);
    default: break;
  }
  if (!part_of_date(part)) not_supported(name, timestamp_name(zoned));
  return Numeric(date_part_of(part, days));
}

std::optional<Numeric> extract_date(std::string_view field, std::int64_t days) {
  std::string name;
  const DateWord word = field_word(field, name);
  if (!names_a_part(word)) not_recognized(name, "date");
  const Part part = part_named(word);
  if (!part_of_date(part)) not_supported(name, "date");
  if (is_infinite(days)) {
    if (grows_for_ever(part)) return infinite(days);
    return std::nullopt;
  }
  if (part == Part::kEpoch) return Numeric((days - kUnixEpochDays) * kSecondsPerDay);
  if (part == Part::kJulian) return Numeric(days + kPostgresEpochJulian);
  return Numeric(date_part_of(part, days));
}

Numeric extract_time(std::string_view field, std::int64_t time) {
  std::string name;
  const DateWord word = field_word(field, name);
  const Part part = part_named(word);
  if (part == Part::kNone) not_recognized(name, kTimeName);
  if (part == Part::kEpoch) return Numeric::make(time, 6);
  if (!part_of_time(part)) not_supported(name, kTimeName);
  return time_part_of(part, time);
}

Numeric extract_interval(std::string_view field, const Interval& i) {
  std::string name;
  const DateWord word = field_word(field, name);
  if (word.kind != Word::kUnit && word.kind != Word::kEpoch) not_recognized(name, "interval");
  const std::int64_t in_minute = i.micros % (60 * kMicrosPerSecond);
  switch (part_named(word)) {
    case Part::kMicrosecond: return Numeric(in_minute);
    case Part::kMillisecond: return Numeric::make(in_minute, 3);
    case Part::kSecond: return Numeric::make(in_minute, 6);
    case Part::kMinute: return Numeric(i.micros / (60 * kMicrosPerSecond) % 60);
    case Part::kHour: return Numeric(i.micros / (3600 * kMicrosPerSecond));
    case Part::kDay: return Numeric(std::int64_t{i.days});
    case Part::kMonth: return Numeric(std::int64_t{i.months % 12});
    case Part::kQuarter: return Numeric(std::int64_t{i.months % 12 / 3 + 1});
    case Part::kYear: return Numeric(std::int64_t{i.months / 12});
    case Part::kDecade: return Numeric(std::int64_t{i.months / 120});
    case Part::kCentury: return Numeric(std::int64_t{i.months / 1200});
    case Part::kMillennium: return Numeric(std::int64_t{i.months / 12000});
    case Part::kEpoch: {  // a year is 365.25 days, a month 30
      const std::int64_t quarter_days = 1461LL * (i.months / 12) + 120LL * (i.months % 12) + 4LL * i.days;
      return Numeric::make(static_cast<__int128>(quarter_days) * (kMicrosPerDay / 4) + i.micros, 6);
    }
    default: not_supported(name, "interval");
  }
}

}  // namespace weir
