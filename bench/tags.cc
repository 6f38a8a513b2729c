// Tags: many sources of measured values, each at a rate of its own choosing, into views of latest values, of minutes and of tags.
//
//   weir_tags [--tags N] [--rate PER_SECOND] [--seconds S] [--order turn|random] [--keep K] [--mode full|pipelined] [--crossing] [--file PATH]
//
// Open loop: each sample has a time at which it is due, which no answer moves. A thread submits what has become due, every millisecond; another waits for what was submitted to be in the file. Latency is
// from the time at which the first sample of a submission was due: what waits for the engine, for the queue or for the thread that submits counts. --crossing: half-way, all tags go over the threshold
// of the view of alarms with their next sample, and come back after three quarters.
//
// A table keeps the last K samples of each tag, so that the size of all is the same at the start and at the end. Then the file is opened again: it must hold the last K that were sent of each tag, and each
// view must be what the table gives. The exit code tells whether it does, and whether all was acknowledged; --limits: also whether latency, stall and writes are what docs/durability.md says.
#include <weir/weir.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>

#include "load.h"

namespace {

using namespace bench;

constexpr char kSchema[] = R"(
  CREATE TABLE samples (tag BIGINT, slot BIGINT, at BIGINT NOT NULL, value DOUBLE PRECISION NOT NULL, PRIMARY KEY (tag, slot));
  CREATE VIEW latest AS SELECT DISTINCT ON (tag) tag, at, value FROM samples ORDER BY tag, at DESC;
  CREATE VIEW alarms AS SELECT tag, at, value FROM latest WHERE value >= 100;
  CREATE VIEW per_minute AS SELECT at / 60000 AS minute, COUNT(*) AS n, AVG(value) AS mean, MAX(value) AS high FROM samples GROUP BY at / 60000;
  CREATE VIEW per_tag AS SELECT tag, COUNT(*) AS n, AVG(value) AS mean, MIN(value) AS low, MAX(value) AS high FROM samples GROUP BY tag;
)";

struct Options {
  std::int64_t tags = 100'000, keep = 4;
  double rate = 1, seconds = 60;
  bool random = false, crossing = false, limits = false;
  weir::Mode mode = weir::Mode::kFull;
  std::string file;
};

// The k-th sample of all: every tag once a round. The first `keep` rounds are there before time 0.
struct Load {
  explicit Load(const Options& options) : options(options), order(static_cast<std::size_t>(options.tags)) {
    std::iota(order.begin(), order.end(), 0U);
    if (options.random) std::shuffle(order.begin(), order.end(), std::mt19937(1));
    before = options.tags * options.keep;
    total = before + static_cast<std::int64_t>(per_second() * options.seconds);
  }
  double per_second() const { return static_cast<double>(options.tags) * options.rate; }
  std::int64_t tag(std::int64_t k) const { return order[static_cast<std::size_t>(k % options.tags)]; }
  std::int64_t slot(std::int64_t k) const { return k / options.tags % options.keep; }
  std::int64_t at_ms(std::int64_t k) const { return static_cast<std::int64_t>(static_cast<double>(k) * 1000 / per_second()); }
  Clock::time_point due(std::int64_t k, Clock::time_point start) const {
    return start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(static_cast<double>(k - before) / per_second()));
  }
  double value(std::int64_t k) const {
    const std::int64_t sent = k - before, all = total - before;
    const bool over = options.crossing && sent >= all / 2 && sent < all * 3 / 4;
    return static_cast<double>(static_cast<std::uint64_t>(k) * 0x9E3779B97F4A7C15ULL >> 54) / 10.24 + (over ? 100 : 0);
  }

  const Options& options;
  std::vector<std::uint32_t> order;
  std::int64_t before = 0, total = 0;
};

struct Columns {
  void fill(const Load& load, std::int64_t from, std::int64_t to) {
    tag.clear(), slot.clear(), at.clear(), value.clear();
    for (std::int64_t k = from; k < to; ++k) {
      tag.push_back(load.tag(k));
      slot.push_back(load.slot(k));
      at.push_back(load.at_ms(k));
      value.push_back(load.value(k));
    }
  }
  weir::Result<void> upsert(weir::Transaction& tx, const weir::Table& table) const {
    const std::array<weir::ColumnData, 4> data{{{tag.data(), nullptr}, {slot.data(), nullptr}, {at.data(), nullptr}, {value.data(), nullptr}}};
    return tx.upsert(table, data, tag.size());
  }
  std::vector<std::int64_t> tag, slot, at;
  std::vector<double> value;
};

