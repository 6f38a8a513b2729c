// Many views that differ in a constant: `SELECT COUNT(*), SUM(v) FROM rows WHERE tenant = k`, V of them, registered one by one.
//
//   weir_tenants [V] [--changes N] [--before] [--file PATH]
//
// Prints views registered a second, memory a view (what the process grew by while registering), the one-row update's percentiles, views dropped a second,
// and the digest of (k, count, sum) over all views, which must be the floor's. --before: registered while the table is empty.
#include <weir/weir.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "measure.h"
#include "workload.h"

namespace {

using bench::Clock;
using bench::micros;
using bench::resident_bytes;

std::string view_name(std::int64_t k) { return "v" + std::to_string(k); }

struct Options {
  std::int64_t views = 1000, changes = 20000;
  bool before = false;
  std::string file = ":memory:";
};

void register_views(weir::Database& db, const Options& options) {
  const double bytes = resident_bytes();
  std::vector<double> times;
  const auto start = Clock::now();
  for (std::int64_t k = 0; k < options.views; ++k) {
    const auto one = Clock::now();
    db.create_view(view_name(k), "SELECT COUNT(*) AS n, SUM(v) AS s FROM rows WHERE tenant = " + std::to_string(k)).value();
    times.push_back(micros(one));
  }
  const double total = micros(start);
  std::sort(times.begin(), times.end());
  std::printf("V=%lld registered/s=%.0f p50_us=%.1f p99_us=%.1f bytes/view=%.0f\n", static_cast<long long>(options.views),
              static_cast<double>(options.views) / total * 1e6, times[times.size() / 2], times[times.size() * 99 / 100],
              (resident_bytes() - bytes) / static_cast<double>(options.views));
  std::fflush(stdout);
}

void run(const Options& options) {
  const std::int64_t count = 100 * options.views;
  weir::OpenOptions open;
  open.threads = 1;
  weir::Database db = weir::Database::open(options.file, open).value();
  db.execute("CREATE TABLE rows (id BIGINT PRIMARY KEY, tenant BIGINT NOT NULL, v BIGINT NOT NULL)").value();
  const weir::Table table = db.table("rows").value();
  if (options.before) register_views(db, options);
  bench::Random r{4};
  std::vector<std::int64_t> ids, tenants, values;
  const auto given = [&] { return std::array<weir::ColumnData, 3>{{{ids.data(), nullptr}, {tenants.data(), nullptr}, {values.data(), nullptr}}}; };
  for (std::int64_t id = 0; id < count;) {
    ids.clear(), tenants.clear(), values.clear();
    for (; id < count && ids.size() < 100000; ++id) {
      ids.push_back(id);
      tenants.push_back(id % options.views);
      values.push_back(r.below(1000));
    }
    weir::Transaction tx = db.begin();
    tx.insert(table, given(), ids.size()).value();
    tx.commit().value();
  }
  if (!options.before) register_views(db, options);

  std::vector<double> times;
  for (std::int64_t n = 0; n < options.changes; ++n) {
    const std::int64_t id = r.below(count), v = r.below(1000);
    ids.assign(1, id), tenants.assign(1, id % options.views), values.assign(1, v);
    const auto start = Clock::now();
    weir::Transaction tx = db.begin();
    tx.upsert(table, given(), 1).value();
    tx.commit().value();
    times.push_back(micros(start));
  }
  std::uint64_t digest = 0;
  for (std::int64_t k = 0; k < options.views; ++k) {
    const weir::ResultSet rows = db.read(view_name(k)).value();
    digest += bench::row_hash({k, rows[0][0].integer(), std::stoll(rows[0][1].to_string())});
  }
  std::sort(times.begin(), times.end());
  std::printf("V=%lld update p50_us=%.2f p99_us=%.2f digest=%016llx\n", static_cast<long long>(options.views), times[times.size() / 2],
              times[times.size() * 99 / 100], static_cast<unsigned long long>(digest));
  std::fflush(stdout);
  const auto start = Clock::now();
  for (std::int64_t k = 0; k < options.views; ++k) db.drop(view_name(k)).value();
  std::printf("V=%lld dropped/s=%.0f\n", static_cast<long long>(options.views), static_cast<double>(options.views) / micros(start) * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (!std::strcmp(argv[i], "--before")) options.before = true;
    else if (!std::strcmp(argv[i], "--changes") && more) options.changes = std::atoll(argv[++i]);
    else if (!std::strcmp(argv[i], "--file") && more) options.file = argv[++i];
    else if (std::atoll(argv[i]) > 0) options.views = std::atoll(argv[i]);
    else {
      std::fprintf(stderr, "usage: weir_tenants [V] [--changes N] [--before] [--file PATH]\n");
      return 2;
    }
  }
  try {
    run(options);
  } catch (const weir::Failure& failure) {
    std::fprintf(stderr, "weir_tenants: %s\n", failure.error().to_string().c_str());
    return 1;
  }
}
