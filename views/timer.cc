#include "views/timer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace weir::internal {
namespace {

using std::chrono::microseconds;
constexpr microseconds kLongestWait = std::chrono::seconds(1);  // the system's clock may be set meanwhile
constexpr microseconds kRetry = std::chrono::milliseconds(100);

}  // namespace

Moment system_time() {
  const auto since_1970 = std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  return std::clamp(kTimeBegin + since_1970, kTimeBegin, kTimeEnd);
}

struct Timer::State {
  std::mutex mutex;
  std::condition_variable changed;
  Moment moment = kNever;
  bool stop = false;

  void run(const std::function<bool()>& call) {
    std::unique_lock lock(mutex);
    while (!stop) {
      if (moment == kNever) {
        changed.wait(lock);
        continue;
      }
      const Moment now = system_time();
      if (moment > now) {
        changed.wait_for(lock, std::min(kLongestWait, microseconds(moment - now)));
        continue;
      }
      moment = kNever;
      lock.unlock();
      const bool done = call();
      lock.lock();
      if (!done) moment = std::min(moment, now + kRetry.count());
    }
  }
};

Timer::Timer(std::function<bool()> call) : state_(std::make_shared<State>()), thread_([state = state_, call = std::move(call)] { state->run(call); }) {}

Timer::~Timer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->changed.notify_all();
  }
  if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();
  else thread_.join();
}

void Timer::at(Moment moment) {
  const std::lock_guard lock(state_->mutex);
  if (state_->moment == moment) return;
  state_->moment = moment;
  state_->changed.notify_all();
}

}  // namespace weir::internal
