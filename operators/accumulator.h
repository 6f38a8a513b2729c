#pragma once
// What an aggregate keeps for each group, and how rows change it: a column at a time, without a branch or a virtual call per row.
//
// Law      each is a homomorphism from Z-sets of values: update() with `negate` undoes update(), exactly and in any order.
// State    a few bytes inside the row of the group (all zero when construct() is called), found at offset(); what is larger hangs on them.
// Nulls    NULL values are skipped.
// Errors   update() tells of overflow and goes on (the step is then refused and undone); finish() throws for a result beyond its type.
// Threads  one at a time; but update() of one that is logged, over rows of different groups, may run in parallel, and so may finish() and freeze().

#include <memory>

#include "operators/aggregate.h"
#include "zset/chunk.h"

namespace weir {

// One of the aggregates that read their answers off an accumulator.
struct Asked {
  AggregateFunction function;
  TypeId result;
  std::uint32_t number = 0;  // what ask() returned
};

class Accumulator {
 public:
  using Groups = std::byte* const*;

  explicit Accumulator(std::size_t bytes) : bytes_(bytes) {}
  virtual ~Accumulator() = default;

  std::size_t bytes() const { return bytes_; }
  void place(std::size_t offset) { offset_ = offset; }

  // Is the state just bytes, so that construct(), destroy() and freeze() do nothing?
  virtual bool plain() const { return false; }

  // For aggregates that say more than their function what they ask for. Before the first row.
  virtual std::uint32_t ask(const AggregateSpec&) { return 0; }

  virtual void construct(std::byte*) const {}
  virtual void destroy(std::byte*) noexcept {}
  // `before` is a copy of a group's row, taken when a step first touches it: makes it independent of what the step changes.
  virtual void freeze(std::byte*, Arena&) const {}

  // groups: by position, the row of the group. values: a column an argument, by position; null for COUNT(*). numbers: by position, the number of the touched
  // group. false: overflow.
  virtual bool update(const Chunk& rows, const Column* values, Groups groups, const std::uint32_t* numbers, bool negate) = 0;
  // Must the caller undo update() by update() with `negate`? Otherwise undo() does it.
  virtual bool logged() const { return true; }
  // All rows of the step are in. groups: by number. One that is logged may be told of several ranges of them, at the same time; another is told of all at once, and
  // may use the executor, if there is one.
  virtual void settle(Groups, std::uint32_t, Executor*) {}
  // What is logged has been undone.
  virtual void undo(Groups, std::uint32_t) noexcept {}
  virtual void forget() noexcept {}  // the step is over

  // May COUNT(argument) be read off it?
  virtual bool counts() const { return true; }
  // out[k] for groups[k]; `out` has a bitmap, set.
  virtual void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const = 0;

  // What hangs on the state of one group (read off it, in time proportional), and what the groups have in common.
  virtual std::size_t heap_bytes(const std::byte*) const { return 0; }
  virtual std::size_t common_bytes() const { return 0; }

 protected:
  template <class State> State& at(std::byte* group) const { return *reinterpret_cast<State*>(group + offset_); }
  template <class State> const State& at(const std::byte* group) const { return *reinterpret_cast<const State*>(group + offset_); }

  // finish() of what counts its values in State::n, which COUNT asks for. Else answer(k, state) puts the answer at k, or says false: NULL.
  template <class State, class Answer>
  void finish_counted(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Answer&& answer) const;

 private:
  std::size_t bytes_, offset_ = 0;
};

template <class State, class Answer>
void Accumulator::finish_counted(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Answer&& answer) const {
  for (std::uint32_t k = 0; k < n; ++k) {
    const State& s = at<State>(groups[k]);
    if (asked.function == AggregateFunction::kCount) out.as<std::int64_t>()[k] = s.n;
    else if (!answer(k, s)) out.set(k, Datum::of_null(out.kind));
  }
}

std::unique_ptr<Accumulator> make_accumulator(const AggregateSpec& spec);
// The same for a function without ORDER BY over values of this type.
std::unique_ptr<Accumulator> make_accumulator(AggregateFunction function, TypeId argument);
// Do these two over the same values share their accumulator?
bool share_accumulator(const AggregateSpec& a, const AggregateSpec& b);

// Where a row of a group begins.
struct GroupHead {
  std::int64_t rows;
  std::uint32_t touched;  // its number in this step, from 1; 0: not touched
  std::uint32_t made;
};

}  // namespace weir
