// Catches the door's types, values and errors shown otherwise than a user of PostgreSQL expects, and a caret that points beside its place.

#include <weir/value.h>

#include <gtest/gtest.h>
#include <weir/error.h>
#include <weir/type.h>

#include <sstream>

namespace weir {
namespace {

TEST(Type, NamesAsPostgreSQL) {
  EXPECT_EQ(Type{TypeId::kBoolean}.to_string(), "boolean");
  EXPECT_EQ(Type{TypeId::kSmallint}.to_string(), "smallint");
  EXPECT_EQ(Type{TypeId::kInteger}.to_string(), "integer");
  EXPECT_EQ(Type{TypeId::kBigint}.to_string(), "bigint");
  EXPECT_EQ(Type{TypeId::kReal}.to_string(), "real");
  EXPECT_EQ(Type{TypeId::kDouble}.to_string(), "double precision");
  EXPECT_EQ(Type{TypeId::kNumeric}.to_string(), "numeric");
  EXPECT_EQ((Type{TypeId::kNumeric, 10, 2}).to_string(), "numeric(10,2)");
  EXPECT_EQ((Type{TypeId::kNumeric, 10, 0}).to_string(), "numeric(10,0)");
  EXPECT_EQ(Type{TypeId::kText}.to_string(), "text");
  EXPECT_EQ(Type{TypeId::kVarchar}.to_string(), "character varying");
  EXPECT_EQ((Type{TypeId::kVarchar, 10}).to_string(), "character varying(10)");
  EXPECT_EQ(Type{TypeId::kDate}.to_string(), "date");
  EXPECT_EQ(Type{TypeId::kTimestamp}.to_string(), "timestamp without time zone");
  EXPECT_EQ(Type{TypeId::kInterval}.to_string(), "interval");
  EXPECT_EQ(Type{}.to_string(), "unknown");
}

TEST(Value, ShowsItsTextForm) {
  EXPECT_EQ(Value().to_string(), "");
  EXPECT_EQ(Value(true).to_string(), "t");
  EXPECT_EQ(Value(-7).to_string(), "-7");
  EXPECT_EQ(Value(1e20).to_string(), "1e+20");
  EXPECT_EQ(Value(0.1).to_string(), "0.1");
  EXPECT_EQ(Value("häuser").to_string(), "häuser");
  EXPECT_EQ(Value::typed(TypeId::kReal, 0, 0.1f, "").to_string(), "0.1");
  std::ostringstream out;
  out << Value(7) << ' ' << Value() << ' ' << Value("x");
  EXPECT_EQ(out.str(), "7 NULL x");
}

TEST(Value, NumbersAreDoublesToo) {
  EXPECT_EQ(Value(7).number(), 7.0);
  EXPECT_EQ(Value(0.5).number(), 0.5);
  EXPECT_EQ(Value::typed(TypeId::kNumeric, 0, 0, "19.90").number(), 19.9);
}

TEST(Value, EqualsByContentWithinAFamily) {
  EXPECT_EQ(Value(), Value());
  EXPECT_EQ(Value(7), Value::typed(TypeId::kInteger, 7, 0, ""));
  EXPECT_EQ(Value("x"), Value::typed(TypeId::kVarchar, 0, 0, "x"));
  EXPECT_FALSE(Value(7) == Value(8));
  EXPECT_FALSE(Value(7) == Value());
  EXPECT_FALSE(Value(1) == Value(true));
  EXPECT_FALSE(Value("7") == Value(7));
}

TEST(Error, ShowsThePlaceWithACaret) {
  Error error;
  error.message = "column \"nam\" does not exist";
  error.hint = "did you mean \"name\"?";
  error.place = "shop.sql";
  error.line = 3;
  error.column = 8;
  error.excerpt = "SELECT nam FROM t";
  EXPECT_EQ(error.to_string(),
            "ERROR: column \"nam\" does not exist\n"
            "  at shop.sql, line 3, column 8\n"
            "LINE 3: SELECT nam FROM t\n"
            "               ^\n"
            "HINT: did you mean \"name\"?");
}

TEST(Error, SaysOnlyWhatIsKnown) {
  Error error;
  error.message = "disk full";
  EXPECT_EQ(error.to_string(), "ERROR: disk full");
  error.place = "orders, row 7";
  EXPECT_EQ(error.to_string(), "ERROR: disk full\n  at orders, row 7");
}

TEST(Error, CaretCountsCharacters) {
  Error error;
  error.message = "m";
  error.line = 1;
  error.column = 6;
  error.excerpt = "'äö' x";
  EXPECT_EQ(error.to_string(), "ERROR: m\n  at line 1, column 6\nLINE 1: 'äö' x\n             ^");
  error.excerpt = "\tab  x";
  EXPECT_EQ(error.to_string(), "ERROR: m\n  at line 1, column 6\nLINE 1: \tab  x\n        \t    ^");
  error.column = 7;  // behind the end
  error.excerpt = "SELECT";
  EXPECT_EQ(error.to_string(), "ERROR: m\n  at line 1, column 7\nLINE 1: SELECT\n              ^");
}

TEST(Error, LongLinesAreCutAroundTheCaret) {
  Error error;
  error.message = "m";
  error.line = 1;
  error.column = 1001;
  error.excerpt = std::string(1000, 'a') + "X" + std::string(1000, 'b');
  const std::string text = error.to_string();
  EXPECT_LT(text.size(), 400u);
  const std::size_t shown = text.find("LINE 1: "), below = text.find('\n', shown);
  EXPECT_EQ(text.find('X') - shown, text.find('^') - below - 1);
}

}  // namespace
}  // namespace weir
