// weir on the workloads of the floor: one line for weir, the floor's line from the same run, and the ratio of their rates.
//
//   weir_bench [WORKLOAD…|all] [--batch N,…|all] [--mode memory,durable,durable-base|all] [--threads N] [--timed N] [--reserve MB] [--flights FILE] [--floor no] [--repeat N]
//
// Timed: the batch handed over, applied, committed, and its output delta read, column by column, by a subscriber. With --timed N the rows before the last N are loaded first, in
// batches of 100,000. In the durable modes a batch of 100 rows or more is evaluated while those before it are written (commit=pipelined: p50 and p99 are until it is applied, the
// rate until all is on disk). The floor keeps no file in any mode. Where weir does, a third line, `bare`, is what a loop of prepared statements takes to write the same rows in the
// same transactions. Each cell is a process of its own; peak_mb is what it grew by since the database was opened, the memory set aside (--reserve) included.
#include <weir/weir.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "loop.h"
#include "measure.h"
#include "meter.h"
#include "workload.h"

namespace {

using bench::Clock;
using bench::micros;

constexpr long long kOverlapRows = 100;  // batches of so many rows and more

struct Options {
  std::vector<std::string> workloads;
  std::vector<std::int64_t> batches = {1000};
  std::vector<std::string> modes = {"memory"};
  std::int64_t timed = std::numeric_limits<std::int64_t>::max();
  unsigned threads = 1;
  int repeat = 1;
  bool floor = true;
  // The floor makes its tables before the clock starts, as large as they will be.
  std::size_t reserve_mb = 512;
  std::string flights = WEIR_FLIGHTS;
  std::string folder;  // of the programs
};

struct Line {
  std::string name;
  double rate = 0, p50 = 0;
  std::string digest;
};

// Reads a view's changes as a program would that wants them all: into arrays.
class Reader {
 public:
  explicit Reader(bool fractions) : fractions_(fractions) {}
  void read(const weir::Change& change) {
    const std::size_t n = change.size();
    if (weights_.size() < n) weights_.resize(n);
    change.weights(weights_.data());
    if (columns_.empty()) columns_.resize(change.schema().size());
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      Column& column = columns_[c];
      switch (change.schema()[c].type.id) {
        case weir::TypeId::kText:
          if (column.texts.size() < n) column.texts.resize(n);
          change.texts(c, column.texts.data());
          break;
        case weir::TypeId::kNumeric:
          if (fractions_) {
            if (column.numbers.size() < n) column.numbers.resize(n);
            change.numbers(c, column.numbers.data());
            break;
          }
          [[fallthrough]];
        default:
          if (column.integers.size() < n) column.integers.resize(n);
          change.integers(c, column.integers.data());
      }
    }
  }

 private:
  struct Column {
    std::vector<std::int64_t> integers;
    std::vector<double> numbers;
    std::vector<std::string_view> texts;
  };
  bool fractions_;
  std::vector<std::int64_t> weights_;
  std::vector<Column> columns_;
};

// Over all views. A NUMERIC counts as its digits, without the point.
std::string digest(weir::Database& db, const bench::Workload& work) {
  std::uint64_t sum = 0;
  for (const bench::View& view : work.views) {
    const weir::ResultSet rows = db.read(view.name).value();
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      bench::RowHash hash;
      for (std::size_t c = 0; c < rows.schema().size(); ++c) {
        const weir::Value& value = rows[i][c];
        if (value.type() == weir::TypeId::kText) {
          hash.add(std::string_view(value.to_string()));
        } else if (value.type() == weir::TypeId::kNumeric) {
          std::string digits = value.to_string();
          std::erase(digits, '.');
          hash.add(std::int64_t{std::stoll(digits)});
        } else {
          hash.add(value.integer());
        }
      }
      sum += hash.state;
    }
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(sum));
  return text;
}

void print(const char* who, const bench::Phase& phase, const bench::Meter& meter) {
  std::printf("%-5s %-14s batch=%-6lld rows/s=%.3e p50_us=%.2f p99_us=%.2f ", who, phase.name.c_str(), static_cast<long long>(phase.batch), meter.rate(), meter.percentile(0.5),
              meter.percentile(0.99));
}

