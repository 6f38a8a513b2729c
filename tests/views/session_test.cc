// Would catch: statements cut in the wrong place; transactions that do not behave as PostgreSQL's: aborted ones that go on, COMMIT that commits a failed one, changes
// and tables that outlive a ROLLBACK.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/views/open.h"

namespace weir {
namespace {

TEST(Session, TakesStatementsAsTheyCome) {
  Database db = memory();
  Session session = db.session();
  std::string statement;
  session.feed("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (';");
  ASSERT_TRUE(session.next(statement));
  session.execute(statement).value();
  EXPECT_FALSE(session.next(statement));
  session.feed("\n');\nSELECT a FROM t;\n-- the end\nSELECT 1");
  ASSERT_TRUE(session.next(statement));
  EXPECT_EQ(session.execute(statement).value().changed, 1u);
  ASSERT_TRUE(session.next(statement));
  EXPECT_EQ(text(session.execute(statement).value().rows), (Texts{";\n"}));
  EXPECT_FALSE(session.next(statement));
  session.feed("", true);
  ASSERT_TRUE(session.next(statement));
  EXPECT_EQ(text(session.execute(statement).value().rows), (Texts{"1"}));
  EXPECT_FALSE(session.next(statement));
}

TEST(Session, PlacesErrorsInTheWholeScript) {
  Database db = memory();
  Session session = db.session();
  session.feed("SELECT 1;\nSELECT 2; SELECT\n  nothing;");
  std::string statement;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(session.next(statement));
    session.execute(statement).value();
  }
  ASSERT_TRUE(session.next(statement));
  const auto refused = session.execute(statement);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().line, 3);
  EXPECT_EQ(refused.error().column, 3);
}

TEST(Session, Transactions) {
  Database db = memory("CREATE TABLE t (id INT PRIMARY KEY, v INT); CREATE VIEW s AS SELECT SUM(v) AS s FROM t");
  Session session = db.session();
  session.execute("BEGIN").value();
  EXPECT_TRUE(session.in_transaction());
  session.execute("INSERT INTO t VALUES (1, 10), (2, 20)").value();
  session.execute("UPDATE t SET v = v + 1 WHERE id = 1").value();
  EXPECT_EQ(text(session.execute("SELECT * FROM s").value().rows), (Texts{"31"}));
  EXPECT_EQ(text(db.read("s").value()), (Texts{"NULL"}));
  session.execute("COMMIT").value();
  EXPECT_FALSE(session.in_transaction());
  EXPECT_EQ(text(db.read("s").value()), (Texts{"31"}));
  EXPECT_EQ(db.sequence(), 1u);

  session.execute("begin").value();
  session.execute("DELETE FROM t").value();
  session.execute("INSERT INTO t VALUES (1, 5)").value();
  session.execute("rollback").value();
  EXPECT_EQ(text(db.read("t").value()), (Texts{"1|11", "2|20"}));

  session.execute("START TRANSACTION").value();
  session.execute("DELETE FROM t WHERE id = 2").value();
  EXPECT_EQ(session.execute("INSERT INTO t VALUES (1, 5)").error().code, ErrorCode::kConstraint);
  const Error aborted = session.execute("SELECT 1").error();
  EXPECT_EQ(aborted.code, ErrorCode::kTransaction);
  EXPECT_EQ(aborted.message, "current transaction is aborted, commands ignored until end of transaction block");
  session.execute("COMMIT").value();
  EXPECT_EQ(text(db.read("t").value()), (Texts{"1|11", "2|20"})) << "COMMIT of a failed transaction rolls back";
  session.execute("COMMIT").value();
}

TEST(Session, TheEndRollsBack) {
  Database db = memory("CREATE TABLE t (id INT)");
  {
    Session session = db.session();
    session.execute("BEGIN").value();
    session.execute("INSERT INTO t VALUES (1)").value();
  }
  EXPECT_EQ(db.read("t").value().rows(), 0u);
  EXPECT_FALSE(db.execute("BEGIN; INSERT INTO t VALUES (1); SELECT 1/0").ok());
  db.execute("BEGIN; INSERT INTO t VALUES (1)").value();
  EXPECT_EQ(db.read("t").value().rows(), 0u);
}

