// Would catch: a row that enters or leaves a view with now() too early, too late or not at all, on its own or beside changes of its table; a view that is at another time than
// the one beside it, its subscribers or its file; a clock that goes back, is lost with the program or moves where it was told to stand; now() where it can't be kept.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "open.h"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

OpenOptions manual() {
  OpenOptions options;
  options.threads = 1;
  options.clock = Clock::kManual;
  return options;
}

Database at_noon(std::string_view script) {
  Database db = Database::open(":memory:", manual()).value();
  db.execute("SET weir.clock = '2026-03-01 12:00'").value();
  db.execute(script).value();
  return db;
}

Texts rows(const Database& db, std::string_view view) { return text(db.read(view).value()); }

constexpr char kEvents[] =
    "CREATE TABLE e (id INT PRIMARY KEY, ts TIMESTAMP);"
    "CREATE VIEW recent AS SELECT id FROM e WHERE ts > now() - interval '1 hour' AND ts <= now();"
    "CREATE VIEW n AS SELECT COUNT(*) AS n FROM recent;"
    "INSERT INTO e VALUES (1, '2026-03-01 11:30'), (2, '2026-03-01 10:00'), (3, '2026-03-01 12:15'), (4, NULL)";

TEST(ClockOfViews, RowsEnterAndLeaveAsTimePasses) {
  Database db = at_noon(kEvents);
  EXPECT_EQ(rows(db, "recent"), Texts{"1"});
  db.execute("SET weir.clock = '2026-03-01 12:14:59.999999'").value();
  EXPECT_EQ(rows(db, "recent"), Texts{"1"});
  const std::uint64_t before = db.sequence();
  db.execute("SET weir.clock = '2026-03-01 12:15'").value();
  EXPECT_EQ(db.sequence(), before + 1) << "a step, since a row has entered";
  EXPECT_EQ(rows(db, "recent"), (Texts{"1", "3"}));
  EXPECT_EQ(rows(db, "n"), Texts{"2"});
  db.execute("SET weir.clock = '2026-03-01 12:30'").value();
  EXPECT_EQ(rows(db, "recent"), Texts{"3"}) << "an hour old: no longer less than one";
  db.execute("DELETE FROM e WHERE id = 3; UPDATE e SET ts = '2026-03-01 12:30' WHERE id = 2; DELETE FROM e WHERE id = 1").value();
  EXPECT_EQ(rows(db, "recent"), Texts{"2"});
  db.set_clock(db.time() + hours(10)).value();
  EXPECT_EQ(rows(db, "n"), Texts{"0"});
  EXPECT_TRUE(db.verify().value().ok());
  EXPECT_EQ(text(db.query("SELECT now(), CURRENT_DATE, LOCALTIMESTAMP").value()), Texts{"2026-03-01 22:30:00+00|2026-03-01|2026-03-01 22:30:00"});
}

TEST(ClockOfViews, NeverGoesBackAndEndsSomewhere) {
  Database db = at_noon(kEvents);
  EXPECT_EQ(db.execute("SET weir.clock = '2026-03-01 11:59'").error().message, "the clock cannot go back: it stands at 2026-03-01 12:00:00+00");
  EXPECT_EQ(db.execute("SET weir.clock = '12026-03-01'").error().message, "the clock ends at 9999-12-31 23:59:59.999999+00");
  EXPECT_FALSE(db.execute("SET weir.clock = 'noon-ish'").ok());
  EXPECT_FALSE(db.execute("SET weir.clock = 7").ok());
  EXPECT_EQ(db.execute("SET work_mem = '1GB'").error().message, "SET work_mem is not supported");
  EXPECT_FALSE(db.execute("BEGIN; SET weir.clock = '2026-03-02'; COMMIT").ok()) << "a step is no part of a transaction";
  EXPECT_FALSE(db.set_clock(Database::Time::max()).ok());
  EXPECT_FALSE(db.set_clock(Database::Time::min()).ok());
  EXPECT_EQ(rows(db, "recent"), Texts{"1"});
}

