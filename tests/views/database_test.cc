// Would catch: views that do not follow their tables; a refused batch that leaves a trace; constraints checked too early, too late or not at all; catalog changes that
// leave half of themselves behind; handles that live on after their database.
#include <gtest/gtest.h>

#include <thread>

#include "tests/views/open.h"

namespace weir {
namespace {

constexpr char kShop[] = R"(
  CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, amount NUMERIC(12,2), CHECK (amount >= 0));
  CREATE TABLE log (message TEXT, n INT);
  CREATE VIEW totals AS SELECT customer, SUM(amount) AS total, COUNT(*) AS n FROM orders GROUP BY customer;
  CREATE VIEW big AS SELECT customer FROM totals WHERE total > 50;
)";

ErrorCode code(const Result<std::vector<Outcome>>& result) { return result.ok() ? ErrorCode::kInternal : result.error().code; }

TEST(Database, ViewsFollowTheirTables) {
  Database db = memory(kShop);
  db.execute("INSERT INTO orders VALUES (1, 7, 19.90), (2, 7, 40), (3, 8, 1.5)").value();
  EXPECT_EQ(text(db.read("totals").value()), (Texts{"7|59.90|2", "8|1.50|1"}));
  EXPECT_EQ(text(db.read("big").value()), (Texts{"7"}));
  db.execute("UPDATE orders SET customer = 8 WHERE id = 2").value();
  EXPECT_EQ(text(db.read("totals").value()), (Texts{"7|19.90|1", "8|41.50|2"}));
  EXPECT_EQ(text(db.read("big").value()), Texts{});
  EXPECT_EQ(db.execute("DELETE FROM orders WHERE customer = 8").value()[0].changed, 2u);
  EXPECT_EQ(text(db.query("SELECT * FROM totals").value()), (Texts{"7|19.90|1"}));
  EXPECT_EQ(db.sequence(), 3u);
  db.execute("DELETE FROM orders WHERE id = 99").value();
  EXPECT_EQ(db.sequence(), 3u) << "a batch that changes nothing has no number";
}

TEST(Database, RowsOfAProgram) {
  Database db = memory(kShop);
  Transaction batch = db.begin();
  batch.insert("orders", {1, 7, "19.90"}).value();
  batch.insert("orders", {2, 7, 5}).value();
  batch.update("orders", {1}, {{"amount", "24.90"}}).value();
  batch.upsert("orders", {3, 9, nullptr}).value();
  batch.upsert("orders", {3, 9, 1}).value();
  batch.erase_key("orders", {2}).value();
  batch.insert("log", {"a", 1}).value();
  batch.insert("log", {"a", 1}).value();
  batch.erase("log", {"a", 1}).value();
  EXPECT_EQ(text(batch.execute("SELECT * FROM totals").value()), (Texts{"7|24.90|1", "9|1.00|1"})) << "a transaction sees its own changes, in views too";
  EXPECT_EQ(text(db.read("totals").value()), Texts{}) << "nobody else does";
  const Receipt receipt = batch.commit().value();
  EXPECT_EQ(receipt.sequence, 1u);
  EXPECT_EQ(receipt.rows, 3u);
  EXPECT_EQ(text(db.read("totals").value()), (Texts{"7|24.90|1", "9|1.00|1"}));
  EXPECT_EQ(text(db.read("log").value()), (Texts{"a|1"}));
  EXPECT_EQ(batch.commit().error().code, ErrorCode::kClosed);
  EXPECT_EQ(batch.insert("log", {"a", 1}).error().code, ErrorCode::kClosed);
}