TEST(Session, CommitOfABatchThatAViewCannotTake) {
  Database db = memory("CREATE TABLE t (a INT); CREATE VIEW v AS SELECT 1 / a AS q FROM t");
  Session session = db.session();
  session.execute("BEGIN").value();
  session.execute("INSERT INTO t VALUES (0), (1)").value();
  EXPECT_EQ(session.execute("COMMIT").error().code, ErrorCode::kEvaluation);
  EXPECT_FALSE(session.in_transaction());
  EXPECT_EQ(db.read("t").value().rows(), 0u);
  session.execute("BEGIN").value();
  session.execute("INSERT INTO t VALUES (0), (1)").value();
  session.execute("DELETE FROM t WHERE a = 0").value();
  session.execute("COMMIT").value();
  EXPECT_EQ(text(db.read("v").value()), (Texts{"1"}));
}

void schema_in_transactions(Database& db) {
  Session session = db.session();
  session.execute("BEGIN").value();
  session.execute("CREATE TABLE t (id INT PRIMARY KEY)").value();
  session.execute("INSERT INTO t VALUES (1), (2)").value();
  session.execute("CREATE VIEW v AS SELECT COUNT(*) AS n FROM t").value();
  session.execute("INSERT INTO t VALUES (3)").value();
  EXPECT_EQ(text(session.execute("SELECT * FROM v").value().rows), (Texts{"3"}));
  EXPECT_EQ(db.execute("CREATE TABLE u (a INT)").error().code, ErrorCode::kTransaction) << "one at a time";
  session.execute("ROLLBACK").value();
  EXPECT_TRUE(db.relations().empty());

  session.execute("BEGIN").value();
  session.execute("CREATE TABLE t (id INT PRIMARY KEY)").value();
  session.execute("INSERT INTO t VALUES (1), (2)").value();
  session.execute("CREATE VIEW v AS SELECT COUNT(*) AS n FROM t").value();
  session.execute("COMMIT").value();
  EXPECT_EQ(text(db.read("v").value()), (Texts{"2"}));

  session.execute("BEGIN").value();
  session.execute("INSERT INTO t VALUES (9)").value();
  session.execute("DROP VIEW v").value();
  session.execute("CREATE VIEW v AS SELECT MAX(id) AS m FROM t").value();
  EXPECT_EQ(text(session.execute("SELECT * FROM v").value().rows), (Texts{"9"}));
  EXPECT_FALSE(session.execute("DROP TABLE t").ok());
  session.execute("COMMIT").value();
  EXPECT_EQ(text(db.read("v").value()), (Texts{"2"})) << "all of a failed transaction is undone";
  db.execute("INSERT INTO t VALUES (7)").value();
  EXPECT_EQ(text(db.read("v").value()), (Texts{"3"})) << "and the old view lives";

  session.execute("BEGIN").value();
  session.execute("DROP TABLE t CASCADE").value();
  session.execute("CREATE TABLE t (name TEXT)").value();
  session.execute("INSERT INTO t VALUES ('x')").value();
  session.execute("COMMIT").value();
  EXPECT_EQ(text(db.read("t").value()), (Texts{"x"}));
  EXPECT_FALSE(db.read("v").ok());
  db.execute("DROP TABLE t").value();
}

TEST(Session, TablesAndViewsInTransactions) {
  Database db = memory();
  schema_in_transactions(db);
  const Folder folder;
  Database file = Database::open(folder.file()).value();
  schema_in_transactions(file);
  file.execute("CREATE TABLE after (a INT); INSERT INTO after VALUES (1)").value();
  file.close().value();
  EXPECT_EQ(text(Database::open(folder.file()).value().read("after").value()), (Texts{"1"}));
}

