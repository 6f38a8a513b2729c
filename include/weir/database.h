#pragma once
// A database of tables and live views: in memory, or in a SQLite file that any client may read.
//
// Every commit is one batch: it is checked, flows through the views, is written to the file in one transaction, and only then shown: all views move together, to one sequence
// number. A batch that fails anywhere is refused whole.
//
// Threads    all calls are safe from any thread. Commits go one after the other; reads see the last finished batch and do not wait for a running one's evaluation.
// Ownership  Transaction, Table, Subscription, Session keep the database alive; after close() they give Error(kClosed).
// Errors     returned, never thrown.

#include <weir/change.h>
#include <weir/error.h>
#include <weir/log.h>
#include <weir/profile.h>
#include <weir/query.h>
#include <weir/result_set.h>
#include <weir/stats.h>
#include <weir/type.h>
#include <weir/value.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

class Gate;
struct GateOptions;

// A C++ function that SQL may call. It must be pure: equal arguments, equal result. Not called for NULL arguments. What it throws fails the statement.
struct ScalarFunction {
  std::string name;
  std::vector<TypeId> arguments;
  TypeId result = TypeId::kUnknown;
  std::function<Value(std::span<const Value>)> function;
};

enum class Mode : std::uint8_t {
  kFull,       // commit() returns when the batch is in the file
  kPipelined,  // commit() returns when it is applied, and a thread brings it to the file meanwhile: flush(), or Pending::wait, tells when it is there
  kMemory,     // nothing is kept: for ":memory:"
};

// What now() in live views follows.
enum class Clock : std::uint8_t {
  kSystem,  // the present: rows enter and leave as time passes
  kManual,  // stands until Database::set_clock moves it; at first where the file left it, or at 1970
};

enum class Preset : std::uint8_t { kBalanced, kThroughput, kLatency };

struct OpenOptions {
  // Mode, batch, queue and cache set together; all else as by default. kBalanced is the default.
  static OpenOptions preset(Preset preset);

  unsigned threads = 0;         // for evaluation: 1 is serial, 0 as many as there are cores
  Mode mode = Mode::kFull;
  bool sync = true;             // each commit is on disk when it returns; false: it survives a crash of the program, not of the machine
  bool create = true;           // make the file if it is not there
  bool read_only = false;       // the file as it is now, also while another program writes to it: that may go on, but its WAL stays until this is closed. Changes are refused
  // Submissions that arrive while a batch is in progress form the next, up to so many. Queued are at most so many rows and bytes; who has more waits for room.
  std::size_t batch_submissions = 128;                         // at most 65,536
  std::uint64_t queue_rows = std::uint64_t{1} << 20, queue_bytes = std::uint64_t{64} << 20;
  std::uint64_t cache_bytes = std::uint64_t{64} << 20;         // of pages of the file
  std::uint64_t wal_bytes = std::uint64_t{1} << 30;            // while a reader of another program keeps the WAL at this size, batches are refused: Error(kBusy); 0: it may grow
  bool repair = true;           // write views anew that the file does not have as their tables say; false: verify() names the first difference
  bool store_tables = true;     // false: only the views go to the file, which then can't be recovered from ("--mode durable" of the bench)
  bool profile = false;         // clocks around operators, for Database::profile() and EXPLAIN ANALYZE
  std::vector<ScalarFunction> functions = {};  // those that views in the file use have to be here
  Clock clock = Clock::kSystem;
  LogFunction log = {};         // what there is to tell
  std::size_t reserve_bytes = 0;  // memory to set aside and touch now, for the process: tables and views then grow without waiting for the system
};

inline OpenOptions OpenOptions::preset(Preset preset) {
  OpenOptions out;
  if (preset == Preset::kThroughput) {
    out.mode = Mode::kPipelined;
    out.batch_submissions = 4096;
    out.queue_rows = std::uint64_t{4} << 20;
    out.queue_bytes = out.cache_bytes = std::uint64_t{256} << 20;
  } else if (preset == Preset::kLatency) {
    out.batch_submissions = 32;
    out.queue_rows = std::uint64_t{1} << 16;
    out.queue_bytes = std::uint64_t{16} << 20;
  }
  return out;
}

