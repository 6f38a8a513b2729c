#pragma once
// The workloads that the floor has too, generated ahead of time, as columns ready to be handed to weir.
//
// Same generator, same seeds and same order of draws as bench/floor/floor.cpp: digests must agree.
// Threads  plain values.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace bench {

struct Random {
  std::uint64_t state;
  std::uint64_t next();
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n)); }
};

std::uint64_t row_hash(std::initializer_list<std::int64_t> columns);

// Rows of one table, column by column.
struct Rows {
  std::vector<std::vector<std::int64_t>> columns;
  Rows() = default;
  explicit Rows(std::size_t width) : columns(width) {}
  std::size_t size() const { return columns.empty() ? 0 : columns[0].size(); }
  void add(std::initializer_list<std::int64_t> row) {
    std::size_t c = 0;
    for (std::int64_t v : row) columns[c++].push_back(v);
  }
};

// One timed batch: rows inserted, rows deleted, rows that replace those of the same key.
struct Batch {
  std::string table;
  Rows inserts, deletes, upserts;
  std::size_t rows() const { return inserts.size() + deletes.size() + upserts.size(); }
};

// A phase is one line of output.
struct Phase {
  std::string name;        // as the floor prints it
  std::int64_t batch = 0;
  std::vector<Batch> batches;
};

struct Workload {
  std::string schema;      // CREATE TABLE and CREATE VIEW statements
  std::vector<std::string> views;
  std::vector<Batch> load; // before the clock starts
  std::vector<Phase> phases;
  int digest_columns = 0;
};

std::vector<std::string> workload_names();
Workload make_workload(const std::string& name, std::int64_t batch);

}  // namespace bench
