#pragma once
// A linear operator's walk over a delta: every chunk for itself, a large delta in parallel, outputs in the order of the inputs.
//
// Law      the output does not depend on the executor.
// Threads  f(chunk, arena, out) runs on any worker, with that worker's arena.

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

}  // namespace weir
