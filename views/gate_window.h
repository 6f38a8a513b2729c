#pragma once
// How much of a budget counts as used: all that ever was, or what time has not given back yet.
//
//     none          Σ counted
//     fixed         Σ counted in the slot [k·p, (k+1)·p) of now
//     sliding       Σ counted in the slot of now (a 16th of p) and the 16 before it: any stretch of length p touches no others
//     token bucket  used(t) = max(0, used(t0) − ⌊(t − t0)·budget/p⌋): what is missing from a full bucket
//
// Law      units that were handed out between two calls of advance() count at the later time, or in the slot that their lease was made for: never less than is true.
// Order    time never goes back: an earlier `now` counts as the latest.
// Errors   none: a text that is not of this kind and period is a fresh window.
// Threads  one at a time.

#include <weir/gate.h>

#include <array>
#include <string>
#include <string_view>

namespace weir::internal {

class GateWindowState {
 public:
  static constexpr std::size_t kSlots = 16;
  static constexpr std::int64_t kNever = std::int64_t{1} << 62;

  explicit GateWindowState(const GateWindow& window);
  static std::int64_t slot_us(const GateWindow& window);  // how long a lease holds; 0: for ever

  // Counts what was handed out since, and moves to `now`. True: leases that were made before are void.
  bool advance(std::int64_t now, std::int64_t budget, std::int64_t handed_out);
  void count(std::int64_t n);
  std::int64_t take_back(std::int64_t n);      // of what is counted for now; returns how much
  void forfeit(std::int64_t leased, std::int64_t now);  // after a crash: as if all had been handed out as late as it could
  std::int64_t used() const { return used_; }
  std::int64_t slot() const { return at_; }
  // When less may be used; kNever: not by time.
  std::int64_t next_room(std::int64_t budget) const;

  std::string to_string() const;
  void read(std::string_view text);

 private:
  const GateWindow window_;
  std::int64_t at_ = 0;      // number of the slot; token bucket: microseconds
  std::int64_t used_ = 0;
  std::array<std::int64_t, kSlots + 1> slots_{};  // by number modulo their count
};

}  // namespace weir::internal
