#pragma once
// Rows at rest, private to one operator: fixed-width rows in pages, each with room for the operator's own payload in front of its values.
//
//     row: [ payload | tag, live bit and null bits | one slot a column ]
//
// State    a page holds 1,024 rows; the first one grows from 4. An empty page is given back. Bytes of more than 12 are copied to the heap and freed with their row.
// Cost     allocate, free, set: O(columns). A row of up to 64 bytes never straddles a cache line.
// Order    the same operations give the same ids: the lowest free row of a page is the next.
// Threads  const calls may run in parallel.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "operators/gather.h"
#include "zset/chunk.h"
#include "zset/hash.h"
#include "zset/prefetch.h"

namespace weir {

class RowStore {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0xffffffff;

  RowStore(std::vector<KeyKind> kinds, std::size_t payload_bytes);
  ~RowStore();
  RowStore(const RowStore&) = delete;

  std::span<const KeyKind> kinds() const { return kinds_; }

  // A row whose payload is all zero and whose values are the columns' at that position. Pointers to other rows may move.
  Id add(const Column* columns, std::uint32_t position, std::uint32_t tag = 0);
  void remove(Id id) noexcept;

  // The payload; the pointer holds until the next add().
  std::byte* row(Id id) { return base_[id >> kShift] + (id & kMask) * stride_; }
  const std::byte* row(Id id) const { return base_[id >> kShift] + (id & kMask) * stride_; }
  void prefetch(Id id) const { prefetch_line(row(id)); }

  std::uint32_t tag(Id id) const { return *header(row(id)); }
  void set_tag(Id id, std::uint32_t tag) { *header(row(id)) = tag; }
  bool is_null(const std::byte* row, std::size_t column) const { return header(row)[1 + (column + 1) / 32] >> ((column + 1) % 32) & 1; }
  const std::byte* slot(const std::byte* row, std::size_t column) const { return row + offsets_[column]; }
  Datum get(Id id, std::size_t column) const;
  // out[k] = the value of ids[k]. `out` has a bitmap, set. Bytes point into this store.
  void gather(const Id* ids, std::uint32_t n, std::size_t column, Column& out) const;
  // All columns of many rows as dense chunks. Long Bytes of rows with a negative weight are copied: their rows may be about to go.
  // `extra`: one more BIGINT column; may be null.
  void emit(std::span<const Id> ids, std::span<const std::int64_t> weights, const std::int64_t* extra, Arena& arena, Delta& out) const;

  std::uint64_t rows() const { return live_; }
  std::size_t bytes() const;

 private:
  static constexpr std::uint32_t kShift = 10, kPageRows = 1u << kShift, kMask = kPageRows - 1, kWords = kPageRows / 64;
  struct Page {
    std::uint32_t capacity = 0, used = 0, live = 0;
    std::uint32_t first = kWords;        // no word before this one has free rows
    std::uint64_t free[kWords] = {};     // a bit a row: of those used before, which are free
  };

  std::uint32_t* header(std::byte* row) const { return reinterpret_cast<std::uint32_t*>(row + header_); }
  const std::uint32_t* header(const std::byte* row) const { return reinterpret_cast<const std::uint32_t*>(row + header_); }
  void drop_bytes(std::byte* row) noexcept;
  void grow(std::uint32_t page);
  std::uint32_t take_free(std::uint32_t page);

  std::vector<KeyKind> kinds_;
  std::vector<std::uint16_t> offsets_;
  std::size_t header_ = 0, stride_ = 0;
  bool has_bytes_ = false;
  std::vector<std::byte*> base_;
  std::vector<Page> pages_;
  std::vector<std::uint32_t> open_;  // pages with room
  std::uint64_t live_ = 0;
  std::size_t page_bytes_ = 0, heap_bytes_ = 0;
};

}  // namespace weir
