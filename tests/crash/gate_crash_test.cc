// Would catch: a unit that is handed out again after a crash or a failing call, in any mode and however much is leased; a lease that is in memory and not in the file; more forfeited than
// max_exposure; an old epoch that goes on.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <weir/weir.h>

#include "tests/crash/fault_vfs.h"
#include "tests/views/open.h"

namespace weir::crash {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kBudget = 1000;
constexpr int kCrashes = 10;

void make_gates(const std::string& file) {
  Database db = Database::open(file, {.threads = 1}).value();
  db.execute("CREATE TABLE limits (k BIGINT PRIMARY KEY, units BIGINT NOT NULL); INSERT INTO limits VALUES (1, 1000);"
             "CREATE TABLE noise (id BIGINT PRIMARY KEY, v BIGINT)").value();
  (void)db.create_gate("api", {.budget = "limits"}).value();
  db.execute("CREATE VIEW used AS SELECT SUM(admitted + leased + forfeited) AS n FROM api_usage").value();
  db.close().value();
}

struct Load {
  Mode mode;
  std::int64_t exposure;
  unsigned threads;
};

Load load_of(unsigned seed) {
  constexpr std::int64_t kExposures[] = {0, 5, 40, 200};
  return {seed % 3 == 0 ? Mode::kPipelined : Mode::kFull, kExposures[seed % 4], 1 + seed % 3};
}

// Acquires and refunds on some threads until it is told to stop or a file takes no more. `net` is what is handed out, counted right after; a refund is counted before.
void run(const std::string& file, const Load& load, unsigned seed, std::atomic<std::int64_t>& net, std::int64_t& forfeited, const std::function<bool()>& stopped) {
  auto opened = Database::open(file, {.threads = 1, .mode = load.mode});
  if (!opened.ok()) return;
  Database db = std::move(opened).value();
  const auto made = db.create_gate("api", {.budget = "limits", .max_exposure = load.exposure, .refresh = milliseconds(seed % 2 ? 1 : 20), .stripes = 2});
  if (!made.ok()) return;
  const Gate gate = made.value();
  forfeited = gate.stats().forfeited_at_open;
  std::vector<std::thread> all;
  for (unsigned t = 0; t < load.threads; ++t) {
    all.emplace_back([&, t] {
      std::mt19937 random(seed * 31 + t);
      for (int i = 0; i < 60 && !stopped(); ++i) {
        const auto n = static_cast<std::int64_t>(1 + random() % 4);
        if (gate.try_acquire({1}, n)) {
          net += n;
          if (random() % 8 == 0) {
            net -= n;
            if (!gate.refund({1}, n).ok()) net += n;
          }
        }
        if (t == 0 && i % 8 == 0) (void)db.execute("INSERT INTO noise VALUES (" + std::to_string(random() % 100) + ", 1) ON CONFLICT DO NOTHING").ok();
        if (random() % 16 == 0) std::this_thread::sleep_for(milliseconds(1));
      }
    });
  }
  for (std::thread& thread : all) thread.join();
}

// The rest of the budget is handed out, and not one more.
void check_rest(const std::string& file, std::int64_t net, std::int64_t forfeited, std::int64_t slack) {
  Database db = Database::open(file, {.threads = 1}).value();
  const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 10}).value();
  forfeited += gate.stats().forfeited_at_open;
  while (gate.try_acquire({1})) ++net;
  EXPECT_EQ(gate.try_acquire({1}).answer(), Admission::Answer::kExhausted);
  EXPECT_LE(net, kBudget);
  EXPECT_GE(net, kBudget - forfeited - slack) << "no more is lost than was leased";
  gate.flush().value();
  EXPECT_EQ(text(db.query("SELECT n FROM used").value()), Texts{"1000"});
  EXPECT_TRUE(db.verify().value().ok());
}

unsigned chains() {
  const char* points = std::getenv("WEIR_CRASH_POINTS");
  return points ? std::max(1U, static_cast<unsigned>(std::strtoul(points, nullptr, 10)) / kCrashes) : 12;
}

