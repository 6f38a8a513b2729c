#include "operators/expression.h"

namespace weir {

Chunk select_true(const Chunk& chunk, const Column& condition, Arena& arena) {
  const std::uint8_t* values = condition.bools();
  std::uint32_t* selection = arena.array<std::uint32_t>(chunk.selected);
  std::uint32_t n = 0;
  if (condition.valid) {
    chunk.each([&](std::uint32_t i) {
      selection[n] = i;
      n += values[i] & condition.is_valid(i);
    });
  } else {
    chunk.each([&](std::uint32_t i) {
      selection[n] = i;
      n += values[i] & 1;
    });
  }
  if (n == chunk.selected) return chunk;
  Chunk out = chunk;
  out.selection = selection;
  out.selected = n;
  return out;
}

}  // namespace weir