// The "options" of a definitions document over `base`: {"preset": "throughput", "mode": "pipelined", "batch_submissions": 128, …}. Unknown ones are refused.
Result<OpenOptions> read_options(std::string_view definitions, const OpenOptions& base = {});

// Who submits, and which submission of his it is: the number of its epoch, and its own within that. Numbers grow; there may be gaps. One that is not beyond the last that was
// committed changes nothing, whatever it holds; one of an epoch that is over is refused.
struct Origin {
  std::string source;
  std::uint64_t epoch = 0, sequence = 0;
};

// How far a submission has come; each includes those before.
enum class Ack : std::uint8_t {
  kQueued,   // nothing is decided
  kApplied,  // checked and shown; lost if the machine or the program stops now
  kDurable,  // in the file, and never lost
};

struct Receipt {
  std::uint64_t sequence = 0;   // of the batch; that of the last one where nothing changed
  std::uint64_t rows = 0;       // of tables that changed
  Ack ack = Ack::kDurable;      // kApplied in memory, and from commit() in mode pipelined
  bool replayed = false;        // it was committed before: nothing has changed now
};

struct SubmitOptions {
  // For room in a full queue: as long as it takes, so long, or (0) not at all: then Error(kBusy), and the transaction is as before.
  std::optional<std::chrono::milliseconds> wait = std::nullopt;
  // Recorded in the same transaction: a submission that is repeated because its outcome was not learned is applied once.
  std::optional<Origin> origin = std::nullopt;
};

using Row = std::vector<Value>;

// The columns of one table as arrays of the caller, n rows each. The fastest way in; nothing is copied that need not be: the arrays stay as they are until the
// transaction has ended; submit() copies them.
struct ColumnData {
  const void* data = nullptr;             // BOOLEAN uint8_t; integers, DATE, TIMESTAMP int64_t; REAL, DOUBLE double; others std::string_view (text form)
  const std::uint8_t* nulls = nullptr;    // 1 = NULL; may be nullptr
};

namespace internal { class Engine; class TransactionState; class SessionState; class SubscriptionState; struct Submitted; struct TableState; }

// A table by handle: resolved once.
class Table {
 public:
  const std::string& name() const;
  const Schema& schema() const;

 private:
  friend class Database;
  friend class Transaction;
  std::shared_ptr<internal::TableState> state_;
};

// A submitted transaction. May be copied, and let go: the commit goes on.
// Threads  safe from any.
class Pending {
 public:
  Pending() = default;
  // Until it has come so far, or is refused with its own error. In memory kDurable is never reached: returns when it is applied.
  Result<Receipt> wait(Ack until = Ack::kDurable) const;
  bool reached(Ack ack) const;  // or refused

 private:
  friend class Transaction;
  std::shared_ptr<internal::Engine> engine_;
  std::shared_ptr<internal::Submitted> submitted_;
};

// Changes to any number of tables, applied as one batch, or together with what others submit meanwhile: each stands or falls alone. Not committed = rolled back. Statements see the changes made before them.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  Result<void> insert(std::string_view table, const Row& row);
  Result<void> erase(std::string_view table, const Row& row);                  // a whole row; error if it is not there
  Result<void> erase_key(std::string_view table, const Row& key);              // by primary key
  Result<void> upsert(std::string_view table, const Row& row);                 // by primary key
  Result<void> update(std::string_view table, const Row& key, const std::map<std::string, Value>& set);  // by primary key; error if it is not there
  Result<void> insert(const Table& table, std::span<const ColumnData> columns, std::size_t rows);
  Result<void> erase(const Table& table, std::span<const ColumnData> columns, std::size_t rows);
  Result<void> upsert(const Table& table, std::span<const ColumnData> columns, std::size_t rows);
  Result<ResultSet> execute(std::string_view sql);                             // one INSERT, UPDATE, DELETE, COPY or SELECT

  // Waits until it is kDurable, in mode pipelined kApplied.
  Result<Receipt> commit(const SubmitOptions& options = {});
  // Queues it. The transaction has ended then; on an error it is as before. One that changes tables or views is committed before this returns.
  Result<Pending> submit(const SubmitOptions& options = {});
  void rollback();

 private:
  friend class Database;
  explicit Transaction(std::unique_ptr<internal::TransactionState> state);
  std::unique_ptr<internal::TransactionState> state_;
};

