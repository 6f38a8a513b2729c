#pragma once
// One key of a gate in memory: its lease, in stripes that threads take from without a lock, and the books, which are kept under the gate's lock.
//
//     stripe   ┌ tag: 24 bits ┬ units: 40 bits ┐    one word, one compare-and-swap. The tag is of the window's slot that the lease was made for: no unit of it goes out later.
//
//     used ─ counted against the budget ─┐
//     in_stripes ─ may be taken now ─────┼─ ≤ budget
//     in_stripes ≤ cover ─ what the row in the file has reserved beyond what it calls admitted, and was not handed out since
//
// Law      Σ of a unit's ways: every unit put in a stripe leaves it once, by take() or by drain(). drain() and take() meet in the word, so each unit is counted by one of them.
// Threads  take() and closed() from any, without a lock. All else with the gate's mutex held.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "views/gate_window.h"
#include "weir/value.h"

namespace weir::internal {

struct GateKeyState {
  static constexpr int kTagShift = 40;
  static constexpr std::uint64_t kUnits = (std::uint64_t{1} << kTagShift) - 1;
  static constexpr std::int64_t kStripeMax = std::int64_t{1} << 39;
  static std::uint64_t tag_of(std::int64_t slot) { return static_cast<std::uint64_t>(slot) << kTagShift; }

  GateKeyState(std::string id, std::vector<Value> key, const GateWindow& window, unsigned stripe_count)
      : id(std::move(id)), key(std::move(key)), count(stripe_count), stripes(std::make_unique<Stripe[]>(stripe_count)), window(window) {}

  // n units of a lease with this tag, if the caller's stripe has them. REQUIRES: n > 0.
  bool take(std::int64_t n, std::uint64_t tag) noexcept {
    if (n > kStripeMax) return false;
    std::atomic<std::uint64_t>& word = stripes[stripe_of_thread() % count].word;
    const auto units = static_cast<std::uint64_t>(n);
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    while ((seen & ~kUnits) == tag && (seen & kUnits) >= units) {
      if (word.compare_exchange_weak(seen, seen - units, std::memory_order_acq_rel, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  // Nothing is left, and only time will change that; or (kNever) somebody who opens it.
  std::atomic<std::int64_t> closed_until{0};

  // Takes all out of the stripes. Returns what was handed out since the last call or settle().
  std::int64_t drain() noexcept;
  // Tells the same, and leaves them as they are.
  std::int64_t settle() noexcept;
  // Puts units in. REQUIRES: stripes that are not empty have this tag.
  void put(std::int64_t units, std::uint64_t tag) noexcept;

  struct alignas(64) Stripe { std::atomic<std::uint64_t> word{0}; };
  static unsigned stripe_of_thread() noexcept;

  const std::string id;            // the key, as bytes
  const std::vector<Value> key;
  const unsigned count;
  const std::unique_ptr<Stripe[]> stripes;

  // The books.
  bool loaded = false;
  GateWindowState window;
  std::int64_t budget = 0;
  std::uint64_t budget_sequence = 0;  // of the batch that it is of
  std::int64_t admitted = 0, forfeited = 0;
  std::int64_t in_stripes = 0;        // when they were last counted
  std::int64_t cover = 0;
  std::int64_t refunded = 0;          // that are in the stripes again, and not in the file
  std::int64_t exposed = 0;           // what a crash would forfeit
  std::int64_t target = 0;            // the lease that it should have
  std::int64_t admitted_before = 0;   // at the last measure
  unsigned idle = 0;                  // measures since something was handed out
  bool active = false;                // it is looked at in each refresh
  bool asked = false;                 // somebody came since the last sweep
  int in_batch = -1;                  // place in the leader's batch
  // The row in the file.
  std::int64_t row_admitted = 0, row_leased = 0;
};

}  // namespace weir::internal