struct Sent {
  weir::Pending pending;
  std::int64_t from, to;
};

struct Outcome {
  std::int64_t acknowledged = 0, errors = 0, submissions = 0;
  std::string first_error;
  std::vector<float> latency_ms;
  double longest_stall_ms = 0, memory_start = 0, memory_middle = 0, memory_end = 0;
  std::vector<double> written_mb;  // in each second
};

Outcome run(weir::Database& db, const Load& load) {
  Outcome out;
  const weir::Table table = db.table("samples").value();
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Sent> sent;
  bool all_sent = false;
  std::atomic<bool> done{false};
  const Clock::time_point start = Clock::now() + std::chrono::milliseconds(20);
  out.memory_start = resident_mb();

  std::thread submits([&] {
    Columns columns;
    std::int64_t k = load.before;
    for (auto tick = start; k < load.total; tick += std::chrono::milliseconds(1)) {
      std::this_thread::sleep_until(tick);
      const auto now = Clock::now();
      const double elapsed = std::chrono::duration<double>(now - start).count();
      const std::int64_t to = std::min(load.total, load.before + static_cast<std::int64_t>(elapsed * load.per_second()) + 1);
      if (to <= k) continue;
      // What has become due while the queue was full comes in several.
      const std::int64_t end = std::min(to, k + 10'000);
      columns.fill(load, k, end);
      weir::Transaction tx = db.begin();
      auto entered = columns.upsert(tx, table);
      auto pending = entered.ok() ? tx.submit() : weir::Result<weir::Pending>(entered.error());
      const std::lock_guard lock(mutex);
      if (pending.ok()) sent.push_back({std::move(pending).value(), k, end});
      else if (++out.errors == 1) out.first_error = pending.error().message;
      k = end;
      changed.notify_one();
    }
    const std::lock_guard lock(mutex);
    all_sent = true;
    changed.notify_one();
  });
  std::thread watches([&] {
    std::uint64_t before = bytes_written();
    for (int second = 1; !done; ++second) {
      std::this_thread::sleep_until(start + std::chrono::seconds(second));
      const std::uint64_t now = bytes_written();
      if (!done) out.written_mb.push_back(static_cast<double>(now - before) / 1e6);
      before = now;
      if (second == static_cast<int>(load.options.seconds / 2)) out.memory_middle = resident_mb();
    }
  });

  Clock::time_point last = start;
  for (;;) {
    Sent one;
    bool waited = false;
    {
      std::unique_lock lock(mutex);
      waited = sent.empty();
      changed.wait(lock, [&] { return !sent.empty() || all_sent; });
      if (sent.empty()) break;
      one = std::move(sent.front());
      sent.pop_front();
    }
    const auto due = load.due(one.from, start);
    // A stall begins with the last answer, or with what became due after it.
    const auto since = waited ? std::max(last, due) : last;
    const auto receipt = one.pending.wait();
    last = Clock::now();
    ++out.submissions;
    if (receipt.ok()) out.acknowledged += one.to - one.from;
    else if (++out.errors == 1) out.first_error = receipt.error().message;
    out.latency_ms.push_back(static_cast<float>(std::chrono::duration<double, std::milli>(last - due).count()));
    out.longest_stall_ms = std::max(out.longest_stall_ms, std::chrono::duration<double, std::milli>(last - since).count());
  }
  out.memory_end = resident_mb();
  done = true;
  submits.join();
  watches.join();
  return out;
}

// Samples of which the file holds something else than the last that was sent, or nothing.
std::int64_t losses(weir::Database& db, const Load& load) {
  std::vector<std::int64_t> last(static_cast<std::size_t>(load.before), -1);
  for (std::int64_t k = load.total - load.before; k < load.total; ++k) last[static_cast<std::size_t>(load.tag(k) * load.options.keep + load.slot(k))] = k;
  const weir::ResultSet rows = db.read("samples").value();
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto at = static_cast<std::size_t>(rows[i][0].integer() * load.options.keep + rows[i][1].integer());
    const std::int64_t k = last.at(at);
    wrong += k < 0 || rows[i][2].integer() != load.at_ms(k) || rows[i][3].number() != load.value(k);
    last[at] = -1;
  }
  return wrong + std::count_if(last.begin(), last.end(), [](std::int64_t k) { return k >= 0; });
}

