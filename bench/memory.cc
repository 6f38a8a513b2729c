// Bytes a row of state, by operator: what EXPLAIN (ANALYZE) tells, beside what the process grew by.
//
//   weir_memory [ROWS]
//
// One view at a time over t (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT, s TEXT of 24 bytes), k unique, ROWS rows (default 200,000). A line an operator: its rows of state and
// their bytes; a line a view: both together, and what the system gave the process for it. Then a table of (BIGINT, BIGINT), filled and emptied again.
#include <weir/weir.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "measure.h"

namespace {

using bench::resident_bytes;

struct View {
  const char* name;
  const char* query;
};

constexpr View kViews[] = {
    {"filter, its rows kept", "SELECT id, v FROM t WHERE v >= 0"},
    {"join on 1 key", "SELECT a.id, b.v FROM t a JOIN t b ON a.k = b.k"},
    {"left join", "SELECT a.id, b.v FROM t a LEFT JOIN t b ON a.k = b.v"},
    {"SUM, COUNT of integers", "SELECT k, SUM(v) AS s, COUNT(*) AS n FROM t GROUP BY k"},
    {"SUM of numerics", "SELECT k, SUM(v::numeric) AS s FROM t GROUP BY k"},
    {"SUM of doubles", "SELECT k, SUM(v::double precision) AS s FROM t GROUP BY k"},
    {"MIN, MAX, one row a group", "SELECT k, MIN(v) AS low, MAX(v) AS high FROM t GROUP BY k"},
    {"MIN, MAX, 1,000 rows a group", "SELECT k % 200 AS g, MIN(v) AS low, MAX(v) AS high FROM t GROUP BY k % 200"},
    {"MAX of texts", "SELECT k % 200 AS g, MAX(s) AS high FROM t GROUP BY k % 200"},
    {"COUNT(DISTINCT)", "SELECT k % 200 AS g, COUNT(DISTINCT v) AS n FROM t GROUP BY k % 200"},
    {"DISTINCT", "SELECT DISTINCT k, v FROM t"},
    {"EXCEPT", "SELECT k FROM t EXCEPT SELECT v FROM t"},
    {"EXISTS", "SELECT id FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.k = a.v)"},
    {"top 10 of 1,000", "SELECT id, g, r FROM (SELECT id, k % 200 AS g, ROW_NUMBER() OVER (PARTITION BY k % 200 ORDER BY v, id) AS r FROM t) AS q WHERE r <= 10"},
    {"window: running sum", "SELECT id, SUM(v) OVER (PARTITION BY k % 200 ORDER BY id) AS s FROM t"},
};

void line(const char* what, std::uint64_t rows, double bytes) {
  std::printf("  %-48s %12llu rows %14.0f bytes %8.1f a row\n", what, static_cast<unsigned long long>(rows), bytes, rows ? bytes / static_cast<double>(rows) : 0.0);
}

weir::Database open() {
  weir::OpenOptions options;
  options.threads = 1;
  return weir::Database::open(":memory:", options).value();
}

void measure(weir::Database& db, const View& view, std::uint64_t rows) {
  std::set<std::uint32_t> known;
  for (const weir::OperatorProfile& op : db.profile("t").value().operators) known.insert(op.id);
  const double table = static_cast<double>(db.profile("t").value().operators[0].state_bytes), before = resident_bytes();
  db.create_view("v", view.query).value();
  const double grown = resident_bytes() - before;
  std::printf("%s\n", view.name);
  double told = 0;
  for (const weir::OperatorProfile& op : db.profile("v").value().operators) {
    const double bytes = known.contains(op.id) ? static_cast<double>(op.state_bytes) - table : static_cast<double>(op.state_bytes);
    told += bytes;
    if (known.contains(op.id) && bytes > 0) line("  (indexes of t)", op.state_rows, bytes);
    else if (!known.contains(op.id) && op.state_rows) line(("  " + op.name).substr(0, 46).c_str(), op.state_rows, bytes);
  }
  line("all of it", rows, told);
  line("the process grew by", rows, grown);
  db.drop("v").value();
}

void fill(weir::Database& db, const char* table, std::int64_t rows, bool text, bool away) {
  const weir::Table to = db.table(table).value();
  constexpr std::int64_t kBatch = 100'000;
  for (std::int64_t begin = 0; begin < rows; begin += kBatch) {
    const auto n = static_cast<std::size_t>(std::min(kBatch, rows - begin));
    std::vector<std::int64_t> id(n), k(n), v(n);
    std::iota(id.begin(), id.end(), begin);
    std::vector<std::string> strings(n);
    std::vector<std::string_view> s(n);
    for (std::size_t i = 0; i < n; ++i) {
      k[i] = (id[i] * 7919) % rows;
      v[i] = id[i] * 31;
      char name[32];
      std::snprintf(name, sizeof name, "text of row no %010lld", static_cast<long long>(id[i]));
      s[i] = strings[i] = name;
    }
    const weir::ColumnData columns[] = {{id.data(), nullptr}, {k.data(), nullptr}, {v.data(), nullptr}, {s.data(), nullptr}};
    const std::span<const weir::ColumnData> given(columns, text ? 4 : 2);
    weir::Transaction tx = db.begin();
    (away ? tx.erase(to, given, n) : tx.insert(to, given, n)).value();
    tx.commit().value();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t rows = argc > 1 ? std::atoll(argv[1]) : 200'000;
  if (rows <= 0) {
    std::fprintf(stderr, "usage: weir_memory [ROWS]\n");
    return 2;
  }
  const auto count = static_cast<std::uint64_t>(rows);
  {
    weir::Database db = open();
    db.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, k BIGINT NOT NULL, v BIGINT NOT NULL, s TEXT NOT NULL)").value();
    const double before = resident_bytes();
    fill(db, "t", rows, true, false);
    const double grown = resident_bytes() - before;
    std::printf("table t\n");
    line("all of it", count, static_cast<double>(db.profile("t").value().operators[0].state_bytes));
    line("the process grew by", count, grown);
    for (const View& view : kViews) measure(db, view, count);
  }
  const double before = resident_bytes();
  weir::Database db = open();
  db.execute("CREATE TABLE pairs (a BIGINT PRIMARY KEY, b BIGINT NOT NULL)").value();
  fill(db, "pairs", rows, false, false);
  std::printf("table pairs (BIGINT, BIGINT) with its index\n");
  line("all of it", count, static_cast<double>(db.profile("pairs").value().operators[0].state_bytes));
  line("the process grew by", count, resident_bytes() - before);
  fill(db, "pairs", rows, false, true);
  line("left of it when all rows are deleted", count, resident_bytes() - before);
}
