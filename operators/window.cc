#include "operators/window.h"

#include <weir/error.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "operators/accumulator.h"
#include "operators/frame_range.h"
#include "operators/gather.h"
#include "operators/ordered_partitions.h"
#include "operators/step_list.h"
#include "zset/array.h"
#include "zset/consolidate.h"

namespace weir {
namespace {

using Id = RowStore::Id;
using Entry = OrderedPartitions::Entry;
using Partition = OrderedPartitions::Partition;
using Change = OrderedPartitions::Change;
using Bound = FrameBound::Kind;
using Position = std::int64_t;

constexpr Position kLastPosition = std::numeric_limits<Position>::max();
constexpr Position kGroupSteps = 256;  // frames of more groups are looked for in the whole partition

Position plus(Position at, std::int64_t n) { return n > kLastPosition - at ? kLastPosition : at + n; }

bool is_extreme(const WindowCall& call) {
  return call.function == WindowFunction::kAggregate && (call.aggregate == AggregateFunction::kMin || call.aggregate == AggregateFunction::kMax);
}
bool of_list(const WindowCall& call) { return call.function == WindowFunction::kAggregate && is_list(call.aggregate); }
bool is_linear(const WindowCall& call) { return call.function == WindowFunction::kAggregate && !is_extreme(call) && !of_list(call); }
bool open_start(const Frame& frame) { return frame.start.kind == Bound::kUnboundedPreceding; }
bool open_end(const Frame& frame) { return frame.end.kind == Bound::kUnboundedFollowing; }
// Is what the aggregate of the whole partition is, less something, what the frame's is?
bool uses_total(const WindowCall& call) { return is_linear(call) && (open_start(call.frame) || open_end(call.frame)); }
bool is_whole(const WindowCall& call) { return open_start(call.frame) && open_end(call.frame) && call.frame.exclude == Frame::Exclude::kNothing; }

bool needs_peers(const WindowCall& call) {
  switch (call.function) {
    case WindowFunction::kRank: case WindowFunction::kDenseRank: case WindowFunction::kPercentRank: case WindowFunction::kCumeDist: return true;
    default: break;
  }
  if (!has_frame(call.function)) return false;
  const Frame& f = call.frame;
  return f.exclude == Frame::Exclude::kGroup || f.exclude == Frame::Exclude::kTies || (f.mode != Frame::Mode::kRows && !(open_start(f) && open_end(f)));
}

bool has_distance(const FrameBound& bound) { return bound.kind == Bound::kPreceding || bound.kind == Bound::kFollowing; }

// Rows of a partition, read out: positions lo … hi - 1. What is asked for: from … to - 1.
struct Slice {
  const Partition* partition;
  Position lo, hi, from, to, total;
  std::vector<Id> ids;
  std::vector<Position> groups;       // where each group of peers begins, then hi
  std::vector<std::uint32_t> group;   // by position, the number of its group

  Position group_start(Position at) const { return groups[group[static_cast<std::size_t>(at - lo)]]; }
  Position group_end(Position at) const { return groups[group[static_cast<std::size_t>(at - lo)] + 1]; }
};

// Of a row's frame: start … end - 1, less up to two stretches of rows left out, ascending and within it.
struct Stretch {
  Position start = 0, end = 0;
  Position size() const { return end - start; }
};
struct FrameRows {
  Stretch all, out[2];
  bool same(const FrameRows& other) const {
    const auto equal = [](const Stretch& a, const Stretch& b) { return a.start == b.start && a.end == b.end; };
    return equal(all, other.all) && equal(out[0], other.out[0]) && equal(out[1], other.out[1]);
  }
};

// The answers for positions from … to - 1.
struct Answers {
  const Id* ids = nullptr;
  const Column* columns = nullptr;  // one a call
  std::size_t n = 0;
};

class Window final : public Operator {
 public:
  Window(std::vector<KeyKind> input, std::vector<KeyKind> types, WindowSpec spec)
      : Operator(std::move(types)), spec_(std::move(spec)), width_(input.size()), parts_(make_parts(spec_, state_bytes_, total_bytes_)),
        rows_(std::move(input), spec_.partition, spec_.order, total_bytes_ - sizeof(Partition)) {
    peers_ = std::any_of(spec_.calls.begin(), spec_.calls.end(), needs_peers);
    scratch_.resize((state_bytes_ + 7) / 8);
    construct(scratch(), false);
  }
  ~Window() override {
    destroy(scratch(), false);
    rows_.each([&](Id id) { drop(rows_.partition(id)); });
  }

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    rows_.take(*inputs[0], step.arena());
    for (std::uint32_t t = 0; t < rows_.touched(); ++t) {
      rows_.prefetch(t, rows_.touched());
      change(t, step.arena());
    }
    put(step.arena(), out);
  }
  void advance() noexcept override {
    rows_.advance([&](Partition& p) { drop(p); });
    end_step();
  }
  void revert() noexcept override {
    Arena arena;
    for (auto entry = log_.rbegin(); entry != log_.rend(); ++entry) add_to_total(entry->touched, !entry->negate, arena);
    rows_.revert([&](Partition& p) { drop(p); });
    end_step();
  }

