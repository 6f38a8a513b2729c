#include "views/submission_queue.h"

#include <weir/error.h>

#include <algorithm>

namespace weir::internal {

SubmissionQueue::SubmissionQueue(const Limits& limits, Commit commit) : limits_(limits), commit_(std::move(commit)) {}

SubmissionQueue::~SubmissionQueue() {
  close();
  {
    const Lock lock(mutex_);
    stop_ = true;
    turn_changed_.notify_all();
  }
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();
  else thread_.join();
}

bool SubmissionQueue::enter(Lock& lock, std::shared_ptr<Submission> submission, const Deadline& deadline) {
  const auto may_enter = [&] {
    if (closed_) return true;
    if (!outside_.empty() && outside_.front() != submission.get()) return false;
    return queue_.empty() || (rows_ + submission->rows <= limits_.rows && bytes_ + submission->bytes <= limits_.bytes);
  };
  if (!may_enter()) {
    outside_.push_back(submission.get());
    if (deadline) room_.wait_until(lock, *deadline, may_enter);
    else room_.wait(lock, may_enter);
    const bool entered = may_enter();
    std::erase(outside_, submission.get());
    if (!outside_.empty()) room_.notify_all();
    if (!entered) return false;
  }
  if (closed_) throw Failure(ErrorCode::kClosed, "the database is closed");
  rows_ += submission->rows;
  bytes_ += submission->bytes;
  ++entered_;
  queue_.push_back(std::move(submission));
  return true;
}

bool SubmissionQueue::commit(Submission& submission, const Deadline& deadline) {
  Lock lock(mutex_);
  submission.awaited = true;
  // Not owned: it stays where it is until it is done.
  if (!enter(lock, std::shared_ptr<Submission>(std::shared_ptr<void>(), &submission), deadline)) return false;
  if (!busy_) submission.leads = busy_ = true;
  while (!submission.done) {
    if (submission.leads) {
      submission.leads = false;
      lead(lock);
      hand_over();
    } else {
      submission.changed.wait(lock);
    }
  }
  return true;
}

bool SubmissionQueue::submit(std::shared_ptr<Submission> submission, const Deadline& deadline) {
  Lock lock(mutex_);
  if (!enter(lock, std::move(submission), deadline)) return false;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  if (!busy_) {
    busy_ = true;
    hand_over();
  }
  return true;
}

void SubmissionQueue::wait(Submission& submission) {
  Lock lock(mutex_);
  submission.changed.wait(lock, [&] { return submission.done; });
}

bool SubmissionQueue::done(const Submission& submission) const {
  const Lock lock(mutex_);
  return submission.done;
}

SubmissionQueue::Batch& SubmissionQueue::take() {
  const Lock lock(mutex_);
  const std::size_t n = std::min(queue_.size(), limits_.batch_submissions);
  for (std::size_t i = 0; i < n; ++i) {
    rows_ -= queue_.front()->rows;
    bytes_ -= queue_.front()->bytes;
    batch_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (!outside_.empty()) room_.notify_all();
  return batch_;
}

void SubmissionQueue::lead(Lock& lock) {
  lock.unlock();
  commit_(*this);
  lock.lock();
  Batch done;
  done.swap(batch_);
  finished_ += done.size();
  for (const auto& submission : done) {
    submission->done = true;
    submission->changed.notify_all();
  }
  progress_.notify_all();
  if (done.size() == 1 && done[0].use_count() == 0) return;  // the caller's own
  lock.unlock();  // submissions may end here, and take with them what they hold
  done.clear();
  lock.lock();
}

// Gives leadership to whom the first in the queue belongs to.
void SubmissionQueue::hand_over() {
  if (queue_.empty()) {
    busy_ = false;
  } else if (Submission& first = *queue_.front(); first.awaited) {
    first.leads = true;
    first.changed.notify_all();
  } else {
    turn_ = true;
    turn_changed_.notify_one();
  }
}

void SubmissionQueue::run() {
  Lock lock(mutex_);
  for (;;) {
    turn_changed_.wait(lock, [&] { return turn_ || stop_; });
    if (!turn_) return;
    turn_ = false;
    lead(lock);
    hand_over();
  }
}

void SubmissionQueue::drain() {
  Lock lock(mutex_);
  const std::uint64_t target = entered_;
  progress_.wait(lock, [&] { return finished_ >= target; });
}

void SubmissionQueue::close() {
  {
    const Lock lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }
  drain();
}

SubmissionQueue::Counts SubmissionQueue::counts() const {
  const Lock lock(mutex_);
  return {queue_.size(), rows_, bytes_, outside_.size()};
}

}  // namespace weir::internal
