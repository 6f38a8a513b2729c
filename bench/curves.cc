// Is a change's cost in proportion to the change? For every operator: a one-row change against the size of the tables, and a batch against its rows; and a one-row change
// against the number of views that it does not affect.
//
//   weir_curves [sizes|views|batches…] [--rows N,…] [--others N,…] [--quick] [--operator TEXT]   measures; a line a figure, and one a curve that says how flat it is
//   weir_curves draw FILE FOLDER                                                                   draws such lines: sizes.svg, views.svg, batches.svg
//
// sizes    t (id key, g, k, v), N rows in groups of 100 and, for the ordered states, in one; updates of one row, the best median of 40 rounds or more of 200 each. Of the same 16 rows by turns,
//          which get one of 16 values, so that what is touched stays in the caches: flat is 1.5 or less between the least and the most; and of any row.
// views    t of 10,000 rows with a view of SUM and COUNT by group, and N other views: over another table, or of the same table for constants that the change does not have.
// batches  B rows inserted into a table of the first size of --rows (default 100,000), and deleted again; both are timed, per row.
#include <weir/weir.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chart.h"
#include "measure.h"
#include "workload.h"

namespace {

using bench::Clock;
using bench::micros;

constexpr std::int64_t kGroup = 100;  // rows of a group
constexpr std::int64_t kHot = 16;     // rows changed again and again
constexpr double kFlat = 1.5;

struct Operator {
  const char* name;
  const char* query;          // nullptr: no view at all
};

// `one`: ordered state of a single group that has all rows.
constexpr Operator kOperators[] = {
    {"table alone", nullptr},
    {"filter, project", "SELECT id, v * 2 AS w FROM t WHERE v >= 0"},
    {"join", "SELECT t.id, t.v, d.x FROM t JOIN d ON d.id = t.g"},
    {"join of four", "SELECT t.id, t.v, d.x, e.x AS y, f.x AS z FROM t JOIN d ON d.id = t.g JOIN d e ON e.id = d.x JOIN d f ON f.id = e.x"},
    {"left join", "SELECT t.id, t.v, d.x FROM t LEFT JOIN d ON d.id = t.v"},
    {"EXISTS", "SELECT id, v FROM t WHERE EXISTS (SELECT 1 FROM d WHERE d.id = t.v)"},
    {"NOT EXISTS", "SELECT id, v FROM t WHERE NOT EXISTS (SELECT 1 FROM d WHERE d.id = t.v)"},
    {"SUM, COUNT by group", "SELECT g, SUM(v) AS s, COUNT(*) AS n FROM t GROUP BY g"},
    {"SUM, COUNT of all", "SELECT SUM(v) AS s, COUNT(*) AS n FROM t"},
    {"AVG of doubles", "SELECT g, AVG(v::double precision) AS a FROM t GROUP BY g"},
    {"MIN, MAX by group", "SELECT g, MIN(v) AS low, MAX(v) AS high FROM t GROUP BY g"},
    {"MIN, MAX of all", "SELECT MIN(v) AS low, MAX(v) AS high FROM t"},
    {"COUNT(DISTINCT) by group", "SELECT g, COUNT(DISTINCT v) AS n FROM t GROUP BY g"},
    {"median of all", "SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY v) AS m FROM t"},
    {"DISTINCT", "SELECT DISTINCT v FROM t"},
    {"UNION", "SELECT v FROM t UNION SELECT x FROM d"},
    {"EXCEPT", "SELECT v FROM t EXCEPT SELECT x FROM d"},
    {"top 10 by group", "SELECT id, g, v FROM (SELECT id, g, v, ROW_NUMBER() OVER (PARTITION BY g ORDER BY v DESC, id) AS r FROM t) q WHERE r <= 10"},
    {"top 10 of all", "SELECT id, v FROM t ORDER BY v DESC, id LIMIT 10"},
    {"window: LAG by group", "SELECT id, v, LAG(v) OVER (PARTITION BY g ORDER BY id) AS before FROM t"},
    {"window: LAG over all", "SELECT id, v, LAG(v) OVER (ORDER BY id) AS before FROM t"},
    {"window: moving sum over all", "SELECT id, SUM(v) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM t"},
    {"window: running sum by group", "SELECT id, SUM(v) OVER (PARTITION BY g ORDER BY id) AS s FROM t"},
    {"recursion", "WITH RECURSIVE r(id, v) AS (SELECT id, v FROM t WHERE k = 0 UNION SELECT t.id, t.v FROM r JOIN t ON t.k = r.id) SELECT id, v FROM r"},
};

struct Options {
  std::vector<std::string> what;
  std::vector<std::int64_t> rows, others = {1, 10, 100, 1000, 10000, 100000};
  bool quick = false;
  std::string only;
};

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

// t and d, where row id of t is (id, g = id / 100, k, v): k is 0 for a group's first row and else the id of another row of the group, so that the rows of a group are a tree of four
// children each below its first; v is below as many values as there are rows.
class Tables {
 public:
  explicit Tables(std::int64_t rows) : rows_(rows) {
    weir::OpenOptions open;
    open.threads = 1;
    db_ = std::make_unique<weir::Database>(weir::Database::open(":memory:", open).value());
    db_->execute("CREATE TABLE t (id BIGINT PRIMARY KEY, g BIGINT NOT NULL, k BIGINT NOT NULL, v BIGINT NOT NULL);"
                 "CREATE TABLE d (id BIGINT PRIMARY KEY, x BIGINT NOT NULL)").value();
    t_ = db_->table("t").value();
    const std::int64_t groups = rows / kGroup;
    bench::Rows d(2);
    for (std::int64_t g = 0; g < groups; ++g) d.add({g + 1, (g + 1) * 7919 % groups + 1});
    put(db_->table("d").value(), d, &weir::Transaction::insert);
    for (std::int64_t id = 1; id <= rows;) {
      bench::Rows t(4);
      for (; id <= rows && t.size() < 100000; ++id) add(t, id);
      put(t_, t, &weir::Transaction::insert);
    }
  }