  bool contents(Step& step, Delta& out) const override {
    std::vector<Out> rows;
    bool repeats = false;
    auto* self = const_cast<Window*>(this);  // the scratch state is used, and left as it was
    rows_.each([&](Id id) {
      const Partition& p = rows_.partition(id);
      const Answers all = self->answer(p, nullptr, 0, p.total, step.arena());
      for (std::size_t i = 0; i < all.n; ++i) {
        repeats |= i != 0 && all.ids[i] == all.ids[i - 1];
        rows.push_back({all.ids[i], 1, all.columns, i});
      }
    });
    put_rows(rows, repeats, step.arena(), out);
    return true;
  }
  bool has_state() const override { return true; }
  bool consolidated() const override { return true; }
  std::string label() const override {
    return "window of " + std::to_string(spec_.calls.size()) + (spec_.calls.size() == 1 ? " function" : " functions") + (spec_.partition.empty() ? "" : " over partitions");
  }
  std::uint64_t state_rows() const override { return rows_.rows().rows(); }
  std::size_t state_bytes() const override {
    std::size_t n = rows_.bytes();
    for (std::size_t c = 0; c < parts_.size(); ++c) {
      if (!parts_[c]) continue;
      n += parts_[c]->common_bytes();
      if (!uses_total(spec_.calls[c])) continue;
      rows_.each([&](Id id) {
        const Partition& p = rows_.partition(id);
        if (p.made) n += parts_[c]->heap_bytes(reinterpret_cast<const std::byte*>(&p));
      });
    }
    return n;
  }

 private:
  using Parts = std::vector<std::unique_ptr<Accumulator>>;
  struct Out {
    Id row;
    std::int64_t weight;
    const Column* answers;
    std::size_t at;
  };
  struct Logged {
    std::uint32_t touched;
    bool negate;
  };

  // -- States. Those that say something about whole partitions lie behind each Partition; all of them once more in scratch_.

  static Parts make_parts(const WindowSpec& spec, std::size_t& bytes, std::size_t& total_bytes) {
    Parts parts;
    for (const WindowCall& call : spec.calls) parts.push_back(is_linear(call) ? make_accumulator(call.aggregate, call.argument_type) : nullptr);
    bytes = sizeof(Partition);
    for (const bool totals : {true, false}) {
      for (std::size_t c = 0; c < parts.size(); ++c) {
        if (!parts[c] || uses_total(spec.calls[c]) != totals) continue;
        parts[c]->place(bytes);
        bytes += (parts[c]->bytes() + 7) / 8 * 8;
      }
      if (totals) total_bytes = bytes;
    }
    return parts;
  }
  std::byte* scratch() { return reinterpret_cast<std::byte*>(scratch_.data()); }
  static std::byte* state_of(Partition& p) { return reinterpret_cast<std::byte*>(&p); }
  void construct(std::byte* state, bool totals_only) const {
    for (std::size_t c = 0; c < parts_.size(); ++c) {
      if (parts_[c] && (!totals_only || uses_total(spec_.calls[c]))) parts_[c]->construct(state);
    }
  }
  void destroy(std::byte* state, bool totals_only) noexcept {
    for (std::size_t c = 0; c < parts_.size(); ++c) {
      if (parts_[c] && (!totals_only || uses_total(spec_.calls[c]))) parts_[c]->destroy(state);
    }
  }
  void drop(Partition& p) noexcept {
    if (p.made) destroy(state_of(p), true);
    p.made = 0;
  }

  Datum value(Id row, int column) const { return rows_.rows().get(row, static_cast<std::size_t>(column)); }

  // The changes of a touched partition, added to what is kept about all of it.
  bool add_to_total(std::uint32_t t, bool negate, Arena& arena) {
    const auto changes = rows_.changes(t);
    const auto n = static_cast<std::uint32_t>(changes.size());
    std::byte* state = state_of(rows_.partition(rows_.touched(t)));
    bool fits = true;
    Id* ids = nullptr;
    std::int64_t* weights = nullptr;
    std::byte** states = nullptr;
    for (std::size_t c = 0; c < parts_.size(); ++c) {
      if (!uses_total(spec_.calls[c])) continue;
      if (!ids) {
        ids = arena.array<Id>(n);
        weights = arena.array<std::int64_t>(n);
        states = arena.array<std::byte*>(n);
        for (std::uint32_t i = 0; i < n; ++i) ids[i] = changes[i].value.row, weights[i] = changes[i].weight, states[i] = state;
      }
      fits &= parts_[c]->update(dense_chunk(n, {}, weights), arguments_of(spec_.calls[c], ids, n, arena), states, nullptr, negate);
    }
    return fits;
  }
  void change_total(std::uint32_t t, bool negate, Arena& arena) {
    if (sizeof(Partition) == total_bytes_) return;
    log_.push_back({t, negate});
    if (!add_to_total(t, negate, arena)) throw Failure(ErrorCode::kEvaluation, "aggregate out of range");
  }
  Column gathered(int column, const Id* ids, std::uint32_t n, Arena& arena) const {
    if (column < 0) return {};
    Column out = Column::make(physical(rows_.rows().kinds()[static_cast<std::size_t>(column)]), n, true, arena);
    rows_.rows().gather(ids, n, static_cast<std::size_t>(column), out);
    return out;
  }

  const Column* arguments_of(const WindowCall& call, const Id* ids, std::uint32_t n, Arena& arena) const {
    if (call.argument < 0) return nullptr;
    Column* values = arena.array<Column>(2);
    values[0] = gathered(call.argument, ids, n, arena);
    values[1] = gathered(call.second, ids, n, arena);
    return values;
  }

  // -- A step.

