#pragma once
// Memory for state at rest: zeroed blocks for hash tables, and paged arrays of fixed-width entries that grow without moving.
//
// Cost     growing a paged array never copies more than its first page. Blocks of 2 MiB and more are aligned for huge pages.
// Threads  reading is const. reserve_memory(), and making and freeing blocks: from any thread.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir {

// Sets memory aside for blocks of 2 MiB and more: mapped and touched now, so that what grows later does not wait for the system to find and clear pages. Of
// the whole process: asking again adds only what is missing. Blocks come from it while it lasts, and go back to it.
void reserve_memory(std::size_t bytes);

enum class Fill : std::uint8_t { kZeroed, kAnything };

// A block of memory, zeroed unless that is not needed.
class Block {
 public:
  Block() = default;
  explicit Block(std::size_t bytes, Fill fill = Fill::kZeroed);
  Block(Block&& other) noexcept { swap(other); }
  Block& operator=(Block&& other) noexcept { swap(other); return *this; }
  ~Block();

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  void grow(std::size_t bytes);  // copies; REQUIRES: bytes >= bytes()

 private:
  void swap(Block& other) { std::swap(data_, other.data_); std::swap(bytes_, other.bytes_); }
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Entries of `stride` bytes, numbered from 0. What is in new ones is not defined.
class PagedArray {
 public:
  static constexpr std::size_t kPageBytes = 64 * 1024;
  static constexpr std::size_t kSlabBytes = 2 * 1024 * 1024;  // pages come in slabs that double up to this

  explicit PagedArray(std::size_t stride);
  std::byte* operator[](std::uint32_t i) const { return pages_[i >> shift_] + (i & mask_) * stride_; }
  std::size_t stride() const { return stride_; }
  std::size_t capacity() const { return capacity_; }
  void reserve(std::size_t n) { if (n > capacity_) extend(n); }
  void shrink(std::size_t n);  // keeps the first n entries, and gives back the slabs behind them
  std::size_t bytes() const;

 private:
  void extend(std::size_t n);
  std::size_t page_bytes() const { return stride_ << shift_; }
  std::size_t stride_;
  unsigned shift_ = 0;
  std::uint32_t mask_ = 0;
  std::size_t capacity_ = 0;
  std::vector<std::byte*> pages_;
  std::vector<Block> slabs_;
};

}  // namespace weir
