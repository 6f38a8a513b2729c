// Submissions of one row each on their way into the file: how many become one batch, and how long each takes to be durable.
//
//   weir_flush [--seconds S] [--overload S] [--file PATH]
//
// In each mode, and with a transaction a write (batches of one; low traffic and the most it takes), S seconds each of: low, medium and high traffic (100, 5,000 and 50,000 a second), bursts (2,000 at once, ten times a second), and as many
// as two threads can submit. Open loop, but for the last: each submission has a time at which it is due, and its latency counts from there until it is as durable as the mode makes it; of the last, from
// the call. Then --overload seconds (3) of ten times the traffic that the mode could take: one thread waits for room in the queue, the other goes on with its next when it is told that there is none.
//
// Prints submissions a second, the mean batch, latency p50, p99 and the longest; of the overload also what the memory grew by, how long the queue took to empty, and the latency of a lone submission then. The exit
// code tells of errors, and of a table that is not what was acknowledged.
#include <weir/weir.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "load.h"

namespace {

using namespace bench;

constexpr std::int64_t kKeys = 100'000, kAccounts = 128;
constexpr char kSchema[] = R"(
  CREATE TABLE entries (id BIGINT PRIMARY KEY, account BIGINT NOT NULL, number BIGINT NOT NULL);
  CREATE VIEW accounts AS SELECT account, COUNT(*) AS n, SUM(number) AS total FROM entries GROUP BY account;
)";

struct Options {
  double seconds = 3, overload = 3;
  std::string file;
};

struct Traffic {
  const char* name;
  double per_second;      // 0: as many as can be
  std::int64_t at_once;   // due together
};

constexpr double kLow = 100;
constexpr Traffic kTraffic[] = {{"low", kLow, 1}, {"medium", 5'000, 1}, {"high", 50'000, 1}, {"burst", 20'000, 2'000}, {"saturation", 0, 1}};

struct Way {
  const char* name;
  weir::Mode mode;
  std::size_t batch;      // 0: as by default
  std::uint64_t queue;    // rows
};

