// Would catch: an acknowledged batch that is lost or applied twice by a crash at any write, sync or truncation; half a batch; a view in the file that is not what its tables give;
// a failing call of the file system after which memory and file differ, or which is not told; a checkpoint that loses.
//
// More points: ./dev crash --points 10000 --seed 7
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <weir/weir.h>

#include "storage/storage.h"
#include "tests/crash/fault_vfs.h"
#include "tests/views/open.h"
#include "zset/digest.h"

namespace weir::crash {
namespace {

constexpr char kSchema[] = R"(
  CREATE TABLE items (id BIGINT PRIMARY KEY, kind BIGINT NOT NULL, price NUMERIC(10,2), note TEXT) WITH (audit);
  CREATE TABLE bag (a BIGINT, b TEXT);
  CREATE VIEW by_kind WITH (feed) AS SELECT kind, COUNT(*) AS n, SUM(price) AS total, MIN(note) AS first FROM items GROUP BY kind;
  CREATE VIEW shares AS SELECT id, price / NULLIF(kind, 3) AS share FROM items;
  CREATE TABLE limits (k BIGINT PRIMARY KEY, units BIGINT NOT NULL);
  INSERT INTO limits VALUES (1, 12), (2, 40);
)";

struct Step {
  std::vector<std::string> statements;  // one transaction; empty: a checkpoint by another connection
  std::int64_t acquire = 0;             // instead: so many units of a gate whose admissions are in the file one by one
  bool flush = false;                   // afterwards
  bool is_checkpoint() const { return statements.empty() && acquire == 0; }
};

// Rows come, change and go; views come and go; units are admitted; some transactions are refused.
std::vector<Step> make_load(unsigned seed, int steps) {
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return std::to_string(random() % static_cast<unsigned>(n)); };
  std::vector<Step> load;
  bool view = false, table = false;
  for (int i = 0; i < steps; ++i) {
    Step step;
    step.flush = random() % 4 == 0;
    switch (random() % 12) {
      case 10: case 11: step.acquire = 1 + random() % 5; break;
      case 0:
        step.statements.push_back(view ? "DROP VIEW pairs" : "CREATE VIEW pairs AS SELECT i.id, b.b FROM items i LEFT JOIN bag b ON b.a = i.kind");
        view = !view;
        break;
      case 1:
        if (table) {
          step.statements.push_back("DROP TABLE extra CASCADE");
        } else {
          step.statements = {"CREATE TABLE extra (x BIGINT PRIMARY KEY)", "CREATE VIEW extras AS SELECT COUNT(*) AS n FROM extra", "INSERT INTO extra VALUES (1), (" + pick(2) + " + 2)"};
        }
        table = !table;
        break;
      case 2: break;
      case 3: step.statements.push_back("INSERT INTO items VALUES (" + pick(40) + ", 0, 1, 'there already, or not')"); break;
      case 4: step.statements.push_back("DELETE FROM bag WHERE a = " + pick(5)); break;
      case 5: step.statements.push_back("UPDATE items SET price = price + 1, kind = (kind + 1) % 3 WHERE id % 4 = " + pick(4)); break;
      case 6:
        step.statements.push_back("INSERT INTO bag SELECT id % 5, 'a text that is too long to lie in a row ' || note FROM items WHERE id < " + pick(60));
        break;
      default: {
        const std::string base = std::to_string(1000 + i * 100), rows = pick(90);
        step.statements.push_back("DELETE FROM items WHERE id >= 1000 AND id % 7 = " + pick(7));
        std::string insert = "INSERT INTO items VALUES (" + base + ", 1, 2.50, 'first')";
        for (int n = 1, end = std::stoi(rows); n < end; ++n) insert += ", (" + base + " + " + std::to_string(n) + ", " + pick(3) + ", " + pick(100) + ", 'note " + pick(1000) + "')";
        step.statements.push_back(insert);
        step.statements.push_back("INSERT INTO bag VALUES (" + pick(5) + ", 'b')");
      }
    }
    load.push_back(std::move(step));
  }
  return load;
}

