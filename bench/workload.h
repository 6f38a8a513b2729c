#pragma once
// The workloads that the floor has too, generated ahead of time, as columns ready to be handed to weir.
//
// Same generator, same seeds and same order of draws as bench/floor/floor.cpp: digests must agree.
// Threads  plain values.

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Random {
  std::uint64_t state;
  std::uint64_t next();
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n)); }
};

// Over a row's columns, in order: digest = the sum over a view's rows of their last state.
struct RowHash {
  std::uint64_t state = 0;
  void add(std::int64_t column);
  void add(std::string_view text);
};
std::uint64_t row_hash(std::initializer_list<std::int64_t> columns);

// Rows of one table, column by column: of integers and times, or of texts. A time has both, for those who keep it as text.
struct Rows {
  std::vector<std::vector<std::int64_t>> columns;
  std::vector<std::vector<std::string_view>> texts;  // by column; empty where no column is of texts
  Rows() = default;
  explicit Rows(std::size_t width) : columns(width) {}
  std::size_t size() const { return columns.empty() ? 0 : texts.empty() || !columns[0].empty() ? columns[0].size() : texts[0].size(); }
  void add(std::initializer_list<std::int64_t> row) {
    std::size_t c = 0;
    for (std::int64_t v : row) columns[c++].push_back(v);
  }
  bool is_text(std::size_t c) const { return columns[c].empty(); }
};

// One batch: rows inserted, rows deleted, rows that replace those of the same key.
struct Batch {
  std::string table;
  Rows inserts, deletes, upserts;
  std::size_t rows() const { return inserts.size() + deletes.size() + upserts.size(); }
};

// How the rows of a phase are cut: the last `timed` in batches of `batch`, those before, which are not measured, in batches of 100,000.
struct Cut {
  std::int64_t batch = 1000, timed = std::numeric_limits<std::int64_t>::max();
  bool is_timed(std::int64_t i, std::int64_t n) const { return i >= first(n); }
  bool starts(std::int64_t i, std::int64_t n) const { return is_timed(i, n) ? (i - first(n)) % batch == 0 : i % 100000 == 0; }

 private:
  std::int64_t first(std::int64_t n) const { return timed < n ? n - timed : 0; }
};

// A phase is one line of output.
struct Phase {
  std::string name;           // as the floor prints it
  std::int64_t batch = 0;
  std::vector<Batch> load;    // before the clock starts
  std::vector<Batch> batches;
};

struct View {
  std::string name;
  bool fractions = false;     // some of its NUMERICs have digits after the point
};

struct Workload {
  std::string schema;         // CREATE TABLE and CREATE VIEW statements
  std::vector<View> views = {{"v"}};
  std::vector<Batch> load;    // before the clock starts
  std::vector<Phase> phases;
  std::string arguments;      // of the floor, after the name
};

std::vector<std::string> workload_names();
// flights: a file of flights in time order, plain or .gz; airports.csv lies beside it.
Workload make_workload(const std::string& name, const Cut& cut, const std::string& flights);
Workload make_flights(const Cut& cut, const std::string& file);

}  // namespace bench
