// Views built in C++. The builder makes the SQL that a person would write.
#include <weir/weir.h>

#include <iostream>

int main() {
  auto db = weir::Database::open(":memory:").value();
  db.execute("CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, amount NUMERIC(12,2) NOT NULL);"
             "CREATE TABLE customers (id BIGINT PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);"
             "INSERT INTO customers VALUES (1, 'Ada', 'UK'), (2, 'Bob', 'US'), (3, 'Cleo', 'UK');"
             "INSERT INTO orders VALUES (10, 1, 20), (11, 1, 30.50), (12, 2, 5), (13, 3, 100)").value();

  weir::Query by_country = weir::From("orders o")
                               .Join("customers c", "c.id = o.customer")
                               .Where("o.amount >= 10")
                               .GroupBy("c.country")
                               .Aggregate("COUNT(*)", "orders")
                               .Aggregate("SUM(o.amount)", "total")
                               .Having("COUNT(*) > 0");
  db.create_view("by_country", by_country).value();

  weir::Query best = weir::From("orders").Select("id").Select("amount * 2", "double").OrderBy("amount DESC").Limit(2);
  db.create_view("best", best).value();

  db.execute("DELETE FROM orders WHERE id = 11").value();
  const weir::ResultSet countries = db.query("SELECT * FROM by_country ORDER BY country").value();
  for (std::size_t i = 0; i < countries.rows(); ++i) {
    std::cout << countries[i]["country"] << ": " << countries[i]["orders"] << " orders, " << countries[i]["total"] << '\n';
  }
  const weir::ResultSet top = db.query("SELECT * FROM best ORDER BY 2 DESC").value();
  for (std::size_t i = 0; i < top.rows(); ++i) std::cout << "order " << top[i]["id"] << ": " << top[i]["double"] << '\n';

  // Each fragment has to be what its place asks for.
  weir::Query wrong = weir::From("orders").Where("amount > 10) OR (1 = 1");
  std::cout << (wrong.sql().ok() ? "accepted" : "refused") << '\n';
}
