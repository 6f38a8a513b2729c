#pragma once
// Who listens to a relation, and the thread that calls them.
//
// Order      each subscriber gets the snapshot, then every change once, in order of commit: changes are handed over by the writer.
// Threads    deliver() runs on the dispatcher's thread, or on the writer's (kInline). end() from any thread, also from within the callback.
// Ownership  a subscription keeps the engine alive until it ends; the engine holds its subscriptions.
// Errors     what a callback throws is swallowed: it hurts nobody else.

#include <weir/database.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "views/table_state.h"
#include "zset/arena.h"

namespace weir {

// The rows of a change, deep copies; values are made when the first row is read.
struct Change::Data {
  std::string view;
  std::uint64_t sequence = 0;
  bool is_snapshot = false;
  Schema schema;
  Arena arena;
  Delta rows;
  std::uint64_t size = 0;
  mutable std::once_flag read;
  mutable std::vector<Value> values;
  mutable std::vector<std::int64_t> weights;
};

namespace internal {

// REQUIRES: `rows` is consolidated.
Change make_change(const RelationState& relation, std::uint64_t sequence, bool is_snapshot, const Delta& rows);

class SubscriptionState {
 public:
  SubscriptionState(std::shared_ptr<Engine> engine, std::shared_ptr<RelationState> relation, std::function<void(const Change&)> callback, const SubscribeOptions& options);

  const SubscribeOptions& options() const { return options_; }
  // Guarded by Engine::subscriptions_mutex_.
  const std::shared_ptr<RelationState>& relation() const { return relation_; }
  void moved_to(std::shared_ptr<RelationState> relation) { relation_ = std::move(relation); }
  void deliver(const Change& change) noexcept;
  // No callback runs after this returns, unless it is called from within one.
  void end();
  std::uint64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }  // changes
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  std::shared_ptr<Engine> engine() const;  // null after the end
  static bool in_callback();               // is this thread within one?

 private:
  friend class Dispatcher;
  mutable std::mutex mutex_;               // of engine_
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<RelationState> relation_;
  std::function<void(const Change&)> callback_;
  const SubscribeOptions options_;
  std::recursive_mutex running_;           // held while the callback runs
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> delivered_{0};
  std::size_t queued_ = 0;                 // guarded by the dispatcher
};

class Dispatcher {
 public:
  Dispatcher();
  ~Dispatcher();
  void push(std::shared_ptr<SubscriptionState> to, Change change);
  // Waits while a subscription has as much in the queue as it allows. Called before the writer lock is taken; never waits on the dispatcher's own thread.
  // False: there is none at the deadline.
  bool wait_for_room(const std::optional<std::chrono::steady_clock::time_point>& deadline = std::nullopt);
  // Until all that was pushed before has been delivered. Returns at once on the dispatcher's own thread.
  void drain();
  std::uint64_t queued(const SubscriptionState& to) const;  // changes

 private:
  // The thread may outlive the dispatcher's owner (who may go in a callback), so what it uses is shared.
  struct Queue {
    std::mutex mutex;
    std::condition_variable pushed, popped;
    std::deque<std::pair<std::shared_ptr<SubscriptionState>, Change>> changes;
    std::uint64_t pushed_count = 0, delivered_count = 0;
    std::atomic<std::size_t> full{0};      // subscriptions with a full queue
    std::thread::id thread;
    bool stop = false;
  };
  static void run(std::shared_ptr<Queue> queue);
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace internal
}  // namespace weir