TEST(Database, ColumnsOfAProgram) {
  Database db = memory(kShop);
  const Table orders = db.table("orders").value(), log = db.table("log").value();
  constexpr std::size_t n = 5000;
  std::vector<std::int64_t> ids(n), customers(n);
  std::vector<std::string_view> amounts(n, "1.25");
  std::vector<std::uint8_t> nulls(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    ids[i] = static_cast<std::int64_t>(i);
    customers[i] = static_cast<std::int64_t>(i % 3);
    nulls[i] = i % 5 == 0;
  }
  Transaction batch = db.begin();
  const ColumnData columns[] = {{ids.data(), nullptr}, {customers.data(), nullptr}, {amounts.data(), nulls.data()}};
  batch.insert(orders, columns, n).value();
  EXPECT_EQ(batch.commit().value().rows, n);
  EXPECT_EQ(text(db.query("SELECT COUNT(*), COUNT(amount), SUM(amount), SUM(id) FROM orders").value()), (Texts{"5000|4000|5000.00|12497500"}));

  Transaction twice = db.begin();
  EXPECT_EQ(twice.insert(orders, columns, n).error().code, ErrorCode::kConstraint);
  EXPECT_EQ(twice.commit().value().rows, 0u) << "a refused call changes nothing";
  for (std::int64_t& c : customers) c = 1;
  Transaction moved = db.begin();
  moved.upsert(orders, columns, n).value();
  EXPECT_EQ(moved.commit().value().rows, 3333u) << "rows that stay as they are do not count";
  Transaction gone = db.begin();
  gone.erase(orders, columns, n).value();
  gone.commit().value();
  EXPECT_EQ(db.read("orders").value().rows(), 0u);
  EXPECT_EQ(db.read("totals").value().rows(), 0u);

  const std::string_view messages[] = {"x", "a message that is longer than twelve", "x", "x"};
  const std::int64_t numbers[] = {1, 2, 1, 1};
  const ColumnData lines[] = {{messages, nullptr}, {numbers, nullptr}};
  Transaction bag = db.begin();
  bag.insert(log, lines, 4).value();
  bag.erase(log, lines, 2).value();
  bag.commit().value();
  EXPECT_EQ(text(db.read("log").value()), (Texts{"x|1", "x|1"}));
  const std::int64_t wide[] = {3'000'000'000};
  const ColumnData wrong[] = {{messages, nullptr}, {wide, nullptr}};
  EXPECT_EQ(db.begin().insert(log, wrong, 1).error().code, ErrorCode::kInput);
}

TEST(Database, ConstraintsRefuseTheStatement) {
  Database db = memory(kShop);
  db.execute("INSERT INTO orders VALUES (1, 7, 10)").value();
  for (const char* sql : {"INSERT INTO orders VALUES (1, 8, 1)", "INSERT INTO orders VALUES (5, 8, 1), (5, 8, 1)", "INSERT INTO orders VALUES (2, NULL, 1)",
                          "INSERT INTO orders VALUES (2, 1, -1)", "UPDATE orders SET amount = -1", "INSERT INTO orders (customer) VALUES (1)"}) {
    const auto result = db.execute(sql);
    EXPECT_EQ(code(result), ErrorCode::kConstraint) << sql;
  }
  EXPECT_EQ(db.execute("INSERT INTO orders VALUES (1, 8, 1)").error().message, "duplicate key value violates unique constraint \"orders_pkey\"");
  EXPECT_EQ(text(db.read("orders").value()), (Texts{"1|7|10.00"}));
  db.execute("INSERT INTO orders VALUES (2, 7, 20), (3, 7, 30); UPDATE orders SET id = id + 1").value();
  EXPECT_EQ(text(db.read("orders").value()), (Texts{"2|7|10.00", "3|7|20.00", "4|7|30.00"})) << "keys that move are checked at the end of the statement";
  Transaction batch = db.begin();
  EXPECT_EQ(batch.erase("orders", {9, 9, 9}).error().code, ErrorCode::kConstraint);
  EXPECT_EQ(batch.erase("log", {"a", 1}).error().code, ErrorCode::kConstraint);
  EXPECT_EQ(batch.erase_key("orders", {9}).error().code, ErrorCode::kConstraint);
  EXPECT_EQ(batch.update("orders", {9}, {{"amount", 1}}).error().code, ErrorCode::kConstraint);
  EXPECT_EQ(batch.insert("orders", {"x", 1, 1}).error().code, ErrorCode::kInput);
  EXPECT_EQ(batch.insert("orders", {1, 1}).error().code, ErrorCode::kInput);
  EXPECT_EQ(batch.insert("nowhere", {1}).error().code, ErrorCode::kUnknownName);
  EXPECT_EQ(batch.insert("totals", {1, 1, 1}).error().code, ErrorCode::kUnsupported);
}

TEST(Database, ABatchThatAViewCannotTakeIsRefusedWhole) {
  Database db = memory("CREATE TABLE t (a INT, b INT); CREATE VIEW v AS SELECT a / b AS q FROM t; CREATE VIEW s AS SELECT SUM(a) AS s FROM t");
  db.execute("INSERT INTO t VALUES (6, 3)").value();
  const auto refused = db.execute("INSERT INTO t VALUES (1, 1), (1, 0)");
  EXPECT_EQ(code(refused), ErrorCode::kEvaluation);
  EXPECT_EQ(text(db.read("t").value()), (Texts{"6|3"}));
  EXPECT_EQ(text(db.read("v").value()), (Texts{"2"}));
  EXPECT_EQ(text(db.read("s").value()), (Texts{"6"}));
  db.execute("INSERT INTO t VALUES (1, 1)").value();
  EXPECT_EQ(text(db.read("s").value()), (Texts{"7"}));
  EXPECT_FALSE(db.execute("CREATE VIEW w AS SELECT 1 / (a - b) FROM t").ok());
  EXPECT_FALSE(db.read("w").ok());
  db.execute("DELETE FROM t WHERE a = b; CREATE VIEW w AS SELECT 1 / (a - b) AS x FROM t").value();
}

TEST(Database, FindsByKey) {
  Database db = memory(kShop);
  db.execute("INSERT INTO orders VALUES (1, 7, 10), (2, 8, 20); CREATE TABLE n (k NUMERIC PRIMARY KEY, v INT); INSERT INTO n VALUES (1.0, 5)").value();
  EXPECT_EQ(text(db.find("orders", {2}).value()), (Texts{"2|8|20.00"}));
  EXPECT_EQ(text(db.find("totals", {7}).value()), (Texts{"7|10.00|1"}));
  EXPECT_EQ(db.find("orders", {3}).value().rows(), 0u);
  EXPECT_EQ(text(db.find("n", {"1.00"}).value()), (Texts{"1.0|5"})) << "equal numbers are one key";
  EXPECT_EQ(code(db.execute("INSERT INTO n VALUES (1.000, 6)")), ErrorCode::kConstraint);
  EXPECT_FALSE(db.find("log", {1}).ok());
  EXPECT_FALSE(db.find("orders", {1, 2}).ok());
}

TEST(Database, DropsAndReplaces) {
  Database db = memory(kShop);
  db.execute("INSERT INTO orders VALUES (1, 7, 60)").value();
  EXPECT_EQ(code(db.execute("DROP TABLE orders")), ErrorCode::kDependency);
  EXPECT_EQ(code(db.execute("DROP VIEW totals")), ErrorCode::kDependency);
  EXPECT_EQ(code(db.execute("DROP VIEW nothing")), ErrorCode::kUnknownName);
  EXPECT_EQ(code(db.execute("DROP VIEW orders")), ErrorCode::kUnknownName);
  db.execute("DROP VIEW IF EXISTS nothing").value();
  EXPECT_EQ(code(db.execute("CREATE TABLE totals (a INT)")), ErrorCode::kDuplicateName);
  db.execute("CREATE OR REPLACE VIEW totals AS SELECT customer, SUM(amount) * 0 AS total, COUNT(*) AS n FROM orders GROUP BY customer").value();
  EXPECT_EQ(text(db.read("totals").value()), (Texts{"7|0.00|1"}));
  EXPECT_EQ(text(db.read("big").value()), Texts{}) << "views on a replaced view follow";
  EXPECT_EQ(code(db.execute("CREATE OR REPLACE VIEW totals AS SELECT customer FROM orders")), ErrorCode::kDependency);
  EXPECT_EQ(code(db.execute("CREATE OR REPLACE VIEW totals AS SELECT customer, 1.5 AS total, customer AS n FROM big")), ErrorCode::kDependency);
  db.execute("INSERT INTO orders VALUES (2, 7, 60)").value();
  EXPECT_EQ(text(db.read("totals").value()), (Texts{"7|0.00|2"}));
  db.drop("big").value();
  db.execute("DROP TABLE orders CASCADE").value();
  EXPECT_EQ(db.relations().size(), 1u);
  EXPECT_FALSE(db.read("totals").ok());
  db.execute("CREATE TABLE orders (other TEXT); INSERT INTO orders VALUES ('x')").value();
  EXPECT_EQ(text(db.read("orders").value()), (Texts{"x"})) << "the name is free for another table";
}

TEST(Database, SelectsSortedAndCut) {
  Database db = memory("CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (3, NULL), (2, 'y'), (3, 'a'), (3, 'a')");
  const ResultSet rows = db.query("SELECT b FROM t ORDER BY a DESC, b").value();
  ASSERT_EQ(rows.schema().size(), 1u);
  Texts got;
  for (std::size_t i = 0; i < rows.rows(); ++i) got.push_back(rows[i][0].is_null() ? "NULL" : rows[i][0].to_string());
  EXPECT_EQ(got, (Texts{"a", "a", "NULL", "y", "x"}));
  EXPECT_EQ(text(db.query("SELECT 1 + 1 AS two").value()), (Texts{"2"}));
  EXPECT_EQ(text(db.query("SELECT a, COUNT(*) FROM t GROUP BY a HAVING COUNT(*) > 1").value()), (Texts{"3|3"}));
  EXPECT_EQ(text(db.query("SELECT x.a FROM t x JOIN t y ON x.a = y.a WHERE y.b = 'y'").value()), (Texts{"2"}));
  EXPECT_EQ(db.execute("INSERT INTO t SELECT a + 10, b FROM t").value()[0].changed, 5u);
  EXPECT_EQ(db.read("t").value().rows(), 10u);
}

TEST(Database, AViewIsReadInItsOwnOrder) {
  Folder folder;
  const auto lines = [](const ResultSet& rows) {
    std::string out;
    for (std::size_t i = 0; i < rows.rows(); ++i) out += (i ? " " : "") + (rows[i][0].is_null() ? "NULL" : rows[i][0].to_string());
    return out;
  };
  Database db = Database::open(folder.file()).value();
  db.execute("CREATE TABLE t (id INT PRIMARY KEY, k INT, v INT);"
             "CREATE VIEW worst AS SELECT k, SUM(v) AS s FROM t GROUP BY k ORDER BY SUM(v) DESC, k LIMIT 3;"
             "CREATE VIEW all_of_them AS SELECT id, v FROM t ORDER BY v NULLS FIRST, id DESC;"
             "CREATE VIEW on_it AS SELECT id, v FROM all_of_them WHERE id > 1").value();
  db.execute("INSERT INTO t VALUES (1, 1, 5), (2, 2, 9), (3, 3, 7), (4, 4, 1), (5, 1, 3), (6, 5, NULL), (7, 6, 9)").value();
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(lines(db.read("worst").value()), "5 2 6");
    EXPECT_EQ(lines(db.query("SELECT * FROM worst").value()), "5 2 6");
    EXPECT_EQ(lines(db.read("all_of_them").value()), "6 4 5 1 3 7 2");
    EXPECT_EQ(lines(db.query("SELECT id + 0 FROM all_of_them WHERE v > 1").value()), "5 1 3 7 2");
    EXPECT_EQ(lines(db.query("SELECT id FROM all_of_them LIMIT 2 OFFSET 1").value()), "4 5");
    EXPECT_EQ(lines(db.query("SELECT id FROM all_of_them ORDER BY id").value()), "1 2 3 4 5 6 7");
    EXPECT_EQ(lines(db.query("SELECT * FROM (SELECT id FROM t ORDER BY id DESC) s").value()), "7 6 5 4 3 2 1");
    EXPECT_EQ(lines(db.read("on_it").value()), "6 4 5 3 7 2");
    db.close().value();
    db = Database::open(folder.file()).value();
  }
  EXPECT_EQ(lines(db.execute("BEGIN; INSERT INTO t VALUES (8, 9, 100); SELECT * FROM worst; ROLLBACK").value()[2].rows), "5 9 2") << "also where a transaction has changed it";
}

