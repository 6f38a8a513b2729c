#pragma once
// Asks the memory for the cache line of an address, which may be any.
//
// GCC takes a function that only prefetches for one without effect, and drops calls of it that were not inlined early: the empty asm is an effect.

namespace weir {

inline void prefetch_line(const void* address) {
  __builtin_prefetch(address, 1);
  asm volatile("");
}

}  // namespace weir
