#include "zset/chunk.h"

#include <algorithm>

namespace weir {
namespace {

template <class T>
void gather_into(const Column& from, const Chunk& chunk, T* out) {
  const T* data = from.as<const T>();
  std::uint32_t k = 0;
  chunk.each([&](std::uint32_t i) { out[k++] = data[i]; });
}

}  // namespace

Datum Column::get(std::uint32_t i) const {
  if (!is_valid(i)) return Datum::of_null(kind);
  switch (kind) {
    case Kind::kBool: return Datum::of(bools()[i] != 0);
    case Kind::kInt: return Datum::of(ints()[i]);
    case Kind::kDouble: return Datum::of(doubles()[i]);
    case Kind::kBytes: return Datum::of(bytes()[i]);
    case Kind::kInterval: return Datum::of(intervals()[i]);
  }
  return Datum();
}

void Column::set(std::uint32_t i, const Datum& d) {
  if (d.null) {
    std::memset(as<char>() + i * slot_bytes(kind), 0, slot_bytes(kind));
    set_null(i);
    return;
  }
  switch (kind) {
    case Kind::kBool: as<std::uint8_t>()[i] = d.boolean; break;
    case Kind::kInt: as<std::int64_t>()[i] = d.integer; break;
    case Kind::kDouble: as<double>()[i] = d.number; break;
    case Kind::kBytes: as<Bytes>()[i] = d.bytes; break;
    case Kind::kInterval: as<Interval>()[i] = d.interval; break;
  }
  if (valid) set_valid(i);
}

Column Column::make(Kind kind, std::uint32_t n, bool nullable, Arena& arena) {
  Column c;
  c.kind = kind;
  c.data = arena.bytes(n * slot_bytes(kind));
  if (nullable) {
    const std::size_t words = (n + 63) / 64;
    c.valid = arena.array<std::uint64_t>(words);
    std::memset(c.valid, 0xff, words * sizeof(std::uint64_t));
  }
  return c;
}

std::uint64_t Delta::rows() const {
  std::uint64_t n = 0;
  for (const Chunk& c : chunks) n += c.selected;
  return n;
}

ChunkBuilder::ChunkBuilder(std::span<const Kind> kinds, Arena& arena, Delta& out, std::uint32_t expected_rows)
    : kinds_(kinds), arena_(arena), out_(out), next_capacity_(std::clamp<std::uint32_t>(expected_rows, 1, kChunkRows)) {}

void ChunkBuilder::start(std::uint32_t capacity) {
  columns_ = arena_.array<Column>(kinds_.size());
  for (std::size_t c = 0; c < kinds_.size(); ++c) columns_[c] = Column::make(kinds_[c], capacity, true, arena_);
  weights_ = arena_.array<std::int64_t>(capacity);
  size_ = 0;
  capacity_ = capacity;
  next_capacity_ = std::min(kChunkRows, std::max<std::uint32_t>(64, capacity * 8));
}

std::uint32_t ChunkBuilder::row(std::int64_t weight) {
  if (size_ == capacity_) {
    finish();
    start(next_capacity_);
  }
  weights_[size_] = weight;
  return size_++;
}

void ChunkBuilder::append(std::span<const Datum> values, std::int64_t weight) {
  const std::uint32_t i = row(weight);
  for (std::size_t c = 0; c < values.size(); ++c) columns_[c].set(i, values[c]);
}

void ChunkBuilder::append(const Chunk& from, std::uint32_t position, std::int64_t weight) {
  const std::uint32_t i = row(weight);
  for (std::size_t c = 0; c < kinds_.size(); ++c) {
    const Column& source = from.columns[c];
    switch (kinds_[c]) {
      case Kind::kBool: columns_[c].as<std::uint8_t>()[i] = source.bools()[position]; break;
      case Kind::kInt: columns_[c].as<std::int64_t>()[i] = source.ints()[position]; break;
      case Kind::kDouble: columns_[c].as<double>()[i] = source.doubles()[position]; break;
      case Kind::kBytes: columns_[c].as<Bytes>()[i] = source.bytes()[position]; break;
      case Kind::kInterval: columns_[c].as<Interval>()[i] = source.intervals()[position]; break;
    }
    if (!source.is_valid(position)) columns_[c].set_null(i);
  }
}

void ChunkBuilder::finish() {
  if (size_ == 0) return;
  Chunk chunk;
  chunk.size = chunk.selected = size_;
  chunk.width = static_cast<std::uint16_t>(kinds_.size());
  chunk.columns = columns_;
  chunk.weights = weights_;
  out_.add(chunk);
  columns_ = nullptr;
  weights_ = nullptr;
  size_ = capacity_ = 0;
}

void deep_copy(const Delta& from, Arena& arena, Delta& out) {
  for (const Chunk& chunk : from.chunks) {
    if (chunk.selected == 0) continue;
    Chunk copy;
    copy.size = copy.selected = chunk.selected;
    copy.width = chunk.width;
    copy.columns = arena.array<Column>(chunk.width);
    for (std::uint16_t c = 0; c < chunk.width; ++c) {
      const Column& source = chunk.columns[c];
      Column& target = copy.columns[c] = Column::make(source.kind, chunk.selected, source.valid != nullptr, arena);
      switch (source.kind) {
        case Kind::kBool: gather_into(source, chunk, target.as<std::uint8_t>()); break;
        case Kind::kInt: gather_into(source, chunk, target.as<std::int64_t>()); break;
        case Kind::kDouble: gather_into(source, chunk, target.as<double>()); break;
        case Kind::kInterval: gather_into(source, chunk, target.as<Interval>()); break;
        case Kind::kBytes: {
          std::uint32_t k = 0;
          chunk.each([&](std::uint32_t i) {
            const Bytes& b = source.bytes()[i];
            target.as<Bytes>()[k++] = b.is_inline() ? b : Bytes::copy(b.view(), arena);
          });
        }
      }
      if (source.valid) {
        std::uint32_t k = 0;
        chunk.each([&](std::uint32_t i) {
          if (!source.is_valid(i)) target.set_null(k);
          ++k;
        });
      }
    }
    std::int64_t* weights = arena.array<std::int64_t>(chunk.selected);
    std::uint32_t k = 0;
    chunk.each([&](std::uint32_t i) { weights[k++] = chunk.weights[i]; });
    copy.weights = weights;
    out.add(copy);
  }
}

}  // namespace weir
