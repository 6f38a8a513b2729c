#include "operators/top_k.h"

#include <algorithm>
#include <limits>

#include "operators/ordered_partitions.h"
#include "operators/parallel_chunks.h"
#include "operators/step_list.h"

namespace weir {
namespace {

using Id = RowStore::Id;
using Entry = OrderedPartitions::Entry;
using Partition = OrderedPartitions::Partition;

constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

class TopK final : public Operator {
 public:
  TopK(std::vector<KeyKind> input, std::vector<KeyKind> types, TopKSpec spec)
      : Operator(std::move(types)), spec_(std::move(spec)), rows_(std::move(input), spec_.partition, spec_.order) {
    begin_ = static_cast<std::int64_t>(std::min<std::uint64_t>(spec_.offset, kHighest));
    end_ = spec_.limit && *spec_.limit < static_cast<std::uint64_t>(kHighest - begin_) ? begin_ + static_cast<std::int64_t>(*spec_.limit) : kHighest;
  }

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    Executor* executor = step.parallel(inputs[0]->rows()) ? &step.executor() : nullptr;
    rows_.take(*inputs[0], step.arena(), executor);
    const auto ranges = rows_.ranges();
    if (work_.size() < ranges.size()) work_.resize(ranges.size());
    const auto change_range = [&](std::size_t r) {
      work_[r].range = r;
      for (std::uint32_t t = ranges[r].first; t < ranges[r].last; ++t) {
        rows_.prefetch(t, ranges[r].last);
        change(t, work_[r]);
      }
    };
    if (executor) executor->run(ranges.size(), change_range);
    else change_range(0);
    put(step, executor, out);
  }
  void advance() noexcept override {
    rows_.advance([](Partition&) {});
    end_step();
  }
  void revert() noexcept override {
    rows_.revert([](Partition&) {});
    end_step();
  }

  bool contents(Step& step, Delta& out) const override {
    std::vector<Window> all;
    rows_.each([&](Id id) { window(rows_.partition(id), begin_, end_of(rows_.partition(id)), all); });
    std::vector<Out> rows;
    for (const Window& w : all) put_window(w, 1, rows);
    emit(rows, step, nullptr, out);
    return true;
  }
  bool has_state() const override { return true; }
  bool consolidated() const override { return true; }
  std::string label() const override {
    std::string text = "top";
    if (spec_.limit) text += " " + std::to_string(*spec_.limit);
    if (spec_.offset != 0) text += " after " + std::to_string(spec_.offset);
    if (spec_.ties) text += " with ties";
    if (!spec_.partition.empty()) text += " of each partition";
    return text;
  }
  std::uint64_t state_rows() const override { return rows_.rows().rows(); }
  std::size_t state_bytes() const override { return rows_.bytes(); }

 private:
  using Change = OrderedPartitions::Change;
  // A window of up to so many rows is compared as a whole, before and after; of a larger one only what each change moves.
  static constexpr std::int64_t kSmallWindow = 64;

  struct Window {
    Id row;
    std::int64_t position, copies;
  };
  struct Out {
    Id row;
    std::int64_t weight, position;
  };

  // What a range of partitions is worked on with, and what comes out of it. No two share a cache line.
  struct alignas(64) Work {
    std::size_t range = 0;
    std::int64_t until = 0;  // where the window of the partition at hand ended before the step
    std::vector<Window> before, after;
    std::vector<Out> out;
    bool moves = false;  // `out` may name a row several times
  };

  // Applies the changes of a partition and notes how its window changes.
  void change(std::uint32_t t, Work& work) {
    const std::span<const Change> changes = rows_.changes(t);
    if (changes.empty()) return;
    const Id id = rows_.touched(t);
    const Partition& p = rows_.partition(id);
    if (begin_ == 0 && end_ == kHighest && !spec_.row_number) {  // everything is in the window
      for (const auto& c : changes) work.out.push_back({rows_.apply(id, c, work.range), c.weight, 0});
      return;
    }
    const auto by = rows_.order();
    const auto first = p.rows.rank(changes.front().value, by);
    work.until = end_of(p);
    if (first.before >= work.until) {
      for (const auto& c : changes) rows_.apply(id, c, work.range);
      note_ties(p, work);
      return;
    }
    const std::int64_t from = std::max(begin_, first.before);
    const bool small = std::min(work.until, p.total) - from <= std::max<std::int64_t>(kSmallWindow, static_cast<std::int64_t>(changes.size()) * 4);
    if (spec_.row_number || small) {
      change_by_window(id, p, changes, from, work);
      return;
    }
    for (const auto& c : changes) change_by_position(id, p, c, work);
    note_ties(p, work);
  }

