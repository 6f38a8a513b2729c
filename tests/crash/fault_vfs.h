#pragma once
// A SQLite VFS between SQLite and the file system: it counts calls, makes any of them fail, and knows what a power failure would leave of each file.
//
//     SQLite ──▶ FaultVfs ──▶ the system's VFS ──▶ files
//
// A power failure keeps of each file what it held at its last sync, and of every write after that all, nothing or the first sectors, by a random choice. kill -9 keeps everything
// written. Both begin alike: from call `stop_at` on nothing reaches the files any more.
//
// Threads    one database at a time; calls may come from several threads.
// Ownership  registered as SQLite's default VFS while it lives; databases are opened after and closed before.

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace weir::crash {

enum class Call : std::uint8_t { kRead, kWrite, kSync, kTruncate, kDelete, kOpen, kLock };
inline constexpr std::size_t kCalls = 7;

enum class Leave : std::uint8_t { kEverything, kSynced, kRandom };  // of what was not synced

class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;

  // Forgets counts, faults and files. Files that are opened from now on are watched.
  void reset();
  // The machine stops in the n-th call that changes a file (1 is the next); 0: never.
  void stop_at(std::uint64_t n);
  bool stopped() const;
  // The n-th call of this kind fails with `code`; so do `times` - 1 after it. A write that fails has written its first half.
  void fail(Call call, std::uint64_t n, int code, std::uint64_t times = 1);
  bool failed() const;  // a call was made to fail
  // Brings the files to what is left after the stop, and forgets them. REQUIRES: all are closed.
  void leave(Leave what, std::mt19937& random);

  struct Counts {
    std::array<std::uint64_t, kCalls> calls{};
    std::uint64_t bytes_written = 0, changes = 0;
    std::uint64_t of(Call call) const { return calls[static_cast<std::size_t>(call)]; }
  };
  Counts counts() const;

  // Of the VFS. What a call is to return: SQLITE_OK if it is to be made.
  int before(Call call, bool changes);
  void opened(const std::string& path);
  void wrote(const std::string& path, std::int64_t at, const void* data, int size);
  void truncated(const std::string& path, std::int64_t size);
  void synced(const std::string& path);
  void deleted(const std::string& path);

 private:
  struct Change {
    std::int64_t at = 0;
    std::string data;
    bool truncates = false;
  };
  struct Image {
    std::string synced;
    std::vector<Change> changes;
  };
  static void apply(std::string& image, const Change& change, std::size_t bytes);

  mutable std::mutex mutex_;
  std::map<std::string, Image> images_;
  Counts counts_;
  std::uint64_t stop_at_ = 0;
  bool stopped_ = false, failed_ = false;
  struct Fault { Call call; std::uint64_t from = 0, to = 0; int code = 0; } fault_{};
};

}  // namespace weir::crash
