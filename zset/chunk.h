#pragma once
// A delta in flight: columns of typed arrays with validity bitmaps, one array of weights, at most kChunkRows rows a chunk.
//
// A Z-set maps rows to integer weights; a delta is a Z-set that says what changes (+1 inserted, -1 deleted). The same row may stand in
// a delta several times, with any weights: its weight is their sum (DBSP, section 3). `consolidate` (zset/consolidate.h) adds them up.
//
// A filter does not copy: it selects. All arrays are indexed by position 0..size-1; `selection` names the positions that count. Values at
// positions that are not selected are undefined, and so are weights there.
//
// Ownership  none. Arrays lie in arenas that live until the step ends, or in the caller's memory for as long.
// Nulls      `valid` is a bitmap (bit set = not NULL), or nullptr where no value is NULL. The slot of a NULL is zero.
// Threads    immutable once handed on.

#include <cstdint>
#include <span>
#include <vector>

#include "zset/arena.h"
#include "zset/slot.h"

namespace weir {

inline constexpr std::uint32_t kChunkRows = 2048;

struct Column {
  Kind kind = Kind::kInt;
  void* data = nullptr;
  std::uint64_t* valid = nullptr;

  template <class T> T* as() const { return static_cast<T*>(data); }
  const std::uint8_t* bools() const { return as<const std::uint8_t>(); }
  const std::int64_t* ints() const { return as<const std::int64_t>(); }
  const double* doubles() const { return as<const double>(); }
  const Bytes* bytes() const { return as<const Bytes>(); }
  const Interval* intervals() const { return as<const Interval>(); }

  bool is_valid(std::uint32_t i) const { return !valid || (valid[i >> 6] >> (i & 63) & 1); }
  void set_null(std::uint32_t i) { valid[i >> 6] &= ~(std::uint64_t{1} << (i & 63)); }  // REQUIRES: valid != nullptr
  void set_valid(std::uint32_t i) { valid[i >> 6] |= std::uint64_t{1} << (i & 63); }    // REQUIRES: valid != nullptr

  Datum get(std::uint32_t i) const;
  void set(std::uint32_t i, const Datum& d);  // REQUIRES: valid != nullptr where d is NULL. Bytes are not copied.

  // Data for n rows; with `nullable`, a bitmap of n set bits.
  static Column make(Kind kind, std::uint32_t n, bool nullable, Arena& arena);
};

struct Chunk {
  std::uint32_t size = 0;                     // positions, at most kChunkRows
  std::uint32_t selected = 0;                 // rows: entries of `selection`, or size where that is nullptr
  const std::uint32_t* selection = nullptr;   // ascending positions; nullptr = all
  std::uint16_t width = 0;
  Column* columns = nullptr;
  const std::int64_t* weights = nullptr;      // by position

  std::span<Column> cols() const { return {columns, width}; }

  // Calls f(position) for each row.
  template <class F>
  void each(F&& f) const {
    if (selection) {
      for (std::uint32_t k = 0; k < selected; ++k) f(selection[k]);
    } else {
      for (std::uint32_t i = 0; i < size; ++i) f(i);
    }
  }
  std::uint32_t position(std::uint32_t k) const { return selection ? selection[k] : k; }
};

// The delta of one stream in one step: chunks in order. Cleared, not freed, between steps.
struct Delta {
  std::vector<Chunk> chunks;

  void clear() { chunks.clear(); }
  bool empty() const { return chunks.empty(); }  // chunks without rows are never added
  std::uint64_t rows() const;
  void add(const Chunk& chunk) { if (chunk.selected) chunks.push_back(chunk); }
};

// Builds dense chunks row by row; a full chunk is added to the delta, the rest by finish().
class ChunkBuilder {
 public:
  ChunkBuilder(std::span<const Kind> kinds, Arena& arena, Delta& out, std::uint32_t expected_rows = kChunkRows);
  // Starts a row and returns its position; fill columns() at it. All columns have bitmaps, set.
  std::uint32_t row(std::int64_t weight);
  Column* columns() { return columns_; }
  void append(std::span<const Datum> values, std::int64_t weight);
  void append(const Chunk& from, std::uint32_t position, std::int64_t weight);  // columns alike; Bytes are not copied
  void finish();

 private:
  void start(std::uint32_t capacity);
  std::span<const Kind> kinds_;
  Arena& arena_;
  Delta& out_;
  Column* columns_ = nullptr;
  std::int64_t* weights_ = nullptr;
  std::uint32_t size_ = 0, capacity_ = 0, next_capacity_;
};

// Copies a delta, long Bytes included, so that it no longer depends on where it came from.
void deep_copy(const Delta& from, Arena& arena, Delta& out);

}  // namespace weir
