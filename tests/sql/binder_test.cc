// Catches: a name bound to the wrong column, a wrong output name or type, a missing error, an error without its place or its hint. What queries mean is compared
// with PostgreSQL by tests/sql/*.sql; here are what those can't see: messages, places, schemas.

#include <gtest/gtest.h>

#include "plan_catalog.h"

namespace weir {
namespace {

std::string schema_of(const std::string& sql) {
  static const PlanCatalog catalog;
  const PlanPtr plan = bind_query(sql, catalog);
  std::string out;
  for (const Field& f : plan->schema) out += (out.empty() ? "" : ", ") + f.name + " " + f.type.to_string() + (f.nullable ? "" : "!");
  return out;
}

TEST(Binder, NamesTypesAndNullability) {
  EXPECT_EQ(schema_of("SELECT id, v, t FROM a"), "id integer!, v numeric(8,2), t text");
  EXPECT_EQ(schema_of("SELECT 'x', NULL, 1, 1.5, 3000000000, true"), "?column? text!, ?column? text, ?column? integer!, ?column? numeric!, ?column? bigint!, ?column? boolean!");
  EXPECT_EQ(schema_of("SELECT -1, -2147483648, -2147483649"), "?column? integer!, ?column? integer!, ?column? bigint!");
}

TEST(Binder, OuterJoinsMakeColumnsNullable) {
  EXPECT_EQ(schema_of("SELECT a.id, b.id FROM a LEFT JOIN b ON a.k = b.k"), "id integer!, id integer");
  EXPECT_EQ(schema_of("SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k"), "id integer, id integer");
  EXPECT_EQ(schema_of("SELECT a.id, b.id FROM a LEFT JOIN b ON a.k = b.k WHERE b.w > 1"), "id integer!, id integer!");
}

TEST(Binder, AggregatesHavePostgresTypes) {
  EXPECT_EQ(schema_of("SELECT count(*), sum(id), sum(k), sum(w), avg(id), avg(w), min(t), max(t) FROM b"),
            "count bigint!, sum bigint, sum numeric, sum double precision, avg numeric, avg double precision, min text, max text");
  EXPECT_EQ(schema_of("SELECT k, s FROM totals"), "k integer, s numeric");
}

TEST(Binder, SetOperationsTakeACommonType) {
  EXPECT_EQ(schema_of("SELECT id FROM a UNION SELECT k FROM b"), "id bigint");
  EXPECT_EQ(schema_of("SELECT NULL UNION ALL SELECT id FROM a"), "?column? integer");
  EXPECT_EQ(schema_of("SELECT 'x' UNION ALL SELECT t FROM b"), "?column? character varying");
}

TEST(Binder, ErrorsHavePlaceAndHint) {
  EXPECT_EQ(plan_of("SELECT idd FROM a"), "error at 7: column \"idd\" does not exist (did you mean \"id\"?)");
  EXPECT_EQ(plan_of("SELECT id FROM totls"), "error at 15: relation \"totls\" does not exist (did you mean \"totals\"?)");
  EXPECT_EQ(plan_of("SELECT x.id FROM a"), "error at 7: missing FROM-clause entry for table \"x\"");
  EXPECT_EQ(plan_of("SELECT a.vv FROM a"), "error at 7: column a.vv does not exist");
  EXPECT_EQ(plan_of("SELECT id FROM a, b"), "error at 7: column reference \"id\" is ambiguous");
  EXPECT_EQ(plan_of("SELECT k, v FROM a GROUP BY k"), "error at 10: column \"a.v\" must appear in the GROUP BY clause or be used in an aggregate function");
  EXPECT_EQ(plan_of("SELECT k FROM a WHERE sum(v) > 1"), "error at 22: aggregate functions are not allowed in WHERE");
  EXPECT_EQ(plan_of("SELECT sum(count(*)) FROM a"), "error at 11: aggregate function calls cannot be nested");
  EXPECT_EQ(plan_of("SELECT id FROM a JOIN b ON sum(a.v) > 1"), "error at 27: aggregate functions are not allowed in JOIN conditions");
  EXPECT_EQ(plan_of("SELECT count(*) FROM a GROUP BY sum(v)"), "error at 32: aggregate functions are not allowed in GROUP BY");
  EXPECT_EQ(plan_of("SELECT id FROM a WHERE k"), "error at 23: argument of WHERE must be type boolean, not type integer");
  EXPECT_EQ(plan_of("SELECT id FROM a ORDER BY 3"), "error at 26: ORDER BY position 3 is not in select list");
  EXPECT_EQ(plan_of("SELECT 1 UNION SELECT 1, 2"), "error at 22: each UNION query must have the same number of columns");
  EXPECT_EQ(plan_of("SELECT id FROM a LIMIT -1"), "error at 23: LIMIT must not be negative");
  EXPECT_EQ(plan_of("SELECT id FROM a WHERE id IN (SELECT id, k FROM b)"), "error at 26: subquery has too many columns");
  EXPECT_EQ(plan_of("SELECT (SELECT id, k FROM b) FROM a"), "error at 7: subquery must return only one column");
  EXPECT_EQ(plan_of("SELECT k FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.id = max(a.k))"), "error at 59: aggregate functions are not allowed in WHERE");
  EXPECT_EQ(plan_of("SELECT (SELECT sum(max(a.k)) FROM b) FROM a"), "error at 19: aggregate function calls cannot be nested");
  EXPECT_EQ(plan_of("SELECT x FROM a, (SELECT a.k AS x) s"), "error at 25: missing FROM-clause entry for table \"a\"");
}

TEST(Binder, WithQueriesDoNotBlowUp) {
  std::string sql = "WITH x0 AS (SELECT id FROM a)";
  for (int i = 1; i < 40; ++i) sql += ", x" + std::to_string(i) + " AS (SELECT p.id FROM x" + std::to_string(i - 1) + " p JOIN x" + std::to_string(i - 1) + " q USING (id))";
  EXPECT_NE(plan_of(sql + " SELECT * FROM x39").find("so many uses of WITH queries"), std::string::npos);
  std::string doubling = "SELECT x FROM (SELECT id AS x FROM a) s0";
  for (int i = 1; i < 60; ++i) doubling = "SELECT x + x AS x FROM (" + doubling + ") s" + std::to_string(i);
  EXPECT_NE(plan_of(doubling).find("scan a"), std::string::npos);
}

TEST(Binder, EqualQueriesHaveEqualText) {
  const PlanCatalog catalog;
  const auto text = [&](const char* sql) { return bind_query(sql, catalog)->text(); };
  EXPECT_EQ(text("SELECT k, sum(v) AS s FROM a WHERE k > 1 GROUP BY k"), text("SELECT x.k, sum(x.v) FROM (SELECT * FROM a) x GROUP BY 1 HAVING x.k > 1"));
  EXPECT_NE(text("SELECT 1 FROM a WHERE t = '1'"), text("SELECT 1 FROM a WHERE k = '1'"));
  EXPECT_NE(text("SELECT v::numeric(5,1) FROM a"), text("SELECT v::numeric(5,2) FROM a"));
  EXPECT_NE(text("SELECT id FROM a"), text("SELECT id FROM b"));
}

}  // namespace
}  // namespace weir
