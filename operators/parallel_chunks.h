#pragma once
// Walks over a delta, or over numbered things, in pieces that need no other: large ones in parallel, outputs in the order of the inputs.
//
// Law      the output does not depend on the executor.
// Threads  f runs on any worker, with that worker's arena.

#include <algorithm>

#include "circuit/operator.h"

namespace weir {

template <class F>
void each_chunk(Step& step, const Delta& in, Delta& out, F&& f) {
  if (in.chunks.size() < 2 || !step.parallel(in.rows())) {
    for (const Chunk& chunk : in.chunks) {
      f(chunk, step.arena(), out);
      step.breathe();
    }
    return;
  }
  std::vector<Delta> parts(in.chunks.size());
  step.executor().run(in.chunks.size(), [&](std::size_t i) { f(in.chunks[i], step.arena(), parts[i]); });
  for (const Delta& part : parts) out.chunks.insert(out.chunks.end(), part.chunks.begin(), part.chunks.end());
}

// Calls f(first, last) for ranges that make up 0 … n - 1, all but the last of kRangeRows; without an executor, or of few, for all at once.
inline constexpr std::size_t kRangeRows = 1024;
template <class F>
void each_range(Executor* executor, std::size_t n, F&& f) {
  if (!executor || n <= kRangeRows) return f(std::size_t{0}, n);
  executor->run((n + kRangeRows - 1) / kRangeRows, [&](std::size_t r) { f(r * kRangeRows, std::min(n, (r + 1) * kRangeRows)); });
}

}  // namespace weir
