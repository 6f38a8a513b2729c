// Catches: equal views, or equal parts of views, that are computed or kept twice; state, indexes or operators that stay when the last view that used them is dropped.
#include <gtest/gtest.h>
#include <malloc.h>

#include <map>

#include "open.h"

namespace weir {
namespace {

constexpr char kShared[] =
    "CREATE TABLE customers (id INT PRIMARY KEY, region TEXT NOT NULL);"
    "CREATE TABLE orders (id INT PRIMARY KEY, customer INT, amount INT, note TEXT);"
    "INSERT INTO customers SELECT i, 'region number ' || i % 7 FROM generate_series(0, 199) AS s(i);"
    "INSERT INTO orders SELECT i, i % 200, i % 1000, 'a note that is longer than twelve bytes ' || i FROM generate_series(0, 4999) AS s(i)";

// One of each kind of state: joins, groups, distinct values, extremes, top-k, windows, set operations, semi-joins.
const char* const kSharedQueries[] = {
    "SELECT c.region, SUM(o.amount) AS s, COUNT(*) AS n FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.region",
    "SELECT o.customer, MIN(o.note) AS low, MAX(o.amount) AS high FROM orders o GROUP BY o.customer",
    "SELECT o.customer, COUNT(DISTINCT o.amount) AS n, SUM(o.amount::double precision) AS s, SUM(o.amount / 3.0) AS t FROM orders o GROUP BY o.customer",
    "SELECT DISTINCT amount, note FROM orders",
    "SELECT customer, id, amount, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY amount DESC, id) AS r FROM orders",
    "SELECT * FROM orders ORDER BY amount DESC, id LIMIT 10",
    "SELECT id FROM customers EXCEPT SELECT customer FROM orders WHERE amount > 500",
    "SELECT * FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id AND o.amount > 900)",
    "SELECT c.region, o.id FROM customers c LEFT JOIN orders o ON o.customer = c.id AND o.amount > 990",
    "SELECT o.customer, STRING_AGG(o.note, ',' ORDER BY o.id) AS notes, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY o.amount) AS p FROM orders o GROUP BY o.customer"};

struct State {
  std::size_t operators = 0;
  std::uint64_t rows = 0, bytes = 0, rows_in = 0;
  friend bool operator==(const State&, const State&) = default;
};
std::ostream& operator<<(std::ostream& out, const State& h) { return out << h.operators << " operators, " << h.rows << " rows, " << h.bytes << " bytes"; }

// By all streams that tables and views reach, each counted once.
State held(const Database& db) {
  std::map<std::uint32_t, OperatorProfile> all;
  for (const RelationInfo& relation : db.relations()) {
    for (const OperatorProfile& op : db.profile(relation.name).value().operators) all.emplace(op.id, op);
  }
  State out;
  for (const auto& [id, op] : all) {
    ++out.operators;
    out.rows += op.state_rows;
    out.bytes += op.state_bytes;
    out.rows_in += op.rows_in;
  }
  return out;
}

void create(Database& db, const std::string& name, const std::string& query) { db.create_view(name, query).value(); }
void change(Database& db) { db.execute("UPDATE orders SET amount = amount + 1 WHERE id < 100").value(); }

TEST(Sharing, TenEqualViewsCostWhatOneCosts) {
  for (const std::string query : kSharedQueries) {
    Database one = memory(kShared), ten = memory(kShared);
    create(one, "v0", query);
    for (int n = 0; n < 10; ++n) create(ten, "v" + std::to_string(n), query);
    change(one);
    change(ten);
    EXPECT_EQ(held(one), held(ten)) << query;
    EXPECT_EQ(text(one.read("v0").value()), text(ten.read("v9").value()));
  }
}

TEST(Sharing, TenEqualViewsTakeTheMemoryOfOne) {
  const std::string query = kSharedQueries[1];
  const auto taken = [&](int views) {
    Database db = memory(kShared);
    const auto before = static_cast<double>(mallinfo2().uordblks);
    for (int n = 0; n < views; ++n) create(db, "v" + std::to_string(n), query);
    return static_cast<double>(mallinfo2().uordblks) - before;
  };
  EXPECT_LE(taken(10), 1.2 * taken(1));
}

TEST(Sharing, AViewThatIsDroppedGivesBackAllThatOnlyItUsed) {
  Database db = memory(kShared);
  for (int n = 0; n < 2; ++n) change(db);  // lists of free rows have grown
  const State tables = held(db);
  for (const std::string query : kSharedQueries) {
    create(db, "first", query);
    const State first = held(db);
    EXPECT_GE(first.operators, tables.operators) << query;
    create(db, "second", "SELECT * FROM (" + query + ") AS q");
    change(db);
    db.drop("second").value();
    EXPECT_EQ(held(db).operators, first.operators) << query;
    db.drop("first").value();
    EXPECT_EQ(held(db).operators, tables.operators) << query;
    EXPECT_EQ(held(db).bytes, tables.bytes) << query;
  }
  // Dropped in the order in which they were made, each leaves what others need.
  for (std::size_t n = 0; n < std::size(kSharedQueries); ++n) create(db, "v" + std::to_string(n), kSharedQueries[n]);
  const auto last = text(db.read("v9").value());
  for (std::size_t n = 0; n + 1 < std::size(kSharedQueries); ++n) db.drop("v" + std::to_string(n)).value();
  EXPECT_EQ(text(db.read("v9").value()), last);
  db.drop("v9").value();
  EXPECT_EQ(held(db).operators, tables.operators);
  EXPECT_EQ(held(db).bytes, tables.bytes);
}

TEST(Sharing, PartsOfPlansAreSharedWheneverTheyAreAdded) {
  Database db = memory(kShared);
  create(db, "sums", "SELECT customer, SUM(amount) AS s FROM orders GROUP BY customer");
  const std::size_t before = held(db).operators;
  create(db, "large", "SELECT q.customer FROM (SELECT customer, SUM(amount) AS s FROM orders GROUP BY customer) AS q WHERE q.s > 10");
  EXPECT_LE(held(db).operators, before + 2) << "a filter and a projection";
  db.drop("sums").value();
  change(db);
  EXPECT_TRUE(db.verify().value().ok());
}

}  // namespace
}  // namespace weir