  // Where the window ends: at its limit or, with ties, behind the last peer of the row that stands there.
  std::int64_t end_of(const Partition& p) const {
    if (!spec_.ties || end_ == begin_ || p.total <= end_) return end_;
    Entry last{};
    p.rows.each_from(end_ - 1, [&](const Entry& e, std::int64_t) {
      last = e;
      return false;
    });
    return OrderedPartitions::partition_point(p, [&](const Entry& e) { return rows_.compare_peers(e, last) <= 0; });
  }
  // The changes being noted for a window up to work.until: what it holds more, or less, since its end has moved.
  void note_ties(const Partition& p, Work& work) const {
    if (!spec_.ties) return;
    const std::int64_t end = end_of(p);
    note_range(p, work.until, end, 1, work);
    note_range(p, end, work.until, -1, work);
  }

  // Compares the window before and after, from the first position that changes to the last.
  void change_by_window(Id id, const Partition& p, std::span<const Change> changes, std::int64_t from, Work& work) {
    std::int64_t net = 0;
    for (const auto& c : changes) net = add_weights(net, c.weight);
    std::int64_t until = work.until;
    if (net == 0 && !spec_.ties) {  // what lies behind the last change stays where it is
      const auto last = p.rows.rank(changes.back().value, rows_.order());
      until = std::min(until, last.before + last.weight);
    }
    work.before.clear();
    work.after.clear();
    window(p, from, until, work.before);
    for (const auto& c : changes) rows_.apply(id, c, work.range);
    window(p, from, spec_.ties ? end_of(p) : until, work.after);
    if (spec_.row_number) compare_positions(work);
    else compare_rows(work);
  }
  void compare_positions(Work& work) const {
    std::size_t a = 0, b = 0;
    std::int64_t used_a = 0, used_b = 0;
    while (a < work.before.size() || b < work.after.size()) {
      const bool has_a = a < work.before.size(), has_b = b < work.after.size();
      if (has_a && has_b && work.before[a].row == work.after[b].row && used_a == used_b && work.before[a].copies == work.after[b].copies) {
        ++a, ++b;
        used_a = used_b = 0;
        continue;
      }
      const bool same = has_a && has_b && work.before[a].row == work.after[b].row;
      if (has_a) {
        if (!same) work.out.push_back({work.before[a].row, -1, work.before[a].position + used_a});
        if (++used_a == work.before[a].copies) ++a, used_a = 0;
      }
      if (has_b) {
        if (!same) work.out.push_back({work.after[b].row, 1, work.after[b].position + used_b});
        if (++used_b == work.after[b].copies) ++b, used_b = 0;
      }
    }
  }
  void compare_rows(Work& work) const {
    const auto by = rows_.order();
    std::size_t a = 0, b = 0;
    while (a < work.before.size() || b < work.after.size()) {
      int c = 0;
      if (a == work.before.size()) c = 1;
      else if (b == work.after.size()) c = -1;
      else if (work.before[a].row != work.after[b].row) c = by(rows_.entry_of(work.before[a].row), rows_.entry_of(work.after[b].row));
      if (c < 0) {
        work.out.push_back({work.before[a].row, -work.before[a].copies, 0});
        ++a;
      } else if (c > 0) {
        work.out.push_back({work.after[b].row, work.after[b].copies, 0});
        ++b;
      } else {
        const std::int64_t w = work.after[b].copies - work.before[a].copies;
        if (w != 0) work.out.push_back({work.after[b].row, w, 0});
        ++a, ++b;
      }
    }
  }

