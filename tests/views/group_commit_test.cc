// Would catch: submissions of one batch that see, refuse or lose each other wrongly; an error that takes innocent ones along; batches that differ from the same submissions one by
// one; work that is lost when the database or its handles go.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "tests/views/open.h"

namespace weir {
namespace {

// A database whose next commit that inserts into `gate` stands still in the evaluation until it is released.
class HeldCommit {
 public:
  explicit HeldCommit(const std::string& path = ":memory:", OpenOptions options = {}) {
    options.threads = 1;
    options.functions.push_back({"hold", {TypeId::kBigint}, TypeId::kBigint, [this](std::span<const Value> v) {
      inside_ = true;
      while (holding_) std::this_thread::yield();
      return v[0];
    }});
    db.emplace(Database::open(path, options).value());
    db->execute("CREATE TABLE gate (x BIGINT); CREATE VIEW held AS SELECT hold(x) AS x FROM gate;").value();
  }
  void hold() {
    holding_ = true;
    inside_ = false;
    Transaction first = db->begin();
    first.insert("gate", {1}).value();
    first_ = first.submit().value();
    while (!inside_) std::this_thread::yield();
  }
  void release() { holding_ = false; }
  std::optional<Database> db;

 private:
  std::atomic<bool> holding_{false}, inside_{false};
  Pending first_;
};

constexpr char kAccounts[] = R"(
  CREATE TABLE accounts (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL);
  CREATE TABLE bag (a BIGINT);
  CREATE VIEW total AS SELECT COUNT(*) AS n, SUM(amount) AS amount FROM accounts;
  CREATE VIEW shares AS SELECT id, 100 / amount AS share FROM accounts;
  INSERT INTO accounts VALUES (1, 10), (2, 20), (3, 30);
)";

template <class F>
Pending submit(Database& db, F&& change) {
  Transaction transaction = db.begin();
  change(transaction);
  return transaction.submit().value();
}

TEST(GroupCommit, ColumnsAreTheCallersAgainOnceTheyAreSubmitted) {
  HeldCommit held;
  Database& db = *held.db;
  db.execute("CREATE TABLE notes (id BIGINT PRIMARY KEY, weight DOUBLE PRECISION, note TEXT)").value();
  const Table table = db.table("notes").value();
  held.hold();
  std::vector<std::int64_t> ids;
  std::vector<double> weights;
  std::vector<std::string> texts;
  std::vector<std::string_view> notes;
  const std::vector<std::uint8_t> nulls = {0, 1, 0};
  std::vector<Pending> pending;
  for (int n = 0; n < 3; ++n) {
    ids = {10 * n, 10 * n + 1, 10 * n + 2};
    weights = {n + 0.5, 0, 1};
    texts = {"a note that is too long to lie in its row, " + std::to_string(n), "short", ""};
    notes.assign(texts.begin(), texts.end());
    Transaction transaction = db.begin();
    const std::array<ColumnData, 3> columns{{{ids.data(), nullptr}, {weights.data(), nulls.data()}, {notes.data(), nulls.data()}}};
    transaction.upsert(table, columns, 3).value();
    pending.push_back(transaction.submit().value());
    ids = {-1, -2, -3};
    for (std::string& text : texts) text.assign(text.size(), '!');
  }
  held.release();
  for (const Pending& one : pending) one.wait(Ack::kApplied).value();
  EXPECT_EQ(text(db.query("SELECT * FROM notes WHERE id % 10 < 2 ORDER BY id").value()),
            (Texts{"0|0.5|a note that is too long to lie in its row, 0", "10|1.5|a note that is too long to lie in its row, 1", "11|NULL|NULL", "1|NULL|NULL",
                   "20|2.5|a note that is too long to lie in its row, 2", "21|NULL|NULL"}));
}

TEST(GroupCommit, BatchesAreWhatIsQueued) {
  for (const int queued : {1, 5, 128, 256, 1000}) {
    HeldCommit held;
    Database& db = *held.db;
    db.execute(kAccounts).value();
    held.hold();
    std::vector<Pending> pending;
    for (int i = 0; i < queued; ++i) pending.push_back(submit(db, [&](Transaction& t) { t.insert("accounts", {100 + i, 1}).value(); }));
    EXPECT_FALSE(pending[0].reached(Ack::kApplied));
    EXPECT_EQ(pending[0].wait(Ack::kQueued).value().ack, Ack::kQueued);
    const std::uint64_t before = db.sequence();
    held.release();
    std::map<std::uint64_t, std::size_t> sizes;
    for (Pending& p : pending) ++sizes[p.wait().value().sequence - before];
    std::map<std::uint64_t, std::size_t> expected;
    for (int left = queued, n = 2; left > 0; left -= 128, ++n) expected[static_cast<std::uint64_t>(n)] = static_cast<std::size_t>(std::min(left, 128));
    EXPECT_EQ(sizes, expected);
    EXPECT_EQ(text(db.read("total").value()), (Texts{std::to_string(3 + queued) + "|" + std::to_string(60 + queued)}));
  }
}

TEST(GroupCommit, EachStandsOrFallsAlone) {
  HeldCommit held;
  Database& db = *held.db;
  db.execute(kAccounts).value();
  held.hold();
  std::vector<Pending> p;
  p.push_back(submit(db, [](Transaction& t) { t.insert("accounts", {4, 40}).value(); }));
  p.push_back(submit(db, [](Transaction& t) { t.insert("bag", {7}).value(); t.insert("accounts", {4, 41}).value(); }));        // the key is there by then
  p.push_back(submit(db, [](Transaction& t) { t.update("accounts", {1}, {{"amount", 11}}).value(); }));
  p.push_back(submit(db, [](Transaction& t) { t.update("accounts", {1}, {{"amount", 12}}).value(); }));                         // has read what is no more
  p.push_back(submit(db, [](Transaction& t) { t.upsert("accounts", {1, 13}).value(); }));                                       // does not look
  p.push_back(submit(db, [](Transaction& t) { t.erase_key("accounts", {2}).value(); }));
  p.push_back(submit(db, [](Transaction& t) { t.erase_key("accounts", {2}).value(); }));
  p.push_back(submit(db, [](Transaction& t) { t.upsert("accounts", {2, 22}).value(); t.insert("bag", {8}).value(); t.insert("bag", {8}).value(); }));
  held.release();
  const auto code = [&](std::size_t i) { return p[i].wait().ok() ? std::string("ok") : p[i].wait().error().message; };
  EXPECT_EQ(code(0), "ok");
  EXPECT_EQ(code(1), "duplicate key value violates unique constraint \"accounts_pkey\"");
  EXPECT_EQ(code(2), "ok");
  EXPECT_EQ(code(3), "could not serialize access to table \"accounts\" due to concurrent update");
  EXPECT_EQ(code(4), "ok");
  EXPECT_EQ(code(5), "ok");
  EXPECT_EQ(code(6), "could not serialize access to table \"accounts\" due to concurrent update");
  EXPECT_EQ(code(7), "ok");
  EXPECT_EQ(p[7].wait().value().rows, 3u);
  EXPECT_EQ(text(db.read("accounts").value()), (Texts{"1|13", "2|22", "3|30", "4|40"}));
  EXPECT_EQ(text(db.read("bag").value()), (Texts{"8", "8"})) << "a refused one leaves nothing, in no table";
  EXPECT_EQ(p[0].wait().value().sequence, p[7].wait().value().sequence);
}

TEST(GroupCommit, AnErrorOfTheEvaluationHitsWhoCausesIt) {
  HeldCommit held;
  Database& db = *held.db;
  db.execute(kAccounts).value();
  held.hold();
  std::vector<Pending> p;
  for (int i = 0; i < 40; ++i) {
    p.push_back(submit(db, [&](Transaction& t) { t.insert("accounts", {100 + i, i == 17 || i == 33 ? 0 : 1}).value(); }));
  }
  // Refused only as long as the one that fails is thought to stand.
  p.push_back(submit(db, [&](Transaction& t) { t.insert("accounts", {117, 5}).value(); }));
  held.release();
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto receipt = p[i].wait();
    EXPECT_EQ(receipt.ok(), i != 17 && i != 33) << i;
    if (!receipt.ok()) { EXPECT_EQ(receipt.error().message, "division by zero"); }
  }
  EXPECT_EQ(text(db.read("total").value()), (Texts{"42|" + std::to_string(60 + 38 + 5)}));
}

