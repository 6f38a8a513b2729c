// Would catch: a unit that is handed out twice, or never; an admission above the budget, or not covered by the file; a refund or a refill that counts twice; a lowered budget that
// is not obeyed; usage that does not reach the views; leases that a clean close loses, or a crash gives out again; keys that forget what they had; an old epoch that goes on;
// a gate and a callback that wait for each other.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <iostream>
#include <latch>
#include <limits>
#include <random>
#include <thread>

#include "tests/views/open.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

constexpr char kLimits[] = "CREATE TABLE limits (k BIGINT PRIMARY KEY, units BIGINT NOT NULL)";
constexpr auto kRarely = milliseconds(60'000);  // no refresh in between, unless it is asked for

Database with_limits(std::initializer_list<std::pair<int, std::int64_t>> limits) {
  Database db = memory(kLimits);
  for (const auto& [key, units] : limits) db.execute("INSERT INTO limits VALUES (" + std::to_string(key) + ", " + std::to_string(units) + ")").value();
  return db;
}

std::vector<std::string> usage_of(const Database& db, const std::string& gate = "api") {
  return text(db.query("SELECT k, admitted, leased, forfeited FROM " + gate + "_usage").value());
}

TEST(Gate, HandsOutTheBudgetAndNoMore) {
  for (const std::int64_t exposure : {0, 1, 7, 1'000'000}) {
    Database db = with_limits({{1, 100}, {2, 0}});
    const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = exposure}).value();
    int admitted = 0;
    for (int i = 0; i < 1000; ++i) admitted += static_cast<bool>(gate.try_acquire({1}));
    EXPECT_EQ(admitted, 100) << exposure;
    EXPECT_EQ(gate.try_acquire({1}).answer(), Admission::Answer::kExhausted);
    EXPECT_EQ(gate.try_acquire({2}).answer(), Admission::Answer::kExhausted);
    EXPECT_EQ(gate.try_acquire({3}).answer(), Admission::Answer::kExhausted) << "there is no such key";
    gate.flush().value();
    EXPECT_EQ(usage_of(db), Texts{"1|100|0|0"}) << exposure;
    EXPECT_EQ(gate.stats().exposure, 0);
  }
}

TEST(Gate, AllOrNone) {
  Database db = with_limits({{1, 10}});
  const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 100, .stripes = 4}).value();
  EXPECT_FALSE(gate.try_acquire({1}, 11));
  EXPECT_TRUE(gate.try_acquire({1}, 4));
  EXPECT_FALSE(gate.try_acquire({1}, 7));
  EXPECT_TRUE(gate.try_acquire({1}, 6));
  EXPECT_FALSE(gate.try_acquire({1}, 1));
  EXPECT_TRUE(gate.try_acquire({1}, 0));
  EXPECT_EQ(gate.try_acquire({1}, -1).answer(), Admission::Answer::kInvalid);
  EXPECT_EQ(gate.try_acquire({"1"}).answer(), Admission::Answer::kInvalid);
  EXPECT_EQ(gate.try_acquire({1, 2}).answer(), Admission::Answer::kInvalid);
  EXPECT_EQ(gate.try_acquire({nullptr}).answer(), Admission::Answer::kInvalid);
}

TEST(Gate, LargeAmountsAreExact) {
  constexpr std::int64_t kMany = std::int64_t{1} << 60;
  Database db = with_limits({{1, kMany}});
  const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = kMany}).value();
  EXPECT_TRUE(gate.try_acquire({1}, kMany - 10));
  int admitted = 0;
  for (int i = 0; i < 20; ++i) admitted += static_cast<bool>(gate.try_acquire({1}));
  EXPECT_EQ(admitted, 10);
  gate.refund({1}, kMany - 10).value();
  EXPECT_FALSE(gate.try_acquire({1}, kMany - 9));
  EXPECT_TRUE(gate.try_acquire({1}, kMany - 10));
}

