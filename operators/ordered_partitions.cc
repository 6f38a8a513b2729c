#include "operators/ordered_partitions.h"

#include <weir/error.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "operators/step_list.h"
#include "zset/numeric.h"

namespace weir {
namespace {

constexpr std::int64_t kFirstPlace = std::numeric_limits<std::int64_t>::min(), kLastPlace = std::numeric_limits<std::int64_t>::max();

// Maps a value to an integer that never descends where the value ascends. REQUIRES: not NULL
std::int64_t prefix_of(const Datum& d, KeyKind kind) {
  switch (kind) {
    case KeyKind::kBool: return d.boolean;
    case KeyKind::kInt: return d.integer;
    case KeyKind::kDouble: {
      if (d.number != d.number) return kLastPlace;
      const auto bits = std::bit_cast<std::int64_t>(d.number == 0 ? 0.0 : d.number);
      return bits < 0 ? bits ^ kLastPlace : bits;
    }
    case KeyKind::kText: case KeyKind::kPadded: {
      std::uint64_t head = 0;
      const std::string_view s = kind == KeyKind::kPadded ? without_padding(d.bytes.view()) : d.bytes.view();
      for (std::size_t i = 0; i < 8; ++i) head = head << 8 | (i < s.size() ? static_cast<unsigned char>(s[i]) : 0);
      return static_cast<std::int64_t>(head ^ (std::uint64_t{1} << 63));
    }
    case KeyKind::kNumeric: {  // the integral part, rounded down
      __int128 coefficient;
      std::int32_t scale;
      if (!numeric_small(d.bytes, coefficient, scale)) {
        const int sign = Numeric::decode(d.bytes).sign();
        return sign == 0 ? 0 : sign < 0 ? kFirstPlace : kLastPlace;
      }
      __int128 power = 1;
      for (std::int32_t s = 0; s < scale; ++s) {
        if (s == 38) return coefficient < 0 ? -1 : 0;
        power *= 10;
      }
      __int128 whole = coefficient / power;
      if (coefficient % power < 0) --whole;
      return whole < kFirstPlace ? kFirstPlace : whole > kLastPlace ? kLastPlace : static_cast<std::int64_t>(whole);
    }
    case KeyKind::kInterval: case KeyKind::kArray: case KeyKind::kJson: return 0;
  }
  return 0;
}

// A last word on rows whose columns are all equal by SQL and yet differ (1.0 and 1.00): each is kept for itself. REQUIRES: of a kind where that can be.
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

std::vector<KeyKind> kinds_of(const std::vector<KeyKind>& row, const std::vector<std::uint16_t>& columns) {
  std::vector<KeyKind> kinds;
  for (const std::uint16_t c : columns) kinds.push_back(row[c]);
  return kinds;
}

}  // namespace

OrderedPartitions::OrderedPartitions(std::vector<KeyKind> rows, std::vector<std::uint16_t> partition, std::vector<OrderKey> order, std::size_t payload_bytes)
    : partition_(std::move(partition)), order_(std::move(order)), given_(order_.size()), rows_(rows, 0),
      partitions_(kinds_of(rows, partition_), sizeof(Partition) + payload_bytes) {
  std::vector<bool> named(rows.size());
  for (const OrderKey& key : order_) named[key.column] = true;
  for (std::uint16_t c = 0; c < named.size(); ++c) {
    if (!named[c]) order_.push_back({c, false, false});
    if (rows[c] != KeyKind::kBool && rows[c] != KeyKind::kInt && rows[c] != KeyKind::kText) inexact_.push_back(c);
  }
}

OrderedPartitions::~OrderedPartitions() {
  Rows::OwnsNothing nothing;
  partitions_.each([&](Id id) { partition(id).rows.clear(nothing); });
}

int OrderedPartitions::compare_keys(Id a, Id b, std::size_t keys) const {
  const std::byte *row_a = rows_.row(a), *row_b = rows_.row(b);
  for (std::size_t k = 0; k < keys; ++k) {
    const OrderKey& key = order_[k];
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
  return 0;
}

int OrderedPartitions::compare(Id a, Id b) const {
  if (const int c = compare_keys(a, b, order_.size())) return c;
  for (const std::uint16_t c : inexact_) {
    const Datum x = rows_.get(a, c), y = rows_.get(b, c);
    const int d = x.null ? 0 : compare_identity(x, y);
    if (d != 0) return d < 0 ? -1 : 1;
  }
  return 0;
}

OrderedPartitions::Entry OrderedPartitions::entry_of(Id row) const {
  Entry e{0, row, 0};
  if (order_.empty()) return e;
  const OrderKey& key = order_[0];
  const Datum d = rows_.get(row, key.column);
  if (d.null) {
    e.prefix = key.nulls_first ? kFirstPlace : kLastPlace;
  } else {
    e.prefix = prefix_of(d, rows_.kinds()[key.column]);
    if (key.descending) e.prefix = ~e.prefix;
  }
  return e;
}

void OrderedPartitions::take(const Delta& delta, Arena& arena, Executor* executor) {
  for (const Chunk& chunk : delta.chunks) {
    Id* ids = arena.array<Id>(chunk.size);
    partitions_.find_or_add(pick(chunk, partition_, arena), arena, ids);
    chunk.each([&](std::uint32_t i) {
      Partition& p = partition(ids[i]);
      if (p.touched == 0) {
        touched_.push_back(ids[i]);
        p.touched = static_cast<std::uint32_t>(touched_.size());
      }
      const Id row = rows_.add(chunk.columns, i);
      candidates_.push_back(row);
      pending_.push_back({p.touched - 1, entry_of(row), chunk.weights[i]});
    });
  }
  sort_by_partition(executor);
}

void OrderedPartitions::sort_by_partition(Executor* executor) {
  const std::size_t n = touched_.size();
  starts_.assign(n + 2, 0);
  for (const Pending& p : pending_) ++starts_[p.number + 2];
  for (std::size_t t = 2; t < n + 2; ++t) starts_[t] += starts_[t - 1];
  changes_.resize(pending_.size());
  for (const Pending& p : pending_) changes_[starts_[p.number + 1]++] = {p.entry, p.weight};
  ends_.resize(n);
  cut(executor != nullptr);
  if (executor) executor->run(ranges_.size(), [&](std::size_t r) { sort(ranges_[r]); });
  else sort(ranges_[0]);
}

void OrderedPartitions::cut(bool in_parallel) {
  const auto n = static_cast<std::uint32_t>(touched_.size());
  ranges_.clear();
  const std::size_t size = in_parallel ? changes_.size() / kRanges + 1 : changes_.size() + 1;
  for (std::uint32_t first = 0; first < n || ranges_.empty();) {
    std::uint32_t last = first;
    while (last < n && (last == first || starts_[last] - starts_[first] < size)) ++last;
    ranges_.push_back({first, last});
    first = last;
  }
  if (done_.size() < ranges_.size()) done_.resize(ranges_.size());
}

// Each row once, without those that cancel out.
void OrderedPartitions::sort(const Range& range) {
  const auto by = order();
  for (std::uint32_t t = range.first; t < range.last; ++t) {
    const std::uint32_t first = starts_[t], last = starts_[t + 1];
    std::uint32_t to = first;
    std::sort(changes_.begin() + first, changes_.begin() + last, [&](const auto& a, const auto& b) {
      const int c = by(a.value, b.value);
      return c != 0 ? c < 0 : a.value.row < b.value.row;
    });
    for (std::uint32_t i = first; i < last;) {
      Change sum = changes_[i++];
      while (i < last && by(changes_[i].value, sum.value) == 0) sum.weight = add_weights(sum.weight, changes_[i++].weight);
      if (sum.weight != 0) changes_[to++] = sum;
    }
    ends_[t] = to;
  }
}

// In four stages: the partition, its root, the leaves of its changes, the rows that these will be compared with.
void OrderedPartitions::prefetch(std::uint32_t t, std::uint32_t last) const {
  constexpr std::size_t kFew = 64;
  const auto by_prefix = [](const Entry& a, const Entry& b) { return a.prefix < b.prefix ? -1 : a.prefix > b.prefix; };
  const auto few = [&](std::uint32_t touched) { return changes(touched).first(std::min<std::size_t>(changes(touched).size(), kFew)); };
  if (t + 4 * kAhead < last) partitions_.rows().prefetch(touched_[t + 4 * kAhead]);
  if (t + 3 * kAhead < last) partition(touched_[t + 3 * kAhead]).rows.prefetch();
  if (t + 2 * kAhead < last) {
    const Rows& rows = partition(touched_[t + 2 * kAhead]).rows;
    for (const Change& c : few(t + 2 * kAhead)) rows.prefetch(c.value, by_prefix);
  }
  if (t + kAhead < last) {
    const Rows& rows = partition(touched_[t + kAhead]).rows;
    for (const Change& c : few(t + kAhead)) rows.each_alike(c.value, by_prefix, [&](const Entry& e) { rows_.prefetch(e.row); });
  }
}

OrderedPartitions::Id OrderedPartitions::apply(Id id, const Change& change, std::size_t range) {
  struct Keeper {
    Id kept = RowStore::kNone, met = RowStore::kNone, dropped = RowStore::kNone;
    void keep(Entry& e) { kept = e.row; }
    void meet(const Entry& e) { met = e.row; }
    void drop(const Entry& e) { dropped = e.row; }
  } keeper;
  Partition& p = partition(id);
  const std::int64_t total = add_weights(p.total, change.weight);
  const std::int64_t now = p.rows.add(change.value, change.weight, order(), keeper);
  p.total = total;
  Entry entry = change.value;
  if (keeper.kept != RowStore::kNone) rows_.set_tag(keeper.kept, kAtRest);
  else entry.row = keeper.met;
  Done& done = done_[range];
  if (keeper.dropped != RowStore::kNone) done.removed.push_back(keeper.dropped);
  done.applied.push_back({id, entry, change.weight});
  if (now < 0) throw Failure(ErrorCode::kEvaluation, "a row is deleted that is not there");
  return entry.row;
}

void OrderedPartitions::unapply() noexcept {
  for (const Done& done : done_) {
    for (auto a = done.applied.rbegin(); a != done.applied.rend(); ++a) {
      Partition& p = partition(a->partition);
      p.rows.add(a->entry, -a->weight, order(), Rows::OwnsNothing());
      p.total -= a->weight;
    }
  }
}

void OrderedPartitions::clear_step() noexcept {
  empty_list(touched_);
  empty_list(pending_);
  empty_list(starts_);
  empty_list(ends_);
  empty_list(changes_);
  empty_list(candidates_);
  ranges_.clear();
  for (Done& done : done_) {
    empty_list(done.applied);
    empty_list(done.removed);
  }
}

}  // namespace weir
