// Would catch: UNIQUE and FOREIGN KEY that hold for SQL but not for rows handed in, or not against what others commit meanwhile; tables that a reopened file gives back
// otherwise than ALTER TABLE left them; views that change their meaning with their table.
#include <gtest/gtest.h>

#include "tests/views/open.h"

namespace weir {
namespace {

TEST(Constraints, UniqueForRowsHandedIn) {
  Database db = memory("CREATE TABLE t (id INT PRIMARY KEY, u TEXT UNIQUE); CREATE TABLE bag (a INT UNIQUE, b INT); INSERT INTO t VALUES (1, 'a')");
  Transaction batch = db.begin();
  EXPECT_EQ(batch.insert("t", {2, "a"}).error().code, ErrorCode::kConstraint);
  batch.insert("t", {2, "b"}).value();
  EXPECT_FALSE(batch.upsert("t", {3, "b"}).ok());
  batch.upsert("t", {1, "c"}).value();
  batch.insert("t", {3, "a"}).value();
  EXPECT_FALSE(batch.update("t", {3}, {{"u", "c"}}).ok());
  batch.erase_key("t", {1}).value();
  batch.update("t", {3}, {{"u", "c"}}).value();
  const std::int64_t a[] = {1, 2, 2};
  const std::int64_t b[] = {0, 0, 0};
  const Table bag = db.table("bag").value();
  const ColumnData columns[] = {{a, nullptr}, {b, nullptr}};
  EXPECT_FALSE(batch.insert(bag, columns, 3).ok());
  batch.insert(bag, columns, 2).value();
  batch.commit().value();
  EXPECT_EQ(text(db.read("t").value()), (Texts{"2|b", "3|c"}));
  EXPECT_EQ(text(db.read("bag").value()), (Texts{"1|0", "2|0"}));
}

TEST(Constraints, UniqueAgainstWhatOthersCommit) {
  Database db = memory("CREATE TABLE t (id INT PRIMARY KEY, u TEXT UNIQUE)");
  Transaction one = db.begin(), two = db.begin();
  one.insert("t", {1, "a"}).value();
  two.insert("t", {2, "a"}).value();
  one.commit().value();
  EXPECT_EQ(two.commit().error().code, ErrorCode::kConstraint);
  EXPECT_EQ(text(db.read("t").value()), (Texts{"1|a"}));
}

constexpr char kFamily[] =
    "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE);"
    "CREATE TABLE s (id INT PRIMARY KEY, p INT REFERENCES p); INSERT INTO p VALUES (1), (2), (3); INSERT INTO c VALUES (1, 1), (2, 2)";

TEST(Constraints, ForeignKeysForRowsHandedIn) {
  Database db = memory(kFamily);
  Transaction batch = db.begin();
  EXPECT_FALSE(batch.insert("c", {3, 9}).ok());
  EXPECT_FALSE(batch.update("c", {1}, {{"p", 9}}).ok());
  EXPECT_FALSE(batch.upsert("c", {1, 9}).ok());
  batch.upsert("c", {1, 2}).value();
  batch.insert("p", {4}).value();
  batch.insert("s", {1, 4}).value();
  EXPECT_FALSE(batch.erase_key("p", {4}).ok());
  EXPECT_FALSE(batch.erase("p", {4}).ok());
  batch.erase_key("p", {2}).value();
  batch.commit().value();
  EXPECT_EQ(db.read("c").value().rows(), 0u);
  EXPECT_EQ(text(db.read("p").value()), (Texts{"1", "3", "4"}));
}

TEST(Constraints, ForeignKeysAgainstWhatOthersCommit) {
  Database db = memory(kFamily);
  Transaction child = db.begin(), parent = db.begin();
  child.insert("s", {1, 3}).value();
  parent.erase_key("p", {3}).value();
  parent.commit().value();
  EXPECT_EQ(child.commit().error().code, ErrorCode::kConstraint);
  Transaction first = db.begin(), second = db.begin();
  second.erase_key("p", {1}).value();
  first.insert("s", {1, 1}).value();
  first.commit().value();
  EXPECT_EQ(second.commit().error().code, ErrorCode::kConstraint);
  EXPECT_EQ(text(db.read("s").value()), (Texts{"1|1"}));
}

TEST(Constraints, ATransactionThatHasLostStaysLost) {
  Database db = memory("CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE); CREATE TABLE bag (a INT UNIQUE)");
  Transaction key = db.begin(), unique = db.begin(), bag = db.begin();
  key.insert("t", {1, 1}).value();
  unique.insert("t", {2, 2}).value();
  bag.insert("bag", {1}).value();
  db.execute("INSERT INTO t VALUES (1, 9), (3, 2); INSERT INTO bag VALUES (1)").value();
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(key.insert("t", {5, 5}).error().code, ErrorCode::kConstraint);
    EXPECT_EQ(unique.insert("t", {6, 6}).error().code, ErrorCode::kConstraint);
    EXPECT_EQ(bag.insert("bag", {2}).error().code, ErrorCode::kConstraint);
  }
  EXPECT_FALSE(key.commit().ok());
  EXPECT_FALSE(unique.commit().ok());
  EXPECT_FALSE(bag.commit().ok());
  EXPECT_EQ(text(db.read("t").value()), (Texts{"1|9", "3|2"}));
  EXPECT_EQ(text(db.read("bag").value()), (Texts{"1"}));
}

TEST(Constraints, AForeignKeyMadeMeanwhile) {
  Database db = memory("CREATE TABLE p (id INT PRIMARY KEY, u INT UNIQUE); CREATE TABLE c (p INT); INSERT INTO p VALUES (1, 1), (2, 2), (3, 3); INSERT INTO c VALUES (1)");
  Transaction one = db.begin(), two = db.begin(), three = db.begin();
  one.erase_key("p", {1}).value();
  two.erase_key("p", {2}).value();
  three.update("p", {3}, {{"u", 4}}).value();
  db.execute("ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p; CREATE TABLE d (u INT REFERENCES p (u)); INSERT INTO d VALUES (3)").value();
  EXPECT_EQ(one.commit().error().code, ErrorCode::kConstraint);
  two.commit().value();
  EXPECT_EQ(three.commit().error().code, ErrorCode::kConstraint);
  EXPECT_EQ(text(db.read("p").value()), (Texts{"1|1", "3|3"}));
}

TEST(Constraints, ALongChainOfCascades) {
  Database db = memory("CREATE TABLE tree (id INT PRIMARY KEY, up INT REFERENCES tree ON DELETE CASCADE); INSERT INTO tree VALUES (0, NULL)");
  Transaction batch = db.begin();
  for (int i = 1; i <= 20'000; ++i) batch.insert("tree", {i, i - 1}).value();
  batch.commit().value();
  db.execute("DELETE FROM tree WHERE id = 5").value();
  EXPECT_EQ(db.read("tree").value().rows(), 5u);
}

TEST(Constraints, SurviveInAFile) {
  const Folder folder;
  {
    Database db = Database::open(folder.file()).value();
    db.execute(kFamily).value();
    db.execute("CREATE TABLE u (a INT UNIQUE); INSERT INTO u VALUES (1)").value();
    db.close().value();
  }
  Database db = Database::open(folder.file()).value();
  EXPECT_FALSE(db.execute("INSERT INTO c VALUES (9, 9)").ok());
  EXPECT_FALSE(db.execute("INSERT INTO u VALUES (1)").ok());
  db.execute("DELETE FROM p WHERE id = 1").value();
  EXPECT_EQ(text(db.read("c").value()), (Texts{"2|2"}));
}

TEST(Alter, SurvivesInAFile) {
  const Folder folder;
  {
    Database db = Database::open(folder.file()).value();
    db.execute(
          "CREATE TABLE t (id INT PRIMARY KEY, a INT, gone TEXT);"
          "CREATE VIEW star AS SELECT id, a, gone FROM t; CREATE VIEW sums AS SELECT t.a, COUNT(*) AS n FROM t GROUP BY a; CREATE VIEW all_t AS "
          "SELECT * FROM sums;"
          "INSERT INTO t VALUES (1, 10, 'x'), (2, 10, 'y');"
          "ALTER TABLE t ADD COLUMN b INT DEFAULT 5 CHECK (b > 0); ALTER TABLE t RENAME COLUMN a TO aa; ALTER TABLE t RENAME TO tt;"
          "ALTER TABLE tt DROP COLUMN gone CASCADE; ALTER VIEW sums RENAME TO totals; ALTER TABLE tt ADD UNIQUE (b, id)")
        .value();
    EXPECT_FALSE(db.execute("ALTER TABLE tt ADD UNIQUE (b)").ok());
    EXPECT_FALSE(db.execute("ALTER TABLE tt DROP COLUMN aa").ok());
    db.execute("INSERT INTO tt (id, aa) VALUES (3, 7)").value();
    EXPECT_EQ(text(db.read("all_t").value()), (Texts{"10|2", "7|1"}));
    db.close().value();
  }
  Database db = Database::open(folder.file()).value();
  EXPECT_TRUE(db.verify().value().ok());
  EXPECT_FALSE(db.read("star").ok());
  EXPECT_EQ(text(db.read("tt").value()), (Texts{"1|10|5", "2|10|5", "3|7|5"}));
  EXPECT_EQ(text(db.read("all_t").value()), (Texts{"10|2", "7|1"}));
  EXPECT_FALSE(db.execute("INSERT INTO tt VALUES (4, 1, 0)").ok());
  db.execute("DELETE FROM tt WHERE aa = 10").value();
  EXPECT_EQ(text(db.read("totals").value()), (Texts{"7|1"}));
}

TEST(Alter, AColumnThatAViewAsksForByAnotherNameStays) {
  Database db = memory(
      "CREATE TABLE t (id INT PRIMARY KEY, a INT, gone TEXT); CREATE VIEW n AS SELECT COUNT(gone) AS n FROM t; CREATE VIEW k AS SELECT MAX(a) AS m FROM t;"
      "ALTER TABLE t RENAME COLUMN a TO aa");  // both views know t(id, a, gone) now
  EXPECT_FALSE(db.execute("ALTER TABLE t DROP COLUMN gone").ok());
  db.execute("DROP VIEW n; ALTER TABLE t DROP COLUMN gone; INSERT INTO t VALUES (1, 7)").value();
  EXPECT_EQ(text(db.read("k").value()), (Texts{"7"}));
}

TEST(Alter, NamesDoNotChangeTheirMeaning) {
  Database db = memory(
      "CREATE TABLE t (id INT); CREATE TABLE u (id INT, b INT); INSERT INTO t VALUES (1); INSERT INTO u VALUES (1, 7);"
      "CREATE VIEW v AS SELECT b FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.id = u.id AND b = 7); CREATE VIEW w AS SELECT * FROM t NATURAL JOIN u");
  db.execute("ALTER TABLE t ADD COLUMN b INT DEFAULT 9").value();  // b inside of v is still u's
  EXPECT_EQ(text(db.read("v").value()), (Texts{"7"}));
  EXPECT_EQ(text(db.read("w").value()), (Texts{"1|7"}));
  db.execute("INSERT INTO t VALUES (1, 100)").value();
  EXPECT_EQ(text(db.read("v").value()), (Texts{"7"}));
  db.execute("CREATE VIEW x AS SELECT b FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.id = u.id AND b = 7)").value();  // b is t's
  EXPECT_FALSE(db.execute("ALTER TABLE t DROP COLUMN b").ok());
  db.execute("ALTER TABLE t DROP COLUMN b CASCADE").value();
  EXPECT_FALSE(db.read("x").ok());
  EXPECT_EQ(text(db.read("v").value()), (Texts{"7"}));
}

TEST(Listings, TellWhatThereIs) {
  Database db = memory(
      "CREATE TABLE t (id BIGINT PRIMARY KEY, n NUMERIC(10,2) NOT NULL, v VARCHAR(5) UNIQUE); CREATE VIEW a AS SELECT id FROM t; CREATE VIEW b AS "
      "SELECT id FROM a");
  EXPECT_EQ(text(db.query("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'").value()),
            (Texts{"a|VIEW", "b|VIEW", "t|BASE TABLE"}));
  EXPECT_EQ(text(db.query("SELECT column_name, ordinal_position, is_nullable, data_type, numeric_precision, numeric_scale, character_maximum_length "
                          "FROM information_schema.columns c WHERE c.table_name = 't'")
                     .value()),
            (Texts{"id|1|NO|bigint|64|0|NULL", "n|2|NO|numeric|10|2|NULL", "v|3|YES|character varying|NULL|NULL|5"}));
  EXPECT_EQ(text(db.query("SELECT view_name, depends_on FROM weir_dependencies").value()), (Texts{"a|t", "b|a"}));
  EXPECT_EQ(text(db.query("SELECT constraint_name, constraint_type FROM information_schema.table_constraints").value()),
            (Texts{"t_pkey|PRIMARY KEY", "t_v_key|UNIQUE"}));
  EXPECT_FALSE(db.execute("CREATE VIEW no AS SELECT table_name FROM information_schema.tables").ok());
}

}  // namespace
}  // namespace weir