// Exactly N of 10 N contenders.
TEST(Gate, ExactlyNOfTenNContenders) {
  for (const unsigned threads : {1U, 2U, 4U, 16U}) {
    for (const auto& [n, exposure] : {std::pair<std::int64_t, std::int64_t>{1, 1000}, {10, 0}, {1000, 50}, {20'000, 100'000}, {2'000, 0}}) {
      Database db = with_limits({{1, n}});
      const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = exposure, .refresh = milliseconds(1), .stripes = 4}).value();
      std::atomic<std::int64_t> admitted{0};
      std::latch start(threads);
      std::vector<std::thread> all;
      for (unsigned t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
          const GateKey key = gate.key({1}).value();
          start.arrive_and_wait();
          std::int64_t mine = 0;
          for (std::int64_t i = t; i < 10 * n; i += threads) mine += static_cast<bool>(key.try_acquire());
          admitted += mine;
        });
      }
      for (std::thread& thread : all) thread.join();
      ASSERT_EQ(admitted, n) << threads << " threads, exposure " << exposure;
      gate.flush().value();
      ASSERT_EQ(text(db.query("SELECT admitted, forfeited FROM api_usage").value()), Texts{std::to_string(n) + "|0"});
    }
  }
}

// A million operations and more: many threads, keys, amounts, refunds and refills. What was admitted less what came back is what the table says, and never above the budget.
TEST(Gate, AcquireRefundAndRefillUnderStress) {
  constexpr int kKeys = 8, kThreads = 8;
  constexpr std::int64_t kOperations = 150'000;
  Database db = memory(kLimits);
  for (int k = 0; k < kKeys; ++k) db.execute("INSERT INTO limits VALUES (" + std::to_string(k) + ", " + std::to_string(k * 1000) + ")").value();
  const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 5000, .refresh = milliseconds(1), .stripes = 2}).value();
  db.execute("CREATE VIEW total AS SELECT COUNT(*) AS keys, SUM(admitted) AS admitted FROM api_usage").value();
  std::array<std::atomic<std::int64_t>, kKeys> net{}, budget{};
  for (int k = 0; k < kKeys; ++k) budget[k] = k * 1000;
  std::atomic<bool> over{false};
  std::vector<std::thread> all;
  for (int t = 0; t < kThreads; ++t) {
    all.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::array<std::int64_t, kKeys> held{};
      for (std::int64_t i = 0; i < kOperations; ++i) {
        const int k = static_cast<int>(random() % kKeys);
        const std::int64_t n = 1 + random() % 3;
        if (random() % 8 == 0 && held[k] >= n) {
          net[k] -= n;  // before it can be handed out again
          gate.refund({k}, n).value();
          held[k] -= n;
        } else if (t == 0 && random() % 4096 == 0) {
          budget[k] += 100;
          gate.refill({k}, 100).value();
        } else if (gate.try_acquire({k}, n)) {
          held[k] += n;
          if (net[k] += n; net[k] > budget[k]) over = true;
        }
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_FALSE(over);
  gate.flush().value();
  std::int64_t sum = 0;
  Texts expected;
  for (int k = 0; k < kKeys; ++k) {
    const Gate::Usage usage = gate.usage({k}).value();
    EXPECT_EQ(usage.admitted, net[k]);
    EXPECT_LE(usage.admitted + usage.leased, usage.budget);
    EXPECT_EQ(usage.budget, budget[k]);
    sum += net[k];
  }
  EXPECT_EQ(text(db.query("SELECT admitted FROM total").value()), Texts{std::to_string(sum)});
  EXPECT_LE(gate.stats().exposure, 5000);
}

TEST(Gate, UsageIsOneDeltaAKeyAndViewsOverItAreLive) {
  Database db = with_limits({{1, 1'000'000}, {2, 1'000'000}});
  const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 1'000'000, .refresh = kRarely}).value();
  db.execute("CREATE VIEW left_over AS SELECT l.k, l.units - u.admitted AS units FROM limits l JOIN api_usage u ON u.k = l.k").value();
  std::vector<Texts> changes;
  const Subscription watch = db.subscribe("left_over", [&](const Change& change) { changes.push_back(text(change)); }, {SubscribeOptions::Delivery::kInline}).value();
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(gate.try_acquire({1 + i % 2}));
  gate.flush().value();
  const std::uint64_t before = db.sequence(), transactions = gate.stats().transactions;
  changes.clear();
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(gate.try_acquire({1 + i % 2}));
  gate.flush().value();
  EXPECT_EQ(text(db.query("SELECT * FROM left_over").value()), (Texts{"1|985000", "2|985000"}));
  EXPECT_LE(db.sequence() - before, 3U) << "10,000 operations";
  EXPECT_EQ(gate.stats().transactions - transactions, db.sequence() - before);
  for (const Texts& change : changes) EXPECT_LE(change.size(), 4U) << "each of the two keys once";
  gate.flush().value();
  EXPECT_EQ(gate.stats().transactions - transactions, db.sequence() - before) << "nothing was handed out: nothing is written";
}