TEST(Database, WhatIsNotInAResultIsAnError) {
  Database db = memory("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)");
  const ResultSet rows = db.query("SELECT a FROM t").value();
  EXPECT_EQ(rows[0][0].to_string(), "1");
  EXPECT_THROW(rows[1], Failure);
  EXPECT_THROW(rows[0][1], Failure);
  EXPECT_THROW(rows[0]["b"], Failure);
}

TEST(Database, KeysInMessagesAreWhole) {
  Database db = memory("CREATE TABLE t (a INT, b TEXT, PRIMARY KEY (a, b))");
  EXPECT_EQ(db.execute("INSERT INTO t VALUES (1, 'x'), (1, 'x')").error().hint, "key (a, b)=(1, x) already exists");
}

TEST(Database, KeyLookupsAgreeWithScans) {
  Database db = memory("CREATE TABLE t (a BIGINT, b TEXT, v INT, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 'x', 10), (1, 'y', 11), (2, 'x', 12)");
  EXPECT_EQ(text(db.query("SELECT v FROM t WHERE a = 1 AND b = 'y'").value()), (Texts{"11"}));
  EXPECT_EQ(text(db.query("SELECT v FROM t WHERE 'x' = b AND v > 11 AND a = 2").value()), (Texts{"12"}));
  EXPECT_EQ(text(db.query("SELECT v FROM t WHERE a = 1 AND b = 'x' AND v = 0").value()), Texts{});
  Transaction batch = db.begin();
  batch.execute("UPDATE t SET v = v + 1 WHERE a = 1 AND b = 'x'").value();
  batch.execute("UPDATE t SET v = v + 1 WHERE a = 1 AND b = 'x'").value();
  batch.execute("DELETE FROM t WHERE a = 2 AND b = 'x'").value();
  batch.execute("UPDATE t SET v = 0 WHERE a = 2 AND b = 'x'").value();
  batch.execute("INSERT INTO t VALUES (3, 'z', 1)").value();
  EXPECT_EQ(text(batch.execute("SELECT v FROM t WHERE a = 3 AND b = 'z'").value()), (Texts{"1"}));
  EXPECT_EQ(text(batch.execute("SELECT v FROM t WHERE a = 1 AND b = 'x'").value()), (Texts{"12"}));
  EXPECT_EQ(text(batch.execute("SELECT v FROM t").value()), (Texts{"1", "11", "12"}));
  batch.commit().value();
  EXPECT_EQ(text(db.read("t").value()), (Texts{"1|x|12", "1|y|11", "3|z|1"}));
}