TEST(GroupCommit, EqualsTheSameOneByOne) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    HeldCommit held;
    Database& db = *held.db;
    Database alone = memory(kAccounts);
    db.execute(kAccounts).value();
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    held.hold();
    // All see the tables as they are now, and come one after the other.
    std::vector<Pending> together;
    std::vector<Transaction> one_by_one;
    for (int i = 0; i < 60; ++i) {
      Transaction a = db.begin(), b = alone.begin();
      for (int n = pick(4); n >= 0; --n) {
        const int key = pick(8), amount = pick(6), what = pick(6);
        for (Transaction* t : {&a, &b}) {
          switch (what) {
            case 0: (void)t->insert("accounts", {key, amount}); break;
            case 1: (void)t->upsert("accounts", {key, amount}); break;
            case 2: (void)t->erase_key("accounts", {key}); break;
            case 3: (void)t->update("accounts", {key}, {{"amount", amount}}); break;
            case 4: (void)t->insert("bag", {key}); break;
            default: (void)t->erase("bag", {key});
          }
        }
      }
      together.push_back(a.submit().value());
      one_by_one.push_back(std::move(b));
    }
    held.release();
    db.flush().value();
    std::vector<bool> accepted, expected;
    for (Pending& p : together) accepted.push_back(p.wait().ok());
    for (Transaction& t : one_by_one) expected.push_back(t.commit().ok());
    for (const char* relation : {"accounts", "bag", "total", "shares"}) {
      // Division by zero in a row that a later submission of the batch replaces is no error of the batch.
      if (accepted == expected) { EXPECT_EQ(text(db.read(relation).value()), text(alone.read(relation).value())) << relation << ", seed " << seed; }
    }
    for (std::size_t i = 0; i < accepted.size(); ++i) EXPECT_GE(accepted[i], expected[i] && accepted == expected) << i << ", seed " << seed;
    const auto recomputed = db.query("SELECT COUNT(*), SUM(amount) FROM accounts").value();
    EXPECT_EQ(text(recomputed), text(db.read("total").value()));
  }
}