TEST(Gate, TheBudgetMayBeAViewAndMoves) {
  Database db = memory("CREATE TABLE orders (id BIGINT PRIMARY KEY, shop TEXT NOT NULL, kind INT NOT NULL, pays INT NOT NULL);"
                       "CREATE VIEW paid AS SELECT shop, kind, SUM(pays) AS units FROM orders GROUP BY shop, kind");
  const Gate gate = db.create_gate("api", {.budget = "paid", .max_exposure = 100}).value();
  EXPECT_FALSE(gate.try_acquire({"a", 1}));
  db.execute("INSERT INTO orders VALUES (1, 'a', 1, 3), (2, 'a', 1, 2), (3, 'it''s', 2, 1)").value();
  EXPECT_TRUE(gate.try_acquire({"a", 1}, 4));
  EXPECT_TRUE(gate.try_acquire({"it's", 2}));
  EXPECT_FALSE(gate.try_acquire({"it's", 1}));
  EXPECT_FALSE(gate.try_acquire({"a", 1}, 2));
  db.execute("UPDATE orders SET pays = 10 WHERE id = 2").value();
  EXPECT_TRUE(gate.try_acquire({"a", 1}, 9));
  EXPECT_FALSE(gate.try_acquire({"a", 1}));
  db.execute("DELETE FROM orders WHERE id = 1").value();
  EXPECT_FALSE(gate.try_acquire({"a", 1}));
  db.execute("INSERT INTO orders VALUES (4, 'a', 1, 4)").value();
  EXPECT_TRUE(gate.try_acquire({"a", 1}));
  EXPECT_FALSE(gate.try_acquire({"a", 1}));
  EXPECT_FALSE(gate.refill({"a", 1}, 1).ok()) << "it is a view";
}

TEST(Gate, ALoweredBudgetTakesBackWhatIsLeased) {
  Database db = with_limits({{1, 1000}});
  const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 1000, .refresh = kRarely}).value();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(gate.try_acquire({1}));
  ASSERT_GT(gate.usage({1}).value().leased, 20);
  db.execute("UPDATE limits SET units = 105").value();
  int admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += static_cast<bool>(gate.try_acquire({1}));
  EXPECT_EQ(admitted, 5);
  db.execute("UPDATE limits SET units = 50").value();
  EXPECT_FALSE(gate.try_acquire({1}));
  db.execute("UPDATE limits SET units = 107").value();
  admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += static_cast<bool>(gate.try_acquire({1}));
  EXPECT_EQ(admitted, 2);
  db.execute("DELETE FROM limits").value();
  EXPECT_FALSE(gate.try_acquire({1}));
}

