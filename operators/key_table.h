#pragma once
// Keys to entries: a hash table whose entries are rows of a RowStore, key values and the operator's payload in one place.
//
// Law      two keys are one entry when SQL's GROUP BY calls them equal: NULL is NULL, 1.0 is 1.00. The first seen stands for both.
// State    slots of 8 bytes (zset/slots.h), which shrink after deletes.
// Cost     O(1) expected. A vector of keys is hashed first, its slots and rows prefetched, then resolved.
// Threads  find() is const and may run in parallel.

#include <memory>

#include "operators/row_store.h"
#include "zset/slots.h"

namespace weir {

class KeyTable {
 public:
  using Id = RowStore::Id;
  static constexpr Id kNone = RowStore::kNone;

  KeyTable(std::vector<KeyKind> kinds, std::size_t payload_bytes) : rows_(std::move(kinds), payload_bytes) {
    single_int_ = rows_.kinds().size() == 1 && rows_.kinds()[0] == KeyKind::kInt;
  }

  // out, by position: the entry of each row of `keys`, whose columns are the key. A missing one is made, its payload zero.
  void find_or_add(const Chunk& keys, Arena& arena, Id* out);
  // out, by position: the entry, or kNone.
  void find(const Chunk& keys, Arena& arena, Id* out) const;
  // The entries that find() has not found: made, or found by now.
  void add_missing(const Chunk& keys, Arena& arena, Id* out);
  void erase(Id id) noexcept;

  RowStore& rows() { return rows_; }
  const RowStore& rows() const { return rows_; }
  template <class T> T& payload(Id id) { return *reinterpret_cast<T*>(rows_.row(id)); }
  template <class T> const T& payload(Id id) const { return *reinterpret_cast<const T*>(rows_.row(id)); }

  // Calls f(id) for every entry.
  template <class F>
  void each(F&& f) const {
    slots_.each([&](std::uint32_t id) { f(static_cast<Id>(id)); });
  }
  std::uint64_t size() const { return rows_.rows(); }
  std::size_t bytes() const { return rows_.bytes() + slots_.bytes(); }

 private:
  void hash(const Chunk& keys, std::uint64_t* out) const;
  bool equal(Id id, const Chunk& keys, std::uint32_t position) const;
  // Calls f(hash, position, slot) for each row, in order: the slot of its entry, or the free one where it belongs.
  template <class F> void each_slot(const Chunk& keys, Arena& arena, F&& f) const;
  template <class Equal, class F> void each_slot(const Chunk& keys, const std::uint64_t* hashes, Equal&& equal, F&& f) const;

  RowStore rows_;
  bool single_int_ = false;
  Slots slots_;
};

}  // namespace weir