TEST(ClockOfViews, SubscribersHearOfRowsThatTimeMoves) {
  Database db = at_noon(kEvents);
  std::vector<Texts> heard;
  SubscribeOptions inline_;
  inline_.delivery = SubscribeOptions::Delivery::kInline;
  const Subscription watch = db.subscribe("recent", [&](const Change& change) { heard.push_back(text(change)); }, inline_).value();
  db.execute("SET weir.clock = '2026-03-01 12:10'").value();
  EXPECT_EQ(heard.size(), 1u) << "nothing has moved";
  db.execute("SET weir.clock = '2026-03-01 12:45'").value();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[1], (Texts{"+1|3", "-1|1"}));
}

TEST(ClockOfViews, IsInTheFileWithItsViews) {
  Folder folder;
  {
    Database db = Database::open(folder.file(), manual()).value();
    db.execute("SET weir.clock = '2026-03-01 12:00'").value();
    db.execute(kEvents).value();
    db.execute("SET weir.clock = '2026-03-01 12:20'").value();
    EXPECT_EQ(rows(db, "recent"), (Texts{"1", "3"}));
    db.execute("SET weir.clock = '2026-03-01 12:21'").value();
  }
  bool rewritten = false;
  OpenOptions options = manual();
  options.log = [&](const LogEntry& entry) { rewritten = rewritten || entry.event == "view_rewritten"; };
  Database db = Database::open(folder.file(), options).value();
  EXPECT_FALSE(rewritten) << "views are computed at the time that they were of";
  EXPECT_EQ(rows(db, "recent"), (Texts{"1", "3"}));
  EXPECT_EQ(text(db.query("SELECT now()").value()), Texts{"2026-03-01 12:21:00+00"});
  EXPECT_TRUE(db.check().value().ok());
  db.execute("SET weir.clock = '2026-03-01 12:30'").value();
  EXPECT_EQ(rows(db, "recent"), Texts{"3"});
  EXPECT_TRUE(db.check().value().ok());
}

TEST(ClockOfViews, PipelinedStepsBringTheTimeToTheFile) {
  Folder folder;
  OpenOptions options = manual();
  options.mode = Mode::kPipelined;
  {
    Database db = Database::open(folder.file(), options).value();
    db.execute("SET weir.clock = '2026-03-01 12:00'").value();
    db.execute(kEvents).value();
    db.execute("SET weir.clock = '2026-03-01 12:45'").value();
    db.close().value();
  }
  Database db = Database::open(folder.file(), options).value();
  EXPECT_EQ(rows(db, "recent"), Texts{"3"});
  EXPECT_TRUE(db.check().value().ok());
}

TEST(ClockOfViews, TheSystemsClockMovesWithEachCommit) {
  OpenOptions options;
  options.threads = 1;
  Database db = Database::open(":memory:", options).value();
  db.execute("CREATE TABLE e (id INT, ts TIMESTAMPTZ); CREATE VIEW old AS SELECT id FROM e WHERE ts < now() - interval '1 hour'").value();
  db.execute("INSERT INTO e SELECT 1, now() - interval '2 hours'; INSERT INTO e SELECT 2, now()").value();
  EXPECT_EQ(rows(db, "old"), Texts{"1"});
  const auto behind = std::chrono::system_clock::now() - db.time();
  EXPECT_LT(behind, seconds(60));
  EXPECT_GE(behind, seconds(0));
  EXPECT_FALSE(db.set_clock(Database::Time(seconds(0))).ok());
  db.set_clock(db.time() + hours(2)).value();
  EXPECT_EQ(rows(db, "old"), (Texts{"1", "2"}));
  db.follow_system_clock().value();
  EXPECT_EQ(rows(db, "old"), (Texts{"1", "2"})) << "the present is in the past: it waits for it";
}