constexpr Way kWays[] = {{"full", weir::Mode::kFull, 0, 16'384},
                         {"full, batches of 4096", weir::Mode::kFull, 4096, 16'384},
                         {"pipelined", weir::Mode::kPipelined, 0, 16'384},
                         {"pipelined, of 4096", weir::Mode::kPipelined, 4096, 16'384},
                         {"memory", weir::Mode::kMemory, 0, 16'384},
                         {"a transaction a write", weir::Mode::kFull, 1, 256}};

struct Figures {
  std::int64_t durable = 0, errors = 0, refused = 0, batches = 0;
  double seconds = 0;
  std::vector<float> latency_ms;
  std::string first_error;
};

// Waits for submissions in the order in which they were made, on a thread of its own.
class Waiter {
 public:
  Waiter(Figures& figures) : figures_(figures), thread_([this] { run(); }) {}
  ~Waiter() { end(); }
  void add(weir::Pending pending, Clock::time_point due) {
    const std::lock_guard lock(mutex_);
    sent_.push_back({std::move(pending), due});
    if (sent_.size() == 1) changed_.notify_one();
  }
  // After what was added last is durable.
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Sent {
    weir::Pending pending;
    Clock::time_point due;
  };
  void run() {
    std::deque<Sent> taken;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !sent_.empty() || ended_; });
        if (sent_.empty()) return;
        taken.swap(sent_);
      }
      for (Sent& sent : taken) {
        const auto receipt = sent.pending.wait();
        figures_.latency_ms.push_back(static_cast<float>(ms_since(sent.due)));
        if (receipt.ok()) ++figures_.durable;
        else if (++figures_.errors == 1) figures_.first_error = receipt.error().message;
      }
      taken.clear();
    }
  }
  Figures& figures_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Sent> sent_;
  bool ended_ = false;
  std::thread thread_;
};

// The n-th submission of all.
weir::Result<weir::Pending> submit(weir::Database& db, const weir::Table& table, std::int64_t n, const weir::SubmitOptions& options = {}) {
  const std::int64_t id = n % kKeys, account = id % kAccounts;
  const std::array<weir::ColumnData, 3> columns{{{&id, nullptr}, {&account, nullptr}, {&n, nullptr}}};
  weir::Transaction tx = db.begin();
  if (auto entered = tx.upsert(table, columns, 1); !entered.ok()) return entered.error();
  return tx.submit(options);
}

class Bench {
 public:
  Bench(const Options& options, const Way& way) : options_(options), way_(way) {
    remove_database(options.file);
    weir::OpenOptions open;
    open.mode = way.mode;
    open.queue_rows = way.queue;
    if (way.batch) open.batch_submissions = way.batch;
    db_.emplace(weir::Database::open(way.mode == weir::Mode::kMemory ? ":memory:" : options.file, open).value());
    db_->execute(kSchema).value();
    table_ = db_->table("entries").value();
  }

  int run() {
    for (const Traffic& traffic : kTraffic) {
      if (way_.batch == 1 && traffic.per_second > kLow) continue;  // more than it takes
      Figures figures = traffic.per_second > 0 ? open_loop(traffic, options_.seconds) : saturate(options_.seconds);
      if (traffic.per_second == 0) capacity_ = static_cast<double>(figures.durable) / figures.seconds;
      print(traffic.name, figures);
    }
    if (options_.overload > 0) overload();
    check();
    db_->close().value();
    remove_database(options_.file);
    return bad_;
  }

 private:
  void print(const std::string& name, Figures& figures) {
    const double p50 = percentile(figures.latency_ms, 0.5), p99 = percentile(figures.latency_ms, 0.99), most = percentile(figures.latency_ms, 1);
    std::printf("%-22s %-11s %9.0f/s  mean batch %7.1f  p50 %8.2f ms  p99 %8.2f ms  longest %8.2f ms  errors %lld %s\n", way_.name, name.c_str(),
                static_cast<double>(figures.durable) / figures.seconds, static_cast<double>(figures.durable) / static_cast<double>(std::max<std::int64_t>(1, figures.batches)), p50, p99, most,
                static_cast<long long>(figures.errors), figures.first_error.c_str());
    std::fflush(stdout);
    bad_ += figures.errors > 0;
  }

  Figures open_loop(const Traffic& traffic, double seconds) {
    Figures figures;
    const auto batches = static_cast<std::int64_t>(db_->sequence());
    const auto start = Clock::now();
    {
      Waiter waiter(figures);
      const auto count = static_cast<std::int64_t>(traffic.per_second * seconds);
      for (std::int64_t n = 0; n < count; ++n) {
        const auto due = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(static_cast<double>(n / traffic.at_once * traffic.at_once) / traffic.per_second));
        if (Clock::now() < due) std::this_thread::sleep_until(due);
        auto pending = submit(*db_, table_, next_++);
        if (pending.ok()) waiter.add(std::move(pending).value(), due);
        else if (++figures.errors == 1) figures.first_error = pending.error().message;
      }
    }
    figures.seconds = ms_since(start) / 1000;
    figures.batches = static_cast<std::int64_t>(db_->sequence()) - batches;
    return figures;
  }

  // Two threads, for so long; each has a waiter of its own.
  Figures saturate(double seconds) {
    Figures sum, of[2];
    const auto batches = static_cast<std::int64_t>(db_->sequence());
    const auto start = Clock::now(), end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    std::vector<std::thread> threads;
    for (Figures& figures : of) {
      threads.emplace_back([&] {
        Waiter waiter(figures);
        for (auto now = Clock::now(); now < end; now = Clock::now()) {
          auto pending = submit(*db_, table_, next_++);
          if (pending.ok()) waiter.add(std::move(pending).value(), now);
          else if (++figures.errors == 1) figures.first_error = pending.error().message;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    sum.seconds = ms_since(start) / 1000;
    sum.batches = static_cast<std::int64_t>(db_->sequence()) - batches;
    for (Figures& figures : of) add(sum, figures);
    return sum;
  }

  static void add(Figures& sum, const Figures& one) {
    sum.durable += one.durable;
    sum.errors += one.errors;
    sum.refused += one.refused;
    if (sum.first_error.empty()) sum.first_error = one.first_error;
    sum.latency_ms.insert(sum.latency_ms.end(), one.latency_ms.begin(), one.latency_ms.end());
  }

  void overload() {
    Figures sum, of[2];
    const double memory = resident_mb();
    std::atomic<bool> watching{true};
    double most = memory;
    std::thread watches([&] {
      for (; watching; std::this_thread::sleep_for(std::chrono::milliseconds(20))) most = std::max(most, resident_mb());
    });
    const auto batches = static_cast<std::int64_t>(db_->sequence());
    const auto start = Clock::now(), end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.overload));
    const double per_second = 10 * capacity_ / 2;  // of each thread
    double emptied = 0;
    {
      std::vector<std::thread> threads;
      std::optional<Waiter> waiters[2];
      for (int t = 0; t < 2; ++t) {
        waiters[t].emplace(of[t]);
        threads.emplace_back([&, t] {
          const weir::SubmitOptions or_not{.wait = std::chrono::milliseconds(0)};
          for (std::int64_t n = 0;; ++n) {
            const auto due = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(static_cast<double>(n) / per_second));
            const auto now = Clock::now();
            if (now >= end || due >= end) break;
            if (now < due) std::this_thread::sleep_until(due);
            auto pending = submit(*db_, table_, next_++, t == 0 ? weir::SubmitOptions{} : or_not);
            if (pending.ok()) waiters[t]->add(std::move(pending).value(), now);
            else if (pending.error().code == weir::ErrorCode::kBusy) ++of[t].refused;
            else if (++of[t].errors == 1) of[t].first_error = pending.error().message;
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      const auto last = Clock::now();
      db_->flush().value();
      emptied = ms_since(last);
    }
    sum.seconds = ms_since(start) / 1000;
    sum.batches = static_cast<std::int64_t>(db_->sequence()) - batches;
    watching = false;
    watches.join();
    for (Figures& figures : of) add(sum, figures);
    print("overload", sum);
    Figures after = open_loop({"after", 100, 1}, 0.3);
    std::printf("%-22s %-11s %lld of ten times as many were told that the queue is full; memory %.0f MB before, %.0f at most; empty after %.1f ms; a lone submission then p50 %.2f ms\n", "", "",
                static_cast<long long>(sum.refused), memory, most, emptied, percentile(after.latency_ms, 0.5));
    std::fflush(stdout);
    bad_ += after.errors > 0;
  }

  // Each key's entry is of a submission with this key, and the view is what they give.
  void check() {
    const auto wrong = db_->query("SELECT (SELECT COUNT(*) FROM entries WHERE number % " + std::to_string(kKeys) + " <> id), (SELECT SUM(total) FROM accounts) - (SELECT SUM(number) FROM entries)").value();
    if (wrong[0][0].integer() == 0 && wrong[0][1].to_string() == "0" && db_->verify().value().ok()) return;
    std::printf("%-22s the table or its view is wrong\n", way_.name);
    ++bad_;
  }

  const Options& options_;
  const Way& way_;
  std::optional<weir::Database> db_;
  weir::Table table_;
  std::atomic<std::int64_t> next_{0};
  double capacity_ = 0;
  int bad_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.file = (std::filesystem::temp_directory_path() / ("weir-flush-" + std::to_string(::getpid()) + ".db")).string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--seconds") options.seconds = std::atof(argv[i + 1]);
    else if (name == "--overload") options.overload = std::atof(argv[i + 1]);
    else if (name == "--file") options.file = argv[i + 1];
    else {
      std::fprintf(stderr, "weir_flush: there is no option %s\n", name.c_str());
      return 2;
    }
  }
  int bad = 0;
  for (const Way& way : kWays) bad += Bench(options, way).run();
  return bad == 0 ? 0 : 1;
}
