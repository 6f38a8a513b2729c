// Catches a spelling of a date, timestamp or interval that is read otherwise than by PostgreSQL, arithmetic, EXTRACT, date_trunc or to_char that answers
// otherwise (a table of its answers), a calendar that is not the Gregorian one, and a hash that tells equal intervals apart.

#include "zset/datetime.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "tests/zset/answers.h"

namespace weir {
namespace {

using test::Operands;

std::string shown(const std::optional<Numeric>& n) { return n ? n->to_string() : "NULL"; }
std::string shown(const std::optional<std::string>& s) { return s.value_or("NULL"); }
double number(const std::string& s) { return std::strtod(s.c_str(), nullptr); }
std::int64_t ts(const std::string& s) { return parse_timestamp(s); }
Interval iv(const std::string& s) { return parse_interval(s); }

TEST(Datetime, AnswersAsPostgreSQL) {
  const test::Operations operations = {
      {"date", [](const Operands& o) { return format_date(parse_date(o[0])); }},
      {"timestamp", [](const Operands& o) { return format_timestamp(ts(o[0])); }},
      {"timestamp(3)", [](const Operands& o) { return format_timestamp(parse_timestamp(o[0], 3)); }},
      {"interval", [](const Operands& o) { return format_interval(iv(o[0])); }},
      {"timestamp + interval", [](const Operands& o) { return format_timestamp(timestamp_plus(ts(o[0]), iv(o[1]))); }},
      {"timestamp - timestamp", [](const Operands& o) { return format_interval(timestamp_minus(ts(o[0]), ts(o[1]))); }},
      {"age", [](const Operands& o) { return format_interval(age(ts(o[0]), ts(o[1]))); }},
      {"interval + interval", [](const Operands& o) { return format_interval(interval_plus(iv(o[0]), iv(o[1]))); }},
      {"- interval", [](const Operands& o) { return format_interval(interval_negate(iv(o[0]))); }},
      {"interval * double", [](const Operands& o) { return format_interval(interval_times(iv(o[0]), number(o[1]))); }},
      {"interval / double", [](const Operands& o) { return format_interval(interval_divide(iv(o[0]), number(o[1]))); }},
      {"interval <=> interval", [](const Operands& o) { return std::to_string(interval_compare(iv(o[0]), iv(o[1]))); }},
      {"justify_hours", [](const Operands& o) { return format_interval(justify_hours(iv(o[0]))); }},
      {"justify_days", [](const Operands& o) { return format_interval(justify_days(iv(o[0]))); }},
      {"justify_interval", [](const Operands& o) { return format_interval(justify_interval(iv(o[0]))); }},
      {"date_trunc timestamp", [](const Operands& o) { return format_timestamp(date_trunc(o[0], ts(o[1]))); }},
      {"date_trunc interval", [](const Operands& o) { return format_interval(date_trunc(o[0], iv(o[1]))); }},
      {"date_bin", [](const Operands& o) { return format_timestamp(date_bin(iv(o[0]), ts(o[1]), ts(o[2]))); }},
      {"extract timestamp", [](const Operands& o) { return shown(extract_timestamp(o[0], ts(o[1]))); }},
      {"extract date", [](const Operands& o) { return shown(extract_date(o[0], parse_date(o[1]))); }},
      {"extract interval", [](const Operands& o) { return shown(extract_interval(o[0], iv(o[1]))); }},
      {"to_char timestamp", [](const Operands& o) { return shown(to_char_timestamp(ts(o[1]), o[0])); }},
      {"to_char interval", [](const Operands& o) { return shown(to_char_interval(iv(o[1]), o[0])); }},
  };
  EXPECT_GT(test::compare_answers("datetime_cases.txt", operations), 1000);
}

TEST(Datetime, ZonesAndTimesAsPostgreSQL) {
  const auto tz = [](const std::string& s) { return parse_timestamptz(s); };
  const test::Operations operations = {
      {"timestamptz", [&](const Operands& o) { return format_timestamptz(tz(o[0])); }},
      {"timestamptz(3)", [](const Operands& o) { return format_timestamptz(parse_timestamptz(o[0], 3)); }},
      {"time", [](const Operands& o) { return format_time(parse_time(o[0])); }},
      {"time(3)", [](const Operands& o) { return format_time(parse_time(o[0], 3)); }},
      {"time + interval", [](const Operands& o) { return format_time(time_plus(parse_time(o[0]), iv(o[1]))); }},
      {"interval to time", [](const Operands& o) { return format_time(interval_to_time(iv(o[0]))); }},
      {"extract time", [](const Operands& o) { return extract_time(o[0], parse_time(o[1])).to_string(); }},
      {"extract timestamptz", [&](const Operands& o) { return shown(extract_timestamp(o[0], tz(o[1]), true)); }},
      {"date + time", [](const Operands& o) { return format_timestamp(date_plus_time(parse_date(o[0]), parse_time(o[1]))); }},
      {"at zone", [&](const Operands& o) { return format_timestamp(in_zone(tz(o[0]), o[1])); }},
      {"from zone", [](const Operands& o) { return format_timestamptz(from_zone(ts(o[0]), o[1])); }},
      {"at interval", [&](const Operands& o) { return format_timestamp(in_zone(tz(o[0]), iv(o[1]))); }},
      {"from interval", [](const Operands& o) { return format_timestamptz(from_zone(ts(o[0]), iv(o[1]))); }},
      {"written zone", [](const Operands& o) { return format_timestamptz(from_written_zone(ts(o[0]), o[1])); }},
      {"date_trunc timestamptz", [&](const Operands& o) { return format_timestamptz(date_trunc(o[0], tz(o[1]), true)); }},
      {"to_char timestamptz", [&](const Operands& o) { return shown(to_char_timestamp(tz(o[1]), o[0], true)); }},
  };
  EXPECT_GT(test::compare_answers("timezone_cases.txt", operations), 700);
}

TEST(Datetime, FormatsAreReadAsPostgreSQLReadsThem) {
  const test::Operations operations = {
      {"to_date", [](const Operands& o) { return format_date(to_date(o[0], o[1])); }},
      {"to_timestamp", [](const Operands& o) { return format_timestamptz(to_timestamp(o[0], o[1])); }},
  };
  EXPECT_GT(test::compare_answers("to_date_cases.txt", operations), 1000);
}

TEST(Datetime, ZonesWhoseClocksChangeAreRefused) {
  for (const char* zone : {"America/New_York", "Europe/Moscow", "MSK", "EST5EDT"}) {
    const std::string text = std::string("2001-02-03 04:05 ") + zone;
    try {
      parse_timestamptz(text);
      ADD_FAILURE() << zone;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().code, ErrorCode::kUnsupported) << zone;
    }
    EXPECT_EQ(parse_timestamp(text), parse_timestamp("2001-02-03 04:05"));
    EXPECT_THROW(in_zone(0, zone), Failure);
  }
}

TEST(Datetime, ReadsNothingThatChangesByTheDay) {
  for (const char* text : {"now", "today", "tomorrow", "yesterday", "today 04:05"}) {
    try {
      parse_timestamp(text);
      ADD_FAILURE() << text;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().code, ErrorCode::kUnsupported) << text;
    }
  }
}

