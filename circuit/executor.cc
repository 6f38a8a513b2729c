#include "circuit/executor.h"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace weir {
namespace {

// Where the calling thread stands: in a task of which executor, as which worker.
struct Inside {
  const Executor* executor = nullptr;
  unsigned worker = 0;
};
thread_local Inside inside;

class Enter {
 public:
  Enter(const Executor* executor, unsigned worker) : before_(inside) { inside = {executor, worker}; }
  ~Enter() { inside = before_; }
  Enter(const Enter&) = delete;

 private:
  Inside before_;
};

// Keeps the exception of the lowest task number.
class FirstFailure {
 public:
  template <class F>
  void guard(std::size_t i, F&& f) noexcept {
    try {
      f();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_ || i < at_) {
        failure_ = std::current_exception();
        at_ = i;
      }
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::size_t at_ = 0;
};

using Task = void (*)(void*, std::size_t);

class Serial final : public Executor {
 public:
  unsigned workers() const override { return 1; }
  unsigned worker() const override { return 0; }

 private:
  void run_tasks(std::size_t n, Task task, void* self) override {
    for (std::size_t i = 0; i < n; ++i) task(self, i);
  }
};

// The caller is worker 0 and works too. A nested run is serial, on the worker it was called on.
class Threads final : public Executor {
 public:
  explicit Threads(unsigned workers) : workers_(std::max(1u, workers)) {
    for (unsigned w = 1; w < workers_; ++w) threads_.emplace_back([this, w](std::stop_token stop) { loop(stop, w); });
  }
  ~Threads() override {
    for (std::jthread& t : threads_) t.request_stop();
    threads_.clear();
  }
  unsigned workers() const override { return workers_; }
  unsigned worker() const override { return inside.executor == this ? inside.worker : 0; }

 private:
  struct Job {
    std::size_t n;
    Task task;
    void* self;
    std::atomic<std::size_t> next{0};
    FirstFailure failure;
  };

  void run_tasks(std::size_t n, Task task, void* self) override {
    if (inside.executor == this) {
      FirstFailure failure;
      for (std::size_t i = 0; i < n; ++i) failure.guard(i, [&] { task(self, i); });
      failure.rethrow();
      return;
    }
    Job job{n, task, self, {}, {}};
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      ++generation_;
    }
    wake_.notify_all();
    work(job, 0);
    {
      std::unique_lock lock(mutex_);
      job_ = nullptr;
      idle_.wait(lock, [&] { return busy_ == 0; });
    }
    job.failure.rethrow();
  }

  void work(Job& job, unsigned worker) {
    const Enter enter(this, worker);
    for (std::size_t i; (i = job.next.fetch_add(1)) < job.n;) job.failure.guard(i, [&] { job.task(job.self, i); });
  }

  void loop(std::stop_token stop, unsigned worker) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [&] { return job_ && generation_ != seen; })) {
      seen = generation_;
      Job& job = *job_;
      ++busy_;
      lock.unlock();
      work(job, worker);
      lock.lock();
      if (--busy_ == 0) idle_.notify_one();
    }
  }

  const unsigned workers_;
  std::mutex mutex_;
  std::condition_variable_any wake_, idle_;
  Job* job_ = nullptr;
  std::uint64_t generation_ = 0;
  unsigned busy_ = 0;
  std::vector<std::jthread> threads_;
};

class Tbb final : public Executor {
 public:
  explicit Tbb(unsigned workers)
      : workers_(workers ? workers : static_cast<unsigned>(tbb::this_task_arena::max_concurrency())), arena_(static_cast<int>(workers_)) {
    // A machine with fewer cores still gives as many workers as asked for.
    if (workers_ > tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism)) {
      more_ = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism, workers_);
    }
  }
  unsigned workers() const override { return workers_; }
  unsigned worker() const override { return inside.executor == this ? inside.worker : 0; }

 private:
  void run_tasks(std::size_t n, Task task, void* self) override {
    FirstFailure failure;
    const auto all = [&] {
      tbb::parallel_for(
          std::size_t{0}, n,
          [&](std::size_t i) {
            const Enter enter(this, static_cast<unsigned>(tbb::this_task_arena::current_thread_index()));
            failure.guard(i, [&] { task(self, i); });
          },
          tbb::simple_partitioner());
    };
    if (inside.executor == this) {
      tbb::this_task_arena::isolate(all);  // a worker that waits here takes no task of the outer run
    } else {
      arena_.execute(all);
    }
    failure.rethrow();
  }

  const unsigned workers_;
  std::unique_ptr<tbb::global_control> more_;
  tbb::task_arena arena_;
};

}  // namespace

std::unique_ptr<Executor> Executor::serial() { return std::make_unique<Serial>(); }
std::unique_ptr<Executor> Executor::threads(unsigned workers) { return std::make_unique<Threads>(workers); }
std::unique_ptr<Executor> Executor::tbb(unsigned workers) { return std::make_unique<Tbb>(workers); }

}  // namespace weir
