#pragma once
// The content digest of a Z-set: Σ over rows of weight · h(row) mod 2^128, h a keyed 128-bit hash of the row's identity.
//
// Law      digest(a + b) = digest(a) + digest(b): kept up to date in O(Δ), and equal Z-sets have equal digests whatever happened before.
// Threads  pure.

#include <cstdint>
#include <string>

#include "zset/chunk.h"

namespace weir {

struct Digest {
  unsigned __int128 sum = 0;
  void add(const Delta& delta);
  friend bool operator==(const Digest&, const Digest&) = default;
  std::string to_string() const;  // 32 hex digits
};

}  // namespace weir