  void change(std::uint32_t t, Arena& arena) {
    const std::span<const Change> changes = rows_.changes(t);
    if (changes.empty()) return;
    const Id id = rows_.touched(t);
    Partition& p = rows_.partition(id);
    if (!p.made) {
      construct(state_of(p), true);
      p.made = 1;
    }
    const Position before = p.total;
    const auto [from, until] = affected(t, arena);
    const Answers was = answer(p, state_of(p), from, until, arena);
    for (const Change& c : changes) rows_.apply(id, c);
    change_total(t, false, arena);
    const Answers is = answer(p, state_of(p), from, p.total - (before - until), arena);
    compare(was, is);
  }

  // Before a change is made: the first position whose answer it may change, and the first behind all of these.
  std::pair<Position, Position> affected(std::uint32_t t, Arena& arena) {
    const std::span<const Change> changes = rows_.changes(t);
    Partition& p = rows_.partition(rows_.touched(t));
    const Entry &front = changes.front().value, &back = changes.back().value;
    const auto last = p.rows.rank(back, rows_.order());
    const Position first = p.rows.rank(front, rows_.order()).before, behind = last.before + last.weight;
    Position first_peer = first, behind_peers = behind;
    if (peers_) {
      first_peer = rows_.partition_point(p, [&](const Entry& e) { return rows_.compare_peers(e, front) < 0; });
      behind_peers = rows_.partition_point(p, [&](const Entry& e) { return rows_.compare_peers(e, back) <= 0; });
    }
    std::int64_t net = 0;
    for (const Change& c : changes) net = add_weights(net, c.weight);
    const std::vector<bool> moved = whole_moved(t, arena);

    Position from = first, until = behind;
    const auto take = [&](Position f, Position u) {
      from = std::min(from, std::max<Position>(f, 0));
      until = std::max(until, std::min(u, p.total));
    };
    for (std::size_t c = 0; c < spec_.calls.size(); ++c) {
      const WindowCall& call = spec_.calls[c];
      switch (call.function) {
        case WindowFunction::kRowNumber: take(first, net != 0 ? p.total : behind); break;
        case WindowFunction::kRank: take(first, net != 0 ? p.total : behind_peers); break;
        case WindowFunction::kDenseRank: take(first, p.total); break;
        case WindowFunction::kPercentRank: case WindowFunction::kCumeDist: take(net != 0 ? 0 : first_peer, net != 0 ? p.total : behind_peers); break;
        case WindowFunction::kNtile: take(net != 0 || call.count_column >= 0 ? 0 : first, net != 0 || call.count_column >= 0 ? p.total : behind); break;
        case WindowFunction::kLag: case WindowFunction::kLead: {
          if (call.count_column >= 0) {
            take(0, p.total);
            break;
          }
          const std::int64_t ahead = call.function == WindowFunction::kLead ? call.count : -call.count;
          if (ahead > 0) take(first - ahead, behind);
          else take(first, plus(behind, -ahead));
          break;
        }
        case WindowFunction::kFirstValue: case WindowFunction::kLastValue: case WindowFunction::kNthValue: case WindowFunction::kAggregate: {
          if (call.function == WindowFunction::kAggregate && is_whole(call) && is_linear(call)) {
            if (moved[c]) take(0, p.total);
            break;
          }
          const Frame& f = call.frame;
          const bool plain = f.exclude == Frame::Exclude::kNothing;
          if (call.function == WindowFunction::kFirstValue && plain && open_start(f) && f.end.kind >= Bound::kCurrentRow && first > 0) break;
          if (call.function == WindowFunction::kLastValue && plain && open_end(f) && f.start.kind <= Bound::kCurrentRow && behind < p.total) break;
          if (needs_peers(call)) take(first_peer, behind_peers);
          take(first_reaching(call, p, first, first_peer, front), behind_reaching(call, p, behind, behind_peers, back));
          break;
        }
      }
    }
    return {from, until};
  }
  Position first_reaching(const WindowCall& call, const Partition& p, Position first, Position first_peer, const Entry& front) const {
    const Frame& f = call.frame;
    if (open_end(f)) return 0;
    if (f.end.kind != Bound::kFollowing) return first;
    switch (f.mode) {
      case Frame::Mode::kRows: return first - f.end.count;
      case Frame::Mode::kGroups: return groups_before(p, first_peer, f.end.count);
      case Frame::Mode::kRange: break;
    }
    const FrameRange range(f, spec_.order[0], spec_.order_type);
    const Datum changed = value(front.row, spec_.order[0].column);
    return rows_.partition_point(p, [&](const Entry& e) { return !range.until_end(changed, value(e.row, spec_.order[0].column)); });
  }
  Position behind_reaching(const WindowCall& call, const Partition& p, Position behind, Position behind_peers, const Entry& back) const {
    const Frame& f = call.frame;
    if (open_start(f)) return p.total;
    if (f.start.kind != Bound::kPreceding) return behind;
    switch (f.mode) {
      case Frame::Mode::kRows: return plus(behind, f.start.count);
      case Frame::Mode::kGroups: return groups_behind(p, behind_peers, f.start.count);
      case Frame::Mode::kRange: break;
    }
    const FrameRange range(f, spec_.order[0], spec_.order_type);
    const Datum changed = value(back.row, spec_.order[0].column);
    return rows_.partition_point(p, [&](const Entry& e) { return range.from_start(changed, value(e.row, spec_.order[0].column)); });
  }
  // Which aggregates of whole partitions change their value?
  std::vector<bool> whole_moved(std::uint32_t t, Arena& arena) {
    std::vector<bool> moved(spec_.calls.size(), false);
    std::byte* state = state_of(rows_.partition(rows_.touched(t)));
    std::vector<Datum> before(spec_.calls.size());
    bool any = false;
    for (std::size_t c = 0; c < spec_.calls.size(); ++c) {
      if (!uses_total(spec_.calls[c]) || !is_whole(spec_.calls[c])) continue;
      before[c] = finished(c, state, arena);
      any = true;
    }
    if (!any) return moved;
    change_total(t, false, arena);
    for (std::size_t c = 0; c < spec_.calls.size(); ++c) {
      if (uses_total(spec_.calls[c]) && is_whole(spec_.calls[c])) moved[c] = !identical(before[c], finished(c, state, arena));
    }
    change_total(t, true, arena);
    return moved;
  }
  Datum finished(std::size_t c, std::byte* state, Arena& arena) const {
    const WindowCall& call = spec_.calls[c];
    Column one = Column::make(kind_of(call.result_type), 1, true, arena);
    parts_[c]->settle(&state, 1, nullptr);
    parts_[c]->finish({call.aggregate, call.result_type}, &state, 1, one, arena);
    return one.get(0);
  }

