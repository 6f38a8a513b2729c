// Catches: a clause of a definitions document that is dropped or put in the wrong place, a fragment that reaches beyond its place, a wrong JSON
// pointer, views in an order in which they cannot be created, and NDJSON rows read with other values than they hold.
#include "sql/document.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sql/statement.h"
#include "weir/query.h"

namespace weir {
namespace {

Error error_of(std::string_view json) {
  try {
    (void)read_definitions(json);
  } catch (const Failure& failure) {
    return failure.error();
  }
  ADD_FAILURE() << "accepted: " << json;
  return {};
}

std::string squeeze(std::string_view sql) {
  std::string out;
  for (char c : sql) {
    bool space = c == ' ' || c == '\n';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string view_sql(std::string_view body) {
  std::vector<Definition> definitions = read_definitions("{\"views\": {\"v\": " + std::string(body) + "}}");
  return squeeze(definitions.at(0).statement);
}

TEST(Definitions, TablesWithEveryField) {
  auto definitions = read_definitions(R"json({"tables": {"orders": {
    "columns": {"id": "BIGINT", "amount": {"type": "NUMERIC(12,2)", "not_null": true, "default": "0", "check": "amount > -1"}, "Note": "text not null", "n": {"type": "int", "default": 7}},
    "primary_key": ["id"], "checks": ["amount >= 0"]}}})json");
  ASSERT_EQ(definitions.size(), 1u);
  EXPECT_FALSE(definitions[0].is_view);
  EXPECT_EQ(definitions[0].pointer, "/tables/orders");
  EXPECT_EQ(squeeze(definitions[0].statement),
            "CREATE TABLE orders (id BIGINT , amount NUMERIC(12,2) NOT NULL DEFAULT (0 ) CHECK (amount > -1 ) , \"Note\" text NOT NULL , n int DEFAULT (7 ) "
            ", PRIMARY KEY (id), CHECK (amount >= 0 ))");
}

TEST(Definitions, TypesOfArrays) {
  auto definitions = read_definitions(R"({"tables": {"t": {"columns": {"i": "INT[]", "n": "NUMERIC(5,1)[3] NOT NULL"}}}})");
  EXPECT_EQ(squeeze(definitions.at(0).statement), "CREATE TABLE t (i INT[] , n NUMERIC(5,1)[3] NOT NULL )");
  for (const char* type : {"INT[", "INT]", "[]", "INT[x]", "INT[1,2]", "INT[](3)"}) {
    EXPECT_EQ(error_of("{\"tables\": {\"t\": {\"columns\": {\"i\": \"" + std::string(type) + "\"}}}}").code, ErrorCode::kType) << type;
  }
}

TEST(Definitions, ViewsFollowWhatTheyStandOn) {
  auto definitions = read_definitions(R"({"views": {
    "c": {"from": {"table": "b"}},
    "a": "SELECT 1 AS x",
    "b": "WITH c AS (SELECT * FROM a) SELECT * FROM c"}, "tables": {"t": {"columns": {"x": "INT"}}}})");
  ASSERT_EQ(definitions.size(), 4u);
  EXPECT_EQ(definitions[0].name, "t");
  EXPECT_EQ(definitions[1].name, "a");
  EXPECT_EQ(definitions[2].name, "b");
  EXPECT_EQ(definitions[3].name, "c");
}

TEST(Definitions, ACycleIsNamed) {
  Error error = error_of(R"({"views": {"a": "SELECT * FROM b", "b": "SELECT * FROM c", "c": "SELECT * FROM a"}})");
  EXPECT_EQ(error.code, ErrorCode::kDependency);
  EXPECT_NE(error.message.find("a -> b -> c -> a"), std::string::npos) << error.message;
  EXPECT_EQ(error_of(R"({"views": {"a": "SELECT * FROM a"}})").code, ErrorCode::kDependency);
}

