#pragma once
// What the load benches share: percentiles, and what the system says of the process while it runs.
//
// Threads  pure functions.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "measure.h"

namespace bench {

inline double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// Sorts. 0 of nothing.
inline double percentile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

// As it is: nothing is given back first.
inline double resident_mb() {
  long pages = 0, resident = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// All that this process has handed to write(), in bytes.
inline std::uint64_t bytes_written() {
  unsigned long long read = 0, written = 0;
  if (std::FILE* f = std::fopen("/proc/self/io", "r")) {
    if (std::fscanf(f, "rchar: %llu\nwchar: %llu", &read, &written) != 2) written = 0;
    std::fclose(f);
  }
  return written;
}

inline void remove_database(const std::string& file) {
  for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file + ending);
}

}  // namespace bench