  void compare(const Answers& was, const Answers& is) {
    std::size_t a = 0, b = 0;
    const auto run = [](const Answers& answers, std::size_t at) {
      std::size_t end = at;
      while (end < answers.n && answers.ids[end] == answers.ids[at]) ++end;
      return end;
    };
    const auto put = [&](const Answers& answers, std::size_t at, std::int64_t weight) { out_.push_back({answers.ids[at], weight, answers.columns, at}); };
    while (a < was.n || b < is.n) {
      int c = 0;
      if (a == was.n) c = 1;
      else if (b == is.n) c = -1;
      else if (was.ids[a] != is.ids[b]) c = rows_.order()(rows_.entry_of(was.ids[a]), rows_.entry_of(is.ids[b]));
      const std::size_t end_a = c <= 0 ? run(was, a) : a, end_b = c >= 0 ? run(is, b) : b;
      repeats_ |= end_a - a > 1 || end_b - b > 1;
      for (; a < end_a || b < end_b; a += a < end_a, b += b < end_b) {
        if (a < end_a && b < end_b && same(was, a, is, b)) continue;
        if (a < end_a) put(was, a, -1);
        if (b < end_b) put(is, b, 1);
      }
    }
  }
  bool same(const Answers& was, std::size_t a, const Answers& is, std::size_t b) const {
    for (std::size_t c = 0; c < spec_.calls.size(); ++c) {
      if (!identical(was.columns[c].get(static_cast<std::uint32_t>(a)), is.columns[c].get(static_cast<std::uint32_t>(b)))) return false;
    }
    return true;
  }

  void put(Arena& arena, Delta& out) const { put_rows(out_, repeats_, arena, out); }
  void put_rows(const std::vector<Out>& rows, bool repeats, Arena& arena, Delta& out) const {
    Delta dense;
    Delta& to = repeats ? dense : out;
    for (std::size_t at = 0; at < rows.size(); at += kChunkRows) {
      const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(kChunkRows, rows.size() - at));
      Id* ids = arena.array<Id>(n);
      std::int64_t* weights = arena.array<std::int64_t>(n);
      for (std::uint32_t k = 0; k < n; ++k) ids[k] = rows[at + k].row, weights[k] = rows[at + k].weight;
      Column* columns = arena.array<Column>(types().size());
      for (std::size_t c = 0; c < types().size(); ++c) {
        columns[c] = Column::make(physical(types()[c]), n, true, arena);
        if (c < width_) {
          rows_.rows().gather(ids, n, c, columns[c]);
        } else {
          for (std::uint32_t k = 0; k < n; ++k) {
            const Out& row = rows[at + k];
            columns[c].set(k, row.answers[c - width_].get(static_cast<std::uint32_t>(row.at)));
          }
        }
        trim_bitmap(columns[c], n);
        if (columns[c].kind != Kind::kBytes) continue;
        for (std::uint32_t k = 0; k < n; ++k) {
          Bytes& b = columns[c].as<Bytes>()[k];
          if (weights[k] < 0 && !b.is_inline()) b = Bytes::copy(b.view(), arena);  // the row may be about to go
        }
      }
      to.add(dense_chunk(n, {columns, types().size()}, weights));
    }
    if (repeats) consolidate(dense, arena, out);
  }

  void end_step() noexcept {
    empty_list(out_);
    empty_list(log_);
    repeats_ = false;
  }

  // -- Positions.

  Entry entry_at(const Partition& p, Position at) const {
    Entry found{};
    p.rows.each_from(at, [&](const Entry& e, std::int64_t) {
      found = e;
      return false;
    });
    return found;
  }
  Position peers_start(const Partition& p, Position at) const {
    const Entry own = entry_at(p, at);
    return rows_.partition_point(p, [&](const Entry& e) { return rows_.compare_peers(e, own) < 0; });
  }
  Position peers_end(const Partition& p, Position at) const {
    const Entry own = entry_at(p, at);
    return rows_.partition_point(p, [&](const Entry& e) { return rows_.compare_peers(e, own) <= 0; });
  }
  // Where the n-th group before the one that begins at `at` begins, or an earlier position.
  Position groups_before(const Partition& p, Position at, std::int64_t n) const {
    if (n > kGroupSteps) return 0;
    for (; n > 0 && at > 0; --n) at = peers_start(p, at - 1);
    return at;
  }
  // Where the n-th group from `at` on ends, or a later position.
  Position groups_behind(const Partition& p, Position at, std::int64_t n) const {
    if (n > kGroupSteps) return p.total;
    for (; n > 0 && at < p.total; --n) at = peers_end(p, at);
    return at;
  }