TEST(Definitions, EveryClauseArrives) {
  EXPECT_EQ(view_sql(R"json({"with": {"big": "SELECT * FROM orders WHERE amount > 5"}, "from": "big o",
    "join": [{"type": "left", "table": "customers", "as": "c", "on": ["c.id = o.customer", "c.active"]}, {"table": "days", "using": ["day", "hour"]},
             {"type": "cross", "query": {"from": "one"}, "as": "u"}],
    "where": ["a > 1", "b < 2"], "group_by": ["c.name"], "having": "COUNT(*) > 1",
    "select": ["c.name", {"SUM(amount)": "Total"}], "distinct": true,
    "union_all": [{"from": "other", "select": ["x", "y"], "limit": 3}], "order_by": ["2 DESC NULLS LAST", "1"], "limit": 10, "offset": 2})json"),
            "CREATE VIEW v AS WITH big AS (SELECT * FROM orders WHERE amount > 5 ) SELECT DISTINCT c.name , SUM(amount) AS \"Total\" FROM big o "
            "LEFT JOIN customers AS c ON ((c.id = o.customer ) AND (c.active ) ) JOIN days USING (day, hour) CROSS JOIN (SELECT * FROM one ) AS u "
            "WHERE (a > 1 ) AND (b < 2 ) GROUP BY c.name HAVING (COUNT(*) > 1 ) UNION ALL (SELECT x , y FROM other LIMIT 3 ) "
            "ORDER BY 2 DESC NULLS LAST , 1 LIMIT 10 OFFSET 2");
}

TEST(Definitions, SqlTextInLines) {
  EXPECT_EQ(view_sql(R"(["SELECT a -- the first", "FROM t"])"), "CREATE VIEW v AS SELECT a -- the first FROM t");
  EXPECT_EQ(view_sql(R"({"sql": "SELECT 1", "description": "one"})"), "CREATE VIEW v AS SELECT 1");
}

TEST(Definitions, FragmentsStayInTheirPlace) {
  for (const char* condition : {"1 = 1) OR (1 = 1", "a > 1; DROP TABLE t", "a > 1 GROUP BY a", "a, b", "", "a >", "(a"}) {
    Error error = error_of("{\"views\": {\"v\": {\"from\": \"t\", \"where\": \"" + std::string(condition) + "\"}}}");
    EXPECT_EQ(error.place, "/views/v/where") << condition;
  }
  EXPECT_EQ(error_of(R"json({"views": {"v": {"from": "t", "select": ["a", "b FROM s"]}}})json").place, "/views/v/select/1");
  EXPECT_EQ(error_of(R"json({"views": {"v": {"from": "t WHERE a"}}})json").place, "/views/v/from");
  EXPECT_EQ(error_of(R"json({"views": {"v": {"from": "t", "order_by": ["a LIMIT 1"]}}})json").place, "/views/v/order_by/0");
  EXPECT_EQ(error_of(R"json({"views": {"v": "DROP TABLE t"}})json").place, "/views/v");
  EXPECT_EQ(error_of(R"json({"views": {"v": "SELECT 1; SELECT 2"}})json").place, "/views/v");
  EXPECT_EQ(error_of(R"json({"tables": {"t": {"columns": {"a": "INT, b INT"}}}})json").place, "/tables/t/columns/a");
  EXPECT_EQ(error_of(R"json({"tables": {"t": {"columns": {"a": {"type": "INT", "default": "0) , (1"}}}}})json").place, "/tables/t/columns/a/default");
}

