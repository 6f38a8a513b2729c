#pragma once
// Opening a file: its tables are read by a thread of its own, some parts ahead of who builds the circuit's state of them; the rows of its views meanwhile, for their digests.
//
// Order    tables and views as they were given: all tables, then all views.
// Threads  one user. While this lives nobody else uses the storage, but for what it has in memory (catalog, digests, settings).
// Errors   what reading a table throws comes out of table(), what reading a view throws out of digest_of_view().

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/storage.h"

namespace weir::internal {

class ReadAhead {
 public:
  ReadAhead(Storage& storage, const std::vector<StoredRelation>& relations);
  ~ReadAhead();  // stops where it is
  ReadAhead(const ReadAhead&) = delete;

  // Calls f with all rows of the next table, some chunks at a time.
  void table(const std::function<void(const Delta&)>& f);
  // Of the rows that the file has of the n-th view. REQUIRES: all tables have been taken.
  std::string digest_of_view(std::size_t n);

 private:
  void run();
  void push(std::unique_ptr<StoredRows> part);
  std::unique_ptr<StoredRows> pop();

  struct OfView {
    std::string digest;
    std::exception_ptr failed;
  };
  Storage& storage_;
  const std::vector<StoredRelation>& relations_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<StoredRows>> parts_;  // null: the end of a table
  std::vector<OfView> views_;
  std::exception_ptr failed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weir::internal
