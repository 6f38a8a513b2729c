#pragma once
// The SQLite file: catalog, one transaction a batch, recovery.
//
// Tables and views are ordinary SQLite tables of the same names, keyed where they have a key, readable by any client while weir runs (WAL). Rows of keyless relations are
// stored as often as their weight says. weir's own tables are called weir_*: weir_meta (sequence, settings), weir_catalog (definitions, in order of creation),
// weir_columns, weir_digest; made when they are first needed: weir_source (how far each source of submissions has come), weir_feed and weir_log_* (change_logs.h).
// Names that SQLite can't tell apart (it ignores case) or keeps for itself get a suffix: weir_catalog.stored_as.
//
// The header of the file carries application_id 'WEIR' and user_version, the format: what is not ours is told without opening it as a database.
//
// Column types: BOOLEAN, integers → INTEGER; REAL, DOUBLE → REAL (NaN as text 'NaN', -0.0, which SQLite would lose, as blob '-0'); TEXT, VARCHAR, NUMERIC, DATE, TIMESTAMP, INTERVAL → TEXT in PostgreSQL's text form.
//
// Order    begin, any of create/drop/write/set_*, then commit or rollback. One writer; read() outside of a transaction.
// Errors   Failure(kIo) with operation, path and SQLite's message; Failure(kCorrupt): not a database, not ours (no weir_meta), another format version, damaged: the
//          file is left untouched. After a failed commit the transaction is rolled back and the file is as before, unless SQLite can't tell (the sync failed): then
//          every later begin() is refused, and who opens the file again sees which it was.
// Threads  one at a time. One process and one Storage may have the file open for writing; others read.

#include <weir/error.h>
#include <weir/stats.h>
#include <weir/type.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "zset/chunk.h"
#include "zset/digest.h"

namespace weir {

struct StoredRelation {
  std::string name;
  bool is_view = false;
  Schema schema;
  std::vector<std::uint16_t> key;  // columns of the primary key; empty: none
  std::string definition;          // the CREATE statement
};

// How far a source of submissions has come.
struct SourceMark {
  std::string source;
  std::uint64_t epoch = 0, sequence = 0;
};

// The log of a relation's changes.
struct StoredLog {
  std::string relation;
  std::uint64_t batches = 0;       // that it keeps; 0: all
  std::uint64_t base = 0;          // it holds what changed after this sequence number
};

// Rows that were read, with what they lie in.
struct StoredRows {
  Arena arena;
  Delta rows;
};

struct StorageOptions {
  bool read_only = false;          // beside a writer: shows the file as it is now, whatever comes, until refresh() or close; the WAL can't be given up meanwhile
  bool create = true;              // make the file if it is not there
  bool sync = true;                // synchronous=FULL; false: NORMAL
  std::uint64_t cache_bytes = std::uint64_t{64} << 20;
  std::uint64_t wal_limit_bytes = 0;  // for add_stats()
};

class Storage {
 public:
  // Opens or creates. A file that exists and is not empty must be ours.
  static std::unique_ptr<Storage> open(const std::string& path, const StorageOptions& options);
  virtual ~Storage() = default;
  // Copies what a file of ours holds now, also while a program writes to it, to a new file beside which nothing is needed. On a failure there is no such file.
  static void backup(const std::string& from, const std::string& to, std::uint64_t& sequence);

  virtual std::uint64_t sequence() const = 0;
  virtual std::vector<StoredRelation> catalog() const = 0;  // in order of creation
  // Calls f with all rows of a relation, some chunks at a time.
  virtual void read_parts(const StoredRelation& relation, const std::function<void(std::unique_ptr<StoredRows>)>& f) = 0;
  // The same; the chunks die when f returns.
  void read(const StoredRelation& relation, const std::function<void(const Delta&)>& f) {
    read_parts(relation, [&](const std::unique_ptr<StoredRows>& part) { f(part->rows); });
  }
  virtual std::string digest(const std::string& relation) const = 0;  // as last set; "" if never
  virtual std::string setting(const std::string& name) const = 0;     // likewise

  virtual std::vector<SourceMark> marks() const = 0;
  virtual std::vector<StoredLog> logs() const = 0;
  // Calls f with each change after `after` and its sequence number, consolidated, in order. REQUIRES: the relation has a log.
  virtual void read_log(const StoredRelation& relation, std::uint64_t after, const std::function<void(std::uint64_t, std::unique_ptr<StoredRows>)>& f) const = 0;
  // REQUIRES: read-only.
  virtual bool refresh() = 0;        // shows the file as it is now; false: nothing has been committed since
  virtual void rest() noexcept = 0;  // nothing is to be read until then: the WAL is not held
  virtual std::string damage() const = 0;  // the first that SQLite finds wrong in the structure of the file; "": nothing

  // From any thread.
  virtual void add_stats(Stats& stats) const = 0;
  virtual std::uint64_t wal_bytes() const = 0;  // that a reader may still need, or that have not gone to the file
  // Brings all of the WAL to the file and empties it. False: a reader is in the way.
  virtual bool empty_wal() = 0;

  virtual void begin() = 0;
  virtual void create(const StoredRelation& relation) = 0;
  virtual void drop(const std::string& name) = 0;
  virtual void rewrite(const std::string& name) = 0;                  // deletes all rows
  virtual void write(const std::string& name, const Delta& delta) = 0;  // REQUIRES: consolidated
  virtual void set_sequence(std::uint64_t sequence) = 0;
  virtual void set_digest(const std::string& relation, const std::string& digest) = 0;
  virtual void set_setting(const std::string& name, const std::string& value) = 0;
  virtual void savepoint(std::size_t number) = 0;                     // what follows can be undone by rollback_to(number), any number of times
  virtual void rollback_to(std::size_t number) = 0;
  virtual void set_mark(const SourceMark& mark) = 0;
  virtual void set_log(const StoredLog& log) = 0;                     // makes it; one that is there gives up what is not after the base, too
  virtual void drop_log(const std::string& relation) = 0;             // if it has one
  virtual void rename_log(const std::string& from, const std::string& to) = 0;  // REQUIRES: `from` has one. That of `to` goes
  virtual void log(const std::string& relation, std::uint64_t sequence, const Delta& delta) = 0;  // REQUIRES: as write(), and that it has one
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
};

}  // namespace weir
