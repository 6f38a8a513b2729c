#pragma once
// Mode pipelined: steps that are shown already, on their way to the file by a thread of its own, while the writer evaluates the next.
//
// Steps that wait when the thread becomes free go to the file in one transaction, so that a slow disk takes more steps a sync.
//
// Order      the file takes steps in the order of push(); it never holds one without those before it.
// Threads    push() by the writer; the rest from any. While no step is under way (after drain(), nobody pushes) the storage is free for others.
// Errors     a step that fails ends it: what is not in the file by then is refused, and so is every later push(). Failure(kIo, …) says so, until the file is opened anew.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "storage/storage.h"

namespace weir::internal {

// What a step writes; copies that depend on nothing else.
struct StoredStep {
  struct Write {
    std::string relation, digest;
    bool logged = false;
    Delta rows;
  };
  Arena arena;
  std::vector<Write> writes;
  std::vector<SourceMark> marks;
  std::vector<std::pair<std::string, std::string>> settings;
  std::uint64_t sequence = 0;
};

// Writes steps in one transaction. On a failure nothing of them is in the file.
void store(Storage& storage, const std::vector<std::unique_ptr<StoredStep>>& steps);

class StorageThread {
 public:
  StorageThread(Storage& storage, std::size_t bytes_max);
  ~StorageThread();  // finishes what is under way

  std::uint64_t push(std::unique_ptr<StoredStep> step);  // its number; waits while too much is under way
  void wait(std::uint64_t number);                       // until it is in the file
  bool settled(std::uint64_t number) const;              // in the file, or failed
  void drain();                                          // until all are
  std::uint64_t under_way() const;                       // steps

 private:
  void run();
  void check() const;  // REQUIRES: mutex_

  Storage& storage_;
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable pushed_, stored_;
  std::deque<std::unique_ptr<StoredStep>> steps_;
  std::size_t bytes_ = 0;  // of steps_
  std::uint64_t pushed_count_ = 0, stored_count_ = 0;
  std::optional<Error> failed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weir::internal
