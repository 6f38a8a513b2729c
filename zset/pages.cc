#include "zset/pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
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

// What reserve_memory() has set aside: ranges of whole huge pages, by address. Never given back.
class Reserve {
 public:
  static Reserve& all() {
    static Reserve& reserve = *new Reserve;  // outlives every block
    return reserve;
  }

  void grow_to(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes <= total_) return;
    const std::size_t more = pages(bytes - total_);
    auto* region = static_cast<std::byte*>(map_huge(more));
    for (std::size_t i = 0; i < more; i += 4096) *const_cast<volatile std::byte*>(region + i) = std::byte{0};
    regions_.emplace(region, more);
    free_.emplace(region, Range{more, true});
    total_ += more;
    any_.store(true, std::memory_order_release);
  }
  // Memory, or nullptr. What was in use before is preferred where it need not be zeroed.
  void* take(std::size_t bytes, Fill fill) {
    if (!any_.load(std::memory_order_acquire)) return nullptr;
    bytes = pages(bytes);
    std::byte* at = nullptr;
    bool zeroed = false;
    {
      const std::lock_guard lock(mutex_);
      const auto fits = [=](const auto& range) { return range.second.bytes >= bytes; };
      auto found = free_.end();
      if (fill == Fill::kAnything) found = std::find_if(free_.begin(), free_.end(), [&](const auto& range) { return fits(range) && !range.second.zeroed; });
      if (found == free_.end()) found = std::find_if(free_.begin(), free_.end(), fits);
      if (found == free_.end()) return nullptr;
      const Range range = found->second;
      at = found->first;
      zeroed = range.zeroed;
      free_.erase(found);
      if (range.bytes > bytes) free_.emplace(at + bytes, Range{range.bytes - bytes, zeroed});
    }
    if (!zeroed && fill == Fill::kZeroed) std::memset(at, 0, bytes);
    return at;
  }
  // False: it is not from here.
  bool give_back(std::byte* at, std::size_t bytes) {
    if (!any_.load(std::memory_order_acquire)) return false;
    const std::lock_guard lock(mutex_);
    const auto region = regions_.upper_bound(at);
    if (region == regions_.begin() || at >= std::prev(region)->first + std::prev(region)->second) return false;
    bytes = pages(bytes);
    auto next = free_.lower_bound(at);
    if (next != free_.end() && next->first == at + bytes && !next->second.zeroed) {
      bytes += next->second.bytes;
      next = free_.erase(next);
    }
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second.bytes == at && !before->second.zeroed) {
        before->second.bytes += bytes;
        return true;
      }
    }
    free_.emplace(at, Range{bytes, false});
    return true;
  }

 private:
  struct Range {
    std::size_t bytes;
    bool zeroed;
  };
  static std::size_t pages(std::size_t bytes) { return (bytes + kHuge - 1) & ~(kHuge - 1); }

  std::atomic<bool> any_{false};
  std::mutex mutex_;
  std::map<std::byte*, std::size_t> regions_;
  std::map<std::byte*, Range> free_;
  std::size_t total_ = 0;
};

void* map_block(std::size_t bytes, Fill fill) {
  void* p = Reserve::all().take(bytes, fill);
  return p ? p : map_huge(bytes);
}

}  // namespace

void reserve_memory(std::size_t bytes) { Reserve::all().grow_to(bytes); }

Block::Block(std::size_t bytes, Fill fill) : bytes_(bytes >= kHuge ? (bytes + 4095) & ~std::size_t{4095} : bytes) {
  void* p = bytes >= kHuge ? map_block(bytes_, fill) : fill == Fill::kZeroed ? std::calloc(1, bytes) : std::malloc(bytes);
  if (!p) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(p);
}

Block::~Block() {
  if (bytes_ >= kHuge) {
    if (!Reserve::all().give_back(data_, bytes_)) munmap(data_, bytes_);
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