TEST(Datetime, EmptyFormatIsNull) {
  EXPECT_FALSE(to_char_timestamp(0, ""));
  EXPECT_FALSE(to_char_interval({}, ""));
  EXPECT_FALSE(to_char_timestamp(kInfinity, "YYYY"));
}

TEST(Datetime, DatesEndWhereTimestampsEnd) {
  EXPECT_EQ(date_to_timestamp(kInfinity), kInfinity);
  EXPECT_EQ(timestamp_to_date(kMinusInfinity), kMinusInfinity);
  EXPECT_EQ(timestamp_to_date(-1), -1);
  EXPECT_EQ(format_timestamp(date_to_timestamp(parse_date("294276-12-31"))), "294276-12-31 00:00:00");
  EXPECT_THROW(date_to_timestamp(parse_date("294277-01-01")), Failure);
}

RC_GTEST_PROP(Datetime, CalendarIsWithoutGaps, ()) {
  const auto days = *rc::gen::inRange<std::int64_t>(-2'451'545, 2'000'000'000);
  const CivilTime t = civil_from_date(days), next = civil_from_date(days + 1);
  RC_ASSERT(days_from_civil(t.year, t.month, t.day) == days);
  RC_ASSERT((next.day == t.day + 1 && next.month == t.month && next.year == t.year) || (next.day == 1 && t.day >= 28));
}

RC_GTEST_PROP(Datetime, TextReadsBack, ()) {
  const auto micros = *rc::gen::inRange<std::int64_t>(-211'813'488'000'000'000, 9'223'371'331'200'000'000);
  RC_ASSERT(parse_timestamp(format_timestamp(micros)) == micros);
  RC_ASSERT(timestamp_from_civil(civil_from_timestamp(micros)) == micros);
  const Interval i{*rc::gen::arbitrary<std::int64_t>(), *rc::gen::arbitrary<std::int32_t>(), *rc::gen::arbitrary<std::int32_t>()};
  RC_ASSERT(parse_interval(format_interval(i)) == i);
}

RC_GTEST_PROP(Datetime, EqualIntervalsHashAlike, ()) {
  const auto months = *rc::gen::inRange(-1000, 1000), days = *rc::gen::inRange(-1000, 1000);
  const auto micros = *rc::gen::inRange<std::int64_t>(-1'000'000'000'000, 1'000'000'000'000);
  const Interval a{micros, days, months}, b{micros - 2 * kMicrosPerDay, days + 32, months - 1};
  RC_ASSERT(interval_compare(a, b) == 0);
  RC_ASSERT(interval_hash(a) == interval_hash(b));
}

}  // namespace
}  // namespace weir