  weir::Database& db() { return *db_; }
  std::int64_t rows() const { return rows_; }

  void add(bench::Rows& out, std::int64_t id) { add(out, id, random_.below(rows_)); }
  void add(bench::Rows& out, std::int64_t id, std::int64_t v) {
    const std::int64_t place = (id - 1) % kGroup, first = id - place;
    out.add({id, (id - 1) / kGroup % (rows_ / kGroup) + 1, place == 0 ? 0 : first + (place - 1) / 4, v});
  }
  double upsert(std::int64_t id, std::int64_t v) {
    bench::Rows row(4);
    add(row, id, v);
    return put(t_, row, &weir::Transaction::upsert);
  }
  double insert(const bench::Rows& rows) { return put(t_, rows, &weir::Transaction::insert); }
  double erase(const bench::Rows& rows) { return put(t_, rows, &weir::Transaction::erase); }
  std::int64_t any() { return random_.below(rows_) + 1; }

 private:
  using Change = weir::Result<void> (weir::Transaction::*)(const weir::Table&, std::span<const weir::ColumnData>, std::size_t);
  double put(const weir::Table& table, const bench::Rows& rows, Change change) {
    weir::ColumnData data[4];
    for (std::size_t c = 0; c < rows.columns.size(); ++c) data[c] = {rows.columns[c].data(), nullptr};
    const auto start = Clock::now();
    weir::Transaction tx = db_->begin();
    (tx.*change)(table, std::span<const weir::ColumnData>(data, rows.columns.size()), rows.size()).value();
    tx.commit().value();
    return micros(start);
  }

