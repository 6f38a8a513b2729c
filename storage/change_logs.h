#pragma once
// The change logs of a file: of each relation that has one, the net change of each batch, in the transaction that changed the relation.
//
//     weir_feed (id, relation, batches, base)     which there are
//     weir_log_<id> (sequence, change)            a row a batch that changed the relation; `change` as storage/change_code.h has it
//
// A log holds all changes after its `base`. One that keeps so many batches gives up what is older, some batches at a time: it never holds fewer than it should.
//
// Cost     a write: one row more; now and then a delete of rows that lie side by side.
// Threads  as Storage, whose part this is.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "storage/storage.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weir {

class ChangeLogs {
 public:
  using Fail = std::function<void(const char* doing, int rc)>;  // throws
  explicit ChangeLogs(Fail fail) : fail_(std::move(fail)) {}
  void load(sqlite3* db);  // anew
  void forget();           // also statements: the database is about to be closed

  std::vector<StoredLog> list() const;
  void set(const StoredLog& log);
  void drop(const std::string& relation);
  void rename(const std::string& from, const std::string& to);
  void write(const std::string& relation, std::uint64_t sequence, const Delta& delta);
  void read(const StoredRelation& relation, std::uint64_t after, const std::function<void(std::uint64_t, std::unique_ptr<StoredRows>)>& f) const;
  // Has a log been shortened in this transaction? Then a rollback has to load them again.
  bool base_moved() const { return base_moved_; }
  void settle() { base_moved_ = false; }  // it is committed

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;
  struct Log {
    StoredLog log;
    std::int64_t id = 0;
    Statement insert;
  };
  Log& find(const std::string& relation);
  Statement prepare(const std::string& sql, const char* doing) const;
  void run(const std::string& sql, const char* doing) const;
  void finish(sqlite3_stmt* statement, const char* doing) const;
  void give_up(Log& log, std::uint64_t base);

  const Fail fail_;
  sqlite3* db_ = nullptr;
  std::map<std::string, Log> logs_;
  std::string code_;
  bool base_moved_ = false;
};

}  // namespace weir
