// Catches: an operand of AND, OR, CASE or COALESCE evaluated for rows that are decided already; a result that depends on how the rows are selected, on bitmaps or on
// folding; NULL slots that are not zero; a strict function that fails for a row with a NULL; columns copied that could be passed on.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sql/functions.h"
#include "sql/statement.h"
#include "zset/text_form.h"

namespace weir {
namespace {

constexpr Type kInt{TypeId::kInteger, 0, 0};

struct OneTable : Catalog {
  OneTable() {
    relation.name = "t";
    relation.schema = {{"a", kInt, true},
                       {"b", kInt, true},
                       {"d", Type{TypeId::kDouble, 0, 0}, true},
                       {"n", Type{TypeId::kNumeric, 0, 0}, true},
                       {"s", Type{TypeId::kText, 0, 0}, true},
                       {"f", Type{TypeId::kBoolean, 0, 0}, true}};
  }
  const Relation* find_relation(std::string_view name) const override { return name == "t" ? &relation : nullptr; }
  std::vector<std::string> relation_names() const override { return {"t"}; }
  std::vector<const Function*> find(std::string_view) const override { return {}; }
  Relation relation;
};

// The expression over all columns of t, as expression_over_t, before the planner prunes any.
ExprPtr expression_over_t(const std::string& expression) {
  const PlanPtr plan = bind_query("SELECT a, b, d, n, s, f, " + expression + " FROM t", OneTable());
  return plan->exprs.at(6)->clone();
}

struct Rows {
  explicit Rows(std::vector<std::vector<const char*>> texts) {
    const OneTable table;
    chunk.size = chunk.selected = static_cast<std::uint32_t>(texts.size());
    chunk.width = static_cast<std::uint16_t>(table.relation.schema.size());
    for (const Field& field : table.relation.schema) columns.push_back(Column::make(kind_of(field.type.id), chunk.size, true, arena));
    chunk.columns = columns.data();
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const char* text = c < texts[i].size() ? texts[i][c] : nullptr;
        columns[c].set(i, text ? parse_datum(text, table.relation.schema[c].type, arena) : Datum::of_null(columns[c].kind));
      }
    }
  }
  Arena arena;
  std::vector<Column> columns;
  Chunk chunk;
};

std::string shown(const Expr& e, const Column& c, std::uint32_t i) {
  std::string text;
  const Datum d = c.get(i);
  if (d.null) return "NULL";
  format_datum(d, e.type, text);
  return text;
}

std::string evaluated(const std::string& expression, Rows& rows) {
  const ExprPtr e = expression_over_t(expression);
  const ExpressionPtr compiled = compile(*e);
  const Column c = compiled->evaluate(rows.chunk, rows.arena);
  std::string out;
  rows.chunk.each([&](std::uint32_t i) { out += (out.empty() ? "" : " ") + shown(*e, c, i); });
  return out;
}

TEST(Compile, AndOrAreLazy) {
  Rows rows({{"0"}, {"1"}, {"2"}, {nullptr}, {"4"}});
  EXPECT_EQ(evaluated("a <> 0 AND 4 / a > 2", rows), "f t f NULL f");
  EXPECT_EQ(evaluated("a = 0 OR 4 / a > 2", rows), "t t f NULL f");
  EXPECT_THROW(evaluated("4 / a > 2 AND a <> 0", rows), Failure);
}

TEST(Compile, CaseAndCoalesceAreLazy) {
  Rows rows({{"0", "7"}, {"2", nullptr}, {nullptr, "0"}, {"5", "5"}});
  EXPECT_EQ(evaluated("CASE WHEN a = 0 THEN -1 WHEN a > 2 THEN b ELSE 10 / a END", rows), "-1 5 NULL 5");
  EXPECT_EQ(evaluated("COALESCE(b, 10 / a)", rows), "7 5 0 5");
  EXPECT_EQ(evaluated("NULLIF(a, b)", rows), "0 2 NULL NULL");
}