  // One change of a row moves what lies behind it by its weight: some rows cross the window's begin, some its end.
  void change_by_position(Id id, const Partition& p, const Change& change, Work& work) {
    work.moves = true;
    if (change.weight > 0) {
      const auto at = p.rows.rank(change.value, rows_.order());
      note_insertion(p, at.before + at.weight, change.weight, 1, work);
      const Id row = rows_.apply(id, change, work.range);
      note_own(row, at.before + at.weight, change.weight, 1, work);
    } else {
      const Id row = rows_.apply(id, change, work.range);
      const auto at = p.rows.rank(change.value, rows_.order());
      note_insertion(p, at.before + at.weight, -change.weight, -1, work);
      note_own(row, at.before + at.weight, -change.weight, -1, work);
    }
  }
  // What `copies` rows put in at `at` do to the others. sign -1: what taking them out undoes.
  void note_insertion(const Partition& p, std::int64_t at, std::int64_t copies, std::int64_t sign, Work& work) const {
    if (at >= work.until) return;
    if (work.until != kHighest) note_range(p, std::max({begin_, at, work.until - copies}), work.until, -sign, work);
    note_range(p, std::max(at, begin_ - copies), work.until == kHighest ? begin_ : std::min(begin_, work.until - copies), sign, work);
  }
  void note_own(Id row, std::int64_t at, std::int64_t copies, std::int64_t sign, Work& work) const {
    const std::int64_t first = std::max(at, begin_), last = std::min(copies > kHighest - at ? kHighest : at + copies, work.until);
    if (first < last) work.out.push_back({row, sign * (last - first), 0});
  }
  void note_range(const Partition& p, std::int64_t from, std::int64_t to, std::int64_t sign, Work& work) const {
    if (from >= to || from >= p.total) return;
    p.rows.each_from(from, [&](const Entry& e, std::int64_t copies) {
      const std::int64_t n = std::min(copies, to - from);
      work.out.push_back({e.row, sign * n, 0});
      from += n;
      return from < to;
    });
  }

  static void window(const Partition& p, std::int64_t from, std::int64_t to, std::vector<Window>& out) {
    if (from >= to || from >= p.total) return;
    p.rows.each_from(from, [&](const Entry& e, std::int64_t copies) {
      const std::int64_t n = std::min(copies, to - from);
      out.push_back({e.row, from, n});
      from += n;
      return from < to;
    });
  }
  void put_window(const Window& w, std::int64_t sign, std::vector<Out>& out) const {
    if (!spec_.row_number) {
      out.push_back({w.row, sign * w.copies, 0});
      return;
    }
    for (std::int64_t i = 0; i < w.copies; ++i) out.push_back({w.row, sign, w.position + i});
  }

  void put(Step& step, Executor* executor, Delta& out) {
    std::vector<Out>& all = work_[0].out;
    bool moves = false;
    for (Work& work : work_) {
      moves |= work.moves;
      if (&work != &work_[0]) all.insert(all.end(), work.out.begin(), work.out.end());
    }
    if (moves) {
      std::sort(all.begin(), all.end(), [](const Out& a, const Out& b) { return a.row < b.row; });
      std::size_t to = 0;
      for (std::size_t i = 0; i < all.size();) {
        Out sum = all[i++];
        while (i < all.size() && all[i].row == sum.row) sum.weight += all[i++].weight;
        if (sum.weight != 0) all[to++] = sum;
      }
      all.resize(to);
    }
    emit(all, step, executor, out);
  }
  void emit(const std::vector<Out>& rows, Step& step, Executor* executor, Delta& out) const {
    std::vector<Delta> parts(executor ? rows.size() / kRangeRows + 1 : 0);
    each_range(executor, rows.size(), [&](std::size_t first, std::size_t last) {
      Arena& arena = step.arena();
      const std::size_t n = last - first;
      Id* ids = arena.array<Id>(n);
      std::int64_t* weights = arena.array<std::int64_t>(n);
      std::int64_t* numbers = spec_.row_number ? arena.array<std::int64_t>(n) : nullptr;
      for (std::size_t i = 0; i < n; ++i) {
        const Out& row = rows[first + i];
        ids[i] = row.row;
        weights[i] = row.weight;
        if (numbers) numbers[i] = row.position + 1;
      }
      rows_.rows().emit({ids, n}, {weights, n}, numbers, arena, executor ? parts[first / kRangeRows] : out);
    });
    for (const Delta& part : parts) out.chunks.insert(out.chunks.end(), part.chunks.begin(), part.chunks.end());
  }

  void end_step() noexcept {
    for (Work& work : work_) {
      empty_list(work.out);
      empty_list(work.before);
      empty_list(work.after);
      work.moves = false;
    }
  }

  TopKSpec spec_;
  std::int64_t begin_ = 0, end_ = 0;  // positions of the window, from 0
  OrderedPartitions rows_;
  std::vector<Work> work_{1};  // by range of the step
};

}  // namespace

NodeId top_k(Circuit& circuit, NodeId input, TopKSpec spec) {
  const auto kinds = circuit.types(input);
  std::vector<KeyKind> types(kinds.begin(), kinds.end());
  std::vector<KeyKind> in = types;
  if (spec.row_number) types.push_back(KeyKind::kInt);
  return circuit.add(std::make_unique<TopK>(std::move(in), std::move(types), std::move(spec)), {&input, 1});
}

}  // namespace weir