void checkpoint(const std::string& file, bool truncate) {
  sqlite3* other = nullptr;
  if (sqlite3_open_v2(file.c_str(), &other, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
    sqlite3_wal_checkpoint_v2(other, nullptr, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  sqlite3_close(other);
}

// The gate of the load, and a view over its usage.
Result<void> open_gate(Database& db) {
  if (auto made = db.create_gate("api", {.budget = "limits", .max_exposure = 0}); !made.ok()) return made.error();
  const auto view = db.execute("CREATE VIEW spent AS SELECT COUNT(*) AS keys, SUM(admitted) AS n, SUM(leased + forfeited) AS lost FROM api_usage");
  return view.ok() || view.error().code == ErrorCode::kDuplicateName ? Result<void>() : Result<void>(view.error());
}

Result<Receipt> acquire(const Database& db, std::int64_t n) {
  const Gate gate = db.gate("api").value();
  const Admission admission = gate.try_acquire({1 + n % 2}, n);
  if (admission.answer() == Admission::Answer::kUnavailable) {
    if (const auto status = gate.status(); !status.ok()) return status.error();
    Error error;
    error.code = ErrorCode::kIo;
    error.message = "the gate could not reserve";
    return error;
  }
  return Receipt{db.sequence(), 0, Ack::kDurable, false};
}

Result<Receipt> apply(Database& db, const Step& step, std::size_t number) {
  if (step.acquire) return acquire(db, step.acquire);
  Transaction transaction = db.begin();
  for (const std::string& statement : step.statements) {
    if (auto done = transaction.execute(statement); !done.ok()) return done.error();
  }
  return transaction.commit({.origin = Origin{"load", 1, number}});
}

using Digests = std::map<std::string, std::string>;

Digests digests(const Database& db) {
  Digests out;
  for (const RelationInfo& relation : db.relations()) out[relation.name] = db.digest(relation.name).value();
  return out;
}

// What the file holds, read row by row; every relation has to have the digest that was stored with it. Those with a change log began empty: it has to add up to what they hold.
Digests digests_in_file(const std::string& file) {
  Digests out;
  StorageOptions options;
  options.read_only = true;
  const auto storage = Storage::open(file, options);
  for (const StoredRelation& relation : storage->catalog()) {
    Digest digest;
    storage->read(relation, [&](const Delta& rows) { digest.add(rows); });
    out[relation.name] = digest.to_string();
    EXPECT_EQ(digest.to_string(), storage->digest(relation.name)) << relation.name;
    for (const StoredLog& log : storage->logs()) {
      if (log.relation != relation.name) continue;
      Digest sum;
      std::uint64_t last = log.base;
      storage->read_log(relation, log.base, [&](std::uint64_t sequence, const std::unique_ptr<StoredRows>& change) {
        sum.add(change->rows);
        EXPECT_LT(std::exchange(last, sequence), sequence);
      });
      EXPECT_LE(last, storage->sequence());
      EXPECT_EQ(sum, digest) << "the change log of " << relation.name;
    }
  }
  return out;
}

OpenOptions options_of(unsigned seed) {
  OpenOptions options;
  options.threads = 1;
  options.mode = seed % 3 == 0 ? Mode::kPipelined : Mode::kFull;
  return options;
}

// A load, and the contents after each of its steps as a database in memory has them.
struct Plan {
  explicit Plan(unsigned seed) : load(make_load(seed, 14)) {
    Database twin = memory(kSchema);
    open_gate(twin).value();
    states.push_back(digests(twin));
    for (std::size_t i = 0; i < load.size(); ++i) {
      if (!load[i].is_checkpoint()) (void)apply(twin, load[i], i + 1).ok();
      states.push_back(digests(twin));
    }
  }
  std::vector<Step> load;
  std::vector<Digests> states;  // [i]: after i steps
};

// Runs the load on a file until something stops it. `durable`: so many steps are acknowledged; `tried`: so many have begun.
void run(const std::string& file, const OpenOptions& options, const Plan& plan, std::size_t& durable, std::size_t& tried, const std::function<bool()>& stopped) {
  auto opened = Database::open(file, options);
  if (!opened.ok()) return;
  Database db = std::move(opened).value();
  if (!open_gate(db).ok()) return;
  for (std::size_t i = 0; i < plan.load.size() && !stopped(); ++i) {
    const Step& step = plan.load[i];
    tried = i + 1;
    if (step.is_checkpoint()) {
      checkpoint(file, i % 2 == 0);
      continue;
    }
    const auto receipt = apply(db, step, i + 1);
    if (stopped()) {
      if (receipt.ok() && receipt.value().ack == Ack::kDurable) durable = i + 1;
      break;
    }
    if (receipt.ok() && receipt.value().ack == Ack::kDurable) durable = i + 1;
    if (step.flush && db.flush().ok()) durable = i + 1;
  }
  if (!stopped() && db.close().ok()) durable = tried;
}

void make_file(const std::string& file) {
  Database db = Database::open(file, {.threads = 1}).value();
  db.execute(kSchema).value();
  open_gate(db).value();
  db.close().value();
}

// The file has a state between what was acknowledged and what was tried; the rest of the load, submitted again from before the crash, brings it to the end.
void check_after_crash(const std::string& file, const OpenOptions& options, const Plan& plan, std::size_t durable, std::size_t tried) {
  const Digests stored = digests_in_file(file);
  std::size_t at = durable;
  while (at <= tried && stored != plan.states[at]) ++at;
  ASSERT_LE(at, tried) << "the file holds no state between steps " << durable << " and " << tried;
  auto opened = Database::open(file, options);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Database db = std::move(opened).value();
  ASSERT_EQ(digests(db), stored);
  open_gate(db).value();
  ASSERT_EQ(db.gate("api").value().stats().forfeited_at_open, 0);
  for (std::size_t i = durable > 3 ? durable - 3 : 0; i < plan.load.size(); ++i) {
    // Who asks a gate again is admitted again.
    if (!plan.load[i].is_checkpoint() && (plan.load[i].acquire == 0 || i >= at)) (void)apply(db, plan.load[i], i + 1).ok();
  }
  ASSERT_EQ(digests(db), plan.states.back()) << "submitted again";
  ASSERT_TRUE(db.close().ok());
  ASSERT_EQ(digests_in_file(file), plan.states.back());
}

unsigned from_environment(const char* name, unsigned otherwise) {
  const char* value = std::getenv(name);
  return value ? static_cast<unsigned>(std::strtoul(value, nullptr, 10)) : otherwise;
}

TEST(Crash, PowerLossAtAnyPoint) {
  const Folder folder;
  FaultVfs faults;
  const unsigned points = from_environment("WEIR_CRASH_POINTS", 120), first = from_environment("WEIR_CRASH_SEED", 1);
  constexpr unsigned kPointsOfPlan = 20;
  const std::string file = folder.file();
  const std::string original = folder.file("original");
  make_file(original);
  const auto begin = [&] {
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file + ending);
    std::filesystem::copy_file(original, file);
    faults.reset();
  };
  std::optional<Plan> plan;
  std::uint64_t changes = 0;
  for (unsigned point = 0; point < points; ++point) {
    const unsigned seed = first + point / kPointsOfPlan;
    const OpenOptions options = options_of(seed);
    if (point % kPointsOfPlan == 0) {
      plan.emplace(seed);
      begin();
      std::size_t durable = 0, tried = 0;
      run(file, options, *plan, durable, tried, [] { return false; });
      changes = faults.counts().changes;
      ASSERT_EQ(digests_in_file(file), plan->states.back()) << "seed " << seed;
    }
    std::mt19937 random(seed * 1'000'003 + point);
    begin();
    const std::uint64_t at = 1 + random() % (changes + 2);
    faults.stop_at(at);
    std::size_t durable = 0, tried = 0;
    run(file, options, *plan, durable, tried, [&] { return faults.stopped(); });
    const Leave what = std::array{Leave::kEverything, Leave::kSynced, Leave::kRandom, Leave::kRandom}[random() % 4];
    faults.leave(what, random);
    faults.reset();
    SCOPED_TRACE("seed " + std::to_string(seed) + ", point " + std::to_string(point) + ", stops at change " + std::to_string(at) + " of " + std::to_string(changes) + ", leaves " +
                 std::to_string(static_cast<int>(what)));
    check_after_crash(file, options, *plan, durable, tried);
    if (HasFatalFailure() || HasFailure()) return;
  }
}

TEST(Crash, Kill9AtAnyPoint) {
  const Folder folder;
  const unsigned points = from_environment("WEIR_CRASH_POINTS", 120) / 8, first = from_environment("WEIR_CRASH_SEED", 1);
  for (unsigned point = 0; point < points; ++point) {
    const unsigned seed = 499 + first + point / 10;
    const Plan plan(seed);
    const std::string file = folder.file(std::to_string(point));
    make_file(file);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      std::mt19937 random(first * 1'000'003 + point);
      FaultVfs faults;
      faults.stop_at(1 + random() % 150);
      std::size_t durable = 0, tried = 0;
      const auto tell = [&] {
        const std::size_t told[2] = {durable, tried};
        return ::write(ends[1], told, sizeof told) == static_cast<ssize_t>(sizeof told);
      };
      run(file, options_of(seed), plan, durable, tried, [&] {
        if (!tell() || faults.stopped()) ::kill(::getpid(), SIGKILL);
        return false;
      });
      (void)tell();
      ::_exit(0);
    }
    ::close(ends[1]);
    std::size_t told[2] = {0, 0}, durable = 0, tried = 0;
    while (::read(ends[0], told, sizeof told) == static_cast<ssize_t>(sizeof told)) durable = told[0], tried = told[1];
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    SCOPED_TRACE("kill -9, seed " + std::to_string(seed) + ", point " + std::to_string(point));
    check_after_crash(file, options_of(seed), plan, durable, std::min(tried + 1, plan.load.size()));
    if (HasFailure()) return;
  }
}

TEST(Crash, AFailingCallIsToldAndNothingDiverges) {
  const Folder folder;
  FaultVfs faults;
  const std::string file = folder.file();
  const unsigned points = from_environment("WEIR_CRASH_POINTS", 120), first = from_environment("WEIR_CRASH_SEED", 1);
  struct Kind { Call call; int code; unsigned range; };
  const std::vector<Kind> kinds = {{Call::kWrite, SQLITE_IOERR_WRITE, 120}, {Call::kWrite, SQLITE_FULL, 120}, {Call::kSync, SQLITE_IOERR_FSYNC, 12},
                                   {Call::kRead, SQLITE_IOERR_READ, 20},    {Call::kLock, SQLITE_BUSY, 30},   {Call::kTruncate, SQLITE_IOERR_TRUNCATE, 2}};
  unsigned refused = 0, read_only = 0;
  for (unsigned point = 0; point < points; ++point) {
    std::mt19937 random(first + point + 98);
    const Kind& kind = kinds[point % kinds.size()];
    const std::vector<Step> load = make_load(first + point - 1, 12);
    SCOPED_TRACE("seed " + std::to_string(first) + ", point " + std::to_string(point) + ", code " + std::to_string(kind.code));
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file + ending);
    faults.reset();
    Digests expected, perhaps;
    {
      Database db = Database::open(file, {.threads = 1}).value();
      db.execute(kSchema).value();
      open_gate(db).value();
      Database twin = memory(kSchema);
      open_gate(twin).value();
      faults.fail(kind.call, 1 + random() % kind.range, kind.code, point % 2 ? 1 : 3);
      bool sticky = false;
      for (std::size_t i = 0; i < load.size(); ++i) {
        if (load[i].is_checkpoint()) {
          checkpoint(file, true);
          continue;
        }
        const auto receipt = apply(db, load[i], i + 1);
        if (receipt.ok()) {
          ASSERT_FALSE(sticky);
          ASSERT_TRUE(apply(twin, load[i], i + 1).ok());
        } else if (receipt.error().code == ErrorCode::kIo) {
          ASSERT_TRUE(faults.failed()) << receipt.error().message;
          ++refused;
          if (sticky) {
            ASSERT_NE(receipt.error().message.find("read-only until it is opened again"), std::string::npos) << receipt.error().message;
          } else {
            Database other = memory(kSchema);  // as it is if the refused batch is in the file after all
            open_gate(other).value();
            for (std::size_t n = 0; n <= i; ++n) {
              if (!load[n].is_checkpoint()) (void)apply(other, load[n], n + 1).ok();
            }
            perhaps = digests(other);
            // A batch that changes nothing is refused only by a file that takes no more.
            Transaction probe = db.begin();
            const auto probed = probe.commit({.origin = Origin{"probe", 1, i + 1}});
            sticky = !probed.ok() && probed.error().message.find("read-only until it is opened again") != std::string::npos;
            read_only += sticky;
          }
        } else {
          ASSERT_FALSE(apply(twin, load[i], i + 1).ok()) << receipt.error().message;
        }
        ASSERT_EQ(digests(db), digests(twin)) << "step " << i;
      }
      expected = digests(twin);
      if (!sticky) perhaps = expected;
      faults.fail(Call::kRead, 0, 0);
      (void)db.close().ok();
    }
    const Digests stored = digests_in_file(file);
    ASSERT_TRUE(stored == expected || stored == perhaps);
    Database db = Database::open(file, {.threads = 1}).value();
    ASSERT_EQ(digests(db), stored);
    if (HasFailure()) return;
  }
  EXPECT_GT(refused, points / 20) << "the faults have to hit something";
  EXPECT_GT(read_only, 0u);
}