TEST(GateCrash, TenPowerLossesNeverAdmitOneMore) {
  FaultVfs faults;
  std::int64_t forfeited_in_all = 0;
  for (unsigned chain = 0; chain < chains(); ++chain) {
    const Folder folder;
    const std::string file = folder.file();
    faults.reset();
    make_gates(file);
    const Load load = load_of(chain);
    SCOPED_TRACE("chain " + std::to_string(chain) + ", exposure " + std::to_string(load.exposure));
    std::mt19937 random(chain + 1);
    std::atomic<std::int64_t> net{0};
    std::int64_t forfeited = 0;
    for (int crash = 0; crash < kCrashes; ++crash) {
      faults.reset();
      faults.stop_at(1 + random() % 150);
      std::int64_t lost = 0;
      run(file, load, chain * 100 + static_cast<unsigned>(crash), net, lost, [&] { return faults.stopped(); });
      EXPECT_LE(lost, load.exposure);
      forfeited += lost;
      faults.leave(std::array{Leave::kEverything, Leave::kSynced, Leave::kRandom, Leave::kRandom}[random() % 4], random);
      ASSERT_LE(net, kBudget);
    }
    faults.reset();
    // What was in the file when its commit was not acknowledged, and refunds that were not there yet, are lost too.
    check_rest(file, net, forfeited, kCrashes * (load.threads * 8 + load.exposure));
    if (HasFailure()) return;
    forfeited_in_all += forfeited;
  }
  EXPECT_GT(forfeited_in_all, 0) << "the crashes have to hit leases";
}

TEST(GateCrash, TenKillsNeverAdmitOneMore) {
  struct Told {
    std::atomic<std::int64_t> net{0};
    std::int64_t forfeited = 0;
  };
  auto* told = new (::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Told;
  for (unsigned chain = 0; chain < (chains() + 2) / 3; ++chain) {
    const Folder folder;
    const std::string file = folder.file();
    make_gates(file);
    const Load load = load_of(chain + 1);
    SCOPED_TRACE("chain " + std::to_string(chain) + ", exposure " + std::to_string(load.exposure));
    told->net = 0;
    std::int64_t forfeited = 0;
    for (unsigned crash = 0; crash < kCrashes; ++crash) {
      told->forfeited = 0;
      const pid_t child = ::fork();
      if (child == 0) {
        std::mt19937 random(chain * 100 + crash);
        FaultVfs faults;
        faults.stop_at(1 + random() % 150);
        run(file, load, chain * 100 + crash, told->net, told->forfeited, [&] {
          if (faults.stopped()) ::kill(::getpid(), SIGKILL);
          return false;
        });
        ::_exit(0);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      EXPECT_LE(told->forfeited, load.exposure);
      forfeited += told->forfeited;
      ASSERT_LE(told->net, kBudget);
    }
    check_rest(file, told->net, forfeited, kCrashes * (load.threads * 8 + load.exposure));
    if (HasFailure()) break;
  }
  ::munmap(told, sizeof(Told));
}

TEST(GateCrash, AFailingCallAdmitsNobodyItDidNotCover) {
  FaultVfs faults;
  const std::vector<std::pair<Call, int>> kinds = {{Call::kWrite, SQLITE_IOERR_WRITE}, {Call::kWrite, SQLITE_FULL}, {Call::kSync, SQLITE_IOERR_FSYNC}, {Call::kLock, SQLITE_BUSY}};
  unsigned unavailable = 0;
  for (unsigned point = 0; point < 2 * chains(); ++point) {
    const Folder folder;
    const std::string file = folder.file();
    faults.reset();
    make_gates(file);
    std::mt19937 random(point);
    std::int64_t net = 0;
    {
      Database db = Database::open(file, {.threads = 1}).value();
      const Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = point % 2 ? 20 : 0, .refresh = milliseconds(60'000)}).value();
      const auto& [call, code] = kinds[point % kinds.size()];
      faults.fail(call, 1 + random() % 12, code, 2);
      for (int i = 0; i < 100; ++i) {
        const Admission admission = gate.try_acquire({1}, 3);
        if (admission) net += 3;
        ASSERT_NE(admission.answer(), Admission::Answer::kExhausted);
        if (admission.answer() != Admission::Answer::kUnavailable) continue;
        ++unavailable;
        EXPECT_FALSE(gate.status().ok());
        EXPECT_TRUE(faults.failed());
      }
    }
    faults.reset();
    check_rest(file, net, 0, 3 * 100 + 20);
    if (HasFailure()) return;
  }
  EXPECT_GT(unavailable, 0U) << "the faults have to hit something";
}

TEST(GateCrash, AnEpochThatIsOverIsRefused) {
  const Folder folder;
  make_gates(folder.file());
  Database db = Database::open(folder.file(), {.threads = 1}).value();
  const Gate gate = db.create_gate("api", {.budget = "limits"}).value();
  ASSERT_EQ(gate.stats().epoch, 2U);
  Transaction late = db.begin();
  late.insert("noise", {1, 1}).value();
  const auto refused = late.commit({.origin = Origin{"gate:api", 1, 1'000'000}});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("epoch 1 is over"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(gate.try_acquire({1}, 1000));
}

}  // namespace
}  // namespace weir::crash