TEST(Compile, TruthTables) {
  Rows rows({{nullptr, nullptr, nullptr, nullptr, nullptr, "t"}, {nullptr, nullptr, nullptr, nullptr, nullptr, "f"}, {nullptr}});
  EXPECT_EQ(evaluated("f AND NULL", rows), "NULL f NULL");
  EXPECT_EQ(evaluated("f OR NULL", rows), "t NULL NULL");
  EXPECT_EQ(evaluated("NOT f", rows), "f t NULL");
  EXPECT_EQ(evaluated("f IS NOT TRUE", rows), "f t t");
  EXPECT_EQ(evaluated("f IS UNKNOWN", rows), "f f t");
  EXPECT_EQ(evaluated("f IS DISTINCT FROM NULL", rows), "t t f");
}

TEST(Compile, StrictFunctionsAreNotCalledWithNulls) {
  Rows rows({{"1", "0"}, {nullptr, "0"}, {"3", "1"}});
  EXPECT_THROW(evaluated("a / b", rows), Failure);
  Rows without({{nullptr, "0"}, {"3", "1"}, {"3", nullptr}});
  EXPECT_EQ(evaluated("a / b", without), "NULL 3 NULL");
  Rows least({{"-2147483648", nullptr}, {nullptr, "-2147483648"}});
  EXPECT_EQ(evaluated("a - b", least), "NULL NULL");
}

TEST(Compile, RowsThatAreNotSelectedDoNotFail) {
  Rows rows({{"0"}, {"2"}, {"0"}});
  const std::uint32_t second = 1;
  Chunk one = rows.chunk;
  one.selection = &second;
  one.selected = 1;
  const ExprPtr e = expression_over_t("10 / a");
  EXPECT_EQ(shown(*e, compile(*e)->evaluate(one, rows.arena), 1), "5");
}

TEST(Compile, InLists) {
  Rows rows({{"1", nullptr, "1.5", "1.0", "x"}, {"5", nullptr, "2", "2.50", "y"}, {nullptr}});
  EXPECT_EQ(evaluated("a IN (1, 2, 3)", rows), "t f NULL");
  EXPECT_EQ(evaluated("a IN (1, NULL)", rows), "t NULL NULL");
  EXPECT_EQ(evaluated("a NOT IN (1, NULL)", rows), "f NULL NULL");
  EXPECT_EQ(evaluated("n IN (1, 2.5)", rows), "t t NULL");
  EXPECT_EQ(evaluated("s IN ('x', 'z')", rows), "t f NULL");
}

TEST(Compile, ColumnsArePassedOn) {
  EXPECT_EQ(compile(*expression_over_t("b"))->column(), 1);
  EXPECT_EQ(compile(*expression_over_t("b::bigint"))->column(), 1);
  EXPECT_EQ(compile(*expression_over_t("s::varchar"))->column(), 4);
  EXPECT_EQ(compile(*expression_over_t("b + 1"))->column(), -1);
}

TEST(Compile, FoldingSimplifiesWhatIsConstant) {
  const auto folded = [](const std::string& expression) { return fold(expression_over_t(expression))->text(); };
  EXPECT_EQ(folded("a + (1 + 2)"), "(#0 + '3'::integer)");
  EXPECT_EQ(folded("f AND true"), "#5");
  EXPECT_EQ(folded("f AND 1 = 2"), "'f'::boolean");
  EXPECT_EQ(folded("CASE WHEN 1 = 2 THEN a WHEN true THEN b ELSE 1 / 0 END"), "#1");
  EXPECT_EQ(folded("COALESCE(NULL, a)"), "#0");
  EXPECT_EQ(folded("a + (1 / 0)"), "(#0 + ('1'::integer / '0'::integer))");
  EXPECT_EQ(folded("a + NULL"), "NULL::integer");
}

