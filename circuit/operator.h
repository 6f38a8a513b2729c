#pragma once
// The contract of every operator: evaluate on deltas, then advance or revert.
//
// Law      Q^Δ = D ∘ Q ∘ I (DBSP, Definition 3.1): the deltas put out so far add up to Q of the deltas taken in so far.
// Order    evaluate once a step, and only where an input is not empty or the time has come; then exactly one of advance and revert.
// Threads  evaluate() of different operators may run at the same time; it may change private state that revert() can restore, never an arrangement.
// Errors   evaluate() may throw Failure; revert() is then called as for a step refused by somebody else.

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "circuit/executor.h"
#include "zset/arrangement.h"
#include "zset/chunk.h"

namespace weir {

// The time of a circuit: microseconds since 2000-01-01 UTC, as in a TIMESTAMP. It never goes back.
using Moment = std::int64_t;
inline constexpr Moment kTimeBegin = -946'684'800'000'000;        // 1970-01-01
inline constexpr Moment kTimeEnd = 252'455'615'999'999'999;       // 9999-12-31 23:59:59.999999
inline constexpr Moment kNever = std::numeric_limits<Moment>::max();

// What an operator may use during one step.
class Step {
 public:
  explicit Step(Executor& executor);
  Arena& arena() { return arenas_[executor_.worker()].arena; }  // of the calling worker; lives until the step ends
  Executor& executor() { return executor_; }
  // Is a delta of so many rows worth splitting?
  bool parallel(std::uint64_t rows) const { return rows >= kParallelRows && executor_.workers() > 1; }
  void reset();  // the end of a step
  // One for the whole step.
  Moment now() const { return now_; }
  void set_now(Moment now) { now_ = now; }

  // Work that may take long calls it after every few thousand rows: between two of them others may have steps of their own, while a new view is filled.
  void breathe() const { if (breathe_) (*breathe_)(); }
  const std::function<void()>* on_breath() const { return breathe_; }
  void on_breath(const std::function<void()>& breathe) { breathe_ = &breathe; }

  static constexpr std::uint64_t kParallelRows = 8192;

 private:
  Executor& executor_;
  struct alignas(64) Own { Arena arena; };  // a cache line a worker
  std::vector<Own> arenas_;
  const std::function<void()>* breathe_ = nullptr;
  Moment now_ = kTimeBegin;
};

using Inputs = std::span<const Delta* const>;  // one a stream, in the order they were connected; never null

class Operator {
 public:
  // types: of the output columns.
  explicit Operator(std::vector<KeyKind> types) : types_(std::move(types)) {}
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;

  std::span<const KeyKind> types() const { return types_; }

  virtual void evaluate(Step& step, Inputs inputs, Delta& out) = 0;
  virtual void advance() noexcept {}
  virtual void revert() noexcept {}

  // The first step of an operator that was added to streams with a past: `inputs` are the integrals of its inputs, all arrangements that it reads are
  // already filled with them, its own state is empty. Puts out the integral of its output. Called also where all inputs are empty. Followed by advance or revert.
  virtual void backfill(Step& step, Inputs inputs, Delta& out) { evaluate(step, inputs, out); }

  // The integral of the output, for a consumer that is added later. false: not known here; it is then computed from the inputs by backfill(),
  // which is right for operators without private state only.
  virtual bool contents(Step&, Delta&) const { return false; }
  virtual bool has_state() const { return false; }
  // Is every output delta in unique form (each row once, no weight 0), whatever the inputs?
  virtual bool consolidated() const { return false; }

  // Does the output change with the time? Then it is also evaluated when the time comes that it named at the end of its last step; kNever: not again.
  virtual bool follows_time() const { return false; }
  virtual Moment wakes_at() const { return kNever; }

  virtual std::string label() const = 0;  // "join on 2 keys", for plans and diagrams
  virtual std::uint64_t state_rows() const { return 0; }
  virtual std::size_t state_bytes() const { return 0; }

 private:
  std::vector<KeyKind> types_;
};

}  // namespace weir