  std::int64_t rows_;
  bench::Random random_{9};
  std::unique_ptr<weir::Database> db_;
  weir::Table t_;
};

void figure(const std::string& kind, const std::string& name, const std::string& series, double x, double y) {
  std::printf("figure\t%s\t%s\t%s\t%.0f\t%.4f\n", kind.c_str(), name.c_str(), series.c_str(), x, y);
  std::fflush(stdout);
}

// The largest of a curve over its smallest.
void verdict(const std::string& kind, const std::string& name, const std::vector<double>& curve) {
  if (curve.size() < 2) return;
  const auto [low, high] = std::minmax_element(curve.begin(), curve.end());
  std::printf("curve\t%s\t%s\t%.2f\t%s\n", kind.c_str(), name.c_str(), *high / *low, *high <= kFlat * *low ? "flat" : "NOT FLAT");
  std::fflush(stdout);
}

bool wanted(const Operator& op, const Options& options) { return std::string(op.name).find(options.only) != std::string::npos; }

// For each of some databases the best of the medians of many rounds, by turns: what else runs on the machine counts for none, or for all alike.
std::vector<double> settled(const std::vector<Tables*>& all, bool quick, const std::function<double(Tables&, int)>& once) {
  std::vector<double> best(all.size(), 1e300);
  const auto start = Clock::now();
  for (int round = 0, n = 0; round < (quick ? 2 : 40) || (!quick && micros(start) < 1e6); ++round, n += 200) {
    for (std::size_t a = 0; a < all.size(); ++a) {
      std::vector<double> times;
      for (int k = 0; k < (quick ? 50 : 200); ++k) times.push_back(once(*all[a], n + k));
      best[a] = std::min(best[a], median(std::move(times)));
    }
  }
  return best;
}

double hot_update(Tables& tables, int n) {
  const std::int64_t apart = tables.rows() / kHot;
  return tables.upsert(1 + n % kHot * apart, tables.any() % kHot * apart);
}

void sizes(const Options& options) {
  std::vector<std::unique_ptr<Tables>> made;
  std::vector<Tables*> all;
  for (const std::int64_t rows : options.rows) all.push_back(made.emplace_back(std::make_unique<Tables>(rows)).get());
  for (const Operator& op : kOperators) {
    if (!wanted(op, options)) continue;
    for (Tables* tables : all) {
      if (op.query) tables->db().create_view("v", op.query).value();
    }
    const std::vector<double> same = settled(all, options.quick, hot_update);
    const std::vector<double> any = settled(all, options.quick, [](Tables& tables, int) { return tables.upsert(tables.any(), tables.any() - 1); });
    for (std::size_t a = 0; a < all.size(); ++a) {
      figure("sizes", op.name, "the same 16 rows", static_cast<double>(all[a]->rows()), same[a]);
      figure("sizes", op.name, "any row", static_cast<double>(all[a]->rows()), any[a]);
      if (op.query) all[a]->db().drop("v").value();
    }
    verdict("sizes", op.name, same);
  }
}

void views(const Options& options) {
  struct Others {
    const char* name;
    std::function<std::string(std::int64_t)> query;
  };
  const Others kinds[] = {
      {"other table, by a constant", [](std::int64_t n) { return "SELECT COUNT(*) AS n, SUM(x) AS s FROM d WHERE x = " + std::to_string(-n - 1); }},
      {"other table, own circuits", [](std::int64_t n) { return "SELECT id, x + " + std::to_string(n) + " AS y FROM d WHERE x > " + std::to_string(n); }},
      {"same table, other constants", [](std::int64_t n) { return "SELECT COUNT(*) AS n, SUM(v) AS s FROM t WHERE k = " + std::to_string(-n - 1); }},
  };
  for (const Others& kind : kinds) {
    std::vector<std::unique_ptr<Tables>> made;
    std::vector<Tables*> all;
    for (const std::int64_t n : options.others) {
      all.push_back(made.emplace_back(std::make_unique<Tables>(10000)).get());
      all.back()->db().create_view("v", "SELECT g, SUM(v) AS s, COUNT(*) AS n FROM t GROUP BY g").value();
      for (std::int64_t k = 0; k < n; ++k) all.back()->db().create_view("o" + std::to_string(k), kind.query(k)).value();
    }
    const std::vector<double> curve = settled(all, options.quick, hot_update);
    for (std::size_t a = 0; a < all.size(); ++a) figure("views", kind.name, "one-row update", static_cast<double>(options.others[a]), curve[a]);
    verdict("views", kind.name, curve);
  }
}

void batches(const Options& options) {
  Tables tables(options.rows[0]);
  for (const Operator& op : kOperators) {
    if (!wanted(op, options)) continue;
    if (op.query) tables.db().create_view("v", op.query).value();
    std::vector<double> curve;
    for (const std::int64_t size : {1, 10, 100, 1000, 10000, 100000}) {
      if (options.quick && size > 1000) continue;
      std::vector<double> in, out;
      const int repeat = options.quick ? 2 : static_cast<int>(std::clamp<std::int64_t>(100000 / size, 3, 500));
      for (int n = 0; n < repeat; ++n) {
        bench::Rows rows(4);
        for (std::int64_t i = 0; i < size; ++i) tables.add(rows, tables.rows() + 1 + i);
        in.push_back(tables.insert(rows) / static_cast<double>(size));
        out.push_back(tables.erase(rows) / static_cast<double>(size));
      }
      curve.push_back(median(in));
      figure("batches", op.name, "inserted", static_cast<double>(size), curve.back());
      figure("batches", op.name, "deleted", static_cast<double>(size), median(out));
    }
    // A larger batch may be cheaper a row, and never dearer than the cheapest before it.
    double least = curve[0], worst = 1;
    for (const double y : curve) {
      worst = std::max(worst, y / least);
      least = std::min(least, y);
    }
    std::printf("curve\tbatches\t%s\t%.2f\t%s\n", op.name, worst, worst <= kFlat ? "in proportion" : "NOT IN PROPORTION");
    std::fflush(stdout);
    if (op.query) tables.db().drop("v").value();
  }
}

int draw(const char* file, const std::string& folder) {
  std::map<std::string, bench::Chart> charts = {
      {"sizes", {"A one-row update against the size of the table", "rows of the table", "median, µs", {}, 4}},
      {"views", {"A one-row update against the number of other views", "views that it does not affect", "median, µs", {}, 3}},
      {"batches", {"The cost of a row against the size of its batch", "rows of the batch", "median a row, µs", {}, 4}},
  };
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> field(1);
    for (const char c : line) c == '\t' ? void(field.emplace_back()) : field.back().push_back(c);
    if (field[0] != "figure" || field.size() != 6 || !charts.count(field[1])) continue;
    auto& panels = charts[field[1]].panels;
    auto panel = std::find_if(panels.begin(), panels.end(), [&](const bench::Panel& p) { return p.title == field[2]; });
    if (panel == panels.end()) panel = panels.insert(panels.end(), {field[2], {}});
    auto series = std::find_if(panel->series.begin(), panel->series.end(), [&](const bench::Series& s) { return s.name == field[3]; });
    if (series == panel->series.end()) series = panel->series.insert(series, {field[3], {}});
    series->points.emplace_back(std::atof(field[4].c_str()), std::atof(field[5].c_str()));
  }
  for (const auto& [name, chart] : charts) {
    if (chart.panels.empty()) continue;
    std::ofstream out(folder + "/" + name + ".svg");
    out << bench::svg(chart);
    if (!out.flush()) {
      std::fprintf(stderr, "weir_curves: cannot write to %s\n", folder.c_str());
      return 1;
    }
  }
  return 0;
}

