#pragma once
// The bare loop beside weir: what SQLite alone takes to write the rows that a workload changes, in the same transactions (bare.h).
//
// Keeps the views in a database of its own, in memory, to know what changes; only SQLite's part is timed.
// Threads  one.

#include <weir/weir.h>

#include <map>
#include <string>
#include <vector>

#include "bare.h"
#include "workload.h"

namespace bench {

// Applies a batch as one transaction.
void apply(weir::Database& db, const std::map<std::string, weir::Table>& tables, const Batch& batch);
std::map<std::string, weir::Table> tables_of(const weir::Database& db);

class BareLoop {
 public:
  // base_rows: the tables' rows are written as well as the views'.
  BareLoop(const Workload& work, bool base_rows, const std::string& file);
  // Microseconds that SQLite takes for what the batch changes.
  double play(const Batch& batch);

 private:
  struct ViewRows {
    std::size_t number = 0;        // of its table in SQLite
    std::vector<std::size_t> key;
    std::vector<Cells> come, go;   // what comes replaces what had its key; `go` is the rest
    weir::Subscription watch;
  };
  void note(ViewRows& view, const weir::Change& change);

  BareSqlite sqlite_;
  weir::Database db_;
  std::map<std::string, weir::Table> tables_;
  struct Base {
    std::size_t number = 0;        // of its table in SQLite
    bool keyed = false;            // otherwise equal rows are one there
  };
  std::map<std::string, Base> base_;
  std::map<std::string, ViewRows> views_;
};

}  // namespace bench