  // Positions between which lie all rows that decide on the frame of the row at `at` (its bounds, where they are not open, and rows up to them).
  Stretch surroundings(const Frame& f, const Partition& p, Position at) const {
    Stretch s{at, at + 1};
    if (open_start(f) && open_end(f)) return s;
    if (f.mode == Frame::Mode::kRows) {
      for (const FrameBound* b : {&f.start, &f.end}) {
        if (b->kind == Bound::kPreceding) s.start = std::min(s.start, std::max<Position>(0, at - b->count));
        if (b->kind == Bound::kFollowing) s.end = std::max(s.end, std::min(p.total, plus(at + 1, b->count)));
      }
      return s;
    }
    s = {peers_start(p, at), peers_end(p, at)};
    if (f.mode == Frame::Mode::kGroups) {
      const Stretch own = s;
      for (const FrameBound* b : {&f.start, &f.end}) {
        if (b->kind == Bound::kPreceding) s.start = std::min(s.start, groups_before(p, own.start, b->count));
        if (b->kind == Bound::kFollowing) s.end = std::max(s.end, groups_behind(p, own.end, b->count));
      }
      return s;
    }
    const FrameRange range(f, spec_.order.empty() ? OrderKey{0} : spec_.order[0], spec_.order_type);
    const auto include = [&](Position edge) { s = {std::min(s.start, edge), std::max(s.end, edge)}; };
    if (has_distance(f.start) || has_distance(f.end)) {
      const int column = spec_.order[0].column;
      const Datum own = value(entry_at(p, at).row, column);
      if (has_distance(f.start)) include(rows_.partition_point(p, [&](const Entry& e) { return !range.from_start(value(e.row, column), own); }));
      if (has_distance(f.end)) include(rows_.partition_point(p, [&](const Entry& e) { return range.until_end(value(e.row, column), own); }));
    }
    return s;
  }

  Slice slice_of(const Partition& p, bool from_total, Position from, Position to) const {
    Slice s{&p, from, to, from, to, p.total, {}, {}, {}};
    for (const WindowCall& call : spec_.calls) {
      if (call.function == WindowFunction::kDenseRank) s.lo = 0;
      if (!has_frame(call.function)) continue;
      const bool aggregate = call.function == WindowFunction::kAggregate;
      const bool total = from_total && uses_total(call);
      if (!(aggregate || call.frame.mode != Frame::Mode::kRows) || (total && is_whole(call))) continue;
      s.lo = std::min(s.lo, surroundings(call.frame, p, from).start);
      s.hi = std::max(s.hi, surroundings(call.frame, p, to - 1).end);
      if (!aggregate) continue;
      if (total ? !open_start(call.frame) : open_start(call.frame)) s.lo = 0;
      if (total ? !open_end(call.frame) : open_end(call.frame)) s.hi = p.total;
    }
    if (peers_) {
      s.lo = peers_start(p, s.lo);
      s.hi = peers_end(p, s.hi - 1);
    }
    s.ids.reserve(static_cast<std::size_t>(s.hi - s.lo));
    std::optional<Entry> previous;
    p.rows.each_from(s.lo, [&](const Entry& e, std::int64_t copies) {
      const Position at = s.lo + static_cast<Position>(s.ids.size());
      if (peers_ && (!previous || rows_.compare_peers(*previous, e) != 0)) s.groups.push_back(at);
      previous = e;
      const auto n = static_cast<std::size_t>(std::min(copies, s.hi - at));
      s.ids.insert(s.ids.end(), n, e.row);
      if (peers_) s.group.insert(s.group.end(), n, static_cast<std::uint32_t>(s.groups.size() - 1));
      return at + static_cast<Position>(n) < s.hi;
    });
    s.groups.push_back(s.hi);
    return s;
  }
  Id row_at(const Slice& s, Position at) const {
    return at >= s.lo && at < s.hi ? s.ids[static_cast<std::size_t>(at - s.lo)] : entry_at(*s.partition, at).row;
  }

  // -- Answers.

  // state: what is kept about the whole partition, where that is up to date; it is used, and is afterwards as it was.
  Answers answer(const Partition& p, std::byte* state, Position from, Position to, Arena& arena) {
    if (from >= to) return {};
    const Slice s = slice_of(p, state != nullptr, from, to);
    Answers answers;
    answers.n = static_cast<std::size_t>(to - from);
    Id* ids = arena.array<Id>(answers.n);
    std::copy_n(s.ids.begin() + (from - s.lo), answers.n, ids);
    answers.ids = ids;
    Column* columns = arena.array<Column>(spec_.calls.size());
    for (std::size_t c = 0; c < spec_.calls.size(); ++c) {
      columns[c] = Column::make(kind_of(spec_.calls[c].result_type), static_cast<std::uint32_t>(answers.n), true, arena);
      answer_call(c, s, state, columns[c], arena);
    }
    answers.columns = columns;
    return answers;
  }

