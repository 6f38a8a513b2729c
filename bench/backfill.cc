// CREATE VIEW over tables that are full: how long it takes, and how long it keeps others waiting.
//
//   weir_backfill [ORDERS] [--threads N]
//
// ORDERS rows of orders (default 1,000,000) and 100,000 customers, as in the workload join_sum. First its view is made five times, and dropped. Then once more, while another thread
// changes a table that the view does not read, which has a view of its own, one row a commit; and once more while it changes orders. The longest commit is the stall.
#include <weir/weir.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "workload.h"

namespace {

using Clock = std::chrono::steady_clock;
double millis(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

constexpr char kTables[] =
    "CREATE TABLE customers (id BIGINT PRIMARY KEY, region BIGINT NOT NULL);"
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, amount BIGINT NOT NULL);"
    "CREATE TABLE other (id BIGINT PRIMARY KEY, v BIGINT NOT NULL);"
    "CREATE VIEW others AS SELECT COUNT(*) AS n, SUM(v) AS s FROM other";
constexpr char kQuery[] = "SELECT c.region, SUM(o.amount) AS s, COUNT(*) AS n FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.region";

void insert(weir::Database& db, const char* table, const std::vector<std::vector<std::int64_t>>& columns) {
  std::vector<weir::ColumnData> given;
  for (const auto& column : columns) given.push_back({column.data(), nullptr});
  weir::Transaction tx = db.begin();
  tx.upsert(db.table(table).value(), given, columns[0].size()).value();
  tx.commit().value();
}

void create_beside(weir::Database& db, const char* what, const char* table, const std::vector<std::int64_t>& row) {
  std::atomic<bool> stop{false};
  std::vector<double> times;
  std::atomic<std::size_t> commits{0};
  std::thread writer([&] {
    std::vector<std::vector<std::int64_t>> columns;
    for (const std::int64_t v : row) columns.push_back({v});
    for (std::int64_t n = 0; !stop; ++n) {
      columns.back()[0] = n % 1000;
      const auto start = Clock::now();
      insert(db, table, columns);
      times.push_back(millis(start));
      commits = times.size();
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::size_t before = commits;
  const auto start = Clock::now();
  db.create_view("v", kQuery).value();
  const double took = millis(start);
  const std::size_t during = commits - before;
  stop = true;
  writer.join();
  db.drop("v").value();
  std::sort(times.begin() + static_cast<std::ptrdiff_t>(before), times.end());
  std::printf("changes of %-10s meanwhile: view_ms=%.1f commits=%zu longest_stall_ms=%.2f\n", what, took, during, times.back());
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t orders = 1'000'000;
  weir::OpenOptions options;
  options.threads = 1;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--threads") && i + 1 < argc) options.threads = static_cast<unsigned>(std::atoi(argv[++i]));
    else orders = std::atoll(argv[i]);
  }
  if (orders <= 0 || options.threads == 0) {
    std::fprintf(stderr, "usage: weir_backfill [ORDERS] [--threads N]\n");
    return 2;
  }
  weir::Database db = weir::Database::open(":memory:", options).value();
  db.execute(kTables).value();
  bench::Random r{2};
  std::vector<std::vector<std::int64_t>> columns(2);
  for (std::int64_t i = 0; i < 100'000; ++i) columns[0].push_back(i), columns[1].push_back(i * 7919 % 50);
  insert(db, "customers", columns);
  for (std::int64_t begin = 0; begin < orders;) {
    columns.assign(3, {});
    for (const std::int64_t end = std::min(orders, begin + 100'000); begin < end; ++begin) {
      columns[0].push_back(begin), columns[1].push_back(r.below(100'000)), columns[2].push_back(r.below(1000));
    }
    insert(db, "orders", columns);
  }
  std::vector<double> times;
  for (int n = 0; n < 5; ++n) {
    const auto start = Clock::now();
    db.create_view("v", kQuery).value();
    times.push_back(millis(start));
    db.drop("v").value();
  }
  std::printf("orders=%lld threads=%u view_ms: first=%.1f best=%.1f\n", static_cast<long long>(orders), options.threads, times[0], *std::min_element(times.begin(), times.end()));
  create_beside(db, "other", "other", {1, 0});
  create_beside(db, "orders", "orders", {1, 1, 0});
}