void beside_bare(const bench::Workload& work, const std::string& mode, const std::string& file, const std::vector<Line>& ours) {
  bench::BareLoop bare(work, mode == "durable-base", file);
  for (const bench::Batch& b : work.load) bare.play(b);
  for (std::size_t n = 0; n < work.phases.size(); ++n) {
    const bench::Phase& phase = work.phases[n];
    for (const bench::Batch& b : phase.load) bare.play(b);
    bench::Meter meter(phase.batches.size());
    for (const bench::Batch& b : phase.batches) meter.add(bare.play(b), b.rows());
    meter.finish();
    print("bare", phase, meter);
    std::printf("mode=%s wall_s=%.3f rate_of_weir=%.2f\n", mode.c_str(), meter.wall_s(), ours[n].rate / meter.rate());
  }
  std::fflush(stdout);
}

std::vector<Line> run(const bench::Workload& work, std::int64_t batch, const std::string& mode, const Options& options) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / ("weir-bench-" + std::to_string(getpid()) + ".db");
  auto clean = [&] { for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end); };
  clean();
  std::vector<Line> lines;
  {
    bench::reset_peak();
    const double before_mb = bench::resident_bytes() / (1 << 20);
    weir::OpenOptions open;
    open.threads = options.threads;
    open.reserve_bytes = options.reserve_mb << 20;
    open.store_tables = mode != "durable";
    // Of larger batches the next is evaluated while one is written; the phase ends when all are on disk. A small one is waited for.
    const bool pipelined = mode != "memory" && batch >= kOverlapRows;
    if (pipelined) open.mode = weir::Mode::kPipelined;
    weir::Database db = weir::Database::open(mode == "memory" ? ":memory:" : file.string(), open).value();
    db.execute(work.schema).value();
    const std::map<std::string, weir::Table> tables = bench::tables_of(db);
    for (const bench::Batch& b : work.load) bench::apply(db, tables, b);
    db.flush().value();
    weir::SubscribeOptions inline_delivery;
    inline_delivery.delivery = weir::SubscribeOptions::Delivery::kInline;
    std::vector<Reader> readers;
    std::vector<weir::Subscription> watches;
    for (const bench::View& view : work.views) readers.emplace_back(view.fractions);
    for (std::size_t v = 0; v < work.views.size(); ++v) {
      watches.push_back(db.subscribe(work.views[v].name, [&reader = readers[v]](const weir::Change& change) { reader.read(change); }, inline_delivery).value());
    }
    for (const bench::Phase& phase : work.phases) {
      for (const bench::Batch& b : phase.load) bench::apply(db, tables, b);
      db.flush().value();
      const bool overlap = pipelined && phase.batch >= kOverlapRows;
      bench::Meter meter(phase.batches.size());
      for (const bench::Batch& b : phase.batches) {
        const auto start = Clock::now();
        bench::apply(db, tables, b);
        if (pipelined && !overlap) db.flush().value();
        meter.add(micros(start), b.rows());
      }
      if (overlap) {
        const auto start = Clock::now();
        db.flush().value();
        meter.add_unbatched(micros(start));
      }
      meter.finish();
      lines.push_back({phase.name, meter.rate(), meter.percentile(0.5), digest(db, work)});
      print("weir", phase, meter);
      std::printf("digest=%s wall_s=%.3f cpu_s=%.3f peak_mb=%.0f mode=%s%s threads=%u\n", lines.back().digest.c_str(), meter.wall_s(), meter.cpu_s(),
                  bench::peak_mb() - before_mb, mode.c_str(), overlap ? " commit=pipelined" : "", options.threads);
      std::fflush(stdout);
    }
  }
  if (mode != "memory") {
    clean();
    beside_bare(work, mode, file.string(), lines);
  }
  clean();
  return lines;
}

