// weir on the workloads of the floor: one line for weir, the floor's line from the same run, and the ratio of their rates.
//
//   weir_bench [WORKLOAD…] [--batch N] [--mode memory|durable|durable-base] [--threads N] [--floor PROGRAM] [--repeat N]
//
// Timed: the batch handed over, applied, committed, and its output delta held by a subscriber. In the durable modes a batch of 100 rows or more is evaluated while
// those before it are written (commit=pipelined: p50 and p99 are until it is applied, the rate until all is on disk). The floor keeps no file in any mode. Where weir does, a third
// line, `bare`, is what a loop of prepared statements takes to write the same rows in the same transactions.
#include <weir/weir.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "bare.h"
#include "measure.h"
#include "workload.h"

namespace {

using bench::Clock;
using bench::micros;

constexpr long long kOverlapRows = 100;  // batches of so many rows and more

// The floor makes its tables before the clock starts, as large as they will be.
constexpr std::size_t kReserveBytes = std::size_t{512} << 20;

struct Options {
  std::vector<std::string> workloads;
  std::int64_t batch = 1000;
  std::string mode = "memory";
  unsigned threads = 1;
  int repeat = 1;
  std::string floor;
};

struct Line {
  std::string name;
  double rate = 0, p50 = 0;
  std::string digest;
};

void apply(weir::Database& db, const std::map<std::string, weir::Table>& tables, const bench::Batch& batch) {
  const weir::Table& table = tables.at(batch.table);
  auto columns = [](const bench::Rows& rows, weir::ColumnData* out) {
    for (std::size_t c = 0; c < rows.columns.size(); ++c) out[c] = {rows.columns[c].data(), nullptr};
    return std::span<const weir::ColumnData>(out, rows.columns.size());
  };
  weir::ColumnData data[8];
  weir::Transaction tx = db.begin();
  if (batch.inserts.size()) tx.insert(table, columns(batch.inserts, data), batch.inserts.size()).value();
  if (batch.deletes.size()) tx.erase(table, columns(batch.deletes, data), batch.deletes.size()).value();
  if (batch.upserts.size()) tx.upsert(table, columns(batch.upserts, data), batch.upserts.size()).value();
  tx.commit().value();
}

std::string digest(weir::Database& db, int columns) {
  std::uint64_t sum = 0;
  const weir::ResultSet rows = db.read("v").value();
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const weir::RowView row = rows[i];
    auto at = [&](int c) { return row[c].type() == weir::TypeId::kNumeric ? std::stoll(row[c].to_string()) : row[c].integer(); };
    sum += columns == 1   ? bench::row_hash({at(0)})
           : columns == 2 ? bench::row_hash({at(0), at(1)})
           : columns == 3 ? bench::row_hash({at(0), at(1), at(2)})
                          : bench::row_hash({at(0), at(1), at(2), at(3)});
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(sum));
  return text;
}

// Keeps the views in memory to know what changes, and times SQLite alone.
class Bare {
 public:
  Bare(const bench::Workload& work, const Options& options, const std::string& file) : sqlite_(file), db_(weir::Database::open(":memory:").value()) {
    db_.execute(work.schema).value();
    for (const weir::RelationInfo& r : db_.relations()) {
      std::vector<bool> is_text;
      std::vector<std::size_t> key;
      for (const weir::Field& field : r.schema) {
        is_text.push_back(field.type.id == weir::TypeId::kNumeric);
        if (std::find(r.key.begin(), r.key.end(), field.name) != r.key.end()) key.push_back(is_text.size() - 1);
      }
      if (!r.is_view) tables_.emplace(r.name, db_.table(r.name).value());
      if (r.is_view || options.mode == "durable-base") numbers_[r.name] = sqlite_.table(r.name, is_text, key);
    }
    weir::SubscribeOptions inline_delivery;
    inline_delivery.delivery = weir::SubscribeOptions::Delivery::kInline;
    watch_ = db_.subscribe("v", [this](const weir::Change& change) { note(change); }, inline_delivery).value();
  }

  // Microseconds that SQLite takes for what the batch changes.
  double play(const bench::Batch& batch) {
    come_.clear();
    go_.clear();
    apply(db_, tables_, batch);
    std::vector<bench::Cells> inserts, deletes, upserts;
    std::unordered_set<std::int64_t> inserted, deleted;
    if (batch.inserts.size()) inserted.insert(batch.inserts.columns[0].begin(), batch.inserts.columns[0].end());
    if (batch.deletes.size()) deleted.insert(batch.deletes.columns[0].begin(), batch.deletes.columns[0].end());
    cells(batch.inserts, deleted, inserts);
    cells(batch.deletes, inserted, deletes);
    cells(batch.upserts, {}, upserts);
    const auto start = Clock::now();
    sqlite_.begin();
    if (const auto base = numbers_.find(batch.table); base != numbers_.end()) {
      sqlite_.remove(base->second, all(deletes));
      sqlite_.write(base->second, all(inserts), false);
      sqlite_.write(base->second, all(upserts), true);
    }
    sqlite_.remove(numbers_.at("v"), all(go_));
    sqlite_.write(numbers_.at("v"), all(come_), true);
    sqlite_.commit();
    return micros(start);
  }