  void answer_call(std::size_t c, const Slice& s, std::byte* state, Column& out, Arena& arena) {
    const WindowCall& call = spec_.calls[c];
    // f(position) for each, into `out`.
    const auto each = [&](auto&& f) {
      for (Position at = s.from; at < s.to; ++at) out.set(static_cast<std::uint32_t>(at - s.from), f(at));
    };
    switch (call.function) {
      case WindowFunction::kRowNumber: each([&](Position at) { return Datum::of(at + 1); }); break;
      case WindowFunction::kRank: each([&](Position at) { return Datum::of(s.group_start(at) + 1); }); break;
      case WindowFunction::kDenseRank: each([&](Position at) { return Datum::of(static_cast<std::int64_t>(s.group[static_cast<std::size_t>(at - s.lo)]) + 1); }); break;
      case WindowFunction::kPercentRank:
        each([&](Position at) { return Datum::of(s.total <= 1 ? 0.0 : static_cast<double>(s.group_start(at)) / static_cast<double>(s.total - 1)); });
        break;
      case WindowFunction::kCumeDist: each([&](Position at) { return Datum::of(static_cast<double>(s.group_end(at)) / static_cast<double>(s.total)); }); break;
      case WindowFunction::kNtile: answer_ntile(call, s, each); break;
      case WindowFunction::kLag: case WindowFunction::kLead:
        each([&](Position at) {
          const Id own = row_at(s, at);
          std::int64_t count = call.count;
          if (call.count_column >= 0) {
            const Datum d = value(own, call.count_column);
            if (d.null) return Datum::of_null(out.kind);
            count = d.integer;
          }
          const Position target = call.function == WindowFunction::kLead ? at + count : at - count;
          if (target >= 0 && target < s.total) return value(row_at(s, target), call.argument);
          return call.fallback >= 0 ? value(own, call.fallback) : Datum::of_null(out.kind);
        });
        break;
      case WindowFunction::kFirstValue: case WindowFunction::kLastValue: case WindowFunction::kNthValue: {
        const std::vector<FrameRows> frames = frames_of(call, s);
        each([&](Position at) {
          const FrameRows& f = frames[static_cast<std::size_t>(at - s.from)];
          std::int64_t n = 1;
          if (call.function == WindowFunction::kNthValue) {
            const Datum d = call.count_column >= 0 ? value(row_at(s, at), call.count_column) : Datum::of(call.count);
            if (d.null) return Datum::of_null(out.kind);
            if (d.integer <= 0) throw Failure(ErrorCode::kEvaluation, "argument of nth_value must be greater than zero");
            n = d.integer;
          }
          const Position found = call.function == WindowFunction::kLastValue ? last_of(f) : nth_of(f, n);
          return found < 0 ? Datum::of_null(out.kind) : value(row_at(s, found), call.argument);
        });
        break;
      }
      case WindowFunction::kAggregate:
        if (is_extreme(call)) answer_extreme(call, s, out, arena);
        else if (call.aggregate == AggregateFunction::kStringAgg) answer_text(call, s, out, arena);
        else if (call.aggregate == AggregateFunction::kArrayAgg) answer_array(call, s, out, arena);
        else if (state && uses_total(call)) answer_linear(c, s, state, {0, s.total}, out, arena);
        else answer_linear(c, s, scratch(), {s.lo, s.lo}, out, arena);
        break;
    }
  }

  template <class Each>
  void answer_ntile(const WindowCall& call, const Slice& s, Each&& each) const {
    // The number of buckets is that of the first row that has one.
    Position first = 0;
    std::int64_t buckets = call.count;
    if (call.count_column >= 0) {
      Datum d;
      while (first < s.total && (d = value(row_at(s, first), call.count_column)).null) ++first;
      if (!d.null) buckets = d.integer;
    }
    if (first < s.total && buckets <= 0) throw Failure(ErrorCode::kEvaluation, "argument of ntile must be greater than zero");
    const std::int64_t small = s.total / buckets, larger = s.total % buckets;  // so many buckets have a row more
    each([&](Position at) {
      if (at < first) return Datum::of_null(Kind::kInt);
      at -= first;
      if (small == 0) return Datum::of(at + 1);
      const Position even = larger * (small + 1);
      return Datum::of(at < even ? at / (small + 1) + 1 : larger + (at - even) / small + 1);
    });
  }

  static Position nth_of(const FrameRows& f, std::int64_t n) {
    if (n > f.all.size()) return -1;
    Position at = f.all.start + n - 1;
    for (const Stretch& out : f.out) {
      if (out.size() > 0 && at >= out.start) at += out.size();
    }
    return at < f.all.end ? at : -1;
  }
  static Position last_of(const FrameRows& f) {
    Position at = f.all.end - 1;
    for (const Stretch* out : {&f.out[1], &f.out[0]}) {
      if (at >= out->start && at < out->end) at = out->start - 1;
    }
    return at >= f.all.start ? at : -1;
  }

