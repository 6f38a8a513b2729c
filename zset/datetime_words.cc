#include "zset/datetime_words.h"

#include <algorithm>
#include <iterator>

namespace weir {
namespace {

using WordKind = DateWord::Kind;
using Part = DatePart;

struct Entry {
  std::string_view word;
  DateWord meaning;
};

constexpr Entry unit(std::string_view word, Part part) { return {word, {WordKind::kUnit, 0, part}}; }
constexpr Entry valued(std::string_view word, WordKind kind, int value = 0) { return {word, {kind, static_cast<std::int8_t>(value), Part::kNone}}; }

// Both tables are sorted by bytes: see by_word.
constexpr Entry kDateWords[] = {
    valued("-infinity", WordKind::kMinusInfinity),
    valued("ad", WordKind::kEra, 0),
    valued("allballs", WordKind::kAllBalls),
    valued("am", WordKind::kHalfOfDay, 0),
    valued("apr", WordKind::kMonth, 4),
    valued("april", WordKind::kMonth, 4),
    valued("at", WordKind::kIgnored),
    valued("aug", WordKind::kMonth, 8),
    valued("august", WordKind::kMonth, 8),
    valued("bc", WordKind::kEra, 1),
    unit("d", Part::kDay),
    valued("dec", WordKind::kMonth, 12),
    valued("december", WordKind::kMonth, 12),
    unit("dow", Part::kDayOfWeek),
    unit("doy", Part::kDayOfYear),
    valued("dst", WordKind::kDaylight),
    valued("epoch", WordKind::kEpoch),
    valued("feb", WordKind::kMonth, 2),
    valued("february", WordKind::kMonth, 2),
    valued("fri", WordKind::kDayOfWeek, 5),
    valued("friday", WordKind::kDayOfWeek, 5),
    unit("h", Part::kHour),
    valued("infinity", WordKind::kInfinity),
    unit("isodow", Part::kIsoDayOfWeek),
    unit("isoyear", Part::kIsoYear),
    unit("j", Part::kJulian),
    valued("jan", WordKind::kMonth, 1),
    valued("january", WordKind::kMonth, 1),
    unit("jd", Part::kJulian),
    valued("jul", WordKind::kMonth, 7),
    unit("julian", Part::kJulian),
    valued("july", WordKind::kMonth, 7),
    valued("jun", WordKind::kMonth, 6),
    valued("june", WordKind::kMonth, 6),
    unit("m", Part::kMonth),
    valued("mar", WordKind::kMonth, 3),
    valued("march", WordKind::kMonth, 3),
    valued("may", WordKind::kMonth, 5),
    unit("mm", Part::kMinute),
    valued("mon", WordKind::kDayOfWeek, 1),
    valued("monday", WordKind::kDayOfWeek, 1),
    valued("nov", WordKind::kMonth, 11),
    valued("november", WordKind::kMonth, 11),
    valued("now", WordKind::kVolatile),
    valued("oct", WordKind::kMonth, 10),
    valued("october", WordKind::kMonth, 10),
    valued("on", WordKind::kIgnored),
    valued("pm", WordKind::kHalfOfDay, 1),
    unit("s", Part::kSecond),
    valued("sat", WordKind::kDayOfWeek, 6),
    valued("saturday", WordKind::kDayOfWeek, 6),
    valued("sep", WordKind::kMonth, 9),
    valued("sept", WordKind::kMonth, 9),
    valued("september", WordKind::kMonth, 9),
    valued("sun", WordKind::kDayOfWeek, 0),
    valued("sunday", WordKind::kDayOfWeek, 0),
    valued("t", WordKind::kIsoTime),
    valued("thu", WordKind::kDayOfWeek, 4),
    valued("thur", WordKind::kDayOfWeek, 4),
    valued("thurs", WordKind::kDayOfWeek, 4),
    valued("thursday", WordKind::kDayOfWeek, 4),
    valued("today", WordKind::kVolatile),
    valued("tomorrow", WordKind::kVolatile),
    valued("tue", WordKind::kDayOfWeek, 2),
    valued("tues", WordKind::kDayOfWeek, 2),
    valued("tuesday", WordKind::kDayOfWeek, 2),
    valued("wed", WordKind::kDayOfWeek, 3),
    valued("wednesday", WordKind::kDayOfWeek, 3),
    valued("weds", WordKind::kDayOfWeek, 3),
    unit("y", Part::kYear),
    valued("yesterday", WordKind::kVolatile),
};

constexpr Entry kUnitWords[] = {
    valued("@", WordKind::kIgnored),
    valued("ago", WordKind::kAgo),
    unit("c", Part::kCentury),
    unit("cent", Part::kCentury),
    unit("centuries", Part::kCentury),
    unit("century", Part::kCentury),
    unit("d", Part::kDay),
    unit("day", Part::kDay),
    unit("days", Part::kDay),
    unit("dec", Part::kDecade),
    unit("decade", Part::kDecade),
    unit("decades", Part::kDecade),
    unit("decs", Part::kDecade),
    unit("h", Part::kHour),
    unit("hour", Part::kHour),
    unit("hours", Part::kHour),
    unit("hr", Part::kHour),
    unit("hrs", Part::kHour),
    unit("m", Part::kMinute),
    unit("microsecon", Part::kMicrosecond),
    unit("mil", Part::kMillennium),
    unit("millennia", Part::kMillennium),
    unit("millennium", Part::kMillennium),
    unit("millisecon", Part::kMillisecond),
    unit("mils", Part::kMillennium),
    unit("min", Part::kMinute),
    unit("mins", Part::kMinute),
    unit("minute", Part::kMinute),
    unit("minutes", Part::kMinute),
    unit("mon", Part::kMonth),
    unit("mons", Part::kMonth),
    unit("month", Part::kMonth),
    unit("months", Part::kMonth),
    unit("ms", Part::kMillisecond),
    unit("msec", Part::kMillisecond),
    unit("msecond", Part::kMillisecond),
    unit("mseconds", Part::kMillisecond),
    unit("msecs", Part::kMillisecond),
    unit("qtr", Part::kQuarter),
    unit("quarter", Part::kQuarter),
    unit("s", Part::kSecond),
    unit("sec", Part::kSecond),
    unit("second", Part::kSecond),
    unit("seconds", Part::kSecond),
    unit("secs", Part::kSecond),
    unit("timezone", Part::kOtherZone),
    unit("timezone_h", Part::kZoneHour),
    unit("timezone_m", Part::kZoneMinute),
    unit("us", Part::kMicrosecond),
    unit("usec", Part::kMicrosecond),
    unit("usecond", Part::kMicrosecond),
    unit("useconds", Part::kMicrosecond),
    unit("usecs", Part::kMicrosecond),
    unit("w", Part::kWeek),
    unit("week", Part::kWeek),
    unit("weeks", Part::kWeek),
    unit("y", Part::kYear),
    unit("year", Part::kYear),
    unit("years", Part::kYear),
    unit("yr", Part::kYear),
    unit("yrs", Part::kYear),
};

constexpr bool by_word(const Entry& a, const Entry& b) { return a.word < b.word; }
static_assert(std::is_sorted(std::begin(kDateWords), std::end(kDateWords), by_word));
static_assert(std::is_sorted(std::begin(kUnitWords), std::end(kUnitWords), by_word));

constexpr std::size_t kWordMax = 10;

template <std::size_t N>
DateWord find(const Entry (&table)[N], std::string_view word) {
  word = word.substr(0, kWordMax);
  const auto* at = std::lower_bound(std::begin(table), std::end(table), word, [](const Entry& e, std::string_view w) { return e.word < w; });
  return at != std::end(table) && at->word == word ? at->meaning : DateWord{};
}

}  // namespace

DateWord date_word(std::string_view lower) { return find(kDateWords, lower); }
DateWord unit_word(std::string_view lower) { return find(kUnitWords, lower); }

const std::string& lower_case(std::string_view text, std::string& lower) {
  lower.assign(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

DateWord field_word(std::string_view name, std::string& lower) {
  const DateWord word = unit_word(lower_case(name, lower));
  return word.kind == WordKind::kUnknown ? date_word(lower) : word;
}

}  // namespace weir