TEST(Crash, APipelinedFailureIsSticky) {
  const Folder folder;
  FaultVfs faults;
  OpenOptions options;
  options.mode = Mode::kPipelined;
  options.threads = 1;
  std::vector<Digests> states;
  std::size_t durable = 0;
  {
    Database db = Database::open(folder.file(), options).value();
    db.execute(kSchema).value();
    states.push_back(digests(db));
    const auto insert = [&](int id) {
      Transaction transaction = db.begin();
      transaction.insert("items", {id, 1, 1, "x"}).value();
      return transaction.submit();
    };
    for (int i = 0; i < 5; ++i) {
      insert(i).value().wait(Ack::kApplied).value();
      states.push_back(digests(db));
    }
    db.flush().value();
    durable = states.size() - 1;
    faults.fail(Call::kWrite, 1, SQLITE_FULL, 1'000'000);
    Result<Pending> pending = insert(100);
    ASSERT_TRUE(pending.ok());
    const auto receipt = pending.value().wait();
    ASSERT_FALSE(receipt.ok());
    EXPECT_NE(receipt.error().message.find("the disk is full"), std::string::npos) << receipt.error().message;
    EXPECT_NE(receipt.error().message.find("read-only until it is opened again"), std::string::npos);
    Result<Pending> after = insert(101);
    EXPECT_FALSE(after.ok() && after.value().wait().ok());
    EXPECT_FALSE(db.execute("CREATE TABLE more (a INT)").ok());
    EXPECT_FALSE(db.flush().ok());
    EXPECT_TRUE(db.query("SELECT COUNT(*) FROM items").ok());
    EXPECT_FALSE(db.close().ok()) << "close tells what is lost";
    faults.reset();
  }
  Database db = Database::open(folder.file(), options).value();
  EXPECT_EQ(digests(db), states[durable]);
  EXPECT_TRUE(db.execute("INSERT INTO items VALUES (100, 1, 1, 'x')").ok());
}

