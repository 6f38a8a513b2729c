#include "zset/arena.h"

#include <algorithm>
#include <utility>

namespace weir {

void Arena::refill(std::size_t n) {
  const std::size_t next = at_ ? block_ + 1 : 0;
  std::size_t found = next;
  while (found < blocks_.size() && blocks_[found].bytes() <= n) ++found;
  if (found == blocks_.size()) {
    blocks_.emplace_back(std::max(n + 64, std::clamp(allocated_ / 2, kBlockBytes, 32 * kBlockBytes)), Fill::kAnything);
    allocated_ += blocks_.back().bytes();
  }
  std::swap(blocks_[next], blocks_[found]);
  block_ = next;
  at_ = blocks_[next].data();
  end_ = at_ + blocks_[next].bytes();
}

void Arena::reserve(std::size_t n) {
  blocks_.emplace_back(n + 16, Fill::kAnything);  // bytes() leaves at least one byte of a block
  allocated_ = blocks_[0].bytes();
  at_ = blocks_[0].data();
  end_ = at_ + allocated_;
}

void Arena::reset() {
  if (blocks_.empty()) return;
  std::size_t kept = 0, bytes = 0;
  for (std::size_t i = 0; i < blocks_.size() && allocated_ > kKeepBytes; ++i) {
    if (bytes + blocks_[i].bytes() > kKeepBytes) continue;
    bytes += blocks_[i].bytes();
    std::swap(blocks_[kept++], blocks_[i]);
  }
  if (allocated_ > kKeepBytes) {
    blocks_.resize(kept);
    allocated_ = bytes;
  }
  block_ = 0;
  at_ = blocks_.empty() ? nullptr : blocks_[0].data();
  end_ = blocks_.empty() ? nullptr : at_ + blocks_[0].bytes();
}

}  // namespace weir
