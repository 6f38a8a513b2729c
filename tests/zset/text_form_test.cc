// Catches a literal that is read, or a value that is written, otherwise than by PostgreSQL (a table of its answers), text that is no UTF-8 let in, and values of the
// door that are converted otherwise than by an assignment.

#include "zset/text_form.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/zset/answers.h"
#include "zset/numeric.h"

namespace weir {
namespace {

std::string read_back(const std::string& text, const Type& type) {
  Arena arena;
  std::string out;
  format_datum(parse_datum(text, type, arena), type, out);
  return out;
}

std::string assigned(const Value& value, const Type& type) {
  Arena arena;
  std::string out;
  try {
    format_datum(from_value(value, type, arena), type, out);
  } catch (const Failure& failure) {
    return std::string("ERROR: ") + failure.what();
  }
  return out;
}

TEST(TextForm, AnswersAsPostgreSQL) {
  const auto of = [](Type type) { return [type](const test::Operands& o) { return read_back(o[0], type); }; };
  const test::Operations operations = {
      {"double", of({TypeId::kDouble})},     {"real", of({TypeId::kReal})},     {"boolean", of({TypeId::kBoolean})},       {"smallint", of({TypeId::kSmallint})},
      {"integer", of({TypeId::kInteger})}, {"bigint", of({TypeId::kBigint})}, {"numeric", of({TypeId::kNumeric})}, {"numeric(6,2)", of({TypeId::kNumeric, 6, 2})},
  };
  EXPECT_GT(test::compare_answers("text_form_cases.txt", operations), 500);
}

TEST(TextForm, RefusesWhatIsNotUtf8) {
  const auto error = [](std::string_view text) {
    Arena arena;
    try {
      parse_datum(text, {TypeId::kText}, arena);
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string("accepted");
  };
  const std::string head = "invalid byte sequence for encoding \"UTF8\": ";
  EXPECT_EQ(error("\xff"), head + "0xff");
  EXPECT_EQ(error("a\xe2\x82"), head + "0xe2 0x82");
  EXPECT_EQ(error("long enough \xe2\x82 "), head + "0xe2 0x82 0x20");
  EXPECT_EQ(error("\xc0\x80"), head + "0xc0 0x80");                  // longer than need be
  EXPECT_EQ(error("\xed\xa0\x80"), head + "0xed 0xa0 0x80");         // a surrogate
  EXPECT_EQ(error("\xf4\x90\x80\x80"), head + "0xf4 0x90 0x80 0x80");  // beyond the last character
  EXPECT_EQ(error("\x80"), head + "0x80");
  EXPECT_EQ(error(std::string_view("ab\0cdefghijkl", 14)), head + "0x00");
  EXPECT_EQ(error("aé€😀"), "accepted");
  EXPECT_EQ(error(""), "accepted");
}

TEST(TextForm, VarcharCountsCharacters) {
  const Type three{TypeId::kVarchar, 3};
  EXPECT_EQ(read_back("äöü", three), "äöü");
  EXPECT_EQ(read_back("äöü  ", three), "äöü");
  EXPECT_EQ(read_back("ab    ", three), "ab ");
  EXPECT_EQ(read_back("äöüß", {TypeId::kVarchar}), "äöüß");
  EXPECT_THROW(read_back("äöüß", three), Failure);
  EXPECT_THROW(read_back("abc  d", three), Failure);
}

TEST(TextForm, NullHasNoText) {
  std::string out;
  format_datum(Datum::of_null(Kind::kInt), {TypeId::kBigint}, out);
  EXPECT_EQ(out, "");
  EXPECT_TRUE(to_value(Datum::of_null(Kind::kBytes), {TypeId::kText}).is_null());
  Arena arena;
  const Datum null = from_value(Value(), {TypeId::kInterval}, arena);
  EXPECT_TRUE(null.null);
  EXPECT_EQ(null.kind, Kind::kInterval);
}

TEST(TextForm, AssignsAsPostgreSQL) {
  const Type smallint{TypeId::kSmallint}, integer{TypeId::kInteger}, bigint{TypeId::kBigint}, real{TypeId::kReal}, numeric{TypeId::kNumeric}, text{TypeId::kText};
  EXPECT_EQ(assigned(40000, smallint), "ERROR: smallint out of range");
  EXPECT_EQ(assigned(-32768, smallint), "-32768");
  EXPECT_EQ(assigned(2.5, integer), "2");  // half to even
  EXPECT_EQ(assigned(3.5, integer), "4");
  EXPECT_EQ(assigned(-0.5, integer), "0");
  EXPECT_EQ(assigned(1e10, integer), "ERROR: integer out of range");
  EXPECT_EQ(assigned(9223372036854775808.0, bigint), "ERROR: bigint out of range");
  EXPECT_EQ(assigned(std::nan(""), bigint), "ERROR: bigint out of range");
  const auto number = [](std::string s) { return Value::typed(TypeId::kNumeric, 0, 0, std::move(s)); };
  EXPECT_EQ(assigned(number("2.5"), integer), "3");  // half away from zero
  EXPECT_EQ(assigned(number("NaN"), integer), "ERROR: cannot convert NaN to integer");
  EXPECT_EQ(assigned(number("-Infinity"), bigint), "ERROR: cannot convert infinity to bigint");
  EXPECT_EQ(assigned(number("1e40"), bigint), "ERROR: bigint out of range");
  EXPECT_EQ(assigned(number("3000000000"), integer), "ERROR: integer out of range");
  EXPECT_EQ(assigned(number("1.10"), real), "1.1");
  EXPECT_EQ(assigned(number("1.005"), {TypeId::kNumeric, 5, 2}), "1.01");
  EXPECT_EQ(assigned(7, {TypeId::kNumeric, 5, 2}), "7.00");
  EXPECT_EQ(assigned(1000, {TypeId::kNumeric, 5, 2}), "ERROR: numeric field overflow");
  EXPECT_EQ(assigned(0.1, numeric), "0.1");
  EXPECT_EQ(assigned(Value::typed(TypeId::kReal, 0, 0.1f, ""), numeric), "0.1");
  EXPECT_EQ(assigned(1e300, real), "ERROR: value out of range: overflow");
  EXPECT_EQ(assigned(1e-300, real), "ERROR: value out of range: underflow");
  EXPECT_EQ(assigned(7, {TypeId::kDouble}), "7");
  EXPECT_EQ(assigned("19.90", {TypeId::kNumeric, 5, 1}), "19.9");
  EXPECT_EQ(assigned("abc", integer), "ERROR: invalid input syntax for type integer: \"abc\"");
  EXPECT_EQ(assigned(7, text), "7");
  EXPECT_EQ(assigned(true, text), "true");
  EXPECT_EQ(assigned(true, {TypeId::kBoolean}), "t");
  EXPECT_EQ(assigned(1, {TypeId::kBoolean}), "ERROR: a value of type bigint does not fit type boolean");
  EXPECT_EQ(assigned(true, integer), "ERROR: a value of type boolean does not fit type integer");
  const Value day = Value::typed(TypeId::kDate, 0, 0, "2000-01-01"), noon = Value::typed(TypeId::kTimestamp, -43'200'000'000, 0, "1999-12-31 12:00:00");
  EXPECT_EQ(assigned(day, {TypeId::kTimestamp}), "2000-01-01 00:00:00");
  EXPECT_EQ(assigned(noon, {TypeId::kDate}), "1999-12-31");
  EXPECT_EQ(assigned(noon, text), "1999-12-31 12:00:00");
  EXPECT_EQ(assigned(7, {TypeId::kDate}), "ERROR: a value of type bigint does not fit type date");
}

TEST(TextForm, ValuesKeepTheirType) {
  Arena arena;
  const auto value = [&](const char* text, Type type) { return to_value(parse_datum(text, type, arena), type); };
  EXPECT_EQ(value("7", {TypeId::kInteger}), Value(7));
  EXPECT_EQ(value("7", {TypeId::kInteger}).type(), TypeId::kInteger);
  EXPECT_EQ(value("2000-01-02", {TypeId::kDate}).integer(), 1);
  EXPECT_EQ(value("jan 2 2000", {TypeId::kDate}).to_string(), "2000-01-02");
  EXPECT_EQ(value("1 day 90 min", {TypeId::kInterval}).to_string(), "1 day 01:30:00");
  EXPECT_EQ(value("1.50", {TypeId::kNumeric}).to_string(), "1.50");
  EXPECT_EQ(value("1.50", {TypeId::kNumeric}).number(), 1.5);
  EXPECT_EQ(value("0.1", {TypeId::kReal}).to_string(), "0.1");
  EXPECT_EQ(value("yes", {TypeId::kBoolean}), Value(true));
  EXPECT_EQ(value("x", {TypeId::kUnknown}).type(), TypeId::kText);
}

// NaN in, NaN out; otherwise the very bits.
template <class F>
bool same(F a, F b) {
  return std::isnan(a) ? std::isnan(b) : std::memcmp(&a, &b, sizeof a) == 0;
}

RC_GTEST_PROP(TextForm, DoublesReadBack, ()) {
  const auto bits = *rc::gen::arbitrary<std::uint64_t>();
  double d = 0;
  std::memcpy(&d, &bits, sizeof d);
  float f = 0;
  std::memcpy(&f, &bits, sizeof f);
  Arena arena;
  RC_ASSERT(same(parse_datum(format_double(d), {TypeId::kDouble}, arena).number, d));
  RC_ASSERT(same(static_cast<float>(parse_datum(format_real(f), {TypeId::kReal}, arena).number), f));
}

}  // namespace
}  // namespace weir
