// Catches: an operator or a cast chosen otherwise than PostgreSQL chooses it, a wrong common type, a message or a place that differs, a typmod that gets lost.

#include <gtest/gtest.h>

#include "sql/functions.h"
#include "weir/error.h"
#include "zset/text_form.h"

namespace weir {
namespace {

constexpr Type kInt2{TypeId::kSmallint, 0, 0}, kInt4{TypeId::kInteger, 0, 0}, kInt8{TypeId::kBigint, 0, 0}, kReal{TypeId::kReal, 0, 0},
    kDouble{TypeId::kDouble, 0, 0}, kNumeric{TypeId::kNumeric, 0, 0}, kText{TypeId::kText, 0, 0}, kVarchar{TypeId::kVarchar, 0, 0},
    kDate{TypeId::kDate, 0, 0}, kTimestamp{TypeId::kTimestamp, 0, 0}, kInterval{TypeId::kInterval, 0, 0}, kBool{TypeId::kBoolean, 0, 0}, kUnknown{};

ExprPtr column(const Type& type) { return Expr::make_column(0, type); }
ExprPtr literal(const char* text) { return Expr::make_constant(Datum::of(Bytes(std::string_view(text))), Type{}, 7); }

std::string binary(const Type& a, std::string_view op, const Type& b) {
  std::vector<ExprPtr> args;
  args.push_back(a == kUnknown ? literal("1") : column(a));
  args.push_back(b == kUnknown ? literal("1") : column(b));
  try {
    return bind_operator(op, std::move(args), 3)->type.to_string();
  } catch (const Failure& failure) {
    return failure.error().message;
  }
}

std::string common(std::initializer_list<Type> types) {
  try {
    return common_type(std::vector<Type>(types), "CASE", 0).to_string();
  } catch (const Failure& failure) {
    return failure.error().message;
  }
}

TEST(Coerce, OperatorsAreChosenByArgumentTypes) {
  EXPECT_EQ(binary(kInt2, "+", kInt2), "smallint");
  EXPECT_EQ(binary(kInt2, "+", kInt8), "bigint");
  EXPECT_EQ(binary(kInt4, "+", kNumeric), "numeric");
  EXPECT_EQ(binary(kNumeric, "*", kReal), "double precision");
  EXPECT_EQ(binary(kReal, "/", kReal), "real");
  EXPECT_EQ(binary(kInt4, "/", kReal), "double precision");
  EXPECT_EQ(binary(kDate, "-", kDate), "integer");
  EXPECT_EQ(binary(kDate, "+", kInt4), "date");
  EXPECT_EQ(binary(kDate, "+", kInterval), "timestamp without time zone");
  EXPECT_EQ(binary(kTimestamp, "-", kDate), "interval");
  EXPECT_EQ(binary(kInterval, "*", kInt4), "interval");
  EXPECT_EQ(binary(kVarchar, "||", kInt4), "text");
  EXPECT_EQ(binary(kDate, "<", kTimestamp), "boolean");
  EXPECT_EQ(binary(kVarchar, "=", kText), "boolean");
}

TEST(Coerce, LiteralsTakeTheTypeOfTheOtherSide) {
  EXPECT_EQ(binary(kInt8, "+", kUnknown), "bigint");
  EXPECT_THROW(coerce(literal("1 x"), kInterval, Cast::kImplicit, 0), Failure);
  EXPECT_EQ(binary(kUnknown, "||", kUnknown), "text");
  EXPECT_EQ(binary(kDate, "+", kUnknown), "operator is not unique: date + unknown");
  EXPECT_EQ(binary(kUnknown, "-", kUnknown), "operator is not unique: unknown - unknown");
}

TEST(Coerce, MissingOperatorsAreNamed) {
  EXPECT_EQ(binary(kText, "+", kInt4), "operator does not exist: text + integer");
  EXPECT_EQ(binary(kBool, "<", kInt4), "operator does not exist: boolean < integer");
  EXPECT_EQ(binary(kDate, "+", kDate), "operator does not exist: date + date");
}

TEST(Coerce, ErrorsSayWhere) {
  try {
    coerce(literal("x"), kInt4, Cast::kImplicit, 3);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().offset, 7);
    EXPECT_EQ(failure.error().message, "invalid input syntax for type integer: \"x\"");
  }
}

TEST(Coerce, CastsDependOnTheContext) {
  const auto allowed = [](const Type& from, const Type& to, Cast context) {
    try {
      coerce(column(from), to, context, 0);
      return true;
    } catch (const Failure&) {
      return false;
    }
  };
  EXPECT_TRUE(allowed(kInt4, kNumeric, Cast::kImplicit));
  EXPECT_FALSE(allowed(kNumeric, kInt4, Cast::kImplicit));
  EXPECT_TRUE(allowed(kNumeric, kInt4, Cast::kAssignment));
  EXPECT_FALSE(allowed(kText, kInt4, Cast::kAssignment));
  EXPECT_TRUE(allowed(kText, kInt4, Cast::kExplicit));
  EXPECT_TRUE(allowed(kInt4, kText, Cast::kAssignment));
  EXPECT_FALSE(allowed(kInt4, kText, Cast::kImplicit));
  EXPECT_TRUE(allowed(kInt4, kBool, Cast::kExplicit));
  EXPECT_FALSE(allowed(kInt8, kBool, Cast::kExplicit));
  EXPECT_FALSE(allowed(kInt4, kDate, Cast::kExplicit));
  EXPECT_TRUE(allowed(kDate, kTimestamp, Cast::kImplicit));
  EXPECT_FALSE(allowed(kTimestamp, kDate, Cast::kImplicit));
  EXPECT_TRUE(allowed(kTimestamp, kDate, Cast::kAssignment));
}

TEST(Coerce, CommonTypes) {
  EXPECT_EQ(common({kInt2, kInt8}), "bigint");
  EXPECT_EQ(common({kInt4, kNumeric, kUnknown}), "numeric");
  EXPECT_EQ(common({kNumeric, kReal}), "real");
  EXPECT_EQ(common({kDouble, kNumeric}), "double precision");
  EXPECT_EQ(common({kUnknown, kUnknown}), "text");
  EXPECT_EQ(common({kVarchar, kUnknown}), "character varying");
  EXPECT_EQ(common({kDate, kTimestamp}), "timestamp without time zone");
  EXPECT_EQ(common({kInt4, kText}), "CASE types integer and text cannot be matched");
  EXPECT_EQ(common({Type{TypeId::kNumeric, 10, 2}, Type{TypeId::kNumeric, 10, 2}}), "numeric(10,2)");
  EXPECT_EQ(common({Type{TypeId::kNumeric, 10, 2}, Type{TypeId::kNumeric, 12, 2}}), "numeric");
}

TEST(Coerce, AggregatesOfTypes) {
  EXPECT_EQ(aggregate_result("sum", kInt4, 0).to_string(), "bigint");
  EXPECT_EQ(aggregate_result("sum", kInt8, 0).to_string(), "numeric");
  EXPECT_EQ(aggregate_result("avg", kInt4, 0).to_string(), "numeric");
  EXPECT_EQ(aggregate_result("avg", kReal, 0).to_string(), "double precision");
  EXPECT_EQ(aggregate_result("max", kVarchar, 0).to_string(), "text");
  EXPECT_THROW(aggregate_result("min", kBool, 0), Failure);
  EXPECT_THROW(aggregate_result("sum", kText, 0), Failure);
}

TEST(Coerce, TextIsCanonical) {
  const auto text = [](const Type& to) { return coerce(column(kNumeric), to, Cast::kExplicit, 0)->text(); };
  EXPECT_EQ(text(Type{TypeId::kNumeric, 5, 2}), "cast(#0 as numeric(5,2))");
  EXPECT_NE(text(Type{TypeId::kNumeric, 5, 2}), text(Type{TypeId::kNumeric, 5, 1}));
  const auto cut = [](Cast context) { return coerce(column(kText), Type{TypeId::kVarchar, 3, 0}, context, 0)->text(); };
  EXPECT_NE(cut(Cast::kExplicit), cut(Cast::kAssignment));
}

}  // namespace
}  // namespace weir