TEST(ClockOfViews, LazyViewsParametersAndFoldsFollowIt) {
  Database db = at_noon(
      "CREATE TABLE e (id INT PRIMARY KEY, tenant INT, ts TIMESTAMP);"
      "CREATE VIEW asleep WITH (lazy) AS SELECT id FROM e WHERE ts > now() - interval '1 hour';"
      "CREATE VIEW of_tenant AS SELECT id FROM e WHERE tenant = $1 AND ts > now() - interval '1 hour';"
      "CREATE VIEW one AS SELECT id FROM e WHERE tenant = 1 AND ts > now() - interval '1 hour';"
      "CREATE VIEW two AS SELECT id FROM e WHERE tenant = 2 AND ts > now() - interval '1 hour';"
      "INSERT INTO e VALUES (1, 1, '2026-03-01 12:00'), (2, 2, '2026-03-01 12:30'), (3, 1, '2026-03-01 11:00'), (4, 2, '2026-03-01 11:59')");
  EXPECT_EQ(rows(db, "asleep"), (Texts{"1", "2", "4"}));
  EXPECT_EQ(text(db.read("of_tenant", {2}).value()), (Texts{"2", "4"}));
  EXPECT_EQ(rows(db, "one"), Texts{"1"});
  EXPECT_EQ(rows(db, "two"), (Texts{"2", "4"}));
  db.execute("SET weir.clock = '2026-03-01 13:00'").value();
  EXPECT_EQ(rows(db, "asleep"), Texts{"2"});
  EXPECT_EQ(text(db.read("of_tenant", {2}).value()), Texts{"2"});
  EXPECT_EQ(rows(db, "one"), Texts{});
  EXPECT_EQ(rows(db, "two"), Texts{"2"});
  EXPECT_TRUE(db.verify().value().ok());
  db.execute("BEGIN; INSERT INTO e VALUES (9, 2, '2026-03-01 13:00')").value();
  Transaction tx = db.begin();
  tx.insert("e", {9, 2, "2026-03-01 13:00"}).value();
  EXPECT_EQ(text(tx.execute("SELECT id FROM asleep").value()), (Texts{"2", "9"}));
  EXPECT_EQ(text(tx.execute("SELECT id FROM two").value()), (Texts{"2", "9"}));
}

TEST(ClockOfViews, TheSystemsClockMovesViewsWithoutACommit) {
  Folder folder;
  OpenOptions options;
  options.threads = 1;
  Database db = Database::open(folder.file(), options).value();
  db.execute("CREATE TABLE e (id INT, ts TIMESTAMPTZ); CREATE VIEW young AS SELECT id FROM e WHERE ts > now() - interval '300 milliseconds'").value();
  std::mutex mutex;
  std::condition_variable heard;
  std::vector<Texts> changes;
  Subscription watch = db.subscribe("young", [&](const Change& change) {
    const std::lock_guard lock(mutex);
    changes.push_back(text(change));
    heard.notify_all();
  }).value();
  db.execute("INSERT INTO e SELECT 1, now(); INSERT INTO e SELECT 2, now() + interval '200 milliseconds'").value();
  std::unique_lock lock(mutex);
  ASSERT_TRUE(heard.wait_for(lock, seconds(20), [&] { return changes.size() == 5 || (changes.size() == 4 && changes[3].size() == 2); })) << "in, in, out, out, nobody having written";
  EXPECT_EQ(changes[1], Texts{"+1|1"});
  EXPECT_EQ(changes.back().back(), "-1|2");
  lock.unlock();
  EXPECT_EQ(rows(db, "young"), Texts{});
  EXPECT_TRUE(db.check().value().ok());
  db.execute("INSERT INTO e SELECT 3, now()").value();
  watch.end();
  db.close().value();  // while the next one is waited for
}

TEST(ClockOfViews, AMomentThatNobodyWaitsForAnyMoreHidesNoOther) {
  OpenOptions options;
  options.threads = 1;
  Database db = Database::open(":memory:", options).value();
  db.execute("CREATE TABLE e (g INT, ts TIMESTAMPTZ);"
             "CREATE VIEW soon AS SELECT * FROM e WHERE g = 1 AND ts > now(); CREATE VIEW later AS SELECT * FROM e WHERE g = 2 AND ts > now();"
             "INSERT INTO e SELECT 1, now() + interval '100 milliseconds'; INSERT INTO e SELECT 2, now() + interval '300 milliseconds';"
             "DROP VIEW soon").value();
  for (int n = 0; n < 2000 && !rows(db, "later").empty(); ++n) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(rows(db, "later"), Texts{});
}

