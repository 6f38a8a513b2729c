#include "operators/gather.h"

#include <weir/error.h>

#include <algorithm>

#include "zset/array.h"
#include "zset/json.h"
#include "zset/datetime.h"
#include "zset/numeric.h"

namespace weir {

Column gather(const Column& from, const std::uint32_t* positions, std::uint32_t n, Arena& arena) {
  Column out = Column::make(from.kind, n, from.valid != nullptr, arena);
  with_type(from.kind, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const T* in = from.as<const T>();
    T* to = out.as<T>();
    for (std::uint32_t k = 0; k < n; ++k) to[k] = in[positions[k]];
  });
  if (from.valid) {
    for (std::uint32_t k = 0; k < n; ++k) {
      if (!from.is_valid(positions[k])) out.set_null(k);
    }
    trim_bitmap(out, n);
  }
  return out;
}

void trim_bitmap(Column& column, std::uint32_t n) {
  if (!column.valid) return;
  for (std::uint32_t word = 0; word < n / 64; ++word) {
    if (~column.valid[word] != 0) return;
  }
  if (n % 64 != 0 && (~column.valid[n / 64] & ((std::uint64_t{1} << (n % 64)) - 1)) != 0) return;
  column.valid = nullptr;
}

Chunk pick(const Chunk& chunk, std::span<const std::uint16_t> columns, Arena& arena) {
  Chunk out = chunk;
  out.width = static_cast<std::uint16_t>(columns.size());
  out.columns = arena.array<Column>(columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) out.columns[c] = chunk.columns[columns[c]];
  return out;
}

Chunk without_nulls(const Chunk& chunk, Arena& arena) {
  if (std::none_of(chunk.columns, chunk.columns + chunk.width, [](const Column& c) { return c.valid != nullptr; })) return chunk;
  std::uint32_t* selection = arena.array<std::uint32_t>(chunk.selected);
  std::uint32_t n = 0;
  chunk.each([&](std::uint32_t i) {
    bool whole = true;
    for (const Column& c : chunk.cols()) whole &= c.is_valid(i);
    selection[n] = i;
    n += whole;
  });
  Chunk out = chunk;
  out.selection = selection;
  out.selected = n;
  return out;
}

Chunk dense_chunk(std::uint32_t n, std::span<Column> columns, const std::int64_t* weights) {
  Chunk out;
  out.size = out.selected = n;
  out.width = static_cast<std::uint16_t>(columns.size());
  out.columns = columns.data();
  out.weights = weights;
  return out;
}

bool identical_at(const Column& column, std::uint32_t a, std::uint32_t b) {
  const bool valid = column.is_valid(a);
  if (valid != column.is_valid(b)) return false;
  if (!valid) return true;
  if (column.kind == Kind::kBytes) return column.bytes()[a] == column.bytes()[b];
  const std::size_t n = slot_bytes(column.kind);
  const char* data = column.as<const char>();
  return std::memcmp(data + a * n, data + b * n, n) == 0;
}

bool equal_at(const Column& a, std::uint32_t i, const Column& b, std::uint32_t j, KeyKind kind) {
  switch (kind) {
    case KeyKind::kBool: return a.bools()[i] == b.bools()[j];
    case KeyKind::kInt: return a.ints()[i] == b.ints()[j];
    case KeyKind::kDouble: {
      const double x = a.doubles()[i], y = b.doubles()[j];
      return x == y || (x != x && y != y);
    }
    case KeyKind::kText: return a.bytes()[i] == b.bytes()[j];
    case KeyKind::kNumeric: return a.bytes()[i] == b.bytes()[j] || numeric_compare(a.bytes()[i], b.bytes()[j]) == 0;
    case KeyKind::kInterval: return interval_compare(a.intervals()[i], b.intervals()[j]) == 0;
    case KeyKind::kPadded: return without_padding(a.bytes()[i].view()) == without_padding(b.bytes()[j].view());
    case KeyKind::kArray: return a.bytes()[i] == b.bytes()[j] || array_compare(a.bytes()[i], b.bytes()[j]) == 0;
    case KeyKind::kJson: return a.bytes()[i] == b.bytes()[j] || jsonb_compare(a.bytes()[i], b.bytes()[j]) == 0;
  }
  return false;
}

void throw_weight_out_of_range() { throw Failure(ErrorCode::kEvaluation, "weight out of range"); }

}  // namespace weir
