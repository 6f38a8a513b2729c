// Catches: a script cut inside of a quote, a comment or a parenthesis; a place of an error that counts bytes for characters; a name that is quoted wrongly; a
// fragment that smuggles in a clause; a statement whose parts get lost.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "plan_catalog.h"

namespace weir {
namespace {

std::vector<std::string> cut(std::string_view script, bool expect_complete) {
  bool complete = false;
  std::vector<std::string> out;
  for (const StatementText& s : split_statements(script, complete)) {
    EXPECT_EQ(script.substr(s.offset, s.text.size()), s.text);
    out.push_back(s.text);
  }
  EXPECT_EQ(complete, expect_complete) << script;
  return out;
}
using Texts = std::vector<std::string>;

TEST(Split, CutsAtSemicolonsOutsideOfEverythingElse) {
  EXPECT_EQ(cut("", true), Texts{});
  EXPECT_EQ(cut(" ;; -- only this\n /* and /* this */ */ ", true), Texts{});
  EXPECT_EQ(cut("SELECT 1; SELECT 2;", true), (Texts{"SELECT 1", "SELECT 2"}));
  EXPECT_EQ(cut("SELECT ';' ; SELECT \"a;b\";", true), (Texts{"SELECT ';' ", "SELECT \"a;b\""}));
  EXPECT_EQ(cut("SELECT 'it''s;'; SELECT E'\\';';", true), (Texts{"SELECT 'it''s;'", "SELECT E'\\';'"}));
  EXPECT_EQ(cut("SELECT $$;$$; SELECT $x$ $$;$$ $x$;", true), (Texts{"SELECT $$;$$", "SELECT $x$ $$;$$ $x$"}));
  EXPECT_EQ(cut("SELECT 1 -- ; no\n;", true), (Texts{"SELECT 1 -- ; no\n"}));
  EXPECT_EQ(cut("SELECT (1;2);", true), (Texts{"SELECT (1;2)"}));
  EXPECT_EQ(cut("-- first\nSELECT 1;", true), (Texts{"SELECT 1"}));
  EXPECT_EQ(cut("SELECT e1;SELECT x$y;", true), (Texts{"SELECT e1", "SELECT x$y"}));
}

TEST(Split, SaysWhatMayGoOn) {
  for (const char* open : {"SELECT 1", "SELECT 'a;", "SELECT /* ;", "SELECT (1;", "SELECT \"x;", "SELECT $a$ ;", "SELECT E'\\'", "/* open"}) {
    EXPECT_EQ(cut(open, false).size(), 1u) << open;
  }
}

RC_GTEST_PROP(Split, AnyTextAnyPrefix, (const std::string& text)) {
  bool complete = false;
  for (const StatementText& s : split_statements(text, complete)) RC_ASSERT(text.substr(s.offset, s.text.size()) == s.text);
}

TEST(Quote, IdentifiersAndLiterals) {
  EXPECT_EQ(quote_identifier("orders"), "orders");
  EXPECT_EQ(quote_identifier("Orders"), "\"Orders\"");
  EXPECT_EQ(quote_identifier("select"), "\"select\"");
  EXPECT_EQ(quote_identifier("user"), "\"user\"");
  EXPECT_EQ(quote_identifier("a b"), "\"a b\"");
  EXPECT_EQ(quote_identifier("1a"), "\"1a\"");
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\b"), "E'a\\\\b'");
}

TEST(NearestName, ByEditDistance) {
  const std::vector<std::string> names = {"orders", "customers", "id", "amount"};
  EXPECT_EQ(nearest_name("ordres", names), "orders");
  EXPECT_EQ(nearest_name("amout", names), "amount");
  EXPECT_EQ(nearest_name("Orders", names), "orders");
  EXPECT_EQ(nearest_name("nothing", names), "");
  EXPECT_EQ(nearest_name("x", names), "");
}

TEST(Locate, CountsCharactersAndLines) {
  Error error;
  error.offset = 14;  // of `x`
  locate(error, "SELECT 1,\n 'é',x\r\nFROM t");
  EXPECT_EQ(error.line, 2);
  EXPECT_EQ(error.column, 4);
  EXPECT_EQ(error.excerpt, " 'é',x");
  error.offset = 1000;
  locate(error, "a\nb");
  EXPECT_EQ(error.line, 2);
}

std::string failure_of(const std::string& sql, std::size_t offset = 0) {
  const PlanCatalog catalog;
  try {
    bind_statement({sql, offset}, catalog);
  } catch (const Failure& failure) {
    return std::to_string(failure.error().offset) + ": " + failure.error().message;
  }
  return "fine";
}

TEST(Parse, PlacesAreBytes) {
  EXPECT_EQ(failure_of("SELECT 'é', FROM t"), "13: syntax error at or near \"FROM\"");
  EXPECT_EQ(failure_of("SELECT 'é', FROM t", 100), "113: syntax error at or near \"FROM\"");
  EXPECT_EQ(failure_of("SELECT 'é', z FROM a"), "13: column \"z\" does not exist");
  EXPECT_EQ(failure_of("SELECT 'open"), "7: unterminated quoted string at or near \"'open\"");
  EXPECT_EQ(failure_of("SELECT '\xff'"), "8: invalid byte sequence for encoding \"UTF8\"");
  EXPECT_EQ(failure_of(std::string("SELECT 1\0", 9)), "8: invalid byte sequence for encoding \"UTF8\"");
  EXPECT_EQ(failure_of("SELECT 1; SELECT 2"), "9: one statement is expected, not several");
  EXPECT_EQ(failure_of("-- nothing"), "fine");
}

TEST(Parse, DeepAndLongTextsEndInAnErrorAtMost) {
  std::string sum = "SELECT 1", nest = "SELECT ", list = "SELECT 1 WHERE 1 IN (0";
  for (int i = 0; i < 100'000; ++i) sum += "+1";
  for (int i = 0; i < 5'000; ++i) nest += "(";
  nest += "1";
  for (int i = 0; i < 5'000; ++i) nest += ")";
  for (int i = 0; i < 20'000; ++i) list += "," + std::to_string(i);
  list += ")";
  EXPECT_NE(failure_of(sum), "fine");
  EXPECT_EQ(failure_of(nest), "fine");
  EXPECT_EQ(failure_of(list), "fine");
}

void expect_fragment(Fragment kind, const char* text, bool good) {
  bool accepted = true;
  try {
    check_fragment(text, kind);
  } catch (const Failure& failure) {
    accepted = false;
    EXPECT_EQ(failure.error().code, ErrorCode::kSyntax);
    EXPECT_LE(failure.error().offset, static_cast<int>(std::string_view(text).size()));
  }
  EXPECT_EQ(accepted, good) << text;
}

TEST(Fragment, IsOneThingAndNothingMore) {
  expect_fragment(Fragment::kExpression, "a + 1", true);
  expect_fragment(Fragment::kExpression, "a > 1 -- why", true);
  for (const char* bad : {"a, b", "a FROM t", "a AS b", "", "1) FROM t; DROP TABLE t", "a; b", "1) UNION (SELECT 2"}) expect_fragment(Fragment::kExpression, bad, false);
  expect_fragment(Fragment::kSelectItem, "a AS b", true);
  expect_fragment(Fragment::kSelectItem, "*", true);
  for (const char* bad : {"a, b", "a FROM t", "a WHERE b", "", "DISTINCT a", "a LIMIT 1", "a UNION SELECT b"}) expect_fragment(Fragment::kSelectItem, bad, false);
  expect_fragment(Fragment::kOrderItem, "a DESC NULLS LAST", true);
  for (const char* bad : {"a, b", "a LIMIT 1", "a FOR UPDATE"}) expect_fragment(Fragment::kOrderItem, bad, false);
  expect_fragment(Fragment::kRelation, "orders o", true);
  expect_fragment(Fragment::kRelation, "(SELECT 1) s", true);
  for (const char* bad : {"a, b", "a WHERE b", "a LIMIT 1", ""}) expect_fragment(Fragment::kRelation, bad, false);
  expect_fragment(Fragment::kQuery, "SELECT 1", true);
  expect_fragment(Fragment::kQuery, "VALUES (1)", true);
  for (const char* bad : {"DELETE FROM t", "SELECT 1; SELECT 2", ""}) expect_fragment(Fragment::kQuery, bad, false);
}

Statement statement(const std::string& sql) {
  static const PlanCatalog catalog;
  return bind_statement({sql, 0}, catalog);
}

TEST(Statement, CreateTable) {
  const Statement s = statement(
      "CREATE TABLE IF NOT EXISTS n (a INT, b NUMERIC(10,2) NOT NULL DEFAULT 3 CHECK (b > 0), c VARCHAR(3) NULL, d TEXT DEFAULT 'x', CONSTRAINT foo CHECK (a < b), "
      "CHECK (a > 1), PRIMARY KEY (c, a), CHECK (b < 9))");
  ASSERT_EQ(s.kind, Statement::Kind::kCreateTable);
  EXPECT_TRUE(s.if_exists);
  EXPECT_EQ(s.relation.key, (std::vector<std::uint16_t>{2, 0}));
  EXPECT_FALSE(s.relation.schema[0].nullable);
  EXPECT_FALSE(s.relation.schema[1].nullable);
  EXPECT_FALSE(s.relation.schema[2].nullable);
  EXPECT_TRUE(s.relation.schema[3].nullable);
  EXPECT_EQ(s.relation.schema[1].type, (Type{TypeId::kNumeric, 10, 2}));
  EXPECT_EQ(s.relation.rules->defaults[1]->text(), "'3.00'::numeric(10,2)");
  EXPECT_FALSE(s.relation.rules->defaults[0]);
  ASSERT_EQ(s.relation.rules->checks.size(), 4u);
  EXPECT_EQ(s.relation.rules->checks[0].name, "n_b_check");
  EXPECT_EQ(s.relation.rules->checks[1].name, "foo");
  EXPECT_EQ(s.relation.rules->checks[2].name, "n_a_check");
  EXPECT_EQ(s.relation.rules->checks[3].name, "n_b_check1");
}

TEST(Statement, CopyAndDropAndTransactions) {
  const Statement copy = statement("COPY a (t, id) FROM 'f.csv' WITH (FORMAT csv, HEADER, DELIMITER ';', NULL 'NA')");
  ASSERT_EQ(copy.kind, Statement::Kind::kCopy);
  EXPECT_EQ(copy.file, "f.csv");
  EXPECT_EQ(copy.copy_columns, (std::vector<std::uint16_t>{3, 0}));
  EXPECT_TRUE(copy.header);
  EXPECT_EQ(copy.delimiter, ';');
  EXPECT_EQ(copy.null_text, "NA");
  const Statement old = statement("COPY a FROM STDIN CSV HEADER");
  EXPECT_EQ(old.file, "");
  EXPECT_TRUE(old.header);
  const Statement drop = statement("DROP VIEW IF EXISTS x, y CASCADE");
  EXPECT_EQ(drop.kind, Statement::Kind::kDropView);
  EXPECT_EQ(drop.names, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(drop.cascade && drop.if_exists);
  EXPECT_EQ(statement("START TRANSACTION").kind, Statement::Kind::kBegin);
  EXPECT_EQ(statement("END").kind, Statement::Kind::kCommit);
  EXPECT_EQ(statement("ABORT").kind, Statement::Kind::kRollback);
  EXPECT_EQ(statement("/* nothing */").kind, Statement::Kind::kNothing);
  const Statement explain = statement("EXPLAIN (FORMAT dot) CREATE MATERIALIZED VIEW v AS SELECT 1 AS x");
  EXPECT_EQ(explain.diagram, Diagram::kGraphviz);
  EXPECT_EQ(explain.explained->kind, Statement::Kind::kCreateView);
}

TEST(Statement, SortsByHiddenColumns) {
  const Statement s = statement("SELECT t FROM a ORDER BY v DESC, t, id + 1");
  EXPECT_EQ(s.visible, 1u);
  ASSERT_EQ(s.plan->schema.size(), 3u);
  ASSERT_EQ(s.order.size(), 3u);
  EXPECT_EQ(s.order[0].column, 1);
  EXPECT_TRUE(s.order[0].descending && s.order[0].nulls_first);
  EXPECT_EQ(s.order[1].column, 0);
  EXPECT_FALSE(s.order[1].nulls_first);
  EXPECT_EQ(s.order[2].column, 2);
}

TEST(Statement, WhatIsNotSupportedIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT id FROM a FOR UPDATE", "FOR UPDATE or FOR SHARE is not supported"},
      {"WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n FROM r) SEARCH DEPTH FIRST BY n SET o SELECT n FROM r", "a WITH query with search clause is not supported"},
      {"WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n FROM r) CYCLE n SET c USING p SELECT n FROM r", "a WITH query with cycle clause is not supported"},
      {"CREATE VIEW v AS SELECT now()", "now() is not supported in a view but in conditions of WHERE, HAVING and ON"},
      {"CREATE TABLE n (d DATE DEFAULT CURRENT_DATE)", "CURRENT_DATE is volatile: a live view cannot depend on it"},
      {"SET LOCAL weir.clock = '2026-01-01'", "SET LOCAL weir.clock is not supported"},
      {"SELECT random()", "random() is volatile: a live view cannot depend on it"},
      {"SELECT * FROM ROWS FROM (lower('A'), string_to_array('a', ',')) AS x", "an array, as the value of a function in FROM that is numbered or stands beside others is not supported"},
      {"SELECT * FROM a FULL JOIN b ON a.k = b.k AND EXISTS (SELECT 1 FROM c)", "a sub-select in the condition of a RIGHT or FULL JOIN is not supported"},
      {"SELECT ARRAY(SELECT * FROM a)", "ARRAY(SELECT * …) is not supported"},
      {"SELECT * FROM a TABLESAMPLE system (1)", "TABLESAMPLE is not supported"},
      {"SELECT ARRAY[ARRAY[1]]", "an array of arrays is not supported"},
      {"SELECT array_agg(ARRAY[id]) FROM a", "array_agg of arrays is not supported"},
      {"SELECT (ARRAY[1])[1][2]", "more than one subscript is not supported"},
      {"CREATE TABLE x (a INT[][])", "type int4[][]: an array of more than one dimension is not supported"},
      {"SELECT '[1,2)'::int4range", "type int4range is not supported"},
      {"SELECT d AT TIME ZONE 'Europe/Vienna' FROM c", "time zone \"Europe/Vienna\" is not supported: its clocks change"},
      {"SELECT a FROM a", "a whole row as a value (\"a\") is not supported"},
      {"SELECT * FROM other.a", "schema \"other\" is not supported"},
      {"CREATE TABLE x (a INT UNIQUE DEFERRABLE)", "DEFERRABLE is not supported"},
      {"CREATE TABLE x (a BIT(3))", "type bit is not supported"},
      {"CREATE TABLE x (a INT GENERATED ALWAYS AS IDENTITY (CYCLE))", "an identity column with cycle is not supported"},
      {"ALTER DOMAIN d ADD CHECK (VALUE > 0)", "ALTER DOMAIN is not supported"},
      {"CREATE SCHEMA other", "CREATE SCHEMA is not supported"},
      {"ALTER TABLE a ADD COLUMN n SERIAL", "ALTER TABLE … ADD COLUMN of an identity column is not supported"},
      {"CREATE TEMP TABLE x (a INT)", "a temporary or unlogged relation is not supported"},
      {"CREATE TABLE x AS SELECT 1", "CREATE TABLE AS is not supported"},
      {"CREATE TABLE x (a INT) WITH (fillfactor = 10)", "a table WITH (fillfactor) is not supported"},
      {"SET x = 1", "SET x is not supported"},
      {"PREPARE TRANSACTION 'x'", "PREPARE is not supported"},
      {"CREATE INDEX i ON a (id)", "CREATE INDEX is not supported"},
      {"ALTER TABLE a ALTER COLUMN id TYPE BIGINT", "ALTER TABLE … ALTER COLUMN TYPE is not supported"},
      {"COPY a TO 'x'", "COPY … TO is not supported"},
      {"COPY a FROM 'x'", "COPY in another format than CSV is not supported"},
      {"VACUUM", "VACUUM or ANALYZE is not supported"}};
  const PlanCatalog catalog;
  for (const auto& [sql, message] : cases) {
    try {
      bind_statement({sql, 0}, catalog);
      ADD_FAILURE() << sql << " was accepted";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().message, message) << sql;
      EXPECT_EQ(failure.error().code, ErrorCode::kUnsupported) << sql;
    }
  }
}

}  // namespace
}  // namespace weir
