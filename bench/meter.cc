#include "meter.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace bench {
namespace {

double status_mb(const char* field) {
  double kib = 0;
  if (FILE* f = std::fopen("/proc/self/status", "r")) {
    for (char line[256]; std::fgets(line, sizeof line, f);) {
      if (std::strncmp(line, field, std::strlen(field)) == 0) std::sscanf(line + std::strlen(field), ": %lf", &kib);
    }
    std::fclose(f);
  }
  return kib / 1024;
}

}  // namespace

Meter::Meter(std::size_t batches) : cpu_(cpu_seconds()) { times_.reserve(batches); }

void Meter::add(double micros, std::size_t rows) {
  times_.push_back(micros);
  total_ += micros;
  rows_ += static_cast<double>(rows);
}

void Meter::finish() {
  cpu_ = cpu_seconds() - cpu_;
  std::sort(times_.begin(), times_.end());
}

double Meter::percentile(double part) const {
  return times_.empty() ? 0 : times_[std::min(times_.size() - 1, static_cast<std::size_t>(part * static_cast<double>(times_.size())))];
}

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double peak_mb() { return status_mb("VmHWM"); }

void reset_peak() {
  if (FILE* f = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", f);
    std::fclose(f);
  }
}

}  // namespace bench
