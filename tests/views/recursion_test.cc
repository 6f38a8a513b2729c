// Would catch: a recursive view that comes back from its file other than it was, a refused batch that stays in the nested circuit, streams that two recursive views
// do not share or that outlive them, an error of rows that no moment has, subscribers that are told of rows which only moved to another iteration.
#include <gtest/gtest.h>

#include "tests/views/open.h"

namespace weir {
namespace {

constexpr char kGraph[] =
    "CREATE TABLE edge (a INT, b INT);"
    "CREATE VIEW reach AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT e.b FROM r JOIN edge e ON e.a = r.n) SELECT n FROM r;"
    "CREATE VIEW quotients AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT 12 / e.b FROM r JOIN edge e ON e.a = r.n) SELECT n FROM r;";

TEST(Recursion, ComesBackFromItsFile) {
  const Folder folder;
  {
    Database db = Database::open(folder.file()).value();
    db.execute(kGraph).value();
    db.execute("INSERT INTO edge VALUES (1, 2), (2, 3), (3, 1), (3, 4)").value();
    db.execute("DELETE FROM edge WHERE b = 4").value();
  }
  Database db = Database::open(folder.file()).value();
  EXPECT_EQ(text(db.read("reach").value()), (Texts{"1", "2", "3"}));
  db.execute("DELETE FROM edge WHERE a = 1").value();
  EXPECT_EQ(text(db.read("reach").value()), (Texts{"1"})) << "2 and 3 pointed at each other";
}

TEST(Recursion, ARefusedBatchLeavesNothing) {
  Database db = memory(kGraph);
  db.execute("INSERT INTO edge VALUES (1, 3), (3, 4), (4, 6)").value();
  const Texts reach = text(db.read("reach").value()), quotients = text(db.read("quotients").value());
  EXPECT_EQ(quotients, (Texts{"1", "2", "4"}));
  EXPECT_FALSE(db.execute("INSERT INTO edge VALUES (6, 7), (2, 0)").ok()) << "division by zero, three iterations in";
  EXPECT_EQ(text(db.read("reach").value()), reach);
  EXPECT_EQ(text(db.read("quotients").value()), quotients);
  db.execute("DELETE FROM edge WHERE a = 3").value();
  EXPECT_EQ(text(db.read("reach").value()), (Texts{"1", "3"}));
  EXPECT_EQ(text(db.read("quotients").value()), quotients);
}

TEST(Recursion, WhatOnlyTheOldWorkingTableMeetsIsNoError) {
  Database db = memory(kGraph);
  db.execute("CREATE VIEW ways AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION ALL SELECT 12 / e.b, d + 1 FROM r JOIN edge e ON e.a = r.n WHERE d < 9) SELECT n, d FROM r").value();
  db.execute("INSERT INTO edge VALUES (1, 2), (6, 3), (4, 6)").value();
  EXPECT_EQ(text(db.read("quotients").value()), (Texts{"1", "2", "4", "6"}));
  db.execute("BEGIN; DELETE FROM edge WHERE a = 1; INSERT INTO edge VALUES (6, 0), (1, 3); COMMIT").value();
  EXPECT_EQ(text(db.read("quotients").value()), (Texts{"1", "2", "4"})) << "6 has gone before it meets 0";
  EXPECT_EQ(text(db.read("ways").value()), (Texts{"1|0", "2|2", "4|1"}));
  EXPECT_FALSE(db.execute("INSERT INTO edge VALUES (1, 2)").ok());
  EXPECT_EQ(text(db.read("ways").value()), (Texts{"1|0", "2|2", "4|1"}));
  db.execute("DELETE FROM edge WHERE a = 4 OR b = 0; INSERT INTO edge VALUES (1, 2)").value();
  EXPECT_EQ(text(db.read("quotients").value()), (Texts{"1", "4", "6"}));
  EXPECT_EQ(text(db.read("ways").value()), (Texts{"1|0", "4|1", "4|2", "6|1"}));
}

TEST(Recursion, WhatDoesNotEndIsRefused) {
  Database db = memory("CREATE TABLE edge (a INT, b INT); INSERT INTO edge VALUES (1, 2), (2, 3)");
  const std::string view = "CREATE VIEW ways AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT e.b FROM r JOIN edge e ON e.a = r.n) SELECT n FROM r";
  db.execute(view).value();
  const auto refused = db.execute("INSERT INTO edge VALUES (3, 1)");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("recursion does not end after 1000000 iterations"), std::string::npos) << refused.error().message;
  EXPECT_EQ(text(db.read("ways").value()), (Texts{"1", "2", "3"}));
  db.execute("INSERT INTO edge VALUES (1, 3)").value();
  EXPECT_EQ(text(db.read("ways").value()), (Texts{"1", "2", "3", "3"}));
  db.execute("DROP VIEW ways; INSERT INTO edge VALUES (3, 1)").value();
  EXPECT_FALSE(db.execute(view).ok());
  EXPECT_FALSE(db.read("ways").ok()) << "nothing was created";
}

TEST(Recursion, IsSharedAndGivenBack) {
  Database db = memory(kGraph);
  const std::string before = db.explain("reach").value();
  db.execute("CREATE VIEW again AS WITH RECURSIVE other(x) AS (SELECT 1 UNION SELECT f.b FROM other o JOIN edge f ON f.a = o.x) SELECT x FROM other").value();
  const auto nodes = [](const std::string& plan) { return plan.substr(plan.find("Circuit:")).find("recursion (union)"); };
  EXPECT_NE(nodes(before), std::string::npos);
  EXPECT_NE(db.explain("again").value().find("recursion (union)"), std::string::npos);
  EXPECT_NE(db.explain("again").value().find("is reach"), std::string::npos) << db.explain("again").value();
  db.execute("DROP VIEW again").value();
  EXPECT_EQ(db.explain("reach").value(), before);
}

TEST(Recursion, RowsThatMoveBetweenIterationsAreNoChange) {
  Database db = memory(kGraph);
  db.execute("DROP VIEW quotients; INSERT INTO edge VALUES (1, 2), (2, 3), (3, 4), (4, 5)").value();
  std::vector<Texts> seen;
  SubscribeOptions options;
  options.delivery = SubscribeOptions::Delivery::kInline;
  auto watch = db.subscribe("reach", [&](const Change& change) { seen.push_back(text(change)); }, options).value();
  seen.clear();
  db.execute("INSERT INTO edge VALUES (1, 4)").value();
  db.execute("DELETE FROM edge WHERE a = 3").value();
  EXPECT_TRUE(seen.empty()) << "4 and 5 are nearer now, and stay";
  db.execute("DELETE FROM edge WHERE b = 4").value();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0], (Texts{"-1|4", "-1|5"}));
}

}  // namespace
}  // namespace weir