  std::vector<FrameRows> frames_of(const WindowCall& call, const Slice& s) const {
    const Frame& f = call.frame;
    std::vector<FrameRows> frames(static_cast<std::size_t>(s.to - s.from));
    const auto group_of = [&](Position at) { return static_cast<std::int64_t>(s.group[static_cast<std::size_t>(at - s.lo)]); };
    const auto group_count = static_cast<std::int64_t>(s.groups.size()) - 1;
    const bool distance = f.mode == Frame::Mode::kRange && (has_distance(f.start) || has_distance(f.end));
    const FrameRange range(f, spec_.order.empty() ? OrderKey{0} : spec_.order[0], spec_.order_type);
    std::vector<Datum> places;  // of the order column
    if (distance) {
      for (const Id id : s.ids) places.push_back(value(id, spec_.order[0].column));
    }
    const auto place = [&](Position at) -> const Datum& { return places[static_cast<std::size_t>(at - s.lo)]; };
    Position start = s.lo, end = s.lo;  // so far, where the values decide
    for (Position at = s.from; at < s.to; ++at) {
      FrameRows& rows = frames[static_cast<std::size_t>(at - s.from)];
      const auto edge = [&](const FrameBound& b, bool is_start) -> Position {
        if (b.kind == Bound::kUnboundedPreceding) return 0;
        if (b.kind == Bound::kUnboundedFollowing) return s.total;
        const std::int64_t by = b.kind == Bound::kPreceding ? -b.count : b.kind == Bound::kFollowing ? b.count : 0;
        switch (f.mode) {
          case Frame::Mode::kRows: return std::clamp<Position>(by < 0 ? at + by + !is_start : plus(at + !is_start, by), 0, s.total);
          case Frame::Mode::kGroups: {
            const std::int64_t g = by < 0 ? group_of(at) + by : plus(group_of(at), by);
            if (g < 0) return s.lo;
            if (g >= group_count) return s.hi;
            return s.groups[static_cast<std::size_t>(is_start ? g : g + 1)];
          }
          case Frame::Mode::kRange: break;
        }
        if (b.kind == Bound::kCurrentRow) return is_start ? s.group_start(at) : s.group_end(at);
        if (is_start) {
          while (start < s.hi && !range.from_start(place(start), place(at))) ++start;
          return start;
        }
        while (end < s.hi && range.until_end(place(end), place(at))) ++end;
        return end;
      };
      rows.all.start = edge(f.start, true);
      rows.all.end = std::max(rows.all.start, edge(f.end, false));
      const auto leave_out = [&](std::size_t i, Position from, Position to) {
        from = std::max(from, rows.all.start);
        to = std::min(to, rows.all.end);
        if (from < to) rows.out[i] = {from, to};
      };
      switch (f.exclude) {
        case Frame::Exclude::kNothing: break;
        case Frame::Exclude::kCurrentRow: leave_out(0, at, at + 1); break;
        case Frame::Exclude::kGroup: leave_out(0, s.group_start(at), s.group_end(at)); break;
        case Frame::Exclude::kTies:
          leave_out(0, s.group_start(at), at);
          leave_out(1, at + 1, s.group_end(at));
          break;
      }
    }
    return frames;
  }

