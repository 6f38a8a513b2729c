#pragma once
// Values of each group in order, and the changes of a step to them: collected, brought into order group by group, applied together. For operators/accumulator*.cc.
//
// Law      apply of the negation restores the multiset: undo() is settle() with all weights negated, in the opposite order.
// State    lists of the step; the multisets themselves lie with their groups.
// Cost     O(|Δ| log n), or one pass over a group where much of it changes.
// Threads  one at a time.

#include <weir/error.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "circuit/executor.h"
#include "operators/accumulator_loops.h"
#include "operators/ordered_multiset.h"
#include "operators/step_list.h"
#include "zset/array.h"
#include "zset/json.h"
#include "zset/datetime.h"
#include "zset/numeric.h"

namespace weir {

// Orders of values: SQL's, and where that calls two values equal that a reader can tell apart (1.0 and 1.00), one more step, so that each is kept.
struct IntegerOrder {
  using Value = std::int64_t;
  int operator()(std::int64_t a, std::int64_t b) const { return a < b ? -1 : a > b; }
};
struct DoubleOrder {
  using Value = double;
  int operator()(double a, double b) const {
    if (a < b) return -1;
    if (a > b) return 1;
    if (a == b) return static_cast<int>(std::signbit(b)) - static_cast<int>(std::signbit(a));
    return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  }
};
struct TextOrder {
  using Value = Bytes;
  int operator()(const Bytes& a, const Bytes& b) const { return a.view().compare(b.view()); }
};
struct PaddedOrder {
  using Value = Bytes;
  int operator()(const Bytes& a, const Bytes& b) const {
    const int c = without_padding(a.view()).compare(without_padding(b.view()));
    return c != 0 ? c : a.view().compare(b.view());
  }
};
template <int (*Compare)(const Bytes&, const Bytes&)>
struct ComparedOrder {
  using Value = Bytes;
  int operator()(const Bytes& a, const Bytes& b) const {
    if (a == b) return 0;
    const int c = Compare(a, b);
    return c != 0 ? c : a.view().compare(b.view());
  }
};
using ArrayOrder = ComparedOrder<array_compare>;
using JsonOrder = ComparedOrder<jsonb_compare>;
using NumericOrder = ComparedOrder<numeric_compare>;
struct IntervalOrder {
  using Value = Interval;
  int operator()(const Interval& a, const Interval& b) const {
    const int c = interval_compare(a, b);
    if (c != 0) return c;
    if (a.months != b.months) return a.months < b.months ? -1 : 1;
    return a.days != b.days ? (a.days < b.days ? -1 : 1) : 0;
  }
};

// Owns the bytes of values in multisets.
template <class Value>
struct ValueOwner {
  std::size_t bytes = 0;
  void keep([[maybe_unused]] Value& v) {
    if constexpr (std::is_same_v<Value, Bytes>) {
      if (v.is_inline()) return;
      char* copy = new char[v.size];
      std::memcpy(copy, v.data, v.size);
      v.data = copy;
      bytes += v.size;
    }
  }
  void meet(const Value&) {}
  void drop([[maybe_unused]] const Value& v) {
    if constexpr (std::is_same_v<Value, Bytes>) {
      if (v.is_inline()) return;
      bytes -= v.size;
      delete[] v.data;
    }
  }
};

template <class Order>
class OrderedChanges {
 public:
  using Value = typename Order::Value;
  using Set = OrderedMultiset<Value>;
  using Change = typename Set::Change;

  // The value must stay where it is until the step ends.
  void add(const Value& value, std::int64_t weight, std::uint32_t group) {
    pending_.push_back({value, weight});
    number_.push_back(group);
  }

