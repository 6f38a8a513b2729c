#pragma once
// Submissions on their way into batches: what is queued when the committer becomes free is the next batch, up to a cap. There is no timer.
//
//     commit() ─┐            ┌─▶ leader: take() ─▶ one batch ─▶ each submission is done
//     submit() ─┴─▶ queue ───┘
//
// Who finds nobody committing leads: a lone submission is committed at once, on its caller's thread. Who finds a leader waits, and is done when it comes back, or leads
// the next batch. A thread of the queue's own leads where the first in the queue has nobody waiting for it (submit).
//
// Order      batches hold submissions in the order in which they entered. Scripted arrivals give the same batches every time.
// Cost       O(1) a submission: a push, a pop, at most one wake-up.
// Threads    all calls from any thread; the commit function runs on one thread at a time, without the queue's lock. It must not call back into commit(), submit() or close().
// Errors     a full queue: false, where the caller gave a deadline. Failure(kClosed) after close().

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace weir::internal {

// What is queued. The owner derives what it needs.
struct Submission {
  virtual ~Submission() = default;
  std::uint64_t rows = 0, bytes = 0;  // what it counts for while it is queued

 private:
  friend class SubmissionQueue;
  bool done = false;
  bool awaited = false;               // by commit()
  bool leads = false;                 // its caller is to commit the next batch
  std::condition_variable changed;
};

class SubmissionQueue {
 public:
  struct Limits {
    std::size_t batch_submissions = 128;
    std::uint64_t rows = 1 << 20, bytes = std::uint64_t{64} << 20;  // a submission that is larger alone enters an empty queue
  };
  struct Counts {
    std::uint64_t submissions = 0, rows = 0, bytes = 0;  // queued now
    std::uint64_t waiting = 0;                           // callers that wait for room
  };
  using Batch = std::vector<std::shared_ptr<Submission>>;
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // none: wait as long as it takes; in the past: don't wait
  // Calls take() when it could commit at once, and commits what that gives. Must not throw.
  using Commit = std::function<void(SubmissionQueue&)>;

  SubmissionQueue(const Limits& limits, Commit commit);
  ~SubmissionQueue();
  SubmissionQueue(const SubmissionQueue&) = delete;

  // Enters and waits until it is done. False: no room before the deadline; nothing has happened.
  bool commit(Submission& submission, const Deadline& deadline);
  // Enters; wait() tells when it is done.
  bool submit(std::shared_ptr<Submission> submission, const Deadline& deadline);
  void wait(Submission& submission);
  bool done(const Submission& submission) const;
  // For the commit function only: the next batch.
  Batch& take();

  void drain();   // until all that has entered before is done
  void close();   // no more enter; what has entered is committed
  Counts counts() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  bool enter(Lock& lock, std::shared_ptr<Submission> submission, const Deadline& deadline);
  void lead(Lock& lock);
  void hand_over();
  void run();

  const Limits limits_;
  const Commit commit_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Submission>> queue_;
  std::deque<const Submission*> outside_;  // waiting for room, in order
  std::condition_variable room_, progress_, turn_changed_;
  Batch batch_;                            // the leader's
  std::uint64_t rows_ = 0, bytes_ = 0;
  std::uint64_t entered_ = 0, finished_ = 0;
  bool busy_ = false;                      // somebody leads, or is about to
  bool turn_ = false;                      // of thread_ to lead
  bool closed_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace weir::internal