TEST(Gate, RefundsComeBackAndNoMoreThanWasTaken) {
  for (const std::int64_t exposure : {0, 3, 1000}) {
    Database db = with_limits({{1, 10}});
    const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = exposure, .refresh = kRarely}).value();
    EXPECT_FALSE(gate.refund({1}, 1).ok());
    ASSERT_TRUE(gate.try_acquire({1}, 10));
    gate.refund({1}, 4).value();
    EXPECT_FALSE(gate.refund({1}, 7).ok());
    EXPECT_FALSE(gate.refund({1}, -1).ok());
    EXPECT_EQ(gate.usage({1}).value().admitted, 6);
    EXPECT_LE(gate.stats().exposure, exposure);
    EXPECT_FALSE(gate.try_acquire({1}, 5));
    EXPECT_TRUE(gate.try_acquire({1}, 4));
    EXPECT_FALSE(gate.try_acquire({1}));
    gate.flush().value();
    EXPECT_EQ(usage_of(db), Texts{"1|10|0|0"});
  }
}

TEST(Gate, WaitsForWhatComesBack) {
  Database db = with_limits({{1, 1}});
  const Gate gate = db.create_gate("api", {.budget = "limits", .refresh = kRarely}).value();
  ASSERT_TRUE(gate.try_acquire({1}));
  EXPECT_EQ(gate.try_acquire_for({1}, 1, milliseconds(5)).answer(), Admission::Answer::kExhausted);
  const auto meanwhile = [&](auto&& action) {
    std::thread other([&] {
      std::this_thread::sleep_for(milliseconds(20));
      action();
    });
    const bool admitted = static_cast<bool>(gate.try_acquire_for({1}, 1, milliseconds(20'000)));
    other.join();
    return admitted;
  };
  EXPECT_TRUE(meanwhile([&] { gate.refund({1}, 1).value(); }));
  EXPECT_TRUE(meanwhile([&] { gate.refill({1}, 1).value(); }));
  EXPECT_TRUE(meanwhile([&] { db.execute("UPDATE limits SET units = units + 1").value(); }));
  EXPECT_FALSE(meanwhile([&] { (void)db.close().ok(); }));
}

TEST(Gate, RefillsAreDoneOnce) {
  Database db = with_limits({{1, 0}});
  const Gate gate = db.create_gate("api", {.budget = "limits"}).value();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gate.refill({1}, 5, {.origin = Origin{"billing", 1, 1}}).value().replayed, i > 0);
  EXPECT_EQ(gate.usage({1}).value().budget, 5);
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&] { for (int i = 0; i < 50; ++i) gate.refill({1}, 1).value(); });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(gate.usage({1}).value().budget, 205);
  EXPECT_FALSE(gate.refill({9}, 1).ok()) << "no such row";
}

TEST(Gate, ACleanCloseGivesBackWhatIsLeased) {
  const Folder folder;
  for (const Mode mode : {Mode::kFull, Mode::kPipelined}) {
    const std::string file = folder.file(mode == Mode::kFull ? "full" : "piped");
    int admitted = 0;
    for (int round = 0; round < 4; ++round) {
      Database db = Database::open(file, {.mode = mode}).value();
      if (round == 0) db.execute(std::string(kLimits) + "; INSERT INTO limits VALUES (1, 1000)").value();
      const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 500, .refresh = kRarely}).value();
      EXPECT_EQ(gate.stats().forfeited_at_open, 0);
      EXPECT_EQ(gate.stats().epoch, static_cast<std::uint64_t>(round) + 1);
      for (int i = 0; i < 260 && gate.try_acquire({1}); ++i) ++admitted;
      const GateKey key = gate.key({1}).value();
      if (round < 3) { EXPECT_GT(gate.stats().exposure, 0); }
      if (round % 2) db.close().value();  // or all handles go
      if (round % 2) {
        EXPECT_EQ(key.try_acquire().answer(), Admission::Answer::kUnavailable);
        EXPECT_FALSE(gate.status().ok());
        EXPECT_FALSE(gate.refund({1}, 1).ok());
      }
    }
    EXPECT_EQ(admitted, 1000);
    Database db = Database::open(file).value();
    EXPECT_EQ(usage_of(db), Texts{"1|1000|0|0"});
  }
}

