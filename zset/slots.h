#pragma once
// An open-addressing hash table of 8-byte slots: the upper half of the hash beside a 32-bit row number. The rows lie elsewhere.
//
//     slot = hash[63:32] | (row + 1)          0 = empty
//
// The place of a slot is given by the top bits of the hash, which the slot keeps: growing, shrinking and erasing never touch a row, and growing
// moves the slots in order.
//
// Cost     linear probing at a load of at most 5/8; erasing shifts back, so there are no tombstones.
// Threads  reading is const.

#include "zset/pages.h"
#include "zset/prefetch.h"

namespace weir {

class Slots {
 public:
  using Slot = std::uint64_t;

  Slots() { resize(kBitsMin); }

  static Slot make(std::uint64_t hash, std::uint32_t row) { return (hash & 0xffffffff00000000ull) | (std::uint64_t{row} + 1); }
  static std::uint32_t row(Slot s) { return static_cast<std::uint32_t>(s) - 1; }
  static bool alike(Slot s, std::uint64_t hash) { return (s ^ hash) >> 32 == 0; }

  std::size_t home(std::uint64_t hash) const { return hash >> (64 - bits_); }
  std::size_t after(std::size_t at) const { return (at + 1) & mask_; }
  Slot operator[](std::size_t at) const { return data()[at]; }
  void prefetch(std::uint64_t hash) const { prefetch_line(data() + home(hash)); }

  std::size_t used() const { return used_; }
  std::size_t bytes() const { return block_.bytes(); }

  // Calls f(row) for every slot in use.
  template <class F>
  void each(F&& f) const {
    for (std::size_t i = 0; i <= mask_; ++i) {
      if (data()[i]) f(row(data()[i]));
    }
  }

  void repoint(std::size_t at, std::uint32_t row) { data()[at] = make(data()[at], row); }
  // Fills the empty slot `at`, where the search for `hash` ended.
  void insert(std::size_t at, std::uint64_t hash, std::uint32_t row) {
    if (used_ >= limit_) {
      resize(bits_ + 1);
      at = home(hash);
      while (data()[at]) at = after(at);
    }
    data()[at] = make(hash, row);
    ++used_;
  }
  void erase(std::size_t at) {
    Slot* slots = data();
    for (std::size_t next = after(at); slots[next]; next = after(next)) {
      if (((next - home(slots[next])) & mask_) >= ((next - at) & mask_)) {
        slots[at] = slots[next];
        at = next;
      }
    }
    slots[at] = 0;
    --used_;
  }
  // Gives memory back where the table has become sparse.
  void fit() {
    if (used_ * 16 < mask_ && bits_ > kBitsMin) resize(bits_for(used_));
  }
  template <class F>
  void renumber(F&& row_of) {
    Slot* slots = data();
    for (std::size_t i = 0; i <= mask_; ++i) {
      if (slots[i]) slots[i] = make(slots[i], row_of(row(slots[i])));
    }
  }

 private:
  static constexpr unsigned kBitsMin = 3;
  static unsigned bits_for(std::size_t used) {
    unsigned bits = kBitsMin;
    while ((std::size_t{1} << bits) < used * 3) ++bits;
    return bits;
  }
  Slot* data() const { return reinterpret_cast<Slot*>(block_.data()); }
  void resize(unsigned bits) {
    const Block old = std::move(block_);
    block_ = Block(sizeof(Slot) << bits);
    const std::size_t slots = old.bytes() ? mask_ + 1 : 0;
    bits_ = bits;
    mask_ = (std::size_t{1} << bits) - 1;
    limit_ = (std::size_t{1} << bits) * 5 / 8;
    const Slot* from = reinterpret_cast<const Slot*>(old.data());
    Slot* to = data();
    for (std::size_t i = 0; i < slots; ++i) {
      if (!from[i]) continue;
      std::size_t at = home(from[i]);
      while (to[at]) at = after(at);
      to[at] = from[i];
    }
  }

  Block block_;
  unsigned bits_ = 0;
  std::size_t mask_ = 0, used_ = 0, limit_ = 0;
};

}  // namespace weir