TEST(Session, SavepointsInAFile) {
  const Folder folder;
  Database db = Database::open(folder.file()).value();
  db.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT); CREATE VIEW s AS SELECT SUM(v) AS s FROM t; INSERT INTO t VALUES (1, 10)").value();
  Session session = db.session();
  for (const char* sql : {"BEGIN", "UPDATE t SET v = 11", "SAVEPOINT a", "CREATE TABLE u (x INT)", "INSERT INTO u VALUES (1)", "DELETE FROM t", "SAVEPOINT b", "DROP VIEW s"}) {
    session.execute(sql).value();
  }
  EXPECT_FALSE(session.execute("INSERT INTO nowhere VALUES (1)").ok());
  EXPECT_FALSE(session.execute("SELECT 1").ok());
  session.execute("ROLLBACK TO b").value();
  EXPECT_EQ(text(session.execute("SELECT * FROM s").value().rows), (Texts{"NULL"}));
  session.execute("ROLLBACK TO a").value();
  EXPECT_FALSE(session.execute("SELECT * FROM u").ok());
  session.execute("ROLLBACK TO a").value();
  session.execute("CREATE TABLE u (y TEXT)").value();
  session.execute("COMMIT").value();
  EXPECT_EQ(text(db.read("s").value()), (Texts{"11"}));
  db.close().value();
  db = Database::open(folder.file()).value();
  EXPECT_EQ(text(db.read("s").value()), (Texts{"11"}));
  EXPECT_EQ(db.read("u").value().schema()[0].name, "y");
}

TEST(Session, Returning) {
  Database db = memory("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  const auto outcomes = db.execute("INSERT INTO t VALUES (1, 10), (2, 20) RETURNING id * 2 AS twice, *; DELETE FROM t WHERE id > 5 RETURNING v").value();
  EXPECT_EQ(outcomes[0].kind, Outcome::Kind::kRows);
  EXPECT_EQ(outcomes[0].changed, 2u);
  EXPECT_EQ(text(outcomes[0].rows), (Texts{"2|1|10", "4|2|20"}));
  EXPECT_EQ(outcomes[1].rows.schema()[0].name, "v");
  EXPECT_FALSE(db.execute("INSERT INTO t VALUES (3, 0) RETURNING 1 / v").ok());
  EXPECT_EQ(db.read("t").value().rows(), 2u);
}

TEST(Session, Copies) {
  const Folder folder;
  std::ofstream(folder.file("t.csv")) << "id,name\n1,plain\n2,\"quoted, \"\"x\"\"\"\n3,\n4,\"\"\n";
  Database db = memory("CREATE TABLE t (id INT PRIMARY KEY, name TEXT, n INT DEFAULT 7)");
  EXPECT_EQ(db.execute("COPY t (id, name) FROM '" + folder.file("t.csv") + "' WITH (FORMAT csv, HEADER)").value()[0].changed, 4u);
  EXPECT_EQ(text(db.read("t").value()), (Texts{"1|plain|7", "2|quoted, \"x\"|7", "3|NULL|7", "4||7"}));
  std::ofstream(folder.file("bad.csv")) << "5,ok\n6\n";
  const auto bad = db.execute("COPY t (id, name) FROM '" + folder.file("bad.csv") + "' WITH (FORMAT csv)");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().line, 2);
  EXPECT_EQ(db.read("t").value().rows(), 4u);
  Session session = db.session();
  Texts lines = {"8;\"a", "b\"", "9;c", "\\.", "never"};
  session.on_copy_stdin([&lines](std::string& line) {
    if (lines.empty()) return false;
    line = lines.front();
    lines.erase(lines.begin());
    return true;
  });
  session.execute("COPY t (id, name) FROM STDIN WITH (FORMAT csv, DELIMITER ';')").value();
  EXPECT_EQ(text(db.query("SELECT id, name FROM t WHERE id > 7").value()), (Texts{"8|a\nb", "9|c"}));
  EXPECT_FALSE(db.execute("COPY t FROM STDIN WITH (FORMAT csv)").ok());
}

}  // namespace
}  // namespace weir
