// Would catch: a copy that is not what the source was after one of its batches; a change applied twice or left out after the follower has gone and come back; a copy that is passed over when
// the source's relation is another, or gone; a copy of one source that goes on with another; a copy that somebody has changed and that is not told.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <random>

#include "storage/storage.h"
#include "tests/views/open.h"

namespace weir {
namespace {

Database open_copied(const Folder& folder, const std::string& name = "a.db") {
  OpenOptions options;
  options.threads = 1;
  return Database::open(folder.file(name), options).value();
}

std::map<std::string, std::string> digests_in(const std::string& file) {
  StorageOptions options;
  options.read_only = true;
  const auto storage = Storage::open(file, options);
  std::map<std::string, std::string> out;
  for (const StoredRelation& relation : storage->catalog()) {
    Digest digest;
    storage->read(relation, [&](const Delta& rows) { digest.add(rows); });
    out[relation.name] = digest.to_string();
  }
  return out;
}

std::map<std::string, std::string> digests_of(const Database& db) {
  std::map<std::string, std::string> out;
  for (const RelationInfo& relation : db.relations()) {
    if (relation.log) out[relation.name] = db.digest(relation.name).value();
  }
  return out;
}

void run(const std::string& file, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

constexpr char kCopied[] = R"(
  CREATE TABLE items (id BIGINT PRIMARY KEY, kind BIGINT, price NUMERIC(10,2), note TEXT, at TIMESTAMP) WITH (audit);
  CREATE TABLE bag (a BIGINT, b DOUBLE PRECISION) WITH (feed, retention = 20);
  CREATE TABLE apart (x BIGINT);
  CREATE VIEW by_kind WITH (feed) AS SELECT kind, COUNT(*) AS n, SUM(price) AS total, MIN(note) AS first FROM items GROUP BY kind;
)";

TEST(Follower, TheCopyIsTheSourceAfterEachStep) {
  const Folder folder;
  Database db = open_copied(folder);
  db.execute(kCopied).value();
  std::mt19937 random(3);
  std::optional<Follower> follower;
  bool extra = false;
  for (int batch = 0; batch < 250; ++batch) {
    const std::string id = std::to_string(random() % 50), kind = std::to_string(random() % 5);
    switch (random() % 14) {
      case 0:
        db.execute("DELETE FROM items WHERE kind = " + kind).value();
        break;
      case 1:
        db.execute("UPDATE items SET kind = kind + 1, price = price * 2 WHERE id % 4 = 1 AND price < 1000").value();
        break;
      case 2:
        db.execute("DELETE FROM bag WHERE a = " + kind).value();
        break;
      case 3:
        db.execute("INSERT INTO bag VALUES (" + kind + ", 0.1), (" + kind + ", 0.1), (NULL, '-0')").value();
        break;
      case 4:
        db.execute("INSERT INTO apart VALUES (1)").value();
        break;
      case 5:
        db.execute(
              "CREATE OR REPLACE VIEW by_kind WITH (feed) AS SELECT kind, COUNT(*) AS n, SUM(price) AS total, MIN(note) AS first FROM items WHERE id "
              "> " +
              kind + " GROUP BY kind")
            .value();
        break;
      case 6:
        db.execute(extra ? "DROP VIEW extra" : "CREATE VIEW extra WITH (feed) AS SELECT a, COUNT(*) AS n FROM bag GROUP BY a").value();
        extra = !extra;
        break;
      default:
        db.execute("INSERT INTO items VALUES (" + id + ", " + kind + ", " + id + ".25, NULLIF('note " + kind + "', 'note 3'), '2020-01-0" +
                   std::to_string(1 + random() % 9) + " 10:00') ON CONFLICT DO NOTHING")
            .value();
    }
    if (random() % 5) continue;
    if (random() % 4 == 0) follower.reset();
    if (!follower) follower.emplace(Follower::open(folder.file(), folder.file("copy")).value());
    ASSERT_EQ(follower->step().value(), db.sequence());
    ASSERT_EQ(digests_in(folder.file("copy")), digests_of(db)) << "batch " << batch;
    ASSERT_TRUE(check(folder.file("copy")).value().ok());
  }
}

TEST(Follower, OfSomeRelations) {
  const Folder folder;
  Database db = open_copied(folder);
  db.execute(kCopied).value();
  db.execute("INSERT INTO bag VALUES (1, 2)").value();
  const std::vector<std::string> one = {"by_kind"}, none = {"apart"}, unknown = {"nothing"};
  EXPECT_TRUE(Follower::open(folder.file(), folder.file("copy"), one).value().step().ok());
  EXPECT_EQ(digests_in(folder.file("copy")).size(), 1u);
  EXPECT_EQ(Follower::open(folder.file(), folder.file("b"), none).value().step().error().message,
            "relation \"apart\" keeps no change log: it can't be followed");
  EXPECT_EQ(Follower::open(folder.file(), folder.file("b"), unknown).error().message, "relation \"nothing\" does not exist");
  // The copy is no database, and neither what a follower may write into nor what it can follow.
  EXPECT_EQ(Database::open(folder.file("copy")).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(Follower::open(folder.file("copy"), folder.file("c")).error().code, ErrorCode::kInput);
  {
    Database other = open_copied(folder, "other.db");
    other.execute("CREATE TABLE t (k BIGINT) WITH (feed)").value();
  }
  EXPECT_EQ(Follower::open(folder.file(), folder.file("other.db")).error().code, ErrorCode::kInput);
}

TEST(Follower, WhatWouldDivergeIsRefused) {
  const Folder folder;
  Database db = open_copied(folder);
  db.execute(kCopied).value();
  db.execute("INSERT INTO bag VALUES (1, 2)").value();
  const std::string copy = folder.file("copy");
  const std::uint64_t at = Follower::open(folder.file(), copy).value().step().value();
  // The copy of one file is not gone on with from another.
  {
    Database other = open_copied(folder, "other.db");
    other.execute(kCopied).value();
    other.execute("INSERT INTO bag VALUES (7, 7); INSERT INTO bag VALUES (8, 8)").value();
  }
  EXPECT_EQ(Follower::open(folder.file("other.db"), copy).value().step().error().code, ErrorCode::kCorrupt);
  {
    Database young = open_copied(folder, "young.db");
    young.execute("CREATE TABLE t (k BIGINT) WITH (feed)").value();
  }
  EXPECT_EQ(Follower::open(folder.file("young.db"), copy).value().step().error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(check(copy).value().ok());
  db.execute("INSERT INTO bag VALUES (3, 4)").value();
  EXPECT_EQ(Follower::open(folder.file(), copy).value().step().value(), at + 1);
  // Somebody has written to the copy.
  run(copy, "UPDATE bag SET b = 5 WHERE a = 3");
  EXPECT_EQ(check(copy).value().difference, "table \"bag\" is not what was copied: its rows do not have the digest beside them");
  db.execute("DELETE FROM bag WHERE a = 3").value();
  EXPECT_EQ(Follower::open(folder.file(), copy).value().step().error().code, ErrorCode::kCorrupt);
}

TEST(Follower, OneThatIsTooFarBehindCopiesAnew) {
  const Folder folder;
  Database db = open_copied(folder);
  db.execute(kCopied).value();
  Follower::open(folder.file(), folder.file("copy")).value().step().value();
  for (int i = 0; i < 60; ++i) db.execute("INSERT INTO bag VALUES (" + std::to_string(i) + ", 1)").value();  // 20 are kept
  EXPECT_FALSE(Feed::open(folder.file(), "bag", 5).value().read([](const Change&) {}).ok());
  EXPECT_EQ(Follower::open(folder.file(), folder.file("copy")).value().step().value(), db.sequence());
  EXPECT_EQ(digests_in(folder.file("copy")), digests_of(db));
}

}  // namespace
}  // namespace weir
