// How long CREATE VIEW takes on empty tables: a join of four with aggregates, V views that differ in more than constants of equalities, one after the other.
//
//   weir_registering [V]
//
// Prints views registered a second and percentiles, for a fresh kind of view each time, and for the same query under new names; then what dropping takes.
#include <weir/weir.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "measure.h"

namespace {

using bench::Clock;
using bench::micros;

constexpr char kTables[] =
    "CREATE TABLE customers (id BIGINT PRIMARY KEY, region BIGINT NOT NULL, name TEXT);"
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, placed TIMESTAMP);"
    "CREATE TABLE items (id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL, product BIGINT NOT NULL, quantity INTEGER, price NUMERIC(12, 2));"
    "CREATE TABLE products (id BIGINT PRIMARY KEY, category TEXT, weight DOUBLE PRECISION)";

std::string query(int n) {
  return "SELECT c.region, p.category, COUNT(*) AS n, SUM(i.quantity * i.price) AS revenue, AVG(p.weight) AS weight, MAX(o.placed) AS last "
         "FROM customers c JOIN orders o ON o.customer = c.id JOIN items i ON i.order_id = o.id JOIN products p ON p.id = i.product "
         "WHERE i.quantity > " + std::to_string(n) + " AND o.placed >= TIMESTAMP '2024-01-01' GROUP BY c.region, p.category HAVING SUM(i.quantity) > 10";
}

void timed(const char* what, int views, const std::function<void(int)>& f) {
  std::vector<double> times;
  const auto start = Clock::now();
  for (int n = 0; n < views; ++n) {
    const auto one = Clock::now();
    f(n);
    times.push_back(micros(one));
  }
  const double total = micros(start);
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) { return times[std::min(times.size() - 1, static_cast<std::size_t>(part * static_cast<double>(times.size())))]; };
  std::printf("%-28s views/s=%.0f p50_us=%.0f p99_us=%.0f max_us=%.0f\n", what, views / total * 1e6, at(0.5), at(0.99), times.back());
}

}  // namespace

int main(int argc, char** argv) {
  const int views = argc > 1 ? std::atoi(argv[1]) : 1000;
  if (views <= 0) {
    std::fprintf(stderr, "usage: weir_registering [V]\n");
    return 2;
  }
  weir::OpenOptions options;
  options.threads = 1;
  weir::Database db = weir::Database::open(":memory:", options).value();
  db.execute(kTables).value();
  timed("another query each", views, [&](int n) { db.create_view("v" + std::to_string(n), query(n)).value(); });
  timed("dropped", views, [&](int n) { db.drop("v" + std::to_string(n)).value(); });
  timed("the same query", views, [&](int n) { db.create_view("w" + std::to_string(n), query(0)).value(); });
}
