// Would catch: a copy of half a batch, or of two moments; one that is not checked, or left behind where it failed; a check that misses damage, or blames a file that others write to;
// a reader that hinders the writer, or whom the writer moves; two copies to one name that disturb each other.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/views/open.h"

namespace weir {
namespace {

constexpr char kScript[] =
    "CREATE TABLE a (id BIGINT PRIMARY KEY, v BIGINT); CREATE TABLE b (id BIGINT PRIMARY KEY, v BIGINT);"
    "CREATE VIEW joined AS SELECT a.id, a.v + b.v AS v FROM a JOIN b ON a.id = b.id; CREATE VIEW sums AS SELECT COUNT(*) AS n, SUM(v) AS v FROM joined;"
    "INSERT INTO a SELECT g, g FROM generate_series(1, 500) g; INSERT INTO b SELECT g, -g FROM generate_series(1, 500) g;";

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

std::size_t files_of(const Folder& folder, const std::string& prefix) {
  std::size_t n = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(folder.file()).parent_path())) n += entry.path().filename().string().starts_with(prefix);
  return n;
}

void in_file(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

OpenOptions to_look() {
  OpenOptions options;
  options.threads = 1;
  options.read_only = true;
  options.repair = false;
  return options;
}

TEST(Backup, OfALiveFileIsOneBatch) {
  for (const Mode mode : {Mode::kFull, Mode::kPipelined}) {
    const Folder folder;
    OpenOptions options;
    options.threads = 1;
    options.sync = false;
    options.mode = mode;
    Database db = Database::open(folder.file(), options).value();
    db.execute(kScript).value();
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      for (int i = 0; !stop; ++i) {  // each batch keeps a.v + b.v at 0
        Transaction transaction = db.begin();
        const int id = 1 + i % 500;
        transaction.update("a", {Value(id)}, {{"v", Value(i)}}).value();
        transaction.update("b", {Value(id)}, {{"v", Value(-i)}}).value();
        transaction.commit().value();
      }
    });
    std::uint64_t last = 0;
    for (int copy = 0; copy < 4; ++copy) {
      const std::string to = folder.file("copy" + std::to_string(copy));
      const std::uint64_t before = db.sequence();
      const auto sequence = copy % 2 == 0 ? db.backup(to) : backup(folder.file(), to);
      ASSERT_TRUE(sequence.ok()) << sequence.error().message;
      if (copy % 2 == 0) { EXPECT_GE(sequence.value(), before); }
      EXPECT_GE(sequence.value(), last);
      last = sequence.value();
      Database copied = Database::open(to, to_look()).value();
      EXPECT_EQ(copied.sequence(), sequence.value());
      EXPECT_EQ(text(copied.read("sums").value()), (Texts{"500|0"}));
      EXPECT_TRUE(copied.check().value().ok());
      Database live = Database::open(folder.file(), to_look()).value();
      const Verification found = live.check().value();
      EXPECT_TRUE(found.ok()) << found.difference;
    }
    EXPECT_TRUE(db.check().value().ok());
    stop = true;
    writer.join();
    EXPECT_TRUE(db.check().value().ok());
    EXPECT_EQ(files_of(folder, "copy"), 4u) << "a copy is one file";
  }
}

TEST(Backup, ACopyIsGoneOnWith) {
  const Folder folder;
  Database db = Database::open(folder.file()).value();
  db.execute(kScript).value();
  db.backup(folder.file("copy")).value();
  Database copy = Database::open(folder.file("copy")).value();
  copy.execute("INSERT INTO a VALUES (1000, 1); INSERT INTO b VALUES (1000, 2)").value();
  EXPECT_EQ(text(copy.read("sums").value()), (Texts{"501|3"}));
  EXPECT_EQ(text(db.read("sums").value()), (Texts{"500|0"}));
}

TEST(Backup, CopiesNothingOverAndNothingBad) {
  const Folder folder;
  {
    Database db = Database::open(folder.file()).value();
    db.execute(kScript).value();
    std::ofstream(folder.file("there")) << "mine";
    const auto over = db.backup(folder.file("there"));
    ASSERT_FALSE(over.ok());
    EXPECT_NE(over.error().message.find("it exists already"), std::string::npos);
    EXPECT_EQ(bytes_of(folder.file("there")), "mine");
    EXPECT_FALSE(db.backup(folder.file("no/such/folder")).ok());
    EXPECT_FALSE(memory().backup(folder.file("copy")).ok());
    db.close().value();
    EXPECT_EQ(db.backup(folder.file("copy")).error().code, ErrorCode::kClosed);
  }
  EXPECT_FALSE(backup(folder.file("none"), folder.file("copy")).ok());
  in_file(folder.file(), "UPDATE sums SET n = 7");
  const auto bad = backup(folder.file(), folder.file("copy"));
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("view \"sums\""), std::string::npos) << bad.error().message;
  EXPECT_EQ(files_of(folder, "copy"), 0u);
}

