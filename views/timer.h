#pragma once
// A thread that calls a function when the system's clock reaches a moment.
//
// Threads  at() from any. The function runs on the timer's thread, one call at a time; it may set the next moment, and may end the timer.
// Errors   where the function returns false it is called again a little later.

#include <functional>
#include <memory>
#include <thread>

#include "circuit/operator.h"

namespace weir::internal {

Moment system_time();  // within the times that a circuit knows

class Timer {
 public:
  explicit Timer(std::function<bool()> call);
  ~Timer();  // waits for a call in progress, unless it is that call
  Timer(const Timer&) = delete;
  void at(Moment moment);  // in place of what was set before; kNever: not at all

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace weir::internal
