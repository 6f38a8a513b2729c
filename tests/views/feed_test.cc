// Would catch: a change that a log lacks, holds twice or under another number than its batch; a gap or a repetition where a subscriber passes from the log to what is live; a log
// that goes on although its relation is another, or that has given up more than it may; logs that a rollback or a reopening changes.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <random>
#include <thread>

#include "tests/views/open.h"
#include "zset/digest.h"

namespace weir {
namespace {

using Changes = std::vector<std::pair<std::uint64_t, Texts>>;

Database open_file(const Folder& folder, Mode mode = Mode::kFull) {
  OpenOptions options;
  options.threads = 1;
  options.mode = mode;
  return Database::open(folder.file(), options).value();
}

// What the log of a relation holds after a sequence number, by the number of each batch.
Changes logged(const Folder& folder, const std::string& relation, std::uint64_t after) {
  Feed feed = Feed::open(folder.file(), relation, after).value();
  Changes out;
  feed.read([&](const Change& change) { out.emplace_back(change.sequence(), text(change)); }).value();
  return out;
}

std::string refusal(const Result<std::uint64_t>& result) { return result.ok() ? "" : result.error().message; }

TEST(Feed, HoldsTheNetChangeOfEachBatch) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT); CREATE VIEW v WITH (feed) AS SELECT v, COUNT(*) AS n FROM t GROUP BY v").value();
  const std::uint64_t start = db.sequence();
  db.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')").value();
  db.execute("UPDATE t SET v = 'b' WHERE k = 1").value();
  db.execute("BEGIN; INSERT INTO t VALUES (9, 'z'); DELETE FROM t WHERE k = 9; COMMIT").value();  // nothing has changed: no batch, nothing to keep
  db.execute("UPDATE t SET k = 5 WHERE k = 1").value();                                           // the view has not changed
  db.execute("INSERT INTO t VALUES (3, NULL)").value();
  EXPECT_EQ(logged(folder, "v", start),
            (Changes{{start + 1, {"+1|a|1", "+1|b|1"}}, {start + 2, {"+1|b|2", "-1|a|1", "-1|b|1"}}, {start + 4, {"+1|NULL|1"}}}));
  EXPECT_EQ(logged(folder, "v", start + 2), (Changes{{start + 4, {"+1|NULL|1"}}}));
  EXPECT_EQ(logged(folder, "v", start + 4), Changes());
}

TEST(Feed, WhatCannotBeReadIsSaid) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute(
        "CREATE TABLE t (k BIGINT PRIMARY KEY) WITH (audit); CREATE VIEW v WITH (feed, retention = 3) AS SELECT COUNT(*) AS n FROM t; CREATE VIEW w "
        "AS SELECT k FROM t")
      .value();
  const std::uint64_t start = db.sequence();
  for (int i = 0; i < 10; ++i) db.execute("INSERT INTO t VALUES (" + std::to_string(i) + ")").value();
  const auto read = [&](const char* name, std::uint64_t after) {
    auto feed = Feed::open(folder.file(), name, after);
    return feed.ok() ? refusal(feed.value().read([](const Change&) {})) : feed.error().message;
  };
  EXPECT_EQ(read("w", start), "view \"w\" keeps no change log");
  EXPECT_EQ(read("x", start), "relation \"x\" does not exist");
  EXPECT_EQ(read("t", 99), "sequence 99 has not been reached: the file is at " + std::to_string(start + 10));
  EXPECT_EQ(read("v", start), "the change log of view \"v\" holds what came after sequence " + std::to_string(start + 7) +
                                  ", and no longer all that came after " + std::to_string(start));
  EXPECT_EQ(logged(folder, "v", start + 7).size(), 3u);
  EXPECT_EQ(logged(folder, "t", start).size(), 10u);  // an audit gives nothing up
  const auto subscribed = db.subscribe("v", [](const Change&) {}, {.after = start});
  ASSERT_FALSE(subscribed.ok());
  EXPECT_EQ(subscribed.error().code, ErrorCode::kInput);
  Database in_memory = memory("CREATE TABLE t (k BIGINT) WITH (feed)");
  EXPECT_EQ(in_memory.subscribe("t", [](const Change&) {}, {.after = 0}).error().message, "a database in memory keeps no change logs");
}

