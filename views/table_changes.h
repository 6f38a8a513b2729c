#pragma once
// What one transaction changes in one table, netted as it goes: rows by primary key, or by content with counts where there is none.
//
// Rows handed in stay where they are (the caller's arrays, or the transaction's arena) and are numbered; an entry a touched key says which row stands there now
// and which one the table has. Statements see the changes made before them; the commit takes the difference.
//
// Law      net() = Σ of all changes, as a Z-set; adding it to the table gives what the transaction sees.
// Cost     O(1) expected a row: one probe of the table, a vector at a time, and one of the transaction's own hash table. Bulk inserts into a table without a key
//          are not even hashed until something is erased. With UNIQUE and FOREIGN KEY one more probe of the table and of an own hash table for each of them.
// Order    changes are resolved against the table as it is at the call; if another batch changes the table before the commit they are checked again, and
//          refused (kTransaction) where a row that was read has changed meanwhile.
// Threads  one at a time; the table must not change during a call: hold the state lock shared, or be the writer.
// Errors   Failure(kConstraint); then the call has changed nothing.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "views/postings.h"
#include "views/table_state.h"
#include "zset/chunk.h"

namespace weir::internal {

class TableChanges {
  static constexpr std::uint32_t kNone = 0xffffffff;  // no row; also Arrangement::kNone

 public:
  // Begins anew, for a table.
  void start(std::shared_ptr<TableState> table, Arena& arena);
  const std::shared_ptr<TableState>& table() const { return table_; }

  // Rows of a chunk that is kept: complete, checked, its arrays valid until the transaction ends, weights positive (how often). Selections may differ from call to call.
  struct Rows { std::uint32_t number; Chunk chunk; };
  Rows keep(const Chunk& chunk);
  // Copies a row into the arena, long texts included.
  Rows keep(std::span<const Datum> row);
  // The arrays of these rows are the caller's; own() copies them.
  void borrows(std::span<const Rows> rows);
  void own();

  void insert(std::span<const Rows> rows);
  void erase(std::span<const Rows> rows);   // the whole row has to be there
  void upsert(std::span<const Rows> rows);  // REQUIRES: a primary key
  void update(std::span<const Rows> before, std::span<const Rows> after);  // all `before` go, then all `after` come
  // The row that the transaction sees under a key. False: none. The values live as long as the table does not change.
  bool find(std::span<const Datum> key, std::vector<Datum>& row);

  // A row that the transaction sees: kept here, the table's own, or none.
  struct Place {
    std::uint32_t kept = kNone;
    Arrangement::Row base = Arrangement::kNone;
    bool none() const { return kept == kNone && base == Arrangement::kNone; }
    bool operator==(const Place&) const = default;
  };
  Datum value(const Place& place, std::uint16_t column) const {
    return place.kept != kNone ? kept(place.kept, column) : table_->rows->get(place.base, column);
  }
  // The row under a primary key; one of those under a key of an index of the table, if there are any.
  Place find_key(std::span<const Datum> key);
  Place find_in(std::size_t index, std::span<const Datum> key);
  // All rows under a key of an index: f(place, how often it is there).
  void each_in(std::size_t index, std::span<const Datum> key, const std::function<void(const Place&, std::int64_t)>& f);
  // What became of each row that was touched: f(as it is in the table, as it is now).
  void each_change(const std::function<void(const Place&, const Place&)>& f) const;
  // Rows that keep() is given from now on are not older than this.
  std::uint32_t next_kept() const { return static_cast<std::uint32_t>(chunks_.size() * kChunkRows); }

  // Where the changes stand now; rollback() takes them back there, as often as one likes.
  struct Mark { std::size_t undo, entries; std::uint64_t version; };
  Mark mark();
  void rollback(const Mark& mark);

  // Resolves again if the table has changed since. Failure(kTransaction); so does every call from then on.
  void refresh();
  // Adds what another transaction changes in the same table, as if it came next: refused where it would be if these changes were committed before. `other` keeps its
  // rows, which have to outlive this. Returns the number of rows that it changes.
  std::uint64_t absorb(TableChanges& other);
  // Undoes the absorb() that was the last call.
  void take_back();
  // Appends the net change, and returns the number of rows that it touches. A changed row stands right before the one that replaces it. Strings may refer
  // to the table.
  std::uint64_t net(Arena& arena, Delta& out);
  // How many rows or keys are touched.
  std::uint64_t size() const;
  bool any() const { return !entries_.empty() || !unindexed_.empty(); }

