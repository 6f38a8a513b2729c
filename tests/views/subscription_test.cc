// Would catch: changes lost, repeated or out of order; a snapshot that does not fit the changes after it; a callback after the end; a subscriber that hurts the others;
// deadlocks of callbacks that use the database or end their subscription.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "tests/views/open.h"

namespace weir {
namespace {

constexpr char kWatched[] = "CREATE TABLE t (id BIGINT PRIMARY KEY, g INT, v INT); CREATE VIEW s AS SELECT g, SUM(v) AS s FROM t GROUP BY g";

SubscribeOptions inline_delivery() {
  SubscribeOptions options;
  options.delivery = SubscribeOptions::Delivery::kInline;
  return options;
}

TEST(Subscription, SnapshotThenEachChangeOnce) {
  for (const bool queued : {true, false}) {
    Database db = memory(kWatched);
    db.execute("INSERT INTO t VALUES (1, 1, 10), (2, 2, 20)").value();
    std::vector<Texts> got;
    std::vector<std::uint64_t> numbers;
    bool snapshot_first = false;
    auto subscription = db.subscribe("s", [&](const Change& change) {
      if (got.empty()) snapshot_first = change.is_snapshot();
      got.push_back(text(change));
      numbers.push_back(change.sequence());
    }, queued ? SubscribeOptions{} : inline_delivery()).value();
    db.execute("INSERT INTO t VALUES (3, 1, 5)").value();
    db.execute("UPDATE t SET v = v WHERE id = 3").value();
    db.execute("UPDATE t SET g = 2 WHERE id = 3; DELETE FROM t WHERE id = 1").value();
    db.execute("INSERT INTO t VALUES (9, 9, 0); DELETE FROM t WHERE id = 9").value();
    subscription.wait();
    EXPECT_TRUE(snapshot_first);
    EXPECT_EQ(got, (std::vector<Texts>{{"+1|1|10", "+1|2|20"}, {"+1|1|15", "-1|1|10"}, {"+1|1|10", "+1|2|25", "-1|1|15", "-1|2|20"}, {"-1|1|10"}, {"+1|9|0"}, {"-1|9|0"}}));
    EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
    subscription.end();
    db.execute("DELETE FROM t").value();
    EXPECT_EQ(got.size(), 6u);
  }
}

TEST(Subscription, ColumnsAreTheRows) {
  Database db = memory(
      "CREATE TABLE t (id BIGINT PRIMARY KEY, i INT, b BOOLEAN, d DOUBLE PRECISION, n NUMERIC, s TEXT, day DATE, u UUID);"
      "INSERT INTO t VALUES (1, 10, true, 1.5, 7.00, 'a text of more than twelve bytes', '2000-01-03', '00000000-0000-0000-0000-000000000001'),"
      "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (-3, -4, false, -0.5, -9223372036854775808, '', '1999-12-31', NULL)");
  int calls = 0;
  auto subscription = db.subscribe("t", [&](const Change& change) {
    ++calls;
    const std::size_t n = change.size();
    std::vector<std::int64_t> weights(n), integers(n);
    std::vector<double> numbers(n);
    std::vector<std::string_view> texts(n);
    std::vector<std::uint8_t> nulls(n, 7);
    change.weights(weights.data());
    for (const std::size_t c : {0, 1, 2, 4, 6}) {
      change.integers(c, integers.data(), nulls.data());
      for (std::size_t i = 0; i < n; ++i) {
        const Value& v = change[i][c];
        EXPECT_EQ(nulls[i], v.is_null());
        EXPECT_EQ(integers[i], v.type() == TypeId::kNumeric ? std::stoll(v.to_string()) : v.integer()) << c;
        EXPECT_EQ(weights[i], change[i].weight());
      }
    }
    change.numbers(3, numbers.data(), nulls.data());
    change.texts(5, texts.data());
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(numbers[i], change[i][3].is_null() ? 0 : change[i][3].number());
      EXPECT_EQ(texts[i], change[i][5].to_string());
    }
    EXPECT_THROW(change.integers(7, integers.data()), Failure);
    EXPECT_THROW(change.integers(3, integers.data()), Failure);
    EXPECT_THROW(change.integers(8, integers.data()), Failure);
    EXPECT_THROW(change.numbers(1, numbers.data()), Failure);
    EXPECT_THROW(change.texts(4, texts.data()), Failure);
  }, inline_delivery()).value();
  EXPECT_EQ(calls, 1);
  db.execute("UPDATE t SET i = 11, n = 9223372036854775807 WHERE id = 1").value();
  EXPECT_EQ(calls, 2);
}

TEST(Subscription, ANumericThatIsNoIntegerIsNotReadAsOne) {
  for (const char* number : {"1.5", "9223372036854775808", "-9223372036854775809", "'NaN'", "1e40", "0.01"}) {
    Database db = memory("CREATE TABLE t (n NUMERIC)");
    db.execute(std::string("INSERT INTO t VALUES (") + number + ")").value();
    ErrorCode code = ErrorCode::kInternal;
    auto subscription = db.subscribe("t", [&](const Change& change) {
      std::int64_t out;
      try { change.integers(0, &out); } catch (const Failure& failure) { code = failure.error().code; }
    }, inline_delivery()).value();
    EXPECT_EQ(code, ErrorCode::kEvaluation) << number;
  }
}

TEST(Subscription, ManyWritersAndSubscribersAgree) {
  Database db = memory(kWatched);
  struct Mirror {
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> rows;
    std::uint64_t last = 0;
    bool in_order = true;
  };
  std::vector<std::unique_ptr<Mirror>> mirrors;
  std::vector<Subscription> subscriptions;
  std::mutex mutex;
  SubscribeOptions small;
  small.queue_changes_max = 2;
  const auto subscribe = [&] {
    auto mirror = std::make_unique<Mirror>();
    Mirror* m = mirror.get();
    auto subscription = db.subscribe("s", [m](const Change& change) {
      m->in_order = m->in_order && (change.is_snapshot() ? m->rows.empty() : change.sequence() > m->last);
      m->last = change.sequence();
      for (const ChangedRow& row : change) {
        auto& weight = m->rows[{row[0].integer(), row[1].integer()}];
        if ((weight += row.weight()) == 0) m->rows.erase({row[0].integer(), row[1].integer()});
      }
    }, small).value();
    const std::lock_guard lock(mutex);
    mirrors.push_back(std::move(mirror));
    subscriptions.push_back(std::move(subscription));
  };
  std::vector<std::thread> threads;
  for (int w = 0; w < 3; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < 100; ++i) {
        db.execute("INSERT INTO t VALUES (" + std::to_string(w * 1000 + i) + ", " + std::to_string(i % 4) + ", 1)").value();
        if (i % 25 == 0) subscribe();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  subscriptions.front().wait();
  for (const auto& mirror : mirrors) {
    EXPECT_TRUE(mirror->in_order);
    Texts rows;
    for (const auto& [row, weight] : mirror->rows) {
      EXPECT_EQ(weight, 1);
      rows.push_back(std::to_string(row.first) + "|" + std::to_string(row.second));
    }
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, text(db.read("s").value()));
  }
}

TEST(Subscription, CallbacksMayUseTheDatabase) {
  Database db = memory(std::string(kWatched) + "; CREATE TABLE seen (n BIGINT)");
  SubscribeOptions one;
  one.queue_changes_max = 1;
  std::atomic<int> calls{0};
  auto subscription = db.subscribe("s", [&](const Change& change) {
    ++calls;
    Transaction batch = db.begin();
    batch.insert("seen", {static_cast<std::int64_t>(change.size())}).value();
    batch.commit().value();
    (void)db.query("SELECT COUNT(*) FROM s x JOIN s y ON x.g = y.g").value();
  }, one).value();
  for (int i = 0; i < 50; ++i) db.execute("INSERT INTO t VALUES (" + std::to_string(i) + ", 1, 1)").value();
  subscription.wait();
  EXPECT_EQ(calls, 51);
  EXPECT_EQ(db.read("seen").value().rows(), 51u);
}

TEST(Subscription, EndsFromWithinAndFromElsewhere) {
  Database db = memory(kWatched);
  int calls = 0;
  Subscription self;
  std::atomic<bool> ready{false};
  self = db.subscribe("s", [&](const Change&) {
    while (!ready) std::this_thread::yield();
    if (++calls == 2) self.end();
  }).value();
  ready = true;
  for (int i = 0; i < 10; ++i) db.execute("INSERT INTO t VALUES (" + std::to_string(i) + ", 1, 1)").value();
  auto last = db.subscribe("s", [](const Change&) {}).value();
  last.wait();
  EXPECT_EQ(calls, 2);
  int inline_calls = 0;
  Subscription direct;
  direct = db.subscribe("s", [&](const Change&) {
    if (++inline_calls == 3) direct.end();
  }, inline_delivery()).value();
  for (int i = 10; i < 20; ++i) db.execute("INSERT INTO t VALUES (" + std::to_string(i) + ", 1, 1)").value();
  EXPECT_EQ(inline_calls, 3);
  for (int round = 0; round < 50; ++round) {
    std::atomic<bool> alive{true};
    auto subscription = db.subscribe("s", [&](const Change&) { ASSERT_TRUE(alive); }).value();
    std::thread writer([&] { db.execute("UPDATE t SET v = v + 1").value(); });
    subscription.end();
    alive = false;
    writer.join();
  }
}

TEST(Subscription, OneThatThrowsHurtsNobody) {
  Database db = memory(kWatched);
  auto bad = db.subscribe("s", [](const Change&) { throw 1; }, inline_delivery()).value();
  auto worse = db.subscribe("s", [](const Change&) { throw std::runtime_error("x"); }).value();
  int calls = 0;
  auto good = db.subscribe("s", [&](const Change&) { ++calls; }).value();
  db.execute("INSERT INTO t VALUES (1, 1, 1)").value();
  good.wait();
  EXPECT_EQ(calls, 2);
}

TEST(Subscription, KeepsTheDatabaseAliveAndEndsWithIt) {
  Subscription subscription;
  std::atomic<int> calls{0};
  {
    Database db = memory(kWatched);
    subscription = db.subscribe("t", [&](const Change&) { ++calls; }).value();
    db.execute("INSERT INTO t VALUES (1, 1, 1)").value();
  }
  subscription.wait();
  EXPECT_EQ(calls, 2) << "a subscription may be to a table";
  subscription.end();
  Database db = memory(kWatched);
  subscription = db.subscribe("s", [&](const Change&) { ++calls; }).value();
  db.close().value();
  subscription.wait();
  EXPECT_FALSE(db.subscribe("s", [](const Change&) {}).ok());
}

TEST(Subscription, AReplacedViewGivesTheDifference) {
  Database db = memory(kWatched);
  db.execute("INSERT INTO t VALUES (1, 1, 10), (2, 2, 20)").value();
  std::vector<Texts> got;
  auto subscription = db.subscribe("s", [&](const Change& change) { got.push_back(text(change)); }).value();
  db.execute("CREATE OR REPLACE VIEW s AS SELECT g, SUM(v) AS s FROM t WHERE v > 10 GROUP BY g").value();
  db.execute("INSERT INTO t VALUES (3, 2, 11)").value();
  subscription.wait();
  EXPECT_EQ(got, (std::vector<Texts>{{"+1|1|10", "+1|2|20"}, {"-1|1|10"}, {"+1|2|31", "-1|2|20"}}));
}

}  // namespace
}  // namespace weir
