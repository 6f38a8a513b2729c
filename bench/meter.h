#pragma once
// What one phase took: per batch, in all, of the processor, and how large the process became.
//
// Threads  one.

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

class Meter {
 public:
  // `batches`: room for so many times, so that none is made while the clock runs.
  explicit Meter(std::size_t batches);
  void add(double micros, std::size_t rows);
  void add_unbatched(double micros) { total_ += micros; }  // time that belongs to no batch
  void finish();                                           // after the last

  double rate() const { return total_ > 0 ? rows_ / total_ * 1e6 : 0; }  // rows/s
  double percentile(double part) const;                    // of the batches, µs
  double wall_s() const { return total_ / 1e6; }
  double cpu_s() const { return cpu_; }

 private:
  std::vector<double> times_;
  double rows_ = 0, total_ = 0, cpu_;
};

double cpu_seconds();          // of the whole process, all its threads
double peak_mb();              // since the process began, or since reset_peak()
void reset_peak();

}  // namespace bench
