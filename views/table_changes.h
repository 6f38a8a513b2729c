#pragma once
// What one transaction changes in one table, netted as it goes: rows by primary key, or by content with counts where there is none.
//
// Rows handed in stay where they are (the caller's arrays, or the transaction's arena) and are numbered; an entry a touched key says which row stands there now
// and which one the table has. Statements see the changes made before them; the commit takes the difference.
//
// Law      net() = Σ of all changes, as a Z-set; adding it to the table gives what the transaction sees.
// Cost     O(1) expected a row: one probe of the table, a vector at a time, and one of the transaction's own hash table. Bulk inserts into a table without a key
//          are not even hashed until something is erased.
// Order    changes are resolved against the table as it is at the call; if another batch changes the table before the commit they are checked again, and
//          refused (kTransaction) where a row that was read has changed meanwhile.
// Threads  one at a time; the table must not change during a call: hold the state lock shared, or be the writer.
// Errors   Failure(kConstraint); then the call has changed nothing.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "views/table_state.h"
#include "zset/chunk.h"

namespace weir::internal {

class TableChanges {
 public:
  // Begins anew, for a table.
  void start(std::shared_ptr<TableState> table, Arena& arena);
  const std::shared_ptr<TableState>& table() const { return table_; }

  // Rows of a chunk that is kept: complete, checked, its arrays valid until the transaction ends, weights positive (how often). Selections may differ from call to call.
  struct Rows { std::uint32_t number; Chunk chunk; };
  Rows keep(const Chunk& chunk);
  // Copies a row into the arena, long texts included.
  Rows keep(std::span<const Datum> row);

  void insert(std::span<const Rows> rows);
  void erase(std::span<const Rows> rows);   // the whole row has to be there
  void upsert(std::span<const Rows> rows);  // REQUIRES: a primary key
  void update(std::span<const Rows> before, std::span<const Rows> after);  // all `before` go, then all `after` come
  void erase_key(std::span<const Datum> key);
  // The row that the transaction sees under a key. False: none. The values live as long as the table does not change.
  bool find(std::span<const Datum> key, std::vector<Datum>& row);

  // Where the changes stand now; rollback() takes them back there, as often as one likes.
  struct Mark { std::size_t undo, entries; std::uint64_t version; };
  Mark mark();
  void rollback(const Mark& mark);

  // Resolves again if the table has changed since. Failure(kTransaction).
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
  static constexpr std::uint32_t kNone = 0xffffffff;  // no row; also Arrangement::kNone
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

  void apply(Operation operation, const Rows& rows);
  void apply_keyed(Operation operation, const Rows& rows);
  void apply_counted(Operation operation, const Rows& rows);
  void index_all();
  template <class F> void atomically(F&& f);
  void restore(std::size_t undo, std::size_t entries);
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
  std::uint32_t keep_base(Arrangement::Row base);

  std::shared_ptr<TableState> table_;
  Arena* arena_ = nullptr;
  bool single_int_key_ = false;
  std::uint64_t version_ = 0;             // of the table that `base` of the entries refers to
  std::vector<Chunk> chunks_;             // kept rows: number = chunk * kChunkRows + position
  std::vector<std::uint32_t> unindexed_;  // keyless: chunks that were only inserted
  bool all_plain_ = true;                 // all kept rows were inserted once under new keys: the kept chunks are the net change
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;      // entry + 1, 0 = free
  std::size_t mask_ = 0;
  // Entries as they were before the call in progress; since the first mark, if there is one.
  std::vector<std::pair<std::uint32_t, Entry>> undo_;
  std::size_t entries_before_ = 0, unindexed_before_ = 0;
  bool marked_ = false;
  // The chunk that single rows are copied to.
  std::uint32_t open_ = kNone, open_capacity_ = 0;
  std::vector<std::uint64_t> hashes_;
  std::vector<Arrangement::Row> bases_;
};

// kChunkRows times the weight 1, and -1.
const std::int64_t* plus_ones();
const std::int64_t* minus_ones();

}  // namespace weir::internal
