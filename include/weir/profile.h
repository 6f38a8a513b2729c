#pragma once
// What the operators below a view have done and what they hold: one entry each, inputs before those who read them.
//
// A stream that several views share is one operator: it tells of all its work, whoever asked for it. Rows and batches are always counted; clocks run while
// OpenOptions::profile or Database::set_profiling says so, and cost two readings a call of an operator then, and a branch otherwise.
// Threads  plain values.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

// What EXPLAIN is written as. kGraphviz: for `dot -Tsvg`.
enum class Diagram : std::uint8_t { kText, kGraphviz, kJson };

struct OperatorProfile {
  std::uint32_t id = 0;                  // of its stream: n7
  std::string name;                      // "join on 1 key"
  std::vector<std::uint32_t> inputs;
  std::vector<std::string> relations;    // the table or the views whose rows its stream is
  std::uint32_t users = 0;               // views and operators that hold it
  bool at_rest = false;                  // its stream's contents are kept, with indexes
  bool is_new = false;                   // made for this EXPLAIN
  // Since it was made, or profiling was switched on:
  std::uint64_t batches = 0;             // in which it had something to do; the first filling is one
  std::uint64_t rows_in = 0, rows_out = 0;
  std::chrono::nanoseconds evaluate{0};  // computing what it puts out
  std::chrono::nanoseconds keep{0};      // bringing what it holds up to date
  // Now, its own state and its stream's contents with all their indexes:
  std::uint64_t state_rows = 0, state_bytes = 0;
};

struct Profile {
  std::string plan;                      // as EXPLAIN prints it
  bool timed = false;                    // clocks are running
  std::vector<OperatorProfile> operators;
};

}  // namespace weir