constexpr char kParents[] = R"(
  CREATE TABLE p (id BIGINT PRIMARY KEY, code BIGINT UNIQUE, two BIGINT, UNIQUE NULLS NOT DISTINCT (two, code));
  CREATE TABLE c (id BIGINT PRIMARY KEY, p BIGINT REFERENCES p ON DELETE CASCADE, code BIGINT REFERENCES p (code) ON UPDATE CASCADE ON DELETE SET NULL);
  CREATE TABLE s (p BIGINT REFERENCES p, tag BIGINT, UNIQUE NULLS NOT DISTINCT (tag));
  CREATE VIEW pairs AS SELECT c.id, p.two FROM c JOIN p ON p.id = c.p;
  CREATE VIEW counts AS SELECT p, COUNT(*) AS n FROM s GROUP BY p;
  INSERT INTO p VALUES (1, 1, 1), (2, 2, NULL), (3, NULL, 2), (4, 4, 4);
  INSERT INTO c VALUES (1, 1, 1), (2, 2, 4); INSERT INTO s VALUES (1, 1), (3, NULL);
)";

// One change of the family, the same for both transactions.
void change_family(std::mt19937& random, std::initializer_list<Transaction*> transactions) {
  const auto pick = [&](int n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
  const std::int64_t a = pick(6), b = pick(7), c = pick(7);
  const Value vb = b == 6 ? Value() : Value(b), vc = c == 6 ? Value() : Value(c);
  const std::int64_t what = pick(12);
  for (Transaction* t : transactions) {
    switch (what) {
      case 0: (void)t->insert("p", {a, vb, vc}); break;
      case 1: (void)t->upsert("p", {a, vb, vc}); break;
      case 2: (void)t->erase_key("p", {a}); break;
      case 3: (void)t->update("p", {a}, {{"code", vb}}); break;
      case 4: (void)t->update("p", {a}, {{"id", b % 6}}); break;
      case 5: (void)t->insert("c", {a, vb, vc}); break;
      case 6: (void)t->upsert("c", {a, vb, vc}); break;
      case 7: (void)t->erase_key("c", {a}); break;
      case 8: (void)t->update("c", {a}, {{"p", vb}, {"code", vc}}); break;
      case 9: (void)t->insert("s", {vb, vc}); break;
      case 10: (void)t->erase("s", {vb, vc}); break;
      default: (void)t->update("p", {a}, {{"two", vc}});
    }
  }
}

// Each alone is right; of those that conflict the later one fails, whole, and nobody else does.
TEST(GroupCommit, ConstraintsTogetherEqualOneByOne) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    HeldCommit held;
    Database& db = *held.db;
    Database alone = memory(kParents);
    db.execute(kParents).value();
    std::mt19937 random(seed);
    held.hold();
    std::vector<Pending> together;
    std::vector<Transaction> one_by_one;
    const int transactions = 2 + static_cast<int>(random() % 30);
    for (int i = 0; i < transactions; ++i) {
      Transaction a = db.begin(), b = alone.begin();
      for (auto n = random() % 4; n <= 3; --n) change_family(random, {&a, &b});
      together.push_back(a.submit().value());
      one_by_one.push_back(std::move(b));
    }
    held.release();
    for (std::size_t i = 0; i < one_by_one.size(); ++i) {
      const auto expected = one_by_one[i].commit();
      const auto got = together[i].wait();
      ASSERT_EQ(got.ok(), expected.ok()) << "seed " << seed << ", submission " << i << ": " << (got.ok() ? expected.error().message : got.error().message);
    }
    for (const char* relation : {"p", "c", "s", "pairs", "counts"}) {
      ASSERT_EQ(text(db.read(relation).value()), text(alone.read(relation).value())) << relation << ", seed " << seed;
    }
    for (const char* orphans : {"SELECT * FROM c WHERE p IS NOT NULL AND p NOT IN (SELECT id FROM p)", "SELECT * FROM s WHERE p IS NOT NULL AND p NOT IN (SELECT id FROM p)",
                                "SELECT * FROM c WHERE code IS NOT NULL AND code NOT IN (SELECT code FROM p WHERE code IS NOT NULL)",
                                "SELECT code FROM p WHERE code IS NOT NULL GROUP BY code HAVING COUNT(*) > 1", "SELECT tag FROM s GROUP BY tag HAVING COUNT(*) > 1",
                                "SELECT two, code FROM p GROUP BY two, code HAVING COUNT(*) > 1"}) {
      ASSERT_EQ(db.query(orphans).value().rows(), 0u) << orphans << ", seed " << seed;
    }
  }
}

