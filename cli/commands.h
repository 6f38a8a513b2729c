#pragma once
// The commands of the `weir` program: what the command line says, and what each does with it.
//
// Each returns the exit status: 0 done, 1 refused (input, definitions, the file), 2 wrong use, 3 an SQL statement failed.
// Results go to standard output, everything else to standard error.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/database.h>

#include "cli/print.h"

namespace weir::cli {

constexpr int kDone = 0, kRefused = 1, kWrongUse = 2, kStatementFailed = 3;

// Writes what a database logs to a file, one JSON object a line; "-": to standard error. Failure(kIo).
LogFunction log_to(const std::string& path);

// How the command line wants the database opened, where it says so.
struct ModeOptions {
  std::optional<Mode> mode;
  std::optional<Preset> preset;
  unsigned threads = 0;
  std::optional<Clock> clock;
  std::string log;  // "": none

  OpenOptions over(const OpenOptions& base) const {
    OpenOptions out = preset ? OpenOptions::preset(*preset) : base;
    if (mode) out.mode = *mode;
    out.threads = threads;
    if (clock) out.clock = *clock;
    if (!log.empty()) out.log = log_to(log);
    return out;
  }
};

struct SqlOptions {
  std::string db = ":memory:";
  Format format = Format::kTable;
  bool keep_going = false;
  ModeOptions open;
  std::vector<std::string> files;  // none: standard input
};
int run_sql(const SqlOptions& options);

struct RunOptions {
  std::string definitions;
  std::string db = ":memory:";
  std::vector<std::string> inputs;        // TABLE=FILE
  std::string input_format = "by-ending"; // or csv, ndjson
  std::size_t batch = 1000;
  std::vector<std::string> print, watch;  // views; print: also queries
  std::size_t print_rows = 0;             // of each printed view; 0: all
  std::vector<std::string> windows;       // TABLE.COLUMN=INTERVAL
  std::string reject;                     // file of refused rows; "": a bad row ends the run
  Format format = Format::kTable;
  bool append = false;                    // read inputs from their start even if the database has rows of them
  bool progress = false, quiet = false;
  std::string stats;                      // file of Database::stats(), written anew each second; "": none
  std::string profile;                    // file that tells what the operators of all views have done; "": none
  ModeOptions open;
};
int run_definitions(const RunOptions& options);

struct ExplainOptions {
  std::string source;               // definitions (JSON), a script (SQL) or a database
  std::vector<std::string> views;   // none: all
  std::string query;                // or a query
  bool graphviz = false, json = false;
  bool profile = false;             // with what the operators have done
};
int run_explain(const ExplainOptions& options);
// EXPLAIN of several views or queries as one text, one diagram or one JSON object.
Result<std::string> explain_all(const Database& db, const std::vector<std::string>& subjects, Diagram diagram, bool analyze);
std::vector<std::string> view_names(const Database& db);

enum class StatsFormat : std::uint8_t { kText, kJson, kPrometheus };
int run_stats(const std::string& db, StatsFormat format);
void write_stats(const Stats& stats, const std::string& path);  // in the form that its ending says: .json, .prom, or text; Failure(kIo)

int run_verify(const std::string& db);
int run_check(const std::string& db);                           // verify.cc
int run_backup(const std::string& db, const std::string& to);   // likewise

struct WatchOptions {
  std::string db, view;
  std::optional<std::uint64_t> from;   // a sequence number; none: first the view as it is
  bool once = false;                   // what is there, and no more
};
int run_watch(const WatchOptions& options);

struct FollowOptions {
  std::string source, copy;
  std::vector<std::string> relations;  // none: all that have a change log
  bool once = false;
};
int run_follow(const FollowOptions& options);                   // watch.cc

// Prints an error the way all commands do.
void complain(const Error& error);
// An operation on a file that failed, with errno's reason.
Error io_error(const std::string& path, std::string what);
// The whole file ("-": standard input), or Error(kIo).
Result<std::string> read_file(const std::string& path);

}  // namespace weir::cli
