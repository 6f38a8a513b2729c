// Would catch: a profile that counts what did not run or misses what did; clocks that run when they are off; counts that go on from before; JSON that is none; an EXPLAIN
// ANALYZE that leaves operators behind or creates what it explains.
#include <gtest/gtest.h>

#include "tests/views/open.h"

namespace weir {
namespace {

constexpr char kProfiled[] =
    "CREATE TABLE orders (id INT PRIMARY KEY, customer INT, amount INT);"
    "CREATE VIEW totals AS SELECT customer, SUM(amount) AS total FROM orders GROUP BY customer";

const OperatorProfile& named(const Profile& profile, const std::string& name) {
  for (const OperatorProfile& op : profile.operators) {
    if (op.name.find(name) != std::string::npos) return op;
  }
  throw Failure(ErrorCode::kUnknownName, "no operator " + name);
}

TEST(Profile, CountsRowsAndBatchesOfEachOperator) {
  Database db = memory(kProfiled);
  db.set_profiling(true).value();
  db.execute("INSERT INTO orders VALUES (1, 1, 5), (2, 1, 6), (3, 2, 7); UPDATE orders SET amount = 9 WHERE id = 1").value();
  const Profile profile = db.profile("totals").value();
  EXPECT_TRUE(profile.timed);
  ASSERT_EQ(profile.operators.size(), 2u);
  const OperatorProfile& table = named(profile, "orders");
  EXPECT_EQ(table.relations, std::vector<std::string>{"orders"});
  EXPECT_EQ(table.batches, 2u);
  EXPECT_EQ(table.rows_out, 5u);  // an update is a row out and a row in
  EXPECT_EQ(table.state_rows, 3u);
  EXPECT_GT(table.keep.count(), 0);
  const OperatorProfile& sum = named(profile, "aggregate");
  EXPECT_EQ(sum.relations, std::vector<std::string>{"totals"});
  EXPECT_EQ(sum.inputs, std::vector<std::uint32_t>{table.id});
  EXPECT_EQ(sum.batches, 2u);
  EXPECT_EQ(sum.rows_in, 5u);
  EXPECT_EQ(sum.rows_out, 4u);
  EXPECT_EQ(sum.state_rows, 4u);  // two groups, and the view's two rows
  EXPECT_GT(sum.evaluate.count(), 0);
  EXPECT_GT(sum.state_bytes, 0u);
  EXPECT_TRUE(sum.at_rest);
}

TEST(Profile, ClocksRunWhenAskedFor) {
  Database db = memory(kProfiled);
  db.execute("INSERT INTO orders VALUES (1, 1, 5)").value();
  Profile profile = db.profile("totals").value();
  EXPECT_FALSE(profile.timed);
  EXPECT_EQ(named(profile, "aggregate").evaluate.count(), 0);
  EXPECT_EQ(named(profile, "aggregate").rows_in, 1u);
  db.set_profiling(true).value();  // from 0
  EXPECT_EQ(named(db.profile("totals").value(), "aggregate").rows_in, 0u);
  db.execute("INSERT INTO orders VALUES (2, 1, 5)").value();
  db.set_profiling(false).value();
  db.execute("INSERT INTO orders VALUES (3, 1, 5)").value();
  const auto timed = named(db.profile("totals").value(), "aggregate");
  EXPECT_EQ(timed.rows_in, 2u);
  EXPECT_GT(timed.evaluate.count(), 0);
  OpenOptions options;
  options.profile = true;
  Database other = Database::open(":memory:", options).value();
  other.execute(kProfiled).value();
  EXPECT_TRUE(other.profile("totals").value().timed);
  EXPECT_GT(named(other.profile("totals").value(), "aggregate").evaluate.count(), 0) << "the first filling counts";
}

TEST(Profile, ExplainAnalyze) {
  Database db = memory(kProfiled);
  db.execute("INSERT INTO orders VALUES (1, 1, 5), (2, 1, 6), (3, 2, 7)").value();
  const std::size_t before = db.profile("totals").value().operators.size();
  const auto lines = text(db.query("EXPLAIN (ANALYZE) TABLE totals").value());
  EXPECT_EQ(text(db.query("EXPLAIN ANALYZE SELECT * FROM totals").value()), lines);
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  EXPECT_NE(all.find("aggregate by"), std::string::npos) << all;
  EXPECT_NE(all.find("state bytes"), std::string::npos) << all;
  EXPECT_NE(all.find("profiling is off"), std::string::npos) << all;
  // A query runs for it, with clocks.
  const Profile once = db.profile("SELECT customer, COUNT(*) FROM orders WHERE amount > 5 GROUP BY customer").value();
  EXPECT_TRUE(once.timed);
  EXPECT_EQ(named(once, "filter").rows_in, 3u);
  EXPECT_EQ(named(once, "filter").rows_out, 2u);
  EXPECT_EQ(named(once, "aggregate").batches, 1u);
  EXPECT_FALSE(db.profile("totals").value().timed);
  EXPECT_EQ(db.profile("totals").value().operators.size(), before);
  EXPECT_EQ(db.profile("orders").value().operators[0].users, 2u) << "the table and one view";
  // Nothing is created.
  db.execute("EXPLAIN ANALYZE CREATE MATERIALIZED VIEW m AS SELECT 1 AS x").value();
  EXPECT_FALSE(db.read("m").ok());
  EXPECT_FALSE(db.query("EXPLAIN ANALYZE SELECT 1 / (amount - 5) FROM orders").ok());
  EXPECT_EQ(db.profile("orders").value().operators[0].users, 2u);
}

TEST(Profile, AsJsonAndAsADiagram) {
  Database db = memory(kProfiled);
  const ResultSet json = db.query("EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM totals").value();
  ASSERT_EQ(json.rows(), 1u);
  EXPECT_EQ(json[0][0].to_string() + "\n", db.explain("totals", Diagram::kJson, true).value());
  for (const char* field : {"\"plan\"", "\"operators\"", "\"rows_in\": 0", "\"relations\": [\"totals\"]", "\"state_bytes\"", "\"timed\": false"}) {
    EXPECT_NE(json[0][0].to_string().find(field), std::string::npos) << field << json[0][0].to_string();
  }
  EXPECT_EQ(db.explain("totals", Diagram::kJson).value().find("batches"), std::string::npos);
  EXPECT_EQ(json[0][0].to_string().find("evaluate_ns"), std::string::npos) << "no clocks";
  db.set_profiling(true).value();
  EXPECT_NE(db.explain("totals", Diagram::kJson, true).value().find("evaluate_ns"), std::string::npos);
  const std::string dot = db.explain("totals", Diagram::kGraphviz, true).value();
  EXPECT_NE(dot.find("batches"), std::string::npos) << dot;
  EXPECT_NE(dot.find("fillcolor=\"0.05"), std::string::npos) << dot;
  EXPECT_FALSE(db.query("EXPLAIN (ANALYZE, BUFFERS) SELECT 1").ok());
  EXPECT_FALSE(db.query("EXPLAIN (FORMAT xml) SELECT 1").ok());
  EXPECT_TRUE(db.query("EXPLAIN (ANALYZE false) SELECT 1").ok());
}

TEST(Profile, OfAViewWithParametersThoseWhoListen) {
  Database db = memory("CREATE TABLE t (id INT PRIMARY KEY, g INT); CREATE VIEW one AS SELECT id FROM t WHERE g = $1");
  EXPECT_TRUE(db.profile("one").value().operators.empty());
  const Subscription watch = db.subscribe("one", {Value(1)}, [](const Change&) {}).value();
  EXPECT_FALSE(db.profile("one").value().operators.empty());
  EXPECT_FALSE(db.explain("SELECT id FROM t WHERE g = $1", Diagram::kText, true).ok());
}

}  // namespace
}  // namespace weir