TEST(Feed, OptionsThatMakeNoSenseAreRefused) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute("CREATE TABLE t (k BIGINT)").value();
  const auto error = [&](const std::string& sql) {
    const auto done = db.execute(sql);
    return done.ok() ? "" : done.error().message;
  };
  EXPECT_EQ(error("CREATE TABLE a (k BIGINT) WITH (fillfactor = 70)"), "a table WITH (fillfactor) is not supported");
  EXPECT_EQ(error("CREATE VIEW a WITH (audit) AS SELECT k FROM t"), "a view WITH (audit) is not supported");
  EXPECT_EQ(error("CREATE VIEW a WITH (retention = 5) AS SELECT k FROM t"), "retention is of a feed: WITH (feed, retention = …)");
  EXPECT_EQ(error("CREATE VIEW a WITH (feed, retention = 0) AS SELECT k FROM t"), "retention is a number of batches, 1 or more");
  EXPECT_EQ(error("CREATE VIEW a WITH (feed, retention = many) AS SELECT k FROM t"), "retention is a number of batches, 1 or more");
  EXPECT_EQ(error("CREATE VIEW a WITH (lazy, feed) AS SELECT k FROM t"),
            "a lazy view has no changes to keep: WITH (lazy) and WITH (feed) exclude each other");
  EXPECT_EQ(error("CREATE VIEW a WITH (feed) AS SELECT k FROM t WHERE k = $1"),
            "a view with parameters has no changes to keep: WITH (feed) is not supported there");
  EXPECT_EQ(error("CREATE TABLE a (k BIGINT) WITH (audit, feed)"), "an audit keeps all that a feed does: WITH (audit) alone");
  EXPECT_EQ(error("ALTER TABLE t SET (fillfactor = 70)"), "ALTER of a table SET (fillfactor) is not supported");
  EXPECT_EQ(error("ALTER VIEW t SET (feed)"), "\"t\" is not a view");
  db.execute("CREATE VIEW l WITH (lazy) AS SELECT k FROM t").value();
  EXPECT_EQ(error("ALTER VIEW l SET (feed)"), "a lazy view has no changes to keep");
  EXPECT_EQ(error("CREATE TABLE b (k BIGINT) WITH (feed = off, audit = false)"), "");
}

TEST(Feed, IsSwitchedOnAndOff) {
  const Folder folder;
  std::uint64_t start = 0;
  {
    Database db = open_file(folder);
    db.execute("CREATE TABLE t (k BIGINT); CREATE VIEW v AS SELECT COUNT(*) AS n FROM t; INSERT INTO t VALUES (1)").value();
    db.execute("ALTER VIEW v SET (feed, retention = 50)").value();
    start = db.sequence();
    EXPECT_EQ(db.relations()[1].log, 50u);
    db.execute("INSERT INTO t VALUES (2)").value();
    db.execute("BEGIN; ALTER TABLE t SET (audit); INSERT INTO t VALUES (8); ROLLBACK").value();
    EXPECT_EQ(db.relations()[0].log, std::nullopt);
    db.execute("BEGIN; ALTER VIEW v RESET (feed); ROLLBACK; INSERT INTO t VALUES (3)").value();
  }
  Database db = open_file(folder);
  EXPECT_EQ(db.relations()[1].log, 50u);  // it is not in the definition
  db.execute("INSERT INTO t VALUES (4)").value();
  EXPECT_EQ(logged(folder, "v", start), (Changes{{start + 1, {"+1|2", "-1|1"}}, {start + 2, {"+1|3", "-1|2"}}, {start + 3, {"+1|4", "-1|3"}}}));
  db.execute("ALTER VIEW v RESET (feed)").value();
  EXPECT_EQ(Feed::open(folder.file(), "v", start).error().message, "view \"v\" keeps no change log");
}

