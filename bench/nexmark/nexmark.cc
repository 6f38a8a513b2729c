// Nexmark: one line a query, each a SQL view of its own, fed events in batches of 10,000, then 100,000 more in batches of 100.
//
//   weir_nexmark [QUERY…|all] [--events N] [--threads N] [--queries FOLDER]
//   weir_nexmark --csv FOLDER [--events N]          the events as person.csv, auction.csv, bid.csv and side_input.csv, and nexmark.sql with all queries over them
//
// Timed: a batch handed over, applied, and its output delta held by a subscriber, in memory. A query has only the tables that it names; events of others count, and cost nothing, as they do
// in the figures that are published for other engines. cpu: events a second of processor time of all threads. state: what the process grew by, tables and views, with the last batch.
// |w|: rows that came and went in the view over the batches of 10,000.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/weir.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "events.h"

namespace {

using bench::nexmark::Events;
using bench::nexmark::Generator;
using bench::nexmark::Rows;

constexpr std::int64_t kBatch = 10'000, kSmall = 100, kSmallEvents = 100'000, kSide = 10'000;
const std::vector<std::string> kQueries = {"q0",  "q1",  "q2",  "q3",  "q4",  "q5",  "q6",  "q7",  "q8",  "q9",  "q11",
                                           "q12", "q13", "q14", "q15", "q16", "q17", "q18", "q19", "q20", "q21", "q22"};

struct Options {
  std::vector<std::string> queries;
  std::int64_t events = 10'000'000;
  unsigned threads = 1;
  std::string folder = NEXMARK_QUERIES, csv;
};

std::string read(const std::string& file) {
  std::ifstream in(file);
  if (!in) {
    std::fprintf(stderr, "weir_nexmark: %s can't be read\n", file.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

bool names(const std::string& query, const std::string& table) {
  for (std::size_t at = query.find(" " + table); at != std::string::npos; at = query.find(" " + table, at + 1)) {
    const char before = query[at - 1], next = query[at + 1 + table.size()];
    if ((query.compare(at - 4, 4, "FROM") == 0 || query.compare(at - 4, 4, "JOIN") == 0) && before != ' ' && (next == ' ' || next == ';' || next == ')' || next == '\n')) return true;
  }
  return false;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Feed {
  weir::Database& db;
  weir::Table table;
  bool wanted;
};

void insert(weir::Transaction& tx, const Feed& feed, Rows& rows) {
  if (!feed.wanted || rows.size == 0) return;
  std::vector<weir::ColumnData> data;
  for (bench::nexmark::Column& column : rows.columns) data.push_back({column.data(), nullptr});
  tx.insert(feed.table, data, rows.size).value();
}

// Microseconds of each batch.
struct Run {
  std::vector<double> times;
  double total = 0, cpu = 0;
};

// Reads all columns of a delta; how many rows came and went.
std::uint64_t read(const weir::Change& change) {
  static std::vector<std::int64_t> integers;
  static std::vector<double> numbers;
  static std::vector<std::string_view> texts;
  integers.resize(change.size());
  numbers.resize(change.size());
  texts.resize(change.size());
  for (std::size_t c = 0; c < change.schema().size(); ++c) {
    const weir::TypeId type = change.schema()[c].type.id;
    if (type == weir::TypeId::kText) change.texts(c, texts.data());
    else if (type == weir::TypeId::kNumeric) change.numbers(c, numbers.data());
    else change.integers(c, integers.data());
  }
  change.weights(integers.data());
  std::uint64_t out = 0;
  for (const std::int64_t weight : integers) out += static_cast<std::uint64_t>(std::llabs(weight));
  return out;
}

void feed(weir::Database& db, const std::vector<Feed>& feeds, Generator& events, std::int64_t count, std::int64_t batch, Run& run) {
  for (std::int64_t done = 0; done < count; done += batch) {
    Events next = events.next(std::min(batch, count - done));
    Rows* tables[] = {&next.people, &next.auctions, &next.bids};
    for (Rows* rows : tables)
      for (bench::nexmark::Column& column : rows->columns) column.data();
    const double cpu = cpu_seconds();
    const auto start = bench::Clock::now();
    weir::Transaction tx = db.begin();
    for (std::size_t t = 0; t < std::size(tables); ++t) insert(tx, feeds[t], *tables[t]);
    tx.commit().value();
    run.times.push_back(bench::micros(start));
    run.total += run.times.back();
    run.cpu += cpu_seconds() - cpu;
  }
  std::sort(run.times.begin(), run.times.end());
}

void fill_side(weir::Database& db) {
  weir::Transaction tx = db.begin();
  for (std::int64_t key = 0; key < kSide; ++key) tx.insert("side_input", {weir::Value(key), weir::Value("side value " + std::to_string(key))}).value();
  tx.commit().value();
}

void measure(const std::string& name, const Options& options) {
  const std::string query = read(options.folder + "/" + name + ".sql");
  weir::OpenOptions open;
  open.threads = options.threads;
  const double before = bench::resident_bytes();
  weir::Database db = weir::Database::open(":memory:", open).value();
  db.execute(bench::nexmark::kSchema).value();
  if (names(query, "side_input")) fill_side(db);
  db.execute(query).value();
  std::uint64_t held = 0;
  weir::SubscribeOptions inline_delivery;
  inline_delivery.delivery = weir::SubscribeOptions::Delivery::kInline;
  auto watch = db.subscribe("v", [&](const weir::Change& change) { held += read(change); }, inline_delivery).value();
  std::vector<Feed> feeds;
  for (const char* table : {"person", "auction", "bid"}) feeds.push_back({db, db.table(table).value(), names(query, table)});
  Generator events;
  Run large, small;
  feed(db, feeds, events, options.events, kBatch, large);
  const double state = bench::resident_bytes() - before;
  const std::uint64_t rows = held;
  feed(db, feeds, events, kSmallEvents, kSmall, small);
  const auto count = static_cast<double>(options.events);
  std::printf("nexmark %-4s events=%lld events/s=%.3e cpu=%.3e batch_100_p50_us=%.1f p99_us=%.1f state_mb=%.0f |w|=%llu digest=%s threads=%u\n", name.c_str(),
              static_cast<long long>(options.events), count / large.total * 1e6, count / large.cpu, small.times[small.times.size() / 2], small.times[small.times.size() * 99 / 100],
              state / 1e6, static_cast<unsigned long long>(rows), db.digest("v").value().c_str(), options.threads);
  std::fflush(stdout);
}

// Each query in a process of its own: its memory is its own.
bool measured(const std::string& name, const Options& options) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      measure(name, options);
      _exit(0);
    } catch (const weir::Failure& failure) {
      std::fprintf(stderr, "weir_nexmark: %s: %s\n", name.c_str(), failure.error().to_string().c_str());
      _exit(1);
    }
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string time_text(std::int64_t micros) {
  using namespace std::chrono;
  const sys_time<microseconds> time = sys_days(year(2000) / 1 / 1) + microseconds(micros);
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u %02ld:%02ld:%02ld.%03ld", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<long>(clock.hours().count()), static_cast<long>(clock.minutes().count()), static_cast<long>(clock.seconds().count()),
                static_cast<long>(clock.subseconds().count()));
  return out;
}

void write_table(const std::string& file, const Rows& rows, const std::vector<std::size_t>& times) {
  std::ofstream out(file);
  for (std::size_t i = 0; i < rows.size; ++i) {
    for (std::size_t c = 0; c < rows.columns.size(); ++c) {
      if (c) out << ',';
      if (rows.columns[c].is_text()) out << rows.columns[c].text(i);
      else if (std::find(times.begin(), times.end(), c) != times.end()) out << time_text(rows.columns[c].integer(i));
      else out << rows.columns[c].integer(i);
    }
    out << '\n';
  }
}

// For the oracle: events in ten files a table, and a script of all queries over them.
void write_csv(const Options& options) {
  constexpr int kParts = 10;
  std::filesystem::create_directories(options.csv);
  std::ofstream side(options.csv + "/side_input.csv");
  for (std::int64_t key = 0; key < kSide; ++key) side << key << ",side value " << key << '\n';
  std::ofstream script(options.csv + "/nexmark.sql");
  script << bench::nexmark::kSchema << '\n';
  for (const std::string& name : kQueries) {
    std::string query = read(options.folder + "/" + name + ".sql");
    script << query.replace(query.find("VIEW v AS"), 9, "VIEW " + name + " AS");
  }
  script << "COPY side_input FROM 'side_input.csv' CSV;\n";
  Generator events;
  for (int part = 0; part < kParts; ++part) {
    const Events next = events.next(options.events / kParts);
    const std::string end = std::to_string(part) + ".csv";
    write_table(options.csv + "/person" + end, next.people, {6});
    write_table(options.csv + "/auction" + end, next.auctions, {5, 6});
    write_table(options.csv + "/bid" + end, next.bids, {5});
    for (const char* table : {"person", "auction", "bid"}) script << "COPY " << table << " FROM '" << table << end << "' CSV;\n";
    if (part % 3 == 0) script << "-- check\n";
  }
}

int usage(const std::string& why) {
  std::fprintf(stderr, "weir_nexmark: %s\nusage: weir_nexmark [q0…q22|all] [--events N] [--threads N] [--queries FOLDER] [--csv FOLDER]\n", why.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  auto number = [](const char* text) { char* end; const long long n = std::strtoll(text, &end, 10); return *text && !*end && n > 0 ? n : -1; };
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg.rfind("--", 0) != 0) {
      if (arg != "all" && std::find(kQueries.begin(), kQueries.end(), arg) == kQueries.end()) return usage("there is no query " + arg);
      if (arg != "all") options.queries.push_back(arg);
      continue;
    }
    if (i + 1 == argc) return usage(arg + " needs a value");
    const char* value = argv[++i];
    if (arg == "--events" && number(value) > 0) options.events = number(value);
    else if (arg == "--threads" && number(value) > 0) options.threads = static_cast<unsigned>(number(value));
    else if (arg == "--queries") options.folder = value;
    else if (arg == "--csv") options.csv = value;
    else return usage("no option " + arg + " " + value);
  }
  if (!options.csv.empty()) {
    write_csv(options);
    return 0;
  }
  if (options.queries.empty()) options.queries = kQueries;
  bool all = true;
  for (const std::string& name : options.queries) all = measured(name, options) && all;
  return all ? 0 : 1;
}
