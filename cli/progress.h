#pragma once
// A bar on standard error that shows how far an input is and how fast it goes.
//
// Cost  looks at the clock once a batch, draws at most ten times a second.

#include <chrono>
#include <cstdint>
#include <string>

namespace weir::cli {

class Progress {
 public:
  Progress(std::string label, bool draw);
  // bytes_total 0: not known, no bar.
  void update(std::uint64_t rows, std::uint64_t bytes, std::uint64_t bytes_total);
  // Leaves the bar as it stands. Returns the seconds since the start.
  double finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string label_;
  bool draw_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace weir::cli