// Conditions with now(), each as a view and as a query that looks once; both have to see the same at any time.
constexpr const char* kConditions[] = {
    "ts > now() - interval '1 hour'",
    "ts <= now()",
    "now() < ts",
    "ts BETWEEN now() - interval '2 days' AND now() - interval '1 day'",
    "ts + interval '36 hours' >= now() AND a > 1",
    "ts + interval '1 month' > LOCALTIMESTAMP",
    "ts > now() - interval '1 month'",
    "ts >= LOCALTIMESTAMP - interval '1 month 3 days 5 hours'",
    "ts <= now() + interval '1 year -2 months'",
    "tz < CURRENT_TIMESTAMP - interval '90 minutes'",
    "tz > CURRENT_TIMESTAMP(0)",
    "d = CURRENT_DATE",
    "d >= CURRENT_DATE - 7 AND d < CURRENT_DATE",
    "CURRENT_DATE - d < 3",
    "d > now()",
    "d >= now()::date - interval '1 month'",
    "d < CURRENT_DATE - interval '1 month' OR a = 2",
    "ts < 'infinity' AND ts > '-infinity' AND now() - ts < interval '1 day 12 hours'",
    "ts > date_trunc('month', now())",
    "date_trunc('day', ts) = date_trunc('day', LOCALTIMESTAMP)",
    "ts > date_trunc('week', LOCALTIMESTAMP) - interval '1 month'",
    "extract(epoch FROM tz) > extract(epoch FROM now()) - 3600 * a AND tz <> 'infinity' AND tz <> '-infinity'",
    "NOT (ts > now() - i)",
    "now() > ts + i",
    "now() AT TIME ZONE 'UTC' > ts AND now() > tz",
    "ts > date_bin('15 minutes', LOCALTIMESTAMP, '2001-01-01')",
    "now() > '2026-03-01 18:00'",
    "(ts > now() - interval '1 hour' OR d > now()) AND (a = 1 OR tz < now())",
    "LEAST(ts, LOCALTIMESTAMP - interval '1 hour') > LOCALTIMESTAMP - interval '5 hours'" /* refused: both sides move */,
};

TEST(ClockOfViews, IsWhatAQueryWouldSeeAtAnyTime) {
  std::mt19937 random(20'26);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (const char* start : {"2026-03-01 12:00", "2028-02-28 20:00", "2025-12-30 23:00"}) {
    Database db = Database::open(":memory:", manual()).value();
    db.execute(std::string("SET weir.clock = '") + start + "'").value();
    db.execute("CREATE TABLE e (a INT, ts TIMESTAMP, tz TIMESTAMPTZ, d DATE, i INTERVAL)").value();
    std::vector<std::pair<std::string, std::string>> views;
    for (const char* condition : kConditions) {
      const std::string name = "v" + std::to_string(views.size()), select = std::string("SELECT * FROM e WHERE ") + condition;
      const auto made = db.execute("CREATE VIEW " + name + " AS " + select);
      if (std::string_view(condition).starts_with("LEAST")) {
        EXPECT_FALSE(made.ok());
        continue;
      }
      ASSERT_TRUE(made.ok()) << condition << ": " << made.error().message;
      views.emplace_back(name, select);
    }
    const auto moment = [&]() -> std::string {
      if (below(12) == 0) return "NULL";
      if (below(25) == 0) return below(2) ? "'infinity'" : "'-infinity'";
      const int days = below(4) == 0 ? 40 - below(80) : 3 - below(6);
      return "LOCALTIMESTAMP + interval '" + std::to_string(days) + " days " + std::to_string(below(48)) + " hours " + std::to_string(below(3) * 15) + " minutes'";
    };
    for (int step = 0; step < 60; ++step) {
      const int what = below(4);
      std::string script;
      if (what != 0) {
        for (int n = below(6); n >= 0; --n) {
          const std::string d = below(12) == 0 ? "NULL" : "CURRENT_DATE + " + std::to_string(20 - below(45));
          script += "INSERT INTO e SELECT " + std::to_string(below(4)) + ", " + moment() + ", " + moment() + ", " + d + ", interval '" + std::to_string(below(3)) + " days " +
                    std::to_string(below(2)) + " months';";
        }
      }
      if (what == 1) script += "DELETE FROM e WHERE a = " + std::to_string(below(4)) + " AND extract(day FROM ts)::int % 3 = 1;";
      if (what == 2) script += "UPDATE e SET ts = ts + interval '7 hours' WHERE a = " + std::to_string(below(4)) + ";";
      db.execute(script).value();
      if (what != 3) {
        const auto by = below(3) == 0 ? std::chrono::minutes(below(60 * 24 * 6)) : below(2) ? std::chrono::minutes(below(300)) : std::chrono::minutes(15 * below(8));
        db.set_clock(db.time() + by).value();
      }
      for (const auto& [name, select] : views) ASSERT_EQ(text(db.read(name).value()), text(db.query(select).value())) << select << " at step " << step << " from " << start;
      if (step % 20 == 19) {
        const Verification found = db.verify().value();
        ASSERT_TRUE(found.ok()) << found.difference;
      }
    }
    db.execute("DELETE FROM e").value();
    db.set_clock(db.time() + hours(24 * 400)).value();
    for (const auto& [name, select] : views) EXPECT_EQ(rows(db, name), Texts{}) << select;
  }
}

