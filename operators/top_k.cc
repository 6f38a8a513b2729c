#include "operators/top_k.h"

#include <weir/error.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "operators/key_table.h"
#include "operators/ordered_multiset.h"
#include "zset/numeric.h"

namespace weir {
namespace {

using Id = RowStore::Id;

// A row in its place: its number beside what the first order key says about the place. Rows compare like their prefixes where these differ.
struct Entry {
  std::int64_t prefix;
  Id row;
  std::uint32_t unused;
};

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min(), kHighest = std::numeric_limits<std::int64_t>::max();

// Maps a value to an integer that never descends where the value ascends. REQUIRES: not NULL
std::int64_t prefix_of(const Datum& d, KeyKind kind) {
  switch (kind) {
    case KeyKind::kBool: return d.boolean;
    case KeyKind::kInt: return d.integer;
    case KeyKind::kDouble: {
      if (d.number != d.number) return kHighest;
      const auto bits = std::bit_cast<std::int64_t>(d.number == 0 ? 0.0 : d.number);
      return bits < 0 ? bits ^ kHighest : bits;
    }
    case KeyKind::kText: {
      std::uint64_t head = 0;
      const std::string_view s = d.bytes.view();
      for (std::size_t i = 0; i < 8; ++i) head = head << 8 | (i < s.size() ? static_cast<unsigned char>(s[i]) : 0);
      return static_cast<std::int64_t>(head ^ (std::uint64_t{1} << 63));
    }
    case KeyKind::kNumeric: {  // the integral part, rounded down
      __int128 coefficient;
      std::int32_t scale;
      if (!numeric_small(d.bytes, coefficient, scale)) {
        const int sign = Numeric::decode(d.bytes).sign();
        return sign == 0 ? 0 : sign < 0 ? kLowest : kHighest;
      }
      __int128 power = 1;
      for (std::int32_t s = 0; s < scale; ++s) {
        if (s == 38) return coefficient < 0 ? -1 : 0;
        power *= 10;
      }
      __int128 whole = coefficient / power;
      if (coefficient % power < 0) --whole;
      return whole < kLowest ? kLowest : whole > kHighest ? kHighest : static_cast<std::int64_t>(whole);
    }
    case KeyKind::kInterval: return 0;
  }
  return 0;
}

// A last word on rows whose columns are all equal by SQL and yet differ (1.0 and 1.00): each is kept for itself.
int compare_identity(const Datum& a, const Datum& b) {
  switch (a.kind) {
    case Kind::kBytes: return a.bytes.view().compare(b.bytes.view());
    case Kind::kDouble: {
      const auto x = std::bit_cast<std::int64_t>(a.number), y = std::bit_cast<std::int64_t>(b.number);
      return x < y ? -1 : x > y;
    }
    case Kind::kInterval:
      if (a.interval.months != b.interval.months) return a.interval.months < b.interval.months ? -1 : 1;
      return a.interval.days < b.interval.days ? -1 : a.interval.days > b.interval.days;
    case Kind::kBool: case Kind::kInt: return 0;
  }
  return 0;
}

class TopK final : public Operator {
 public:
  TopK(std::vector<KeyKind> input, std::vector<KeyKind> types, std::vector<KeyKind> partition_kinds, TopKSpec spec)
      : Operator(std::move(types)), spec_(std::move(spec)), order_(spec_.order), rows_(std::move(input), 0), partitions_(std::move(partition_kinds), sizeof(Partition)) {
    std::vector<bool> named(rows_.kinds().size());
    for (const OrderKey& key : order_) named[key.column] = true;
    for (std::uint16_t c = 0; c < named.size(); ++c) {
      if (!named[c]) order_.push_back({c, false, false});
    }
    begin_ = static_cast<std::int64_t>(std::min<std::uint64_t>(spec_.offset, kHighest));
    end_ = spec_.limit && *spec_.limit < static_cast<std::uint64_t>(kHighest - begin_) ? begin_ + static_cast<std::int64_t>(*spec_.limit) : kHighest;
  }
  ~TopK() override {
    OwnsNothing nothing;
    partitions_.each([&](Id id) { partitions_.payload<Partition>(id).rows.clear(nothing); });
  }

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    Arena& arena = step.arena();
    for (const Chunk& chunk : inputs[0]->chunks) take(chunk, arena);
    sort_by_partition();
    for (std::uint32_t t = 0; t < touched_.size(); ++t) {
      if (t + 2 * kAhead < touched_.size()) partitions_.payload<Partition>(touched_[t + 2 * kAhead]).rows.prefetch();
      if (t + kAhead < touched_.size() && starts_[t + kAhead] != starts_[t + kAhead + 1]) {
        partitions_.payload<Partition>(touched_[t + kAhead]).rows.prefetch(changes_[starts_[t + kAhead]].value, order());
      }
      change(t);
    }
    put(arena, out);
  }
  void advance() noexcept override {
    for (const Id row : candidates_) {
      if (rows_.tag(row) != kAtRest) rows_.remove(row);
    }
    for (const Id row : removed_) rows_.remove(row);
    end_step();
  }
  void revert() noexcept override {
    for (auto a = applied_.rbegin(); a != applied_.rend(); ++a) {
      auto& p = partitions_.payload<Partition>(a->partition);
      p.rows.add(a->entry, -a->weight, order(), OwnsNothing());
      p.total -= a->weight;
    }
    for (const Id row : candidates_) rows_.remove(row);
    end_step();
  }

