// Would catch: an acknowledgement that says more than is true; a flush or a close that leaves something behind; a pipelined file that differs from a full one; options that are
// not checked; a repeated submission that is applied twice, or one that is new and is not.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/views/open.h"

namespace weir {
namespace {

constexpr char kSchema[] = "CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT NOT NULL); CREATE VIEW s AS SELECT v % 3 AS g, COUNT(*) AS n, SUM(v) AS total FROM t GROUP BY v % 3";

OpenOptions pipelined() {
  OpenOptions options;
  options.mode = Mode::kPipelined;
  return options;
}

Transaction with_row(Database& db, std::int64_t id, std::int64_t v) {
  Transaction transaction = db.begin();
  transaction.upsert("t", {id, v}).value();
  return transaction;
}

SubmitOptions from(const std::string& source, std::uint64_t epoch, std::uint64_t sequence) { return {.origin = Origin{source, epoch, sequence}}; }

TEST(Modes, AcksSayWhatTheyMean) {
  const Folder folder;
  Database in_memory = memory(kSchema);
  EXPECT_EQ(with_row(in_memory, 1, 1).commit().value().ack, Ack::kApplied);
  EXPECT_EQ(with_row(in_memory, 2, 1).submit().value().wait(Ack::kDurable).value().ack, Ack::kApplied);
  Database full = Database::open(folder.file("full")).value();
  full.execute(kSchema).value();
  EXPECT_EQ(with_row(full, 1, 1).commit().value().ack, Ack::kDurable);
  Database piped = Database::open(folder.file("piped"), pipelined()).value();
  piped.execute(kSchema).value();
  EXPECT_EQ(with_row(piped, 1, 1).commit().value().ack, Ack::kApplied);
  Pending pending = with_row(piped, 2, 1).submit().value();
  EXPECT_EQ(pending.wait(Ack::kApplied).value().ack, Ack::kApplied);
  EXPECT_EQ(pending.wait().value().ack, Ack::kDurable);
  EXPECT_TRUE(pending.reached(Ack::kDurable));
}

TEST(Modes, APipelinedFileEndsAsAFullOne) {
  const Folder folder;
  std::vector<std::string> digests[2];
  for (const bool pipe : {false, true}) {
    const std::string file = folder.file(pipe ? "piped" : "full");
    {
      Database db = Database::open(file, pipe ? pipelined() : OpenOptions()).value();
      db.execute(kSchema).value();
      for (int i = 0; i < 300; ++i) {
        with_row(db, i % 50, i).commit().value();
        if (i == 100) db.execute("CREATE VIEW big AS SELECT id FROM t WHERE v > 100").value();
        if (i == 150) db.execute("BEGIN; CREATE TABLE other (x INT); INSERT INTO other VALUES (1); DELETE FROM t WHERE id = 3; COMMIT").value();
        if (i == 200) db.execute("DROP VIEW big").value();
        if (i == 250) db.flush().value();
      }
      if (pipe) db.close().value();
    }
    Database db = Database::open(file).value();
    EXPECT_EQ(text(db.query("SELECT COUNT(*) FROM t").value()), Texts{"50"});
    for (const RelationInfo& relation : db.relations()) digests[pipe].push_back(relation.name + " " + db.digest(relation.name).value());
  }
  EXPECT_EQ(digests[0], digests[1]);
}

TEST(Modes, FlushIsABarrier) {
  const Folder folder;
  Database db = Database::open(folder.file(), pipelined()).value();
  db.execute(kSchema).value();
  for (int i = 0; i < 40; ++i) (void)with_row(db, i, i).submit().value();
  db.flush().value();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open_v2(folder.file().c_str(), &other, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  sqlite3_stmt* count = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(other, "SELECT COUNT(*), SUM(n) FROM t, (SELECT SUM(n) AS n FROM s)", -1, &count, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(count), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(count, 0), 40);
  EXPECT_EQ(sqlite3_column_int(count, 1), 40 * 40);
  sqlite3_finalize(count);
  sqlite3_close(other);
}

TEST(Modes, AFileTakesNoModeMemory) {
  const Folder folder;
  EXPECT_EQ(Database::open(folder.file(), {.mode = Mode::kMemory}).error().code, ErrorCode::kInput);
  EXPECT_FALSE(std::filesystem::exists(folder.file()));
  EXPECT_TRUE(Database::open(":memory:", {.mode = Mode::kMemory}).ok());
}

TEST(Modes, OptionsOfADocument) {
  const OpenOptions read = read_options(R"({"options": {"preset": "throughput", "batch_submissions": 17, "sync": false}})").value();
  EXPECT_EQ(read.mode, Mode::kPipelined);
  EXPECT_EQ(read.batch_submissions, 17u);
  EXPECT_EQ(read.cache_bytes, std::uint64_t{256} << 20);
  EXPECT_FALSE(read.sync);
  EXPECT_EQ(read_options("{}", {.queue_rows = 5}).value().queue_rows, 5u);
  const auto place = [](const char* options) {
    const auto result = read_options("{\"options\": " + std::string(options) + "}");
    return result.ok() ? "ok" : result.error().place;
  };
  EXPECT_EQ(place(R"({"mode": "fast"})"), "/options/mode");
  EXPECT_EQ(place(R"({"mode": 1})"), "/options/mode");
  EXPECT_EQ(place(R"({"speed": 1})"), "/options/speed");
  EXPECT_EQ(place(R"({"batch_submissions": 0})"), "/options/batch_submissions");
  EXPECT_EQ(place(R"({"batch_submissions": 65537})"), "/options/batch_submissions");
  EXPECT_EQ(place(R"({"queue_bytes": -1})"), "/options/queue_bytes");
  EXPECT_EQ(place(R"([])"), "/options");
  Database db = memory();
  EXPECT_EQ(db.define(R"({"options": {"mode": "pipelined"}, "tables": {}})").error().place, "/options") << "it is open already";
  EXPECT_TRUE(db.define(R"({"options": {"mode": "full"}, "tables": {"t": {"columns": {"a": "INT"}}}})").ok());
}

TEST(ExactlyOnce, AReplayChangesNothing) {
  const Folder folder;
  for (const bool pipe : {false, true}) {
    const std::string file = folder.file(pipe ? "piped" : "full");
    const OpenOptions options = pipe ? pipelined() : OpenOptions();
    {
      Database db = Database::open(file, options).value();
      db.execute(kSchema).value();
      EXPECT_FALSE(db.origin("a").value());
      Transaction first = db.begin();
      first.insert("t", {1, 10}).value();
      EXPECT_FALSE(first.commit(from("a", 1, 7)).value().replayed);
      for (int i = 0; i < 3; ++i) {
        Transaction again = db.begin();
        again.upsert("t", {1, 99}).value();
        const Receipt receipt = again.commit(from("a", 1, 7)).value();
        EXPECT_TRUE(receipt.replayed);
        EXPECT_EQ(receipt.rows, 0u);
      }
      EXPECT_TRUE(with_row(db, 1, 98).commit(from("a", 1, 3)).value().replayed);
      EXPECT_EQ(with_row(db, 1, 97).commit(from("a", 0, 100)).error().code, ErrorCode::kConstraint) << "an epoch that is over";
      EXPECT_FALSE(with_row(db, 2, 20).commit(from("b", 1, 7)).value().replayed) << "another source";
      EXPECT_FALSE(db.begin().commit(from("c", 1, 1)).value().replayed) << "nothing but its mark";
      Transaction bad = db.begin();
      bad.insert("t", {1, 1}).ok();
      bad.insert("t", {3, 1}).value();
    }
    Database db = Database::open(file, options).value();
    EXPECT_EQ(db.origin("a").value()->sequence, 7u);
    EXPECT_EQ(db.origin("c").value()->sequence, 1u);
    EXPECT_TRUE(with_row(db, 1, 96).commit(from("a", 1, 7)).value().replayed) << "after an outcome that was not learned";
    EXPECT_FALSE(with_row(db, 3, 30).commit(from("a", 1, 8)).value().replayed);
    EXPECT_FALSE(with_row(db, 4, 40).commit(from("a", 2, 1)).value().replayed) << "a new epoch counts anew";
    EXPECT_EQ(text(db.read("t").value()), (Texts{"1|10", "2|20", "3|30", "4|40"}));
  }
}

TEST(ExactlyOnce, ARefusedSubmissionLeavesNoMark) {
  Database db = memory(kSchema);
  with_row(db, 1, 1).commit(from("a", 1, 1)).value();
  Transaction behind = db.begin();
  behind.insert("t", {5, 1}).value();
  with_row(db, 5, 2).commit().value();
  EXPECT_FALSE(behind.commit(from("a", 1, 2)).ok());
  EXPECT_EQ(db.origin("a").value()->sequence, 1u);
  EXPECT_FALSE(with_row(db, 6, 1).commit(from("a", 1, 2)).value().replayed) << "so that it can be tried again";
}

TEST(ExactlyOnce, TwiceInOneBatch) {
  Database db = memory(kSchema);
  std::vector<Pending> pending;
  for (int i = 0; i < 200; ++i) pending.push_back(with_row(db, i / 2, i % 2).submit(from("a", 1, static_cast<std::uint64_t>(i / 2 + 1))).value());
  for (std::size_t i = 0; i < pending.size(); ++i) EXPECT_EQ(pending[i].wait().value().replayed, i % 2 == 1) << i;
  EXPECT_EQ(text(db.query("SELECT COUNT(*), SUM(v) FROM t").value()), Texts{"100|0"});
}

TEST(ExactlyOnce, WithASchemaChange) {
  const Folder folder;
  Database db = Database::open(folder.file()).value();
  for (const bool again : {false, true}) {
    Transaction transaction = db.begin();
    transaction.execute("CREATE TABLE t" + std::string(again ? "wice" : "") + " (a INT)").value();
    EXPECT_EQ(transaction.commit(from("migrations", 1, 1)).value().replayed, again);
  }
  EXPECT_EQ(db.relations().size(), 1u);
  EXPECT_EQ(db.relations()[0].name, "t");
  EXPECT_TRUE(db.execute("INSERT INTO t VALUES (1)").ok());
}

}  // namespace
}  // namespace weir