TEST(Gate, NobodyElseChangesWhatItStandsOn) {
  Database db = with_limits({{1, 10}});
  const Gate gate = db.create_gate("api", {.budget = "limits"}).value();
  ASSERT_TRUE(gate.try_acquire({1}));
  gate.flush().value();
  for (const char* sql : {"DELETE FROM api_usage", "UPDATE api_usage SET admitted = 0", "INSERT INTO api_usage VALUES (2, 0, 0, 0)", "TRUNCATE api_usage"}) {
    const auto done = db.execute(sql);
    ASSERT_FALSE(done.ok()) << sql;
    EXPECT_NE(done.error().message.find("is kept by gate \"api\""), std::string::npos) << done.error().message;
  }
  for (const char* sql : {"DROP TABLE limits", "DROP TABLE limits CASCADE", "DROP TABLE api_usage CASCADE", "ALTER TABLE limits RENAME TO other", "ALTER TABLE api_usage ADD COLUMN x INT"}) {
    const auto done = db.execute(sql);
    ASSERT_FALSE(done.ok()) << sql;
    EXPECT_NE(done.error().message.find("gate \"api\" stands on"), std::string::npos) << done.error().message;
  }
  EXPECT_TRUE(gate.try_acquire({1}, 9));
  EXPECT_FALSE(gate.try_acquire({1}));
}

TEST(Gate, IsRefusedWithAReason) {
  Database db = memory(std::string(kLimits) + "; CREATE TABLE heap (k BIGINT, units BIGINT); CREATE TABLE two (k BIGINT PRIMARY KEY, a INT, b INT);"
                       "CREATE TABLE floats (k DOUBLE PRECISION PRIMARY KEY, units INT); CREATE VIEW loose AS SELECT units FROM limits; CREATE TABLE taken_usage (x INT);"
                       "CREATE VIEW sleepy WITH (lazy) AS SELECT k, units FROM limits");
  const auto why = [&](const std::string& name, const GateOptions& options) { return db.create_gate(name, options).error().message; };
  EXPECT_EQ(why("g", {.budget = "limit"}), "relation \"limit\" does not exist");
  EXPECT_EQ(why("g", {.budget = "heap"}), "gate \"g\": table \"heap\" has no primary key");
  EXPECT_EQ(why("g", {.budget = "loose"}), "gate \"g\": view \"loose\" has no key: GROUP BY gives it one, or the key of a table in its columns");
  EXPECT_EQ(why("g", {.budget = "sleepy"}), "gate \"g\": view \"sleepy\" is lazy: a budget has to be kept");
  EXPECT_EQ(why("g", {.budget = "floats"}), "gate \"g\": column \"k\" of the key is neither an integer nor a text");
  EXPECT_EQ(why("g", {.budget = "two"}), "gate \"g\": table \"two\" has several integers beside its key: say which column is the budget");
  EXPECT_EQ(why("g", {.budget = "two", .column = "c"}), "gate \"g\": table \"two\" has no column \"c\"");
  EXPECT_EQ(why("g", {.budget = "two", .column = "k"}), "gate \"g\": column \"k\" is in the key, or no integer");
  EXPECT_EQ(why("", {.budget = "limits"}), "gate \"\": it needs a name");
  EXPECT_EQ(why("g", {}), "gate \"g\": it needs a budget: a table, a view, or units");
  EXPECT_EQ(why("g", {.budget = "limits", .units = 5}), "gate \"g\": its budget is a table or view, or so many units a key, not both");
  EXPECT_EQ(why("g", {.units = 5}), "gate \"g\": units a key, and no key");
  EXPECT_EQ(why("g", {.units = 5, .key = {{"k", TypeId::kDate}}}), "gate \"g\": column \"k\" of the key is neither an integer nor a text");
  EXPECT_EQ(why("g", {.units = 5, .key = {{"used", TypeId::kText}}}), "gate \"g\": column \"used\" of the key: it needs a name of its own");
  EXPECT_EQ(why("g", {.budget = "limits", .key = {{"k", TypeId::kText}}}), "gate \"g\": the key is that of \"limits\"");
  EXPECT_EQ(why("g", {.budget = "limits", .max_exposure = -1}), "gate \"g\": max_exposure is 0 or more");
  EXPECT_EQ(why("g", {.budget = "limits", .window = {GateWindow::Kind::kSliding, milliseconds(15)}}), "gate \"g\": the period of its window is 16 ms or more");
  EXPECT_EQ(why("g", {.budget = "limits", .window = {GateWindow::Kind::kNone, milliseconds(15)}}), "gate \"g\": a period without a window");
  EXPECT_EQ(why("taken", {.budget = "limits"}), "gate \"taken\": \"taken_usage\" is there, and is not what a gate like this keeps");
  EXPECT_EQ(db.gate("g").error().message, "gate \"g\" does not exist");
  ASSERT_TRUE(db.create_gate("g", {.budget = "two", .column = "b"}).ok());
  EXPECT_TRUE(db.create_gate("g", {.budget = "two", .column = "b"}).ok()) << "alike: the same";
  EXPECT_EQ(why("g", {.budget = "two", .column = "a"}), "gate \"g\" already exists, and is defined otherwise");
  EXPECT_EQ(db.gate("g").value().name(), "g");
  EXPECT_FALSE(db.execute("ALTER TABLE two DROP COLUMN b").ok());
}

