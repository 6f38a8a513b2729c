#include "views/gate_key.h"

#include <algorithm>

namespace weir::internal {
namespace {

constexpr std::int64_t kWorthSplitting = 16;  // units a stripe

std::int64_t units(std::uint64_t word) { return static_cast<std::int64_t>(word & GateKeyState::kUnits); }

}  // namespace

unsigned GateKeyState::stripe_of_thread() noexcept {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

std::int64_t GateKeyState::drain() noexcept {
  std::int64_t left = 0;
  for (unsigned s = 0; s < count; ++s) left += units(stripes[s].word.exchange(0, std::memory_order_acq_rel));
  const std::int64_t handed_out = in_stripes - left;
  in_stripes = 0;
  return handed_out;
}

std::int64_t GateKeyState::settle() noexcept {
  std::int64_t left = 0;
  for (unsigned s = 0; s < count; ++s) left += units(stripes[s].word.load(std::memory_order_acquire));
  const std::int64_t handed_out = in_stripes - left;
  in_stripes = left;
  return handed_out;
}

void GateKeyState::put(std::int64_t n, std::uint64_t tag) noexcept {
  const auto add = [&](unsigned stripe, std::int64_t some) {
    std::atomic<std::uint64_t>& word = stripes[stripe].word;
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    std::int64_t fits = 0;
    do {
      const std::int64_t there = (seen & ~kUnits) == tag ? units(seen) : 0;
      fits = std::min(some, kStripeMax - there);
      if (fits <= 0) return;
      if (word.compare_exchange_weak(seen, tag | static_cast<std::uint64_t>(there + fits), std::memory_order_acq_rel, std::memory_order_relaxed)) break;
    } while (true);
    in_stripes += fits;
  };
  if (n < static_cast<std::int64_t>(count) * kWorthSplitting) return add(stripe_of_thread() % count, n);
  const std::int64_t share = n / count;
  for (unsigned s = 0; s < count; ++s) add(s, s == 0 ? n - share * (count - 1) : share);
}

}  // namespace weir::internal