void fill(weir::Database& db, const Load& load) {
  const weir::Table table = db.table("samples").value();
  Columns columns;
  constexpr std::int64_t kAtOnce = 100'000;
  for (std::int64_t k = 0; k < load.before; k += kAtOnce) {
    columns.fill(load, k, std::min(load.before, k + kAtOnce));
    weir::Transaction tx = db.begin();
    columns.upsert(tx, table).value();
    tx.commit().value();
  }
}

int measure(const Options& options) {
  const Load load(options);
  remove_database(options.file);
  weir::OpenOptions open;
  open.mode = options.mode;
  Outcome out;
  {
    weir::Database db = weir::Database::open(options.file, open).value();
    db.execute(kSchema).value();
    fill(db, load);
    out = run(db, load);
    if (const auto closed = db.close(); !closed.ok() && ++out.errors == 1) out.first_error = closed.error().message;
  }
  const auto opening = Clock::now();
  weir::Database db = weir::Database::open(options.file, open).value();
  const double open_s = ms_since(opening) / 1000;
  const std::int64_t lost = losses(db, load) + (load.total - load.before - out.acknowledged);
  const weir::Verification verified = db.verify().value();

  const double p50 = percentile(out.latency_ms, 0.5), p99 = percentile(out.latency_ms, 0.99), most = percentile(out.latency_ms, 1);
  if (!out.written_mb.empty()) out.written_mb.erase(out.written_mb.begin());  // the second in which it begins
  const double mean = out.written_mb.empty() ? 0 : std::accumulate(out.written_mb.begin(), out.written_mb.end(), 0.0) / static_cast<double>(out.written_mb.size());
  const double largest = out.written_mb.empty() ? 0 : *std::max_element(out.written_mb.begin(), out.written_mb.end());
  std::printf("%lld tags x %g/s, %s order, %s%s, %g s: %lld samples in %lld submissions\n", static_cast<long long>(options.tags), options.rate, options.random ? "random" : "turn",
              options.mode == weir::Mode::kFull ? "full" : "pipelined", options.crossing ? ", all cross the threshold" : "", options.seconds,
              static_cast<long long>(load.total - load.before), static_cast<long long>(out.submissions));
  std::printf("  errors %lld%s%s, lost %lld, views %s\n", static_cast<long long>(out.errors), out.errors ? ": " : "", out.first_error.c_str(), static_cast<long long>(lost),
              verified.ok() ? "as the tables say" : verified.difference.c_str());
  std::printf("  ack p50 %.1f ms, p99 %.1f ms, longest %.1f ms; longest stall %.1f ms\n", p50, p99, most, out.longest_stall_ms);
  std::printf("  memory %.0f MB at the start, %.0f in the middle, %.0f at the end\n", out.memory_start, out.memory_middle, out.memory_end);
  std::printf("  written %.1f MB/s, in one second at most %.1f: %.2f of the mean\n", mean, largest, mean > 0 ? largest / mean : 0);
  std::printf("  opened again in %.2f s: %.0f rows/s\n", open_s, static_cast<double>(verified.rows) / open_s);
  std::fflush(stdout);
  (void)db.close().ok();
  remove_database(options.file);
  if (out.errors > 0 || lost > 0 || !verified.ok()) return 1;
  if (!options.limits) return 0;
  const bool within = p99 < (options.random ? 100 : 50) && out.longest_stall_ms < 250 && out.memory_end < out.memory_middle * 1.1 && largest <= 3 * mean;
  if (!within) std::printf("  beyond the limits\n");
  return within ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.file = (std::filesystem::temp_directory_path() / ("weir-tags-" + std::to_string(::getpid()) + ".db")).string();
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--crossing" || name == "--limits") {
      (name == "--limits" ? options.limits : options.crossing) = true;
      continue;
    }
    if (i + 1 == argc) {
      std::fprintf(stderr, "weir_tags: %s needs a value, or is unknown\n", argv[i]);
      return 2;
    }
    const std::string value = argv[++i];
    if (name == "--tags") options.tags = std::atoll(value.c_str());
    else if (name == "--rate") options.rate = std::atof(value.c_str());
    else if (name == "--seconds") options.seconds = std::atof(value.c_str());
    else if (name == "--order") options.random = value == "random";
    else if (name == "--keep") options.keep = std::atoll(value.c_str());
    else if (name == "--mode") options.mode = value == "pipelined" ? weir::Mode::kPipelined : weir::Mode::kFull;
    else if (name == "--file") options.file = value;
    else {
      std::fprintf(stderr, "weir_tags: there is no option %s\n", name.c_str());
      return 2;
    }
  }
  return measure(options);
}
