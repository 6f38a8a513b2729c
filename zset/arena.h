#pragma once
// Bump allocation for data in flight: everything that a step makes lives until the step ends, then goes at once.
//
// Cost     an allocation is a few instructions; reset() keeps up to `kKeepBytes` for the next step. Blocks of 2 MiB and more come from the memory that is set
//          aside (zset/pages.h), if there is any.
// Threads  one thread at a time. A step has one arena per worker.

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "zset/pages.h"

namespace weir {

class Arena {
 public:
  static constexpr std::size_t kBlockBytes = 64 * 1024;
  static constexpr std::size_t kKeepBytes = 8 * 1024 * 1024;

  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  // Uninitialised memory, 16-byte aligned. Never null.
  void* bytes(std::size_t n) {
    n = (n + 15) & ~std::size_t{15};
    if (n >= static_cast<std::size_t>(end_ - at_)) refill(n);
    void* p = at_;
    at_ += n;
    return p;
  }
  template <class T>
  T* array(std::size_t n) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(bytes(n * sizeof(T)));
  }
  template <class T>
  T* zeroed(std::size_t n);  // memset to 0

  // A first block of just this size, for few bytes that live long. REQUIRES: nothing was allocated yet.
  void reserve(std::size_t n);
  void reset();
  std::size_t allocated_bytes() const { return allocated_; }

 private:
  void refill(std::size_t n);
  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // the block in use
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t allocated_ = 0;
};

template <class T>
T* Arena::zeroed(std::size_t n) {
  T* p = array<T>(n);
  __builtin_memset(static_cast<void*>(p), 0, n * sizeof(T));
  return p;
}

}  // namespace weir
