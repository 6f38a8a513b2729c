#pragma once
// What a database has to tell beside its answers: OpenOptions::log. Nothing is told where nobody asks.
//
// Threads  entries come one at a time, from whichever thread they happen on; the function must not call the database, and must not throw.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

struct LogEntry {
  enum class Level : std::uint8_t { kInfo, kWarning, kError } level = Level::kInfo;
  std::string event;                                         // opened, view_rewritten, wal_large, wal_full, refused, closed
  std::vector<std::pair<std::string, std::string>> fields;   // names and values
  std::string to_json() const;                               // one line: {"time":…,"level":…,"event":…,…}
};

using LogFunction = std::function<void(const LogEntry&)>;

}  // namespace weir