TEST(ClockOfViews, StandsInJoinsAggregatesAndSubqueries) {
  Database db = at_noon(
      "CREATE TABLE o (id INT PRIMARY KEY, c INT, ts TIMESTAMP); CREATE TABLE c (id INT PRIMARY KEY, keep INTERVAL, until TIMESTAMPTZ);"
      "CREATE VIEW kept AS SELECT o.id FROM o JOIN c ON c.id = o.c WHERE o.ts > now() - c.keep;"
      "CREATE VIEW quiet AS SELECT c FROM o GROUP BY c HAVING MAX(ts) < now() - interval '1 day';"
      "CREATE VIEW active AS SELECT id FROM c WHERE EXISTS (SELECT 1 FROM o WHERE o.c = c.id AND o.ts > now() - interval '1 day');"
      "CREATE VIEW idle AS SELECT id FROM c WHERE NOT EXISTS (SELECT 1 FROM o WHERE o.c = c.id AND o.ts > now() - interval '1 day');"
      "CREATE VIEW paired AS SELECT c.id, o.id AS o FROM c LEFT JOIN o ON o.c = c.id AND o.ts > now() - interval '1 day';"
      "CREATE VIEW last_two AS SELECT id FROM o WHERE ts > now() - interval '1 day' ORDER BY ts DESC LIMIT 2;"
      "INSERT INTO c VALUES (1, '1 hour', '2026-03-02'), (2, '1 month', NULL);"
      "INSERT INTO o VALUES (1, 1, '2026-03-01 11:30'), (2, 2, '2026-03-01 11:30'), (3, 2, '2026-02-28 13:00'), (4, 1, '2026-02-20')");
  EXPECT_EQ(rows(db, "kept"), (Texts{"1", "2", "3"}));
  EXPECT_EQ(rows(db, "quiet"), Texts{});
  EXPECT_EQ(rows(db, "active"), (Texts{"1", "2"}));
  EXPECT_EQ(rows(db, "last_two"), (Texts{"1", "2"}));
  db.execute("SET weir.clock = '2026-03-02 11:30'; DELETE FROM o WHERE id = 2").value();
  EXPECT_EQ(rows(db, "kept"), Texts{"3"});
  EXPECT_EQ(rows(db, "quiet"), Texts{"2"}) << "a day and no less has to have gone by since 11:30";
  EXPECT_EQ(rows(db, "active"), Texts{});
  EXPECT_EQ(rows(db, "idle"), (Texts{"1", "2"}));
  EXPECT_EQ(rows(db, "paired"), (Texts{"1|NULL", "2|NULL"}));
  EXPECT_EQ(rows(db, "last_two"), Texts{});
  EXPECT_TRUE(db.verify().value().ok());
}