 private:
  static std::vector<const bench::Cells*> all(const std::vector<bench::Cells>& rows) {
    std::vector<const bench::Cells*> out;
    for (const bench::Cells& row : rows) out.push_back(&row);
    return out;
  }
  static void cells(const bench::Rows& rows, const std::unordered_set<std::int64_t>& but, std::vector<bench::Cells>& out) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (but.count(rows.columns[0][i])) continue;
      bench::Cells row;
      for (const auto& column : rows.columns) row.push_back({column[i], ""});
      out.push_back(std::move(row));
    }
  }
  // What comes replaces what had its key; the rest of what goes is deleted.
  void note(const weir::Change& change) {
    std::vector<std::size_t> key;
    for (const weir::RelationInfo& r : db_.relations()) {
      for (std::size_t c = 0; r.is_view && c < r.schema.size(); ++c) {
        if (std::find(r.key.begin(), r.key.end(), r.schema[c].name) != r.key.end()) key.push_back(c);
      }
    }
    std::unordered_set<std::string> coming;
    std::vector<std::pair<std::string, bench::Cells>> going;
    for (const weir::ChangedRow& row : change) {
      bench::Cells values;
      for (std::size_t c = 0; c < change.schema().size(); ++c) {
        const bool text = row[c].type() == weir::TypeId::kNumeric;
        values.push_back({text ? 0 : row[c].integer(), text ? row[c].to_string() : ""});
      }
      std::string id;
      for (const std::size_t c : key) id += std::to_string(values[c].integer) + " ";
      if (row.weight() < 0) {
        going.emplace_back(std::move(id), std::move(values));
      } else {
        coming.insert(std::move(id));
        come_.push_back(std::move(values));
      }
    }
    for (auto& [id, values] : going) {
      if (!coming.count(id)) go_.push_back(std::move(values));
    }
  }

  bench::BareSqlite sqlite_;
  weir::Database db_;
  std::map<std::string, weir::Table> tables_;
  std::map<std::string, std::size_t> numbers_;
  std::vector<bench::Cells> come_, go_;
  weir::Subscription watch_;
};

void beside_bare(const bench::Workload& work, const Options& options, const std::string& file, const std::vector<Line>& ours) {
  Bare bare(work, options, file);
  for (const bench::Batch& b : work.load) bare.play(b);
  for (std::size_t n = 0; n < work.phases.size(); ++n) {
    const bench::Phase& phase = work.phases[n];
    std::vector<double> times;
    double rows = 0, total = 0;
    for (const bench::Batch& b : phase.batches) {
      times.push_back(bare.play(b));
      total += times.back();
      rows += static_cast<double>(b.rows());
    }
    std::sort(times.begin(), times.end());
    std::printf("bare  %-14s batch=%-6lld rows/s=%.3e p50_us=%.2f p99_us=%.2f mode=%s rate_of_weir=%.2f\n", phase.name.c_str(), static_cast<long long>(phase.batch),
                rows / total * 1e6, times[times.size() / 2], times[times.size() * 99 / 100], options.mode.c_str(), ours[n].rate / (rows / total * 1e6));
  }
  std::fflush(stdout);
}

