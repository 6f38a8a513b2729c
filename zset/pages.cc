#include "zset/pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace weir {
namespace {

constexpr std::size_t kHuge = 2 * 1024 * 1024;

// Zeroed memory aligned to 2 MiB, of which the system may make huge pages.
void* map_huge(std::size_t bytes) {
  void* p = mmap(nullptr, bytes + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(p), aligned = (start + kHuge - 1) & ~(kHuge - 1);
  if (aligned != start) munmap(p, aligned - start);
  if (aligned + bytes != start + bytes + kHuge) munmap(reinterpret_cast<void*>(aligned + bytes), start + kHuge - aligned);
  void* block = reinterpret_cast<void*>(aligned);
#ifdef MADV_HUGEPAGE
  madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
}

}  // namespace

Block::Block(std::size_t bytes) : bytes_(bytes >= kHuge ? (bytes + 4095) & ~std::size_t{4095} : bytes) {
  void* p = bytes >= kHuge ? map_huge(bytes_) : std::calloc(1, bytes);
  if (!p) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(p);
}

Block::~Block() {
  if (bytes_ >= kHuge) {
    munmap(data_, bytes_);
  } else {
    std::free(data_);
  }
}

void Block::grow(std::size_t bytes) {
  Block larger(bytes);
  if (bytes_) std::memcpy(larger.data_, data_, bytes_);
  swap(larger);
}

PagedArray::PagedArray(std::size_t stride) : stride_(stride) {
  while (shift_ < 16 && page_bytes() * 2 <= kPageBytes) ++shift_;
  shift_ = std::max(shift_, 4u);
  mask_ = (1u << shift_) - 1;
}

void PagedArray::extend(std::size_t n) {
  if (pages_.size() <= 1 && capacity_ <= mask_) {  // the first page grows by copying
    std::size_t rows = std::max<std::size_t>(capacity_, 4);
    while (rows < n && rows <= mask_) rows *= 2;
    rows = std::min<std::size_t>(rows, mask_ + std::size_t{1});
    if (slabs_.empty()) {
      slabs_.emplace_back();
      pages_.push_back(nullptr);
    }
    slabs_[0].grow(rows * stride_);
    pages_[0] = slabs_[0].data();
    capacity_ = rows;
  }
  while (capacity_ < n) {
    const std::size_t want = std::min(kSlabBytes, pages_.size() * page_bytes());
    const std::size_t count = std::max<std::size_t>(1, want / page_bytes());
    slabs_.emplace_back(want >= kSlabBytes && page_bytes() <= kSlabBytes ? kSlabBytes : count * page_bytes());
    for (std::size_t i = 0; i < count; ++i) pages_.push_back(slabs_.back().data() + i * page_bytes());
    capacity_ += count << shift_;
  }
}

void PagedArray::shrink(std::size_t n) {
  const std::size_t keep = (n + mask_) >> shift_;
  while (slabs_.size() > 1) {
    const std::size_t count = slabs_.back().bytes() / page_bytes();
    if (pages_.size() - count < std::max<std::size_t>(keep, 1)) break;
    pages_.resize(pages_.size() - count);
    slabs_.pop_back();
    capacity_ -= count << shift_;
  }
}

std::size_t PagedArray::bytes() const {
  std::size_t n = pages_.capacity() * sizeof(std::byte*) + slabs_.capacity() * sizeof(Block);
  for (const Block& s : slabs_) n += s.bytes();
  return n;
}

}  // namespace weir
