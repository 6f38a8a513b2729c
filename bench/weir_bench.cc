// weir on the workloads of the floor: one line for weir, the floor's line from the same run, and the ratio of their rates.
//
//   weir_bench [WORKLOAD…] [--batch N] [--mode memory|durable|durable-base] [--threads N] [--floor PROGRAM] [--repeat N]
//
// Timed: the batch handed over, applied, committed, and its output delta held by a subscriber. The floor keeps no file in any mode.
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
#include <vector>

#include "workload.h"

namespace {

using Clock = std::chrono::steady_clock;
double micros(Clock::time_point start) { return std::chrono::duration<double, std::micro>(Clock::now() - start).count(); }

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
    sum += columns == 2 ? bench::row_hash({at(0), at(1)}) : columns == 3 ? bench::row_hash({at(0), at(1), at(2)}) : bench::row_hash({at(0), at(1), at(2), at(3)});
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(sum));
  return text;
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
    open.store_tables = options.mode != "durable";
    weir::Database db = weir::Database::open(options.mode == "memory" ? ":memory:" : file.string(), open).value();
    db.execute(work.schema).value();
    std::map<std::string, weir::Table> tables;
    for (const weir::RelationInfo& r : db.relations())
      if (!r.is_view) tables.emplace(r.name, db.table(r.name).value());
    for (const bench::Batch& b : work.load) apply(db, tables, b);
    std::size_t held = 0;
    weir::SubscribeOptions inline_delivery;
    inline_delivery.delivery = weir::SubscribeOptions::Delivery::kInline;
    auto watch = db.subscribe("v", [&](const weir::Change& change) { held += change.size(); }, inline_delivery).value();
    for (const bench::Phase& phase : work.phases) {
      std::vector<double> times;
      times.reserve(phase.batches.size());
      double rows = 0, total = 0;
      for (const bench::Batch& b : phase.batches) {
        const auto start = Clock::now();
        apply(db, tables, b);
        times.push_back(micros(start));
        total += times.back();
        rows += static_cast<double>(b.rows());
      }
      std::sort(times.begin(), times.end());
      Line line{phase.name, rows / total * 1e6, times[times.size() / 2], digest(db, work.digest_columns)};
      std::printf("weir  %-14s batch=%-6lld rows/s=%.3e p50_us=%.2f p99_us=%.2f digest=%s mode=%s threads=%u\n", phase.name.c_str(),
                  static_cast<long long>(phase.batch), line.rate, line.p50, times[times.size() * 99 / 100], line.digest.c_str(), options.mode.c_str(),
                  options.threads);
      std::fflush(stdout);
      lines.push_back(line);
    }
  }
  clean();
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
