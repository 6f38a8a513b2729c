#pragma once
// How some amount, mostly nanoseconds, is distributed: count, sum, largest, quantiles.
//
// State    counts in buckets, eight to each doubling: a quantile is told up to an eighth too large.
// Cost     O(1) an amount; reading visits all buckets.
// Threads  safe from any; what is read while others add may lack the last.

#include <weir/stats.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace weir {

class Distribution {
 public:
  void add(std::uint64_t amount) noexcept {
    counts_[bucket(amount)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(amount, std::memory_order_relaxed);
    std::uint64_t max = max_.load(std::memory_order_relaxed);
    while (amount > max && !max_.compare_exchange_weak(max, amount, std::memory_order_relaxed)) {}
  }

  // REQUIRES: one thread at a time. A tenth of the cost.
  void add_alone(std::uint64_t amount) noexcept {
    const auto more = [](std::atomic<std::uint64_t>& to, std::uint64_t n) { to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); };
    more(counts_[bucket(amount)], 1);
    more(sum_, amount);
    if (amount > max_.load(std::memory_order_relaxed)) max_.store(amount, std::memory_order_relaxed);
  }

  Spread spread() const {
    Spread out;
    out.max = max_.load(std::memory_order_relaxed);
    out.sum = sum_.load(std::memory_order_relaxed);
    std::array<std::uint64_t, kBuckets> counts;
    for (std::size_t b = 0; b < kBuckets; ++b) out.count += counts[b] = counts_[b].load(std::memory_order_relaxed);
    const auto quantile = [&](std::uint64_t hundredths) {
      const std::uint64_t wanted = (out.count * hundredths + 99) / 100;
      std::uint64_t seen = 0;
      for (std::size_t b = 0; b < kBuckets; ++b) {
        seen += counts[b];
        if (seen >= wanted && seen > 0) return std::min(last_of(b), out.max);
      }
      return out.max;
    };
    out.p50 = quantile(50);
    out.p99 = quantile(99);
    return out;
  }

 private:
  static constexpr std::size_t kBuckets = 8 * 62;
  static std::size_t bucket(std::uint64_t amount) {
    if (amount < 8) return amount;
    const auto doubling = static_cast<std::size_t>(std::bit_width(amount)) - 4;  // amount >> doubling is 8 to 15
    return 8 * (doubling + 1) + ((amount >> doubling) & 7);
  }
  static std::uint64_t last_of(std::size_t bucket) {
    if (bucket < 8) return bucket;
    const std::size_t doubling = bucket / 8 - 1;
    return ((std::uint64_t{8 + bucket % 8} + 1) << doubling) - 1;
  }
  std::array<std::atomic<std::uint64_t>, kBuckets> counts_{};
  std::atomic<std::uint64_t> sum_{0}, max_{0};
};

}  // namespace weir