struct SubscribeOptions {
  enum class Delivery : std::uint8_t {
    kQueued,  // on a thread of the database, off the writer's path; a full queue makes the writer wait
    kInline,  // on the committing thread, before commit() returns. The callback must not call the database.
  } delivery = Delivery::kQueued;
  std::size_t queue_changes_max = 1024;
  // Instead of a snapshot: first what the relation's change log (WITH (feed), WITH (audit)) holds after this sequence number, on the calling thread, before subscribe() returns; then
  // what is committed from then on, without a gap and nothing twice. Error(kInput) where that can't be: there is no log, or it no longer goes back so far; it says how far it does.
  std::optional<std::uint64_t> after = std::nullopt;
};

// Ends when it is destroyed or end() is called; no callback runs after that returns (unless called from within it).
class Subscription {
 public:
  Subscription() = default;
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();
  void end();
  void wait();  // until everything committed before this call has been delivered

 private:
  friend class Database;
  std::shared_ptr<internal::SubscriptionState> state_;
};

// All relations at one sequence number, whatever is committed meanwhile.
struct Snapshot {
  std::uint64_t sequence = 0;
  std::map<std::string, ResultSet> relations;
};

// What one statement of a script did.
struct Outcome {
  enum class Kind : std::uint8_t { kDone, kRows } kind = Kind::kDone;
  ResultSet rows;            // kRows: SELECT, EXPLAIN
  std::uint64_t changed = 0; // rows inserted, updated or deleted
};

// SQL statements one after the other with BEGIN, COMMIT, ROLLBACK between them, as one client of PostgreSQL would send them. An open transaction is rolled back at the end.
class Session {
 public:
  Session(Session&&) noexcept;
  ~Session();
  // The next complete statements in the text fed so far. Feed text as it comes; `last` says that no more will come.
  void feed(std::string_view text, bool last = false);
  // Takes the next complete statement, if there is one.
  bool next(std::string& statement);
  Result<Outcome> execute(std::string_view statement);
  bool in_transaction() const;
  // Where COPY … FROM STDIN and relative file names are read from. Default: the working directory, no STDIN.
  void on_copy_stdin(std::function<bool(std::string& line)> next_line);

 private:
  friend class Database;
  explicit Session(std::unique_ptr<internal::SessionState> state);
  std::unique_ptr<internal::SessionState> state_;
};

// What Database::verify() found.
struct Verification {
  std::uint64_t tables = 0, views = 0, rows = 0;
  std::string difference;       // the first one, in words; "": there is none
  bool ok() const { return difference.empty(); }
};

struct RelationInfo {
  std::string name;
  bool is_view = false;
  Schema schema;
  std::vector<std::string> key;
  std::map<std::string, Value> defaults;  // a table's columns that have a DEFAULT, and what it is
  std::string definition;
  bool lazy = false;            // a view WITH (lazy)
  std::optional<std::uint64_t> log;  // of how many batches its change log keeps the changes; 0: of all
  std::uint64_t rows = 0;       // that are kept
};