TEST(Crash, ABackupThatFailsLeavesNothing) {
  const Folder folder;
  FaultVfs faults;
  Database db = Database::open(folder.file(), {.threads = 1}).value();
  db.execute(kSchema).value();
  db.execute("INSERT INTO items SELECT g, 1 + g % 2, g, 'n' FROM generate_series(1, 300) g").value();
  const auto before = digests(db);
  unsigned refused = 0, done = 0;
  struct Kind { Call call; int code; };
  for (const Kind& kind : {Kind{Call::kWrite, SQLITE_FULL}, Kind{Call::kWrite, SQLITE_IOERR_WRITE}, Kind{Call::kRead, SQLITE_IOERR_READ}, Kind{Call::kOpen, SQLITE_CANTOPEN}}) {
    for (unsigned n : {1u, 2u, 5u, 15u, 40u, 10'000u}) {
      const std::string copy = folder.file("copy" + std::to_string(refused + done));
      faults.fail(kind.call, n, kind.code);
      const auto result = db.backup(copy);
      faults.fail(Call::kRead, 0, 0);
      ASSERT_EQ(result.ok(), std::filesystem::exists(copy));
      for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(copy).parent_path())) {
        ASSERT_EQ(entry.path().string().find("-part"), std::string::npos) << entry.path();
      }
      (result.ok() ? done : refused) += 1;
      if (result.ok()) { ASSERT_EQ(digests_in_file(copy), before); }
      ASSERT_EQ(digests(db), before);
      ASSERT_TRUE(db.execute("UPDATE items SET price = price WHERE id = 1").ok());
    }
  }
  EXPECT_GE(refused, 8u);
  EXPECT_GE(done, 4u);
}

