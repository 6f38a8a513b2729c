#pragma once
// What a database has done and holds, counted since it was opened: Database::stats().
//
// Cost     counting is a few nanoseconds a commit; times are taken of every commit where there is a file, and of one in 16 in memory.
// Threads  a copy of one moment, as near as that is possible while others commit.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

// Quantiles are told up to an eighth too large.
struct Spread {
  std::uint64_t count = 0, sum = 0, max = 0, p50 = 0, p99 = 0;
};

struct Stats {
  std::uint64_t sequence = 0;

  // Commits. Times are in nanoseconds.
  std::uint64_t queued_submissions = 0, queued_rows = 0, queued_bytes = 0;
  std::uint64_t waiting_for_room = 0;      // callers
  std::uint64_t steps_under_way = 0;       // in mode pipelined: applied, and not in the file
  std::uint64_t refused = 0;               // submissions
  Spread batch_submissions, batch_rows;    // of the batches committed
  Spread evaluate_ns, store_ns;            // of a batch: through the views; to the file, or to the thread that brings it there
  Spread advance_ns, notify_ns;            // bringing all state up to date; to subscribers, or to the thread that calls them
  Spread commit_ns;                        // of a submission, from commit() to its end

  // The file. None of it in memory.
  bool has_file = false;
  std::uint64_t writes = 0, bytes_written = 0, reads = 0, bytes_read = 0;  // calls of the file system
  Spread transaction_ns, sync_ns;          // of SQLite: begin to end of commit; each call of fsync
  std::uint64_t wal_bytes = 0, wal_limit_bytes = 0;  // limit 0: none
  std::uint64_t checkpoints = 0, checkpoints_blocked = 0;  // blocked: a reader kept pages of the WAL from going to the file

  struct Relation {
    std::string name;
    bool is_view = false;
    std::uint64_t rows = 0;                // that are kept
    std::uint64_t rows_in = 0, rows_out = 0;  // of changes that reached it, and that it made
  };
  std::vector<Relation> relations;

  struct Arrangement {
    std::string stream;                    // its operator, as EXPLAIN has it
    std::vector<std::string> relations;    // whose rows it is
    std::uint64_t rows = 0, bytes = 0;     // state of the operator and contents with their indexes
  };
  std::vector<Arrangement> arrangements;

  struct Gate {
    std::string name;
    std::uint64_t keys = 0, transactions = 0;
    std::int64_t exposure = 0, max_exposure = 0, forfeited_at_open = 0;
  };
  std::vector<Gate> gates;

  struct Subscriber {
    std::string relation;
    std::uint64_t queued_changes = 0;      // committed, and not delivered: its lag
    std::uint64_t delivered_changes = 0;
  };
  std::vector<Subscriber> subscribers;

  std::string to_text() const;
  std::string to_json() const;
  std::string to_prometheus() const;       // the text format of its exporters, names weir_…
};

}  // namespace weir
