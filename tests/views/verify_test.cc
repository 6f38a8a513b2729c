// Would catch: a verify() that compares a view with itself; one that misses a changed row, a missing one, one that is there too often; repair that hides it.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/views/open.h"

namespace weir {
namespace {

void change_file(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

constexpr char kVerified[] =
    "CREATE TABLE t (id INT PRIMARY KEY, g TEXT, v NUMERIC);"
    "CREATE VIEW sums AS SELECT g, SUM(v) AS s, COUNT(*) AS n FROM t GROUP BY g;"
    "CREATE VIEW all_g AS SELECT g FROM t;"
    "CREATE VIEW big AS SELECT g FROM sums WHERE s > 2;"
    "INSERT INTO t VALUES (1, 'a', 1.5), (2, 'a', 2), (3, 'b', 1), (4, NULL, NULL)";

TEST(Verify, LiveAndStoredViewsAgree) {
  Database db = memory(kVerified);
  db.execute("UPDATE t SET v = v + 1; DELETE FROM t WHERE id = 2").value();
  const Verification v = db.verify().value();
  EXPECT_TRUE(v.ok()) << v.difference;
  EXPECT_EQ(v.tables, 1u);
  EXPECT_EQ(v.views, 3u);
  const Folder folder;
  Database file = Database::open(folder.file()).value();
  file.execute(kVerified).value();
  EXPECT_TRUE(file.verify().value().ok());
}

TEST(Verify, ViewsThatAreFoldedAndViewsWithParameters) {
  Database db = memory(kVerified);
  db.execute("CREATE VIEW a AS SELECT id, v FROM t WHERE g = 'a'; CREATE VIEW b AS SELECT id, v FROM t WHERE g = 'b';"
             "CREATE VIEW on_a AS SELECT COUNT(*) AS n FROM a; CREATE VIEW one AS SELECT id FROM t WHERE g = $1")
      .value();
  ASSERT_NE(db.explain("a").value().find("Folded"), std::string::npos);
  const Subscription watch = db.subscribe("one", {Value("a")}, [](const Change&) {}).value();
  const Verification v = db.verify().value();
  EXPECT_TRUE(v.ok()) << v.difference;
  EXPECT_EQ(v.views, 6u);
}

TEST(Verify, NamesTheFirstDifference) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE sums SET n = 7 WHERE g = 'a'", "view \"sums\" in the file it lacks (g = a, s = 3.5, n = 2)"},
      {"DELETE FROM big", "view \"big\" in the file it lacks (g = a)"},
      {"INSERT INTO all_g VALUES ('b'), ('b')", "view \"all_g\" in the file it has (g = b), which should not be there, 2 times"}};
  for (const auto& [sql, difference] : cases) {
    const Folder folder;
    {
      Database db = Database::open(folder.file()).value();
      db.execute(kVerified).value();
      db.close().value();
    }
    change_file(folder.file(), sql);
    {
      OpenOptions look;
      look.repair = false;
      EXPECT_EQ(Database::open(folder.file(), look).value().verify().value().difference, difference);
    }
    EXPECT_TRUE(Database::open(folder.file()).value().verify().value().ok());  // repaired
    OpenOptions look;
    look.repair = false;
    EXPECT_TRUE(Database::open(folder.file(), look).value().verify().value().ok());
  }
}

constexpr char kFolded[] =
    "CREATE TABLE t (id INT PRIMARY KEY, g TEXT, v INT); CREATE TABLE bag (g TEXT, v INT);"
    "CREATE VIEW a AS SELECT id, v FROM t WHERE g = 'a'; CREATE VIEW b AS SELECT id, v FROM t WHERE g = 'b'; CREATE VIEW c AS SELECT id, v FROM t WHERE g = 'c';"
    "CREATE VIEW x AS SELECT v FROM bag WHERE g = 'x'; CREATE VIEW y AS SELECT v FROM bag WHERE g = 'y';"
    "CREATE VIEW sum_b AS SELECT SUM(v) AS s FROM b; CREATE VIEW of AS SELECT id FROM t WHERE g = $1;"
    "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'b', 3); INSERT INTO bag VALUES ('x', 1), ('x', 1), ('y', NULL)";

TEST(Verify, FoldedViewsAndParametersOnTablesThatAreAltered) {
  const std::pair<const char*, const char*> cases[] = {{"DELETE FROM b WHERE id = 3", "view \"b\" in the file it lacks (id = 3, v = 3)"},
                                                       {"UPDATE sum_b SET s = 6", "view \"sum_b\" in the file it lacks (s = 5)"},
                                                       {"INSERT INTO y VALUES (NULL)", "view \"y\" in the file it has (v = NULL), which should not be there"},
                                                       {"INSERT INTO \"of\" VALUES (1)", "view \"of\" in the file it has (id = 1), which should not be there"}};
  for (const auto& [sql, difference] : cases) {
    const Folder folder;
    {
      Database db = Database::open(folder.file()).value();
      db.execute(kFolded).value();
      Subscription sevens = db.subscribe("of", {"b"}, [](const Change&) {}).value();
      EXPECT_TRUE(db.verify().value().ok()) << db.verify().value().difference;
    }
    {
      Database db = Database::open(folder.file()).value();
      db.execute("ALTER TABLE t ADD COLUMN w INT DEFAULT 7; ALTER TABLE t RENAME COLUMN g TO h; ALTER TABLE bag ADD COLUMN w INT; DROP VIEW c").value();
      db.execute("UPDATE t SET h = 'b' WHERE id = 1; UPDATE t SET h = 'a' WHERE id = 1").value();
      EXPECT_EQ(text(db.read("a").value()), (Texts{"1|1"}));
      EXPECT_EQ(text(db.query("SELECT * FROM of('b')").value()), (Texts{"2", "3"}));
      const Verification v = db.verify().value();
      EXPECT_TRUE(v.ok()) << v.difference;
      EXPECT_EQ(v.views, 5u);
      db.close().value();
    }
    change_file(folder.file(), sql);
    OpenOptions look;
    look.repair = false;
    EXPECT_EQ(Database::open(folder.file(), look).value().verify().value().difference, difference);
  }
}

}  // namespace
}  // namespace weir