  bool contents(Step& step, Delta& out) const override {
    std::vector<Window> all;
    partitions_.each([&](Id id) { window(partitions_.payload<Partition>(id), begin_, end_, all); });
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
    if (!spec_.partition.empty()) text += " of each partition";
    return text;
  }
  std::uint64_t state_rows() const override { return rows_.rows(); }
  std::size_t state_bytes() const override { return rows_.bytes() + partitions_.bytes() + rows_.rows() * (sizeof(Entry) + sizeof(std::int64_t)) * 4 / 3; }

 private:
  using Rows = OrderedMultiset<Entry>;
  using OwnsNothing = Rows::OwnsNothing;
  static constexpr std::uint32_t kAhead = 4;
  static constexpr std::uint32_t kAtRest = 1;
  // A window of up to so many rows is compared as a whole, before and after; of a larger one only what each change moves.
  static constexpr std::int64_t kSmallWindow = 64;

  struct Partition {
    Rows rows;
    std::int64_t total;  // rows with their weights
    std::uint32_t touched;
    std::uint32_t unused;
  };
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
  struct Window {
    Id row;
    std::int64_t position, copies;
  };
  struct Out {
    Id row;
    std::int64_t weight, position;
  };

  struct Order {
    const TopK* self;
    int operator()(const Entry& a, const Entry& b) const {
      if (a.prefix != b.prefix) return a.prefix < b.prefix ? -1 : 1;
      return a.row == b.row ? 0 : self->compare(a.row, b.row);
    }
  };
  Order order() const { return {this}; }
  int compare(Id a, Id b) const {
    const std::byte *row_a = rows_.row(a), *row_b = rows_.row(b);
    for (const OrderKey& key : order_) {
      if (rows_.kinds()[key.column] == KeyKind::kInt && !rows_.is_null(row_a, key.column) && !rows_.is_null(row_b, key.column)) {
        std::int64_t x, y;
        std::memcpy(&x, rows_.slot(row_a, key.column), sizeof x);
        std::memcpy(&y, rows_.slot(row_b, key.column), sizeof y);
        if (x != y) return (x < y) != key.descending ? -1 : 1;
        continue;
      }
      const Datum x = rows_.get(a, key.column), y = rows_.get(b, key.column);
      if (x.null || y.null) {
        if (x.null == y.null) continue;
        return x.null == key.nulls_first ? -1 : 1;
      }
      const int c = key_compare(x, y, rows_.kinds()[key.column]);
      if (c != 0) return (c < 0) != key.descending ? -1 : 1;
    }
    for (std::size_t c = 0; c < rows_.kinds().size(); ++c) {
      const Datum x = rows_.get(a, c), y = rows_.get(b, c);
      const int d = x.null ? 0 : compare_identity(x, y);
      if (d != 0) return d < 0 ? -1 : 1;
    }
    return 0;
  }
  Entry entry_of(Id row) const {
    Entry e{0, row, 0};
    if (order_.empty()) return e;
    const OrderKey& key = order_[0];
    const Datum d = rows_.get(row, key.column);
    if (d.null) {
      e.prefix = key.nulls_first ? kLowest : kHighest;
    } else {
      e.prefix = prefix_of(d, rows_.kinds()[key.column]);
      if (key.descending) e.prefix = ~e.prefix;
    }
    return e;
  }

