#include "zset/arena.h"

#include <algorithm>
#include <utility>

namespace weir {

void Arena::refill(std::size_t n) {
  const std::size_t next = at_ ? block_ + 1 : 0;
  std::size_t found = next;
  while (found < blocks_.size() && blocks_[found].size <= n) ++found;
  if (found == blocks_.size()) {
    const std::size_t size = std::max(n + 64, std::clamp(allocated_ / 2, kBlockBytes, 16 * kBlockBytes));
    blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
    allocated_ += size;
  }
  std::swap(blocks_[next], blocks_[found]);
  block_ = next;
  at_ = blocks_[next].data.get();
  end_ = at_ + blocks_[next].size;
}

void Arena::reserve(std::size_t n) {
  const std::size_t size = n + 16;  // bytes() leaves at least one byte of a block
  blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
  allocated_ = size;
  at_ = blocks_[0].data.get();
  end_ = at_ + size;
}

void Arena::reset() {
  if (blocks_.empty()) return;
  std::size_t kept = 0, bytes = 0;
  for (std::size_t i = 0; i < blocks_.size() && allocated_ > kKeepBytes; ++i) {
    if (bytes + blocks_[i].size > kKeepBytes) continue;
    bytes += blocks_[i].size;
    std::swap(blocks_[kept++], blocks_[i]);
  }
  if (allocated_ > kKeepBytes) {
    blocks_.resize(kept);
    allocated_ = bytes;
  }
  block_ = 0;
  at_ = blocks_.empty() ? nullptr : blocks_[0].data.get();
  end_ = blocks_.empty() ? nullptr : at_ + blocks_[0].size;
}

}  // namespace weir
