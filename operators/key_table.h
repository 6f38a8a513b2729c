#pragma once
// Keys to entries: a hash table whose entries are rows of a RowStore, key values and the operator's payload in one place.
//
// Law      two keys are one entry when SQL's GROUP BY calls them equal: NULL is NULL, 1.0 is 1.00. The first seen stands for both.
// State    slots of 8 bytes (the upper half of the hash beside a row number) with linear probing; at most half are used, and they shrink after deletes.
// Cost     O(1) expected. A vector of keys is hashed first, its slots and rows prefetched, then resolved.
// Threads  find() is const and may run in parallel.

#include <bit>
#include <memory>

#include "operators/row_store.h"

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
  void erase(Id id) noexcept;

  RowStore& rows() { return rows_; }
  const RowStore& rows() const { return rows_; }
  template <class T> T& payload(Id id) { return *reinterpret_cast<T*>(rows_.row(id)); }
  template <class T> const T& payload(Id id) const { return *reinterpret_cast<const T*>(rows_.row(id)); }

  // Calls f(id) for every entry.
  template <class F>
  void each(F&& f) const {
    for (const std::uint64_t s : slots_) {
      if (s) f(static_cast<Id>(s) - 1);
    }
  }
  std::uint64_t size() const { return rows_.rows(); }
  std::size_t bytes() const { return rows_.bytes() + slots_.capacity() * sizeof(std::uint64_t); }

 private:
  void hash(const Chunk& keys, std::uint64_t* out) const;
  void prefetch(const Chunk& keys, const std::uint64_t* hashes) const;
  bool equal(Id id, const Chunk& keys, std::uint32_t position) const;
  // The slot of the entry, or the free one where it belongs.
  template <bool kSingleInt> std::size_t slot(std::uint32_t tag, const Chunk& keys, std::uint32_t position) const;
  template <bool kSingleInt> void find_or_add_each(const Chunk& keys, const std::uint64_t* hashes, Id* out);
  void resize(std::size_t n);

  RowStore rows_;
  bool single_int_ = false;
  std::vector<std::uint64_t> slots_;
};

}  // namespace weir