  // All aggregates but MIN, MAX and STRING_AGG: one state that follows the frame from row to row. `at`: what is in the state now, and again in the end.
  void answer_linear(std::size_t c, const Slice& s, std::byte* state, Stretch at, Column& out, Arena& arena) {
    const WindowCall& call = spec_.calls[c];
    const std::vector<FrameRows> frames = is_whole(call) ? std::vector<FrameRows>(static_cast<std::size_t>(s.to - s.from), FrameRows{{0, s.total}, {}})
                                                          : frames_of(call, s);
    const auto n = static_cast<std::uint32_t>(s.ids.size());
    const Column* values = arguments_of(call, s.ids.data(), n, arena);
    std::uint32_t* positions = arena.array<std::uint32_t>(n);
    std::int64_t* weights = arena.array<std::int64_t>(n);
    std::byte** states = arena.array<std::byte*>(n);
    std::iota(positions, positions + n, 0u);
    std::fill_n(weights, n, 1);
    std::fill_n(states, n, state);
    bool fits = true;
    const auto update = [&](Position from, Position to, bool negate) {
      if (from >= to) return;
      Chunk rows = dense_chunk(n, {}, weights);
      rows.selection = positions + (from - s.lo);
      rows.selected = static_cast<std::uint32_t>(to - from);
      fits &= parts_[c]->update(rows, values, states, nullptr, negate);
    };
    const auto move = [&](const Stretch& to) {
      if (to.start >= at.end || to.end <= at.start) {
        update(at.start, at.end, true);
        update(to.start, to.end, false);
      } else {
        update(at.start, to.start, true);
        update(to.start, at.start, false);
        update(to.end, at.end, true);
        update(at.end, to.end, false);
      }
      at = to;
    };
    const Stretch before = at;
    struct Restore {
      const std::function<void()> undo;
      ~Restore() { undo(); }
    };
    const FrameRows* last = nullptr;
    Stretch left_out[2] = {};
    const Restore restore{[&] {
      for (const Stretch& o : left_out) update(o.start, o.end, false);
      move(before);
      parts_[c]->undo(&state, 1);
    }};
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const FrameRows& f = frames[i];
      const auto k = static_cast<std::uint32_t>(i);
      if (last && f.same(*last)) {
        out.set(k, out.get(k - 1));
        continue;
      }
      last = &f;
      move(f.all);
      for (std::size_t o = 0; o < 2; ++o) {
        update(f.out[o].start, f.out[o].end, true);
        left_out[o] = f.out[o];
      }
      if (!fits) throw Failure(ErrorCode::kEvaluation, "aggregate out of range");
      out.set(k, finished(c, state, arena));
      for (Stretch& o : left_out) {
        update(o.start, o.end, false);
        o = {};
      }
    }
  }

  // STRING_AGG: the texts of the frame, in order. As long as frames only grow at their end, so does the text.
  // The values of each frame in order, in a text or an array. take(values, i): one more; clear(); result(): of what has been taken since, NULL for nothing.
  template <class Take, class Clear, class Result>
  void answer_list(const WindowCall& call, const Slice& s, Column& out, Arena& arena, Take&& take, Clear&& clear, Result&& result) const {
    const std::vector<FrameRows> frames = frames_of(call, s);
    const Column* values = arguments_of(call, s.ids.data(), static_cast<std::uint32_t>(s.ids.size()), arena);
    Stretch in;
    const auto append = [&](Position from, Position to) {
      for (Position p = from; p < to; ++p) take(values, static_cast<std::uint32_t>(p - s.lo));
    };
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const FrameRows& f = frames[i];
      const bool whole = f.out[0].size() == 0 && f.out[1].size() == 0;
      const auto k = static_cast<std::uint32_t>(i);
      if (i != 0 && f.same(frames[i - 1])) {
        out.set(k, out.get(k - 1));
        continue;
      }
      if (!whole || f.all.start != in.start || f.all.end < in.end) {
        clear();
        in = {f.all.start, f.all.start};
      }
      if (whole) {
        append(in.end, f.all.end);
        in.end = f.all.end;
      } else {
        Position at = f.all.start;
        for (const Stretch& o : f.out) {
          if (o.size() == 0) continue;
          append(at, o.start);
          at = o.end;
        }
        append(at, f.all.end);
        in = {-1, -1};
      }
      out.set(k, result());
    }
  }

  void answer_text(const WindowCall& call, const Slice& s, Column& out, Arena& arena) const {
    std::string text;
    bool any = false;
    const auto take = [&](const Column* values, std::uint32_t i) {
      if (!values[0].is_valid(i)) return;
      if (any && values[1].is_valid(i)) text += values[1].bytes()[i].view();
      text += values[0].bytes()[i].view();
      any = true;
    };
    const auto clear = [&] {
      text.clear();
      any = false;
    };
    answer_list(call, s, out, arena, take, clear, [&] { return any ? Datum::of(Bytes::copy(text, arena)) : Datum::of_null(out.kind); });
  }

  void answer_array(const WindowCall& call, const Slice& s, Column& out, Arena& arena) const {
    std::vector<Datum> taken;
    ArrayBuilder array(rows_.rows().kinds()[static_cast<std::size_t>(call.argument)]);
    const auto take = [&](const Column* values, std::uint32_t i) { taken.push_back(values[0].is_valid(i) ? values[0].get(i) : Datum()); };
    answer_list(call, s, out, arena, take, [&] { taken.clear(); }, [&] {
      for (const Datum& d : taken) array.add(d);
      return taken.empty() ? Datum::of_null(out.kind) : Datum::of(array.take(arena));
    });
  }

  // MIN and MAX: of values that are equal by SQL the last one in order.
  void answer_extreme(const WindowCall& call, const Slice& s, Column& out, Arena& arena) const {
    const std::vector<FrameRows> frames = frames_of(call, s);
    const Column values = gathered(call.argument, s.ids.data(), static_cast<std::uint32_t>(s.ids.size()), arena);
    const KeyKind kind = rows_.rows().kinds()[static_cast<std::size_t>(call.argument)];
    const auto at = [&](Position p) { return values.get(static_cast<std::uint32_t>(p - s.lo)); };
    const auto beats = [&](const Datum& a, const Datum& b) {  // a, which comes later
      const int c = key_compare(a, b, kind);
      return call.aggregate == AggregateFunction::kMin ? c <= 0 : c >= 0;
    };
    if (call.frame.exclude != Frame::Exclude::kNothing) {
      for (std::size_t i = 0; i < frames.size(); ++i) {
        const FrameRows& f = frames[i];
        Datum best = Datum::of_null(out.kind);
        for (Position p = f.all.start; p < f.all.end; ++p) {
          for (const Stretch& o : f.out) {
            if (p >= o.start && p < o.end) p = o.end;
          }
          if (p >= f.all.end) break;
          const Datum d = at(p);
          if (!d.null && (best.null || beats(d, best))) best = d;
        }
        out.set(static_cast<std::uint32_t>(i), best);
      }
      return;
    }
    std::vector<Position> best;  // positions from `head` on: each is beaten by no later one within the frame
    std::size_t head = 0;
    Position end = s.lo;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const Stretch& f = frames[i].all;
      for (end = std::max(end, f.start); end < f.end; ++end) {
        const Datum d = at(end);
        if (d.null) continue;
        while (best.size() > head && beats(d, at(best.back()))) best.pop_back();
        best.push_back(end);
      }
      while (head < best.size() && best[head] < f.start) ++head;
      out.set(static_cast<std::uint32_t>(i), head < best.size() ? at(best[head]) : Datum::of_null(out.kind));
    }
  }

  WindowSpec spec_;
  std::size_t width_;
  std::size_t state_bytes_ = 0, total_bytes_ = 0;
  Parts parts_;  // by call; null where it is no linear aggregate
  OrderedPartitions rows_;
  bool peers_ = false;
  std::vector<std::uint64_t> scratch_;  // states of no rows
  // Of the step:
  std::vector<Out> out_;
  std::vector<Logged> log_;  // what has been added to the states of whole partitions
  bool repeats_ = false;     // out_ may name a row several times
};

}  // namespace

NodeId window(Circuit& circuit, NodeId input, WindowSpec spec) {
  const auto kinds = circuit.types(input);
  std::vector<KeyKind> in(kinds.begin(), kinds.end()), types = in;
  for (const WindowCall& call : spec.calls) types.push_back(key_kind_of(call.result_type));
  return circuit.add(std::make_unique<Window>(std::move(in), std::move(types), std::move(spec)), {&input, 1});
}

}  // namespace weir