 private:
  static constexpr std::uint32_t kBase = 0xfffffffe;  // the table's own

  struct Entry {
    std::uint32_t hash = 0;
    Arrangement::Row base = kNone;  // the table's row of this key, of this content
    std::uint32_t key = kNone;      // a kept row that holds the key, the content
    std::uint32_t row = kNone;      // keyed: the kept row that stands here now, kBase or kNone
    std::uint32_t before = kNone;   // keyed: the kept row that has to be equal to the table's
    bool any_base = false;          // keyed: what the table has does not matter (upsert)
    std::int64_t count = 0;         // keyless: how often it is added
  };
  enum class Operation : std::uint8_t { kInsert, kErase, kUpsert };

  void apply(Operation operation, std::span<const Rows> all);
  void apply(Operation operation, const Rows& rows);
  void apply_keyed(Operation operation, const Rows& rows);
  void apply_counted(Operation operation, const Rows& rows);
  void index_all();
  template <class F> void atomically(F&& f);
  void restore(std::size_t undo, std::size_t entries);
  void find_bases();
  std::uint64_t absorb_entry(const TableChanges& other, const Entry& theirs, std::uint32_t first_chunk);
  Rows selected(std::uint32_t kept_row, std::uint32_t* position) const;
  Entry& touch(std::uint32_t index);
  std::uint32_t find_entry(std::uint32_t hash, const Chunk& chunk, std::uint32_t position) const;  // kNone if there is none
  void prefetch_entries(std::uint32_t n) const;
  std::uint32_t add_entry(const Entry& entry);
  void reserve(std::size_t entries);
  void rebuild_slots();
  bool same_key(std::uint32_t kept, const Chunk& chunk, std::uint32_t position) const;
  bool equals_base(Arrangement::Row base, const Chunk& chunk, std::uint32_t position, bool by_key) const;
  Datum kept(std::uint32_t row, std::uint16_t column) const { return chunks_[row / kChunkRows].columns[column].get(row % kChunkRows); }
  // Indexes (table_indexes.cc).
  Place current(const Entry& entry) const;
  std::int64_t count(const Entry& entry) const;
  bool key_of(const TableIndex& index, const Place& place, std::vector<Datum>& key) const;  // false: a NULL keeps it out of the index
  std::uint32_t entry_of_base(Arrangement::Row base) const;
  template <class F> bool any_in(std::size_t index, std::span<const Datum> key, std::uint32_t except, F&& f) const;
  void post(std::uint32_t entry);                          // enters its row in all indexes
  void post_all();                                         // unless all entries have been entered already
  void check_unique(std::uint32_t entry) const;
  void follow(std::size_t undo_before);                    // does so for all entries that the call has touched

  std::shared_ptr<TableState> table_;
  Arena* arena_ = nullptr;
  bool single_int_key_ = false;
  std::uint64_t version_ = 0;             // of the table that `base` of the entries refers to
  std::vector<Chunk> chunks_;             // kept rows: number = chunk * kChunkRows + position
  std::vector<std::uint32_t> borrowed_;   // chunks whose arrays are the caller's
  std::vector<std::uint32_t> unindexed_;  // keyless: chunks that were only inserted
  bool all_plain_ = true;                 // all kept rows were inserted once under new keys: the kept chunks are the net change
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;      // entry + 1, 0 = free
  std::size_t mask_ = 0;
  // Entries as they were before the call in progress; since the first mark, if there is one.
  std::vector<std::pair<std::uint32_t, Entry>> undo_;
  std::size_t entries_before_ = 0, unindexed_before_ = 0;
  bool marked_ = false;
  std::vector<Postings> postings_;        // of the table's indexes, in their order: hash of the key → entry
  // The chunk that single rows are copied to.
  std::uint32_t open_ = kNone, open_capacity_ = 0;
  std::vector<std::uint64_t> hashes_;
  std::vector<Arrangement::Row> bases_;
};

// kChunkRows times the weight 1, and -1.
const std::int64_t* plus_ones();
const std::int64_t* minus_ones();

}  // namespace weir::internal