  // set_of(g): the multiset of group g of n. apply(g, changes, own): called for each group with changes, which ascend and have no weight 0. With an executor: the groups
  // in ranges that have about as many changes each, in parallel.
  template <class SetOf, class Apply>
  void settle(std::uint32_t n, Executor* executor, ValueOwner<Value>& own, SetOf&& set_of, Apply&& apply) {
    if (pending_.empty()) return;
    sort_by_group(n);
    cut(n, executor != nullptr);
    const auto settle_range = [&](std::size_t r) { settle(ranges_[r], set_of, apply); };
    const auto add_up = [&] {
      for (const Range& range : ranges_) own.bytes += range.own.bytes;
    };
    try {
      if (executor) executor->run(ranges_.size(), settle_range);
      else settle_range(0);
    } catch (...) {
      add_up();
      throw;
    }
    add_up();
  }
  template <class Apply>
  void undo(ValueOwner<Value>& own, Apply&& apply) noexcept {
    for (Change& c : changes_) c.weight = wrapped_negation(c.weight);
    for (const Range& range : ranges_) {
      for (std::uint32_t g = range.applied; g-- > range.first;) {
        if (begins_[g] != ends_[g]) apply(g, of(g), own);
      }
    }
  }
  void forget() noexcept {
    empty_list(pending_);
    empty_list(number_);
    empty_list(changes_);
    empty_list(begins_);
    empty_list(ends_);
    ranges_.clear();
  }

 private:
  static constexpr std::uint32_t kAhead = 4;

  static constexpr std::size_t kRanges = 32;

  // Groups first … last - 1, of which those before `applied` have their changes.
  struct Range {
    std::uint32_t first, last, applied;
    ValueOwner<Value> own = {};
  };

  std::span<const Change> of(std::uint32_t g) const { return {changes_.data() + begins_[g], ends_[g] - begins_[g]}; }

  template <class SetOf, class Apply>
  void settle(Range& range, SetOf&& set_of, Apply&& apply) {
    const Order order;
    for (std::uint32_t g = range.first; g < range.last; ++g) {  // in order of value, each once, without those that cancel out
      const std::uint32_t first = begins_[g], last = begins_[g + 1];
      std::uint32_t to = first;
      std::sort(changes_.begin() + first, changes_.begin() + last, [&](const Change& a, const Change& b) { return order(a.value, b.value) < 0; });
      for (std::uint32_t i = first; i < last;) {
        Change sum = changes_[i++];
        while (i < last && order(changes_[i].value, sum.value) == 0) sum.weight = add_weights(sum.weight, changes_[i++].weight);
        if (sum.weight != 0) changes_[to++] = sum;
      }
      ends_[g] = to;
    }
    for (std::uint32_t g = range.first; g < range.last; ++g) {
      if (g + 2 * kAhead < range.last) set_of(g + 2 * kAhead).prefetch();
      if (g + kAhead < range.last && begins_[g + kAhead] != ends_[g + kAhead]) set_of(g + kAhead).prefetch(changes_[begins_[g + kAhead]].value, order);
      if (begins_[g] != ends_[g]) apply(g, of(g), range.own);
      range.applied = g + 1;
      if (set_of(g).negatives() != 0) throw Failure(ErrorCode::kEvaluation, "a value is deleted that is not in its group");
    }
  }

  // pending_ into changes_ by the number of the group; those of group g lie at begins_[g] … begins_[g + 1], and once settled up to ends_[g].
  void sort_by_group(std::uint32_t n) {
    begins_.assign(n + 2, 0);
    for (const std::uint32_t g : number_) ++begins_[g + 2];
    for (std::uint32_t g = 2; g < n + 2; ++g) begins_[g] += begins_[g - 1];
    changes_.resize(pending_.size());
    for (std::size_t i = 0; i < pending_.size(); ++i) changes_[begins_[number_[i] + 1]++] = pending_[i];
    ends_.resize(n);
  }
  void cut(std::uint32_t n, bool in_parallel) {
    const std::size_t size = changes_.size() / kRanges + 1;
    for (std::uint32_t first = 0; first < n;) {
      std::uint32_t last = in_parallel ? first + 1 : n;
      while (last < n && begins_[last] - begins_[first] < size) ++last;
      ranges_.push_back({first, last, first});
      first = last;
    }
  }

  std::vector<Change> pending_, changes_;
  std::vector<std::uint32_t> number_, begins_, ends_;
  std::vector<Range> ranges_;
};

}  // namespace weir