TEST(Feed, OfAViewThatIsReplaced) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute(
        "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT); INSERT INTO t VALUES (1, 10), (2, 20);"
        "CREATE VIEW v WITH (feed) AS SELECT k, v FROM t; CREATE VIEW w WITH (feed) AS SELECT SUM(v) AS s FROM v")
      .value();
  const std::uint64_t start = db.sequence();
  Changes live;
  Subscription subscription =
      db.subscribe("v", [&](const Change& change) { live.emplace_back(change.sequence(), text(change)); }, {.after = start}).value();
  // The same columns: the log says what is different, and that of the view on it, too. The replacement has a number of its own.
  db.execute("CREATE OR REPLACE VIEW v WITH (feed) AS SELECT k, v + 1 AS v FROM t WHERE k > 1").value();
  EXPECT_EQ(db.sequence(), start + 1);
  EXPECT_EQ(logged(folder, "v", start), (Changes{{start + 1, {"+1|2|21", "-1|1|10", "-1|2|20"}}}));
  EXPECT_EQ(logged(folder, "w", start), (Changes{{start + 1, {"+1|21", "-1|30"}}}));
  // Together with rows: one number.
  db.execute("BEGIN; CREATE OR REPLACE VIEW v WITH (feed) AS SELECT k, v FROM t; INSERT INTO t VALUES (3, 30); COMMIT").value();
  EXPECT_EQ(db.sequence(), start + 2);
  EXPECT_EQ(logged(folder, "v", start + 1), (Changes{{start + 2, {"+1|1|10", "+1|2|20", "+1|3|30", "-1|2|21"}}}));
  EXPECT_EQ(logged(folder, "w", start + 1), (Changes{{start + 2, {"+1|60", "-1|21"}}}));
  // Twice in one transaction.
  db.execute(
        "BEGIN; CREATE OR REPLACE VIEW v WITH (feed) AS SELECT k, -v AS v FROM t; INSERT INTO t VALUES (9, 90); CREATE OR REPLACE VIEW v WITH (feed) "
        "AS SELECT k, v FROM t WHERE k <> 1; COMMIT")
      .value();
  EXPECT_EQ(logged(folder, "v", start + 2), (Changes{{start + 3, {"+1|9|90", "-1|1|10"}}}));
  db.execute("DELETE FROM t WHERE k = 9; CREATE OR REPLACE VIEW v WITH (feed) AS SELECT k, v FROM t").value();
  subscription.wait();
  std::map<std::uint64_t, std::map<std::string, int>> sums;  // live, what replaces a view twice comes as two changes of one number
  for (const auto& [sequence, lines] : live) {
    for (const std::string& line : lines) sums[sequence][line.substr(line.find('|'))] += std::stoi(line);
  }
  for (const auto& [sequence, lines] : logged(folder, "v", start)) {
    for (const std::string& line : lines) sums[sequence][line.substr(line.find('|'))] -= std::stoi(line);
  }
  for (const auto& [sequence, lines] : sums) {
    for (const auto& [line, weight] : lines) EXPECT_EQ(weight, 0) << sequence << line;
  }
  // Other columns: it begins anew.
  const std::uint64_t then = db.sequence();
  db.execute("CREATE OR REPLACE VIEW v WITH (feed) AS SELECT k, v, 1 AS one FROM t; INSERT INTO t VALUES (4, 40)").value();
  EXPECT_EQ(logged(folder, "v", then + 1), (Changes{{then + 2, {"+1|4|40|1"}}}));
  EXPECT_FALSE(Feed::open(folder.file(), "v", then).value().read([](const Change&) {}).ok());
  EXPECT_EQ(logged(folder, "w", then), (Changes{{then + 2, {"+1|100", "-1|60"}}}));
  // The options of a view are those of its definition, as PostgreSQL has it.
  db.execute("CREATE OR REPLACE VIEW v AS SELECT k, v, 1 AS one FROM t").value();
  EXPECT_FALSE(Feed::open(folder.file(), "v", then + 2).ok());
  // One of the same name, later, is another.
  db.execute("DROP VIEW w; CREATE VIEW w WITH (feed) AS SELECT SUM(v) AS s FROM v").value();
  EXPECT_FALSE(Feed::open(folder.file(), "w", then + 2).value().read([](const Change&) {}).ok());
}