  void take(const Chunk& chunk, Arena& arena) {
    Id* ids = arena.array<Id>(chunk.size);
    partitions_.find_or_add(pick(chunk, spec_.partition, arena), arena, ids);
    chunk.each([&](std::uint32_t i) {
      auto& p = partitions_.payload<Partition>(ids[i]);
      if (p.touched == 0) {
        touched_.push_back(ids[i]);
        p.touched = static_cast<std::uint32_t>(touched_.size());
      }
      const Id row = rows_.add(chunk.columns, i);
      candidates_.push_back(row);
      pending_.push_back({p.touched - 1, entry_of(row), chunk.weights[i]});
    });
  }

  // The changes of each touched partition in order, each row once, without those that cancel out: changes_ from starts_[t] to starts_[t + 1].
  void sort_by_partition() {
    const std::size_t n = touched_.size();
    starts_.assign(n + 2, 0);
    for (const Pending& p : pending_) ++starts_[p.number + 2];
    for (std::size_t t = 2; t < n + 2; ++t) starts_[t] += starts_[t - 1];
    changes_.resize(pending_.size());
    for (const Pending& p : pending_) changes_[starts_[p.number + 1]++] = {p.entry, p.weight};
    const auto by = order();
    std::uint32_t to = 0;
    for (std::size_t t = 0; t < n; ++t) {
      const std::uint32_t first = starts_[t], last = starts_[t + 1];
      starts_[t] = to;
      std::sort(changes_.begin() + first, changes_.begin() + last, [&](const auto& a, const auto& b) {
        const int c = by(a.value, b.value);
        return c != 0 ? c < 0 : a.value.row < b.value.row;
      });
      for (std::uint32_t i = first; i < last;) {
        Rows::Change sum = changes_[i++];
        while (i < last && by(changes_[i].value, sum.value) == 0) sum.weight = add_weights(sum.weight, changes_[i++].weight);
        if (sum.weight != 0) changes_[to++] = sum;
      }
    }
    starts_[n] = to;
  }

  // Applies the changes of a partition and notes how its window changes.
  void change(std::uint32_t t) {
    const std::span<const Rows::Change> changes(changes_.data() + starts_[t], starts_[t + 1] - starts_[t]);
    if (changes.empty()) return;
    const Id id = touched_[t];
    auto& p = partitions_.payload<Partition>(id);
    if (begin_ == 0 && end_ == kHighest && !spec_.row_number) {  // everything is in the window
      for (const auto& c : changes) out_.push_back({apply(id, p, c), c.weight, 0});
      return;
    }
    const auto by = order();
    const auto first = p.rows.rank(changes.front().value, by);
    if (first.before >= end_) {
      for (const auto& c : changes) apply(id, p, c);
      return;
    }
    const std::int64_t from = std::max(begin_, first.before);
    const bool small = std::min(end_, p.total) - from <= std::max<std::int64_t>(kSmallWindow, static_cast<std::int64_t>(changes.size()) * 4);
    if (spec_.row_number || small) change_by_window(id, p, changes, from);
    else for (const auto& c : changes) change_by_position(id, p, c);
  }