TEST(GroupCommit, ThreadsCommitTogetherAndNothingIsLost) {
  const Folder folder;
  std::uint64_t batches = 0;
  {
    Database db = Database::open(folder.file()).value();
    db.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT); CREATE VIEW s AS SELECT COUNT(*) AS n, SUM(v) AS v FROM t").value();
    const std::uint64_t before = db.sequence();
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&db, t] {
        for (int i = 0; i < 50; ++i) {
          Transaction transaction = db.begin();
          transaction.insert("t", {t * 1000 + i, 1}).value();
          if (i % 3) transaction.commit().value();
          else (void)transaction.submit().value();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    db.flush().value();
    EXPECT_EQ(text(db.read("s").value()), (Texts{"400|400"}));
    batches = db.sequence() - before;
    EXPECT_LE(batches, 400u);
    for (int i = 0; i < 100; ++i) (void)submit(db, [&](Transaction& t) { t.insert("t", {100'000 + i, 1}).value(); });
    // Neither flush nor close: the handle goes.
  }
  Database db = Database::open(folder.file()).value();
  EXPECT_EQ(text(db.read("s").value()), (Texts{"500|500"}));
}

TEST(GroupCommit, AFullQueueKeepsTheTransaction) {
  OpenOptions options;
  options.queue_rows = 2;
  HeldCommit held(":memory:", options);
  Database& db = *held.db;
  db.execute(kAccounts).value();
  held.hold();
  (void)submit(db, [](Transaction& t) { t.insert("accounts", {4, 1}).value(); t.insert("accounts", {5, 1}).value(); });
  Transaction late = db.begin();
  late.insert("accounts", {6, 1}).value();
  const auto refused = late.submit({.wait = std::chrono::milliseconds(0)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kBusy);
  EXPECT_EQ(late.commit({.wait = std::chrono::milliseconds(5)}).error().code, ErrorCode::kBusy);
  held.release();
  EXPECT_EQ(late.submit().value().wait().value().rows, 1u) << "it is there still";
  EXPECT_EQ(text(db.read("total").value()), (Texts{"6|63"}));
}

TEST(GroupCommit, ClosedItSaysSo) {
  Database db = memory(kAccounts);
  Pending p = submit(db, [](Transaction& t) { t.insert("accounts", {4, 1}).value(); });
  Transaction late = db.begin();
  late.insert("accounts", {5, 1}).value();
  db.close().value();
  EXPECT_EQ(p.wait().value().ack, Ack::kApplied);
  EXPECT_EQ(late.submit().error().code, ErrorCode::kClosed);
  EXPECT_EQ(Pending().wait().error().code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace weir