TEST(Definitions, ErrorsHavePointers) {
  struct Case { const char *json, *place, *message; };
  const Case cases[] = {
      {R"([])", "/", "expected an object, found an array"},
      {R"({"table": {}})", "/table", "unknown field \"table\""},
      {R"({"tables": []})", "/tables", "expected an object of tables by name, found an array"},
      {R"({"tables": {"t": {}}})", "/tables/t", "table \"t\" needs \"columns\""},
      {R"({"tables": {"t": {"columns": {}}}})", "/tables/t/columns", "table \"t\" needs a column"},
      {R"({"tables": {"t": {"columns": {"a": 5}}}})", "/tables/t/columns/a", "expected a type or an object, found a number"},
      {R"({"tables": {"t": {"columns": {"a": {"not_null": true}}}}})", "/tables/t/columns/a", "column \"a\" needs a \"type\""},
      {R"({"tables": {"t": {"columns": {"a": "INT"}, "primary_key": ["b"]}}})", "/tables/t/primary_key/0", "table \"t\" has no column \"b\""},
      {R"({"views": {"a/b~c": 5}})", "/views/a~1b~0c", "expected SQL text or a structured query, found a number"},
      {R"({"views": {"v": {"select": "a", "join": []}}})", "/views/v/join", "a join without \"from\""},
      {R"({"views": {"v": {"from": "t", "limit": -1}}})", "/views/v/limit", "expected a number of rows, 0 or more, found a number"},
      {R"({"views": {"v": {"from": "t", "limit": 1.5}}})", "/views/v/limit", "expected a number of rows, 0 or more, found a number"},
      {R"({"views": {"v": {"from": "t", "join": {"table": "s"}}}})", "/views/v/join", "expected one of \"on\" and \"using\""},
      {R"({"views": {"v": {"from": "t", "join": {"type": "outer", "table": "s", "on": "a"}}}})", "/views/v/join/type", "there is no join of type \"outer\""},
      {R"({"views": {"v": {"from": "t", "group_by": "a"}}})", "/views/v", "a query with \"group_by\" or \"having\" needs \"select\""},
      {R"({"views": {"v": "SELECT 1", "v": "SELECT 2"}})", "/views/v", "field \"v\" is given twice"},
      {R"({"tables": {"v": {"columns": {"a": "INT"}}}, "views": {"v": "SELECT 1"}})", "/views/v", "there is a table \"v\" too"},
  };
  for (const Case& c : cases) {
    Error error = error_of(c.json);
    EXPECT_EQ(error.place, c.place) << c.json;
    EXPECT_EQ(error.message, c.message) << c.json;
  }
}

TEST(Definitions, MisspeltFieldsGetAHint) {
  EXPECT_EQ(error_of(R"({"views": {"v": {"from": "t", "were": "a"}}})").hint, "did you mean \"where\"?");
  EXPECT_EQ(error_of(R"({"tables": {"t": {"column": {}}}})").hint, "did you mean \"columns\"?");
}

TEST(Definitions, BrokenJsonHasLineAndColumn) {
  Error error = error_of("{\n  \"tables\": {,}\n}");
  EXPECT_EQ(error.code, ErrorCode::kSyntax);
  EXPECT_EQ(error.line, 2);
  EXPECT_EQ(error.column, 14);
  EXPECT_EQ(error_of("").line, 1);
  EXPECT_NE(error_of("{\"a\": \"\xff\"}").message.find("UTF-8"), std::string::npos);
  std::string deep(100000, '[');
  EXPECT_NE(error_of(deep).message.find("deep"), std::string::npos);
}

TEST(Definitions, ErrorsInSqlArePlacedInTheDocument) {
  auto definitions = read_definitions(R"({"views": {"v": ["SELECT a", "FROM nowhere"], "w": {"from": "t", "where": "x = y"}}})");
  Error error;
  error.offset = static_cast<int>(definitions[0].statement.find("nowhere"));
  Error placed = place_in_document(error, definitions[0]);
  EXPECT_EQ(placed.place, "/views/v/1");
  EXPECT_EQ(placed.line, 1);
  EXPECT_EQ(placed.column, 6);
  EXPECT_EQ(placed.excerpt, "FROM nowhere");
  error.offset = static_cast<int>(definitions[1].statement.find("= y") + 2);
  placed = place_in_document(error, definitions[1]);
  EXPECT_EQ(placed.place, "/views/w/where");
  EXPECT_EQ(placed.column, 5);
  error.offset = -1;
  EXPECT_EQ(place_in_document(error, definitions[1]).place, "/views/w");
}

TEST(Definitions, ThePublishedSchemaIsThisOne) {
  std::ifstream file(WEIR_SOURCE_DIR "/docs/definitions.schema.json");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), definitions_schema()) << "docs/definitions.schema.json has to hold what definitions_schema() returns";
}

// ---- NDJSON