TEST(Stats, AreWhatTheFileSystemSees) {
  for (const Mode mode : {Mode::kFull, Mode::kPipelined}) {
    const Folder folder;
    FaultVfs faults;
    OpenOptions options;
    options.threads = 1;
    options.mode = mode;
    Database db = Database::open(folder.file(), options).value();
    db.execute(kSchema).value();
    db.flush().value();
    const Stats before = db.stats().value();
    faults.reset();
    const std::vector<Step> load = make_load(77, 14);
    for (std::size_t i = 0; i < load.size(); ++i) {
      if (!load[i].statements.empty()) (void)apply(db, load[i], i + 1).ok();
    }
    db.execute("INSERT INTO items SELECT g, 1, 1, repeat('x', 900) FROM generate_series(10000, 40000) g").value();  // more than a checkpoint's worth
    db.flush().value();
    const Stats after = db.stats().value();
    const FaultVfs::Counts counts = faults.counts();
    EXPECT_EQ(after.writes - before.writes, counts.of(Call::kWrite));
    EXPECT_EQ(after.bytes_written - before.bytes_written, counts.bytes_written);
    EXPECT_EQ(after.sync_ns.count - before.sync_ns.count, counts.of(Call::kSync));
    EXPECT_EQ(after.reads - before.reads, counts.of(Call::kRead));
    EXPECT_GE(after.checkpoints, 1u);
    EXPECT_EQ(after.checkpoints_blocked, 0u);
    EXPECT_EQ(after.wal_bytes, std::filesystem::file_size(folder.file() + "-wal"));
  }
}

TEST(Crash, WhatIsWrittenIsTheNetChange) {
  const Folder folder;
  FaultVfs faults;
  Database db = Database::open(folder.file(), {.threads = 1}).value();
  db.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT); CREATE VIEW s AS SELECT COUNT(*) AS n, SUM(v) AS v FROM t; INSERT INTO t VALUES (1, 0)").value();
  const auto cost = [&](int operations, int net) {
    faults.reset();
    Transaction transaction = db.begin();
    for (int i = 1; i <= operations; ++i) transaction.upsert("t", {1, i == operations ? net : i}).value();
    transaction.commit().value();
    return faults.counts();
  };
  const FaultVfs::Counts one = cost(1, 200), many = cost(10'000, 300), none = cost(10'000, 300);
  EXPECT_EQ(one.of(Call::kSync), 1u) << "one sync a batch";
  EXPECT_EQ(many.bytes_written, one.bytes_written) << "follows what changed, not how often";
  EXPECT_EQ(none.bytes_written, 0u);
}

}  // namespace
}  // namespace weir::crash
