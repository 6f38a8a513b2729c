// A table, a view over it, and rows that come, change and go.
#include <weir/weir.h>

#include <iostream>

int main() {
  auto db = weir::Database::open(":memory:").value();  // or a file: "shop.db"
  db.execute("CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, amount NUMERIC(12,2));"
             "CREATE VIEW totals AS SELECT customer, COUNT(*) AS orders, SUM(amount) AS total FROM orders GROUP BY customer").value();

  auto batch = db.begin();  // one atomic batch over any number of tables
  batch.insert("orders", {1, 7, "19.90"}).value();
  batch.insert("orders", {2, 7, "5.10"}).value();
  batch.insert("orders", {3, 8, "40.00"}).value();
  batch.commit().value();

  db.execute("UPDATE orders SET amount = 24.90 WHERE id = 1; DELETE FROM orders WHERE id = 3").value();

  const weir::ResultSet totals = db.read("totals").value();
  for (std::size_t i = 0; i < totals.rows(); ++i) {
    std::cout << "customer " << totals[i]["customer"] << ": " << totals[i]["orders"] << " orders, " << totals[i]["total"] << '\n';
  }
}
