#pragma once
// Counts what SQLite asks of the file system for one database, and how long the disk takes to sync.
//
// A VFS of its own between SQLite and the one that is the default when it is made; every call is passed on as it is.
// Threads    counts may be read from any thread.
// Ownership  outlives all databases that were opened with its name.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "storage/distribution.h"

namespace weir {

struct MeterCounts {
  std::atomic<std::uint64_t> writes{0}, bytes_written{0}, reads{0}, bytes_read{0};
  Distribution syncs_ns;
};

class Meter {
 public:
  Meter();
  ~Meter();
  Meter(const Meter&) = delete;
  const char* name() const;  // of the VFS
  const MeterCounts& counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
