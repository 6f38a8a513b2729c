#pragma once
// Where independent work runs: serially, on std::jthread, or on oneTBB.
//
// Law      results must not depend on the executor or its number of workers: work writes to its own place, the caller joins places in order.
// Threads  run() may be nested. One caller at a time at the top.

#include <cstddef>
#include <memory>
#include <type_traits>

namespace weir {

class Executor {
 public:
  virtual ~Executor() = default;
  virtual unsigned workers() const = 0;
  // A number below workers() that no other thread has at the same time; 0 outside of run().
  virtual unsigned worker() const = 0;

  // Calls f(i) for i in 0..n-1, in any order, in parallel. The first exception (by i) is rethrown once all have ended.
  template <class F>
  void run(std::size_t n, F&& f) {
    if (n == 1 || workers() == 1) {
      for (std::size_t i = 0; i < n; ++i) f(i);
      return;
    }
    run_tasks(n, [](void* self, std::size_t i) { (*static_cast<std::remove_reference_t<F>*>(self))(i); },
              const_cast<void*>(static_cast<const void*>(&f)));
  }

  static std::unique_ptr<Executor> serial();
  static std::unique_ptr<Executor> threads(unsigned workers);  // std::jthread, for ThreadSanitizer
  static std::unique_ptr<Executor> tbb(unsigned workers);      // 0: as many as there are cores

 protected:
  virtual void run_tasks(std::size_t n, void (*task)(void*, std::size_t), void* self) = 0;
};

}  // namespace weir
