// Catches: a lazy view that has operators, state or rows in the file while nobody asks, one that is read stale or empty, a subscriber who hears too little or too much, state
// that stays when the last one leaves, a view on a lazy view that is not live, one that the file or a replacement loses.
#include <gtest/gtest.h>

#include "open.h"

namespace weir {
namespace {

constexpr char kLazyScript[] =
    "CREATE TABLE t (id INT PRIMARY KEY, g TEXT, v INT);"
    "INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 3);"
    "CREATE VIEW sums WITH (lazy) AS SELECT g, SUM(v) AS s FROM t GROUP BY g ORDER BY s DESC";

SubscribeOptions at_once() {
  SubscribeOptions options;
  options.delivery = SubscribeOptions::Delivery::kInline;
  return options;
}

// Who holds the table's stream: the table, and operators on it.
std::uint32_t users(const Database& db) { return db.profile("t").value().operators[0].users; }

bool lazy(const Database& db, const std::string& view) {
  for (const RelationInfo& relation : db.relations()) {
    if (relation.name == view) return relation.lazy;
  }
  return false;
}

TEST(Lazy, CostsNothingAndIsExactWhenItIsRead) {
  Database db = memory(kLazyScript);
  EXPECT_EQ(users(db), 1u);
  EXPECT_TRUE(db.profile("sums").value().operators.empty());
  EXPECT_NE(db.explain("sums").value().find("Lazy: computed when it is read"), std::string::npos);
  EXPECT_EQ(text(db.read("sums").value()), (Texts{"a|3", "b|3"}));
  db.execute("UPDATE t SET v = 10 WHERE id = 3; INSERT INTO t VALUES (4, 'c', 5)").value();
  const ResultSet rows = db.read("sums").value();
  EXPECT_EQ(rows[0]["g"].to_string(), "b") << "in its order";
  EXPECT_EQ(text(rows), (Texts{"a|3", "b|10", "c|5"}));
  EXPECT_EQ(rows.sequence(), db.sequence());
  EXPECT_EQ(text(db.find("sums", {"c"}).value()), Texts{"c|5"});
  EXPECT_EQ(db.find("sums", {"d"}).value().rows(), 0u);
  EXPECT_FALSE(db.find("sums", {"a", "b"}).ok());
  EXPECT_EQ(text(db.query("SELECT s FROM sums WHERE g = 'c'").value()), Texts{"5"});
  EXPECT_EQ(text(db.query("SELECT x.g, y.g FROM sums x JOIN sums y ON x.s < y.s").value()), (Texts{"a|b", "a|c", "c|b"}));
  db.execute("CREATE VIEW eager AS SELECT g, SUM(v) AS s FROM t GROUP BY g").value();
  EXPECT_EQ(db.digest("sums").value(), db.digest("eager").value());
  const Snapshot all = db.snapshot(std::vector<std::string>{"t", "sums", "eager"}).value();
  EXPECT_EQ(all.sequence, db.sequence());
  EXPECT_EQ(text(all.relations.at("sums")), text(all.relations.at("eager")));
  db.drop("eager").value();
  EXPECT_EQ(users(db), 1u) << "reading leaves nothing behind";
  EXPECT_TRUE(lazy(db, "sums"));
}

TEST(Lazy, ATransactionSeesItsChangesThroughIt) {
  Database db = memory(kLazyScript);
  Transaction tx = db.begin();
  tx.execute("INSERT INTO t VALUES (9, 'z', 9)").value();
  EXPECT_EQ(text(tx.execute("SELECT * FROM sums WHERE g = 'z'").value()), Texts{"z|9"});
  tx.rollback();
  EXPECT_EQ(db.execute("INSERT INTO t SELECT 100 + ASCII(g), g, 0 FROM sums").value()[0].changed, 2u);
  EXPECT_EQ(db.execute("DELETE FROM t USING sums WHERE sums.g = t.g AND sums.s > 2 AND t.v = 0").value()[0].changed, 2u);
}

TEST(Lazy, LiveWhileSomebodyListens) {
  Database db = memory(kLazyScript);
  std::vector<Texts> one, two;
  {
    const auto a = db.subscribe("sums", [&](const Change& c) { one.push_back(text(c)); EXPECT_EQ(c.view(), "sums"); }, at_once()).value();
    EXPECT_EQ(users(db), 2u);
    {
      const auto b = db.subscribe("sums", [&](const Change& c) { two.push_back(text(c)); }, at_once()).value();
      EXPECT_EQ(users(db), 2u) << "both by one operator";
      db.execute("DELETE FROM t WHERE id = 3").value();
    }
    db.execute("INSERT INTO t VALUES (5, 'a', 5)").value();
    EXPECT_EQ(text(db.read("sums").value()), Texts{"a|8"});
    EXPECT_EQ(text(db.find("sums", {"a"}).value()), Texts{"a|8"});
    EXPECT_NE(db.explain("sums").value().find("Lazy: live"), std::string::npos);
    EXPECT_TRUE(db.verify().value().ok());
  }
  EXPECT_EQ(one, (std::vector<Texts>{{"+1|a|3", "+1|b|3"}, {"-1|b|3"}, {"+1|a|8", "-1|a|3"}}));
  EXPECT_EQ(two, (std::vector<Texts>{{"+1|a|3", "+1|b|3"}, {"-1|b|3"}}));
  EXPECT_EQ(users(db), 1u);
  db.execute("INSERT INTO t VALUES (6, 'a', 1)").value();
  EXPECT_EQ(one.size(), 3u);
  EXPECT_EQ(text(db.read("sums").value()), Texts{"a|9"});
}

TEST(Lazy, LeavingFromWithinACallback) {
  Database db = memory(kLazyScript);
  Subscription watch;
  int calls = 0;
  watch = db.subscribe("sums", [&](const Change&) { if (++calls == 2) watch.end(); }, at_once()).value();
  db.execute("INSERT INTO t VALUES (7, 'q', 1)").value();
  db.execute("INSERT INTO t VALUES (8, 'q', 1)").value();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(users(db), 1u);
}

TEST(Lazy, ViewsOnLazyViewsAreLiveAndLazyOnesOnThemAreNot) {
  Database db = memory(kLazyScript);
  db.execute("CREATE VIEW large AS SELECT g FROM sums WHERE s > 2; CREATE MATERIALIZED VIEW names WITH (lazy = on) AS SELECT g || '!' AS n FROM large;"
             "CREATE VIEW of_g AS SELECT s FROM sums WHERE g = $1; CREATE VIEW lazy_no WITH (lazy = false) AS SELECT COUNT(*) AS n FROM sums")
      .value();
  EXPECT_FALSE(lazy(db, "lazy_no"));
  db.execute("UPDATE t SET v = 0 WHERE id = 2; INSERT INTO t VALUES (4, 'c', 7)").value();
  EXPECT_EQ(text(db.read("large").value()), (Texts{"b", "c"}));
  EXPECT_EQ(text(db.read("names").value()), (Texts{"b!", "c!"}));
  EXPECT_EQ(text(db.read("lazy_no").value()), Texts{"3"});
  EXPECT_EQ(text(db.read("of_g", {"c"}).value()), Texts{"7"});
  EXPECT_EQ(text(db.query("SELECT * FROM of_g('c')").value()), Texts{"7"});
  std::vector<Texts> heard;
  const auto watch = db.subscribe("of_g", {"c"}, [&](const Change& c) { heard.push_back(text(c)); }, at_once()).value();
  db.execute("UPDATE t SET v = 8 WHERE id = 4").value();
  EXPECT_EQ(heard, (std::vector<Texts>{{"+1|7"}, {"+1|8", "-1|7"}}));
  EXPECT_TRUE(db.verify().value().ok());
  EXPECT_FALSE(db.execute("DROP VIEW sums").ok()) << "others stand on it";
  EXPECT_FALSE(db.execute("CREATE OR REPLACE VIEW sums WITH (lazy) AS SELECT * FROM sums").ok());
  db.execute("DROP VIEW sums CASCADE").value();
  EXPECT_EQ(db.relations().size(), 1u);
  EXPECT_EQ(users(db), 1u);
}

TEST(Lazy, ReplacedDroppedAndRenamed) {
  Database db = memory(kLazyScript);
  db.execute("CREATE VIEW on_it AS SELECT MAX(s) AS m FROM sums").value();
  db.execute("CREATE OR REPLACE VIEW sums AS SELECT g, SUM(v) + 100 AS s FROM t GROUP BY g").value();
  EXPECT_FALSE(lazy(db, "sums"));
  EXPECT_EQ(text(db.read("on_it").value()), Texts{"103"});
  db.execute("CREATE OR REPLACE VIEW sums WITH (lazy) AS SELECT g, SUM(v) + 200 AS s FROM t GROUP BY g").value();
  EXPECT_EQ(text(db.read("on_it").value()), Texts{"203"});
  {
    const auto watch = db.subscribe("sums", [](const Change&) {}, at_once()).value();
    EXPECT_FALSE(db.execute("CREATE OR REPLACE VIEW sums AS SELECT g, SUM(v) AS s FROM t GROUP BY g").ok());
    EXPECT_FALSE(db.execute("ALTER TABLE t RENAME COLUMN v TO w").ok());
    EXPECT_EQ(text(db.read("on_it").value()), Texts{"203"});
  }
  db.execute("ALTER TABLE t RENAME COLUMN v TO w; ALTER VIEW sums RENAME TO totals").value();
  EXPECT_TRUE(lazy(db, "totals"));
  EXPECT_EQ(text(db.read("totals").value()), (Texts{"a|203", "b|203"}));
  EXPECT_EQ(text(db.read("on_it").value()), Texts{"203"});
  std::vector<Texts> heard;
  const auto watch = db.subscribe("totals", [&](const Change& c) { heard.push_back(text(c)); }, at_once()).value();
  db.execute("DROP VIEW on_it; DROP VIEW totals").value();
  EXPECT_EQ(users(db), 1u);
  db.execute("INSERT INTO t VALUES (10, 'x', 1)").value();
  EXPECT_EQ(heard.size(), 1u);
  EXPECT_FALSE(db.execute("CREATE VIEW w WITH (security_barrier) AS SELECT 1 AS x").ok());
}

TEST(Lazy, InAFile) {
  const Folder folder;
  {
    Database db = Database::open(folder.file()).value();
    db.execute(kLazyScript).value();
    const auto watch = db.subscribe("sums", [](const Change&) {}, at_once()).value();
    db.execute("INSERT INTO t VALUES (4, 'b', 1); CREATE VIEW large AS SELECT g FROM sums WHERE s > 3").value();
    EXPECT_TRUE(db.verify().value().ok());
    db.close().value();
  }
  Database db = Database::open(folder.file()).value();
  EXPECT_TRUE(lazy(db, "sums"));
  EXPECT_EQ(db.profile("sums").value().operators.size(), 0u);
  EXPECT_EQ(text(db.read("sums").value()), (Texts{"a|3", "b|4"}));
  EXPECT_EQ(text(db.read("large").value()), Texts{"b"});
  const Verification v = db.verify().value();
  EXPECT_TRUE(v.ok()) << v.difference;
  db.execute("INSERT INTO t VALUES (5, 'a', 4)").value();
  EXPECT_EQ(text(db.read("large").value()), (Texts{"a", "b"}));
}

TEST(Lazy, FromJsonAndTheBuilder) {
  Database db = memory();
  db.define(R"({"tables": {"t": {"columns": {"a": "BIGINT"}}},
                "views": {"x": {"sql": "SELECT a FROM t", "lazy": true}, "y": {"from": "t", "select": "SUM(a) AS s", "lazy": true},
                          "z": {"from": "t", "select": "a", "lazy": false}}})")
      .value();
  EXPECT_TRUE(lazy(db, "x") && lazy(db, "y"));
  EXPECT_FALSE(lazy(db, "z"));
  db.execute("INSERT INTO t VALUES (1), (2)").value();
  EXPECT_EQ(text(db.read("y").value()), Texts{"3"});
  db.create_view("b", From("t").Where("a > 1").Lazy()).value();
  EXPECT_TRUE(lazy(db, "b"));
  EXPECT_EQ(text(db.read("b").value()), Texts{"2"});
  EXPECT_FALSE(db.define(R"({"views": {"n": {"sql": "SELECT a FROM t", "lazy": "yes"}}})").ok());
}

}  // namespace
}  // namespace weir