TEST(Feed, OfViewsThatShareACircuit) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, tenant BIGINT)").value();
  for (int n = 1; n <= 4; ++n) {
    const std::string tenant = std::to_string(n);
    db.execute("CREATE VIEW v" + tenant + (n == 3 ? " AS" : " WITH (feed) AS") + " SELECT COUNT(*) AS n FROM t WHERE tenant = " + tenant).value();
  }
  const std::uint64_t start = db.sequence();
  db.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)").value();
  db.execute("UPDATE t SET tenant = 4 WHERE k = 1").value();
  EXPECT_EQ(logged(folder, "v1", start), (Changes{{start + 1, {"+1|1", "-1|0"}}, {start + 2, {"+1|0", "-1|1"}}}));
  EXPECT_EQ(logged(folder, "v2", start), (Changes{{start + 1, {"+1|1", "-1|0"}}}));
  EXPECT_EQ(logged(folder, "v4", start), (Changes{{start + 2, {"+1|1", "-1|0"}}}));
  EXPECT_FALSE(Feed::open(folder.file(), "v3", start).ok());
}

TEST(Feed, OfATableThatIsAltered) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute("CREATE TABLE a (k BIGINT PRIMARY KEY, v TEXT) WITH (audit); CREATE TABLE f (k BIGINT) WITH (feed)").value();
  const std::uint64_t start = db.sequence();
  db.execute("INSERT INTO a VALUES (1, 'x'); INSERT INTO f VALUES (1)").value();
  db.execute("ALTER TABLE a ALTER v SET DEFAULT 'y'; ALTER TABLE a RENAME COLUMN v TO w; ALTER TABLE a RENAME TO b").value();
  db.execute("INSERT INTO b (k) VALUES (2)").value();
  EXPECT_EQ(logged(folder, "b", start), (Changes{{start + 1, {"+1|1|x"}}, {start + 3, {"+1|2|y"}}}));
  EXPECT_EQ(db.execute("ALTER TABLE b ADD COLUMN z BIGINT").error().message,
            "other columns for table \"b\", of which an audit is kept, are not supported");
  db.execute("ALTER TABLE f ADD COLUMN z BIGINT DEFAULT 7; INSERT INTO f VALUES (2, 8)").value();
  EXPECT_EQ(logged(folder, "f", db.sequence() - 1), (Changes{{db.sequence(), {"+1|2|8"}}}));
  EXPECT_FALSE(Feed::open(folder.file(), "f", start + 3).value().read([](const Change&) {}).ok());
  EXPECT_TRUE(db.check().value().ok());
}

