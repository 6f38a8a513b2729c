// Would catch: a tree of PostgreSQL's parser that is read as another one: an escape, a number, a member, a level that is lost; a text cut short or damaged that is read all the
// same, or read past its end.
#include "sql/parse.h"

#include <gtest/gtest.h>
#include <pg_query.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "sql/statement.h"
#include "weir/error.h"

namespace weir {
namespace {

// The tree of a statement as libpg_query writes it; "" for one that is no SQL.
std::string tree_of(const std::string& sql) {
  const PgQueryParseResult result = pg_query_parse(sql.c_str());
  const std::string tree = result.error ? "" : result.parse_tree;
  pg_query_free_parse_result(result);
  return tree;
}

bool refused(const std::string& text) {
  try {
    read_tree(text.c_str());
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, ErrorCode::kInternal) << text;
    return true;
  }
  return false;
}

TEST(ReadTree, AllStatementsOfTheScripts) {
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_SOURCE_DIR "/tests/sql/scripts")) {
    if (entry.path().extension() != ".sql") continue;
    std::stringstream script;
    script << std::ifstream(entry.path()).rdbuf();
    bool complete = false;
    for (const StatementText& statement : split_statements(script.str(), complete)) {
      const std::string tree = tree_of(std::string(statement.text));
      if (tree.empty()) continue;
      ASSERT_TRUE(read_tree(tree.c_str()) == Json::parse(tree)) << entry.path().filename() << ": " << statement.text;
      ++read;
    }
  }
  EXPECT_GT(read, 2000u);
}

TEST(ReadTree, Escapes) {
  std::string all;
  for (char c = 1; c > 0; ++c) all += c == '\'' ? std::string("''") : std::string(1, c);
  const std::string tree = tree_of("SELECT '" + all + "', '\xc3\xbc\xe2\x82\xac\xf0\x9f\x8c\x8a', \"a \"\"name\"\"\\/\"");
  ASSERT_FALSE(tree.empty());
  EXPECT_TRUE(read_tree(tree.c_str()) == Json::parse(tree)) << tree;
  EXPECT_EQ(read_tree(R"("\"\\\/\b\f\n\r\t\u0001\u001f\u007F")"), Json("\"\\/\b\f\n\r\t\x01\x1f\x7f"));
}

TEST(ReadTree, NumbersWordsAndSpaces) {
  EXPECT_EQ(read_tree("[0, -1, 9223372036854775807, -9223372036854775808]"), Json({0, -1, INT64_MAX, INT64_MIN}));
  EXPECT_EQ(read_tree(" { \"a\" :\n[ true ,\tfalse, null ] , \"b\": { } , \"c\":[ ]}\n"), Json::parse(R"({"a": [true, false, null], "b": {}, "c": []})"));
}

TEST(ReadTree, DeepTrees) {
  std::string sql = "SELECT 1";
  for (int i = 0; i < 300; ++i) sql += " + 1";
  const std::string tree = tree_of(sql);
  EXPECT_TRUE(read_tree(tree.c_str()) == Json::parse(tree));
  // As deep as PostgreSQL's parser goes: on a stack of its own.
  while (sql.size() < 100'000) sql += " + 1";
  EXPECT_TRUE(parse_statement(sql).contains("SelectStmt"));
}

TEST(ReadTree, WhatIsCutShort) {
  const std::string tree = tree_of(R"(SELECT a, 'x\y"z', true, NULL, -17 FROM t WHERE "q\r" IN (1, 2) LIMIT 3)");
  ASSERT_GT(tree.size(), 500u);
  for (std::size_t n = 0; n < tree.size(); ++n) EXPECT_TRUE(refused(tree.substr(0, n))) << n;
  for (const char* part : {"t", "tru", "f", "fals", "n", "nul", "-", "\"", "\"\\", "\"\\u", "\"\\u00", "\"\\u0001", "[", "[1", "[1,", "{", "{\"", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,"}) {
    EXPECT_TRUE(refused(part)) << part;
  }
}

TEST(ReadTree, WhatIsNoTree) {
  for (const char* text : {"", " ", "1.5", "1e3", "--1", "1-2", "9223372036854775808", "-9223372036854775809", "truth", "nil", "falsch", "x", "'a'", "\"\\x\"", "\"\\u0080\"", "\"\\u00g0\"",
                           "[,]", "[1,]", "[1 2]", "[1}", "{]", "{1:2}", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":}", "{} {}", "[]]", "1 2", "\"a\"\"b\""}) {
    EXPECT_TRUE(refused(text)) << text;
  }
}

}  // namespace
}  // namespace weir