TEST(ClockOfViews, IsRefusedWhereItCannotBeKept) {
  Database db = at_noon("CREATE TABLE e (id INT PRIMARY KEY, ts TIMESTAMP, i INTERVAL)");
  for (const char* select : {"SELECT now() FROM e", "SELECT id FROM e WHERE ts <> now()", "SELECT id FROM e ORDER BY now() - ts LIMIT 1", "SELECT COUNT(*) FILTER (WHERE ts > now()) FROM e",
                             "SELECT id FROM e WHERE extract(hour FROM now()) = 3", "SELECT id FROM e WHERE ts > now() OR ts < now() - i", "SELECT id FROM e WHERE ts IN (now(), CURRENT_DATE)",
                             "SELECT id FROM e WHERE COALESCE(ts, now()) > '2001-01-01'", "SELECT id FROM e WHERE CASE WHEN now() > ts THEN true END", "SELECT g FROM generate_series(now() - interval '1 day', now(), '1 hour') g",
                             "SELECT a.id FROM e a LEFT JOIN e b ON a.id = b.id AND a.ts > now()", "SELECT id FROM e WHERE ts > now() - interval '1 hour' - interval '1 month'",
                             "SELECT CURRENT_DATE", "SELECT id FROM e GROUP BY id, CURRENT_DATE", "SELECT id FROM e WHERE to_char(now(), 'YYYY') = '2026'",
                             "WITH RECURSIVE r(t) AS (SELECT ts FROM e UNION SELECT t + interval '1 day' FROM r WHERE t < now()) SELECT * FROM r", "SELECT id FROM e LIMIT extract(day FROM now())"}) {
    const auto made = db.execute(std::string("CREATE VIEW v AS ") + select);
    ASSERT_FALSE(made.ok()) << select;
    EXPECT_EQ(made.error().code, ErrorCode::kUnsupported) << select;
    EXPECT_TRUE(made.error().message.find("now()") != std::string::npos) << made.error().message;
    EXPECT_GT(made.error().offset, 0) << select;
  }
  EXPECT_FALSE(db.execute("CREATE TABLE f (ts TIMESTAMP DEFAULT now())").ok());
  EXPECT_FALSE(db.execute("CREATE TABLE f (ts TIMESTAMP CHECK (ts < now()))").ok());
}

// Of a row that comes in time a view cannot be computed: nobody else's change is refused for it, and the row can be taken away.
TEST(ClockOfViews, WhatTimeBringsRefusesNoChange) {
  Database db = Database::open(":memory:").value();
  db.execute("CREATE TABLE q (id INT PRIMARY KEY, ts TIMESTAMPTZ, x INT); CREATE TABLE other (a INT);"
             "CREATE VIEW inverse AS SELECT id, 10 / x AS y FROM q WHERE ts <= now();"
             "CREATE VIEW sums AS SELECT SUM(10 / x) AS y FROM q WHERE ts <= now();"
             "INSERT INTO q SELECT g, now() + interval '20 ms', g FROM generate_series(0, 2) g")
      .value();
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_TRUE(db.execute("INSERT INTO other VALUES (1)").ok());
  EXPECT_TRUE(db.execute("CREATE TABLE more (a INT)").ok());
  EXPECT_EQ(db.execute("INSERT INTO q VALUES (9, now() - interval '1 hour', 0)").error().message, "division by zero") << "a change that cannot be computed itself";
  EXPECT_TRUE(db.execute("DELETE FROM q WHERE id = 0").ok());
  db.execute("INSERT INTO other VALUES (2)").value();
  EXPECT_EQ(rows(db, "inverse"), (Texts{"1|10", "2|5"}));
  EXPECT_EQ(rows(db, "sums"), (Texts{"15"}));
}

// Conditions that have no value in the year 9999, in which nobody looks at them.
TEST(ClockOfViews, WhatCannotBeComputedAtTheEndOfTimeIsNoError) {
  Database db = at_noon("CREATE TABLE e (id INT PRIMARY KEY, ns BIGINT, iv INTERVAL, ts TIMESTAMPTZ);"
                        "CREATE VIEW v AS SELECT id FROM e WHERE ns > (extract(epoch from now()) * 1000000000)::bigint - 3600000000000;"
                        "CREATE VIEW w AS SELECT id FROM e WHERE ts < now() + iv");
  const auto same = [&](const char* view, const char* query) { EXPECT_EQ(rows(db, view), text(db.query(query).value())) << view; };
  const auto both_are_right = [&] {
    same("v", "SELECT id FROM e WHERE ns > (extract(epoch from now()) * 1000000000)::bigint - 3600000000000 ORDER BY id");
    same("w", "SELECT id FROM e WHERE ts < now() + iv ORDER BY id");
  };
  db.execute("INSERT INTO e VALUES (1, 1772366400000000000, '285000 years', '2026-03-01 12:30'), (2, 1772368200000000000, '-1 hours', '2026-03-01 12:30')").value();
  for (const char* time : {"2026-03-01 12:59", "2026-03-01 13:00", "2026-03-01 13:29:59", "2026-03-01 13:30", "2026-03-01 13:30:01", "2026-05-01 00:00"}) {
    both_are_right();
    db.execute("SET weir.clock = '" + std::string(time) + "'").value();
  }
  both_are_right();
}

}  // namespace
}  // namespace weir