// A reader that comes and goes holds what the view holds, wherever it goes on from.
TEST(Feed, LeadsFromAnyStateToTheNext) {
  for (const Mode mode : {Mode::kFull, Mode::kPipelined}) {
    const Folder folder;
    Database db = open_file(folder, mode);
    db.execute(
          "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT, s TEXT, d DOUBLE PRECISION) WITH (audit);"
          "CREATE VIEW v WITH (feed, retention = 40) AS SELECT v, COUNT(*) AS n, MIN(s) AS s, SUM(d) AS d FROM t GROUP BY v")
        .value();
    std::map<std::string, std::int64_t> held;
    std::uint64_t at = db.sequence();
    std::mt19937 random(7);
    for (int batch = 0; batch < 300; ++batch) {
      const std::string k = std::to_string(random() % 30), v = std::to_string(random() % 6);
      switch (random() % 12) {
        case 0:
          db.execute("DELETE FROM t WHERE v = " + v).value();
          break;
        case 1:
          db.execute("UPDATE t SET v = v + 1, s = s || 'x' WHERE k % 3 = 1").value();
          break;
        case 2:
          db.execute(std::string("CREATE OR REPLACE VIEW v WITH (feed, retention = 40) AS SELECT v, COUNT(*) AS n, M") +
                     (random() % 2 ? "IN" : "AX") + "(s) AS s, SUM(d) AS d FROM t GROUP BY v")
              .value();
          break;
        default:
          db.execute("INSERT INTO t VALUES (" + k + ", " + v + ", 'text " + k + "', " + k + ".5) ON CONFLICT (k) DO UPDATE SET v = EXCLUDED.v")
              .value();
      }
      if (random() % 8) continue;
      db.flush().value();
      Feed feed = Feed::open(folder.file(), "v", at).value();
      feed.read([&](const Change& change) {
            EXPECT_GT(change.sequence(), at);
            at = change.sequence();
            for (const ChangedRow& row : change) {
              std::string line;
              for (std::size_t c = 0; c < change.schema().size(); ++c) line += "|" + (row[c].is_null() ? "NULL" : row[c].to_string());
              if ((held[line] += row.weight()) == 0) held.erase(line);
            }
          })
          .value();
      at = feed.sequence();
      Texts shown;
      for (const auto& [line, weight] : held) shown.insert(shown.end(), static_cast<std::size_t>(weight), line.substr(1));
      std::sort(shown.begin(), shown.end());
      ASSERT_EQ(shown, text(db.read("v").value())) << "batch " << batch;
    }
  }
}

TEST(Feed, ASubscriberPassesFromTheLogToWhatIsLive) {
  for (const Mode mode : {Mode::kFull, Mode::kPipelined}) {
    const Folder folder;
    Database db = open_file(folder, mode);
    db.execute("CREATE TABLE t (k BIGINT PRIMARY KEY) WITH (feed, retention = 1000000)").value();
    const std::uint64_t start = db.sequence();
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      for (int k = 0; !stop || k < 300; ++k) {
        Transaction transaction = db.begin();
        transaction.insert("t", {k}).value();
        transaction.commit().value();
      }
    });
    for (int n = 0; n < 10; ++n) {
      while (db.sequence() < start + 20 * static_cast<std::uint64_t>(n)) std::this_thread::yield();
      const std::uint64_t after = start + static_cast<std::uint64_t>(n);
      std::vector<std::uint64_t> seen;
      Subscription subscription = db.subscribe("t", [&](const Change& change) { seen.push_back(change.sequence()); }, {.after = after}).value();
      subscription.wait();
      const std::uint64_t least = db.sequence();
      subscription.wait();
      subscription.end();
      EXPECT_GE(seen.size() + 1, least - after);  // the last may be on its way
      for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], after + 1 + i) << "mode " << static_cast<int>(mode);
    }
    stop = true;
    writer.join();
  }
}

TEST(Feed, AFileThatAnotherWritesIsWaitedFor) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute("CREATE TABLE t (k BIGINT) WITH (feed); INSERT INTO t VALUES (1)").value();
  Feed feed = Feed::open(folder.file(), "t").value();
  Texts seen;
  const auto note = [&](const Change& change) { seen.push_back((change.is_snapshot() ? "all " : "") + text(change).at(0)); };
  EXPECT_EQ(feed.read(note).value(), 1u);
  EXPECT_EQ(feed.read(note).value(), 0u);
  EXPECT_FALSE(feed.wait(std::chrono::milliseconds(1)).value());
  std::thread writer([&] { db.execute("INSERT INTO t VALUES (2)").value(); });
  EXPECT_TRUE(feed.wait(std::chrono::seconds(60)).value());
  writer.join();
  EXPECT_EQ(feed.read(note).value(), 1u);
  db.execute("INSERT INTO t VALUES (3)").value();
  db.execute("INSERT INTO t VALUES (4)").value();
  // One that fails is not over: what it has not seen comes again.
  EXPECT_FALSE(feed.read([&](const Change& change) {
                     if (seen.size() == 3) throw std::runtime_error("enough");
                     note(change);
                   })
                   .ok());
  EXPECT_EQ(feed.read(note).value(), 1u);
  EXPECT_EQ(seen, (Texts{"all +1|1", "+1|2", "+1|3", "+1|4"}));
  EXPECT_EQ(feed.sequence(), db.sequence());
}

