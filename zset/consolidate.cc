#include "zset/consolidate.h"

#include <weir/error.h>

#include <bit>

#include "zset/hash.h"
#include "zset/prefetch.h"

namespace weir {
namespace {

constexpr std::uint32_t kPositionBits = 11;
constexpr std::size_t kChunksMax = std::size_t{1} << (32 - kPositionBits);
static_assert(kChunkRows <= 1u << kPositionBits);

bool same_value(const Column& a, std::uint32_t i, const Column& b, std::uint32_t j) {
  const bool valid = a.is_valid(i);
  if (valid != b.is_valid(j)) return false;
  if (!valid) return true;
  switch (a.kind) {
    case Kind::kBool: return a.bools()[i] == b.bools()[j];
    case Kind::kInt:
    case Kind::kDouble: return a.as<const std::uint64_t>()[i] == b.as<const std::uint64_t>()[j];
    case Kind::kBytes: return a.bytes()[i] == b.bytes()[j];
    case Kind::kInterval: return a.intervals()[i] == b.intervals()[j];
  }
  return false;
}

bool same_row(const Chunk& a, std::uint32_t i, const Chunk& b, std::uint32_t j) {
  for (std::uint16_t c = 0; c < a.width; ++c) {
    if (!same_value(a.columns[c], i, b.columns[c], j)) return false;
  }
  return true;
}

// The weights of the chunks: the input's own until the first change, which copies those of its chunk.
class Weights {
 public:
  Weights(const Delta& in, Arena& arena) : in_(in), arena_(arena), changed_(arena.zeroed<std::int64_t*>(in.chunks.size())) {}

  // Adds the weight of row (chunk, i) to the equal row (first, j).
  void merge(std::uint32_t first, std::uint32_t j, std::uint32_t chunk, std::uint32_t i) {
    std::int64_t& sum = own(first)[j];
    std::int64_t& gone = own(chunk)[i];
    if (__builtin_add_overflow(sum, gone, &sum)) throw Failure(ErrorCode::kEvaluation, "weight of a row out of range");
    gone = 0;
  }
  void drop_zeros(std::uint32_t chunk) {
    const Chunk& c = in_.chunks[chunk];
    bool any = false;
    c.each([&](std::uint32_t i) { any |= c.weights[i] == 0; });
    if (any) own(chunk);
  }
  void finish(Delta& out) const {
    for (std::size_t n = 0; n < in_.chunks.size(); ++n) {
      const Chunk& chunk = in_.chunks[n];
      if (!changed_[n]) {
        out.add(chunk);
        continue;
      }
      auto* selection = arena_.array<std::uint32_t>(chunk.selected);
      Chunk rest = chunk;
      rest.selection = selection;
      rest.selected = 0;
      rest.weights = changed_[n];
      chunk.each([&](std::uint32_t i) {
        selection[rest.selected] = i;
        rest.selected += changed_[n][i] != 0;
      });
      out.add(rest);
    }
  }

 private:
  std::int64_t* own(std::uint32_t chunk) {
    std::int64_t*& w = changed_[chunk];
    if (!w) {
      const Chunk& c = in_.chunks[chunk];
      w = arena_.array<std::int64_t>(c.size);
      c.each([&](std::uint32_t i) { w[i] = c.weights[i]; });
    }
    return w;
  }

  const Delta& in_;
  Arena& arena_;
  std::int64_t** changed_;
};

// Few rows: each against all before it.
void merge_few(const Delta& in, Weights& weights) {
  std::uint32_t seen[8], count = 0;
  for (std::uint32_t n = 0; n < in.chunks.size(); ++n) {
    in.chunks[n].each([&](std::uint32_t i) {
      for (std::uint32_t s = 0; s < count; ++s) {
        const std::uint32_t first = seen[s] >> kPositionBits, j = seen[s] & (kChunkRows - 1);
        if (same_row(in.chunks[first], j, in.chunks[n], i)) return weights.merge(first, j, n, i);
      }
      seen[count++] = n << kPositionBits | i;
    });
  }
}

void merge_many(const Delta& in, std::uint64_t rows, Arena& arena, Weights& weights) {
  const int shift = 64 - static_cast<int>(std::bit_width(rows * 2 - 1));
  const std::size_t mask = (std::size_t{1} << (64 - shift)) - 1;
  auto* slots = arena.zeroed<std::uint64_t>(mask + 1);
  std::uint64_t hashes[kChunkRows];
  for (std::uint32_t n = 0; n < in.chunks.size(); ++n) {
    const Chunk& chunk = in.chunks[n];
    hash_rows(chunk, {}, hashes);
    if (mask > 4096) {
      for (std::uint32_t k = 0; k < chunk.selected; ++k) prefetch_line(&slots[hashes[k] >> shift]);
    }
    for (std::uint32_t k = 0; k < chunk.selected; ++k) {
      const std::uint32_t i = chunk.position(k);
      for (std::size_t at = hashes[k] >> shift;; at = (at + 1) & mask) {
        if (slots[at] == 0) {
          slots[at] = (hashes[k] & 0xffffffff00000000ull) | ((n << kPositionBits | i) + 1);
          break;
        }
        if ((slots[at] ^ hashes[k]) >> 32 != 0) continue;
        const std::uint32_t row = static_cast<std::uint32_t>(slots[at]) - 1;
        const std::uint32_t first = row >> kPositionBits, j = row & (kChunkRows - 1);
        if (!same_row(in.chunks[first], j, chunk, i)) continue;
        weights.merge(first, j, n, i);
        break;
      }
    }
  }
}

}  // namespace

void consolidate(const Delta& in, Arena& arena, Delta& out) {
  const std::uint64_t rows = in.rows();
  if (rows <= 1) {
    for (const Chunk& chunk : in.chunks) {
      if (chunk.selected && chunk.weights[chunk.position(0)] != 0) out.add(chunk);
    }
    return;
  }
  if (in.chunks.size() >= kChunksMax) {
    Delta dense;
    std::vector<Kind> kinds;
    for (const Column& c : in.chunks[0].cols()) kinds.push_back(c.kind);
    ChunkBuilder builder(kinds, arena, dense);
    for (const Chunk& chunk : in.chunks) chunk.each([&](std::uint32_t i) { builder.append(chunk, i, chunk.weights[i]); });
    builder.finish();
    return consolidate(dense, arena, out);
  }
  Weights weights(in, arena);
  for (std::uint32_t n = 0; n < in.chunks.size(); ++n) weights.drop_zeros(n);
  if (rows <= 8) {
    merge_few(in, weights);
  } else {
    merge_many(in, rows, arena, weights);
  }
  weights.finish(out);
}

}  // namespace weir
