#pragma once
// An arrangement: the integral I(s) of a stream at rest, found by whole row and by any number of keys.
//
// Rows lie in paged arenas as fixed-width tuples, strings longer than 12 bytes in a heap that frees what is deleted. Every distinct row is
// stored once with its weight, whatever the number of indexes over it; an index is an open-addressing table of 8-byte slots (the upper half of the
// hash beside a row number) whose slot holds the first row of a key; the rows of one key are a doubly linked chain.
//
// Law      apply(Δ) takes I(s) to I(s) + Δ in the group of Z-sets; a row whose weight becomes 0 is gone. Weights may be negative in between.
// Cost     a row applied, found or removed: O(1) expected, also where a key has very many rows. Look-ups take a vector of rows at a time: hash all,
//          prefetch all, then resolve.
// Order    rows of a key come in no promised order, but the same operations give the same order.
// Threads  reading is const and may go on from many threads; apply() and the index calls need the arrangement alone.
// Errors   a weight beyond 64 bits is Failure(kEvaluation) from check(), which the step calls before anything is changed; apply() itself never fails
//          (but for memory).
// Ownership of long strings: those of a removed row stay readable until collect(), which the step calls at its end: chunks in flight may refer to them.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "zset/chunk.h"
#include "zset/hash.h"

namespace weir {

class Arrangement {
 public:
  using Row = std::uint32_t;
  static constexpr Row kNone = 0xffffffff;

  // kinds: of the columns. key_kinds: the same columns, as keys (needed by add_index). identity: columns that (nearly) determine a row: a
  // primary key, a GROUP BY; only they are hashed to find a row, all columns are compared. Empty: all columns. unique: no two
  // rows with positive weight agree on `identity` once a step has ended.
  Arrangement(std::vector<KeyKind> kinds, std::vector<std::uint16_t> identity, bool unique);
  ~Arrangement();
  Arrangement(const Arrangement&) = delete;

  std::span<const Kind> kinds() const;
  std::span<const KeyKind> key_kinds() const;
  bool unique() const;

  // An index over key columns in this order; counts its users. An index over no columns holds all rows in one chain. Built from the rows that are there.
  // Where `columns` is the identity of a unique arrangement of key-comparable columns, the identity itself serves.
  std::uint32_t add_index(std::span<const std::uint16_t> columns);
  void drop_index(std::uint32_t index);

  // out[k]: the first row whose key equals the probe's row k, or kNone. The probe's columns are listed in the order of the index's.
  // null_matches: NULL equals NULL (set operations, DISTINCT); otherwise a key that holds NULL finds nothing.
  void probe(std::uint32_t index, const Chunk& probe, std::span<const std::uint16_t> columns, bool null_matches, Row* out) const;
  Row probe_one(std::uint32_t index, std::span<const Datum> key, bool null_matches) const;
  Row next(std::uint32_t index, Row row) const;  // the next row of the same key, or kNone

  // out[k]: the row identical to the chunk's row k (same columns), or kNone.
  void find(const Chunk& chunk, Row* out) const;

  // Is the row identical to the chunk's row at this position (same columns)?
  bool matches(Row row, const Chunk& chunk, std::uint32_t position) const;

  std::int64_t weight(Row row) const;
  Datum get(Row row, std::uint16_t column) const;
  // Copies one column of many rows; kNone gives NULL. Bytes keep pointing into this arrangement. out has room and, where NULLs may occur, a bitmap.
  void gather(std::span<const Row> rows, std::uint16_t column, Column& out) const;
  void prefetch(Row row) const;

  // Failure(kEvaluation) if the weights of `delta` could overflow those at rest.
  void check(const Delta& delta) const;
  void apply(const Delta& delta) noexcept;
  void collect() noexcept;
  // All rows, in row order, as chunks that refer to this arrangement's strings. `between` is called after each.
  void scan(Arena& arena, Delta& out, const std::function<void()>& between = {}) const;

  std::uint64_t rows() const;         // distinct rows
  std::int64_t total_weight() const;  // rows counted with their weights
  std::size_t bytes() const;          // memory, indexes and heap included

 private:
  friend class LateIndexes;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// While one lives, an index that its thread adds to an arrangement of many rows stays empty until fill(). REQUIRES: nobody probes it until then, and the
// arrangement does not change.
class LateIndexes {
 public:
  static constexpr std::uint64_t kManyRows = 65'536;

  LateIndexes();
  ~LateIndexes();
  LateIndexes(const LateIndexes&) = delete;
  void fill(const std::function<void()>& between);  // called after every few thousand rows

 private:
  friend class Arrangement;
  std::vector<std::pair<Arrangement*, std::uint32_t>> waiting_;
};

}  // namespace weir
