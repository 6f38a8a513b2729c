#pragma once
// What the engine counts, and the clocks of a commit.
//
// Threads  counters may be read from any thread.

#include <atomic>
#include <chrono>
#include <cstdint>

#include "storage/distribution.h"

namespace weir::internal {

struct Counters {
  Distribution batch_submissions, batch_rows, evaluate_ns, store_ns, advance_ns, notify_ns;  // one thread at a time
  Distribution commit_ns;
  std::atomic<std::uint64_t> refused{0};
};

// The time from lap to lap, where clocks are on.
class Laps {
 public:
  explicit Laps(bool on) : on_(on) {
    if (on) last_ = Clock::now();
  }
  void add_to(Distribution& to) {
    if (!on_) return;
    const Clock::time_point now = Clock::now();
    to.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(now - last_).count()));
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const bool on_;
  Clock::time_point last_{};
};

}  // namespace weir::internal
