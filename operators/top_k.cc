#include "operators/top_k.h"

#include <algorithm>
#include <limits>

#include "operators/ordered_partitions.h"
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
    rows_.take(*inputs[0], step.arena());
    for (std::uint32_t t = 0; t < rows_.touched(); ++t) {
      rows_.prefetch(t);
      change(t);
    }
    put(step.arena(), out);
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
    emit(rows, step.arena(), out);
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

  // Applies the changes of a partition and notes how its window changes.
  void change(std::uint32_t t) {
    const std::span<const Change> changes = rows_.changes(t);
    if (changes.empty()) return;
    const Id id = rows_.touched(t);
    const Partition& p = rows_.partition(id);
    if (begin_ == 0 && end_ == kHighest && !spec_.row_number) {  // everything is in the window
      for (const auto& c : changes) out_.push_back({rows_.apply(id, c), c.weight, 0});
      return;
    }
    const auto by = rows_.order();
    const auto first = p.rows.rank(changes.front().value, by);
    until_ = end_of(p);
    if (first.before >= until_) {
      for (const auto& c : changes) rows_.apply(id, c);
      note_ties(p);
      return;
    }
    const std::int64_t from = std::max(begin_, first.before);
    const bool small = std::min(until_, p.total) - from <= std::max<std::int64_t>(kSmallWindow, static_cast<std::int64_t>(changes.size()) * 4);
    if (spec_.row_number || small) {
      change_by_window(id, p, changes, from);
      return;
    }
    for (const auto& c : changes) change_by_position(id, p, c);
    note_ties(p);
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
  // The changes being noted for a window up to until_: what it holds more, or less, since its end has moved.
  void note_ties(const Partition& p) {
    if (!spec_.ties) return;
    const std::int64_t end = end_of(p);
    note_range(p, until_, end, 1);
    note_range(p, end, until_, -1);
  }

  // Compares the window before and after, from the first position that changes to the last.
  void change_by_window(Id id, const Partition& p, std::span<const Change> changes, std::int64_t from) {
    std::int64_t net = 0;
    for (const auto& c : changes) net = add_weights(net, c.weight);
    std::int64_t until = until_;
    if (net == 0 && !spec_.ties) {  // what lies behind the last change stays where it is
      const auto last = p.rows.rank(changes.back().value, rows_.order());
      until = std::min(until, last.before + last.weight);
    }
    before_.clear();
    after_.clear();
    window(p, from, until, before_);
    for (const auto& c : changes) rows_.apply(id, c);
    window(p, from, spec_.ties ? end_of(p) : until, after_);
    if (spec_.row_number) compare_positions();
    else compare_rows();
  }
  void compare_positions() {
    std::size_t a = 0, b = 0;
    std::int64_t used_a = 0, used_b = 0;
    while (a < before_.size() || b < after_.size()) {
      const bool has_a = a < before_.size(), has_b = b < after_.size();
      if (has_a && has_b && before_[a].row == after_[b].row && used_a == used_b && before_[a].copies == after_[b].copies) {
        ++a, ++b;
        used_a = used_b = 0;
        continue;
      }
      const bool same = has_a && has_b && before_[a].row == after_[b].row;
      if (has_a) {
        if (!same) out_.push_back({before_[a].row, -1, before_[a].position + used_a});
        if (++used_a == before_[a].copies) ++a, used_a = 0;
      }
      if (has_b) {
        if (!same) out_.push_back({after_[b].row, 1, after_[b].position + used_b});
        if (++used_b == after_[b].copies) ++b, used_b = 0;
      }
    }
  }
  void compare_rows() {
    const auto by = rows_.order();
    std::size_t a = 0, b = 0;
    while (a < before_.size() || b < after_.size()) {
      int c = 0;
      if (a == before_.size()) c = 1;
      else if (b == after_.size()) c = -1;
      else if (before_[a].row != after_[b].row) c = by(rows_.entry_of(before_[a].row), rows_.entry_of(after_[b].row));
      if (c < 0) {
        out_.push_back({before_[a].row, -before_[a].copies, 0});
        ++a;
      } else if (c > 0) {
        out_.push_back({after_[b].row, after_[b].copies, 0});
        ++b;
      } else {
        const std::int64_t w = after_[b].copies - before_[a].copies;
        if (w != 0) out_.push_back({after_[b].row, w, 0});
        ++a, ++b;
      }
    }
  }

  // One change of a row moves what lies behind it by its weight: some rows cross the window's begin, some its end.
  void change_by_position(Id id, const Partition& p, const Change& change) {
    moves_ = true;
    if (change.weight > 0) {
      const auto at = p.rows.rank(change.value, rows_.order());
      note_insertion(p, at.before + at.weight, change.weight, 1);
      const Id row = rows_.apply(id, change);
      note_own(row, at.before + at.weight, change.weight, 1);
    } else {
      const Id row = rows_.apply(id, change);
      const auto at = p.rows.rank(change.value, rows_.order());
      note_insertion(p, at.before + at.weight, -change.weight, -1);
      note_own(row, at.before + at.weight, -change.weight, -1);
    }
  }
  // What `copies` rows put in at `at` do to the others. sign -1: what taking them out undoes.
  void note_insertion(const Partition& p, std::int64_t at, std::int64_t copies, std::int64_t sign) {
    if (at >= until_) return;
    if (until_ != kHighest) note_range(p, std::max({begin_, at, until_ - copies}), until_, -sign);
    note_range(p, std::max(at, begin_ - copies), until_ == kHighest ? begin_ : std::min(begin_, until_ - copies), sign);
  }
  void note_own(Id row, std::int64_t at, std::int64_t copies, std::int64_t sign) {
    const std::int64_t first = std::max(at, begin_), last = std::min(copies > kHighest - at ? kHighest : at + copies, until_);
    if (first < last) out_.push_back({row, sign * (last - first), 0});
  }
  void note_range(const Partition& p, std::int64_t from, std::int64_t to, std::int64_t sign) {
    if (from >= to || from >= p.total) return;
    p.rows.each_from(from, [&](const Entry& e, std::int64_t copies) {
      const std::int64_t n = std::min(copies, to - from);
      out_.push_back({e.row, sign * n, 0});
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

  void put(Arena& arena, Delta& out) {
    if (moves_) {
      std::sort(out_.begin(), out_.end(), [](const Out& a, const Out& b) { return a.row < b.row; });
      std::size_t to = 0;
      for (std::size_t i = 0; i < out_.size();) {
        Out sum = out_[i++];
        while (i < out_.size() && out_[i].row == sum.row) sum.weight += out_[i++].weight;
        if (sum.weight != 0) out_[to++] = sum;
      }
      out_.resize(to);
    }
    emit(out_, arena, out);
  }
  void emit(const std::vector<Out>& rows, Arena& arena, Delta& out) const {
    Id* ids = arena.array<Id>(rows.size());
    std::int64_t* weights = arena.array<std::int64_t>(rows.size());
    std::int64_t* numbers = spec_.row_number ? arena.array<std::int64_t>(rows.size()) : nullptr;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ids[i] = rows[i].row;
      weights[i] = rows[i].weight;
      if (numbers) numbers[i] = rows[i].position + 1;
    }
    rows_.rows().emit({ids, rows.size()}, {weights, rows.size()}, numbers, arena, out);
  }

  void end_step() noexcept {
    empty_list(out_);
    empty_list(before_);
    empty_list(after_);
    moves_ = false;
  }

  TopKSpec spec_;
  std::int64_t begin_ = 0, end_ = 0;  // positions of the window, from 0
  std::int64_t until_ = 0;            // where the window of the partition at hand ended before the step
  OrderedPartitions rows_;
  // Of the step:
  std::vector<Window> before_, after_;
  std::vector<Out> out_;
  bool moves_ = false;  // out_ may name a row several times
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
