// Would catch: counts that are not of what happened; a quantile outside of its bounds; stats that change what they count; a WAL that grows as long as a reader stays; a log that
// talks unasked, or not when asked.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <random>

#include <weir/gate.h>

#include "storage/distribution.h"
#include "tests/views/open.h"

namespace weir {
namespace {

TEST(Distribution, QuantilesAreAnEighthTooLargeAtMost) {
  std::mt19937_64 random(7);
  for (const unsigned bits : {3u, 10u, 40u, 63u}) {
    Distribution distribution;
    std::vector<std::uint64_t> amounts;
    std::uint64_t sum = 0;
    for (int i = 0; i < 3000; ++i) {
      amounts.push_back((random() >> (64 - bits)) >> (random() % bits) >> (bits > 60 ? 12 : 0));
      sum += amounts.back();
      (i % 2 ? distribution.add(amounts.back()) : distribution.add_alone(amounts.back()));
    }
    std::sort(amounts.begin(), amounts.end());
    const Spread spread = distribution.spread();
    EXPECT_EQ(spread.count, 3000u);
    EXPECT_EQ(spread.sum, sum);
    EXPECT_EQ(spread.max, amounts.back());
    for (const auto& [told, is] : {std::pair{spread.p50, amounts[1499]}, std::pair{spread.p99, amounts[2969]}}) {
      EXPECT_GE(told, is);
      EXPECT_LE(told, is + is / 8);
    }
  }
  EXPECT_EQ(Distribution().spread().p99, 0u);
}

const Stats::Relation& of(const Stats& stats, const std::string& name) {
  return *std::find_if(stats.relations.begin(), stats.relations.end(), [&](const Stats::Relation& r) { return r.name == name; });
}

TEST(Stats, CountWhatHappens) {
  const Folder folder;
  OpenOptions options;
  options.threads = 1;
  Database db = Database::open(folder.file(), options).value();
  db.execute("CREATE TABLE t (id INT PRIMARY KEY, g INT, v INT); CREATE VIEW s AS SELECT g, SUM(v) AS v FROM t GROUP BY g").value();
  std::mutex held;
  std::unique_lock hold(held);
  Subscription slow = db.subscribe("s", [&](const Change&) { const std::lock_guard wait(held); }).value();
  const Stats before = db.stats().value();
  for (int i = 0; i < 20; ++i) {
    Transaction transaction = db.begin();
    for (int n = 0; n < 10; ++n) transaction.insert("t", {i * 10 + n, n % 2, 1}).value();
    transaction.commit().value();
  }
  EXPECT_FALSE(db.execute("INSERT INTO t VALUES (0, 0, 0)").ok());
  {
    Transaction transaction = db.begin();
    transaction.insert("t", {1000, 0, 0}).value();
    EXPECT_FALSE(db.execute("INSERT INTO t VALUES (0, 0, 0)").ok());
    transaction.rollback();
  }
  const Stats stats = db.stats().value();
  EXPECT_EQ(stats.sequence, before.sequence + 20);
  EXPECT_EQ(stats.batch_rows.count - before.batch_rows.count, 20u);
  EXPECT_EQ(stats.batch_rows.sum - before.batch_rows.sum, 200u);
  EXPECT_EQ(stats.batch_rows.max, 10u);
  EXPECT_EQ(stats.evaluate_ns.count - before.evaluate_ns.count, 20u);
  EXPECT_EQ(stats.sync_ns.count - before.sync_ns.count, 20u);
  EXPECT_EQ(stats.transaction_ns.count - before.transaction_ns.count, 20u);
  EXPECT_GE(stats.store_ns.sum, stats.transaction_ns.sum - before.transaction_ns.sum);
  EXPECT_GE(stats.commit_ns.max, stats.store_ns.p50 / 2);
  EXPECT_GT(stats.bytes_written, before.bytes_written);
  EXPECT_EQ(stats.wal_bytes, std::filesystem::file_size(folder.file() + "-wal"));
  EXPECT_EQ(of(stats, "t").rows, 200u);
  EXPECT_EQ(of(stats, "t").rows_out, 200u);
  EXPECT_EQ(of(stats, "s").rows, 2u);
  EXPECT_EQ(of(stats, "s").rows_in, 200u);
  EXPECT_EQ(of(stats, "s").rows_out, 2u + 19u * 4u);
  EXPECT_GE(stats.arrangements.size(), 2u);
  ASSERT_EQ(stats.subscribers.size(), 1u);
  EXPECT_EQ(stats.subscribers[0].relation, "s");
  EXPECT_EQ(stats.subscribers[0].queued_changes + stats.subscribers[0].delivered_changes, 21u);
  EXPECT_GE(stats.subscribers[0].queued_changes, 20u);
  hold.unlock();
  slow.wait();
  EXPECT_EQ(db.stats().value().subscribers[0].queued_changes, 0u);
  EXPECT_EQ(db.stats().value().subscribers[0].delivered_changes, 21u);
  db.execute("CREATE TABLE limits (k INT PRIMARY KEY, units BIGINT); INSERT INTO limits VALUES (1, 100)").value();
  Gate gate = db.create_gate("g", {.budget = "limits", .max_exposure = 10}).value();
  EXPECT_TRUE(gate.try_acquire({1}));
  const Stats with_gate = db.stats().value();
  ASSERT_EQ(with_gate.gates.size(), 1u);
  EXPECT_EQ(with_gate.gates[0].exposure, gate.stats().exposure);
  EXPECT_EQ(with_gate.gates[0].max_exposure, 10);
}

TEST(Stats, HaveThreeForms) {
  Database db = memory("CREATE TABLE \"a \"\"b\"\"\" (id INT); INSERT INTO \"a \"\"b\"\"\" VALUES (1)");
  const Stats stats = db.stats().value();
  EXPECT_NE(stats.to_text().find("table a \"b\"             1 rows; changes: 1 in, 1 out\n"), std::string::npos) << stats.to_text();
  EXPECT_EQ(stats.to_text().find("wal_bytes"), std::string::npos) << "there is no file";
  EXPECT_NE(stats.to_json().find("{\"name\":\"a \\\"b\\\"\",\"kind\":\"table\",\"rows\":1,\"rows_in\":1,\"rows_out\":1}"), std::string::npos) << stats.to_json();
  const std::string prometheus = stats.to_prometheus();
  EXPECT_NE(prometheus.find("# TYPE weir_relation_rows gauge\nweir_relation_rows{relation=\"a \\\"b\\\"\",kind=\"table\"} 1\n"), std::string::npos) << prometheus;
  EXPECT_NE(prometheus.find("weir_batch_rows_sum 1\n"), std::string::npos) << prometheus;
  EXPECT_NE(prometheus.find("weir_commit_seconds{quantile=\"0.99\"} "), std::string::npos) << prometheus;
  db.close().value();
  EXPECT_FALSE(db.stats().ok());
}

TEST(Wal, IsBoundedUnderALongReader) {
  for (const Mode mode : {Mode::kFull, Mode::kPipelined}) {
    const Folder folder;
    std::vector<std::string> events;
    OpenOptions options;
    options.threads = 1;
    options.mode = mode;
    options.sync = false;
    options.wal_bytes = 80 << 20;
    options.log = [&](const LogEntry& entry) {
      events.push_back(entry.event);
      EXPECT_EQ(entry.to_json().rfind("{\"time\":\"20", 0), 0u);
    };
    Database db = Database::open(folder.file(), options).value();
    db.execute("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)").value();
    db.flush().value();
    const std::string text(100'000, 'x');
    const auto insert = [&](int i) {
      Transaction transaction = db.begin();
      transaction.insert("t", {i, text}).value();
      return transaction.commit();
    };
    int i = 0;
    for (; i < 500; ++i) insert(i).value();  // several checkpoints, and nobody is in the way
    db.flush().value();
    EXPECT_LE(std::filesystem::file_size(folder.file() + "-wal"), options.wal_bytes / 4 * 5);
    EXPECT_EQ(events, (Texts{"opened"}));
    sqlite3* reader = nullptr;
    ASSERT_EQ(sqlite3_open(folder.file().c_str(), &reader), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT COUNT(*) FROM t", nullptr, nullptr, nullptr), SQLITE_OK);
    events.clear();
    ErrorCode refused = ErrorCode::kInternal;
    std::string message;
    for (int end = i + 3000; i < end; ++i) {
      const auto done = insert(i);
      if (done.ok()) continue;
      refused = done.error().code;
      message = done.error().message;
      break;
    }
    EXPECT_EQ(refused, ErrorCode::kBusy) << message;
    EXPECT_NE(message.find("has its limit of 83,886,080 bytes"), std::string::npos) << message;
    EXPECT_LE(std::filesystem::file_size(folder.file() + "-wal"), options.wal_bytes / 4 * 5);
    EXPECT_EQ(std::count(events.begin(), events.end(), "wal_large"), 1);
    EXPECT_GE(std::count(events.begin(), events.end(), "wal_full"), 1);
    const Stats stats = db.stats().value();
    EXPECT_GE(stats.wal_bytes, stats.wal_limit_bytes);
    EXPECT_GE(stats.checkpoints_blocked, 1u);
    EXPECT_GE(stats.refused, 1u);
    sqlite3_close(reader);
    EXPECT_TRUE(insert(i).ok()) << "the reader has gone";
    EXPECT_TRUE(db.flush().ok());
    EXPECT_TRUE(db.check().value().ok());
    db.close().value();
    EXPECT_EQ(events.back(), "closed");
  }
}

}  // namespace
}  // namespace weir
