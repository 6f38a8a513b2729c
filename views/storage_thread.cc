#include "views/storage_thread.h"

#include <iterator>

#include "views/door.h"

namespace weir::internal {
namespace {

constexpr std::size_t kStepsMax = 64;

}  // namespace

void store(Storage& storage, const std::vector<std::unique_ptr<StoredStep>>& steps) {
  storage.begin();
  try {
    for (const auto& step : steps) {
      for (const StoredStep::Write& write : step->writes) {
        storage.write(write.relation, write.rows);
        storage.set_digest(write.relation, write.digest);
        if (write.logged) storage.log(write.relation, step->sequence, write.rows);
      }
      for (const auto& [name, value] : step->settings) storage.set_setting(name, value);
      for (const SourceMark& mark : step->marks) storage.set_mark(mark);
    }
    storage.set_sequence(steps.back()->sequence);
    storage.commit();
  } catch (...) {
    storage.rollback();
    throw;
  }
}

StorageThread::StorageThread(Storage& storage, std::size_t bytes_max) : storage_(storage), bytes_max_(bytes_max), thread_([this] { run(); }) {}

StorageThread::~StorageThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    pushed_.notify_all();
  }
  thread_.join();
}

void StorageThread::check() const {
  if (!failed_) return;
  Error error = *failed_;
  error.message += "; the database is read-only until it is opened again, which brings back the last batch that the file holds";
  throw Failure(std::move(error));
}

std::uint64_t StorageThread::push(std::unique_ptr<StoredStep> step) {
  std::unique_lock lock(mutex_);
  const std::size_t bytes = step->arena.allocated_bytes();
  stored_.wait(lock, [&] { return failed_ || steps_.empty() || (steps_.size() < kStepsMax && bytes_ + bytes <= bytes_max_); });
  check();
  bytes_ += bytes;
  steps_.push_back(std::move(step));
  pushed_.notify_one();
  return ++pushed_count_;
}

void StorageThread::wait(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  stored_.wait(lock, [&] { return failed_ || stored_count_ >= number; });
  if (stored_count_ < number) check();
}

bool StorageThread::settled(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return failed_ || stored_count_ >= number;
}

void StorageThread::drain() {
  std::unique_lock lock(mutex_);
  stored_.wait(lock, [&] { return failed_ || stored_count_ == pushed_count_; });
  check();
}

std::uint64_t StorageThread::under_way() const {
  const std::lock_guard lock(mutex_);
  return failed_ ? 0 : pushed_count_ - stored_count_;
}

void StorageThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    pushed_.wait(lock, [&] { return stop_ || !steps_.empty(); });
    if (steps_.empty()) return;
    std::vector<std::unique_ptr<StoredStep>> taken(std::make_move_iterator(steps_.begin()), std::make_move_iterator(steps_.end()));
    steps_.clear();
    bytes_ = 0;
    stored_.notify_all();
    lock.unlock();
    const auto done = guarded([&] { store(storage_, taken); });
    const std::size_t count = taken.size();
    taken.clear();
    lock.lock();
    if (done.ok()) stored_count_ += count;
    else failed_ = done.error();
    stored_.notify_all();
    if (failed_) return;
  }
}

}  // namespace weir::internal
