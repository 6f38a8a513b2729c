#include "views/read_ahead.h"

#include <utility>

#include "zset/digest.h"

namespace weir::internal {
namespace {

constexpr std::size_t kPartsMax = 4;
struct Stopped {};

}  // namespace

ReadAhead::ReadAhead(Storage& storage, const std::vector<StoredRelation>& relations) : storage_(storage), relations_(relations), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void ReadAhead::push(std::unique_ptr<StoredRows> part) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stop_ || parts_.size() < kPartsMax; });
  if (stop_) throw Stopped();
  parts_.push_back(std::move(part));
  changed_.notify_all();
}

std::unique_ptr<StoredRows> ReadAhead::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failed_ || !parts_.empty(); });
  if (parts_.empty()) std::rethrow_exception(failed_);
  std::unique_ptr<StoredRows> part = std::move(parts_.front());
  parts_.pop_front();
  changed_.notify_all();
  return part;
}

void ReadAhead::table(const std::function<void(const Delta&)>& f) {
  while (const auto part = pop()) f(part->rows);
}

std::string ReadAhead::digest_of_view(std::size_t n) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failed_ || views_.size() > n; });
  if (views_.size() <= n) std::rethrow_exception(failed_);
  if (views_[n].failed) std::rethrow_exception(views_[n].failed);
  return views_[n].digest;
}

void ReadAhead::run() {
  try {
    for (const StoredRelation& relation : relations_) {
      if (relation.is_view) continue;
      storage_.read_parts(relation, [&](std::unique_ptr<StoredRows> part) { push(std::move(part)); });
      push(nullptr);
    }
    for (const StoredRelation& relation : relations_) {
      if (!relation.is_view) continue;
      Digest digest;
      std::exception_ptr failed;
      try {
        storage_.read(relation, [&](const Delta& rows) {
          digest.add(rows);
          const std::lock_guard lock(mutex_);
          if (stop_) throw Stopped();
        });
      } catch (const Failure&) {
        failed = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      views_.push_back({digest.to_string(), failed});
      changed_.notify_all();
    }
  } catch (const Stopped&) {
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failed_ = std::current_exception();
    changed_.notify_all();
  }
}

}  // namespace weir::internal
