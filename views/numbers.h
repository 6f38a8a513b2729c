#pragma once
// The numbers of an identity column: each is handed out once, whatever becomes of the row it was for.
//
// State    the next number. It goes to the file with each batch that changes the table; what was handed out and never committed may be handed out again
//          after the file has been opened anew.
// Threads  any.
// Errors   take(): Failure(kEvaluation) where the sequence has come to its end.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "sql/catalog.h"

namespace weir::internal {

class Numbers {
 public:
  Numbers(const Relation& table, const Relation::Identity& identity);
  std::int64_t take();
  std::string position() const;              // where it stands, for the file
  void go_to(const std::string& position);  // "": the start

 private:
  const Relation::Identity identity_;
  const std::string name_;  // of the sequence, for messages
  mutable std::mutex mutex_;
  std::int64_t next_;
  bool ended_ = false;
};

}  // namespace weir::internal