TEST(Gate, IsDeclaredInADocument) {
  Database db = memory();
  const std::string document = R"({
    "gates": {"api": {"budget": "limits", "column": "units", "max_exposure": 7, "refresh_ms": 50, "stripes": 3, "window": {"kind": "sliding", "period_ms": 1600}},
              "all": {"budget": "limits", "description": "of all time"}},
    "tables": {"limits": {"columns": {"k": "BIGINT", "units": "BIGINT NOT NULL"}, "primary_key": ["k"]}}})";
  for (int i = 0; i < 2; ++i) db.define(document).value();
  db.execute("INSERT INTO limits VALUES (1, 3)").value();
  EXPECT_TRUE(db.gate("all").value().try_acquire({1}, 3));
  EXPECT_FALSE(db.gate("all").value().try_acquire({1}));
  EXPECT_TRUE(db.gate("api").value().try_acquire({1}, 2));
  EXPECT_TRUE(db.create_gate("api", {.budget = "limits", .column = "units", .window = {GateWindow::Kind::kSliding, milliseconds(1600)}, .max_exposure = 7,
                                     .refresh = milliseconds(50), .stripes = 3}).ok()) << "the same";
  const auto refused = [&](const std::string& gate) {
    const auto defined = db.define(R"({"gates": {"g": )" + gate + "}}");
    return defined.ok() ? "" : defined.error().place + ": " + defined.error().message;
  };
  EXPECT_EQ(refused("{}"), "/gates/g: a gate needs a \"budget\", a table or a view, or the \"units\" that each key has");
  EXPECT_EQ(refused(R"({"budget": "nothing"})"), "/gates/g: relation \"nothing\" does not exist");
  EXPECT_EQ(refused(R"({"budget": "limits", "windows": {}})"), "/gates/g/windows: unknown field \"windows\"");
  EXPECT_EQ(refused(R"({"budget": "limits", "window": {"kind": "open", "period_ms": 5}})"), "/gates/g/window/kind: there is no window of kind \"open\"");
  EXPECT_EQ(refused(R"({"budget": "limits", "window": {"kind": "fixed"}})"), "/gates/g/window: a window needs a \"kind\" and a \"period_ms\" or \"period_us\"");
  EXPECT_EQ(refused(R"({"units": 5})"), "/gates/g: \"units\" and \"key\" go together");
  EXPECT_EQ(refused(R"({"units": 5, "key": {"k": "DATE"}})"), "/gates/g/key/k: the key of a gate can't have a column of type \"DATE\"");
  EXPECT_EQ(refused(R"({"budget": "limits", "max_exposure": -1})"), "/gates/g/max_exposure: expected an integer of 0 to 1152921504606846976");
}