  // Compares the window before and after, from the first position that changes to the last.
  void change_by_window(Id id, Partition& p, std::span<const Rows::Change> changes, std::int64_t from) {
    std::int64_t net = 0;
    for (const auto& c : changes) net = add_weights(net, c.weight);
    std::int64_t until = end_;
    if (net == 0) {  // what lies behind the last change stays where it is
      const auto last = p.rows.rank(changes.back().value, order());
      until = std::min(until, last.before + last.weight);
    }
    before_.clear();
    after_.clear();
    window(p, from, until, before_);
    for (const auto& c : changes) apply(id, p, c);
    window(p, from, until, after_);
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
    const auto by = order();
    std::size_t a = 0, b = 0;
    while (a < before_.size() || b < after_.size()) {
      int c = 0;
      if (a == before_.size()) c = 1;
      else if (b == after_.size()) c = -1;
      else if (before_[a].row != after_[b].row) c = by(entry_of(before_[a].row), entry_of(after_[b].row));
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
  void change_by_position(Id id, Partition& p, const Rows::Change& change) {
    moves_ = true;
    if (change.weight > 0) {
      const auto at = p.rows.rank(change.value, order());
      note_insertion(p, at.before + at.weight, change.weight, 1);
      const Id row = apply(id, p, change);
      note_own(row, at.before + at.weight, change.weight, 1);
    } else {
      const Id row = apply(id, p, change);
      const auto at = p.rows.rank(change.value, order());
      note_insertion(p, at.before + at.weight, -change.weight, -1);
      note_own(row, at.before + at.weight, -change.weight, -1);
    }
  }
  // What `copies` rows put in at `at` do to the others. sign -1: what taking them out undoes.
  void note_insertion(const Partition& p, std::int64_t at, std::int64_t copies, std::int64_t sign) {
    if (at >= end_) return;
    if (end_ != kHighest) note_range(p, std::max({begin_, at, end_ - copies}), end_, -sign);
    note_range(p, std::max(at, begin_ - copies), end_ == kHighest ? begin_ : std::min(begin_, end_ - copies), sign);
  }
  void note_own(Id row, std::int64_t at, std::int64_t copies, std::int64_t sign) {
    const std::int64_t first = std::max(at, begin_), last = std::min(copies > kHighest - at ? kHighest : at + copies, end_);
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

  // Adds one change to the rows at rest. Returns the number of the row that stands for it there.
  Id apply(Id id, Partition& p, const Rows::Change& change) {
    struct Keeper {
      Id kept = RowStore::kNone, met = RowStore::kNone, dropped = RowStore::kNone;
      void keep(Entry& e) { kept = e.row; }
      void meet(const Entry& e) { met = e.row; }
      void drop(const Entry& e) { dropped = e.row; }
    } keeper;
    const std::int64_t total = add_weights(p.total, change.weight);
    const std::int64_t now = p.rows.add(change.value, change.weight, order(), keeper);
    p.total = total;
    Entry entry = change.value;
    if (keeper.kept != RowStore::kNone) rows_.set_tag(keeper.kept, kAtRest);
    else entry.row = keeper.met;
    if (keeper.dropped != RowStore::kNone) removed_.push_back(keeper.dropped);
    applied_.push_back({id, entry, change.weight});
    if (now < 0) throw Failure(ErrorCode::kEvaluation, "a row is deleted that is not there");
    return entry.row;
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
    rows_.emit({ids, rows.size()}, {weights, rows.size()}, numbers, arena, out);
  }

  void end_step() noexcept {
    for (const Id id : touched_) {
      auto& p = partitions_.payload<Partition>(id);
      p.touched = 0;
      if (p.rows.empty()) partitions_.erase(id);
    }
    touched_.clear();
    pending_.clear();
    changes_.clear();
    applied_.clear();
    candidates_.clear();
    removed_.clear();
    out_.clear();
    moves_ = false;
  }

  TopKSpec spec_;
  std::vector<OrderKey> order_;  // the order given, then all other columns
  std::int64_t begin_ = 0, end_ = 0;  // positions of the window, from 0
  RowStore rows_;
  KeyTable partitions_;
  // Of the step:
  std::vector<Id> touched_;
  std::vector<Pending> pending_;
  std::vector<std::uint32_t> starts_;
  std::vector<Rows::Change> changes_;
  std::vector<Applied> applied_;
  std::vector<Id> candidates_;  // rows put into the store; those that do not come to stand in a partition (tag kAtRest) go when the step ends
  std::vector<Id> removed_;     // rows that no longer stand in a partition
  std::vector<Window> before_, after_;
  std::vector<Out> out_;
  bool moves_ = false;  // out_ may name a row several times
};

}  // namespace

NodeId top_k(Circuit& circuit, NodeId input, TopKSpec spec) {
  const auto kinds = circuit.types(input);
  std::vector<KeyKind> types(kinds.begin(), kinds.end());
  std::vector<KeyKind> in = types, partition;
  for (const std::uint16_t c : spec.partition) partition.push_back(types[c]);
  if (spec.row_number) types.push_back(KeyKind::kInt);
  return circuit.add(std::make_unique<TopK>(std::move(in), std::move(types), std::move(partition), std::move(spec)), {&input, 1});
}

}  // namespace weir