// Random expressions give the same whether rows are computed together, one by one or in random selections, and folded or not.
std::string random_expression(int depth, bool boolean) {
  const auto pick = [](std::vector<std::string> choices) { return *rc::gen::elementOf(choices); };
  if (depth == 0) return boolean ? pick({"f", "true", "a > 1", "s LIKE 'a%'", "NULL::boolean"}) : pick({"a", "b", "2", "0", "-1", "NULL::integer"});
  const auto number = [&] { return random_expression(depth - 1, false); };
  const auto truth = [&] { return random_expression(depth - 1, true); };
  if (boolean) {
    switch (*rc::gen::inRange(0, 7)) {
      case 0:
        return "(" + truth() + " AND " + truth() + ")";
      case 1:
        return "(" + truth() + " OR " + truth() + " OR " + truth() + ")";
      case 2:
        return "(NOT " + truth() + ")";
      case 3:
        return "(" + number() + pick({" < ", " = ", " >= ", " IS DISTINCT FROM "}) + number() + ")";
      case 4:
        return "(" + truth() + pick({" IS TRUE", " IS NULL", " IS NOT FALSE"}) + ")";
      case 5:
        return "(" + number() + " IN (1, 2, NULL))";
      default:
        return "(" + number() + " BETWEEN " + number() + " AND " + number() + ")";
    }
  }
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return "(" + number() + pick({" + ", " - ", " * "}) + number() + ")";
    case 1:
      return "(" + number() + pick({" / ", " % "}) + number() + ")";
    case 2:
      return "CASE WHEN " + truth() + " THEN " + number() + " WHEN " + truth() + " THEN " + number() + " ELSE " + number() + " END";
    case 3:
      return "COALESCE(" + number() + ", " + number() + ")";
    case 4:
      return "NULLIF(" + number() + ", " + number() + ")";
    default:
      return pick({"GREATEST(", "LEAST("}) + number() + ", " + number() + ")";
  }
}

TEST(Compile, SelectionsAndFoldingChangeNothing) {
  rc::check([] {
    std::vector<std::vector<const char*>> texts;
    const std::size_t n = *rc::gen::inRange<std::size_t>(1, 150);
    for (std::size_t i = 0; i < n; ++i) {
      const auto pick = [](std::vector<const char*> choices) { return *rc::gen::elementOf(choices); };
      texts.push_back({pick({"0", "1", "2", "-3", nullptr}), pick({"1", "4", nullptr}), nullptr, nullptr, pick({"abc", "x", nullptr}),
                       pick({"t", "f", nullptr})});
    }
    Rows rows(texts);
    const bool boolean = *rc::gen::arbitrary<bool>();
    const ExprPtr e = expression_over_t(random_expression(3, boolean));
    const ExprPtr folded = fold(e->clone());
    const ExpressionPtr compiled = compile(*e), compiled_folded = compile(*folded);

    const auto run = [&](const Expression& expression, const Chunk& chunk, std::uint32_t i) -> std::string {
      try {
        const Column c = expression.evaluate(chunk, rows.arena);
        if (!c.is_valid(i)) {
          const auto* slot = c.as<const std::byte>() + i * slot_bytes(c.kind);
          for (std::size_t b = 0; b < slot_bytes(c.kind); ++b) RC_ASSERT(slot[b] == std::byte{0});
        }
        return shown(*e, c, i);
      } catch (const Failure& failure) {
        return failure.error().message;
      }
    };
    std::vector<std::string> alone;
    bool fails = false;
    for (std::uint32_t i = 0; i < n; ++i) {
      Chunk one = rows.chunk;
      one.selection = &i;
      one.selected = 1;
      alone.push_back(run(*compiled, one, i));
      fails = fails || alone.back().find(' ') != std::string::npos;
    }
    if (fails) return;  // the whole chunk fails as well; which row is to blame is not said
    for (std::uint32_t i = 0; i < n; ++i) {
      RC_ASSERT(run(*compiled, rows.chunk, i) == alone[i]);
      RC_ASSERT(run(*compiled_folded, rows.chunk, i) == alone[i]);
    }
    std::vector<std::uint32_t> selection;
    for (std::uint32_t i = 0; i < n; ++i) {
      if (*rc::gen::arbitrary<bool>()) selection.push_back(i);
    }
    Chunk some = rows.chunk;
    some.selection = selection.data();
    some.selected = static_cast<std::uint32_t>(selection.size());
    for (std::uint32_t i : selection) RC_ASSERT(run(*compiled, some, i) == alone[i]);
  });
}

}  // namespace
}  // namespace weir
