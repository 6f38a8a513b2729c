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