std::vector<std::int64_t> numbers(const char* list) {
  std::vector<std::int64_t> out;
  for (const char* at = list; *at;) {
    char* end;
    out.push_back(std::strtoll(at, &end, 10));
    if (end == at || out.back() <= 0) return {};
    at = *end == ',' ? end + 1 : end;
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && !std::strcmp(argv[1], "draw")) return draw(argv[2], argv[3]);
  Options options;
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "sizes" || arg == "views" || arg == "batches") options.what.push_back(arg);
    else if (arg == "--quick") options.quick = true;
    else if (arg == "--rows" && i + 1 < argc) good = good && !(options.rows = numbers(argv[++i])).empty();
    else if (arg == "--others" && i + 1 < argc) good = good && !(options.others = numbers(argv[++i])).empty();
    else if (arg == "--operator" && i + 1 < argc) options.only = argv[++i];
    else good = false;
  }
  for (const std::int64_t n : options.rows) good = good && n >= 1000;
  if (!good) {
    std::fprintf(stderr, "usage: weir_curves [sizes|views|batches...] [--rows N,...] [--others N,...] [--quick] [--operator TEXT] | weir_curves draw FILE FOLDER\n");
    return 2;
  }
  if (options.what.empty()) options.what = {"sizes", "views", "batches"};
  const bool given = !options.rows.empty();
  try {
    for (const std::string& what : options.what) {
      if (!given) options.rows = what == "batches" ? std::vector<std::int64_t>{100000} : std::vector<std::int64_t>{10000, 100000, 1000000, 10000000};
      what == "sizes" ? sizes(options) : what == "views" ? views(options) : batches(options);
    }
  } catch (const weir::Failure& failure) {
    std::fprintf(stderr, "weir_curves: %s\n", failure.error().to_string().c_str());
    return 1;
  }
}