TEST(Feed, OfAViewThatRecoveryWritesAnew) {
  const Folder folder;
  std::uint64_t start = 0;
  {
    Database db = open_file(folder);
    db.execute("CREATE TABLE t (k BIGINT); CREATE VIEW v WITH (feed) AS SELECT COUNT(*) AS n FROM t; INSERT INTO t VALUES (1)").value();
    start = db.sequence();
  }
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &other), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(other, "UPDATE v SET n = 99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  Database db = open_file(folder);
  EXPECT_EQ(db.sequence(), start + 1);
  EXPECT_FALSE(Feed::open(folder.file(), "v", start).value().read([](const Change&) {}).ok());
  db.execute("INSERT INTO t VALUES (2)").value();
  EXPECT_EQ(logged(folder, "v", start + 1), (Changes{{start + 2, {"+1|2", "-1|1"}}}));
  EXPECT_TRUE(db.check().value().ok());
}

TEST(Feed, IsDeclaredInDocumentsAndByTheBuilder) {
  const Folder folder;
  Database db = open_file(folder);
  db.define(R"({"tables": {"t": {"columns": {"k": "BIGINT"}, "audit": true}, "u": {"columns": {"k": "BIGINT"}, "feed": true}},
               "views": {"v": {"sql": "SELECT k FROM t", "feed": true, "retention": 12}, "w": {"from": "t", "select": ["k"], "feed": true}}})")
      .value();
  db.create_view("b", From("t").Select("k").Feed(9)).value();
  std::map<std::string, std::optional<std::uint64_t>> logs;
  for (const RelationInfo& relation : db.relations()) logs[relation.name] = relation.log;
  EXPECT_EQ(logs, (std::map<std::string, std::optional<std::uint64_t>>{{"b", 9}, {"t", 0}, {"u", 100'000}, {"v", 12}, {"w", 100'000}}));
  EXPECT_EQ(db.define(R"({"tables": {"x": {"columns": {"k": "BIGINT"}, "retention": 5}}})").error().place, "/tables/x/retention");
}

// A name that comes to another relation by renaming is no way on from the log of the one before.
TEST(Feed, ANameThatIsTakenOverIsAnother) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute("CREATE TABLE t (x INT PRIMARY KEY); INSERT INTO t VALUES (1), (2); CREATE VIEW v WITH (feed) AS SELECT SUM(x) AS s FROM t;"
             "CREATE VIEW v_new WITH (feed) AS SELECT SUM(x) * 100 AS s FROM t; INSERT INTO t VALUES (3)")
      .value();
  const std::uint64_t at = db.sequence();
  db.execute("DROP VIEW v; ALTER VIEW v_new RENAME TO v; INSERT INTO t VALUES (4)").value();
  EXPECT_FALSE(Feed::open(folder.file(), "v", at).value().read([](const Change&) {}).ok());
  EXPECT_EQ(logged(folder, "v", db.sequence() - 1), (Changes{{db.sequence(), {"+1|1000", "-1|600"}}}));
}

// Other relations' batches cut a log short, but who has seen all that it held goes on.
TEST(Feed, OfARelationThatSeldomChanges) {
  const Folder folder;
  Database db = open_file(folder);
  db.execute("CREATE TABLE seldom (a INT) WITH (feed, retention = 5); CREATE TABLE busy (a INT); INSERT INTO seldom VALUES (1)").value();
  const std::uint64_t at = db.sequence();
  for (int i = 0; i < 20; ++i) db.execute("INSERT INTO busy VALUES (1)").value();
  db.execute("INSERT INTO seldom VALUES (2)").value();
  EXPECT_EQ(logged(folder, "seldom", at), (Changes{{db.sequence(), {"+1|2"}}}));
}

}  // namespace
}  // namespace weir