TEST(Database, ConcurrentTransactionsDoNotOverwriteEachOther) {
  Database db = memory("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT); CREATE TABLE bag (v INT); INSERT INTO t VALUES (1, 0); INSERT INTO bag VALUES (1)");
  Transaction a = db.begin(), b = db.begin();
  a.execute("UPDATE t SET v = v + 1 WHERE id = 1").value();
  b.execute("UPDATE t SET v = v + 1 WHERE id = 1").value();
  b.insert("t", {2, 2}).value();
  a.commit().value();
  EXPECT_EQ(b.commit().error().code, ErrorCode::kTransaction);
  EXPECT_EQ(text(db.read("t").value()), (Texts{"1|1"}));
  Transaction c = db.begin(), d = db.begin(), e = db.begin();
  c.insert("t", {5, 1}).value();
  d.insert("t", {5, 2}).value();
  e.upsert("t", {5, 3}).value();
  c.commit().value();
  EXPECT_EQ(d.commit().error().code, ErrorCode::kConstraint);
  e.commit().value();
  EXPECT_EQ(text(db.find("t", {5}).value()), (Texts{"5|3"}));
  Transaction f = db.begin(), g = db.begin();
  f.erase("bag", {1}).value();
  g.erase("bag", {1}).value();
  f.commit().value();
  EXPECT_EQ(g.commit().error().code, ErrorCode::kTransaction);
  Texts threads;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&db, w] {
      for (int i = 0; i < 200; ++i) {
        Transaction batch = db.begin();
        batch.insert("t", {1000 + w * 1000 + i, i}).value();
        batch.commit().value();
        (void)db.read("t").value();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(db.read("t").value().rows(), 802u);
}

TEST(Database, SnapshotsHoldAllRelationsAtOneNumber) {
  Database db = memory(kShop);
  db.execute("INSERT INTO orders VALUES (1, 7, 60)").value();
  const std::vector<std::string> names = {"orders", "totals", "big"};
  const Snapshot snapshot = db.snapshot(names).value();
  db.execute("DELETE FROM orders").value();
  EXPECT_EQ(snapshot.sequence, 1u);
  EXPECT_EQ(text(snapshot.relations.at("big")), (Texts{"7"}));
  EXPECT_EQ(snapshot.relations.at("totals").sequence(), 1u);
}

TEST(Database, DigestsTellContents) {
  Database a = memory(kShop), b = memory(kShop);
  a.execute("INSERT INTO orders VALUES (1, 7, 60), (2, 7, 1); DELETE FROM orders WHERE id = 2").value();
  b.execute("INSERT INTO orders VALUES (1, 7, 60)").value();
  for (const char* name : {"orders", "totals", "big", "log"}) EXPECT_EQ(a.digest(name).value(), b.digest(name).value());
  b.execute("INSERT INTO orders VALUES (2, 7, 1)").value();
  EXPECT_NE(a.digest("totals").value(), b.digest("totals").value());
}

TEST(Database, ClosedAndForeignHandlesAreErrors) {
  Database db = memory(kShop), other = memory(kShop);
  const Table foreign = other.table("orders").value();
  Transaction batch = db.begin();
  const std::int64_t one = 1;
  const ColumnData column{&one, nullptr};
  EXPECT_EQ(batch.insert(foreign, {&column, 1}, 1).error().code, ErrorCode::kClosed);
  EXPECT_EQ(batch.insert(Table(), {&column, 1}, 1).error().code, ErrorCode::kClosed);
  Session session = db.session();
  const Table orders = db.table("orders").value();
  db.close().value();
  EXPECT_EQ(db.read("orders").error().code, ErrorCode::kClosed);
  EXPECT_EQ(db.execute("SELECT 1").error().code, ErrorCode::kClosed);
  EXPECT_EQ(batch.insert("orders", {1, 1, 1}).error().code, ErrorCode::kClosed);
  EXPECT_EQ(batch.commit().error().code, ErrorCode::kClosed);
  EXPECT_EQ(session.execute("SELECT 1").error().code, ErrorCode::kClosed);
  EXPECT_EQ(orders.name(), "orders");
  EXPECT_FALSE(db.begin().insert("orders", {1, 1, 1}).ok());
  Database moved = std::move(other);
  EXPECT_EQ(other.read("orders").error().code, ErrorCode::kClosed);  // NOLINT: what a moved-from handle says
  EXPECT_TRUE(moved.read("orders").ok());
  Table outlives = moved.table("orders").value();
  { const Database gone = std::move(moved); }
  EXPECT_EQ(outlives.schema().size(), 3u);
}

TEST(Database, FunctionsOfTheProgram) {
  Database db = memory("CREATE TABLE t (a BIGINT, b DOUBLE PRECISION, c TEXT); INSERT INTO t VALUES (5, 0.5, 'x'), (NULL, 1, 'y')");
  db.create_function(function("clamp", [](std::int64_t a, std::int64_t high) { return std::min(a, high); })).value();
  db.create_function(function("twice", [](std::string_view s) { return std::string(s) + std::string(s); })).value();
  db.create_function({"half", {TypeId::kDouble}, TypeId::kDouble, [](std::span<const Value> a) { return Value(a[0].number() / 2); }}).value();
  db.execute("CREATE VIEW v AS SELECT clamp(a, 3) AS a, half(b) AS b, twice(c) AS c FROM t").value();
  EXPECT_EQ(text(db.read("v").value()), (Texts{"3|0.25|xx", "NULL|0.5|yy"}));
  EXPECT_FALSE(db.create_function(function("clamp", [](std::int64_t a, std::int64_t) { return a; })).ok());
}

TEST(Database, DefinitionsAllOrNothing) {
  Database db = memory();
  const char* good = R"({"tables": {"t": {"columns": {"id": "BIGINT", "v": "INT"}, "primary_key": ["id"]}},
                         "views": {"outer_view": "SELECT n FROM inner_view", "inner_view": "SELECT COUNT(*) AS n FROM t"}})";
  db.define(good).value();
  db.execute("INSERT INTO t VALUES (1, 1)").value();
  db.define(good).value();
  EXPECT_EQ(text(db.read("outer_view").value()), (Texts{"1"})) << "what is there already is left as it is";
  const auto bad = db.define(R"({"tables": {"u": {"columns": {"id": "BIGINT"}}}, "views": {"w": "SELECT nothing FROM u"}})");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().place, "/views/w");
  EXPECT_FALSE(db.read("u").ok());
  EXPECT_FALSE(db.define(R"({"views": {"t": "SELECT 1 AS a"}})").ok());
}

