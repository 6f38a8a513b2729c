// Functions over dates, timestamps and intervals. The calendar itself is zset/datetime.h.

#include <cmath>

#include "sql/kernels.h"
#include "zset/datetime.h"
#include "zset/datetime_range.h"
#include "zset/text_form.h"

namespace weir {
namespace {

using Int = std::int64_t;

bool finite(Int t) { return t != kInfinity && t != kMinusInfinity; }

std::optional<double> as_double(const std::optional<Numeric>& n) {
  if (!n) return std::nullopt;
  return n->to_double();
}

Int make_date(Int year, Int month, Int day) {
  const auto bad = [&] {
    fail("date field value out of range: " + std::to_string(year) + '-' + (month >= 0 && month < 10 ? "0" : "") + std::to_string(month) + '-' +
         (day >= 0 && day < 10 ? "0" : "") + std::to_string(day));
  };
  if (year == 0 || month < 1 || month > 12 || day < 1 || day > 31) bad();
  const Int astronomical = year < 0 ? year + 1 : year;
  if (astronomical < -4713 || astronomical > 5874897)
    fail("date out of range: " + std::to_string(year) + '-' + (month < 10 ? "0" : "") + std::to_string(month) + '-' + (day < 10 ? "0" : "") +
         std::to_string(day));
  const Int days = days_from_civil(astronomical, static_cast<int>(month), static_cast<int>(day));
  if (civil_from_date(days).day != day) bad();
  if (days < -2451545 || days >= 2145031949)
    fail("date out of range: " + std::to_string(year) + '-' + (month < 10 ? "0" : "") + std::to_string(month) + '-' + (day < 10 ? "0" : "") +
         std::to_string(day));
  return days;
}

Int make_time(Int hour, Int minute, double second) {
  const double micros = std::nearbyint(second * 1e6);
  const bool ok = hour >= 0 && minute >= 0 && minute <= 59 && second >= 0 && micros <= 60e6 &&
                  static_cast<double>(hour * 60 + minute) * 60e6 + micros <= static_cast<double>(kMicrosPerDay);
  if (!ok) {
    char text[64];
    std::snprintf(text, sizeof text, "%d:%02d:%02g", static_cast<int>(hour), static_cast<int>(minute), second);
    fail(std::string("time field value out of range: ") + text);
  }
  return (hour * 3600 + minute * 60) * kMicrosPerSecond + static_cast<Int>(micros);
}

Int make_timestamp(Int year, Int month, Int day, Int hour, Int minute, double second) {
  const Int date = make_date(year, month, day);
  return date_plus_time(date, make_time(hour, minute, second));
}

// From seconds since 1970.
Int from_epoch(double seconds) {
  if (std::isnan(seconds)) fail("timestamp cannot be NaN");
  if (std::isinf(seconds)) return seconds > 0 ? kInfinity : kMinusInfinity;
  constexpr double kEpoch = 946'684'800;  // 2000-01-01
  const double micros = std::nearbyint((seconds - kEpoch) * 1e6);
  if (!(micros >= static_cast<double>(kTimestampMin) && micros < static_cast<double>(kTimestampEnd))) {
    char text[64];
    std::snprintf(text, sizeof text, "timestamp out of range: \"%g\"", seconds);
    fail(text);
  }
  return static_cast<Int>(micros);
}

Interval make_interval(Int years, Int months, Int weeks, Int days, Int hours, Int minutes, double seconds) {
  if (std::isinf(seconds) || std::isnan(seconds)) fail("interval out of range");
  Interval i;
  const Int m = years * 12 + months, d = weeks * 7 + days;
  if (m != static_cast<std::int32_t>(m) || d != static_cast<std::int32_t>(d)) fail("interval out of range");
  i.months = static_cast<std::int32_t>(m);
  i.days = static_cast<std::int32_t>(d);
  const double micros = std::nearbyint(seconds * 1e6);
  if (!(std::fabs(micros) < 0x1p63)) fail("interval out of range");
  i.micros = (hours * 3600 + minutes * 60) * kMicrosPerSecond + static_cast<Int>(micros);
  return i;
}

// (s1, e1) OVERLAPS (s2, e2), by the standard's rules for NULLs and reversed ends.
Column overlaps(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::optional<bool>>(rows, arena, [&](std::uint32_t i) -> std::optional<bool> {
    std::array<std::optional<Int>, 4> t;
    for (std::size_t k = 0; k < 4; ++k) {
      if (args[k].is_valid(i)) t[k] = args[k].ints()[i];
    }
    const auto order = [](std::optional<Int>& start, std::optional<Int>& end) {  // NULL last; false if both are NULL
      if (!start && !end) return false;
      if (!start || (end && *start > *end)) std::swap(start, end);
      return true;
    };
    if (!order(t[0], t[1]) || !order(t[2], t[3])) return std::nullopt;
    if (*t[0] == *t[2]) {
      if (!t[1] || !t[3]) return std::nullopt;
      return true;
    }
    const std::size_t first = *t[0] > *t[2] ? 2 : 0;  // which period starts first
    const std::optional<Int>& first_end = t[first + 1];
    const std::optional<Int>& second_start = t[2 - first];
    const std::optional<Int>& second_end = t[3 - first];
    if (!first_end) return std::nullopt;
    if (*second_start < *first_end) return true;
    if (!second_end) return std::nullopt;
    return false;
  });
}

}  // namespace

void add_datetimes(Kernels& k) {
  using View = std::string_view;
  k.add("extract text date", pointwise<[](View f, Int d) { return extract_date(f, d); }>);
  k.add("extract text time", pointwise<[](View f, Int t) { return extract_time(f, t); }>);
  k.add("extract text timestamp", pointwise<[](View f, Int t) { return extract_timestamp(f, t); }>);
  k.add("extract text timestamptz", pointwise<[](View f, Int t) { return extract_timestamp(f, t, true); }>);
  k.add("extract text interval", pointwise<[](View f, Interval i) { return extract_interval(f, i); }>);
  k.add("date_part text date", pointwise<[](View f, Int d) { return as_double(extract_timestamp(f, date_to_timestamp(d))); }>);
  k.add("date_part text time", pointwise<[](View f, Int t) { return extract_time(f, t).to_double(); }>);
  k.add("date_part text timestamp", pointwise<[](View f, Int t) { return as_double(extract_timestamp(f, t)); }>);
  k.add("date_part text timestamptz", pointwise<[](View f, Int t) { return as_double(extract_timestamp(f, t, true)); }>);
  k.add("date_part text interval", pointwise<[](View f, Interval i) { return as_double(extract_interval(f, i)); }>);
  k.add("date_trunc text timestamp", pointwise<[](View f, Int t) { return date_trunc(f, t); }>);
  k.add("date_trunc text timestamptz", pointwise<[](View f, Int t) { return date_trunc(f, t, true); }>);
  k.add("date_trunc text timestamptz text", pointwise<[](View f, Int t, View zone) { return from_zone(date_trunc(f, in_zone(t, zone), true), zone); }>);
  k.add("date_trunc text interval", pointwise<[](View f, Interval i) { return date_trunc(f, i); }>);
  for (const std::string t : {"timestamp", "timestamptz"}) {
    k.add("date_bin interval " + t + ' ' + t, pointwise<[](Interval stride, Int t, Int origin) { return date_bin(stride, t, origin); }>);
    k.add("age " + t + ' ' + t, pointwise<[](Int a, Int b) { return age(a, b); }>);
    k.add("isfinite " + t, pointwise<[](Int t) { return finite(t); }>, Effort::kCheap);
    k.add("overlaps " + t + ' ' + t + ' ' + t + ' ' + t, overlaps);
  }
  k.add("overlaps time time time time", overlaps);
  k.add("isfinite date", pointwise<[](Int d) { return finite(d); }>, Effort::kCheap);
  k.add("isfinite interval", pointwise<[](Interval) { return true; }>, Effort::kCheap);
  k.add("timezone text timestamptz", pointwise<[](View zone, Int t) { return in_zone(t, zone); }>);
  k.add("timezone text timestamp", pointwise<[](View zone, Int t) { return from_zone(t, zone); }>);
  k.add("timezone interval timestamptz", pointwise<[](Interval zone, Int t) { return in_zone(t, zone); }>);
  k.add("timezone interval timestamp", pointwise<[](Interval zone, Int t) { return from_zone(t, zone); }>);
  k.add("to_timestamp float8", pointwise<[](double seconds) { return from_epoch(seconds); }>);
  k.add("make_date int4 int4 int4", pointwise<[](Int y, Int m, Int d) { return make_date(y, m, d); }>);
  k.add("make_time int4 int4 float8", pointwise<[](Int h, Int min, double s) { return make_time(h, min, s); }>);
  for (const std::string name : {"make_timestamp", "make_timestamptz"}) {
    k.add(name + " int4 int4 int4 int4 int4 float8", pointwise<[](Int y, Int m, Int d, Int h, Int min, double s) { return make_timestamp(y, m, d, h, min, s); }>);
  }
  k.add("make_timestamptz int4 int4 int4 int4 int4 float8 text", pointwise<[](Int y, Int m, Int d, Int h, Int min, double s, View zone) {
          return from_written_zone(make_timestamp(y, m, d, h, min, s), zone);
        }>);
  k.add("make_interval int4 int4 int4 int4 int4 int4 float8",
        pointwise<[](Int y, Int m, Int w, Int d, Int h, Int min, double s) { return make_interval(y, m, w, d, h, min, s); }>);
  k.add("justify_hours interval", pointwise<[](Interval i) { return justify_hours(i); }>);
  k.add("justify_days interval", pointwise<[](Interval i) { return justify_days(i); }>);
  k.add("justify_interval interval", pointwise<[](Interval i) { return justify_interval(i); }>);
}

}  // namespace weir