// Runs the command, passes its lines on, and adds the ratios to those that are the floor's of one of `ours`.
bool beside_floor(const std::string& command, const std::vector<Line>& ours) {
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

bool run_beside_floor(const std::string& name, std::int64_t batch, const std::string& mode, const Options& options) {
  const bench::Workload work = bench::make_workload(name, {batch, options.timed}, options.flights);
  const std::vector<Line> lines = run(work, batch, mode, options);
  if (!options.floor) return true;
  const std::string program = name == "flights" ? "floor_flights " : "floor ", what = work.arguments.empty() ? name : "'" + work.arguments + "'";
  return beside_floor(options.folder + program + what + " " + std::to_string(batch) + " " + std::to_string(options.timed), lines);
}

// The workload `tenants` has a program of its own; its batches are of one row, and it keeps no file.
bool run_tenants(const Options& options) {
  bool agree = true;
  for (const int views : {1, 1000, 10000, 100000}) {
    const auto last_line = [&](const std::string& program, const char* field) {
      std::string value;
      FILE* pipe = popen((options.folder + program + std::to_string(views)).c_str(), "r");
      for (char text[512]; pipe && std::fgets(text, sizeof text, pipe);) {
        std::printf("%s%s", program.rfind("floor", 0) == 0 ? "" : "weir  ", text);
        if (const char* at = std::strstr(text, field)) value.assign(at + std::strlen(field), 16);
      }
      if (!pipe || pclose(pipe) != 0) throw std::runtime_error(program + "failed");
      std::fflush(stdout);
      return value;
    };
    const bool equal = last_line("weir_tenants ", "digest=") == last_line("floor tenants ", "digest=");
    std::printf("ratio tenants V=%d digests=%s\n", views, equal ? "agree" : "DIFFER");
    agree = agree && equal;
  }
  return agree;
}

int usage(const std::string& why) {
  std::fprintf(stderr,
               "weir_bench: %s\nusage: weir_bench [WORKLOAD...|all] [--batch N,...|all] [--mode memory,durable,durable-base|all] [--threads N] [--timed N] [--reserve MB] "
               "[--flights FILE] [--floor yes|no] [--repeat N]\nworkloads:",
               why.c_str());
  for (const std::string& name : bench::workload_names()) std::fprintf(stderr, " %s", name.c_str());
  std::fputs(" tenants\n", stderr);
  return 2;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out(1);
  for (const char c : list) c == ',' ? void(out.emplace_back()) : out.back().push_back(c);
  return out;
}

// A cell is a process, so that none finds what another left.
bool in_process(const std::string& what, const std::function<bool()>& cell) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    int status = 1;
    try {
      status = cell() ? 0 : 1;
    } catch (const weir::Failure& failure) {
      std::fprintf(stderr, "weir_bench: %s: %s\n", what.c_str(), failure.error().to_string().c_str());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "weir_bench: %s: %s\n", what.c_str(), error.what());
    }
    std::fflush(stdout);
    _exit(status);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.folder = std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/";
  std::vector<std::string> names = bench::workload_names();
  names.push_back("tenants");
  auto number = [](const std::string& text) { char* end; const long long n = std::strtoll(text.c_str(), &end, 10); return !text.empty() && !*end && n >= 0 ? n : -1; };
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg.rfind("--", 0) != 0) {
      if (arg == "all") options.workloads = names;
      else if (std::find(names.begin(), names.end(), arg) == names.end()) return usage("no workload is called \"" + arg + "\"");
      else options.workloads.push_back(arg);
      continue;
    }
    if (i + 1 == argc) return usage(arg + " needs a value");
    const std::string value = argv[++i];
    bool good = true;
    if (arg == "--batch") {
      options.batches.clear();
      for (const std::string& n : split(value == "all" ? "1,10,100,1000,10000,100000" : value)) {
        good = good && number(n) > 0;
        options.batches.push_back(number(n));
      }
    } else if (arg == "--mode") {
      options.modes = split(value == "all" ? "memory,durable,durable-base" : value);
      for (const std::string& mode : options.modes) good = good && (mode == "memory" || mode == "durable" || mode == "durable-base");
    } else if (arg == "--threads" && number(value) > 0) {
      options.threads = static_cast<unsigned>(number(value));
    } else if (arg == "--repeat" && number(value) > 0) {
      options.repeat = static_cast<int>(number(value));
    } else if (arg == "--timed" && number(value) > 0) {
      options.timed = number(value);
    } else if (arg == "--reserve" && number(value) >= 0) {
      options.reserve_mb = static_cast<std::size_t>(number(value));
    } else if (arg == "--flights") {
      options.flights = value;
    } else if (arg == "--floor" && (value == "yes" || value == "no")) {
      options.floor = value == "yes";
    } else {
      good = false;
    }
    if (!good) return usage("no option " + arg + " " + value);
  }
  if (options.workloads.empty()) options.workloads = names;
  bool agree = true;
  for (int n = 0; n < options.repeat; ++n) {
    for (const std::string& name : options.workloads) {
      if (name == "tenants") {
        agree = in_process(name, [&] { return run_tenants(options); }) && agree;
        continue;
      }
      for (const std::string& mode : options.modes) {
        for (const std::int64_t batch : options.batches) {
          if (name == "reach" && batch != options.batches.front()) continue;  // its changes are of one row
          agree = in_process(name, [&] { return run_beside_floor(name, batch, mode, options); }) && agree;
        }
      }
    }
  }
  return agree ? 0 : 1;
}