TEST(Database, ErrorsSayWhere) {
  Database db = memory(kShop);
  const auto script = db.execute("SELECT 1;\n  SELECT nothing FROM orders;");
  ASSERT_FALSE(script.ok());
  EXPECT_EQ(script.error().line, 2);
  EXPECT_EQ(script.error().column, 10);
  const auto view = db.create_view("v", "SELECT id, nothing FROM orders");
  ASSERT_FALSE(view.ok());
  EXPECT_EQ(view.error().line, 1);
  EXPECT_EQ(view.error().column, 12);
  EXPECT_FALSE(db.create_view("v", "SELECT 1; DROP TABLE orders").ok());
  EXPECT_EQ(db.read("ordres").error().hint, "did you mean \"orders\"?");
}

TEST(Database, ExplainsPlansAndCircuits) {
  Database db = memory(kShop);
  const std::string view = db.explain("totals").value();
  EXPECT_NE(view.find("orders"), std::string::npos) << view;
  const std::string dot = db.explain("SELECT * FROM orders o JOIN totals t ON o.customer = t.customer", Database::Diagram::kGraphviz).value();
  EXPECT_EQ(dot.rfind("digraph", 0), 0u) << dot;
  EXPECT_NE(dot.find("->"), std::string::npos) << dot;
  db.execute("INSERT INTO orders VALUES (1, 1, 1)").value();
}

}  // namespace
}  // namespace weir
