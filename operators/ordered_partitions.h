#pragma once
// The rows of each partition in order, and how a step changes them: what top-k and windows stand on.
//
//     take(Δ) ─▶ for each touched partition: its changes, in order, each row once ─▶ apply(change) … ─▶ advance() or revert()
//
// Law      ties are broken by the remaining columns left to right, at last by identity: the order of a partition is a function of its content.
// State    each row once in a RowStore; for each partition an order-statistic tree of row numbers, each beside what the first order key says about its place.
// Cost     a change: O(log n). Positions and ranges: O(log n) and what they hold.
// Order    touched partitions in order of first touch.
// Threads  const calls, and apply() and prefetch() for partitions of different ranges of a step, may run in parallel.
// Nulls    by nulls_first of each order key; NULL partition keys form one partition.
// Errors   apply() throws Failure(kEvaluation) where a row is taken away that is not there.

#include <vector>

#include "circuit/executor.h"
#include "operators/key_table.h"
#include "operators/order_key.h"
#include "operators/ordered_multiset.h"

namespace weir {

class OrderedPartitions {
 public:
  using Id = RowStore::Id;
  // A row in its place. Rows compare like their prefixes where these differ.
  struct Entry {
    std::int64_t prefix;
    Id row;
    std::uint32_t unused;
  };
  using Rows = OrderedMultiset<Entry>;
  using Change = Rows::Change;
  struct Partition {
    Rows rows;
    std::int64_t total;     // rows with their weights
    std::uint32_t touched;  // its number in this step, from 1
    std::uint32_t made;     // for the operator: is what follows in memory constructed?
  };
  struct Order {
    const OrderedPartitions* self;
    int operator()(const Entry& a, const Entry& b) const {
      if (a.prefix != b.prefix) return a.prefix < b.prefix ? -1 : 1;
      return a.row == b.row ? 0 : self->compare(a.row, b.row);
    }
  };

  // payload_bytes: what the operator keeps for each partition, behind its Partition; zero at first.
  OrderedPartitions(std::vector<KeyKind> rows, std::vector<std::uint16_t> partition, std::vector<OrderKey> order, std::size_t payload_bytes = 0);
  ~OrderedPartitions();

  // -- A step. With an executor the changes are brought into order in parallel.
  void take(const Delta& delta, Arena& arena, Executor* executor = nullptr);
  std::uint32_t touched() const { return static_cast<std::uint32_t>(touched_.size()); }
  Id touched(std::uint32_t t) const { return touched_[t]; }
  std::span<const Change> changes(std::uint32_t t) const { return {changes_.data() + starts_[t], ends_[t] - starts_[t]}; }
  // The touched partitions in ranges that have about as many changes each; one without an executor.
  struct Range {
    std::uint32_t first, last;
  };
  std::span<const Range> ranges() const { return ranges_; }
  void prefetch(std::uint32_t t, std::uint32_t last) const;  // to be called while partition t is worked on, for those that come after it and before `last`
  // Adds one change to the rows at rest. Returns the number of the row that stands for it there; it stays readable until the step ends.
  Id apply(Id partition, const Change& change, std::size_t range = 0);
  // drop(partition): called for each that is about to go.
  template <class Drop>
  void advance(Drop&& drop) noexcept {
    for (const Id row : candidates_) {
      if (rows_.tag(row) != kAtRest) rows_.remove(row);
    }
    for (const Done& done : done_) {
      for (const Id row : done.removed) rows_.remove(row);
    }
    end_step(drop);
  }
  template <class Drop>
  void revert(Drop&& drop) noexcept {
    unapply();
    for (const Id row : candidates_) rows_.remove(row);
    end_step(drop);
  }

  // -- At rest.
  RowStore& rows() { return rows_; }
  const RowStore& rows() const { return rows_; }
  Partition& partition(Id id) { return partitions_.payload<Partition>(id); }
  const Partition& partition(Id id) const { return partitions_.payload<Partition>(id); }
  template <class F>
  void each(F&& f) const {
    partitions_.each(f);
  }
  Order order() const { return {this}; }
  Entry entry_of(Id row) const;
  // By the order given alone; 0: peers.
  int compare_peers(const Entry& a, const Entry& b) const {
    if (given_ == 0) return 0;
    if (a.prefix != b.prefix) return a.prefix < b.prefix ? -1 : 1;
    return a.row == b.row ? 0 : compare_keys(a.row, b.row, given_);
  }
  // The number of rows, from the first on, for which `before` is true. REQUIRES: it is true for none after one for which it is false.
  template <class F>
  static std::int64_t partition_point(const Partition& p, F&& before) {
    return p.rows.rank(Entry{}, [&](const Entry& e, const Entry&) { return before(e) ? -1 : 1; }).before;
  }
  std::size_t bytes() const {
    std::size_t n = rows_.bytes() + partitions_.bytes();
    partitions_.each([&](Id id) { n += partition(id).rows.bytes(); });
    return n;
  }

 private:
  static constexpr std::uint32_t kAhead = 4;
  static constexpr std::uint32_t kAtRest = 1;

  struct Pending {
    std::uint32_t number;  // of the touched partition
    Entry entry;
    std::int64_t weight;
  };
  struct Applied {
    Id partition;
    Entry entry;
    std::int64_t weight;
  };
  // What has been done in a range. No two share a cache line.
  struct alignas(64) Done {
    std::vector<Applied> applied;
    std::vector<Id> removed;  // rows that no longer stand in a partition
  };
  static constexpr std::size_t kRanges = 32;

  int compare_keys(Id a, Id b, std::size_t keys) const;
  int compare(Id a, Id b) const;
  void sort_by_partition(Executor* executor);
  void cut(bool in_parallel);
  void sort(const Range& range);
  void unapply() noexcept;
  void clear_step() noexcept;
  template <class Drop>
  void end_step(Drop&& drop) noexcept {
    for (const Id id : touched_) {
      Partition& p = partition(id);
      p.touched = 0;
      if (!p.rows.empty()) continue;
      drop(p);
      partitions_.erase(id);
    }
    clear_step();
  }

  std::vector<std::uint16_t> partition_;
  std::vector<OrderKey> order_;  // the order given, then all other columns
  std::size_t given_;
  std::vector<std::uint16_t> inexact_;  // columns whose values may differ where SQL calls them equal
  RowStore rows_;
  KeyTable partitions_;
  // Of the step:
  std::vector<Id> touched_;
  std::vector<Pending> pending_;
  std::vector<std::uint32_t> starts_, ends_;
  std::vector<Change> changes_;  // of touched partition t: from starts_[t] to ends_[t]
  std::vector<Range> ranges_;
  std::vector<Done> done_;      // by range
  std::vector<Id> candidates_;  // rows put into the store; those that do not come to stand in a partition (tag kAtRest) go when the step ends
};

}  // namespace weir