TEST(Gate, AConstantIsTheBudgetOfEveryKey) {
  Database db = memory();
  const Gate gate = db.create_gate("logins", {.units = 3, .key = {{"address", TypeId::kText}, {"port", TypeId::kInteger}}}).value();
  db.execute("CREATE VIEW busy AS SELECT address, SUM(admitted) AS n FROM logins_usage GROUP BY address").value();
  for (const char* address : {"10.0.0.1", "10.0.0.2"}) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(static_cast<bool>(gate.try_acquire({address, 22})), i < 3) << address;
  }
  EXPECT_TRUE(gate.try_acquire({"10.0.0.1", 80}, 3));
  EXPECT_EQ(gate.try_acquire({"10.0.0.1"}).answer(), Admission::Answer::kInvalid);
  EXPECT_EQ(gate.key({1, 2}).error().message, "gate \"logins\": a key is (address, port), as integers and texts");
  gate.refund({"10.0.0.2", 22}, 1).value();
  EXPECT_TRUE(gate.try_acquire({"10.0.0.2", 22}));
  EXPECT_EQ(gate.refill({"10.0.0.2", 22}, 1).error().message, "gate \"logins\" has 3 units a key: there is no table to refill");
  EXPECT_EQ(gate.usage({"10.0.0.9", 1}).value().budget, 3);
  gate.flush().value();
  EXPECT_EQ(text(db.query("SELECT * FROM busy").value()), (Texts{"10.0.0.1|6", "10.0.0.2|3"}));
}

