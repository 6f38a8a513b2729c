// Catches: a view over many rows that keeps changes of other tables waiting while it is filled, or that misses, or has twice, what was committed meanwhile; a table that changes
// under the view that is being filled from it; streams that stay where filling failed; memory that rounds of CREATE VIEW and DROP VIEW do not give back.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "open.h"

namespace weir {
namespace {

constexpr char kFilled[] =
    "CREATE TABLE customers (id BIGINT PRIMARY KEY, region BIGINT NOT NULL);"
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, amount BIGINT NOT NULL);"
    "CREATE TABLE other (id BIGINT PRIMARY KEY, v BIGINT NOT NULL);"
    "CREATE VIEW others AS SELECT COUNT(*) AS n, SUM(v) AS s FROM other;"
    "INSERT INTO customers SELECT i, i % 50 FROM generate_series(0, 999) AS s(i);"
    "INSERT INTO orders SELECT i, i % 1000, i % 77 FROM generate_series(0, 99999) AS s(i)";
constexpr char kQuery[] = "SELECT c.region, SUM(o.amount) AS s, COUNT(*) AS n FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.region";

TEST(Prefill, OthersCommitMeanwhileAndTheViewIsExact) {
  Database db = memory(kFilled);
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  const auto loop = [&](auto&& change) {
    return std::thread([&failed, &stop, change] {
      for (int n = 0; !stop; ++n) failed += change(n) ? 0 : 1;
    });
  };
  std::thread writers[] = {
      loop([&](int n) {  // a table that the view does not read, by the door
        Transaction tx = db.begin();
        return tx.upsert("other", {n % 100, n}).ok() && tx.commit().ok();
      }),
      loop([&](int n) { return db.execute("UPDATE other SET v = v + 1 WHERE id = " + std::to_string(n % 100)).ok(); }),
      loop([&](int n) {  // the tables that it reads
        Transaction tx = db.begin();
        return tx.upsert("orders", {n % 1000, n % 7, n}).ok() && tx.commit().ok();
      }),
      loop([&](int n) { return db.execute("UPDATE customers SET region = " + std::to_string(n % 50) + " WHERE id = " + std::to_string(n % 1000)).ok(); }),
      loop([&](int) { return db.read("others").ok() && db.query("SELECT COUNT(*) FROM other JOIN customers ON other.id = customers.id").ok(); })};
  for (int round = 0; round < 3; ++round) {
    db.create_view("v", kQuery).value();
    EXPECT_TRUE(db.verify().value().ok());
    db.create_view("w", "SELECT v.region, v.n, o.id FROM v JOIN orders o ON o.customer = v.region").value();
    db.drop("w").value();
    db.drop("v").value();
  }
  db.create_view("v", kQuery).value();
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failed, 0);
  EXPECT_TRUE(db.verify().value().ok());
}

TEST(Prefill, WhatCannotBeFilledIsRefusedAndLeavesNothing) {
  Database db = memory(kFilled);
  const auto operators = [&] { return db.profile("orders").value().operators.size(); };
  const std::size_t before = operators();
  EXPECT_FALSE(db.create_view("v", "SELECT customer, SUM(amount / (id - 99998)) AS s FROM orders GROUP BY customer").ok());
  EXPECT_FALSE(db.create_view("others", kQuery).ok());  // there is one of that name
  EXPECT_EQ(operators(), before);
  db.execute("INSERT INTO orders VALUES (100000, 1, 1); INSERT INTO customers VALUES (1000, 1)").value();
  db.create_view("v", kQuery).value();
  EXPECT_EQ(db.read("v").value().rows(), 50u);
}

TEST(Prefill, RoundsOfCreateAndDropGiveBackAllMemory) {
  Database db = memory(
      "CREATE TABLE a (id BIGINT PRIMARY KEY, k BIGINT NOT NULL, v NUMERIC(10, 2), t TEXT); CREATE TABLE b (id BIGINT PRIMARY KEY, k BIGINT, w DOUBLE PRECISION);"
      "INSERT INTO a SELECT i, i % 7, 1.5, 'a text of more than twelve bytes ' || i FROM generate_series(0, 199) AS s(i);"
      "INSERT INTO b SELECT i, i % 5, 0.5 FROM generate_series(0, 199) AS s(i)");
  const char* const queries[] = {"SELECT k, SUM(v) AS s FROM a GROUP BY k",
                                 "SELECT a.id, b.w FROM a LEFT JOIN b ON a.k = b.k",
                                 "SELECT k, MAX(t) AS m, COUNT(DISTINCT t) AS n FROM a GROUP BY k",
                                 "SELECT k FROM a EXCEPT SELECT k FROM b",
                                 "SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY id) AS s FROM a",
                                 "SELECT COUNT(*) AS n FROM a WHERE k = 3",
                                 "SELECT COUNT(*) AS n FROM a WHERE k = 4",
                                 "WITH RECURSIVE r(n) AS (SELECT 1::bigint UNION SELECT b.k FROM r JOIN b ON b.id = r.n) SELECT n FROM r"};
  const auto rounds = [&](int count) {
    for (int round = 0; round < count; ++round) {
      for (std::size_t n = 0; n < std::size(queries); ++n) db.create_view("v" + std::to_string(n), queries[n]).value();
      for (std::size_t n = std::size(queries); n-- > 0;) db.drop("v" + std::to_string(n)).value();
    }
  };
  rounds(500);  // lists that are kept have grown
  const std::size_t before = mallinfo2().uordblks;
  rounds(20);
  EXPECT_EQ(mallinfo2().uordblks, before);
}

}  // namespace
}  // namespace weir