std::string row_text(std::string_view line) {
  JsonRow row = read_json_row(line);
  std::string out = row.operation == JsonRow::Operation::kInsert ? "insert" : row.operation == JsonRow::Operation::kDelete ? "delete" : "update";
  for (const auto& [name, value] : row.fields) out += " " + name + "=" + (value.is_null() ? "NULL" : value.to_string());
  return out;
}

TEST(JsonRows, Operations) {
  EXPECT_EQ(row_text(R"({"a": 1, "b": null, "c": "x"})"), "insert a=1 b=NULL c=x");
  EXPECT_EQ(row_text(R"({"insert": {"a": 1}})"), "insert a=1");
  EXPECT_EQ(row_text(R"({"delete": {"a": 1}})"), "delete a=1");
  EXPECT_EQ(row_text(R"({"update": {"a": 1, "b": "\u00e9"}})"), "update a=1 b=\xc3\xa9");
  EXPECT_EQ(row_text(R"({"delete": "a column of that name"})"), "insert delete=a column of that name");
  EXPECT_EQ(row_text("{}"), "insert");
}

TEST(JsonRows, NumbersKeepTheirDigits) {
  EXPECT_EQ(row_text(R"({"a": 123456789012345678901234567890.10})"), "insert a=123456789012345678901234567890.10");
  EXPECT_EQ(row_text(R"({"a": 0.1000, "b": 1e3, "c": -9223372036854775808, "d": 18446744073709551615})"), "insert a=0.1000 b=1e3 c=-9223372036854775808 d=18446744073709551615");
  EXPECT_EQ(row_text(R"({"a": 99999999999999999999})"), "insert a=99999999999999999999");
}

TEST(JsonRows, WhatIsNoRow) {
  for (const char* line : {"", "5", "[1]", "{", R"({"a": 1} x)", R"({"a": {"b": 1}})", R"({"a": [1]})", R"({"insert": {"a": 1}, "b": 2})", R"({"b": 2, "insert": {"a": 1}})",
                           R"({"insert": {"a": {"b": 1}}})", R"({"a": 1, "a": 2})", R"({"a": "\u0000"})", "{\"a\": \"\xc3\x28\"}", R"({"insert": {}, "delete": {}})"}) {
    try {
      (void)read_json_row(line);
      ADD_FAILURE() << "accepted: " << line;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().code, ErrorCode::kInput) << line;
    }
  }
}

// ---- the builder

TEST(Builder, MakesTheSqlOfAPerson) {
  Query query = From("orders o");
  query.Join("customers c", "c.id = o.customer").LeftJoin("days d", "d.day = o.day").Where("amount > 1").Where("amount < 9").GroupBy("c.country").Aggregate("SUM(amount)", "total")
      .Having("COUNT(*) > 1").OrderBy("total DESC").Limit(5).Offset(1);
  EXPECT_EQ(squeeze(query.sql().value()),
            "SELECT c.country , SUM(amount) AS total FROM orders o JOIN customers c ON (c.id = o.customer ) LEFT JOIN days d ON (d.day = o.day ) "
            "WHERE (amount > 1 ) AND (amount < 9 ) GROUP BY c.country HAVING (COUNT(*) > 1 ) ORDER BY total DESC LIMIT 5 OFFSET 1");
  EXPECT_EQ(squeeze(From(From("t").Where("a"), "s").Distinct().UnionAll(From("u")).sql().value()),
            "SELECT DISTINCT * FROM (SELECT * FROM t WHERE (a ) ) AS s UNION ALL (SELECT * FROM u )");
}

TEST(Builder, ErrorsNameTheCall) {
  EXPECT_EQ(From("t").Where("a) OR (b").sql().error().place, "Where('a) OR (b')");
  EXPECT_EQ(From("t").Join("s", "a =").sql().error().place, "Join('s')");
  EXPECT_EQ(From("t").UnionAll(From("u").OrderBy("x LIMIT 1")).sql().error().place, "OrderBy('x LIMIT 1')");
  EXPECT_FALSE(From("t; DROP TABLE t").sql().ok());
}

}  // namespace
}  // namespace weir