TEST(Gate, IsInTheFile) {
  const Folder folder;
  for (const Mode mode : {Mode::kFull, Mode::kPipelined}) {
    const std::string file = folder.file(mode == Mode::kFull ? "full" : "pipelined");
    {
      Database db = Database::open(file, {.threads = 1, .mode = mode}).value();
      db.execute(std::string(kLimits) + "; INSERT INTO limits VALUES (1, 10)").value();
      EXPECT_TRUE(db.create_gate("api", {.budget = "limits", .column = "units", .max_exposure = 5, .refresh = milliseconds(50), .stripes = 2}).value().try_acquire({1}, 4));
      EXPECT_TRUE(db.create_gate("logins", {.units = 3, .key = {{"who \"it\" is", TypeId::kText}, {"n", TypeId::kSmallint}},
                                            .window = {GateWindow::Kind::kTokenBucket, std::chrono::microseconds(3'600'000'001)}}).value().try_acquire({"x", 1}, 2));
      db.create_gate("gone", {.budget = "limits", .max_exposure = std::numeric_limits<std::int64_t>::max()}).value();
      db.drop_gate("gone").value();
      EXPECT_FALSE(db.drop_gate("gone").ok());
      EXPECT_EQ(db.gate("gone").error().message, "gate \"gone\" does not exist");
      EXPECT_TRUE(db.execute("DROP TABLE gone_usage").ok());
      db.close().value();
    }
    Database db = Database::open(file, {.threads = 1, .mode = mode}).value();
    EXPECT_TRUE(db.execute("CREATE TABLE other (x INT)").ok()) << "nothing is opened that nobody asks for";
    const Gate gate = db.gate("api").value();
    EXPECT_TRUE(gate.try_acquire({1}, 6));
    EXPECT_FALSE(gate.try_acquire({1}));
    EXPECT_EQ(gate.stats().epoch, 2U);
    EXPECT_TRUE(db.create_gate("api", {.budget = "limits", .column = "units", .max_exposure = 5, .refresh = milliseconds(50), .stripes = 2}).ok()) << "alike";
    const Gate logins = db.gate("logins").value();
    EXPECT_TRUE(logins.try_acquire({"x", 1}));
    EXPECT_FALSE(logins.try_acquire({"x", 1}));
    EXPECT_TRUE(logins.try_acquire({"y", 1}, 3));
    EXPECT_EQ(db.gate("apis").error().hint, "did you mean \"api\"?");
    EXPECT_FALSE(db.gate("gone").ok());
    EXPECT_TRUE(db.verify().value().ok());
  }
}

TEST(Gate, MoreStripesThanThereAreIsTheMost) {
  const Folder folder;
  const GateOptions options = {.budget = "limits", .stripes = 20};
  {
    Database db = Database::open(folder.file(), {.threads = 1}).value();
    db.execute(kLimits).value();
    db.create_gate("api", options).value();
    EXPECT_TRUE(db.create_gate("api", options).ok());
  }
  Database db = Database::open(folder.file(), {.threads = 1}).value();
  db.gate("api").value();
  const auto again = db.create_gate("api", options);
  EXPECT_TRUE(again.ok()) << again.error().message;
}

// Made while the queue of a subscriber is full whose callback asks for a gate.
TEST(Gate, IsMadeBesideACallbackThatAsksForOne) {
  Database db = with_limits({});
  std::promise<void> full;
  const Subscription watch = db.subscribe("limits", [&](const Change& change) {
    if (change.is_snapshot()) return;
    full.set_value();
    std::this_thread::sleep_for(milliseconds(100));  // meanwhile it is being made
    EXPECT_FALSE(db.gate("none").ok());
  }, {.queue_changes_max = 1}).value();
  db.execute("INSERT INTO limits VALUES (1, 10)").value();
  full.get_future().wait();
  auto made = std::async(std::launch::async, [&] { return db.create_gate("api", {.budget = "limits"}).ok(); });
  if (made.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
    std::cerr << "each waits for the other\n";
    std::abort();
  }
  EXPECT_TRUE(made.get());
}

TEST(Gate, IdleKeysLeaveAndComeBackAsTheyWere) {
  constexpr int kKeys = 500;
  Database db = memory(kLimits);
  for (int k = 0; k < kKeys; ++k) db.execute("INSERT INTO limits VALUES (" + std::to_string(k) + ", 100)").value();
  const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 10'000, .refresh = kRarely}).value();
  for (int k = 0; k < kKeys; ++k) ASSERT_TRUE(gate.try_acquire({k}, k % 100 + 1));
  const GateKey held = gate.key({7}).value();
  EXPECT_EQ(gate.stats().keys, static_cast<std::uint64_t>(kKeys));
  for (int i = 0; i < 200; ++i) gate.flush().value();
  EXPECT_EQ(gate.stats().keys, 1U) << "the one with a handle";
  EXPECT_EQ(gate.stats().exposure, 0);
  db.execute("UPDATE limits SET units = 110").value();
  for (int k = 0; k < kKeys; ++k) {
    EXPECT_FALSE(gate.try_acquire({k}, 110 - k % 100));
    EXPECT_TRUE(gate.try_acquire({k}, 109 - k % 100)) << k;
  }
  EXPECT_FALSE(held.try_acquire());
}

TEST(Gate, ToMakeOneDisturbsNobody) {
  Database db = Database::open(":memory:").value();
  db.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (0, 0), (1, 0)").value();
  std::atomic<bool> stop{false};
  std::atomic<int> refused{0}, done{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      while (!stop) {
        if (!db.execute("UPDATE t SET n = n + 1 WHERE id = " + std::to_string(w)).ok()) ++refused;
        ++done;
      }
    });
  }
  while (done == 0) std::this_thread::yield();
  for (int g = 0; g < 50; ++g) {
    GateOptions options;
    options.units = 10;
    options.key = {{"k", TypeId::kBigint}};
    EXPECT_TRUE(db.create_gate("g" + std::to_string(g), options).ok());
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace weir
