// The clock of a database: the time of each step, which live views with now() follow.
//
// The circuit's time moves in steps alone, and is written with them: views, subscribers and the file are of one time. With the system's clock each step is of the present, and
// where no view would change before it, statements that look once see the present, too.

#include <algorithm>

#include "views/door.h"
#include "views/engine.h"
#include "zset/datetime.h"

namespace weir::internal {
Moment Engine::now() const {
  const Moment shown = time_.load(), wake = next_wake_.load();
  if (own_clock_) return shown;
  return std::max(shown, wake == kNever ? system_time() : std::min(system_time(), wake - 1));
}

Moment Engine::time_of_step() const {
  if (own_clock_ || filling_ || !circuit_->follows_time()) return circuit_->now();
  return std::max(circuit_->now(), system_time());
}

void Engine::show_time() {
  time_ = circuit_->now();
  next_wake_ = circuit_->next_wake();
  if (recovering_ || closed_ || options_.read_only) return;
  const bool waits = !own_clock_ && next_wake_ != kNever;
  if (waits && !timer_) {
    timer_ = std::make_unique<Timer>([weak = weak_from_this()] {
      const auto engine = weak.lock();
      return !engine || engine->take_due();
    });
  }
  if (timer_) timer_->at(waits ? next_wake_.load() : kNever);
}

// False: not now, somebody is in the way.
bool Engine::take_due() {
  const auto done = guarded([this] {
    if (!dispatcher_.wait_for_room(std::chrono::steady_clock::now())) return false;  // a callback in the way may be one that closes the database
    const Writing writing(*this, nullptr);
    require_wal_room();
    TransactionState nothing;
    commit_writing(nothing);
    if (!time_failure_.empty()) return false;
    const std::unique_lock state(state_mutex_);
    show_time();  // what waited may have gone without a step
    return true;
  });
  return done.ok() ? done.value() : done.error().code == ErrorCode::kClosed;
}

void Engine::catch_up() {
  if (filling_) return;
  if (const Moment time = now(); time > circuit_->now()) {
    circuit_->set_time(time);
    circuit_->advance();
  }
  show_time();
}

void Engine::set_clock(std::optional<Moment> to) {
  dispatcher_.wait_for_room();
  const Writing writing(*this, nullptr);
  if (!to) {
    const bool own = own_clock_.exchange(false);
    TransactionState nothing;
    try {
      commit_writing(nothing);
    } catch (...) {
      own_clock_ = own;
      throw;
    }
    const std::unique_lock state(state_mutex_);
    return show_time();
  }
  if (*to < circuit_->now() || *to > kTimeEnd) {
    throw Failure(ErrorCode::kInput, *to > kTimeEnd ? "the clock ends at " + format_timestamptz(kTimeEnd)
                                                    : "the clock cannot go back: it stands at " + format_timestamptz(circuit_->now()));
  }
  const bool own = own_clock_.exchange(true);
  TransactionState nothing;
  try {
    commit_writing(nothing, *to);
  } catch (...) {
    own_clock_ = own;
    throw;
  }
}

}  // namespace weir::internal
