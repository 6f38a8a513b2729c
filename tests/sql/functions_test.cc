// Catches: a function, operator or cast whose value, result type or error message is not PostgreSQL's, for the expressions of expressions.txt; folding
// that changes a value; a function that is refused although it is supported, or the other way round.

#include "sql/functions.h"

#include <gtest/gtest.h>

#include <fstream>

#include "sql/statement.h"
#include "zset/text_form.h"

namespace weir {
namespace {

struct NoRelations : Catalog {
  const Relation* find_relation(std::string_view) const override { return nullptr; }
  std::vector<std::string> relation_names() const override { return {}; }
  std::vector<const Function*> find(std::string_view name) const override {
    if (name == "twice") return {&twice};
    return {};
  }
  Function twice;
};

ExprPtr bound(const std::string& expression, const Catalog& catalog = NoRelations()) {
  const PlanPtr plan = bind_query("SELECT " + expression, catalog);
  return plan->exprs.at(0)->clone();
}

std::string shown(const Expr& e) {
  Arena arena;
  const Datum d = evaluate_constant(e, arena);
  std::string text = Type{e.type.id, 0, 0}.to_string() + ':';
  if (d.null) return text + "<null>";
  format_datum(d, e.type, text);
  return text;
}

std::string answer(const std::string& expression) {
  try {
    const ExprPtr e = bound(expression);
    const std::string direct = shown(*e);
    const std::string folded = shown(*fold(e->clone()));
    return direct == folded ? direct : "folding makes " + folded + " of " + direct;
  } catch (const Failure& failure) {
    return "ERROR: " + failure.error().message;
  }
}

TEST(Functions, AnswerAsPostgreSQLDoes) {
  std::ifstream file(WEIR_SOURCE_DIR "/tests/sql/expressions.txt");
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t arrow = line.find(" ==> ");
    ASSERT_NE(arrow, std::string::npos) << line;
    EXPECT_EQ(answer(line.substr(0, arrow)), line.substr(arrow + 5)) << line;
    ++count;
  }
  EXPECT_GT(count, 500);
}

TEST(Functions, VolatileOnesAreRefusedByName) {
  for (const char* name : {"now", "random", "clock_timestamp"}) {
    try {
      bound(std::string(name) + "()");
      FAIL() << name;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().code, ErrorCode::kUnsupported);
      EXPECT_NE(failure.error().message.find(name), std::string::npos);
    }
  }
}

TEST(Functions, OverloadsOverTypesThatAreMissingAreRefusedByName) {
  try {
    bound("time '04:05' AT TIME ZONE 'UTC'");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(failure.error().message, "function timezone(text, timetz) is not supported");
  }
}

TEST(Functions, OfTheProgramAreCalledRowByRow) {
  NoRelations catalog;
  catalog.twice.name = "twice";
  catalog.twice.args = {Type{TypeId::kBigint, 0, 0}};
  catalog.twice.result = Type{TypeId::kBigint, 0, 0};
  catalog.twice.user = [](std::span<const Value> args) -> Value {
    if (args[0].integer() == 13) throw std::runtime_error("unlucky");
    return args[0].integer() * 2;
  };
  EXPECT_EQ(shown(*bound("twice(21)", catalog)), "bigint:42");
  EXPECT_EQ(shown(*bound("twice(NULL)", catalog)), "bigint:<null>");
  EXPECT_FALSE(bound("twice(21)", catalog)->is_constant());
  try {
    shown(*bound("twice(13)", catalog));
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, ErrorCode::kEvaluation);
    EXPECT_EQ(failure.error().message, "function twice: unlucky");
  }
}

}  // namespace
}  // namespace weir