TEST(Backup, OneOfSeveralToOneNameIsMade) {
  const Folder folder;
  Database db = Database::open(folder.file()).value();
  db.execute(kScript).value();
  for (int round = 0; round < 8; ++round) {
    const std::string name = "copy" + std::to_string(round), to = folder.file(name);
    std::atomic<int> made{0}, ready{0};
    std::vector<std::thread> threads;
    for (int n = 0; n < 3; ++n) {
      threads.emplace_back([&] {
        for (++ready; ready < 3;) {}
        const auto copied = db.backup(to);
        if (copied.ok()) ++made;
        else EXPECT_NE(copied.error().message.find("it exists already"), std::string::npos) << copied.error().message;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(files_of(folder, name), 1u) << "what was not named is gone";
    EXPECT_EQ(text(Database::open(to, to_look()).value().read("sums").value()), (Texts{"500|0"}));
  }
}

TEST(Backup, WhatADeadProcessLeftIsRemoved) {
  const Folder folder;
  Database db = Database::open(folder.file()).value();
  const std::string copy = folder.file("copy.db"), left = copy + ".weir-part-2147483000-1", other = folder.file("others.db") + ".weir-part-2147483000-1";
  for (const std::string& name : {left, left + "-journal", other}) std::ofstream(name) << "rows";
  db.backup(copy).value();
  EXPECT_EQ(files_of(folder, "copy.db"), 1u);
  EXPECT_EQ(files_of(folder, "others.db"), 1u);
}

TEST(Check, FindsWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE sums SET n = 7", "view \"sums\" in the file is not what was committed"},
      {"UPDATE weir_digest SET digest = 'no' WHERE relation = 3", "view \"joined\" in the file is not what was committed"},
      {"UPDATE a SET v = 1 WHERE id = 7", "table \"a\" does not hold what was last committed"},
      {"DELETE FROM weir_catalog WHERE name = 'joined'", "damaged"},
      {"PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 1000 WHERE name = 'sums'", "damaged"},
      {"PRAGMA user_version = 99", "made by another version of weir: its format is 99"},
      {"PRAGMA application_id = 1", "not one that weir made"}};
  for (const auto& [sql, says] : cases) {
    const Folder folder;
    {
      Database db = Database::open(folder.file()).value();
      db.execute(kScript).value();
      db.close().value();
    }
    in_file(folder.file(), sql);
    const std::string before = bytes_of(folder.file());
    const Result<Database> db = Database::open(folder.file(), to_look());
    std::string found;
    if (!db.ok()) {
      found = db.error().message;
    } else if (const auto checked = db.value().check(); checked.ok()) {
      found = checked.value().difference;
    } else {
      found = checked.error().message;
    }
    EXPECT_NE(found.find(says), std::string::npos) << sql << ": " << found;
    EXPECT_EQ(bytes_of(folder.file()), before) << sql;
  }
}

// Any page of the file overwritten or cut off: told, or of no consequence; never a crash, and the file is as it was.
TEST(Check, DamagedPagesAreToldAndTheFileIsUntouched) {
  const Folder folder;
  {
    Database db = Database::open(folder.file()).value();
    db.execute(kScript).value();
    db.close().value();
  }
  const std::string whole = bytes_of(folder.file());
  int told = 0, cases = 0;
  const auto look = [&](const std::string& bytes) {
    std::ofstream(folder.file("bad"), std::ios::binary) << bytes;
    ++cases;
    const Result<Database> db = Database::open(folder.file("bad"), to_look());
    const auto found = db.ok() ? db.value().check() : Result<Verification>(db.error());
    told += !found.ok() || !found.value().ok();
    EXPECT_EQ(bytes_of(folder.file("bad")), bytes);
  };
  constexpr std::size_t kPage = 4096;
  for (std::size_t page = 0; page < whole.size() / kPage; ++page) {
    std::string bytes = whole;
    bytes.replace(page * kPage, kPage, std::string(kPage, '\x5a'));
    look(bytes);
  }
  for (std::size_t size : {std::size_t{50}, kPage, 2 * kPage, whole.size() / 2, whole.size() - kPage, whole.size() - 1}) look(whole.substr(0, size));
  EXPECT_EQ(told, cases);
}

TEST(ReadOnly, StandsStillAndRefusesChanges) {
  const Folder folder;
  Database db = Database::open(folder.file()).value();
  db.execute(kScript).value();
  Database reader = Database::open(folder.file(), to_look()).value();
  db.execute("UPDATE a SET v = v + 1").value();
  EXPECT_EQ(text(reader.read("sums").value()), (Texts{"500|0"}));
  EXPECT_TRUE(reader.check().value().ok());
  for (const char* sql : {"INSERT INTO a VALUES (501, 1)", "CREATE TABLE c (x INT)", "DROP VIEW sums", "DELETE FROM a"}) {
    const auto refused = reader.execute(sql);
    ASSERT_FALSE(refused.ok()) << sql;
    EXPECT_NE(refused.error().message.find("open for reading only"), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(text(reader.read("sums").value()), (Texts{"500|0"}));
  EXPECT_EQ(text(db.read("sums").value()), (Texts{"500|500"}));
  const auto second = Database::open(folder.file());
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("already open in this program"), std::string::npos);
  db.close().value();
  EXPECT_EQ(text(reader.read("sums").value()), (Texts{"500|0"})) << "the writer has gone";
  EXPECT_TRUE(reader.check().value().ok());
  EXPECT_EQ(text(Database::open(folder.file()).value().read("sums").value()), (Texts{"500|500"}));
}

}  // namespace
}  // namespace weir
