#pragma once
// In how many ways one row comes about, iteration by iteration: a small ordered map from iteration to weight, for the payload of a KeyTable.
//
// State    16 bytes where there is one iteration, else a block of 16 bytes an iteration. No weight is 0.
// Cost     O(log n) to find among n iterations; an insertion moves those behind it. Appending, as a fixed point does, moves none.
// Order    iterations ascend.
// Ownership  the block is given back by clear(), or with the last weight. All bytes zero is a valid, empty value, and it may be moved in memory.
// Errors   a weight beyond 64 bits is Failure(kEvaluation); nothing has changed then.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "operators/gather.h"

namespace weir {

class IterationWeights {
 public:
  static constexpr std::uint32_t kNever = 0xffffffff;

  bool empty() const { return size_ == 0; }
  std::size_t block_bytes() const { return capacity_ * sizeof(Item); }

  // The first iteration of a positive weight, or kNever.
  std::uint32_t first() const {
    const Item* items = data();
    for (std::uint32_t n = 0; n < size_; ++n) {
      if (items[n].weight > 0) return items[n].iteration;
    }
    return kNever;
  }

  void add(std::uint32_t iteration, std::int64_t weight) {
    Item* items = data();
    Item* at = std::lower_bound(items, items + size_, iteration, [](const Item& item, std::uint32_t i) { return item.iteration < i; });
    if (at != items + size_ && at->iteration == iteration) {
      at->weight = add_weights(at->weight, weight);
      if (at->weight == 0) remove(static_cast<std::uint32_t>(at - items));
    } else if (weight != 0) {
      insert(static_cast<std::uint32_t>(at - items), {iteration, weight});
    }
  }

  void clear() noexcept {
    if (capacity_ != 0) std::free(many_);
    size_ = capacity_ = 0;
  }

 private:
  struct Item {
    std::uint32_t iteration;
    std::int64_t weight;
  };

  Item* data() { return capacity_ == 0 ? &one_ : many_; }
  const Item* data() const { return capacity_ == 0 ? &one_ : many_; }

  void insert(std::uint32_t at, Item item) {
    if (size_ == std::max<std::uint32_t>(capacity_, 1)) {
      const std::uint32_t capacity = std::max<std::uint32_t>(4, capacity_ * 2);
      auto* block = static_cast<Item*>(std::malloc(capacity * sizeof(Item)));
      if (!block) throw std::bad_alloc();
      std::memcpy(block, data(), size_ * sizeof(Item));
      if (capacity_ != 0) std::free(many_);
      many_ = block;
      capacity_ = capacity;
    }
    Item* items = data();
    std::memmove(items + at + 1, items + at, (size_ - at) * sizeof(Item));
    items[at] = item;
    ++size_;
  }

  void remove(std::uint32_t at) noexcept {
    Item* items = data();
    --size_;
    std::memmove(items + at, items + at + 1, (size_ - at) * sizeof(Item));
    if (size_ > 1 || capacity_ == 0) return;
    const Item last = items[0];
    std::free(many_);
    capacity_ = 0;
    one_ = last;
  }

  std::uint32_t size_, capacity_;  // capacity_ 0: in place
  union {
    Item one_;
    Item* many_;
  };
};

}  // namespace weir
