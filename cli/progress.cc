#include "cli/progress.h"

#include <algorithm>
#include <cstdio>

#include "cli/print.h"

namespace weir::cli {

Progress::Progress(std::string label, bool draw) : label_(std::move(label)), draw_(draw) {}

void Progress::update(std::uint64_t rows, std::uint64_t bytes, std::uint64_t bytes_total) {
  if (!draw_) return;
  Clock::time_point now = Clock::now();
  if (drawn_ && now - last_ < std::chrono::milliseconds(100) && (bytes_total == 0 || bytes < bytes_total)) return;
  last_ = now;
  drawn_ = true;
  double seconds = std::max(std::chrono::duration<double>(now - start_).count(), 1e-6);
  std::string line = label_ + "  ";
  if (bytes_total > 0) {
    constexpr std::size_t kWidth = 30;
    double part = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(bytes_total));
    std::size_t full = static_cast<std::size_t>(part * kWidth);
    char percent[16];
    std::snprintf(percent, sizeof percent, " %3d%%  ", static_cast<int>(part * 100));
    line += "[" + std::string(full, '#') + std::string(kWidth - full, '.') + "]" + percent;
  }
  line += with_commas(rows) + " rows  " + with_commas(static_cast<std::uint64_t>(static_cast<double>(rows) / seconds)) + " rows/s";
  std::fprintf(stderr, "\r\x1b[K\x1b[?7l%s\x1b[?7h", line.c_str());  // without wrapping: a narrow terminal shows the beginning
  std::fflush(stderr);
}

double Progress::finish() {
  if (drawn_) {
    std::fputc('\n', stderr);
    std::fflush(stderr);
    drawn_ = false;
  }
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace weir::cli