class Database {
 public:
  // path: a file, or ":memory:". What the file holds is recovered: tables, views and their contents.
  static Result<Database> open(const std::string& path, const OpenOptions& options = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();
  Result<void> flush();  // until all that was submitted before is as durable as it can be
  Result<void> close();  // flushes; later calls give Error(kClosed)
  // How far a source has come; nothing if it is not known.
  Result<std::optional<Origin>> origin(std::string_view source) const;

  Result<std::vector<Outcome>> execute(std::string_view script);  // statements in order; stops at the first error
  Session session();
  Result<void> define(std::string_view json);                     // a definitions document; all of it or nothing. What exists alike already is left as it is
  Result<void> create_view(std::string_view name, std::string_view sql);
  Result<void> create_view(std::string_view name, const Query& query);
  Result<void> drop(std::string_view relation);

  Transaction begin();
  Result<Table> table(std::string_view name) const;

  Result<Subscription> subscribe(std::string_view view, std::function<void(const Change&)> callback, const SubscribeOptions& options = {});
  // To a view with parameters ($1, …): only what it shows for these values. Their state goes with the last subscriber.
  Result<Subscription> subscribe(std::string_view view, const Row& values, std::function<void(const Change&)> callback, const SubscribeOptions& options = {});
  Result<ResultSet> query(std::string_view select) const;
  Result<ResultSet> read(std::string_view relation) const;
  Result<ResultSet> read(std::string_view view, const Row& values) const;     // of a view with parameters
  Result<ResultSet> find(std::string_view relation, const Row& key) const;  // by its key; no row: an empty result
  Result<Snapshot> snapshot(std::span<const std::string> relations) const;
  Result<std::string> digest(std::string_view relation) const;              // of the content: 32 hex digits
  std::uint64_t sequence() const;
  bool recovered() const;                                                   // open() found a database with tables in the file
  std::vector<RelationInfo> relations() const;

  // The time that now() in live views is at: that of the last step, which is one of all views and of the file. It never goes back.
  using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
  Time time() const;
  // Moves it there, in a step of its own where rows enter or leave views, and lets it stand: Clock::kManual from now on. SQL: SET weir.clock = '2026-01-01 12:00'.
  Result<void> set_clock(Time to);
  Result<void> follow_system_clock();                                       // SQL: SET weir.clock = 'system'

  // `analyze`: with what its operators have done. A query is run for it, in a circuit that goes again; nothing is created.
  using Diagram = weir::Diagram;
  Result<std::string> explain(std::string_view view_or_query, Diagram diagram = Diagram::kText, bool analyze = false) const;
  Result<Profile> profile(std::string_view view_or_query) const;
  Result<void> set_profiling(bool on);                                      // clocks; switched on, they and all counts begin at 0

  Result<Stats> stats() const;  // waits for a batch in progress

  // Computes every view anew from the tables and compares it, row by row, with the view that is kept and with the one in the file. Costs what filling all views costs.
  Result<Verification> verify() const;

  // As verify(), and before that whether the file is whole: its pages and indexes as SQLite checks them, each stored digest against the rows beside it.
  Result<Verification> check() const;
  // Copies what is committed to a new file, while others go on, and checks the copy before it gets that name. The sequence number of the copy.
  Result<std::uint64_t> backup(const std::string& to) const;

  // An admission gate, <weir/gate.h>: makes the table <name>_usage where it is not there. One that is open alike already is given again; one that the file has, and that is not
  // open, may be made anew otherwise.
  Result<Gate> create_gate(std::string_view name, const GateOptions& options);
  Result<Gate> gate(std::string_view name) const;                           // opens one that the file has
  Result<void> drop_gate(std::string_view name);                            // <name>_usage stays, a table like others

  // A ScalarFunction for the statements that follow. <weir/function.h> makes one of a lambda: db.create_function(weir::function("clamp", [](std::int64_t a) { … })).
  Result<void> create_function(ScalarFunction function);

 private:
  explicit Database(std::shared_ptr<internal::Engine> engine);
  std::shared_ptr<internal::Engine> engine_;
};

// Database::backup of a file, which another program may have open for writing.
Result<std::uint64_t> backup(const std::string& file, const std::string& to, const OpenOptions& options = {});

}  // namespace weir