std::vector<Line> run(const std::string& name, const Options& options) {
  const bench::Workload work = bench::make_workload(name, options.batch);
  const std::filesystem::path file = std::filesystem::temp_directory_path() / ("weir-bench-" + std::to_string(getpid()) + ".db");
  auto clean = [&] { for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end); };
  clean();
  std::vector<Line> lines;
  {
    weir::OpenOptions open;
    open.threads = options.threads;
    open.reserve_bytes = kReserveBytes;
    open.store_tables = options.mode != "durable";
    // Of larger batches the next is evaluated while one is written; the phase ends when all are on disk. A small one is waited for.
    const bool pipelined = options.mode != "memory" && options.batch >= kOverlapRows;
    if (pipelined) open.mode = weir::Mode::kPipelined;
    weir::Database db = weir::Database::open(options.mode == "memory" ? ":memory:" : file.string(), open).value();
    db.execute(work.schema).value();
    std::map<std::string, weir::Table> tables;
    for (const weir::RelationInfo& r : db.relations())
      if (!r.is_view) tables.emplace(r.name, db.table(r.name).value());
    for (const bench::Batch& b : work.load) apply(db, tables, b);
    db.flush().value();
    std::size_t held = 0;
    weir::SubscribeOptions inline_delivery;
    inline_delivery.delivery = weir::SubscribeOptions::Delivery::kInline;
    auto watch = db.subscribe("v", [&](const weir::Change& change) { held += change.size(); }, inline_delivery).value();
    for (const bench::Phase& phase : work.phases) {
      std::vector<double> times;
      times.reserve(phase.batches.size());
      double rows = 0, total = 0;
      const bool overlap = pipelined && phase.batch >= kOverlapRows;
      for (const bench::Batch& b : phase.batches) {
        const auto start = Clock::now();
        apply(db, tables, b);
        if (pipelined && !overlap) db.flush().value();
        times.push_back(micros(start));
        total += times.back();
        rows += static_cast<double>(b.rows());
      }
      if (overlap) {
        const auto start = Clock::now();
        db.flush().value();
        total += micros(start);
      }
      std::sort(times.begin(), times.end());
      Line line{phase.name, rows / total * 1e6, times[times.size() / 2], digest(db, work.digest_columns)};
      std::printf("weir  %-14s batch=%-6lld rows/s=%.3e p50_us=%.2f p99_us=%.2f digest=%s mode=%s%s threads=%u\n", phase.name.c_str(),
                  static_cast<long long>(phase.batch), line.rate, line.p50, times[times.size() * 99 / 100], line.digest.c_str(), options.mode.c_str(),
                  overlap ? " commit=pipelined" : "", options.threads);
      std::fflush(stdout);
      lines.push_back(line);
    }
  }
  clean();
  if (options.mode != "memory") {
    beside_bare(work, options, file.string(), lines);
    clean();
  }
  return lines;
}

// Runs the floor, passes its lines on, and adds the ratios.
bool beside_floor(const std::string& name, const Options& options, const std::vector<Line>& ours) {
  const std::string command = options.floor + " " + name + " " + std::to_string(options.batch);
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) { std::perror("weir_bench: floor"); return false; }
  bool agree = true;
  std::size_t seen = 0;
  for (char text[512]; std::fgets(text, sizeof text, pipe);) {
    std::fputs(text, stdout);
    char label[64], hex[32];
    long long batch;
    double rate, p50, p99;
    if (std::sscanf(text, "floor %63s batch=%lld rows/s=%lf p50_us=%lf p99_us=%lf digest=%31s", label, &batch, &rate, &p50, &p99, hex) != 6) continue;
    for (const Line& line : ours) {
      if (line.name != label) continue;
      ++seen;
      const bool equal = line.digest == hex;
      agree = agree && equal;
      std::printf("ratio %-14s batch=%-6lld rate=%.2f p50_excess_us=%.2f digests=%s\n", label, batch, line.rate / rate, line.p50 - p50, equal ? "agree" : "DIFFER");
    }
  }
  if (pclose(pipe) != 0 || seen != ours.size()) {
    std::fprintf(stderr, "weir_bench: the floor did not answer: %s\n", command.c_str());
    return false;
  }
  return agree;
}

int usage(const std::string& why) {
  std::fprintf(stderr, "weir_bench: %s\nusage: weir_bench [WORKLOAD...] [--batch N] [--mode memory|durable|durable-base] [--threads N] [--repeat N]\nworkloads:", why.c_str());
  for (const std::string& name : bench::workload_names()) std::fprintf(stderr, " %s", name.c_str());
  std::fputs("\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.floor = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "floor").string();
  const std::vector<std::string> names = bench::workload_names();
  auto number = [](const char* text) { char* end; const long long n = std::strtoll(text, &end, 10); return *text && !*end && n > 0 ? n : -1; };
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg.rfind("--", 0) != 0) {
      if (arg != "all" && std::find(names.begin(), names.end(), arg) == names.end()) return usage("no workload is called \"" + arg + "\"");
      if (arg != "all") options.workloads.push_back(arg);
      continue;
    }
    if (i + 1 == argc) return usage(arg + " needs a value");
    const char* value = argv[++i];
    if (arg == "--batch" && number(value) > 0) options.batch = number(value);
    else if (arg == "--threads" && number(value) > 0) options.threads = static_cast<unsigned>(number(value));
    else if (arg == "--repeat" && number(value) > 0) options.repeat = static_cast<int>(number(value));
    else if (arg == "--mode" && (!std::strcmp(value, "memory") || !std::strcmp(value, "durable") || !std::strcmp(value, "durable-base"))) options.mode = value;
    else if (arg == "--floor") options.floor = value;
    else return usage("no option " + arg + " " + value);
  }
  if (options.workloads.empty()) options.workloads = names;
  bool agree = true;
  for (int n = 0; n < options.repeat; ++n) {
    for (const std::string& name : options.workloads) {
      try {
        agree = beside_floor(name, options, run(name, options)) && agree;
      } catch (const weir::Failure& failure) {
        std::fprintf(stderr, "weir_bench: %s: %s\n", name.c_str(), failure.error().to_string().c_str());
        return 1;
      }
    }
  }
  return agree ? 0 : 1;
}
