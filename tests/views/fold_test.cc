// Catches: a folded view that shows another's rows or misses its own, an ungrouped aggregate without its row, a subscriber told of others' changes, a drop that takes
// others along or leaves state behind, a file whose tables or digests lag, views on folded views that lag, folds that change with the order of registration.

#include <gtest/gtest.h>

#include <random>

#include "open.h"

namespace weir {
namespace {

constexpr char kTables[] =
    "CREATE TABLE a (id BIGINT PRIMARY KEY, k INTEGER, t TEXT, v BIGINT);"
    "CREATE TABLE b (id BIGINT PRIMARY KEY, k BIGINT, t VARCHAR(8), w DOUBLE PRECISION)";

// $k is a number of 0..3, $t a text.
const std::vector<std::string> kQueries = {
    "SELECT id, v FROM a WHERE k = $k",
    "SELECT COUNT(*) AS n, SUM(v) AS s, MIN(t) AS m FROM a WHERE k = $k",
    "SELECT COUNT(*) FILTER (WHERE v > 2) AS n, COUNT(DISTINCT t) AS d FROM a WHERE k = $k",
    "SELECT COUNT(*) + 1 AS n FROM a WHERE $k = k AND v > 1 HAVING COUNT(*) <> 2",
    "SELECT k, COUNT(*) AS n FROM a WHERE t = '$t' AND v < 7 GROUP BY k",
    "SELECT v, COUNT(*) AS n, MAX(id) AS m FROM a WHERE k = $k AND t = '$t' GROUP BY v",
    "SELECT DISTINCT t FROM a WHERE k = $k",
    "SELECT a.id, b.w FROM a JOIN b ON a.k = b.k WHERE b.t = '$t'",
    "SELECT a.id, b.id AS other FROM a JOIN b ON a.v = b.id WHERE a.k = $k AND b.k = $k",
    "SELECT a.id, b.id AS other FROM a LEFT JOIN b ON a.v = b.id WHERE a.k = $k",
    "SELECT a.id, b.id AS other FROM a LEFT JOIN (SELECT id, k FROM b WHERE k = $k) b ON a.v = b.id",
    "SELECT id FROM a WHERE k = $k AND EXISTS (SELECT 1 FROM b WHERE b.id = a.v)",
    "SELECT id FROM a WHERE k = $k AND NOT EXISTS (SELECT 1 FROM b WHERE b.id = a.v AND b.w > a.k)",
    "SELECT id, t FROM a WHERE k = $k UNION ALL SELECT id, t FROM b WHERE k = $k",
    "SELECT id FROM a WHERE k = $k EXCEPT ALL SELECT id FROM b WHERE k = $k",
    "SELECT id, v FROM a WHERE k = $k ORDER BY v DESC, id LIMIT 2",
    "SELECT id, ROW_NUMBER() OVER (PARTITION BY t ORDER BY v, id) AS r, SUM(v) OVER (ORDER BY id) AS s FROM a WHERE k = $k",
    "SELECT t, SUM(v) AS s FROM a GROUP BY t HAVING COUNT(*) = $k",
    "SELECT x.n, b.id FROM (SELECT COUNT(*) AS n FROM a WHERE k = $k) x LEFT JOIN b ON b.id = x.n",
    "SELECT id, v FROM (SELECT id, v, k FROM a WHERE v >= 0) s WHERE k = $k",
    "WITH RECURSIVE r(v) AS (SELECT v FROM a WHERE k = $k UNION SELECT a.v FROM r JOIN a ON a.id = r.v) SELECT v FROM r",
    "WITH RECURSIVE r(v, d) AS (SELECT id, 0 FROM a WHERE t = '$t' UNION ALL SELECT b.k, d + 1 FROM r JOIN b ON b.id = r.v WHERE d < 4) SELECT v, MAX(d) AS d FROM r GROUP BY v",
    "WITH RECURSIVE r(v) AS (SELECT v FROM a WHERE k = $k UNION SELECT a.v FROM r JOIN a ON a.id = r.v WHERE a.k = $k) SELECT v FROM r",
    "WITH RECURSIVE r(v) AS (SELECT v FROM a UNION SELECT a.v FROM r JOIN a ON a.id = r.v WHERE a.k = $k) SELECT COUNT(*) AS n FROM r",
};

std::string with(std::string query, int k) {
  for (std::size_t at; (at = query.find("$k")) != std::string::npos;) query.replace(at, 2, std::to_string(k));
  for (std::size_t at; (at = query.find("$t")) != std::string::npos;) query.replace(at, 2, std::string(1, static_cast<char>('p' + k)));
  return query;
}

void change(Database& db, std::mt19937& random, int rows) {
  Transaction batch = db.begin();
  const auto below = [&](int n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
  for (int n = 0; n < rows; ++n) {
    const Value id(below(12)), k = below(8) ? Value(below(4)) : Value(), t = below(8) ? Value(std::string(1, static_cast<char>('p' + below(4)))) : Value();
    const std::string table = below(2) ? "a" : "b";
    if (below(3)) batch.upsert(table, {id, k, t, table == "a" ? Value(below(9)) : Value(static_cast<double>(below(5)))}).value();
    else batch.execute("DELETE FROM " + table + " WHERE id = " + id.to_string()).value();
  }
  batch.commit().value();
}

std::string name(std::size_t query, int k) { return "q" + std::to_string(query) + "_" + std::to_string(k); }

bool folded(const Database& db, const std::string& view) { return db.explain(view).value().find("Folded: one circuit") != std::string::npos; }

TEST(Fold, EveryViewShowsWhatItsQueryGives) {
  std::mt19937 random(7);
  Database db = memory(kTables);
  const auto check = [&](int until) {
    for (std::size_t q = 0; q < kQueries.size(); ++q) {
      for (int k = 0; k < until; ++k) EXPECT_EQ(text(db.read(name(q, k)).value()), text(db.query(with(kQueries[q], k)).value())) << with(kQueries[q], k);
    }
  };
  for (int k = 0; k < 4; ++k) {
    for (std::size_t q = 0; q < kQueries.size(); ++q) db.create_view(name(q, k), with(kQueries[q], k)).value();
    for (int n = 0; n < 12; ++n) {
      change(db, random, n % 3 ? 3 : 1);
      check(k + 1);
    }
  }
  for (std::size_t q = 0; q < kQueries.size(); ++q) {
    const bool can = kQueries[q].find("LEFT JOIN (SELECT") == std::string::npos && kQueries[q].find("FROM a UNION SELECT") == std::string::npos;
    for (int k = 0; k < 4; ++k) EXPECT_EQ(folded(db, name(q, k)), can) << kQueries[q];
  }
  for (std::size_t q = 0; q < kQueries.size(); ++q) {
    db.drop(name(q, static_cast<int>(q % 4))).value();
    change(db, random, 2);
    db.create_view(name(q, static_cast<int>(q % 4)), with(kQueries[q], static_cast<int>(q % 4))).value();
    for (int n = 0; n < 3; ++n) change(db, random, 2);
  }
  check(4);
}

TEST(Fold, ViewsShareTheirSlicesAndTheirColumnsKeepTheirNames) {
  Database db = memory(kTables);
  db.execute("INSERT INTO a VALUES (1, 1, 'p', 10), (2, 2, 'q', 20); CREATE VIEW v1 AS SELECT id, v AS one FROM a WHERE k = 1;"
             "CREATE VIEW v2 AS SELECT id, v AS two FROM a WHERE k = 2; CREATE VIEW again AS SELECT id, v AS more FROM a WHERE k = 2").value();
  EXPECT_EQ(db.read("v1").value().schema()[1].name, "one");
  EXPECT_EQ(db.read("again").value().schema()[1].name, "more");
  EXPECT_EQ(text(db.read("again").value()), Texts{"2|20"});
  EXPECT_EQ(text(db.find("v2", {2}).value()), Texts{"2|20"});
  EXPECT_EQ(text(db.find("v2", {1}).value()), Texts{});
  EXPECT_EQ(text(db.query("SELECT two FROM v2 WHERE id = 2").value()), Texts{"20"});
  EXPECT_EQ(text(db.query("SELECT v1.id, v2.id FROM v1 CROSS JOIN v2").value()), Texts{"1|2"});
  EXPECT_EQ(db.digest("v2").value(), db.digest("again").value());
  for (const RelationInfo& r : db.relations()) EXPECT_EQ(r.rows, r.name == "a" ? 2u : r.name == "b" ? 0u : 1u) << r.name;
  // An equal view alone shares the stream of the first.
  db.execute("CREATE VIEW w1 AS SELECT t FROM a WHERE k = 1; CREATE VIEW w2 AS SELECT t FROM a WHERE k = 1").value();
  EXPECT_FALSE(folded(db, "w1") || folded(db, "w2"));
}

TEST(Fold, SubscribersHearOfTheirOwnRowsOnly) {
  Database db = memory(kTables);
  db.execute("INSERT INTO a VALUES (1, 1, 'p', 10)").value();
  std::vector<Texts> one, two;
  SubscribeOptions alone_at_once;
  alone_at_once.delivery = SubscribeOptions::Delivery::kInline;
  db.create_view("v1", "SELECT COUNT(*) AS n FROM a WHERE k = 1").value();
  auto watch_one = db.subscribe("v1", [&](const Change& c) { one.push_back(text(c)); }, alone_at_once).value();
  db.create_view("v2", "SELECT COUNT(*) AS n FROM a WHERE k = 2").value();  // folds both
  auto watch_two = db.subscribe("v2", [&](const Change& c) { two.push_back(text(c)); }, alone_at_once).value();
  db.execute("INSERT INTO a VALUES (2, 2, 'p', 10); INSERT INTO a VALUES (3, 3, 'p', 10); UPDATE a SET k = 1 WHERE id = 2; UPDATE a SET v = 0").value();
  EXPECT_EQ(one, (std::vector<Texts>{{"+1|1"}, {"+1|2", "-1|1"}}));
  EXPECT_EQ(two, (std::vector<Texts>{{"+1|0"}, {"+1|1", "-1|0"}, {"+1|0", "-1|1"}}));
  db.execute("CREATE OR REPLACE VIEW v2 AS SELECT COUNT(*) AS n FROM a WHERE k = 3").value();
  EXPECT_EQ(two.back(), (Texts{"+1|1", "-1|0"}));
  db.drop("v1").value();
  db.execute("DELETE FROM a").value();
  EXPECT_EQ(two.back(), (Texts{"+1|0", "-1|1"}));
  EXPECT_EQ(one.size(), 2u);
}

TEST(Fold, ViewsOnFoldedViewsFollow) {
  std::mt19937 random(3);
  Database db = memory(kTables);
  db.execute("CREATE VIEW v1 AS SELECT id, v FROM a WHERE k = 1; CREATE VIEW early AS SELECT SUM(v) AS s FROM v1;"
             "CREATE VIEW v2 AS SELECT id, v FROM a WHERE k = 2; CREATE VIEW late AS SELECT SUM(v) AS s FROM v2;"
             "CREATE VIEW two AS SELECT v1.id, v2.v FROM v1 JOIN v2 ON v1.v = v2.v").value();
  ASSERT_TRUE(folded(db, "v1"));
  for (int n = 0; n < 20; ++n) {
    change(db, random, 3);
    EXPECT_EQ(text(db.read("early").value()), text(db.query("SELECT SUM(v) FROM a WHERE k = 1").value()));
    EXPECT_EQ(text(db.read("late").value()), text(db.query("SELECT SUM(v) FROM a WHERE k = 2").value()));
    EXPECT_EQ(text(db.read("two").value()), text(db.query("SELECT x.id, y.v FROM a x JOIN a y ON x.v = y.v WHERE x.k = 1 AND y.k = 2").value()));
  }
  Transaction open = db.begin();
  open.execute("INSERT INTO a VALUES (100, 1, NULL, 5)").value();
  EXPECT_EQ(text(open.execute("SELECT COUNT(*) FROM v1 WHERE id = 100").value()), Texts{"1"});
  EXPECT_FALSE(db.drop("v1").ok());
  open.rollback();
  db.execute("DROP VIEW v1 CASCADE").value();
  change(db, random, 3);
  EXPECT_EQ(text(db.read("late").value()), text(db.query("SELECT SUM(v) FROM a WHERE k = 2").value()));
}

TEST(Fold, ARefusedViewLeavesTheOthers) {
  Database db = memory(kTables);
  db.execute("INSERT INTO a VALUES (1, 1, 'p', 10), (2, 2, 'q', 0); CREATE VIEW v1 AS SELECT 100 / v AS q FROM a WHERE k = 1").value();
  EXPECT_EQ(db.create_view("v2", "SELECT 100 / v AS q FROM a WHERE k = 2").error().code, ErrorCode::kEvaluation);
  EXPECT_TRUE(db.create_view("v3", "SELECT 100 / v AS q FROM a WHERE k = 3").ok());
  EXPECT_FALSE(db.execute("INSERT INTO a VALUES (3, 3, 'p', 0)").ok());
  db.execute("INSERT INTO a VALUES (4, 4, 'p', 0), (5, 3, 'p', 50)").value();  // nobody divides the first
  EXPECT_EQ(text(db.read("v1").value()), Texts{"10"});
  EXPECT_EQ(text(db.read("v3").value()), Texts{"2"});
  EXPECT_FALSE(db.execute("BEGIN; CREATE VIEW v5 AS SELECT 100 / v AS q FROM a WHERE k = 5; DROP VIEW v1; SELECT nonsense; COMMIT").ok());
  EXPECT_EQ(text(db.read("v1").value()), Texts{"10"});
  EXPECT_FALSE(db.read("v5").ok());
  db.execute("BEGIN; DROP VIEW v1; CREATE VIEW v5 AS SELECT 100 / v AS q FROM a WHERE k = 5; COMMIT; INSERT INTO a VALUES (6, 5, 'p', 5)").value();
  EXPECT_EQ(text(db.read("v5").value()), Texts{"20"});
}

TEST(Fold, SqlJsonAndBuilderFoldTogether) {
  Database db = memory(kTables);
  db.create_view("from_sql", "SELECT id FROM a WHERE k = 1").value();
  db.create_view("from_builder", From("a").Where("k = 2").Select("id")).value();
  db.define(R"({"views": {"from_json": {"from": "a", "where": "k = 3", "select": ["id"]}}})").value();
  for (const char* view : {"from_sql", "from_builder", "from_json"}) {
    EXPECT_NE(db.explain(view).value().find("Folded: one circuit for 3 views"), std::string::npos) << db.explain(view).value();
  }
}

TEST(Fold, TheFileHoldsEachViewAndGoesOn) {
  Folder folder;
  std::mt19937 random(11);
  OpenOptions options;
  options.threads = 1;
  std::vector<std::string> digests;
  const auto views = [](int q, int k) { return "q" + std::to_string(q) + "_" + std::to_string(k); };
  {
    Database db = Database::open(folder.file(), options).value();
    db.execute(kTables).value();
    for (int k = 0; k < 3; ++k) {
      for (int q = 0; q < 6; ++q) db.create_view(views(q, k), with(kQueries[static_cast<std::size_t>(q)], k)).value();
      for (int n = 0; n < 5; ++n) change(db, random, 3);
    }
    db.drop("q1_0").value();
    for (int k = 1; k < 3; ++k) {
      for (int q = 0; q < 6; ++q) digests.push_back(db.digest(views(q, k)).value());
    }
  }
  Database db = Database::open(folder.file(), options).value();
  std::size_t n = 0;
  for (int k = 1; k < 3; ++k) {
    for (int q = 0; q < 6; ++q) {
      EXPECT_TRUE(folded(db, views(q, k)));
      EXPECT_EQ(db.digest(views(q, k)).value(), digests[n++]);
      EXPECT_EQ(text(db.read(views(q, k)).value()), text(db.query(with(kQueries[static_cast<std::size_t>(q)], k)).value()));
    }
  }
  change(db, random, 5);
  EXPECT_EQ(text(db.read("q3_2").value()), text(db.query(with(kQueries[3], 2)).value()));
}

}  // namespace
}  // namespace weir
