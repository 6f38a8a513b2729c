// Admission gates: two threads over 128 keys.
//
//   weir_gates [--threads N] [--keys N] [--seconds S] [--operations N] [--file PATH]
//
// Prints, for a refresh every 100, 10 and 1 ms, admissions a second by key handle and by row, and operations a transaction; then what one transaction a request takes, in the same run: through a gate
// whose admissions are in the file one by one (max_exposure 0), and as an UPDATE of a row. --operations: so many admissions of a budget that has half of them, by handle; exactly half must be admitted.
#include <unistd.h>
#include <weir/weir.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "measure.h"

namespace {

using bench::Clock;
constexpr std::int64_t kPlenty = std::int64_t{1} << 50;

struct Options {
  int threads = 2;
  std::int64_t keys = 128;
  double seconds = 2;
  std::int64_t operations = 0;
  std::string file;
};

struct Run {
  std::int64_t operations = 0, admitted = 0;
  double seconds = 0;
};

// work(thread, stop) returns how often it asked and was admitted.
Run run(const Options& options, const std::function<Run(int, const std::atomic<bool>&)>& work) {
  std::atomic<bool> stop{false};
  std::vector<Run> runs(static_cast<std::size_t>(options.threads));
  std::vector<std::thread> threads;
  const auto start = Clock::now();
  for (int t = 0; t < options.threads; ++t) {
    threads.emplace_back([&, t] { runs[static_cast<std::size_t>(t)] = work(t, stop); });
  }
  if (options.operations == 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
    stop = true;
  }
  for (std::thread& thread : threads) thread.join();
  Run sum;
  sum.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (const Run& one : runs) {
    sum.operations += one.operations;
    sum.admitted += one.admitted;
  }
  return sum;
}

weir::Database open(const Options& options, std::int64_t units) {
  for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(options.file + ending);
  auto db = weir::Database::open(options.file).value();
  db.execute("CREATE TABLE limits (k BIGINT PRIMARY KEY, units BIGINT NOT NULL); CREATE TABLE counts (k BIGINT PRIMARY KEY, n BIGINT NOT NULL)").value();
  auto fill = db.begin();
  for (std::int64_t k = 0; k < options.keys; ++k) {
    fill.insert("limits", {k, units}).value();
    fill.insert("counts", {k, 0}).value();
  }
  fill.commit().value();
  return db;
}

// A different key each time, in an order that threads don't share.
struct Keys {
  explicit Keys(int thread) : state(static_cast<std::uint64_t>(thread) * 0x9E3779B97F4A7C15ULL + 1) {}
  std::size_t next(std::int64_t count) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state >> 33) % static_cast<std::uint64_t>(count));
  }
  std::uint64_t state;
};

std::vector<weir::GateKey> handles(const weir::Gate& gate, std::int64_t keys) {
  std::vector<weir::GateKey> out;
  for (std::int64_t k = 0; k < keys; ++k) out.push_back(gate.key({k}).value());
  return out;
}

void print(const char* what, const Run& run, std::uint64_t transactions) {
  std::printf("%-28s %12.0f admissions/s  %10.0f operations/transaction\n", what, static_cast<double>(run.admitted) / run.seconds,
              static_cast<double>(run.operations) / static_cast<double>(std::max<std::uint64_t>(1, transactions)));
  std::fflush(stdout);
}

int exact(const Options& options) {
  auto db = open(options, options.operations / 2 / options.keys);
  const weir::Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 1'000'000}).value();
  const std::vector<weir::GateKey> all = handles(gate, options.keys);
  const Run sum = run(options, [&](int thread, const std::atomic<bool>&) {
    Run mine;
    for (std::int64_t i = thread; i < options.operations; i += options.threads) mine.admitted += static_cast<bool>(all[static_cast<std::size_t>(i % options.keys)].try_acquire());
    mine.operations = options.operations / options.threads;
    return mine;
  });
  const std::int64_t expected = options.operations / 2 / options.keys * options.keys;
  std::printf("%lld operations on %d threads, %lld admitted of %lld, %.0f operations/s\n", static_cast<long long>(options.operations), options.threads,
              static_cast<long long>(sum.admitted), static_cast<long long>(expected), static_cast<double>(options.operations) / sum.seconds);
  return sum.admitted == expected ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.file = (std::filesystem::temp_directory_path() / ("weir-gates-" + std::to_string(::getpid()) + ".db")).string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--threads") options.threads = std::atoi(argv[i + 1]);
    else if (name == "--keys") options.keys = std::atoll(argv[i + 1]);
    else if (name == "--seconds") options.seconds = std::atof(argv[i + 1]);
    else if (name == "--operations") options.operations = std::atoll(argv[i + 1]);
    else if (name == "--file") options.file = argv[i + 1];
  }
  int code = 0;
  if (options.operations > 0) {
    code = exact(options);
  } else {
    for (const int refresh : {100, 10, 1}) {
      for (const bool by_handle : {true, false}) {
        auto db = open(options, kPlenty);
        const weir::Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 1'000'000'000, .refresh = std::chrono::milliseconds(refresh)}).value();
        const std::vector<weir::GateKey> all = handles(gate, options.keys);
        const Run sum = run(options, [&](int thread, const std::atomic<bool>& stop) {
          Run mine;
          Keys keys(thread);
          for (; !stop.load(std::memory_order_relaxed); ++mine.operations) {
            const std::size_t k = keys.next(options.keys);
            mine.admitted += static_cast<bool>(by_handle ? all[k].try_acquire() : gate.try_acquire({static_cast<std::int64_t>(k)}));
          }
          return mine;
        });
        print(("refresh " + std::to_string(refresh) + " ms, by " + (by_handle ? "handle" : "row")).c_str(), sum, gate.stats().transactions);
      }
    }
    {
      auto db = open(options, kPlenty);
      const weir::Gate gate = db.create_gate("api", {.budget = "limits", .max_exposure = 0}).value();
      const std::vector<weir::GateKey> all = handles(gate, options.keys);
      const Run sum = run(options, [&](int thread, const std::atomic<bool>& stop) {
        Run mine;
        Keys keys(thread);
        for (; !stop.load(std::memory_order_relaxed); ++mine.operations) mine.admitted += static_cast<bool>(all[keys.next(options.keys)].try_acquire());
        return mine;
      });
      print("max_exposure 0", sum, gate.stats().transactions);
    }
    {
      auto db = open(options, kPlenty);
      const std::uint64_t before = db.sequence();
      const Run sum = run(options, [&](int thread, const std::atomic<bool>& stop) {
        Run mine;
        Keys keys(thread);
        for (; !stop.load(std::memory_order_relaxed); ++mine.operations) {
          const std::string k = std::to_string(keys.next(options.keys));
          mine.admitted += db.execute("UPDATE counts SET n = n + 1 WHERE k = " + k + " AND n < " + std::to_string(kPlenty)).ok();
        }
        return mine;
      });
      print("an UPDATE a request", sum, db.sequence() - before);
    }
  }
  for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(options.file + ending);
  return code;
}
