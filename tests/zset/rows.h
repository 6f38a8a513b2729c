#pragma once
// Rows as plain values, for tests that compare what is under test with std::map.
//
// Threads  plain values.

#include <rapidcheck.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zset/array.h"
#include "zset/chunk.h"
#include "zset/hash.h"

namespace weir::test {

// A value, spelt so that identical values (zset/hash.h) and no others have equal spellings. none = NULL.
using Cell = std::optional<std::string>;
using Cells = std::vector<Cell>;
using Model = std::map<Cells, std::int64_t>;

inline Kind kind_of_key(KeyKind k) {
  switch (k) {
    case KeyKind::kBool: return Kind::kBool;
    case KeyKind::kInt: return Kind::kInt;
    case KeyKind::kDouble: return Kind::kDouble;
    case KeyKind::kText: case KeyKind::kPadded: case KeyKind::kNumeric: case KeyKind::kArray: case KeyKind::kJson: return Kind::kBytes;
    case KeyKind::kInterval: return Kind::kInterval;
  }
  return Kind::kInt;
}

inline std::vector<Kind> kinds_of(const std::vector<KeyKind>& types) {
  std::vector<Kind> kinds;
  for (const KeyKind k : types) kinds.push_back(kind_of_key(k));
  return kinds;
}

inline Cell spell(const Datum& d) {
  if (d.null) return std::nullopt;
  const auto raw = [](const auto& v) { return std::string(reinterpret_cast<const char*>(&v), sizeof v); };
  switch (d.kind) {
    case Kind::kBool: return std::string(1, d.boolean ? 't' : 'f');
    case Kind::kInt: return raw(d.integer);
    case Kind::kDouble: return raw(d.number);
    case Kind::kBytes: return std::string(d.bytes.view());
    case Kind::kInterval: return raw(d.interval);
  }
  return std::nullopt;
}

// The value of a spelling; refers to it.
inline Datum datum(const Cell& cell, Kind kind) {
  if (!cell) return Datum::of_null(kind);
  const auto read = [&](auto v) { std::memcpy(static_cast<void*>(&v), cell->data(), sizeof v); return v; };
  switch (kind) {
    case Kind::kBool: return Datum::of(*cell == "t");
    case Kind::kInt: return Datum::of(read(std::int64_t{}));
    case Kind::kDouble: return Datum::of(read(double{}));
    case Kind::kBytes: return Datum::of(Bytes(std::string_view(*cell)));
    case Kind::kInterval: return Datum::of(read(Interval{}));
  }
  return Datum();
}

inline Cells row_at(const Chunk& chunk, std::uint32_t position) {
  Cells cells;
  for (const Column& c : chunk.cols()) cells.push_back(spell(c.get(position)));
  return cells;
}

inline void add_to(Model& model, const Delta& delta) {
  for (const Chunk& chunk : delta.chunks) {
    chunk.each([&](std::uint32_t i) {
      const Cells row = row_at(chunk, i);
      if ((model[row] += chunk.weights[i]) == 0) model.erase(row);
    });
  }
}

// A value from a small domain, so that rows and keys meet; `wide` widens it.
inline Cell some_cell(KeyKind kind, bool nulls, int wide) {
  if (nulls && *rc::gen::inRange(0, 5) == 0) return std::nullopt;
  const auto raw = [](const auto& v) { return std::string(reinterpret_cast<const char*>(&v), sizeof v); };
  const std::int64_t n = *rc::gen::inRange<std::int64_t>(0, wide);
  switch (kind) {
    case KeyKind::kBool: return std::string(1, n % 2 ? 't' : 'f');
    case KeyKind::kInt: return raw(n - 2);
    case KeyKind::kDouble: return raw(n == 0 ? -0.0 : n == 1 ? 0.0 : static_cast<double>(n) / 4);
    case KeyKind::kText: return std::string(static_cast<std::size_t>(n * 5 % 40), static_cast<char>('a' + n % 3));
    case KeyKind::kPadded: return std::string(1, static_cast<char>('a' + n / 2)) + std::string(static_cast<std::size_t>(n % 2 * 20), ' ');
    case KeyKind::kInterval: return raw(Interval{n % 3, static_cast<std::int32_t>(n % 2) * 30, static_cast<std::int32_t>(n % 4 / 2)});
    case KeyKind::kNumeric: return std::string(1, static_cast<char>(n));
    case KeyKind::kJson: return n % 3 == 0 ? "[1.0]" : n % 3 == 1 ? "[1.00]" : "{\"a\": " + std::to_string(n) + '}';
    case KeyKind::kArray: {
      Arena arena;
      ArrayBuilder array(KeyKind::kDouble);
      for (std::int64_t i = 0; i < n % 4; ++i) array.add(i == 2 ? Datum() : Datum::of(n > 3 ? 0.0 : -0.0));
      return std::string(array.take(arena).view());
    }
  }
  return std::nullopt;
}

// A delta of these rows; some chunks get positions that are not selected. `rows` must outlive it.
inline Delta delta_of(const std::vector<std::pair<Cells, std::int64_t>>& rows, const std::vector<Kind>& kinds, Arena& arena, std::uint32_t chunk_rows,
                      bool selections) {
  Delta out;
  std::vector<std::pair<Cells, std::int64_t>> part;
  for (std::size_t from = 0; from < rows.size(); from += chunk_rows) {
    Delta dense;
    ChunkBuilder builder(kinds, arena, dense);
    const std::size_t to = std::min(rows.size(), from + chunk_rows);
    std::vector<std::uint32_t> chosen;
    std::uint32_t position = 0;
    for (std::size_t n = from; n < to; ++n) {
      std::vector<Datum> values;
      for (std::size_t c = 0; c < kinds.size(); ++c) values.push_back(datum(rows[n].first[c], kinds[c]));
      if (selections && n % 3 == 0 && position + 2 < kChunkRows) {
        builder.append(values, 77);  // not selected
        ++position;
      }
      builder.append(values, rows[n].second);
      chosen.push_back(position++);
    }
    builder.finish();
    for (Chunk chunk : dense.chunks) {
      if (selections && dense.chunks.size() == 1) {
        auto* selection = arena.array<std::uint32_t>(chosen.size());
        std::copy(chosen.begin(), chosen.end(), selection);
        chunk.selection = selection;
        chunk.selected = static_cast<std::uint32_t>(chosen.size());
      }
      out.add(chunk);
    }
  }
  return out;
}

}  // namespace weir::test
