// Would catch: a window that admits more than its budget in any stretch of time it promises, or less than it has to; a lease that goes out in a later window; a clock that goes back; a
// crash that gives a window anew what it had handed out.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>

#include "tests/views/open.h"
#include "views/gate_window.h"

namespace weir {
namespace {

using internal::GateWindowState;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = GateWindow::Kind;

constexpr std::int64_t kStart = 1'700'000'000'000'000;  // microseconds

struct Clock {
  std::shared_ptr<std::atomic<std::int64_t>> now = std::make_shared<std::atomic<std::int64_t>>(kStart);
  std::function<std::int64_t()> function() const { return [now = now] { return now->load(); }; }
  void pass(std::chrono::microseconds time) const { *now += time.count(); }
};

constexpr char kWindowLimits[] = "CREATE TABLE limits (k BIGINT PRIMARY KEY, units BIGINT NOT NULL); INSERT INTO limits VALUES (1, 100)";

GateOptions options_of(Kind kind, std::chrono::microseconds period, const Clock& clock, std::int64_t exposure = 1000) {
  return {.budget = "limits", .window = {kind, period}, .max_exposure = exposure, .refresh = milliseconds(60'000), .clock = clock.function()};
}

int admitted(const Gate& gate, int asked) {
  int out = 0;
  for (int i = 0; i < asked; ++i) out += static_cast<bool>(gate.try_acquire({1}));
  return out;
}

TEST(GateWindow, AFixedOneBeginsAnewAtEachPeriod) {
  for (const std::int64_t exposure : {0, 30, 1000}) {
    Database db = memory(kWindowLimits);
    const Clock clock;
    const Gate gate = db.create_gate("api", options_of(Kind::kFixed, seconds(1), clock, exposure)).value();
    EXPECT_EQ(admitted(gate, 60), 60);
    clock.pass(milliseconds(999));
    EXPECT_EQ(admitted(gate, 60), 40);
    clock.pass(milliseconds(1));
    EXPECT_EQ(admitted(gate, 50), 50) << "what was leased in the last period counts there";
    clock.pass(-seconds(5));
    EXPECT_EQ(admitted(gate, 200), 50) << "the clock goes back: the latest counts";
    clock.pass(seconds(6));
    EXPECT_EQ(admitted(gate, 200), 100);
    EXPECT_EQ(gate.usage({1}).value().admitted, 300);
  }
}

TEST(GateWindow, ASlidingOneLooksBackAWholePeriod) {
  Database db = memory(kWindowLimits);
  const Clock clock;
  const Gate gate = db.create_gate("api", options_of(Kind::kSliding, milliseconds(1600), clock)).value();
  EXPECT_EQ(admitted(gate, 60), 60);
  clock.pass(milliseconds(800));
  EXPECT_EQ(admitted(gate, 60), 40);
  clock.pass(milliseconds(800));
  EXPECT_EQ(admitted(gate, 60), 0) << "the first 60 count for a period, and up to a 16th more";
  clock.pass(milliseconds(100));
  EXPECT_EQ(admitted(gate, 90), 60);
  clock.pass(milliseconds(800));
  EXPECT_EQ(admitted(gate, 90), 40);
}

TEST(GateWindow, ABucketDrips) {
  Database db = memory(kWindowLimits);
  const Clock clock;
  const Gate gate = db.create_gate("api", options_of(Kind::kTokenBucket, seconds(1), clock)).value();
  EXPECT_EQ(admitted(gate, 200), 100) << "it is full at first";
  clock.pass(milliseconds(9));
  EXPECT_EQ(admitted(gate, 5), 0);
  clock.pass(milliseconds(1));
  EXPECT_EQ(admitted(gate, 5), 1) << "100 a second";
  clock.pass(milliseconds(105));
  EXPECT_EQ(admitted(gate, 50), 10);
  clock.pass(milliseconds(5));
  EXPECT_EQ(admitted(gate, 5), 1) << "half of a token counts on";
  clock.pass(seconds(100));
  EXPECT_EQ(admitted(gate, 500), 100) << "no more than it holds";
}

TEST(GateWindow, WaitsForTime) {
  Database db = memory(kWindowLimits);
  const Clock clock;
  const Gate gate = db.create_gate("api", options_of(Kind::kFixed, seconds(1), clock)).value();
  ASSERT_EQ(admitted(gate, 101), 100);
  EXPECT_FALSE(gate.try_acquire_for({1}, 1, milliseconds(3)));
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(10));
    clock.pass(seconds(1));
  });
  EXPECT_TRUE(gate.try_acquire_for({1}, 1, seconds(20)));
  later.join();
}

// Random times, amounts, refreshes and crashes against what each kind promises, from the list of all admissions.
TEST(GateWindow, NoStretchOfTimeHasMoreThanItMay) {
  constexpr std::int64_t kPeriod = 160'000, kBudget = 20;
  for (const Kind kind : {Kind::kFixed, Kind::kSliding, Kind::kTokenBucket}) {
    for (unsigned seed = 1; seed <= 6; ++seed) {
      std::mt19937 random(seed);
      const Folder folder;
      const Clock clock;
      std::deque<std::pair<std::int64_t, std::int64_t>> admissions;  // when, how many
      const auto options = options_of(kind, std::chrono::microseconds(kPeriod), clock, seed % 3 == 0 ? 0 : 10);
      std::string file = folder.file("0");
      {
        Database db = Database::open(file, {.threads = 1, .sync = false}).value();
        db.execute("CREATE TABLE limits (k BIGINT PRIMARY KEY, units BIGINT NOT NULL); INSERT INTO limits VALUES (1, 20)").value();
      }
      for (int crash = 0; crash < 4; ++crash) {
        const std::string next = folder.file(std::to_string(crash + 1));
        Database db = Database::open(file, {.threads = 1, .sync = false}).value();
        const Gate gate = db.create_gate("api", options).value();
        for (int i = 0; i < 150; ++i) {
          clock.pass(std::chrono::microseconds(random() % 3 ? random() % 8'000 : 0));
          const auto n = static_cast<std::int64_t>(1 + random() % 3);
          if (gate.try_acquire({1}, n)) admissions.emplace_back(clock.now->load(), n);
          if (random() % 20 == 0) gate.flush().value();
        }
        // A copy of the files is what a crash leaves.
        for (const char* ending : {"", "-wal"}) {
          if (std::filesystem::exists(file + ending)) std::filesystem::copy_file(file + ending, next + ending);
        }
        file = next;
      }
      for (std::size_t from = 0; from < admissions.size(); ++from) {
        std::int64_t sum = 0;
        for (std::size_t to = from; to < admissions.size(); ++to) {
          sum += admissions[to].second;
          const std::int64_t begin = admissions[from].first, end = admissions[to].first;
          if (kind == Kind::kFixed && begin / kPeriod != end / kPeriod) break;
          if (kind == Kind::kSliding && end - begin > kPeriod) break;
          const std::int64_t most = kBudget + (kind == Kind::kTokenBucket ? (end - begin) * kBudget / kPeriod : 0);
          ASSERT_LE(sum, most) << "kind " << static_cast<int>(kind) << ", seed " << seed << ", " << from << " to " << to;
        }
      }
      EXPECT_GT(admissions.size(), 20U);
    }
  }
}

TEST(GateWindow, ItsTextIsItsState) {
  for (const Kind kind : {Kind::kFixed, Kind::kSliding, Kind::kTokenBucket}) {
    const GateWindow window{kind, milliseconds(160)};
    GateWindowState state(window), same(window), other({kind, milliseconds(161)});
    std::mt19937 random(7);
    std::int64_t now = kStart;
    for (int i = 0; i < 100; ++i) {
      now += static_cast<std::int64_t>(random() % 20'000);
      state.advance(now, 100, static_cast<std::int64_t>(random() % 5));
      same.read(state.to_string());
      ASSERT_EQ(same.to_string(), state.to_string());
      ASSERT_EQ(same.used(), state.used());
      ASSERT_EQ(same.next_room(100), state.next_room(100));
    }
    other.read(state.to_string());
    EXPECT_EQ(other.used(), 0) << "another period: a fresh window";
    for (const char* text : {"", "x", "1", "1 2 3 4 5 6", "1 160000 -1 0"}) {
      same.read(text);
      EXPECT_EQ(same.to_string(), state.to_string()) << "not its text: nothing is read";
    }
  }
}

}  // namespace
}  // namespace weir
